package infohus.glass_test

import data.infohus.glass

test_who_says_yes_to_the_third_needs_nobody_else if but(second, {"habit": "third"}) == yes(set())

test_a_review_is_for_log_control_and_is_told_so_alone if {
	every purpose in ["operation", "prevention"] { denied(but(officer, {"purpose": purpose}), "purpose_not_log_control") }
}

test_who_gives_it_back_is_told_of_the_hat_alone if {
	every linked in [true, false] {
		back := {"step": "end", "kind": "region", "self": true, "linked": linked, "overdue": true, "relation": "", "received_by": "", "state": "", "category": "", "habit": ""}
		denied(but(breaker, back), "role_not_at_kind")
	}
}

test_an_attribute_too_few_is_incomplete if {
	denied(glass.answer, "incomplete") with input as object.remove(breaker, ["overdue"])
}
