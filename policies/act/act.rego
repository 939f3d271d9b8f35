# METADATA
# title: Act
# description: Whether the asker may take a step with an item (domain.md 2.2).
# scope: package
# schemas:
#   - input: schema.act
package infohus.act

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"not_in_this_state"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": reasons, "obligations": obligations} if {
	count(reasons) > 0
} else := law.no(refusals) if {
	count(refusals) > 0
} else := law.no({why})

reasons contains standing if {
	some standing, states in data.act[input.action][input.role]
	states[input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
	known
}

# The hub itself has no relation to an item, and uses no content (L38).
reasons contains "system" if {
	input.role == "system"
	law.hat(input.role, input.kind)
	input.purpose == "operation"
	data.system[input.action][input.state]
}

known if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.item(input.relation, input.received_by, input.state, input.recused)
}

# The number that is revealed is the one field that a step opens.
fields contains "cpr" if input.action == "reveal"

obligations contains "justify" if input.action == "reveal"

obligations contains "step_up" if data.step_up[input.action]

refusals contains code if {
	not law.hat(input.role, input.kind)
	some code in law.hat_refusals(input.role, input.kind)
}

refusals contains "action_unknown" if {
	not data.act[input.action]
	not data.system[input.action]
}

refusals contains code if {
	input.role != "system"
	not law.content(input.purpose)
	some code in law.purpose_refusals(input.purpose)
}

refusals contains code if {
	input.role != "system"
	not law.item(input.relation, input.received_by, input.state, input.recused)
	some code in law.item_refusals(input.relation, input.received_by, input.state, input.recused)
}

refusals contains "sender_unknown" if {
	input.relation == "shared"
	not data.senders[input.shared_by]
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
	not related
}

related if {
	some standing, _ in data.act[input.action][input.role]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
}
