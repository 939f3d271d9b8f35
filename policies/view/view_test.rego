package infohus.view_test

import data.infohus.view

coordinator := {
	"role": "municipal_coordinator", "kind": "municipality", "relation": "own", "received_by": "municipality", "shared_by": "", "state": "triage",
	"assigned": false, "author": false, "recused": false, "classes": "", "basis": "", "purpose": "prevention",
	"glass": false,
}

police := object.union(coordinator, {
	"role": "police_coordinator", "kind": "police", "relation": "shared", "shared_by": "municipality", "state": "police_check",
	"classes": "identity,narrative,reporter,status,summary", "basis": "RPL115-2",
})

reporter := object.union(coordinator, {"role": "reporter", "relation": "", "author": true, "state": "received"})

case := object.union(coordinator, {"state": "assessment"})

# guest is somebody of another authority who was let into the case.
guest := object.union(case, {
	"role": "partner", "kind": "prison_service", "relation": "shared", "shared_by": "police", "assigned": true, "state": "analysis",
	"classes": "case_status,identity,meeting,own_dimensions", "basis": "RPL115-1-3c",
})

asked := object.union(guest, {
	"role": "institution", "kind": "self_governing", "shared_by": "municipality", "state": "asked",
	"classes": "identity,question,request_status", "basis": "RPL115-3",
})

answer := object.union(coordinator, {
	"relation": "shared", "received_by": "region", "shared_by": "region", "state": "released",
	"classes": "answer,answer_health,answer_offence,answer_status", "basis": "RPL115-2",
})

offered := object.union(police, {"state": "offered", "classes": "identity,measure,offer,offer_preview,offer_status"})

