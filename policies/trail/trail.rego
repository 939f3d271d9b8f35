# METADATA
# title: Trail
# description: Whether the asker may read the trail (L17).
# scope: package
# schemas:
#   - input: schema.trail
package infohus.trail

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": data.classes.trail.fields, "reasons": {"role"}, "obligations": []} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	data.trail.roles[input.role]
	data.trail.purposes[input.purpose]
	input.own
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if {
	not data.trail.purposes[input.purpose]
	some code in ({"purpose_not_log_control"} | (law.purpose_refusals(input.purpose) - {"purpose_without_content"}))
}

refusals contains "not_own_authority" if not input.own

refusals contains "not_for_role" if not data.trail.roles[input.role]
