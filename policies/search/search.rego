# METADATA
# title: Search
# description: Whether a hat may look for somebody by the identifiers that are given.
# scope: package
# schemas:
#   - input: schema.search
package infohus.search

import data.infohus.law

default answer := {"allow": false, "fields": [], "reasons": {"incomplete"}, "obligations": []}

answer := {"allow": true, "fields": [], "reasons": {"role"}, "obligations": []} if allowed

answer := law.no(refusals) if {
	not allowed
	count(refusals) > 0
}

allowed if {
	law.hat(input.role, input.kind)
	input.own == false
	law.content(input.purpose)
	data.list[input.role]
	data.search.by[input.by]
	data.search.categories[input.category]
}

refusals contains code if some code in law.hat_refusals(input.role, input.kind)

refusals contains code if some code in law.purpose_refusals(input.purpose)

refusals contains "not_for_role" if not data.list[input.role]

refusals contains "identifiers_too_few" if not data.search.by[input.by]

refusals contains "category_not_searched" if not data.search.categories[input.category]

# Whoever is a party does not deal with the matter, nor look it up.
refusals contains "own_number" if input.own
