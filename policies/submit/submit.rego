# METADATA
# title: Submit
# description: Whether a hat may submit a concern for this purpose on this legal basis.
# scope: package
# schemas:
#   - input: schema.submit
package infohus.submit

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"basis", "role"}, "obligations": []} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.processes(input.kind, input.basis, input.purpose)
	data.submit[input.role]
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains code if some code in law.processing_refusals(input.kind, input.basis, input.purpose)

refusals contains "not_for_role" if not data.submit[input.role]
