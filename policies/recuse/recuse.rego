# METADATA
# title: Recuse
# description: Whether the asker may say that somebody is too close to an item to deal with it, or lift that (forvaltningsloven §§ 3-6).
# scope: package
# schemas:
#   - input: schema.recuse
package infohus.recuse

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": reasons, "obligations": []} if {
	count(reasons) > 0
} else := law.no(refusals) if {
	count(refusals) > 0
}

reasons contains standing if {
	law.hat(input.role, input.kind)
	law.item(input.relation, input.received_by, input.state, input.recused)
	data.recuse.states[input.state]
	grounded
	some standing in data.recuse[whose][input.role][data.states[input.state].item]
	law.stands(standing, false, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
}

# whose is which table holds: of oneself, or of colleagues.
whose := "self" if {
	input.self
	input.same_authority
	input.lift == false
}

whose := "colleague" if {
	input.self == false
	input.same_authority
	input.said == false
}

# A ground is one that the law has; what is lifted needs none.
grounded if {
	input.lift == false
	data.recuse.grounds[input.ground]
}

grounded if {
	input.lift
	input.ground == ""
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.item_refusals(input.relation, input.received_by, input.state, input.recused)

refusals contains "ground_unknown" if not grounded

refusals contains "not_a_colleague" if not input.same_authority

refusals contains "own_recusal" if {
	input.lift
	input.self
}

refusals contains "own_recusal" if {
	input.lift
	input.said
}

refusals contains "not_for_role" if {
	whose
	not data.recuse[whose][input.role]
}

refusals contains "not_in_this_state" if not data.recuse.states[input.state]

refusals contains "no_relation" if {
	data.recuse[whose][input.role]
	not related
}

related if {
	some standing in data.recuse[whose][input.role][data.states[input.state].item]
	law.stands(standing, false, input.relation, input.assigned, input.kind, input.received_by, input.shared_by)
}
