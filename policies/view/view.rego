# METADATA
# title: View
# description: Which fields of an item the asker may see now (domain.md 2.4).
# scope: package
# schemas:
#   - input: schema.view
package infohus.view

import data.infohus.law
import data.infohus.tables

default answer := {"allow": false, "fields": [], "reasons": {"not_in_this_state"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": reasons, "obligations": obligations} if {
	count(fields) > 0
} else := law.no(refusals) if {
	count(refusals) > 0
} else := law.no({why})

fields := union({shown | some shown in opened})

reasons := {standing | some standing, shown in opened; count(shown) > 0}

# opened is the fields that each standing opens.
opened[standing] := shown if {
	known
	some standing, shown in tables.alone[input.role][input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
}

# Of what was shared, only what the share names, and only on a basis that
# carries it from who shared it, and is one for this kind of item (L1, L2).
opened[standing] := shown if {
	input.relation == "shared"
	known
	law.carries(input.basis, input.shared_by, input.kind)
	law.covers(input.basis, input.state)
	some standing, classes in tables.named[input.role][input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
	shown := union({classes[class] | some class in split(input.classes, ",")})
}

# Break-glass sets need-to-know inside the own authority aside (forvaltningsloven
# § 32, L9), and nothing else: no recusal, no state that is over, no share that was
# not made, and nothing of what was shared before the police have released it (A030).
opened["glass"] := tables.alone[input.role][input.state].glass if {
	input.glass
	grounded
	input.relation == "own"
	input.kind == input.received_by
	known
}

opened["glass"] := shown if {
	input.glass
	grounded
	input.relation == "shared"
	data.senders[input.shared_by]
	data.glass.shared[input.state]
	law.carries(input.basis, input.shared_by, input.kind)
	law.covers(input.basis, input.state)
	known
	classes := tables.named[input.role][input.state].glass
	shown := union({classes[class] | some class in split(input.classes, ",")})
}

# grounded holds while there is a legal basis on which glass is broken: what was broken
# before it ended opens nothing after.
grounded if {
	some basis, _ in data.glass.bases
	data.bases[basis]
}

known if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.item(input.relation, input.received_by, input.state, input.recused)
}

obligations contains "mask_cpr" if "cpr" in fields

obligations contains "hide_protected_address" if "address" in fields

# refusals is why the asker may have nothing of any such item.
refusals := union({
	law.hat_refusals(input.role, input.kind),
	law.purpose_refusals(input.purpose),
	law.item_refusals(input.relation, input.received_by, input.state, input.recused),
	law.sender_refusals(input.relation, input.shared_by),
})

# why is why nothing of this one.
why := "no_relation" if {
	not related
} else := "not_for_role" if {
	not data.view[input.role]
} else := "nothing_shared" if {
	some standing in data.through
	data.view[input.role][standing][input.state]
	law.stands(standing, input.author, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
} else := "nothing_shared" if {
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
