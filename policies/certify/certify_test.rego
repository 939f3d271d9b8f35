package infohus.certify_test

import data.infohus.certify as rule

manager := {"role": "manager", "kind": "municipality", "action": "confirm", "same_authority": true, "self": false}

but(change) := answer if {
	answer := rule.answer with input as object.union(manager, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_managers_and_coordinators_go_through_their_own_authority if {
	every action in ["list", "confirm", "end"] {
		but({"action": action}).allow
		but({"action": action, "kind": "region"}).allow
		but({"action": action, "role": "municipal_coordinator"}).allow
		but({"action": action, "role": "police_coordinator", "kind": "police"}).allow
		denied(but({"action": action, "same_authority": false}), "not_own_authority")
		denied(but({"action": action, "role": "dpo"}), "not_for_role")
		denied(but({"action": action, "role": "receiver"}), "not_for_role")
	}
}

test_it_rests_on_the_role if but({}) == {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []}

test_an_attribute_too_few_is_incomplete if {
	denied(rule.answer, "incomplete") with input as object.remove(manager, ["self"])
}

test_nobody_confirms_themselves if denied(but({"self": true}), "self")

test_only_the_hub_lets_a_hat_run_out if {
	denied(but({"action": "expire"}), "not_for_role")
	but({"action": "expire", "role": "system", "kind": ""}).allow
	denied(but({"action": "end", "role": "system", "kind": ""}), "not_for_role")
}

test_what_is_not_known_is_refused if {
	denied(but({"action": "forget"}), "action_unknown")
	denied(but({"kind": "court"}), "kind_unknown")
}

test_nothing_asked_is_nothing_given if {
	not rule.answer.allow with input as {}
	rule.answer == {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []} with input as object.remove(manager, ["self"])
}
