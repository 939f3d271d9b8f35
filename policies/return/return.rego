# METADATA
# title: Return
# description: Whether an authority that leaves may take along what it wrote, and of which fields (A017).
# scope: package
# schemas:
#   - input: schema.return
package infohus.return

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": data.return.items[input.item], "reasons": {"role"}, "obligations": obligations} if {
	law.hat(input.role, input.kind)
	law.content(input.purpose)
	data.return.roles[input.role]
	data.return.items[input.item]
	input.own
	input.leaving
	input.recused == false
} else := law.no(refusals) if {
	count(refusals) > 0
}

obligations contains "step_up" if data.return.step_up

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains "not_for_role" if not data.return.roles[input.role]

refusals contains "item_unknown" if not data.return.items[input.item]

refusals contains "not_own_authority" if not input.own

refusals contains "not_leaving" if not input.leaving

refusals contains "recused" if input.recused
