package infohus.view_test

import data.infohus.view

coordinator := {
	"role": "municipal_coordinator", "kind": "municipality", "relation": "own", "received_by": "municipality", "state": "triage",
	"assigned": false, "author": false, "recused": false, "classes": "", "basis": "", "purpose": "prevention",
}

police := object.union(coordinator, {
	"role": "police_coordinator", "kind": "police", "relation": "shared", "state": "police_check",
	"classes": "identity,narrative,reporter,status,summary", "basis": "RPL115-2",
})

reporter := object.union(coordinator, {"role": "reporter", "relation": "", "author": true, "state": "received"})

but(base, change) := answer if {
	answer := view.answer with input as object.union(base, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

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

test_a_share_opens_only_what_it_names if but(police, {"classes": "status"}).fields == {"reference", "state", "received_at", "received_by"}

test_a_share_that_names_no_class_of_this_state_opens_nothing if denied(but(police, {"classes": "narrative"}), "nothing_shared")

test_a_share_without_a_valid_basis_opens_nothing if denied(but(police, {"basis": ""}), "nothing_shared")

test_a_share_on_a_basis_for_others_opens_nothing if denied(but(police, {"basis": "RPL115-1-1"}), "nothing_shared")

test_the_municipality_sees_nothing_of_what_the_police_received_before_the_release if {
	shared := {"relation": "shared", "received_by": "police", "classes": "identity,status,summary", "basis": "RPL115-1-1"}
	every state in ["received", "police_check", "acute", "police_only"] {
		denied(but(coordinator, object.union(shared, {"state": state})), "not_in_this_state")
	}
	but(coordinator, object.union(shared, {"state": "triage"})).reasons == {"from_police"}
}

test_a_reporter_gets_a_receipt_that_does_not_tell_whether_the_police_have_it if {
	every state in ["police_check", "acute", "police_only", "triage"] {
		but(reporter, {"state": state}).fields == {"reference", "received_at", "received_by"}
	}
}

test_a_reporter_is_told_that_it_is_handled_and_not_how if {
	every state in ["rerouted", "unfounded", "other_track", "case"] {
		but(reporter, {"state": state}).fields == {"reference", "handled"}
	}
}

test_a_colleague_without_a_relation_sees_nothing if denied(but(coordinator, {"relation": ""}), "no_relation")

test_a_receiver_to_whom_it_is_not_assigned_sees_nothing if denied(but(coordinator, {"role": "receiver"}), "not_in_this_state")

test_the_core_group_sees_nothing_before_a_case if denied(but(coordinator, {"role": "core_group", "assigned": true}), "not_for_role")

test_a_role_at_an_authority_that_cannot_have_it_sees_nothing if denied(but(coordinator, {"kind": "police"}), "role_not_at_kind")

test_somebody_recused_sees_nothing if denied(but(coordinator, {"recused": true, "author": true, "assigned": true}), "recused")

test_an_investigation_sees_nothing if denied(but(coordinator, {"purpose": "investigation"}), "purpose_investigation_never")

test_a_benefit_check_sees_nothing if denied(but(coordinator, {"purpose": "benefit_check"}), "purpose_benefit_check_never")

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(coordinator) - {"classes", "basis"} { # which only a share needs
		a := view.answer with input as object.remove(coordinator, [name])
		not a.allow
	}
	every name in object.keys(police) {
		a := view.answer with input as object.remove(police, [name])
		not a.allow
	}
	empty := view.answer with input as {}
	not empty.allow
}
