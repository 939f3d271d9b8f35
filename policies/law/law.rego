# What every question begins with: is this somebody, at a kind of authority that
# takes part, for a purpose that is allowed. A yes rests on what holds (hat,
# content, item); the refusals only say why not.
#
# They are functions, so that the attributes are checked against the schema
# where they are named: in the questions.
package infohus.law

# hat holds for a role that there is, at a kind of authority that may have it.
hat(role, kind) if data.roles[role].kinds[kind]

# content holds for a purpose that opens content.
content(purpose) if data.purposes[purpose].content

# item holds if the attributes of an item are known, and the asker is not recused.
item(relation, received_by, state, recused) if {
	relation in {"own", "shared", ""}
	data.kinds[received_by].receives
	data.states[state]
	recused == false
}

# stands holds if the asker stands so to an item: by having written it
# (author), by working where it belongs (own) and being let in there (assigned),
# by what the authority of some kind shared (from_), or by being named in what was
# shared (invited).
stands("author", author, _, _, _, _, _) if author

stands("own", _, "own", _, kind, kind, _)

stands("assigned", _, "own", assigned, kind, kind, _) if assigned

stands("invited", _, "shared", assigned, _, _, shared_by) if {
	assigned
	data.senders[shared_by]
}

stands(standing, _, "shared", _, _, _, shared_by) if standing == data.senders[shared_by]

# carries holds if a legal basis that there is lets one kind of authority disclose to another (L2).
carries(basis, from, to) if {
	data.bases[basis]
	data.disclose.bases[basis].pairs[from][to]
}

# covers holds if a legal basis is one for the kind of item that has this state.
covers(basis, state) if data.disclose.bases[basis].items[data.states[state].item]

# processes holds if a legal basis lets an authority process for a purpose by itself.
processes(kind, basis, purpose) if {
	data.bases[basis]
	data.processing[kind][basis][purpose]
}

# no is a denial.
no(reasons) := {"allow": false, "fields": [], "reasons": reasons, "obligations": []}

# hat_refusals is why a hat may have nothing, whatever it asks.
hat_refusals(role, kind) := union({
	{"role_unknown" | not data.roles[role]},
	{data.roles[role].never | true},
	{"kind_unknown" | not data.kinds[kind]; not hat(role, kind)},
	{data.kinds[kind].never | true},
	{"role_not_at_kind" | data.roles[role]; data.kinds[kind]; not hat(role, kind)},
})

# purpose_refusals is why a purpose opens no content.
purpose_refusals(purpose) := union({
	{"purpose_unknown" | not data.purposes[purpose]},
	{data.purposes[purpose].refused | true},
})

# item_refusals is why an asker may have nothing to do with an item.
item_refusals(relation, received_by, state, recused) := union({
	{"recused" | recused},
	{"state_unknown" | not data.states[state]},
	{"receiver_unknown" | not data.kinds[received_by].receives},
	{"relation_unknown" | not relation in {"own", "shared", ""}},
})

# sender_refusals is why what was shared was shared by nobody who may.
sender_refusals(relation, shared_by) := {"sender_unknown" | relation == "shared"; not data.senders[shared_by]}

# processing_refusals is why an authority may not process on a legal basis.
processing_refusals(kind, basis, purpose) := union({
	{"basis_unknown" | not data.bases[basis]},
	{"basis_not_for_kind" | data.bases[basis]; not data.processing[kind][basis]},
	{"basis_not_for_purpose" | data.processing[kind][basis]; not processes(kind, basis, purpose)},
})
