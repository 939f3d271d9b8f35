# METADATA
# title: Extract
# description: Whether the asker may prepare, name, release or read the answer to a citizen, and which look-ups it tells of (L21).
# scope: package
# schemas:
#   - input: schema.extract
package infohus.extract

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": data.classes.trail.fields, "reasons": {"role"}, "obligations": obligations} if {
	allowed
} else := law.no(refusals) if {
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	data.extract.steps[input.step][input.role]
	data.extract.purposes[input.purpose]
	input.same_authority
	input.recused == false
	further[input.step]
}

# What a step takes besides.
further contains step if some step in {"read", "prepare", "name"}

# Nobody releases what they prepared, nor what somebody did who is too close: that one is
# not told when preparing it, or they would learn whom a reference stands for.
further contains "release" if {
	input.self == false
	input.linked == false
	input.by_recused == false
}

further contains "tell" if {
	look_up
	data.extract.states[input.kind][input.state]
	input.informed
	input.alone
}

# As what leaves the hub (A038).
obligations contains "step_up" if data.extract.step_up[input.step]

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if {
	not data.extract.purposes[input.purpose]
	some code in ({"purpose_not_log_control"} | (law.purpose_refusals(input.purpose) - {"purpose_without_content"}))
}

refusals contains "action_unknown" if not data.extract.steps[input.step]

refusals contains "not_for_role" if {
	data.extract.steps[input.step]
	not data.extract.steps[input.step][input.role]
}

refusals contains "not_own_authority" if not input.same_authority

refusals contains "recused" if input.recused

refusals contains "self" if {
	input.step == "release"
	input.self
}

refusals contains "linked" if {
	input.step == "release"
	input.linked
}

refusals contains "by_recused" if {
	input.step == "release"
	input.by_recused
}

refusals contains "not_told" if {
	input.step == "tell"
	not look_up
}

refusals contains "not_told_yet" if {
	input.step == "tell"
	not data.extract.states[input.kind][input.state]
}

refusals contains "not_informed" if {
	input.step == "tell"
	not input.informed
}

refusals contains "about_others" if {
	input.step == "tell"
	not input.alone
}

look_up if {
	data.extract.acts[input.act]
	data.extract.seen_for[input.seen_for]
	data.extract.seen_by[input.seen_by]
}
