package infohus.disclose_test

import data.infohus.disclose

municipality := {
	"role": "municipal_coordinator", "from": "municipality", "to": "police",
	"basis": "RPL115-2", "purpose": "prevention", "state": "police_check",
}

police := {
	"role": "police_coordinator", "from": "police", "to": "municipality",
	"basis": "RPL115-1-1", "purpose": "prevention", "state": "triage",
}

but(base, change) := answer if {
	answer := disclose.answer with input as object.union(base, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_the_municipality_discloses_to_the_police_under_stk_2 if {
	a := but(municipality, {})
	a.allow
	a.reasons == {"basis", "role"}
	a.obligations == ["necessity", "no_investigation", "participants"]
	"name" in a.fields
}

test_the_address_and_who_reported_it_are_never_shared if {
	{"address", "reporter_name", "reporter_contact"} & but(municipality, {}).fields == set()
	{"address", "reporter_name", "reporter_contact"} & but(police, {}).fields == set()
}

test_the_police_disclose_to_the_municipality_after_the_release if {
	but(police, {}).allow
	denied(but(police, {"state": "police_check"}), "not_in_this_state")
	denied(but(police, {"state": "police_only"}), "not_in_this_state")
}

test_the_police_do_not_disclose_under_stk_2 if denied(but(police, {"basis": "RPL115-2"}), "basis_not_for_parties")

test_a_self_governing_institution_only_under_stk_3 if {
	school := {"to": "self_governing", "state": "case"}
	denied(but(municipality, school), "basis_not_for_parties")
	but(municipality, object.union(school, {"basis": "RPL115-3"})).obligations == ["necessity", "no_investigation", "task_area"]
}

test_the_prison_service_under_nr_3_with_its_letter if {
	prison := {"to": "prison_service", "state": "case"}
	but(police, object.union(prison, {"basis": "RPL115-1-3c"})).obligations == ["necessity", "no_investigation", "category_evidence"]
	but(police, object.union(prison, {"basis": "RPL115-1-3"})).reasons == {"category_missing", "basis_not_for_parties"}
}

test_a_housing_association_gets_nothing if {
	"housing_association_never" in but(municipality, {"to": "housing_association", "basis": "RPL115-3", "state": "case"}).reasons
}

test_nothing_is_disclosed_for_an_investigation if {
	but(municipality, {"purpose": "investigation"}).reasons == {"purpose_investigation_never", "basis_not_for_purpose"}
}

test_section_115_is_for_prevention if denied(but(municipality, {"purpose": "child_welfare"}), "basis_not_for_purpose")

test_a_role_at_an_authority_that_cannot_have_it_discloses_nothing if {
	"role_not_at_kind" in but(police, {"role": "municipal_coordinator"}).reasons
}

test_what_is_not_known_is_refused if {
	"basis_unknown" in but(municipality, {"basis": "RPL116"}).reasons
	"recipient_unknown" in but(municipality, {"to": "newspaper"}).reasons
	"state_unknown" in but(municipality, {"state": "lost"}).reasons
	"not_for_role" in but(municipality, {"role": "reporter"}).reasons
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(municipality) {
		a := disclose.answer with input as object.remove(municipality, [name])
		not a.allow
	}
}
