# METADATA
# title: Glass
# description: Whether the asker may break the glass of an item, second it, give it back or review it (L9).
# scope: package
# schemas:
#   - input: schema.glass
package infohus.glass

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"role"}, "obligations": obligations} if {
	allowed
} else := law.no(refusals) if {
	count(refusals) > 0
}

allowed if {
	input.step == "break"
	opens
	near
	grounded
	data.glass.categories[input.category]
	data.glass.habits[input.habit]
	input.overdue == false
}

# Who says yes sees the item anyway, and is not the one who asked, nor stands in
# for that one or answers to that one (A047, A048).
allowed if {
	input.step == "second"
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.item(input.relation, input.received_by, input.state, input.recused)
	data.glass.second[input.role]
	near
	grounded
	open_state
	another
}

# What one has taken one may always give back.
allowed if {
	input.step == "end"
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	input.self
}

# The owner's data-protection officer, and never of the own, nor of what they are too
# close to (A055, A012).
allowed if {
	input.step == "review"
	input.recused == false
	law.hat(input.role, input.kind)
	data.glass.review.roles[input.role]
	data.glass.review.purposes[input.purpose]
	another
}

obligations contains "second_person" if {
	input.step == "break"
	data.glass.habits[input.habit].second
}

# As what leaves the hub (A038).
obligations contains "step_up" if data.glass.step_up[input.step]

opens if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	law.item(input.relation, input.received_by, input.state, input.recused)
	data.view[input.role].glass[input.state]
	released
}

# grounded holds for a legal basis that there is, and that is one for this.
grounded if {
	data.bases[input.basis]
	data.glass.bases[input.basis]
}

# near holds for what is the own authority's, or was shared with it: nothing is
# disclosed by breaking (L1).
near if {
	input.relation == "own"
	input.received_by == input.kind
}

near if {
	input.relation == "shared"
	data.senders[input.shared_by]
}

open_state if {
	data.view[_].glass[input.state]
	released
}

# released holds for what is the own authority's, and for what was shared once the
# police have released it (A030).
released if input.relation != "shared"

released if data.glass.shared[input.state]

another if {
	input.same_authority
	input.self == false
	input.linked == false
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains "action_unknown" if not input.step in {"break", "second", "end", "review"}

refusals contains code if {
	input.step != "review"
	some code in law.purpose_refusals(input.purpose)
}

refusals contains code if {
	input.step == "review"
	not data.glass.review.purposes[input.purpose]
	some code in ({"purpose_not_log_control"} | (law.purpose_refusals(input.purpose) - {"purpose_without_content"}))
}

refusals contains code if {
	input.step in {"break", "second"}
	some code in law.item_refusals(input.relation, input.received_by, input.state, input.recused)
}

refusals contains "recused" if {
	input.step == "review"
	input.recused
}

refusals contains "no_relation" if {
	input.step in {"break", "second"}
	not near
}

refusals contains "not_for_role" if {
	input.step == "break"
	not data.view[input.role].glass
}

refusals contains "not_for_role" if {
	input.step == "second"
	not data.glass.second[input.role]
}

refusals contains "not_for_role" if {
	input.step == "review"
	not data.glass.review.roles[input.role]
}

refusals contains "not_in_this_state" if {
	input.step == "break"
	data.view[input.role].glass
	not data.view[input.role].glass[input.state]
}

refusals contains "not_in_this_state" if {
	input.step == "break"
	data.view[input.role].glass[input.state]
	not released
}

refusals contains "not_in_this_state" if {
	input.step == "second"
	not open_state
}

refusals contains "basis_unknown" if {
	input.step in {"break", "second"}
	not data.bases[input.basis]
}

refusals contains "basis_not_for_purpose" if {
	input.step in {"break", "second"}
	data.bases[input.basis]
	not data.glass.bases[input.basis]
}

refusals contains "category_unknown" if {
	input.step == "break"
	not data.glass.categories[input.category]
}

refusals contains "habit_unknown" if {
	input.step == "break"
	not data.glass.habits[input.habit]
}

refusals contains "review_overdue" if {
	input.step == "break"
	input.overdue
}

refusals contains "not_own_authority" if {
	input.step in {"second", "review"}
	not input.same_authority
}

refusals contains "self" if {
	input.step in {"second", "review"}
	input.self
}

refusals contains "linked" if {
	input.step in {"second", "review"}
	input.linked
}

refusals contains "not_own" if {
	input.step == "end"
	not input.self
}