but(base, change) := answer if {
	answer := view.answer with input as object.union(base, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

# L51.
test_a_coordinator_sees_the_own_intake_but_not_who_reported_it if {
	a := but(coordinator, {})
	a.allow
	a.reasons == {"own"}
	a.obligations == {"mask_cpr", "hide_protected_address"}
	{"cpr", "statements", "address", "check_outcome", "police_rationale", "who_has_seen"} - a.fields == set()
	not "reporter_name" in a.fields
}

test_a_coordinator_to_whom_it_is_assigned_also_sees_who_reported_it if {
	a := but(coordinator, {"assigned": true})
	a.reasons == {"own", "assigned"}
	"reporter_name" in a.fields
}

test_the_police_see_identity_and_summary_for_the_check_and_never_who_reported_it if {
	a := but(police, {})
	a.reasons == {"from_municipality"}
	a.obligations == {"mask_cpr"}
	a.fields == {
		"reference", "state", "received_at", "received_by",
		"channel", "theme", "urgency", "urgency_reason", "child",
		"name", "cpr", "birth_date", "age_band", "protected",
	}
}

test_the_police_see_the_time_limit_of_their_own_step_and_no_other_clock if {
	every state in ["police_check", "acute", "police_only"] {
		but(police, {"classes": "clock", "state": state}).fields == {"due"}
	}
	denied(but(police, {"classes": "clock", "state": "received"}), "nothing_shared")
}

# L1 in part.
test_a_share_opens_only_what_it_names if but(police, {"classes": "status"}).fields == {"reference", "state", "received_at", "received_by"}

test_a_share_that_names_no_class_of_this_state_opens_nothing if denied(but(police, {"classes": "narrative"}), "nothing_shared")

test_what_opens_nothing_is_no_reason if {
	guest_author := {"role": "partner", "kind": "region", "author": true, "assigned": true, "shared_by": "police", "basis": "RPL115-1-1", "classes": "status"}
	but(answer, guest_author).reasons == {"author"}
}

test_who_sees_no_number_masks_none if but(reporter, {"state": "triage"}).obligations == set()

test_the_hub_itself_is_nowhere_that_could_see_it if {
	but(coordinator, {"role": "system", "kind": "police", "relation": ""}).reasons == {"role_not_at_kind"}
}

test_what_nobody_could_have_received_is_nobodys if denied(but(police, {"received_by": "newspaper"}), "receiver_unknown")

# L1 in part.
test_a_share_without_a_valid_basis_opens_nothing if denied(but(police, {"basis": ""}), "nothing_shared")

test_a_share_on_a_basis_for_others_opens_nothing if denied(but(police, {"basis": "RPL115-1-1"}), "nothing_shared")

test_the_municipality_sees_nothing_of_what_the_police_received_before_the_release if {
	shared := {"relation": "shared", "received_by": "police", "shared_by": "police", "classes": "identity,status,summary", "basis": "RPL115-1-1"}
	every state in ["received", "police_check", "acute", "police_only"] {
		denied(but(coordinator, object.union(shared, {"state": state})), "not_in_this_state")
	}
	but(coordinator, object.union(shared, {"state": "triage"})).reasons == {"from_police"}
}

# A030 in part.
test_a_reporter_gets_a_receipt_that_does_not_tell_whether_the_police_have_it if {
	every state in ["police_check", "acute", "police_only", "triage"] {
		but(reporter, {"state": state}).fields == {"reference", "received_at", "received_by"}
	}
}

test_a_reporter_is_told_that_it_is_handled_and_not_how if {
	every state in ["rerouted", "unfounded", "other_track", "case", "case_closed"] {
		but(reporter, {"state": state}).fields == {"reference", "handled"}
	}
}

# L9.
test_a_colleague_without_a_relation_sees_nothing if denied(but(coordinator, {"relation": ""}), "no_relation")

test_a_receiver_to_whom_it_is_not_assigned_sees_nothing if denied(but(coordinator, {"role": "receiver"}), "not_in_this_state")

test_the_core_group_sees_nothing_before_a_case if denied(but(coordinator, {"role": "core_group", "assigned": true}), "not_in_this_state")

test_a_manager_sees_nothing if denied(but(coordinator, {"role": "manager", "author": true, "assigned": true}), "not_for_role")

test_a_role_at_an_authority_that_cannot_have_it_sees_nothing if denied(but(coordinator, {"kind": "police"}), "role_not_at_kind")

test_somebody_recused_sees_nothing if denied(but(coordinator, {"recused": true, "author": true, "assigned": true}), "recused")

# L3.
test_an_investigation_sees_nothing if denied(but(coordinator, {"purpose": "investigation"}), "purpose_investigation_never")

# L55.
test_a_benefit_check_sees_nothing if denied(but(coordinator, {"purpose": "benefit_check"}), "purpose_benefit_check_never")

test_a_share_is_judged_by_who_shared_it_and_not_by_whose_it_is if {
	but(police, {"received_by": "region"}).reasons == {"from_municipality"}
	denied(but(police, {"shared_by": "region"}), "not_in_this_state")
	denied(but(police, {"shared_by": ""}), "sender_unknown")
}

test_a_housing_association_shares_nothing if denied(but(police, {"shared_by": "housing_association"}), "sender_unknown")

test_the_municipal_coordinator_sees_the_whole_case_with_its_address if {
	a := but(case, {})
	{"address", "circle", "requests", "meeting", "dimensions", "dissents", "inform", "due", "who_has_seen"} - a.fields == set()
	{"reporter_name", "closing"} & a.fields == set()
}

test_the_police_coordinator_sees_the_case_that_was_shared_without_its_address if {
	shared := {"role": "police_coordinator", "kind": "police", "relation": "shared", "shared_by": "municipality", "basis": "RPL115-2"}
	a := but(case, object.union(shared, {"classes": "address,assessment,case_status,identity"}))
	a.reasons == {"from_municipality"}
	"signatures" in a.fields
	{"address", "meeting"} & a.fields == set()
	denied(but(case, object.union(shared, {"classes": "address"})), "nothing_shared")
}

test_of_a_closed_case_there_is_a_reference if {
	but(case, {"state": "closed"}).fields == {"reference", "who_can_see", "who_has_seen"}
}

# L9.
test_membership_of_the_core_group_opens_nothing_by_itself if {
	every state in ["opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing", "closed"] {
		denied(but(case, {"role": "core_group", "state": state}), "not_in_this_state")
	}
}

test_a_member_of_the_core_group_who_is_let_in_sees_the_conclusion_and_the_own_dimensions if {
	a := but(case, {"role": "core_group", "assigned": true})
	{"level", "rationale", "recommendations", "own_dimensions", "meeting"} - a.fields == set()
	{"dimensions", "dissents", "signatures", "circle", "requests"} & a.fields == set()
	a.reasons == {"assigned"}
}

test_an_invited_guest_sees_what_is_discussed_and_the_own_part if {
	a := but(guest, {})
	a.reasons == {"invited"}
	{"name", "meeting"} - a.fields == set()
	but(guest, {"state": "assessment"}).fields == {"reference", "state", "opened_at", "next_date", "instrument", "own_dimensions"}
	denied(but(guest, {"state": "closed"}), "not_in_this_state")
}

test_a_guest_who_is_not_named_sees_nothing if denied(but(guest, {"assigned": false}), "not_in_this_state")

test_a_guest_to_whom_nothing_was_shared_sees_nothing if {
	denied(but(guest, {"classes": ""}), "nothing_shared")
	denied(but(guest, {"basis": ""}), "nothing_shared")
	denied(but(guest, {"relation": "", "shared_by": ""}), "no_relation")
}

colleague := object.union(coordinator, {"role": "receiver", "glass": true})

neighbour := object.union(police, {"role": "local_police", "state": "triage", "glass": true})

test_A056_broken_glass_opens_the_concern_and_never_who_reported_it if {
	every state in ["received", "police_check", "triage", "case"] {
		a := but(colleague, {"state": state})
		a.reasons == {"glass"}
		a.obligations == {"mask_cpr", "hide_protected_address"}
		a.fields == {
			"reference", "state", "received_at", "received_by", "due",
			"channel", "theme", "urgency", "urgency_reason", "child",
			"statements", "why_now", "context", "wishes",
			"name", "cpr", "birth_date", "age_band", "protected", "address",
		}
	}
}

test_A056_broken_glass_opens_the_case_and_not_what_was_asked_answered_or_discussed if {
	every state in ["opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing"] {
		every role in ["receiver", "core_group"] {
			a := but(colleague, {"state": state, "role": role})
			a.fields == {
				"reference", "state", "opened_at", "next_date", "instrument", "due",
				"name", "cpr", "birth_date", "age_band", "protected", "address",
				"circle", "level", "rationale", "follow_ups", "tasks",
			}
		}
	}
}

test_A056_broken_glass_opens_nothing_that_is_over_withheld_or_a_part if {
	every state in [
		"draft", "rerouted", "acute", "police_only", "unfounded", "other_track", "case_closed", "closed",
		"asked", "settled", "retracted", "request_closed", "released", "withdrawn", "answer_closed",
		"offer_draft", "offered", "taken_up", "not_taken_up", "offer_withdrawn", "offer_ended", "offer_closed",
	] {
		denied(but(colleague, {"state": state}), "not_in_this_state")
		not but(neighbour, {"state": state}).allow
	}
}

test_broken_glass_opens_nothing_without_a_legal_basis_for_it if {
	every q in [colleague, neighbour] {
		but(q, {}).reasons == {"glass"}
		a := view.answer with input as q with data.glass.bases as {}
		not a.allow
		b := view.answer with input as q with data.bases as object.remove(data.bases, ["EMERGENCY"])
		not b.allow
	}
}

test_broken_glass_discloses_nothing_that_was_not_shared if {
	but(neighbour, {}).reasons == {"glass"}
	"statements" in but(neighbour, {}).fields
	{"address", "due", "reporter_name"} & but(neighbour, {}).fields == set()
	but(neighbour, {"classes": "status"}).fields == {"reference", "state", "received_at", "received_by"}
	denied(but(neighbour, {"classes": "reporter"}), "nothing_shared")
	denied(but(neighbour, {"basis": ""}), "nothing_shared")
	denied(but(neighbour, {"basis": "CONSENT-EXIT"}), "nothing_shared")
	denied(but(neighbour, {"shared_by": ""}), "sender_unknown")
	denied(but(neighbour, {"relation": ""}), "no_relation")
	denied(but(colleague, {"kind": "police", "role": "core_group"}), "no_relation")
}

test_A030_broken_glass_opens_nothing_shared_before_the_police_release_it if {
	every state in ["received", "police_check"] {
		but(neighbour, {"state": state}).allow == false
	}
}

test_broken_glass_does_not_reach_whoever_is_recused if {
	denied(but(colleague, {"recused": true}), "recused")
	denied(but(neighbour, {"recused": true}), "recused")
}

test_broken_glass_is_for_no_other_role_and_purpose if {
	every role in ["reporter", "institution"] {
		denied(but(colleague, {"role": role}), "not_in_this_state")
	}
	every role in ["manager", "dpo"] {
		denied(but(colleague, {"role": role}), "not_for_role")
	}
	denied(but(guest, {"assigned": false, "glass": true}), "not_in_this_state")
	but(coordinator, {"glass": true}) == but(coordinator, {})
	denied(but(colleague, {"purpose": "investigation"}), "purpose_investigation_never")
}

test_a_glass_that_is_whole_opens_nothing if {
	denied(but(colleague, {"glass": false}), "not_in_this_state")
	denied(but(neighbour, {"glass": false}), "not_in_this_state")
}

test_a_school_sees_the_question_put_to_it_and_nothing_of_the_case if {
	a := but(asked, {})
	a.reasons == {"invited"}
	{"questions", "necessity", "name"} - a.fields == set()
	not "name" in but(asked, {"state": "settled"}).fields
	every state in ["opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing", "closed"] {
		denied(but(asked, {"state": state}), "not_in_this_state")
	}
}

test_a_self_governing_institution_sees_only_on_stk_3 if {
	every basis in ["RPL115-1-1", "RPL115-1-2", "RPL115-1-3c", "RPL115-2", "CONSENT-EXIT"] {
		denied(but(asked, {"basis": basis}), "nothing_shared")
	}
}

test_the_coordinators_see_an_answer_with_what_is_on_health_and_offences if {
	a := but(answer, {})
	a.reasons == {"from_partner"}
	{"facts", "health_facts", "offence_facts"} - a.fields == set()
	not "health_facts" in but(answer, {"classes": "answer,answer_status"}).fields
}

test_the_core_group_sees_an_answer_without_what_is_on_health_and_offences if {
	a := but(answer, {"role": "core_group", "kind": "police", "assigned": true})
	"facts" in a.fields
	{"health_facts", "offence_facts"} & a.fields == set()
}

test_who_gave_an_answer_sees_it_all if {
	a := but(answer, {"role": "partner", "kind": "region", "relation": "own", "author": true, "classes": "", "basis": "", "shared_by": ""})
	a.reasons == {"author"}
	"health_facts" in a.fields
}

test_of_a_withdrawn_answer_there_is_its_status if {
	but(answer, {"state": "withdrawn"}).fields == {"reference", "state", "settled_at"}
	denied(but(answer, {"state": "withdrawn", "role": "core_group", "kind": "police", "assigned": true}), "not_in_this_state")
}

test_an_offer_says_who_only_once_it_is_taken_up if {
	but(offered, {}).fields == {"reference", "state", "offered_at", "due", "dimension", "measure", "preview"}
	{"name", "task", "progress"} - but(offered, {"state": "taken_up"}).fields == set()
	but(offered, {"state": "not_taken_up"}).fields == {"reference", "state", "offered_at", "due"}
	denied(but(offered, {"state": "offer_draft"}), "not_in_this_state")
}

test_consent_carries_an_offer_and_nothing_else if {
	but(offered, {"basis": "CONSENT-EXIT"}).reasons == {"from_municipality"}
	denied(but(police, {"basis": "CONSENT-EXIT"}), "nothing_shared")
}

test_an_investigator_sees_nothing_of_a_case if {
	every q in [case, guest, asked, answer, offered] {
		"investigator_never" in but(q, {"role": "investigator"}).reasons
	}
}

test_a_control_unit_sees_nothing_of_a_case if {
	every q in [case, guest, asked, answer, offered] {
		"control_unit_never" in but(q, {"role": "control_unit"}).reasons
	}
}

test_a_housing_association_sees_nothing_of_a_case if {
	every q in [case, guest, asked, answer, offered] {
		"housing_association_never" in but(q, {"role": "associate", "kind": "housing_association"}).reasons
	}
}

# L48 in part: no person data at all.
test_a_steering_group_sees_nothing_of_a_case if {
	every q in [case, guest, asked, answer, offered] {
		"steering_never" in but(q, {"role": "steering"}).reasons
	}
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(coordinator) - {"classes", "basis", "glass"} { # which only what was shared needs, or whoever is not let in
		a := view.answer with input as object.remove(coordinator, [name])
		not a.allow
	}
	every name in object.keys(police) - {"glass"} {
		a := view.answer with input as object.remove(police, [name])
		not a.allow
	}
	empty := view.answer with input as {}
	not empty.allow
}
