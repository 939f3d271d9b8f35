# METADATA
# title: Act
# description: Whether the asker may take a step with a concern (domain.md 2.2).
# scope: package
# schemas:
#   - input: schema.act
package infohus.act

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"not_in_this_state"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": reasons, "obligations": obligations} if count(reasons) > 0

answer := law.no(refusals) if {
	count(reasons) == 0
	count(refusals) > 0
}

answer := law.no({why}) if {
	count(reasons) == 0
	count(refusals) == 0
}

reasons contains standing if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.concern(input.relation, input.received_by, input.state, input.recused)
	some standing in standings
	data.act[input.action][input.role][standing][input.state]
}

# The hub itself has no relation to a concern, and uses no content (L38).
reasons contains "system" if {
	input.role == "system"
	law.hat(input.role, input.kind)
	input.purpose == "operation"
	data.system[input.action][input.state]
}

standings := law.standings(input.author, input.relation, input.assigned, input.kind, input.received_by)

# The number that is revealed is the one field that a step opens.
fields contains "cpr" if input.action == "reveal"

obligations contains "justify" if input.action == "reveal"

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains "action_unknown" if {
	not data.act[input.action]
	not data.system[input.action]
}

refusals contains code if {
	input.role != "system"
	some code in law.purpose_refusals(input.purpose)
}

refusals contains code if {
	input.role != "system"
	some code in law.concern_refusals(input.relation, input.received_by, input.state, input.recused)
}

refusals contains "purpose_not_operation" if {
	input.role == "system"
	input.purpose != "operation"
}

refusals contains "state_unknown" if {
	input.role == "system"
	not data.states[input.state]
}

why := "not_for_role" if {
	not data.act[input.action][input.role]
	input.role != "system"
}

why := "not_for_role" if {
	input.role == "system"
	not data.system[input.action]
}

why := "no_relation" if {
	data.act[input.action][input.role]
	count({s | some s in standings; data.act[input.action][input.role][s]}) == 0
}
