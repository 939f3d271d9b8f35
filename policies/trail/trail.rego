# METADATA
# title: Trail
# description: Whether the asker may read the trail (L17), or open the hub again after it was put back (A082).
# scope: package
# schemas:
#   - input: schema.trail
package infohus.trail

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": {"role"}, "obligations": obligations} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	roles[input.role]
	data.trail.purposes[input.purpose]
	input.own
}

roles := data.trail.roles if input.open == false

roles := data.trail.opens if input.open

# Whoever opens it is shown nothing by that.
fields := data.classes.trail.fields if input.open == false

fields := [] if input.open

# As what leaves the hub (A038).
obligations contains "step_up" if {
	input.open
	data.trail.step_up
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if {
	not data.trail.purposes[input.purpose]
	some code in ({"purpose_not_log_control"} | (law.purpose_refusals(input.purpose) - {"purpose_without_content"}))
}

refusals contains "not_own_authority" if not input.own

refusals contains "not_for_role" if not roles[input.role]
