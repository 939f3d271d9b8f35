package infohus.extract_test

import data.infohus.extract

officer := {
	"step": "prepare", "role": "dpo", "kind": "municipality", "purpose": "log_control", "same_authority": true, "recused": false, "self": false, "linked": false, "by_recused": false,
	"act": "", "seen_for": "", "seen_by": "", "state": "", "informed": false, "alone": false,
}

look_up := object.union(officer, {
	"step": "tell", "act": "consult", "seen_for": "prevention", "seen_by": "police", "state": "follow_up", "informed": true, "alone": true,
})

of(question, change) := answer if {
	answer := extract.answer with input as object.union(question, change)
}

but(change) := of(officer, change)

told(change) := of(look_up, change)

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_an_officer_prepares_names_and_reads if {
	every step in ["read", "prepare", "name"] {
		but({"step": step}) == {"allow": true, "fields": ["trail"], "reasons": {"role"}, "obligations": set()}
	}
}

test_an_officer_or_a_manager_releases_and_has_just_signed_in if {
	every role in ["dpo", "manager"] {
		but({"step": "release", "role": role}) == {"allow": true, "fields": ["trail"], "reasons": {"role"}, "obligations": {"step_up"}}
	}
	count(extract.obligations) == 0 with input as object.union(officer, {"step": "release"}) with data.extract.step_up as {}
}

test_a_manager_reads_and_prepares_nothing if {
	but({"step": "read", "role": "manager"}).allow
	denied(but({"role": "manager"}), "not_for_role")
	denied(but({"role": "manager", "self": true, "linked": true, "by_recused": true}), "not_for_role")
	denied(but({"step": "name", "role": "manager"}), "not_for_role")
}

test_nobody_releases_what_they_prepared if {
	denied(but({"step": "release", "self": true}), "self")
	denied(but({"step": "release", "linked": true}), "linked")
	but({"step": "read", "self": true, "linked": true, "by_recused": true}).allow
}

# Who is too close is not told so while preparing: a reference stands for nobody then.
test_what_somebody_too_close_prepared_is_not_released if {
	denied(but({"step": "release", "by_recused": true}), "by_recused")
	every step in ["read", "prepare", "name"] {
		but({"step": step, "by_recused": true}).allow
	}
}

test_only_the_own_authoritys_and_of_nobody_who_is_near if {
	every step in ["read", "prepare", "name", "release", "tell"] {
		"not_own_authority" in of(look_up, {"step": step, "same_authority": false}).reasons
		"recused" in of(look_up, {"step": step, "recused": true}).reasons
	}
}

test_for_log_control_only if {
	denied(but({"purpose": "prevention"}), "purpose_not_log_control")
	denied(but({"purpose": "operation"}), "purpose_not_log_control")
	but({"purpose": "investigation"}).reasons == {"purpose_not_log_control", "purpose_investigation_never"}
}

test_a_coordinator_and_an_administrator_do_nothing_of_it if {
	denied(but({"role": "municipal_coordinator"}), "not_for_role")
	but({"role": "administrator"}).reasons == {"administrator_never", "not_for_role", "role_not_at_kind"}
}

test_a_step_that_there_is_not if denied(but({"step": "copy"}), "action_unknown")

test_a_look_up_is_told if {
	told({}).allow
	told({"act": "search", "seen_for": "child_welfare", "seen_by": "region", "state": "case"}).allow
}

# A033, L34: what the police have alone, and what nobody has decided of yet.
test_what_is_covert_is_withheld if {
	every state in ["draft", "received", "police_check", "acute", "police_only", "", "opened"] {
		denied(told({"state": state}), "not_told_yet")
	}
	denied(told({"kind": "police", "seen_by": "police"}), "not_told_yet")
}

# L35.
test_what_the_person_does_not_know_of_is_withheld if denied(told({"informed": false}), "not_informed")

test_what_is_about_others_is_withheld if denied(told({"alone": false}), "about_others")

test_what_is_no_look_up_is_not_told if {
	denied(told({"act": "change"}), "not_told")
	denied(told({"act": ""}), "not_told")
	denied(told({"seen_for": "log_control"}), "not_told")
	denied(told({"seen_by": "housing_association"}), "not_told")
	denied(told({"seen_by": ""}), "not_told")
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(look_up) - {"self", "linked", "by_recused"} {
		a := extract.answer with input as object.remove(look_up, [name])
		not a.allow
	}
	every name in {"self", "linked", "by_recused"} {
		a := extract.answer with input as object.remove(object.union(officer, {"step": "release"}), [name])
		not a.allow
	}
	denied(extract.answer, "incomplete") with input as object.remove(officer, ["recused"])
}
