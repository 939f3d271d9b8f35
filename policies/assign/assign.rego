# METADATA
# title: Assign
# description: Whether the asker may give a named person access to an item, or take it back.
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
	input.self == false
	target
	state
	opens
}

# whose is which table holds: of colleagues, or of people of other authorities.
whose := "colleagues" if {
	input.same_authority
	input.target_kind in {"", input.kind}
}

whose := "others" if {
	input.same_authority == false
	data.assign.others.targets[input.role]
}

# at is where the person works: the own authority, or one of some kind.
at := {"colleagues": "own", "others": input.target_kind}[whose]

deed := "end" if input.end

deed := "give" if input.end == false

target if data.assign[whose].targets[input.role][data.states[input.state].item][at][input.target]

state if data.assign[whose][deed][input.role][input.relation][input.state]

# opens holds if whoever is let in sees something of it, now or in the state that it comes
# to: access to nothing is none. It is taken back whatever it opens.
opens if input.end

opens if {
	some standing in standings
	data.view[input.target][standing][object.get(data.states[input.state], "comes", input.state)]
}

# standings is how whoever is let in stands to it: as one of whose it is, or by a share.
standings := ["own", "assigned"] if {
	whose == "colleagues"
	input.relation == "own"
} else := data.through

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains data.kinds[input.target_kind].never

refusals contains "not_for_role" if not data.assign.colleagues.targets[input.role]

refusals contains "not_a_colleague" if not whose

refusals contains "target_unknown" if {
	not input.same_authority
	not data.kinds[input.target_kind]
}

refusals contains "self" if input.self

refusals contains "not_for_target" if {
	whose
	data.states[input.state]
	not target
}

refusals contains "nothing_to_see" if {
	target
	state
	not opens
}

refusals contains "recused" if input.recused

refusals contains "state_unknown" if not data.states[input.state]

refusals contains "no_relation" if not input.relation in {"own", "shared"}

refusals contains "not_in_this_state" if {
	whose
	not state
}
