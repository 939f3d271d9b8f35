package infohus.act_test

import data.infohus.act

police := {
	"action": "check", "role": "police_coordinator", "kind": "police", "relation": "shared", "received_by": "municipality",
	"state": "police_check", "assigned": false, "author": false, "recused": false, "purpose": "prevention",
}

house := {
	"action": "discard", "role": "system", "kind": "", "relation": "", "received_by": "",
	"state": "draft", "assigned": false, "author": false, "recused": false, "purpose": "operation",
}

but(base, change) := answer if {
	answer := act.answer with input as object.union(base, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_the_police_check_what_the_municipality_put_before_them if {
	but(police, {}) == {"allow": true, "fields": set(), "reasons": {"from_municipality"}, "obligations": set()}
}

test_the_municipality_does_not_do_the_police_check if {
	denied(but(police, {"role": "municipal_coordinator", "kind": "municipality", "relation": "own"}), "not_for_role")
}

test_both_coordinators_triage_what_is_in_triage if {
	triage := {"action": "triage", "state": "triage"}
	but(police, triage).allow
	but(police, object.union(triage, {"role": "municipal_coordinator", "kind": "municipality", "relation": "own"})).allow
	denied(but(police, {"action": "triage"}), "not_in_this_state")
}

test_a_revealed_number_is_justified if {
	but(police, {"action": "reveal"}) == {"allow": true, "fields": {"cpr"}, "reasons": {"from_municipality"}, "obligations": {"justify"}}
}

test_the_duty_to_notify_about_a_child_is_assessed_whatever_the_police_say if {
	child := {"action": "notify", "role": "municipal_coordinator", "kind": "municipality", "relation": "own"}
	every state in ["received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case"] {
		but(police, object.union(child, {"state": state})).reasons == {"own"}
	}
	denied(but(police, {"action": "notify"}), "no_relation") # what the municipality received, it assesses itself
}

test_only_its_author_edits_a_draft if {
	draft := {"action": "edit", "role": "reporter", "state": "draft", "relation": "own", "received_by": "police"}
	denied(but(police, draft), "no_relation")
	but(police, object.union(draft, {"author": true})).reasons == {"author"}
	denied(but(police, object.union(draft, {"author": true, "state": "received"})), "not_in_this_state")
}

test_a_role_at_an_authority_that_cannot_have_it_does_nothing if denied(but(police, {"kind": "region"}), "role_not_at_kind")

test_nobody_acts_for_a_benefit_check if denied(but(police, {"purpose": "benefit_check"}), "purpose_benefit_check_never")

test_somebody_recused_does_nothing if denied(but(police, {"recused": true}), "recused")

test_an_action_that_there_is_not_is_refused if denied(but(police, {"action": "sell"}), "action_unknown")

test_the_hub_itself_forgets_a_draft_and_decides_nothing if {
	but(house, {}) == {"allow": true, "fields": set(), "reasons": {"system"}, "obligations": set()}
	denied(but(house, {"state": "received"}), "not_in_this_state")
	denied(but(house, {"state": "lost"}), "state_unknown")
	denied(but(house, {"action": "triage", "state": "triage"}), "not_for_role")
	denied(but(house, {"purpose": "prevention"}), "purpose_not_operation")
}

test_nobody_else_keeps_house if {
	every action in ["remind", "follow"] {
		denied(but(police, {"action": action}), "not_for_role")
	}
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(police) {
		a := act.answer with input as object.remove(police, [name])
		not a.allow
	}
}
