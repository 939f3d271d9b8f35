# METADATA
# title: List
# description: Whether a hat may list and search concerns at all.
# scope: package
# schemas:
#   - input: schema.list
package infohus.list

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	data.list[input.role]
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains "not_for_role" if not data.list[input.role]
