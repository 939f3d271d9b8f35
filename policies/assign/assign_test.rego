package infohus.assign_test

import data.infohus.assign as rule # the bare name is OPA's own for :=

coordinator := {
	"role": "municipal_coordinator", "kind": "municipality", "relation": "own", "state": "received",
	"recused": false, "same_authority": true, "self": false, "target": "receiver", "target_kind": "", "end": false,
}

but(change) := answer if {
	answer := rule.answer with input as object.union(coordinator, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_a_coordinator_gives_a_receiver_access if but({}) == {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []}

test_a_role_at_an_authority_that_cannot_have_it_gives_nobody_access if denied(but({"kind": "police"}), "role_not_at_kind")

# L9 in part.
test_nobody_gives_access_to_himself if denied(but({"self": true}), "self")

test_a_municipal_coordinator_lets_in_the_municipalitys_departments if {
	every target in ["core_group", "receiver", "municipal_coordinator"] {
		but({"state": "collecting", "target": target}).allow
		but({"state": "collecting", "target": target, "target_kind": "municipality"}).allow
		denied(but({"state": "recommended", "target": target}), "not_in_this_state")
		but({"state": "recommended", "target": target, "end": true}).allow
	}
	denied(but({"target": "core_group"}), "not_for_target") # of a concern
}

test_a_municipal_coordinator_lets_in_nobody_of_another_authority if {
	every kind in ["police", "municipality", "prison_service", "region", "self_governing"] {
		denied(but({"state": "collecting", "same_authority": false, "target": "partner", "target_kind": kind}), "not_a_colleague")
	}
	denied(but({"target_kind": "police"}), "not_a_colleague")
}

police := {
	"role": "police_coordinator", "kind": "police", "relation": "shared", "state": "collecting",
	"same_authority": false, "target": "partner", "target_kind": "region",
}

test_the_police_coordinator_brings_in_other_authorities if {
	but(police).allow
	but(object.union(police, {"target_kind": "prison_service"})).allow
	but(object.union(police, {"target_kind": "self_governing", "target": "institution", "state": "asked", "relation": "own"})).allow
	denied(but(object.union(police, {"target_kind": "self_governing"})), "not_for_target")
	denied(but(object.union(police, {"target_kind": "municipality", "target": "core_group"})), "not_for_target")
	denied(but(object.union(police, {"state": "opening"})), "not_in_this_state")
	denied(but(object.union(police, {"state": "asked"})), "not_in_this_state") # which the municipality put to the police
	but(object.union(police, {"state": "asked", "relation": "own"})).allow
}

test_nobody_is_let_in_of_an_authority_that_was_not_said if {
	every kind in ["", "own", "newspaper"] {
		but(object.union(police, {"target_kind": kind})).reasons == {"target_unknown", "not_for_target"}
	}
}

test_a_housing_association_is_never_let_in if {
	a := but(object.union(police, {"target": "associate", "target_kind": "housing_association"}))
	a.reasons == {"housing_association_never", "not_for_target"}
}

# L3 in part.
test_an_investigator_is_never_let_in if {
	denied(but(object.union(police, {"same_authority": true, "target": "investigator", "target_kind": "police"})), "not_for_target")
}

# L55 in part.
test_a_control_unit_is_never_let_in if {
	denied(but({"state": "collecting", "target": "control_unit"}), "not_for_target")
}

test_nobody_gives_access_to_another_authoritys_concern if {
	but({"same_authority": false}).reasons == {"not_a_colleague", "target_unknown"}
}

test_nobody_gives_access_to_a_steering_group if denied(but({"target": "steering"}), "not_for_target")

test_a_receiver_gives_nobody_access if {
	but({"role": "receiver"}).reasons == {"not_for_role", "not_for_target", "not_in_this_state"}
}

test_nobody_is_let_in_to_what_they_would_see_nothing_of if {
	denied(but({"state": "triage", "relation": "shared"}), "nothing_to_see")
	denied(but({"state": "collecting", "target": "institution"}), "nothing_to_see")
	denied(but(object.union(police, {"target_kind": "self_governing", "target": "institution"})), "nothing_to_see")
	but({"state": "triage", "relation": "shared", "end": true}).allow # who is in is let out
	but({"state": "triage", "relation": "shared", "target": "municipal_coordinator"}).allow
	but({"state": "asked", "target": "institution"}).allow
}

test_what_somebody_is_let_in_to_may_open_later if {
	but({"state": "opening"}).allow # what it opens to them it opens when it collects
	but({"state": "offer_draft"}).allow
}

test_what_opens_is_what_the_rules_of_viewing_say if {
	but({"state": "triage", "relation": "shared"}).allow with data.view.receiver.invited as {"triage": ["status"]}
	denied(but({}), "nothing_to_see") with data.view.receiver.assigned as {}
}

test_somebody_recused_gives_nobody_access if denied(but({"recused": true}), "recused")

test_nobody_gives_access_to_a_draft if denied(but({"state": "draft"}), "not_in_this_state")

test_nobody_gives_access_in_a_state_that_there_is_not if {
	but({"state": "lost"}).reasons == {"state_unknown", "not_in_this_state"}
}

test_nobody_gives_access_to_what_he_has_no_relation_to if {
	but({"relation": ""}).reasons == {"no_relation", "not_in_this_state"}
}

test_an_attribute_too_few_is_incomplete if {
	denied(rule.answer, "incomplete") with input as object.remove(coordinator, ["recused"])
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(coordinator) {
		a := rule.answer with input as object.remove(coordinator, [name])
		not a.allow
	}
}
