# The document's tables turned to where a question looks things up. They say
# nothing that the document does not, and are worked out once, when a revision is
# loaded, and not for each question.
package infohus.tables

# alone is the fields that a standing opens by itself, by role, state and standing.
alone[role][state][standing] := fields if {
	some role, standings in data.view
	some standing, states in standings
	not standing in data.through
	some state, parts in states
	fields := {field | some part in parts; some field in data.classes[part].fields}
}

# named is the fields that a standing opens of a class that a share must name:
# what comes through a share, and break-glass where there is one.
named[role][state][standing][class] := fields if {
	some role, standings in data.view
	some standing in array.concat(data.through, ["glass"])
	some state, parts in standings[standing]
	class := data.classes[parts[_]].of
	fields := {field | some part in parts; data.classes[part].of == class; some field in data.classes[part].fields}
}
