package infohus.law_test

import data.infohus.law

test_a_hat_is_a_role_at_a_kind_of_authority_that_may_have_it if {
	law.hat("receiver", "municipality")
	law.hat("system", "")
	not law.hat("receiver", "police")
	not law.hat("receiver", "")
	not law.hat("investigator", "police")
	not law.hat("pilot", "police")
}

test_why_a_hat_may_have_nothing if {
	law.hat_refusals("receiver", "municipality") == set()
	law.hat_refusals("system", "") == set()
	law.hat_refusals("pilot", "police") == {"role_unknown"}
	law.hat_refusals("receiver", "newspaper") == {"kind_unknown"}
	law.hat_refusals("pilot", "newspaper") == {"role_unknown", "kind_unknown"}
	law.hat_refusals("receiver", "police") == {"role_not_at_kind"}
	law.hat_refusals("investigator", "police") == {"investigator_never", "role_not_at_kind"}
	law.hat_refusals("receiver", "housing_association") == {"housing_association_never", "role_not_at_kind"}
}

test_why_a_purpose_opens_no_content if {
	every purpose in ["prevention", "child_welfare"] {
		law.content(purpose)
		law.purpose_refusals(purpose) == set()
	}
	every purpose, reason in {
		"curiosity": "purpose_unknown", "": "purpose_unknown", "operation": "purpose_without_content",
		"log_control": "purpose_without_content", "investigation": "purpose_investigation_never", "benefit_check": "purpose_benefit_check_never",
	} {
		not law.content(purpose)
		law.purpose_refusals(purpose) == {reason}
	}
}

test_why_somebody_may_have_nothing_to_do_with_an_item if {
	every relation in ["own", "shared", ""] {
		law.item(relation, "region", "triage", false)
		law.item_refusals(relation, "region", "triage", false) == set()
	}
	law.item_refusals("lent", "region", "triage", false) == {"relation_unknown"}
	law.item_refusals("own", "newspaper", "triage", false) == {"receiver_unknown"}
	law.item_refusals("own", "housing_association", "triage", false) == {"receiver_unknown"}
	law.item_refusals("own", "region", "lost", false) == {"state_unknown"}
	law.item_refusals("own", "region", "triage", true) == {"recused"}
	not law.item("lent", "region", "triage", false)
	not law.item("own", "housing_association", "triage", false)
	not law.item("own", "region", "lost", false)
	not law.item("own", "region", "triage", true)
}

test_how_somebody_stands_to_an_item if {
	law.stands("author", true, "", false, "police", "region", "")
	not law.stands("author", false, "own", true, "police", "police", "")
	law.stands("own", false, "own", false, "police", "police", "")
	not law.stands("own", true, "own", true, "police", "region", "")
	not law.stands("own", true, "shared", true, "police", "police", "police")
	law.stands("assigned", false, "own", true, "police", "police", "")
	not law.stands("assigned", false, "own", false, "police", "police", "")
	not law.stands("assigned", false, "own", true, "police", "region", "")
	law.stands("invited", false, "shared", true, "police", "region", "region")
	not law.stands("invited", false, "shared", false, "police", "region", "region")
	not law.stands("invited", false, "shared", true, "police", "region", "housing_association")
	law.stands("from_partner", false, "shared", false, "police", "region", "region")
	not law.stands("from_partner", false, "own", false, "police", "region", "region")
	not law.stands("from_partner", false, "shared", false, "police", "region", "municipality")
}

test_what_a_basis_carries_and_covers if {
	law.carries("RPL115-2", "region", "police")
	not law.carries("RPL115-2", "police", "region")
	not law.carries("RPL115-1-3", "police", "prison_service")
	law.covers("RPL115-2", "closing")
	law.covers("CONSENT-EXIT", "offered")
	consented := {state | some state, _ in data.states; law.covers("CONSENT-EXIT", state)}
	consented == {"offer_draft", "offered", "taken_up", "not_taken_up", "offer_withdrawn", "offer_ended", "offer_closed"}
	not law.covers("RPL115-2", "lost")
}

test_why_an_authority_may_not_process if {
	law.processing_refusals("police", "RHL", "prevention") == set()
	law.processing_refusals("police", "RPL116", "prevention") == {"basis_unknown"}
	law.processing_refusals("police", "BL133", "child_welfare") == {"basis_not_for_kind"}
	law.processing_refusals("police", "RHL", "child_welfare") == {"basis_not_for_purpose"}
	law.processes("police", "RHL", "prevention")
	not law.processes("police", "RHL", "child_welfare")
	not law.processes("police", "BL133", "child_welfare")
}

test_a_no_opens_nothing if law.no({"recused"}) == {"allow": false, "fields": [], "reasons": {"recused"}, "obligations": []}
