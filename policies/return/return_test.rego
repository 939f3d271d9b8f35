package infohus.return_test

import data.infohus.return as rule

manager := {"role": "manager", "kind": "region", "purpose": "prevention", "item": "answer", "own": true, "leaving": true, "recused": false}

but(change) := answer if {
	answer := rule.answer with input as object.union(manager, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_the_manager_of_an_authority_that_leaves_takes_along_what_it_wrote if {
	every kind in ["municipality", "police", "region", "prison_service", "self_governing"] {
		every item in ["concern", "request", "answer", "case", "offer"] {
			answer := but({"kind": kind, "item": item})
			answer.allow
			answer.reasons == {"role"}
			answer.obligations == {"step_up"}
			count(answer.fields) > 0
		}
	}
}

test_a_sign_in_of_just_now_is_what_the_law_asks_for if {
	count(rule.obligations) == 0 with data.return.step_up as false
}

test_it_is_what_one_writes_and_never_whom_it_is_about_nor_who_reported if {
	every item in ["concern", "request", "answer", "case", "offer"] {
		given := {field | some field in but({"item": item}).fields}
		given & {"name", "cpr", "birth_date", "address", "reporter_name", "reporter_contact", "reporter_kind", "state", "check_outcome", "handled", "who_can_see"} == set()
	}
}

test_nobody_else_takes_it_along if {
	every role in ["dpo", "reporter", "partner"] {
		denied(but({"role": role}), "not_for_role")
	}
	denied(but({"role": "institution", "kind": "self_governing"}), "not_for_role")
	denied(but({"role": "municipal_coordinator", "kind": "municipality"}), "not_for_role")
	denied(but({"role": "police_coordinator", "kind": "police"}), "not_for_role")
}

test_only_what_the_own_authority_wrote if denied(but({"own": false}), "not_own_authority")

test_only_when_it_leaves if denied(but({"leaving": false}), "not_leaving")

test_never_what_one_is_too_close_to if denied(but({"recused": true}), "recused")

test_for_prevention_and_for_no_other_end if {
	denied(but({"purpose": "benefit_check"}), "purpose_benefit_check_never")
	denied(but({"purpose": "curiosity"}), "purpose_unknown")
}

test_what_is_not_known_is_refused if {
	denied(but({"item": "diary"}), "item_unknown")
	denied(but({"kind": "court"}), "kind_unknown")
}

test_nothing_asked_is_nothing_given if {
	not rule.answer.allow with input as {}
	denied(rule.answer, "incomplete") with input as object.remove(manager, ["recused"])
}
