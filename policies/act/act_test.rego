package infohus.act_test

import data.infohus.act

police := {
	"action": "check", "role": "police_coordinator", "kind": "police", "relation": "shared", "received_by": "municipality", "shared_by": "municipality",
	"state": "police_check", "assigned": false, "author": false, "recused": false, "purpose": "prevention",
}

house := {
	"action": "discard", "role": "system", "kind": "", "relation": "", "received_by": "", "shared_by": "",
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

# L29.
test_a_revealed_number_is_justified if {
	but(police, {"action": "reveal"}) == {"allow": true, "fields": {"cpr"}, "reasons": {"from_municipality"}, "obligations": {"justify"}}
}

test_what_goes_out_as_a_file_needs_a_sign_in_just_now if {
	but(police, {"action": "export", "state": "triage"}) == {"allow": true, "fields": set(), "reasons": {"from_municipality"}, "obligations": {"step_up"}}
	every state in ["received", "police_check", "acute", "police_only", "case_closed", "closed"] {
		not but(police, {"action": "export", "state": state}).allow
	}
}

# L25 in part.
test_the_duty_to_notify_about_a_child_is_assessed_whatever_the_police_say if {
	child := {"action": "notify", "role": "municipal_coordinator", "kind": "municipality", "relation": "own"}
	every state in ["received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case", "case_closed"] {
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

# L55.
test_nobody_acts_for_a_benefit_check if denied(but(police, {"purpose": "benefit_check"}), "purpose_benefit_check_never")

test_somebody_recused_does_nothing if denied(but(police, {"recused": true}), "recused")

test_an_action_that_there_is_not_is_refused if denied(but(police, {"action": "sell"}), "action_unknown")

# L38.
test_the_hub_itself_forgets_a_draft_and_decides_nothing if {
	but(house, {}) == {"allow": true, "fields": set(), "reasons": {"system"}, "obligations": set()}
	denied(but(house, {"state": "received"}), "not_in_this_state")
	denied(but(house, {"state": "lost"}), "state_unknown")
	denied(but(house, {"action": "triage", "state": "triage"}), "not_for_role")
	denied(but(house, {"purpose": "prevention"}), "purpose_not_operation")
}

# P6.
test_the_hub_itself_looks_up_a_canary_and_nothing_else_by_that_step if {
	but(house, {"action": "canary", "state": "canary"}).allow
	denied(but(house, {"action": "canary", "state": "received"}), "not_in_this_state")
	denied(but(house, {"action": "canary", "state": ""}), "state_unknown")
}

test_nobody_else_keeps_house if {
	every action in ["remind", "begin", "draft_offer", "canary"] {
		denied(but(police, {"action": action}), "not_for_role")
	}
	denied(but(police, {"action": "follow"}), "not_in_this_state") # to follow up a case is another thing
}

test_the_hub_itself_begins_a_case_and_drafts_an_offer_and_opens_and_sends_none if {
	but(house, {"action": "begin", "state": "opening"}).allow
	but(house, {"action": "draft_offer", "state": "recommended"}).allow
	but(house, {"action": "remind", "state": "asked"}).allow
	denied(but(house, {"action": "open", "state": "opening"}), "not_for_role")
	denied(but(house, {"action": "send", "state": "offer_draft"}), "not_for_role")
	denied(but(house, {"action": "remind", "state": "closed"}), "not_in_this_state")
}

test_both_coordinators_sign_and_close_the_case if {
	every action in ["sign", "close"] {
		but(police, {"action": action, "state": "assessment"}).reasons == {"from_municipality"}
		but(police, {
			"action": action, "state": "assessment", "role": "municipal_coordinator", "kind": "municipality",
			"relation": "own", "shared_by": "",
		}).reasons == {"own"}
		denied(but(police, {"action": action, "state": "assessment", "role": "core_group", "assigned": true}), "not_for_role")
	}
}

test_whose_case_it_is_takes_it_back_alone if {
	but(police, {
		"action": "take_back", "state": "opening", "role": "municipal_coordinator", "kind": "municipality",
		"relation": "own", "shared_by": "",
	}).reasons == {"own"}
	denied(but(police, {"action": "take_back", "state": "opening"}), "not_for_role")
}

test_everybody_who_takes_part_may_dissent if {
	dissent := {"action": "dissent", "state": "assessment", "assigned": true}
	but(police, object.union(dissent, {"role": "core_group"})).reasons == {"invited"}
	but(police, object.union(dissent, {"role": "partner", "kind": "region"})).reasons == {"invited"}
	denied(but(police, object.union(dissent, {"role": "core_group", "assigned": false})), "no_relation")
	denied(but(police, object.union(dissent, {"role": "institution", "kind": "self_governing"})), "not_for_role")
}

# L4 in part.
test_a_question_is_answered_or_declined_by_who_is_named if {
	every action in ["answer", "decline"] {
		q := {"action": action, "state": "asked", "role": "institution", "kind": "self_governing"}
		denied(but(police, q), "no_relation")
		but(police, object.union(q, {"assigned": true})).reasons == {"invited"}
		denied(but(police, object.union(q, {"assigned": true, "state": "settled"})), "not_in_this_state")
	}
}

test_an_answer_is_withdrawn_by_who_gave_it_and_not_by_who_got_it if {
	withdraw := {"action": "withdraw", "state": "released"}
	denied(but(police, withdraw), "no_relation")
	but(police, object.union(withdraw, {"role": "local_police", "relation": "own", "received_by": "police", "author": true})).reasons == {"author"}
	but(police, object.union(withdraw, {"relation": "own", "received_by": "police"})).reasons == {"own"}
}

test_who_receives_an_offer_takes_it_up_and_who_sent_it_does_not if {
	but(police, {"action": "take_up", "state": "offered"}).reasons == {"from_municipality"}
	denied(but(police, {"action": "take_up", "state": "offered", "relation": "own", "received_by": "police"}), "no_relation")
	denied(but(police, {"action": "cancel", "state": "offered"}), "no_relation")
}

test_an_action_on_one_kind_of_item_is_refused_on_every_other if {
	every state in ["received", "triage", "asked", "released", "offered", "taken_up"] {
		denied(but(police, {"action": "sign", "state": state}), "not_in_this_state")
	}
	denied(but(police, {"action": "triage", "state": "analysis"}), "not_in_this_state")
}

test_a_share_without_who_shared_it_lets_nobody_act if {
	denied(but(police, {"shared_by": ""}), "sender_unknown")
	denied(but(police, {"shared_by": "housing_association"}), "sender_unknown")
}

test_an_investigator_does_nothing_with_a_case if {
	"investigator_never" in but(police, {"role": "investigator", "action": "ask", "state": "collecting"}).reasons
}

test_a_control_unit_does_nothing_with_a_case if {
	"control_unit_never" in but(police, {"role": "control_unit", "action": "ask", "state": "collecting"}).reasons
}

test_a_housing_association_takes_up_no_offer if {
	q := {"role": "associate", "kind": "housing_association", "action": "take_up", "state": "offered", "assigned": true}
	"housing_association_never" in but(police, q).reasons
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(police) {
		a := act.answer with input as object.remove(police, [name])
		not a.allow
	}
}

test_what_is_the_own_authoritys_is_in_another_state_and_what_is_not_is_no_relation if {
	own := {"relation": "own", "received_by": "police", "shared_by": "region"}
	denied(but(police, object.union(own, {"state": "triage"})), "not_in_this_state")
	denied(but(police, object.union(own, {"received_by": "region"})), "no_relation")
}

test_an_item_that_nobody_could_have_received_is_nobodys if {
	denied(but(police, {"received_by": "newspaper"}), "receiver_unknown")
	denied(but(police, {"relation": "lent"}), "relation_unknown")
	denied(but(police, {"purpose": "curiosity"}), "purpose_unknown")
}
