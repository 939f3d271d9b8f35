package infohus.search_test

import data.infohus.search

receiver := {"role": "receiver", "kind": "municipality", "purpose": "prevention", "by": "cpr", "category": "of_concern", "own": false}

but(change) := answer if {
	answer := search.answer with input as object.union(receiver, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_a_number_is_enough if but({}) == {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []}

test_a_name_with_a_birth_date_is_enough if but({"by": "birth_date,name"}).allow

test_A012_nobody_looks_for_themselves if denied(but({"own": true}), "own_number")

test_a_reference_is_enough if but({"by": "reference"}).allow

test_one_thing_said_of_somebody_is_not_enough if {
	every by in ["name", "birth_date", "address", "", "name,birth_date"] {
		denied(but({"by": by}), "identifiers_too_few")
	}
}

test_a_related_person_is_not_searched_for if denied(but({"category": "contact"}), "category_not_searched")

test_a_victim_whom_a_concern_is_about_is if but({"category": "victim"}).allow

test_a_data_protection_officer_searches_no_concerns if denied(but({"role": "dpo"}), "not_for_role")

test_nobody_searches_to_control_benefits if denied(but({"purpose": "benefit_check"}), "purpose_benefit_check_never")

test_an_investigator_searches_nothing if but({"role": "investigator", "kind": "police"}).reasons == {"investigator_never", "not_for_role", "role_not_at_kind"}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(receiver) {
		a := search.answer with input as object.remove(receiver, [name])
		a == {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}
	}
}
