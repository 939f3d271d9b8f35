package infohus.glass_test

import data.infohus.glass

breaker := {
	"step": "break", "role": "local_police", "kind": "police", "relation": "shared", "received_by": "municipality", "shared_by": "municipality",
	"state": "triage", "recused": false, "purpose": "prevention", "basis": "EMERGENCY", "category": "life", "habit": "first", "overdue": false,
	"same_authority": false, "self": false, "linked": false,
}

second := object.union(breaker, {"step": "second", "role": "police_coordinator", "category": "", "habit": "", "same_authority": true})

officer := object.union(breaker, {"step": "review", "role": "dpo", "purpose": "log_control", "basis": "", "category": "", "habit": "", "same_authority": true, "relation": "", "state": ""})

but(base, change) := answer if {
	answer := glass.answer with input as object.union(base, change)
}

yes(obligations) := {"allow": true, "fields": [], "reasons": {"role"}, "obligations": obligations}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_local_police_break_the_glass_of_what_was_shared if but(breaker, {}) == yes({"step_up"})

test_A030_nobody_breaks_the_glass_of_what_was_shared_before_the_police_release_it if {
	denied(but(breaker, {"state": "police_check"}), "not_in_this_state")
	denied(but(second, {"state": "police_check"}), "not_in_this_state")
	but(breaker, {"state": "police_check", "role": "receiver", "kind": "municipality", "relation": "own", "shared_by": ""}) == yes({"step_up"})
}

test_a_receiver_breaks_the_glass_of_what_is_the_own_authoritys if {
	but(breaker, {"role": "receiver", "kind": "municipality", "relation": "own", "shared_by": ""}) == yes({"step_up"})
}

test_A053_the_third_within_a_week_needs_another_person if {
	but(breaker, {"habit": "second"}) == yes({"step_up"})
	but(breaker, {"habit": "third"}) == yes({"second_person", "step_up"})
	denied(but(breaker, {"habit": ""}), "habit_unknown")
}

test_A038_only_breaking_takes_a_sign_in_just_now if {
	but(breaker, {}).obligations == {"step_up"}
	but(second, {}).obligations == set()
	but(officer, {}).obligations == set()
	but(breaker, {"step": "end", "self": true}).obligations == set()
}

test_A054_whose_earlier_one_was_not_reviewed_breaks_none if denied(but(breaker, {"overdue": true}), "review_overdue")

test_A052_why_is_one_of_few if {
	every category in ["life", "child", "violence", "missing"] {
		but(breaker, {"category": category}).allow
	}
	denied(but(breaker, {"category": ""}), "category_unknown")
	denied(but(breaker, {"category": "curious"}), "category_unknown")
}

test_breaking_discloses_nothing if {
	denied(but(breaker, {"relation": ""}), "no_relation")
	denied(but(breaker, {"shared_by": "housing_association"}), "no_relation")
	denied(but(breaker, {"relation": "own"}), "no_relation")
}

test_whoever_is_recused_breaks_nothing if denied(but(breaker, {"recused": true}), "recused")

test_what_is_over_is_not_broken if {
	every state in ["draft", "rerouted", "acute", "police_only", "unfounded", "other_track", "case_closed", "closed", "asked", "released", "offered"] {
		denied(but(breaker, {"state": state}), "not_in_this_state")
		denied(but(second, {"state": state}), "not_in_this_state")
	}
}

test_no_other_role_breaks_the_glass if {
	every role in ["police_coordinator", "manager", "dpo", "reporter"] {
		denied(but(breaker, {"role": role}), "not_for_role")
	}
	"investigator_never" in but(breaker, {"role": "investigator"}).reasons
	denied(but(breaker, {"purpose": "investigation"}), "purpose_investigation_never")
}

test_the_coordinator_of_the_same_authority_says_yes if but(second, {}) == yes(set())

test_A047_nobody_says_yes_to_himself if denied(but(second, {"self": true}), "self")

test_A048_nor_to_whom_he_stands_in_for_or_who_stands_in_for_him if denied(but(second, {"linked": true}), "linked")

test_nobody_of_another_authority_says_yes if denied(but(second, {"same_authority": false}), "not_own_authority")

test_whoever_says_yes_is_a_coordinator_who_sees_it if {
	denied(but(second, {"role": "local_police"}), "not_for_role")
	denied(but(second, {"recused": true}), "recused")
	denied(but(second, {"relation": ""}), "no_relation")
}

test_ones_own_is_given_back_whatever_has_happened if {
	but(breaker, {"step": "end", "self": true, "state": "closed", "recused": true, "relation": "", "overdue": true}) == yes(set())
	denied(but(breaker, {"step": "end"}), "not_own")
}

test_A055_the_owners_officer_reviews_and_never_the_own if {
	but(officer, {}) == yes(set())
	denied(but(officer, {"self": true}), "self")
	denied(but(officer, {"linked": true}), "linked")
	denied(but(officer, {"same_authority": false}), "not_own_authority")
	denied(but(officer, {"role": "manager"}), "not_for_role")
	denied(but(officer, {"purpose": "prevention"}), "purpose_not_log_control")
	but(officer, {"purpose": "investigation"}).reasons == {"purpose_not_log_control", "purpose_investigation_never"}
}

test_A012_nobody_reviews_what_they_are_too_close_to if {
	denied(but(officer, {"recused": true}), "recused")
	"recused" in but(officer, {"recused": true, "linked": true}).reasons
	a := glass.answer with input as object.remove(officer, ["recused"])
	not a.allow
}

test_it_is_broken_on_a_basis_that_there_is_and_that_is_one_for_it if {
	every q in [breaker, second] {
		denied(but(q, {"basis": ""}), "basis_unknown")
		denied(but(q, {"basis": "RPL115-2"}), "basis_not_for_purpose")
		gone := glass.answer with input as q with data.bases as object.remove(data.bases, ["EMERGENCY"])
		denied(gone, "basis_unknown")
	}
	but(breaker, {"step": "end", "self": true, "basis": ""}).allow
	but(officer, {"basis": ""}).allow
}

test_a_step_that_there_is_not if denied(but(breaker, {"step": "copy"}), "action_unknown")

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(breaker) - {"same_authority", "self", "linked"} {
		a := glass.answer with input as object.remove(breaker, [name])
		not a.allow
	}
	every name in object.keys(second) - {"category", "habit", "overdue"} {
		a := glass.answer with input as object.remove(second, [name])
		not a.allow
	}
	empty := glass.answer with input as {}
	not empty.allow
}
