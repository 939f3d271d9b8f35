# METADATA
# title: Assign
# description: Whether the asker may give a colleague access to a concern, or take it back.
# scope: package
# schemas:
#   - input: schema.assign
package infohus.assign

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	input.recused == false
	input.same_authority
	input.self == false
	data.assign.targets[input.role][input.target]
	data.assign.states[input.role][input.relation][input.state]
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains "not_for_role" if not data.assign.states[input.role]

refusals contains "not_a_colleague" if not input.same_authority

refusals contains "self" if input.self

refusals contains "not_for_target" if not data.assign.targets[input.role][input.target]

refusals contains "recused" if input.recused

refusals contains "state_unknown" if not data.states[input.state]

refusals contains "no_relation" if not input.relation in {"own", "shared"}

refusals contains "not_in_this_state" if not data.assign.states[input.role][input.relation][input.state]
