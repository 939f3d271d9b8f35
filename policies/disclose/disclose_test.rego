package infohus.disclose_test

import data.infohus.disclose

municipality := {
	"role": "municipal_coordinator", "from": "municipality", "to": "police",
	"basis": "RPL115-2", "purpose": "prevention", "item": "concern", "state": "police_check",
	"class": "", "special": "", "cooperation": true, "task_area": false, "consent": false, "terms": "", "under": "", "agreed": false, "unwitnessed": false, "confirmed": false,
}

police := {
	"role": "police_coordinator", "from": "police", "to": "municipality",
	"basis": "RPL115-1-1", "purpose": "prevention", "item": "concern", "state": "triage",
	"class": "", "special": "", "cooperation": true, "task_area": false, "consent": false, "terms": "", "under": "", "agreed": false, "unwitnessed": false, "confirmed": false,
}

but(base, change) := answer if {
	answer := disclose.answer with input as object.union(base, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_the_municipality_discloses_to_the_police_under_stk_2 if {
	a := but(municipality, {})
	a.allow
	a.reasons == {"basis", "role"}
	a.obligations == {"necessity", "no_investigation", "participants"}
	"name" in a.fields
}

# L31 in part, L51 in part.
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

# L2 in part.
test_what_section_115_1_and_2_carry_stays_within_a_cooperation if {
	denied(but(municipality, {"cooperation": false}), "cooperation_missing")
	denied(but(police, {"cooperation": false}), "cooperation_missing")
	every basis in ["RPL115-1-2", "RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c"] {
		denied(but(police, {"basis": basis, "cooperation": false}), "cooperation_missing")
	}
	school := {"to": "self_governing", "state": "case", "task_area": true, "basis": "RPL115-3"} # its agreement is its task area's
	but(municipality, object.union(school, {"cooperation": false})).allow
}

# L5 in part.
test_a_self_governing_institution_only_under_stk_3 if {
	school := {"to": "self_governing", "state": "case"}
	denied(but(municipality, object.union(school, {"task_area": true})), "basis_not_for_parties")
	but(municipality, object.union(school, {"task_area": true, "basis": "RPL115-3"})).obligations == {"necessity", "no_investigation", "task_area"}
}

# L6.
test_the_prison_service_under_nr_3_with_its_letter if {
	prison := {"to": "prison_service", "state": "case"}
	but(police, object.union(prison, {"basis": "RPL115-1-3c"})).obligations == {"necessity", "no_investigation", "category_evidence"}
	but(police, object.union(prison, {"basis": "RPL115-1-3"})).reasons == {"category_missing", "basis_not_for_parties"}
}

# L5.
test_a_self_governing_institution_without_a_task_area_takes_no_part if {
	denied(but(municipality, {"to": "self_governing", "state": "case", "basis": "RPL115-3"}), "task_area_missing")
	answer := {"role": "institution", "from": "self_governing", "to": "municipality", "item": "answer", "state": "released", "basis": "RPL115-3"}
	denied(but(police, answer), "task_area_missing")
	but(police, object.union(answer, {"task_area": true})).allow
}

test_the_municipality_shares_its_case_with_the_police_but_for_the_address if {
	a := but(municipality, {"item": "case", "state": "opening"})
	{"dimensions", "meeting", "name", "closing", "own_dimensions"} - a.fields == set()
	not "address" in a.fields
	denied(but(municipality, {"item": "case", "state": "opening", "to": "region"}), "not_in_this_state")
}

test_the_police_coordinator_invites_others_to_what_is_discussed if {
	invited := invitation
	but(police, invited).fields == {
		"reference", "state", "opened_at", "next_date", "instrument", "meeting", "own_dimensions",
		"name", "cpr", "birth_date", "age_band", "protected",
	}
	denied(but(police, object.union(invited, {"state": "recommended"})), "not_in_this_state")
}

test_an_answer_is_shared_without_what_is_on_health_and_offences if {
	a := but(municipality, {"item": "answer", "state": "released"})
	"facts" in a.fields
	{"health_facts", "offence_facts"} & a.fields == set()
}

# L10.
test_what_is_on_health_takes_section_7 if {
	health := {"item": "answer", "state": "released", "class": "health"}
	denied(but(municipality, health), "special_basis_missing")
	denied(but(municipality, object.union(health, {"special": "DBL8-1"})), "special_basis_missing")
	a := but(municipality, object.union(health, {"special": "DBL7"}))
	"health_facts" in a.fields
	not "offence_facts" in a.fields
	"special_necessity" in a.obligations
}

# L11.
test_what_is_on_offences_takes_section_8_with_its_number if {
	offence := {"item": "answer", "state": "released", "class": "offence"}
	every special in ["DBL8-1", "DBL8-2", "DBL8-3", "DBL8-4"] {
		"offence_facts" in but(municipality, object.union(offence, {"special": special})).fields
		"special_necessity" in but(municipality, object.union(offence, {"special": special})).obligations
	}
	but(municipality, object.union(offence, {"special": "DBL8"})).reasons == {"special_basis_missing", "number_missing"}
	denied(but(municipality, object.union(offence, {"special": "RHL"})), "special_basis_missing")
}

test_the_police_and_the_prison_service_disclose_offences_under_their_own_law if {
	offence := {"item": "answer", "state": "released", "class": "offence", "special": "RHL"}
	"offence_facts" in but(police, offence).fields
	"offence_facts" in but(police, object.union(offence, {"role": "partner", "from": "prison_service", "basis": "RPL115-2"})).fields
	denied(but(police, object.union(offence, {"special": "DBL8-3"})), "special_basis_missing")
	denied(but(police, object.union(offence, {"class": "health"})), "special_basis_missing")
}

test_a_class_that_is_not_of_the_item_is_not_disclosed if {
	denied(but(municipality, {"class": "health", "special": "DBL7"}), "class_not_for_item")
	denied(but(municipality, {"item": "answer", "state": "released", "class": "religion"}), "class_unknown")
	denied(but(municipality, {"item": "answer", "state": "released", "special": "DBL7"}), "special_without_class")
}

# L8 in part.
test_consent_carries_an_offer_while_it_is_in_force if {
	exit := {"item": "offer", "state": "offered", "basis": "CONSENT-EXIT"}
	denied(but(municipality, exit), "consent_missing")
	but(municipality, object.union(exit, {"consent": true})).obligations == {"necessity", "no_investigation", "consent"}
	denied(but(municipality, object.union(exit, {"consent": true, "to": "region"})), "basis_not_for_parties")
	denied(but(municipality, object.union(exit, {"consent": true, "item": "answer", "state": "released"})), "basis_not_for_item")
}

test_a_state_is_of_one_kind_of_item if {
	denied(but(municipality, {"item": "case"}), "state_not_of_item")
	denied(but(municipality, {"item": "rumour"}), "item_unknown")
	denied(but(municipality, {"item": ""}), "item_unknown")
}

test_an_investigator_discloses_nothing_of_a_case if {
	"investigator_never" in but(police, {"role": "investigator", "item": "case", "state": "collecting", "to": "region"}).reasons
}

# L55 in part.
test_a_control_unit_discloses_nothing_of_a_case if {
	"control_unit_never" in but(municipality, {"role": "control_unit", "item": "case", "state": "opening"}).reasons
}

test_a_housing_association_gets_no_question_answer_or_offer if {
	every q in [{"item": "case", "state": "collecting"}, {"item": "request", "state": "asked"}, {"item": "answer", "state": "released"}, {"item": "offer", "state": "offered"}] {
		every basis in ["RPL115-2", "RPL115-3", "CONSENT-EXIT"] {
			to := {"to": "housing_association", "basis": basis, "task_area": true, "consent": true}
			"housing_association_never" in but(municipality, object.union(q, to)).reasons
		}
	}
}

# L2.
test_a_housing_association_gets_nothing if {
	"housing_association_never" in but(municipality, {"to": "housing_association", "basis": "RPL115-3", "state": "case"}).reasons
}

# L3, A057 in part.
test_nothing_is_disclosed_for_an_investigation if {
	but(municipality, {"purpose": "investigation"}).reasons == {"purpose_investigation_never", "basis_not_for_purpose"}
}

test_section_115_is_for_prevention if denied(but(municipality, {"purpose": "child_welfare"}), "basis_not_for_purpose")

test_a_role_at_an_authority_that_cannot_have_it_discloses_nothing if {
	"role_not_at_kind" in but(police, {"role": "municipal_coordinator"}).reasons
}

test_what_each_basis_asks_for_besides if {
	every basis, more in {"RPL115-1-1": set(), "RPL115-1-2": {"socially_vulnerable"}} {
		but(police, {"basis": basis}).obligations == {"necessity", "no_investigation"} | more
	}
	every letter in ["a", "b", "c"] {
		prison := {"to": "prison_service", "state": "case", "basis": concat("", ["RPL115-1-3", letter])}
		but(police, prison).obligations == {"necessity", "no_investigation", "category_evidence"}
	}
}

# F38 in part.
test_what_nobody_else_has_confirmed_for_long_is_shared_only_by_who_says_so if {
	denied(but(municipality, {"unwitnessed": true}), "unwitnessed")
	a := but(municipality, {"unwitnessed": true, "confirmed": true})
	a.allow
	a.reasons == {"basis", "role", "confirmed_unwitnessed"}
	b := but(municipality, {"confirmed": true}) # which nobody was asked
	b.reasons == {"basis", "role"}
}

test_what_is_not_known_is_told_alone if {
	denied(but(municipality, {"basis": "RPL116"}), "basis_unknown")
	but(municipality, {"state": "lost"}).reasons == {"state_unknown", "not_in_this_state"}
}

test_an_attribute_too_few_is_incomplete if {
	denied(disclose.answer, "incomplete") with input as object.remove(municipality, ["terms"])
}

test_what_is_not_known_is_refused if {
	"basis_unknown" in but(municipality, {"basis": "RPL116"}).reasons
	"recipient_unknown" in but(municipality, {"to": "newspaper"}).reasons
	"state_unknown" in but(municipality, {"state": "lost"}).reasons
	"not_for_role" in but(municipality, {"role": "reporter"}).reasons
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(municipality) - {"task_area", "consent", "under", "agreed", "confirmed"} { # which only some need
		a := disclose.answer with input as object.remove(municipality, [name])
		not a.allow
	}
}

invitation := {"to": "region", "item": "case", "state": "collecting", "under": "within_cooperation"}

test_the_police_pass_a_case_on_as_the_municipality_lets_them if {
	but(police, invitation).allow
	denied(but(police, object.union(invitation, {"under": "no_onward"})), "terms_of_owner")
	denied(but(police, object.union(invitation, {"under": "no_onward", "agreed": true})), "terms_of_owner")
	denied(but(police, object.union(invitation, {"under": ""})), "terms_of_owner")
	denied(but(police, object.union(invitation, {"under": "ask_first"})), "terms_of_owner")
	but(police, object.union(invitation, {"under": "ask_first", "agreed": true})).allow
}

# A question and an offer tell whom the case is about: they go where the case may go.
test_a_question_or_an_offer_out_of_the_case_is_passing_it_on if {
	every tells in [{"item": "request", "state": "asked"}, {"item": "offer", "state": "offered"}, {"item": "offer", "state": "offered", "basis": "CONSENT-EXIT", "to": "prison_service", "consent": true}] {
		third := object.union(invitation, tells)
		but(police, third).allow
		every under in ["", "no_onward", "ask_first"] { denied(but(police, object.union(third, {"under": under})), "terms_of_owner") }
		denied(but(police, object.union(third, {"under": "no_onward", "agreed": true})), "terms_of_owner")
		but(police, object.union(third, {"under": "ask_first", "agreed": true})).allow
	}
	every tells in [{"item": "request", "state": "asked"}, {"item": "offer", "state": "offered"}] {
		but(police, tells).allow # to the municipality whose it is
		every under in ["no_onward", "ask_first", "within_cooperation"] { denied(but(police, object.union(tells, {"under": under, "agreed": true})), "not_passed_on") } # to another
		but(municipality, tells).allow
	}
}

test_only_whose_it_is_shares_what_is_not_passed_on if {
	every terms in ["no_onward", "ask_first", "within_cooperation", "anything"] {
		denied(but(municipality, {"under": terms}), "not_passed_on")
		denied(but(municipality, {"under": terms, "agreed": true}), "not_passed_on")
		denied(but(police, {"under": terms}), "not_passed_on")
	}
	but(municipality, {"agreed": true}).allow # its yes to another is in force, and it shares by itself
}

test_who_gets_it_from_another_passes_nothing_on if {
	denied(but(police, object.union(invitation, {"terms": "within_cooperation"})), "terms_not_for_basis")
	but(police, object.union(invitation, {"terms": "no_onward"})).allow
}

test_what_is_ones_own_is_given_on_the_terms_that_the_basis_carries if {
	every terms in ["", "no_onward", "ask_first", "within_cooperation"] { but(municipality, {"terms": terms, "under": ""}).allow }
	denied(but(municipality, {"terms": "anything"}), "terms_not_for_basis")
	school := {"to": "self_governing", "state": "case", "task_area": true, "basis": "RPL115-3"}
	but(municipality, object.union(school, {"terms": "ask_first"})).allow
	denied(but(municipality, object.union(school, {"terms": "within_cooperation"})), "terms_not_for_basis")
}
