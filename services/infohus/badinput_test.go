//go:build !race

package main

import (
	"strings"
	"testing"

	"github.com/infohus/infohus/pkg/hubtest"
)

// bad is a row of the table of bad input (issue 2, section 7): what is sent
// where, and what comes of it. Each row is a subtest.
type bad struct {
	name   string
	where  string // a form that is page and API alike ("person", "concern", …), an operation ("POST /api/concerns"), or a page ("page /tell")
	input  string // what differs from good input: "field=value; field=value", each field by its name on the page
	status int    // of API and page
	field  string // at which field it is told
	key    string // which message
	kept   string // what the page keeps of what was typed: "" all of it; "not x" all but the field x, which has no such choice

	body func(good string) string                   // instead of input: what is sent to an operation, made from the good body
	do   func(w *wrong) (api, page *hubtest.Answer) // instead of both: what takes more than one request
}

// badInput is the table. The good input that a row differs from stands in
// badinput_ask_test.go, by form.
var badInput = []bad{
	// Who it is about. A number is refused by its form and its date, never by its
	// check digit (L30).
	{name: "a number of a day that is in no calendar", where: "person", input: "cpr=900208-4019", status: 400, field: "cpr", key: "person.error.cpr.date"},
	{name: "a number of day 32", where: "person", input: "cpr=320108-4019", status: 400, field: "cpr", key: "person.error.cpr.date"},
	{name: "a number of day 60", where: "person", input: "cpr=600108-4019", status: 400, field: "cpr", key: "person.error.cpr.date"},
	{name: "a number of day 92", where: "person", input: "cpr=920108-4019", status: 400, field: "cpr", key: "person.error.cpr.date"},
	{name: "a number of month 13", where: "person", input: "cpr=671308-4019", status: 400, field: "cpr", key: "person.error.cpr.date"},
	{name: "a number of nine digits", where: "person", input: "cpr=670308-401", status: 400, field: "cpr", key: "person.error.cpr.form"},
	{name: "a number of eleven digits", where: "person", input: "cpr=670308-40190", status: 400, field: "cpr", key: "person.error.cpr.form"},
	{name: "a number with a letter", where: "person", input: "cpr=670308-401O", status: 400, field: "cpr", key: "person.error.cpr.form"},
	{name: "a number of somebody not born yet", where: "person", input: "cpr=670330-4019", status: 400, field: "cpr", key: "person.error.cpr.future"},
	{name: "a number and none", where: "person", input: "no_cpr=yes", status: 400, field: "no_cpr", key: "person.error.cpr.and_none"},
	{name: "a number that fails modulus 11", where: "person", input: "cpr=670308-4010; name=Bertram Modulus", status: 201},
	{name: "a number that fulfils modulus 11", where: "person", input: "cpr=670308-4079; name=Bertram Modulus", status: 201},
	{name: "a substitute number without its hyphen", where: "person", input: "cpr=9103084019; name=Bertram Erstatning", status: 201},
	{name: "no number", where: "person", input: "cpr=; no_cpr=yes; name=Bertram Uden", status: 201},
	{name: "nobody known", where: "person", input: "cpr=; name=; unknown=yes", status: 201},
	{name: "born tomorrow", where: "person", input: "cpr=; birth_date=17-11-2026", status: 400, field: "birth_date", key: "person.error.birth.future"},
	{name: "born on 31 February", where: "person", input: "cpr=; birth_date=31-2-2011", status: 400, field: "birth_date", key: "person.error.birth.date"},
	{name: "born in a year of two digits", where: "person", input: "cpr=; birth_date=1-2-11", status: 400, field: "birth_date", key: "person.error.birth.form"},
	{name: "born 140 years ago", where: "person", input: "cpr=; birth_date=1-2-1886", status: 400, field: "birth_date", key: "person.error.birth.past"},
	{name: "born on another day than the number says", where: "person", input: "birth_date=8-3-2008", status: 400, field: "birth_date", key: "person.error.birth.disagrees"},
	{name: "no name", where: "person", input: "name=", status: 400, field: "name", key: "error.missing"},
	{name: "a name of 201 characters", where: "person", input: "name=" + strings.Repeat("ø", 201), status: 400, field: "name", key: "error.too_long"},
	{name: "a name with a change of direction in it", where: "person", input: "name=Bert\u200fram", status: 400, field: "name", key: "person.error.text.hidden"},
	{name: "unknown, and named", where: "person", input: "unknown=yes", status: 400, field: "unknown", key: "person.error.subject.not_unknown"},
	{name: "under 18 by the tick, and older by the number", where: "person", input: "cpr=670390-4019; birth_date=; age_band=under_18", status: 400, field: "age_band", key: "person.error.age.disagrees"},
	{name: "an age that is no band", where: "person", input: "age_band=old", status: 400, field: "age_band", key: "error.unknown_choice", kept: "not age_band"},

	// What was seen.
	{name: "nothing was seen", where: "concern", input: "statements.0.text=", status: 400, field: "statements.0.text", key: "error.missing|intake.error.statement_missing"},
	{name: "a statement without its type (L39)", where: "concern", input: "statements.0.kind=", status: 400, field: "statements.0.kind", key: "intake.error.statement_kind"},
	{name: "a statement of a type that there is not", where: "concern", input: "statements.0.kind=rumour", status: 400, field: "statements.0.kind", key: "intake.error.statement_kind", kept: "not statements.0.kind"},
	{name: "seen tomorrow", where: "concern", input: "statements.0.observed_on=17-11-2026", status: 400, field: "statements.0.observed_on", key: "intake.error.future"},
	{name: "seen on 30 February", where: "concern", input: "statements.0.observed_on=30-2-2026", status: 400, field: "statements.0.observed_on", key: "error.date"},
	{name: "seen in 1899", where: "concern", input: "statements.0.observed_on=31-12-1899", status: 400, field: "statements.0.observed_on", key: "error.date"},
	{name: "no reason why now", where: "concern", input: "why_now=", status: 400, field: "why_now", key: "error.missing"},
	{name: "a text of spaces", where: "concern", input: "why_now=   \n  ", status: 400, field: "why_now", key: "error.missing"},
	{name: "a text of 2,001 characters", where: "concern", input: "why_now=" + strings.Repeat("å", 2001), status: 400, field: "why_now", key: "error.too_long"},
	{name: "a statement of 2,001 characters", where: "concern", input: "statements.0.text=" + strings.Repeat("a b", 667), status: 400, field: "statements.0.text", key: "error.too_long"},
	{name: "another's number in a statement (L29)", where: "concern", input: "statements.0.text=Set med Bo, 010190-1234, ved kiosken.", status: 400, field: "statements.0.text", key: "error.number"},
	{name: "another's number in why now (L29)", where: "concern", input: "why_now=Hans mor, Eva (0101901234), ringede.", status: 400, field: "why_now", key: "error.number"},
	{name: "another's number in how a reporter is reached (L29)", where: "concern", input: "reporter_contact=Moren er 610190 1234", status: 400, field: "reporter_contact", key: "error.number"},
	{name: "no urgency: nobody sets it but a human", where: "concern", input: "urgency=", status: 400, field: "urgency", key: "error.choose"},
	{name: "an urgency that there is not", where: "concern", input: "urgency=red", status: 400, field: "urgency", key: "error.unknown_choice", kept: "not urgency"},
	{name: "acute, and not why", where: "concern", input: "urgency=acute", status: 400, field: "urgency_reason", key: "intake.error.acute_reason"},
	{name: "a theme that there is not", where: "concern", input: "theme=religion", status: 400, field: "theme", key: "error.unknown_choice", kept: "not theme"},
	{name: "an anonymous reporter with a name (N9)", where: "concern", input: "reporter_kind=anonymous; reporter_name=Tove Tavle", status: 400, field: "reporter_name", key: "intake.error.anonymous_named"},
	{name: "a reporter's name of 201 characters", where: "concern", input: "reporter_name=" + strings.Repeat("T", 201), status: 400, field: "reporter_name", key: "error.too_long"},

	// On what ground it is handed in, and put before the police.
	{name: "handed in for an investigation (L3)", where: "ground", input: "purpose=investigation", status: 400, field: "purpose", key: "intake.error.purpose", kept: "not purpose"},
	{name: "handed in to control benefits (L55)", where: "ground", input: "purpose=benefit_check", status: 400, field: "purpose", key: "intake.error.purpose", kept: "not purpose"},
	{name: "handed in by the municipality on the police's basis", where: "ground", input: "legal_basis=RHL", status: 400, field: "purpose", key: "intake.error.purpose", kept: "not legal_basis"},
	{name: "handed in on a basis that there is not", where: "ground", input: "legal_basis=XYZ1", status: 400, field: "purpose", key: "intake.error.purpose", kept: "not legal_basis"},
	{name: "put before the police without saying why (L1)", where: "ground", input: "necessity=", status: 400, field: "necessity", key: "error.missing"},
	{name: "put before the police for a reason of one letter", where: "ground", input: "necessity=" + strings.Repeat("a", 60), status: 400, field: "necessity", key: "error.sentence"},
	{name: "put before the police for a reason of 29 characters", where: "ground", input: "necessity=Politiet skal vide hvem det e", status: 400, field: "necessity", key: "error.too_short"},
	{name: "put before the police on the police's own basis (L2)", where: "ground", input: "forward_basis=RPL115-1-1", status: 400, field: "forward_basis", key: "refusal.basis_not_for_parties", kept: "not forward_basis"},
	{name: "put before the police on no basis", where: "ground", input: "forward_basis=", status: 400, field: "forward_basis", key: "error.choose"},
	{name: "forwarded without saying why (L1)", where: "forward", input: "necessity=", status: 400, field: "necessity", key: "error.missing"},
	{name: "forwarded on no basis", where: "forward", input: "legal_basis=", status: 400, field: "legal_basis", key: "error.choose"},
	{name: "forwarded on a basis that gives only the forum (RPL114)", where: "forward", input: "legal_basis=RPL114", status: 400, field: "legal_basis", key: "refusal.basis_not_for_parties", kept: "not legal_basis"},
	{name: "forwarded on the police's basis (L2)", where: "forward", input: "legal_basis=RPL115-1-1", status: 400, field: "legal_basis", key: "refusal.basis_not_for_parties", kept: "not legal_basis"},
	{name: "forwarded for an investigation (L3)", where: "forward", input: "purpose=investigation", status: 400, field: "purpose", key: "refusal.purpose_investigation_never", kept: "not purpose"},
	{name: "forwarded for another purpose than the basis has", where: "forward", input: "purpose=child_welfare", status: 400, field: "purpose", key: "refusal.basis_not_for_purpose", kept: "not purpose"},

	// The steps.
	{name: "no answer of the police", where: "check", input: "outcome=", status: 400, field: "outcome", key: "error.choose"},
	{name: "an answer of the police that there is not", where: "check", input: "outcome=maybe", status: 400, field: "outcome", key: "error.choose", kept: "not outcome"},
	{name: "released without saying why it is disclosed (L1)", where: "check", input: "necessity=", status: 400, field: "necessity", key: "error.missing"},
	{name: "released on the municipality's basis (L2)", where: "check", input: "legal_basis=RPL115-2", status: 400, field: "legal_basis", key: "refusal.basis_not_for_parties", kept: "not legal_basis"},
	{name: "a triage without an outcome", where: "triage", input: "outcome=", status: 400, field: "outcome", key: "error.choose"},
	{name: "another track, and not which", where: "triage", input: "outcome=other_track", status: 400, field: "track", key: "error.choose"},
	{name: "a triage without a rationale", where: "triage", input: "rationale=", status: 400, field: "rationale", key: "error.missing"},
	{name: "a rationale of one word", where: "triage", input: "rationale=Enig.", status: 400, field: "rationale", key: "error.too_short"},
	{name: "taken back without a reason", where: "recall", input: "reason=", status: 400, field: "reason", key: "error.missing"},
	{name: "taken back for a reason of one word", where: "recall", input: "reason=Forkert.", status: 400, field: "reason", key: "error.too_short"},
	{name: "rerouted nowhere", where: "reroute", input: "track=", status: 400, field: "track", key: "error.choose"},
	{name: "a notification without an outcome", where: "notification", input: "outcome=", status: 400, field: "outcome", key: "error.choose"},
	{name: "a notification without a reason", where: "notification", input: "reason=", status: 400, field: "reason", key: "error.missing"},
	{name: "nobody let in", where: "access", input: "hat=", status: 400, field: "hat", key: "intake.error.colleague"},
	{name: "somebody of another authority let in", where: "access", input: "hat=$valborg", status: 400, field: "hat", key: "intake.error.colleague", kept: "not hat"},
	{name: "oneself let in", where: "access", input: "hat=$gudrun", status: 400, field: "hat", key: "intake.error.self", kept: "not hat"},
	{name: "let in until yesterday", where: "access", input: "until=15-11-2026", status: 400, field: "until", key: "intake.error.past"},
	{name: "a number shown for no reason (L29)", where: "reveal", input: "reason=", status: 400, field: "reason", key: "error.missing"},
	{name: "a number shown for a full stop (A052)", where: "reveal", input: "reason=.", status: 400, field: "reason", key: "error.missing"},

	// Two readings of one body, and more than was asked for (A003, A004).
	{name: "10 MB of text", where: "POST /api/concerns", body: instead("Ny omgangskreds.", strings.Repeat("Ord. ", 2<<20)), status: 413, key: "error.body.size"},
	{name: "invalid UTF-8", where: "POST /api/concerns", body: instead("Ny omgangskreds.", "Ny \xff\xfe kreds"), status: 400, key: "error.body.utf8"},
	{name: "a NUL in a text about a person", where: "POST /api/concerns", body: instead("Ny omgangskreds.", `Ny \u0000 kreds`), status: 400, field: "why_now", key: "error.body.hidden"},
	{name: "a NUL in a code", where: "POST /api/concerns", body: instead(`"normal"`, `"nor\u0000mal"`), status: 400, field: "urgency", key: "error.body.hidden"},
	{name: "a NUL in a draft", where: "POST /api/concerns/drafts", body: instead("Ny omgangskreds.", `Ny \u0000 kreds`), status: 400, field: "why_now", key: "error.body.hidden"},
	{name: "a text that turns the direction of what follows (A108)", where: "POST /api/concerns", body: instead("Ny omgangskreds.", `Ny \u202e kreds`), status: 400, field: "why_now", key: "error.body.hidden"},
	{name: "a control character", where: "POST /api/concerns", body: instead("Ny omgangskreds.", `Ny \u0007 kreds`), status: 400, field: "why_now", key: "error.body.hidden"},
	{name: "what is no character", where: "POST /api/concerns/drafts", body: instead("Ny omgangskreds.", `Ny \uffff kreds`), status: 400, field: "why_now", key: "error.body.hidden"},
	{name: "another authority's municipality", where: "POST /api/concerns", body: plus(`"municipality":"roskilde"`), status: 400, field: "municipality", key: "intake.error.municipality.own"},
	{name: "a key twice", where: "POST /api/concerns", body: plus(`"why_now":"Noget andet."`), status: 400, field: "why_now", key: "error.json.duplicate"},
	{name: "a key twice, spelt with an escape", where: "POST /api/concerns", body: plus(`"why\u005fnow":"Noget andet."`), status: 400, field: "why_now", key: "error.json.duplicate"},
	{name: "a key in other case", where: "POST /api/concerns", body: plus(`"WHY_NOW":"Noget andet."`), status: 400, field: "WHY_NOW", key: "error.json.unknown"},
	{name: "ID instead of id", where: "POST /api/concerns", body: plus(`"ID":"0"`), status: 400, field: "ID", key: "error.json.unknown"},
	{name: "id: whose it is to say", where: "POST /api/concerns", body: plus(`"id":"0"`), status: 400, field: "id", key: "error.json.unknown"},
	{name: "agency_id", where: "POST /api/concerns", body: plus(`"agency_id":"roskilde"`), status: 400, field: "agency_id", key: "error.json.unknown"},
	{name: "owner", where: "POST /api/concerns", body: plus(`"owner":"sigrid"`), status: 400, field: "owner", key: "error.json.unknown"},
	{name: "controller", where: "POST /api/concerns", body: plus(`"controller":"roskilde"`), status: 400, field: "controller", key: "error.json.unknown"},
	{name: "author", where: "POST /api/concerns", body: plus(`"author":"x"`), status: 400, field: "author", key: "error.json.unknown"},
	{name: "role", where: "POST /api/concerns", body: plus(`"role":"police_coordinator"`), status: 400, field: "role", key: "error.json.unknown"},
	{name: "status", where: "POST /api/concerns", body: plus(`"status":"case"`), status: 400, field: "status", key: "error.json.unknown"},
	{name: "state", where: "POST /api/concerns", body: plus(`"state":"case"`), status: 400, field: "state", key: "error.json.unknown"},
	{name: "shared_with", where: "POST /api/concerns", body: plus(`"shared_with":["roskilde"]`), status: 400, field: "shared_with", key: "error.json.unknown"},
	{name: "created_at", where: "POST /api/concerns", body: plus(`"created_at":"2020-01-01T00:00:00Z"`), status: 400, field: "created_at", key: "error.json.unknown"},
	{name: "received_at, to move a clock", where: "POST /api/concerns", body: plus(`"received_at":"2020-01-01T00:00:00Z"`), status: 400, field: "received_at", key: "error.json.unknown"},
	{name: "purpose_override", where: "POST /api/concerns", body: plus(`"purpose_override":"investigation"`), status: 400, field: "purpose_override", key: "error.json.unknown"},
	{name: "an unknown field inside a statement", where: "POST /api/concerns", body: instead(`"kind":"fact"`, `"kind":"fact","score":5`), status: 400, field: "statements.0.score", key: "error.json.unknown"},
	{name: "controller of a person", where: "POST /api/subjects", body: plus(`"controller":"roskilde"`), status: 400, field: "controller", key: "error.json.unknown"},
	{name: "an outcome of the check in another's field", where: "check", body: plus(`"check_outcome":"released"`), status: 400, field: "check_outcome", key: "error.json.unknown"},
	{name: "an array for a text", where: "POST /api/concerns", body: instead(`"Ny omgangskreds."`, `["Ny omgangskreds."]`), status: 400, field: "why_now", key: "error.json.kind"},
	{name: "a number for a text", where: "POST /api/concerns", body: instead(`"normal"`, `1`), status: 400, field: "urgency", key: "error.json.kind"},
	{name: "an object for a list", where: "POST /api/concerns", body: instead(`"statements":[`, `"statements":{"0":[`), status: 400, field: "statements", key: "error.json.kind"},
	{name: "1e400 for a number", where: "POST /api/concerns", body: plus(`"version":1e400`), status: 400, field: "version", key: "error.json.kind"},
	{name: "1.5 for a number", where: "POST /api/concerns", body: plus(`"version":1.5`), status: 400, field: "version", key: "error.json.kind"},
	{name: "a text for a truth", where: "POST /api/concerns", body: instead(`"first_hand":true`, `"first_hand":"yes"`), status: 400, field: "statements.0.first_hand", key: "error.json.kind"},
	{name: "a second value after the first", where: "POST /api/concerns", body: then(`{}`), status: 400, key: "error.json.trailing"},
	{name: "words after the value", where: "POST /api/concerns", body: then(` og mere`), status: 400, key: "error.json.trailing"},
	{name: "half a body", where: "POST /api/concerns", body: func(good string) string { return good[:len(good)/2] }, status: 400, key: "error.json.syntax"},
	{name: "no body", where: "POST /api/concerns", body: func(string) string { return "" }, status: 400, key: "error.json.syntax"},
	{name: "a list for a body", where: "POST /api/concerns", body: func(good string) string { return "[" + good + "]" }, status: 400, key: "error.json.kind"},
	{name: "null for a body", where: "POST /api/concerns", body: func(string) string { return "null" }, status: 400, field: "urgency", key: "error.choose"},
	{name: "a hundred thousand brackets", where: "POST /api/concerns", body: func(string) string { return strings.Repeat("[", 100_000) }, status: 400, key: "error.json.kind"},
	{name: "an unknown word in a query", where: "GET /api/concerns?owner=roskilde", status: 400, field: "owner", key: "error.json.unknown"},
	{name: "a word twice in a query", where: "GET /api/concerns?limit=1&limit=2", status: 400, field: "limit", key: "error.json.duplicate"},
	{name: "1e400 in a query", where: "GET /api/concerns?limit=1e400", status: 400, field: "limit", key: "error.json.kind"},
	{name: "101 lines of a list", where: "GET /api/concerns?limit=101", status: 400, field: "limit", key: "error.json.range"},
	{name: "a line less than none", where: "GET /api/concerns?limit=-1", status: 400, field: "limit", key: "error.json.range"},
	{name: "a NUL in a query", where: "GET /api/concerns?after=%00", status: 400, field: "after", key: "error.address"},
	{name: "a NUL for a case in a query", where: "GET /api/requests?case=%00", status: 400, field: "case", key: "error.address"},
	{name: "invalid UTF-8 in a query", where: "GET /api/concerns?after=%ff", status: 400, field: "after", key: "error.address"},
	{name: "a NUL in the address of a page", status: 400, key: "error.address", do: pages("after=%00", "/concerns", "/cases", "/offers", "/meetings")},
	{name: "invalid UTF-8 in the address of a page", status: 400, key: "error.address", do: pages("after=%ff", "/concerns", "/cases", "/offers", "/meetings")},
	{name: "a list of a state that there is not", where: "GET /api/concerns?state=secret", status: 400, field: "state", key: "error.unknown_choice"},
	{name: "a list after nothing", where: "GET /api/concerns?after=x", status: 400, field: "after", key: "error.unknown_choice"},

	// What takes more than one request, and what is forged.
	{name: "two tabs write in one draft", status: 409, key: "intake.error.draft_changed", do: twoTabs},
	{name: "a form sent twice", status: 200, do: doubleClick},
	{name: "a concern sent twice under one key", status: 201, do: sentTwice},
	{name: "another concern under a used key", status: 409, key: "error.key_reused", do: keyReused},
	{name: "a key of 101 characters", where: "POST /api/concerns", do: longKey, status: 400, field: "Idempotency-Key", key: "error.key"},
	{name: "a colleague let in twice by one form", status: 200, do: letInTwice},
	{name: "an access taken back twice", status: 409, key: "error.already_ended", do: endedTwice},
	{name: "the sign-in ends in mid-typing", status: 200, do: signInEnds},
	{name: "the sign-in ends in mid-typing, and somebody else signs in", status: 200, do: somebodyElse},
	{name: "the hat is changed in another tab", status: 409, do: otherHat},
	{name: "back after signing out", status: 303, do: backAfterSignOut},
	{name: "a step out of order", status: 409, key: "intake.error.step", do: outOfOrder},
	{name: "somebody else's concern in the path", status: 404, key: "", do: othersPath},
	{name: "somebody else's draft in the body", status: 404, key: "", do: othersDraft},
	{name: "somebody else's person in the body", status: 400, field: "subject", key: "intake.error.subject", do: othersSubject},
	{name: "somebody else's person, whom nothing is about yet, in the body", status: 400, field: "subject", key: "intake.error.subject", do: unusedSubject},
	{name: "somebody let in who is in already", status: 409, key: "intake.error.already_in", do: inAlready},
	{name: "a person who never was in the body", status: 400, field: "subject", key: "intake.error.subject", do: inventedSubject},
	{name: "bad input from whoever may not send good (A026)", status: 404, key: "", do: stranger},
	{name: "another concern's access in the path", status: 404, key: "", do: othersAccess},
	{name: "X-Forwarded-For and X-User", status: 404, do: forgedUser},
	{name: "another Host", status: 400, key: "error.host", do: forgedHost},
	{name: "somebody else's hat in the header", status: 403, key: "error.hat.notyours", do: forgedHat},
	{name: "a cookie at the API", status: 401, key: "error.signin", do: cookieAtAPI},
	{name: "a bearer token at a page", status: 303, do: bearerAtPage},
	{name: "a form of another site's", status: 403, do: crossSite},
	{name: "a form with a cookie and no Origin", status: 403, do: noOrigin},
	{name: "a GET with effect", status: 405, do: getWithEffect},
	{name: "JSON as text/plain", status: 415, key: "error.json.media", do: jsonSaid("Content-Type", "text/plain")},
	{name: "JSON that is said to be in Latin-1", status: 415, key: "error.json.media", do: jsonSaid("Content-Type", "application/json; charset=iso-8859-1")},
	{name: "JSON that is said to be compressed", status: 415, key: "error.json.media", do: jsonSaid("Content-Encoding", "gzip")},
	{name: "a form as multipart", status: 415, do: multipart},
	{name: "a form of 10 MB", status: 413, do: bigForm},
	{name: "a form with invalid UTF-8", status: 400, field: "why_now", key: "error.body.utf8", do: formWith("why_now=Ny+%ff+kreds", "why_now", "Ny \ufffd kreds")},
	{name: "a form with a NUL", status: 400, field: "why_now", key: "error.form.hidden", do: formWith("why_now=Ny+%00kreds", "why_now", "Ny kreds")},
	{name: "a form that turns the direction of text", status: 400, field: "why_now", key: "error.form.hidden", do: formWith("why_now=Ny+%e2%80%aekreds", "why_now", "Ny kreds")},
	{name: "a form with a field twice", status: 400, field: "why_now", key: "error.form.twice", do: formWith("why_now=Ny+kreds&why_now=Igen", "why_now", "Ny kreds")},
	{name: "a form with half an escape", status: 400, key: "error.form.broken", do: formWith("why_now=Ny+%f", "", "")},
}

