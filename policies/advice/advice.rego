# METADATA
# title: Advice
# description: Who may be told what may be shared, and open what was kept of it (L1, L17).
# scope: package
# schemas:
#   - input: schema.advice
package infohus.advice

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": reasons, "obligations": []} if count(reasons) > 0

answer := law.no(refusals) if {
	count(reasons) == 0
	count(refusals) > 0
}

# Whoever may disclose anything may ask whether.
reasons contains "role" if {
	input.step == "ask"
	law.hat(input.role, input.kind)
	data.disclose.roles[input.role]
}

# What was kept is listed to whoever may open any of it: each by its own opening.
reasons contains "role" if {
	input.step == "list"
	law.hat(input.role, input.kind)
	data.advice.open[input.role]
}

reasons contains standing if {
	input.step == "open"
	input.own
	law.hat(input.role, input.kind)
	some standing in stands
	data.advice.open[input.role][standing]
}

stands contains "author" if input.asker

stands contains "manager" if input.manages

stands contains "role" if input.own

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains "action_unknown" if not input.step in {"ask", "list", "open"}

refusals contains "not_for_role" if {
	input.step == "ask"
	not data.disclose.roles[input.role]
}

refusals contains "not_for_role" if {
	input.step == "list"
	not data.advice.open[input.role]
}

refusals contains "not_own_authority" if {
	input.step == "open"
	not input.own
}

refusals contains "no_relation" if {
	input.step == "open"
	count({standing | some standing in stands; data.advice.open[input.role][standing]}) == 0
}
