package infohus.advice_test

import data.infohus.advice

coordinator := {"role": "municipal_coordinator", "kind": "municipality", "step": "ask", "own": false, "asker": false, "manages": false}

but(change) := answer if {
	answer := advice.answer with input as object.union(coordinator, change)
}

denied(answer, reasons) if answer == {"allow": false, "fields": [], "reasons": reasons, "obligations": []}

allowed(answer, reason) if answer == {"allow": true, "fields": [], "reasons": {reason}, "obligations": []}

opens(change) := but(object.union({"step": "open", "own": true}, change))

test_an_attribute_too_few_is_incomplete if {
	denied(advice.answer, {"incomplete"}) with input as object.remove(coordinator, ["kind"])
}

test_whoever_may_disclose_anything_may_ask if {
	allowed(but({}), "role")
	every role, kind in {
		"receiver": "municipality", "police_coordinator": "police", "core_group": "police",
		"local_police": "police", "partner": "region", "institution": "self_governing",
	} {
		allowed(but({"role": role, "kind": kind}), "role")
	}
}

test_whoever_discloses_nothing_does_not_ask if {
	denied(but({"role": "reporter"}), {"not_for_role"})
	denied(but({"role": "manager"}), {"not_for_role"})
	denied(but({"role": "dpo"}), {"not_for_role"})
	denied(but({"role": "associate"}), {"associate_never", "role_not_at_kind", "not_for_role"})
}

test_asking_is_done_in_a_hat_that_there_is if {
	denied(but({"kind": "police"}), {"role_not_at_kind"})
	denied(but({"kind": "housing_association"}), {"housing_association_never", "role_not_at_kind"})
	denied(but({"role": "king"}), {"role_unknown", "not_for_role"})
}

test_what_was_kept_opens_to_whoever_kept_it if {
	allowed(opens({"asker": true}), "author")
	denied(opens({}), {"no_relation"})
	denied(opens({"role": "reporter", "asker": true}), {"no_relation"})
}

test_and_to_their_manager if {
	allowed(opens({"role": "manager", "manages": true}), "manager")
	denied(opens({"role": "manager"}), {"no_relation"})
	denied(opens({"manages": true}), {"no_relation"})
	denied(opens({"role": "manager", "asker": true}), {"no_relation"})
}

test_and_to_their_authoritys_data_protection_officer if {
	allowed(opens({"role": "dpo"}), "role")
	denied(opens({"role": "dpo", "own": false}), {"not_own_authority", "no_relation"})
}

test_what_another_authority_kept_opens_to_nobody if {
	denied(opens({"asker": true, "own": false}), {"not_own_authority"})
	denied(opens({"role": "manager", "manages": true, "own": false}), {"not_own_authority"})
}

test_it_is_listed_to_whoever_may_open_any_of_it if {
	every role, kind in {"municipal_coordinator": "municipality", "partner": "region", "manager": "police", "dpo": "self_governing"} {
		allowed(but({"step": "list", "role": role, "kind": kind}), "role")
	}
	denied(but({"step": "list", "role": "reporter"}), {"not_for_role"})
	"not_for_role" in but({"step": "list", "role": "administrator"}).reasons
	denied(but({"step": "list", "kind": "police"}), {"role_not_at_kind"})
}

test_to_open_takes_a_hat_that_there_is if {
	denied(opens({"asker": true, "kind": "police"}), {"role_not_at_kind"})
}

test_there_is_no_third_step if denied(but({"step": "close"}), {"action_unknown"})

test_an_attribute_that_was_not_given_is_nobody if {
	every name in {"role", "kind", "step"} {
		a := advice.answer with input as object.remove(coordinator, [name])
		not a.allow
	}
	every name in {"role", "kind", "step", "own", "asker"} {
		a := advice.answer with input as object.remove(object.union(coordinator, {"step": "open", "own": true, "asker": true}), [name])
		not a.allow
	}
}