// pages asks for pages with a query, and gives the first that another answer
// came of than 400, else the last.
func pages(query string, paths ...string) func(w *wrong) (api, page *hubtest.Answer) {
	return func(w *wrong) (api, page *hubtest.Answer) {
		for _, path := range paths {
			a := w.as(coordinator).Get(path + "?" + query)
			if page = &a; a.Status != 400 {
				break
			}
		}
		return nil, page
	}
}

func plus(member string) func(string) string {
	return func(good string) string { return strings.TrimSuffix(good, "}") + "," + member + "}" }
}

func instead(old, new string) func(string) string {
	return func(good string) string { return strings.Replace(good, old, new, 1) }
}

func then(more string) func(string) string { return func(good string) string { return good + more } }

// TestBadInput sends every row of the table, to the API and from the page, and
// holds status, message, field and what the page keeps; and that nothing that
// was refused has left anything. A003, A004.
func TestBadInput(t *testing.T) { wrongs(t).tries(badInput) }

// tries sends the rows of a table.
func (w *wrong) tries(table []bad) {
	w.Helper()
	t, names := w.T, map[string]bool{}
	for _, row := range table {
		if names[row.name] {
			t.Errorf("two rows are named %q", row.name)
		}
		names[row.name] = true
		t.Run(row.name, func(t *testing.T) {
			w.T = t
			w.try(row)
		})
	}
	w.T = t
	w.holds()
	t.Logf("%d rows", len(table))
}
