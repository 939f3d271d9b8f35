# METADATA
# title: View
# description: Which fields of a concern the asker may see now (domain.md 2.4).
# scope: package
# schemas:
#   - input: schema.view
package infohus.view

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"not_in_this_state"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": reasons, "obligations": obligations} if count(fields) > 0

answer := law.no(refusals) if {
	count(fields) == 0
	count(refusals) > 0
}

answer := law.no({why}) if {
	count(fields) == 0
	count(refusals) == 0
}

fields := {field | some part in opened[_]; some field in data.classes[part].fields}

reasons := {standing | some standing, parts in opened; count(parts) > 0}

# opened is the classes, or narrower editions of them, that each standing opens.
opened[standing] := parts if {
	known
	some standing in standings
	not startswith(standing, "from_")
	parts := data.view[input.role][standing][input.state]
}

# Of what was shared, only what the share names, and only on a basis that
# carries it (L1, L2).
opened[standing] := parts if {
	known
	input.relation == "shared"
	law.carries(input.basis, input.received_by, input.kind)
	some standing in standings
	standing == data.senders[input.received_by]
	named := split(input.classes, ",")
	parts := [part | some part in data.view[input.role][standing][input.state]; data.classes[part].of in named]
}

known if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.concern(input.relation, input.received_by, input.state, input.recused)
}

standings := law.standings(input.author, input.relation, input.assigned, input.kind, input.received_by)

obligations contains "mask_cpr" if "cpr" in fields

obligations contains "hide_protected_address" if "address" in fields

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains code if {
	some code in law.concern_refusals(input.relation, input.received_by, input.state, input.recused)
}

why := "no_relation" if count(standings) == 0

why := "not_for_role" if {
	count(standings) > 0
	not data.view[input.role]
}

why := "nothing_shared" if {
	some standing in standings
	startswith(standing, "from_")
	data.view[input.role][standing][input.state]
}
