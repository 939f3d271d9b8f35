# METADATA
# title: Register
# description: Whether a hat may register and match a subject in its own authority.
# scope: package
# schemas:
#   - input: schema.register
package infohus.register

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"basis", "role"}, "obligations": []} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	input.own == false
	input.home == false
	law.content(input.purpose)
	law.processes(input.kind, input.basis, input.purpose)
	data.register[input.role]
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains code if some code in law.processing_refusals(input.kind, input.basis, input.purpose)

refusals contains "not_for_role" if not data.register[input.role]

# Whoever is a party does not deal with the matter, nor look it up.
refusals contains "own_number" if input.own

# Nor does whoever lives with a party: who that is, a colleague finds out.
refusals contains "own_address" if input.home
