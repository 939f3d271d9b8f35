package policies

import (
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// The rules once more, in plain Go: no tables, no engine, nothing remembered.
// Written from the table of who may see what, the table of states, the codes of
// the legal bases and the requirements (domain.md 2.2, 2.4, 2.5, 2.6, 2.7; L1-L14,
// L27-L31, L51, L55-L58) and, where these leave a choice, from the tables that a
// lawyer reads (the csv files); not from the Rego, nor from its data. It says
// whether, and which fields; not why.
//
// Base rule: no. Every function says when it is yes.

// said is what the naive model answers: a yes with the fields it opens, sorted.
type said struct {
	allow  bool
	fields []string
}

// naive answers a question.
func naive(q Question) said {
	switch q := q.(type) {
	case View:
		return naiveView(q)
	case Act:
		return naiveAct(q)
	case Disclose:
		return naiveDisclose(q)
	case Assign:
		return said{allow: naiveAssign(q)}
	case List:
		return said{allow: naiveList(q)}
	case Search:
		return said{allow: naiveSearch(q)}
	case Register:
		return said{allow: naiveRegister(q)}
	case Submit:
		return said{allow: naiveSubmit(q)}
	case Recuse:
		return said{allow: naiveRecuse(q)}
	case Certify:
		return said{allow: naiveCertify(q)}
	case Return:
		return naiveReturn(q)
	case Glass:
		return said{allow: naiveGlass(q)}
	case Advice:
		return said{allow: naiveAdvice(q)}
	case Extract:
		return naiveExtract(q)
	case Trail:
		return naiveTrail(q)
	}
	return said{}
}

// A glimpse is what is shown of one data class: all of it, or a narrower edition.
type glimpse struct {
	class  string // as a share names it
	fields []string
}

func the(class, fields string) glimpse { return glimpse{class, strings.Fields(fields)} }

var (
	// of a concern
	theStatus    = the("status", "reference state received_at received_by")
	theReceipt   = the("status", "reference received_at received_by") // does not tell whether the police have it
	theReference = the("status", "reference")
	theHandled   = the("handled", "handled")
	theSummary   = the("summary", "channel theme urgency urgency_reason child")
	theNarrative = the("narrative", "statements why_now context wishes")
	theReporter  = the("reporter", "reporter_kind reporter_name reporter_contact")
	theCheck     = the("check", "check_outcome") // never the reasons, which stay with the police
	theTriage    = the("triage", "triage_outcome municipal_rationale police_rationale")
	theOutcome   = the("triage", "triage_outcome")
	// of several
	theIdentity = the("identity", "name cpr birth_date age_band protected")
	theAddress  = the("address", "address")
	theClock    = the("clock", "due child_due erase_at retention_rule")
	theLimit    = the("clock", "due") // of the step only
	theAccess   = the("access", "who_can_see who_has_seen")
	// of a case
	theCaseStatus      = the("case_status", "reference state opened_at next_date instrument")
	theCaseReference   = the("case_status", "reference")
	theCircle          = the("circle", "circle")
	theRequests        = the("requests", "requests")
	theMeeting         = the("meeting", "meeting")
	theAssessment      = the("assessment", "dimensions level rationale dissents gaps signatures change_test valid_until")
	theConclusion      = the("assessment", "level rationale")
	theOwnDimensions   = the("own_dimensions", "own_dimensions")
	theInform          = the("inform", "inform")
	theRecommendations = the("recommendations", "recommendations")
	theFollowUp        = the("follow_up", "follow_ups tasks")
	theClosing         = the("closing", "closing")
	// of a question, an answer, an offer
	theRequestStatus    = the("request_status", "reference state due")
	theRequestReference = the("request_status", "reference")
	theQuestion         = the("question", "questions necessity")
	theAnswerStatus     = the("answer_status", "reference state settled_at")
	theAnswerReference  = the("answer_status", "reference")
	theAnswer           = the("answer", "grade contact conclusion facts")
	theHealth           = the("answer_health", "health_facts")
	theOffence          = the("answer_offence", "offence_facts")
	theOfferStatus      = the("offer_status", "reference state offered_at due")
	theOfferReference   = the("offer_status", "reference")
	thePreview          = the("offer_preview", "dimension measure preview") // does not say who
	theTask             = the("offer", "task")
	theProgress         = the("measure", "progress")
)

func show(parts ...glimpse) []glimpse { return parts }

// yes opens what the parts show; parts that show nothing are a no.
func yes(parts []glimpse) said {
	var fields []string
	for _, p := range parts {
		fields = append(fields, p.fields...)
	}
	slices.Sort(fields)
	fields = slices.Compact(fields)
	return said{len(fields) > 0, fields}
}

// itemIn is what a state is a state of; empty for a state that there is not.
func itemIn(state string) string {
	switch state {
	case "draft", "received", "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case", "case_closed":
		return "concern"
	case "opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing", "closed":
		return "case"
	case "asked", "settled", "retracted", "request_closed":
		return "request"
	case "released", "withdrawn", "answer_closed":
		return "answer"
	case "offer_draft", "offered", "taken_up", "not_taken_up", "offer_withdrawn", "offer_ended", "offer_closed":
		return "offer"
	}
	return ""
}

// takesPart: the kinds of authority within retsplejeloven § 115. A housing
// association is not (L2).
func takesPart(kind hub.AuthorityKind) bool {
	switch kind {
	case hub.Police, hub.Municipality, hub.PrisonService, hub.Region, hub.SelfGoverning:
		return true
	}
	return false
}

// worksAs: who may be employed as what. Investigators, control units, steering
// groups, housing associations and administrators are nowhere, so they are never
// allowed anything (L2, L3, L55).
func worksAs(role hub.Role, kind hub.AuthorityKind) bool {
	switch role {
	case hub.Reporter, hub.Manager, hub.DPO:
		return takesPart(kind)
	case hub.Receiver, hub.MunicipalCoordinator, hub.Anonymous:
		return kind == hub.Municipality
	case hub.PoliceCoordinator, hub.LocalPolice:
		return kind == hub.Police
	case hub.CoreGroup:
		return kind == hub.Municipality || kind == hub.Police
	case hub.Partner:
		return kind == hub.PrisonService || kind == hub.Region || kind == hub.SelfGoverning
	case hub.Institution:
		return kind == hub.Municipality || kind == hub.SelfGoverning
	}
	return false
}

// content: the purposes for which content is used. Not log control, not
// operation; never an investigation (L3), never a benefit check (L55).
func content(purpose hub.Purpose) bool {
	return purpose == hub.Prevention || purpose == hub.ChildWelfare
}

// mayAnswer: the roles in which somebody answers a question for an authority.
func mayAnswer(role hub.Role) bool {
	switch role {
	case hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.Receiver, hub.CoreGroup, hub.LocalPolice, hub.Partner, hub.Institution:
		return true
	}
	return false
}

// coordinator: either of the two, each at the own kind of authority.
func coordinator(role hub.Role) bool {
	return role == hub.MunicipalCoordinator || role == hub.PoliceCoordinator
}

// carriedBy: whether a legal basis lets one kind of authority disclose such a
// thing to another (domain.md 2.5, L2, L5-L8). § 114 gives a forum and no power;
// stk. 1 nr. 3 without its letter carries nothing (L6); the others are no basis
// for a disclosure within the cooperation.
func carriedBy(basis hub.LegalBasis, from, to hub.AuthorityKind, thing string) bool {
	const police, municipality, prison, region, school = hub.Police, hub.Municipality, hub.PrisonService, hub.Region, hub.SelfGoverning
	if from == to {
		return false
	}
	switch basis {
	case "RPL115-1-1": // SSP: from the police
		return from == police && (to == municipality || to == region)
	case "RPL115-1-2": // PSP: between the police, and social authorities or psychiatry
		return from == police && (to == municipality || to == region) || to == police && (from == municipality || from == region)
	case "RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c": // KSP: between the three
		among := func(k hub.AuthorityKind) bool { return k == police || k == municipality || k == prison }
		return among(from) && among(to)
	case "RPL115-2": // from another authority, to the police and others in the cooperation
		switch from {
		case municipality:
			return to == police || to == region || to == prison
		case region, prison:
			return to == police || to == municipality
		}
	case "RPL115-3": // to and from a self-governing institution
		return from == school && (to == police || to == municipality) || to == school && (from == police || from == municipality)
	case "CONSENT-EXIT": // the exit track: help, and nothing else
		among := func(k hub.AuthorityKind) bool { return k == police || k == municipality || k == prison }
		return thing == "offer" && among(from) && among(to)
	}
	return false
}

// naiveView: which fields of one item somebody sees.
func naiveView(q View) said {
	if !worksAs(q.Role, q.Kind) || !content(q.Purpose) || q.Recused {
		return said{}
	}
	if itemIn(q.State) == "" || !takesPart(q.ReceivedBy) || q.Relation != "own" && q.Relation != "shared" && q.Relation != "" {
		return said{}
	}
	var seen []glimpse
	if q.Author {
		seen = append(seen, authorSees(q.Role, q.State)...)
	}
	if q.Relation == "own" && q.ReceivedBy == q.Kind {
		seen = append(seen, ownerSees(q.Role, q.State)...)
		if q.Assigned {
			seen = append(seen, assignedSees(q.Role, q.State)...)
		}
		if q.Glass {
			seen = append(seen, glassShows(q.Role, q.State)...)
		}
	}
	// Of what was shared only what the share names, on a basis that carries it.
	if q.Relation == "shared" && takesPart(q.SharedBy) && carriedBy(q.Basis, q.SharedBy, q.Kind, itemIn(q.State)) {
		all := otherPartySees(q.Role, q.SharedBy, q.State)
		if q.Assigned {
			all = append(all, invitedSees(q.Role, q.State)...)
		}
		if q.Glass {
			if q.State != "received" && q.State != "police_check" { // which the police have not released (A030)
				all = append(all, glassShows(q.Role, q.State)...)
			}
		}
		named := strings.Split(q.Classes, ",")
		for _, p := range all {
			if slices.Contains(named, p.class) {
				seen = append(seen, p)
			}
		}
	}
	return yes(seen)
}

// authorSees: a draft is its author's alone. A reporter keeps the own text until
// the receipt, then hears nothing but that it is handled (forvaltningsloven § 27).
// Who gave an answer sees the answer.
func authorSees(role hub.Role, state string) []glimpse {
	reports := role == hub.Reporter || role == hub.Institution
	switch state {
	case "draft":
		all := show(theStatus, theClock, theSummary, theNarrative, theIdentity, theReporter)
		switch {
		case reports:
			return all
		case role == hub.Receiver || coordinator(role):
			return append(all, theAddress)
		}
	case "received":
		if reports {
			return show(theStatus, theSummary, theNarrative)
		}
	case "police_check", "acute", "police_only", "triage":
		if reports {
			return show(theReceipt)
		}
	case "rerouted", "unfounded", "other_track", "case", "case_closed":
		if reports {
			return show(theReference, theHandled)
		}
	case "released", "withdrawn":
		if !mayAnswer(role) {
			return nil
		}
		if state == "withdrawn" {
			return show(theAnswerStatus)
		}
		return show(theAnswerStatus, theAnswer, theHealth, theOffence)
	}
	return nil
}

// ownerSees: the coordinator, of what the own authority received or made.
func ownerSees(role hub.Role, state string) []glimpse {
	if !coordinator(role) {
		return nil
	}
	switch itemIn(state) {
	case "concern":
		return ownConcern(role, state)
	case "case": // which is the municipality's
		if role == hub.MunicipalCoordinator {
			if state == "closed" {
				return wholeCase(state)
			}
			return append(wholeCase(state), theAddress)
		}
	case "request":
		switch state {
		case "asked":
			return show(theRequestStatus, theQuestion, theIdentity, theAccess)
		case "settled", "retracted":
			return show(theRequestStatus, theQuestion, theAccess)
		case "request_closed":
			return show(theRequestReference, theAccess)
		}
	case "answer":
		switch state {
		case "released":
			return show(theAnswerStatus, theAnswer, theHealth, theOffence, theAccess)
		case "withdrawn":
			return show(theAnswerStatus)
		case "answer_closed":
			return show(theAnswerReference, theAccess)
		}
	case "offer":
		switch state {
		case "offer_draft", "offered", "taken_up":
			return show(theOfferStatus, thePreview, theTask, theProgress, theIdentity, theAccess)
		case "not_taken_up", "offer_withdrawn", "offer_ended":
			return show(theOfferStatus, thePreview, theTask, theProgress, theAccess)
		case "offer_closed":
			return show(theOfferReference, theAccess)
		}
	}
	return nil
}

// ownConcern: the own intake throughout. The outcome of the check is the police's
// own, so they see it from the check on, and the municipality when they release it.
// What came to nothing: that it was, not of whom. Never who reported it, unless
// it is assigned (L51).
func ownConcern(role hub.Role, state string) []glimpse {
	intake := show(theStatus, theClock, theAccess, theSummary, theNarrative, theIdentity, theAddress)
	switch state {
	case "received", "police_check":
		return intake
	case "acute", "police_only":
		if role == hub.PoliceCoordinator {
			return append(intake, theCheck)
		}
		return intake
	case "triage", "case":
		return append(intake, theCheck, theTriage)
	case "unfounded", "other_track":
		return show(theStatus, theClock, theAccess, theCheck, theTriage)
	case "rerouted", "case_closed":
		return show(theStatus, theClock, theAccess)
	}
	return nil
}

// wholeCase: all of the case but the address, as it grows; when it is closed,
// that there was one.
func wholeCase(state string) []glimpse {
	all := show(theCaseStatus, theClock, theIdentity, theCircle, theAccess)
	switch state {
	case "opening":
		return all
	case "collecting":
		return append(all, theRequests)
	case "analysis":
		return append(all, theRequests, theMeeting)
	case "assessment":
		return append(all, theRequests, theMeeting, theAssessment, theInform)
	case "recommended", "follow_up":
		return append(all, theRequests, theMeeting, theAssessment, theInform, theRecommendations, theFollowUp)
	case "closing":
		return append(all, theRequests, theMeeting, theAssessment, theInform, theRecommendations, theFollowUp, theClosing)
	case "closed":
		return show(theCaseReference, theAccess)
	}
	return nil
}

// assignedSees: who is let in to what the own authority has (forvaltningsloven § 32, L9).
func assignedSees(role hub.Role, state string) []glimpse {
	if itemIn(state) != "concern" {
		if role == hub.Partner { // who is only ever invited
			return nil
		}
		return letIn(role, state)
	}
	switch {
	case role == hub.Receiver: // the full intake, then only how far it has got
		switch state {
		case "received":
			return show(theStatus, theClock, theSummary, theNarrative, theIdentity, theAddress, theReporter, theAccess)
		case "rerouted", "police_check", "acute", "police_only", "triage", "unfounded", "other_track", "case":
			return show(theStatus)
		}
	case coordinator(role): // who reported it: the receiving coordinator only (L51)
		switch state {
		case "received", "police_check", "acute", "police_only", "triage", "case":
			return show(theReporter)
		}
	}
	return nil
}

// invitedSees: who is named in what was shared with the own authority. Nobody is
// invited to a concern; the receiver only to what is the municipality's own.
func invitedSees(role hub.Role, state string) []glimpse {
	if itemIn(state) == "concern" || role == hub.Receiver {
		return nil
	}
	return letIn(role, state)
}

// letIn: of a case what is discussed, and of the assessment the conclusion and
// the own part (§ 115; forvaltningsloven § 32); the question put to them; an
// answer without what is on health and offences; an offer, and whom it is for once
// it is taken up. A school sees neither the case nor the answers of others.
func letIn(role hub.Role, state string) []glimpse {
	receiver, core, local := role == hub.Receiver, role == hub.CoreGroup, role == hub.LocalPolice
	partner, school := role == hub.Partner, role == hub.Institution
	if !receiver && !core && !local && !partner && !school {
		return nil
	}
	switch state {
	case "collecting", "analysis":
		switch {
		case core || local || partner:
			return show(theCaseStatus, theIdentity, theMeeting)
		case receiver:
			return show(theCaseStatus, theIdentity)
		}
	case "assessment":
		switch {
		case core:
			return show(theCaseStatus, theIdentity, theMeeting, theConclusion, theRecommendations, theOwnDimensions)
		case local || receiver:
			return show(theCaseStatus, theIdentity, theConclusion, theRecommendations)
		case partner:
			return show(theCaseStatus, theOwnDimensions)
		}
	case "recommended", "follow_up", "closing":
		if !school {
			return show(theCaseStatus)
		}
	case "asked":
		return show(theRequestStatus, theQuestion, theIdentity)
	case "settled":
		return show(theRequestStatus, theQuestion)
	case "retracted":
		return show(theRequestStatus)
	case "released":
		if !school {
			return show(theAnswerStatus, theAnswer)
		}
	case "offered":
		return show(theOfferStatus, thePreview)
	case "taken_up":
		return show(theOfferStatus, thePreview, theTask, theProgress, theIdentity)
	case "not_taken_up", "offer_withdrawn", "offer_ended":
		return show(theOfferStatus)
	}
	return nil
}

// otherPartySees: a coordinator, of what another authority shared. Of a concern and
// of a case that is from the other of the two parties; an answer may be anybody's.
func otherPartySees(role hub.Role, from hub.AuthorityKind, state string) []glimpse {
	if !coordinator(role) {
		return nil
	}
	if itemIn(state) == "answer" {
		switch state {
		case "released":
			return show(theAnswerStatus, theAnswer, theHealth, theOffence)
		case "withdrawn":
			return show(theAnswerStatus)
		}
		return nil
	}
	toPolice := role == hub.PoliceCoordinator && from == hub.Municipality
	toMunicipality := role == hub.MunicipalCoordinator && from == hub.Police
	if !toPolice && !toMunicipality {
		return nil
	}
	switch state {
	case "received": // identity and summary, for the check
		if toPolice {
			return show(theStatus, theSummary, theIdentity)
		}
	case "police_check", "acute", "police_only": // and the limit of that step
		if toPolice {
			return show(theStatus, theSummary, theIdentity, theLimit)
		}
	case "triage", "case": // released: all but the address and who reported it
		return show(theStatus, theClock, theSummary, theNarrative, theIdentity, theCheck, theTriage, theAccess)
	case "unfounded", "other_track":
		return show(theStatus, theOutcome)
	case "case_closed":
		return show(theStatus, theClock)
	case "asked":
		return show(theRequestStatus, theQuestion, theIdentity)
	case "settled":
		return show(theRequestStatus, theQuestion)
	case "retracted":
		return show(theRequestStatus)
	case "offered":
		return show(theOfferStatus, thePreview)
	case "taken_up":
		return show(theOfferStatus, thePreview, theTask, theProgress, theIdentity)
	case "not_taken_up", "offer_withdrawn", "offer_ended":
		return show(theOfferStatus)
	}
	if itemIn(state) == "case" && toPolice {
		return wholeCase(state)
	}
	return nil
}

// glassShows: one concern or one case, opened for half an hour against the
// need-to-know of the own authority (forvaltningsloven § 32, L9, L57). Never
// against a disclosure, a recusal or a closed state; never who reported it.
func glassShows(role hub.Role, state string) []glimpse {
	if !breaksGlass(role) {
		return nil
	}
	switch state {
	case "received", "police_check", "triage", "case":
		return show(theStatus, theLimit, theSummary, theNarrative, theIdentity, theAddress)
	case "opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing":
		return show(theCaseStatus, theLimit, theIdentity, theAddress, theCircle, theConclusion, theFollowUp)
	}
	return nil
}

// breaksGlass: the roles that see nothing that nobody let them into.
func breaksGlass(role hub.Role) bool {
	return role == hub.Receiver || role == hub.CoreGroup || role == hub.LocalPolice
}
