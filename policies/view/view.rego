# METADATA
# title: View
# description: Which fields of an item the asker may see now (domain.md 2.4).
# scope: package
# schemas:
#   - input: schema.view
package infohus.view

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"not_in_this_state"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": reasons, "obligations": obligations} if {
	count(fields) > 0
} else := law.no(refusals) if {
	count(refusals) > 0
} else := law.no({why})

fields := {field | some part in opened[_]; some field in data.classes[part].fields}

reasons := {standing | some standing, parts in opened; count(parts) > 0}

# opened is the classes, or narrower editions of them, that each standing opens.
opened[standing] := parts if {
	some standing, states in data.view[input.role]
	parts := states[input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
	not standing in data.through
	known
}

# Of what was shared, only what the share names, and only on a basis that
# carries it from who shared it, and is one for this kind of item (L1, L2).
opened[standing] := parts if {
	input.relation == "shared"
	some standing in data.through
	all := data.view[input.role][standing][input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
	law.carries(input.basis, input.shared_by, input.kind)
	law.covers(input.basis, input.state)
	known
	named := split(input.classes, ",")
	parts := [part | some part in all; data.classes[part].of in named]
}

# Break-glass sets need-to-know inside the own authority aside (forvaltningsloven
# § 32, L9), and nothing else: no recusal, no state that is over, no share that was
# not made.
opened["glass"] := parts if {
	input.glass
	input.relation == "own"
	input.kind == input.received_by
	parts := data.view[input.role].glass[input.state]
	known
}

opened["glass"] := parts if {
	input.glass
	input.relation == "shared"
	all := data.view[input.role].glass[input.state]
	data.senders[input.shared_by]
	law.carries(input.basis, input.shared_by, input.kind)
	law.covers(input.basis, input.state)
	known
	named := split(input.classes, ",")
	parts := [part | some part in all; data.classes[part].of in named]
}

known if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.item(input.relation, input.received_by, input.state, input.recused)
}

obligations contains "mask_cpr" if "cpr" in fields

obligations contains "hide_protected_address" if "address" in fields

refusals contains code if {
	not known
	some code in law.hat_refusals(input.role, input.kind)
}

refusals contains code if {
	not known
	some code in law.purpose_refusals(input.purpose)
}

refusals contains code if {
	not known
	some code in law.item_refusals(input.relation, input.received_by, input.state, input.recused)
}

refusals contains "sender_unknown" if {
	input.relation == "shared"
	not data.senders[input.shared_by]
}

why := "no_relation" if not related

why := "not_for_role" if {
	related
	not data.view[input.role]
}

why := "nothing_shared" if {
	some standing in data.through
	data.view[input.role][standing][input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
}

why := "nothing_shared" if {
	input.glass
	input.relation == "shared"
	data.view[input.role].glass[input.state]
}

related if input.author

related if {
	input.relation == "own"
	input.received_by == input.kind
}

related if input.relation == "shared"
