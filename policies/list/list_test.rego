package infohus.list_test

import data.infohus.list

receiver := {"role": "receiver", "kind": "municipality", "purpose": "prevention"}

but(change) := answer if {
	answer := list.answer with input as object.union(receiver, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_a_receiver_may_list if but({}) == {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []}

test_those_who_are_let_into_cases_may_list if {
	but({"role": "core_group"}).allow
	but({"role": "local_police", "kind": "police"}).allow
	but({"role": "partner", "kind": "region"}).allow
}

test_a_data_protection_officer_lists_no_concerns if denied(but({"role": "dpo"}), "not_for_role")

test_nobody_lists_for_log_control if denied(but({"purpose": "log_control"}), "purpose_without_content")

test_nobody_lists_for_a_purpose_that_there_is_not if denied(but({"purpose": "curiosity"}), "purpose_unknown")

test_a_housing_association_lists_nothing if {
	but({"role": "associate", "kind": "housing_association"}).reasons == {"associate_never", "housing_association_never", "not_for_role", "role_not_at_kind"}
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(receiver) {
		a := list.answer with input as object.remove(receiver, [name])
		a == {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}
	}
}
