# METADATA
# title: Disclose
# description: Whether an item may be shared with another authority (L1, L2).
# scope: package
# schemas:
#   - input: schema.disclose
package infohus.disclose

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": fields, "reasons": ({"basis", "role"} | nevertheless), "obligations": obligations} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.from)
	law.content(input.purpose)
	law.carries(input.basis, input.from, input.to)
	law.covers(input.basis, input.state)
	data.disclose.bases[input.basis].purposes[input.purpose]
	data.states[input.state].item == input.item
	data.disclose.roles[input.role][input.to][input.state]
	data.kinds[input.to]
	not data.kinds[input.to].never
	grounded
	count(missing) == 0
	onward
	granted
	witnessed
}

# witnessed holds while other authorities confirm the log, and where they have not for too
# long, for who says so and shares nevertheless.
witnessed if input.unwitnessed == false

witnessed if input.confirmed

nevertheless contains "confirmed_unwitnessed" if input.unwitnessed

# passing holds for what is always another's: a case is the municipality's, and so is
# whom it is about, which a question or an offer out of it tells. Nothing else is passed
# on, and to nobody else: only whose it is shares it.
passing if data.disclose.onward.passing[input.item][input.from][input.to]

# onward holds for what is the discloser's own, had on nobody's terms, and for what
# its own authority's terms let pass: of what it said no to, and of what it said
# nothing, nothing.
onward if {
	not passing
	input.under == ""
}

onward if {
	passing
	data.disclose.onward.terms[input.under].passes[asked]
}

# asked is whether the item's own authority was asked, and agreed.
asked := "agreed" if input.agreed

asked := "unasked" if input.agreed == false

# granted holds for the terms that the recipient gets: the narrowest, or what the
# basis allows of what is the discloser's own.
granted if input.terms in {"", "no_onward"}

granted if {
	not passing
	data.disclose.bases[input.basis].terms[input.terms]
}

# grounded holds for what is neither on health nor on offences, and for a class
# that is disclosed on a ground of its own, of the discloser's own law (L10, L11).
grounded if {
	input.class == ""
	input.special == ""
}

grounded if {
	data.disclose.special[input.class].adds[input.item]
	special
}

special if {
	data.bases[input.special]
	data.disclose.special[input.class].bases[input.from][input.special]
}

# holding is what has been seen to: a cooperation (§ 115 stk. 1-2), a task area
# (L5), a consent (L8).
holding contains "cooperation" if input.cooperation

holding contains "task_area" if input.task_area

holding contains "consent" if input.consent

# missing is why not, for what either party or the basis needs and is not seen to.
missing contains code if {
	some need, code in data.kinds[input.from].needs
	not need in holding
}

missing contains code if {
	some need, code in data.kinds[input.to].needs
	not need in holding
}

missing contains code if {
	some need, code in data.disclose.bases[input.basis].needs
	not need in holding
}

classes contains class if some class in data.disclose.classes[input.item][input.to]

classes contains class if some class in data.disclose.special[input.class].adds[input.item]

fields := {field | some class in classes; some field in data.classes[class].fields}

obligations contains code if some code in data.disclose.bases[input.basis].obligations

obligations contains code if some code in data.disclose.special[input.class].obligations

refusals contains code if some code in law.hat_refusals(input.role, input.from)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains "recipient_unknown" if not data.kinds[input.to]

refusals contains data.kinds[input.to].never

refusals contains "item_unknown" if not data.items[input.item]

refusals contains "state_unknown" if not data.states[input.state]

refusals contains "state_not_of_item" if {
	data.items[input.item]
	data.states[input.state].item != input.item
}

refusals contains "basis_unknown" if not data.bases[input.basis]

refusals contains "category_missing" if data.bases[input.basis].category == "missing"

refusals contains "basis_not_for_parties" if {
	data.bases[input.basis]
	not law.carries(input.basis, input.from, input.to)
}

refusals contains "basis_not_for_item" if {
	data.disclose.bases[input.basis]
	data.states[input.state]
	not law.covers(input.basis, input.state)
}

refusals contains "basis_not_for_purpose" if {
	data.disclose.bases[input.basis]
	not data.disclose.bases[input.basis].purposes[input.purpose]
}

refusals contains code if some code in missing

refusals contains "terms_of_owner" if {
	passing
	not onward
}

refusals contains "not_passed_on" if {
	not passing
	not onward
}

refusals contains "terms_not_for_basis" if {
	input.terms
	not granted
}

refusals contains "class_unknown" if {
	input.class != ""
	not data.disclose.special[input.class]
}

refusals contains "class_not_for_item" if {
	data.disclose.special[input.class]
	not data.disclose.special[input.class].adds[input.item]
}

refusals contains "special_basis_missing" if {
	data.disclose.special[input.class]
	not special
}

refusals contains "number_missing" if data.bases[input.special].number == "missing"

refusals contains "special_without_class" if {
	input.class == ""
	input.special != ""
}

refusals contains "unwitnessed" if not witnessed

refusals contains "not_for_role" if not data.disclose.roles[input.role]

refusals contains "not_in_this_state" if not data.disclose.roles[input.role][input.to][input.state]
