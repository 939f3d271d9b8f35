package infohus.assign_test

import data.infohus.assign as rule # the bare name is OPA's own for :=

coordinator := {
	"role": "municipal_coordinator", "kind": "municipality", "relation": "own", "state": "received",
	"recused": false, "same_authority": true, "self": false, "target": "receiver",
}

but(change) := answer if {
	answer := rule.answer with input as object.union(coordinator, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_a_coordinator_gives_a_receiver_access if but({}) == {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []}

test_a_role_at_an_authority_that_cannot_have_it_gives_nobody_access if denied(but({"kind": "police"}), "role_not_at_kind")

test_nobody_gives_access_to_himself if denied(but({"self": true}), "self")

test_nobody_gives_access_to_another_authority if denied(but({"same_authority": false}), "not_a_colleague")

test_nobody_gives_access_to_a_steering_group if denied(but({"target": "steering"}), "not_for_target")

test_a_receiver_gives_nobody_access if {
	but({"role": "receiver"}).reasons == {"not_for_role", "not_for_target", "not_in_this_state"}
}

test_somebody_recused_gives_nobody_access if denied(but({"recused": true}), "recused")

test_nobody_gives_access_to_a_draft if denied(but({"state": "draft"}), "not_in_this_state")

test_nobody_gives_access_in_a_state_that_there_is_not if {
	but({"state": "lost"}).reasons == {"state_unknown", "not_in_this_state"}
}

test_nobody_gives_access_to_what_he_has_no_relation_to if {
	but({"relation": ""}).reasons == {"no_relation", "not_in_this_state"}
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(coordinator) {
		a := rule.answer with input as object.remove(coordinator, [name])
		not a.allow
	}
}
