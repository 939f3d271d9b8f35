# METADATA
# title: Disclose
# description: Whether a concern may be shared with another authority (L1, L2).
# scope: package
# schemas:
#   - input: schema.disclose
package infohus.disclose

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": {"basis", "role"}, "obligations": obligations} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.from)
	law.content(input.purpose)
	law.carries(input.basis, input.from, input.to)
	data.disclose.bases[input.basis].purposes[input.purpose]
	data.disclose.roles[input.role][input.to][input.state]
	data.kinds[input.to]
	not data.kinds[input.to].never
}

fields := {field | some class in data.disclose.classes[input.to]; some field in data.classes[class].fields}

obligations := data.disclose.bases[input.basis].obligations

refusals contains code if some code in law.hat_refusals(input.role, input.from)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains "recipient_unknown" if not data.kinds[input.to]

refusals contains data.kinds[input.to].never

refusals contains "basis_unknown" if not data.bases[input.basis]

refusals contains "category_missing" if data.bases[input.basis].category == "missing"

refusals contains "basis_not_for_parties" if {
	data.bases[input.basis]
	not law.carries(input.basis, input.from, input.to)
}

refusals contains "basis_not_for_purpose" if {
	data.disclose.bases[input.basis]
	not data.disclose.bases[input.basis].purposes[input.purpose]
}

refusals contains "state_unknown" if not data.states[input.state]

refusals contains "not_for_role" if not data.disclose.roles[input.role]

refusals contains "not_in_this_state" if not data.disclose.roles[input.role][input.to][input.state]
