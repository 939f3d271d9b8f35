package infohus.trail_test

import data.infohus.trail

officer := {"role": "dpo", "kind": "municipality", "purpose": "log_control", "own": true, "open": false}

but(change) := answer if {
	answer := trail.answer with input as object.union(officer, change)
}

denied(answer, reason) if answer == {"allow": false, "fields": [], "reasons": {reason}, "obligations": []}

test_a_data_protection_officer_reads_the_own_authoritys_trail if {
	but({}) == {"allow": true, "fields": ["trail"], "reasons": {"role"}, "obligations": set()}
}

# A082 in part.
test_a_data_protection_officer_opens_the_hub_again if {
	but({"open": true}) == {"allow": true, "fields": [], "reasons": {"role"}, "obligations": {"step_up"}}
}

# A082 in part.
test_nobody_else_opens_the_hub_again if {
	every role in {"administrator", "manager", "municipal_coordinator", "auditor"} {
		a := but({"open": true, "role": role})
		not a.allow
		"not_for_role" in a.reasons
	}
	denied(but({"open": true, "own": false}), "not_own_authority")
	denied(but({"open": true, "purpose": "operation"}), "purpose_not_log_control")
}

# To read and to open are two tables, and a step-up is asked for where the data says so.
test_who_reads_and_who_opens_is_data if {
	not but({"open": true}).allow with data.trail.opens as {}
	but({}).allow with data.trail.opens as {}
	not but({}).allow with data.trail.roles as {}
	but({"open": true}).allow with data.trail.roles as {}
	but({"open": true}).obligations == set() with data.trail.step_up as false
}

# A087.
test_nobody_reads_another_authoritys_trail if denied(but({"own": false}), "not_own_authority")

test_a_coordinator_does_not_read_the_trail if denied(but({"role": "municipal_coordinator"}), "not_for_role")

# A086 in part.
test_an_administrator_does_not_read_the_trail if {
	but({"role": "administrator"}).reasons == {"administrator_never", "not_for_role", "role_not_at_kind"}
}

# L17.
test_the_trail_is_for_log_control_only if {
	denied(but({"purpose": "prevention"}), "purpose_not_log_control")
	denied(but({"purpose": "operation"}), "purpose_not_log_control")
	but({"purpose": "investigation"}).reasons == {"purpose_not_log_control", "purpose_investigation_never"}
}

test_an_attribute_too_few_is_incomplete if {
	denied(trail.answer, "incomplete") with input as object.remove(officer, ["kind"])
}

test_an_attribute_that_was_not_given_is_nobody if {
	every name in object.keys(officer) {
		a := trail.answer with input as object.remove(officer, [name])
		not a.allow
	}
}
