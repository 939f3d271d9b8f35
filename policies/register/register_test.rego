package infohus.register_test

import data.infohus.register

receiver := {"role": "receiver", "kind": "municipality", "purpose": "prevention", "basis": "GDPR6-1-E", "own": false, "home": false}

but(change) := answer if {
	answer := register.answer with input as object.union(receiver, change)
}

allowed(answer) if answer == {"allow": true, "fields": [], "reasons": {"basis", "role"}, "obligations": []}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_a_municipality_processes_for_prevention if allowed(but({}))

test_a_notification_is_for_child_welfare if {
	allowed(but({"purpose": "child_welfare", "basis": "BL133"}))
	denied(but({"basis": "BL133"}), "basis_not_for_purpose")
}

test_the_police_process_under_their_own_law if {
	allowed(but({"role": "reporter", "kind": "police", "basis": "RHL"}))
	denied(but({"role": "reporter", "kind": "police"}), "basis_not_for_kind")
	denied(but({"basis": "RHL"}), "basis_not_for_kind")
}

test_a_basis_that_is_not_known_carries_nothing if denied(but({"basis": "GDPR6-1-F"}), "basis_unknown")

test_a_role_without_the_task_may_not if denied(but({"role": "core_group"}), "not_for_role")

test_a_role_at_an_authority_that_cannot_have_it_may_not if {
	denied(but({"kind": "police", "basis": "RHL"}), "role_not_at_kind")
}

test_A013_nobody_registers_themselves if denied(but({"own": true}), "own_number")

test_A013_nobody_registers_who_lives_where_they_do if denied(but({"home": true}), "own_address")

# L3 in part.
test_nobody_does_it_for_an_investigation if {
	but({"purpose": "investigation"}).reasons == {"purpose_investigation_never", "basis_not_for_purpose"}
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(receiver) {
		a := register.answer with input as object.remove(receiver, [name])
		a == {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}
	}
}
