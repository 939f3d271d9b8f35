# METADATA
# title: Certify
# description: Whether the asker may go through who has access at an authority (L56).
# scope: package
# schemas:
#   - input: schema.certify
package infohus.certify

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []} if {
	law.hat(input.role, input.kind)
	data.certify.actions[input.action][input.role]
	input.same_authority
	input.self == false
} else := law.no(refusals) if {
	count(refusals) > 0
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains "action_unknown" if not data.certify.actions[input.action]

refusals contains "not_for_role" if {
	data.certify.actions[input.action]
	not data.certify.actions[input.action][input.role]
}

refusals contains "not_own_authority" if not input.same_authority

refusals contains "self" if input.self
