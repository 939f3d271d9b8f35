package infohus.recuse_test

import data.infohus.recuse as rule

coordinator := {
	"role": "municipal_coordinator", "kind": "municipality", "relation": "own", "received_by": "municipality", "shared_by": "", "state": "collecting",
	"assigned": false, "recused": false, "ground": "2", "self": false, "same_authority": true, "lift": false, "said": false,
}

but(change) := answer if {
	answer := rule.answer with input as object.union(coordinator, change)
}

denied(answer, reason) if {
	answer.allow == false
	reason in answer.reasons
}

test_a_coordinator_recuses_a_colleague if but({}) == {"allow": true, "fields": [], "reasons": {"own"}, "obligations": []}

test_and_oneself if but({"self": true}).allow

test_only_on_a_ground_of_the_law if {
	every ground in ["1", "2", "3", "4", "5"] { but({"ground": ground}).allow }
	every ground in ["", "0", "6", "1 2", "family"] { denied(but({"ground": ground}), "ground_unknown") }
}

test_why_not_is_told_and_nothing_else if {
	but({"kind": "police"}).reasons == {"role_not_at_kind", "no_relation"}
	but({"shared_by": "police", "recused": true}).reasons == {"recused"}
	but({"self": true, "recused": true}).reasons == {"recused"}
	but({"said": true}).reasons == {"incomplete"} # who said it of another says it not again
	but({"said": true, "lift": true, "ground": ""}).reasons == {"own_recusal"}
	but({"lift": true, "ground": "1"}).reasons == {"ground_unknown"}
	but({"role": "core_group", "self": true, "assigned": true, "ground": "6"}).reasons == {"ground_unknown"}
	but({"role": "dpo"}).reasons == {"not_for_role"}
	but({"relation": "shared", "received_by": "police", "shared_by": "police", "state": "triage", "recused": true}).reasons == {"recused"}
}

test_nobody_of_another_authority if denied(but({"same_authority": false}), "not_a_colleague")

test_nobody_who_is_recused if denied(but({"recused": true}), "recused")

test_a_draft_is_its_authors_own if denied(but({"state": "draft"}), "not_in_this_state")

test_a_question_goes_with_its_case if denied(but({"state": "asked"}), "not_in_this_state")

test_who_has_nothing_to_do_with_it_says_nothing_of_it if {
	denied(but({"relation": ""}), "no_relation")
	denied(but({"relation": "shared", "shared_by": "police"}), "no_relation")
}

test_an_investigator_says_nothing if denied(but({"role": "investigator"}), "investigator_never")

test_a_dpo_only_reads_of_it if denied(but({"role": "dpo"}), "not_for_role")

test_the_police_say_it_of_what_was_shared if {
	police := {"role": "police_coordinator", "kind": "police", "relation": "shared", "shared_by": "municipality"}
	but(police).allow
	but(object.union(police, {"self": true})).allow
	denied(but(object.union(police, {"shared_by": "region"})), "no_relation")
}

test_a_receiver_says_it_of_themselves_only if {
	receiver := {"role": "receiver", "state": "received", "assigned": true, "self": true}
	but(receiver).allow
	denied(but(object.union(receiver, {"assigned": false})), "no_relation")
	denied(but(object.union(receiver, {"self": false})), "not_for_role")
}

test_a_manager_says_it_of_colleagues_only if {
	but({"role": "manager"}).allow
	denied(but({"role": "manager", "self": true}), "not_for_role")
}

test_it_is_lifted_by_somebody_else if {
	lift := {"lift": true, "ground": ""}
	but(lift).allow
	denied(but(object.union(lift, {"self": true})), "own_recusal")
	denied(but(object.union(lift, {"said": true})), "own_recusal")
	denied(but(object.union(lift, {"ground": "1"})), "ground_unknown")
	denied(but(object.union(lift, {"same_authority": false})), "not_a_colleague")
}

test_nothing_asked_is_nothing_given if {
	not rule.answer.allow with input as {}
	rule.answer == {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []} with input as object.remove(coordinator, ["said"])
}
