package policies

import (
	"slices"
	"strings"

	"github.com/infohus/infohus/pkg/hub"
)

// The naive model of the steps, the disclosures and the smaller questions; see
// naive_test.go.

func among(s string, list ...string) bool { return slices.Contains(list, s) }

// naiveAct: whether somebody may take a step with an item.
func naiveAct(q Act) said {
	if q.Role == "system" { // the hub itself keeps house, and decides nothing (L38)
		return said{allow: q.Kind == "" && q.Purpose == hub.Operation && houseKeeping(q.Action, q.State)}
	}
	if !worksAs(q.Role, q.Kind) || !content(q.Purpose) || q.Recused {
		return said{}
	}
	if itemIn(q.State) == "" || !takesPart(q.ReceivedBy) || q.Relation != "own" && q.Relation != "shared" && q.Relation != "" {
		return said{}
	}
	if !naiveStep(q) {
		return said{}
	}
	if q.Action == "reveal" {
		return said{true, []string{"cpr"}}
	}
	return said{allow: true}
}

// houseKeeping: what the hub does by itself.
func houseKeeping(action, state string) bool {
	waits := itemIn(state) == "concern" || itemIn(state) == "case" && state != "closed" || among(state, "asked", "offer_draft", "offered", "taken_up")
	switch action {
	case "canary": // which is about nobody, and no item
		return state == "canary"
	case "discard": // a draft whose time has run out
		return state == "draft"
	case "begin": // the case that two coordinators triaged
		return state == "opening"
	case "draft_offer": // for a coordinator to send
		return state == "recommended" || state == "offer_draft"
	case "remind":
		return waits
	case "follow": // a fact from another room, also of the closing; and who outgrew an offer that is over is let out of it (L27)
		return waits || state == "closed" || among(state, "not_taken_up", "offer_ended")
	}
	return false
}

// naiveStep: who may take which step, in which state.
func naiveStep(q Act) bool {
	municipal, police := q.Role == hub.MunicipalCoordinator, q.Role == hub.PoliceCoordinator
	core, local, partner, school := q.Role == hub.CoreGroup, q.Role == hub.LocalPolice, q.Role == hub.Partner, q.Role == hub.Institution
	own := q.Relation == "own" && q.ReceivedBy == q.Kind
	assigned := own && q.Assigned
	invited := q.Relation == "shared" && takesPart(q.SharedBy) && q.Assigned
	fromPolice := q.Relation == "shared" && q.SharedBy == hub.Police
	fromMunicipality := q.Relation == "shared" && q.SharedBy == hub.Municipality

	owner := (municipal || police) && own                                                         // the coordinator whose authority has it
	receiver := q.Role == hub.Receiver && assigned                                                // SSP, who has it to receive
	other := municipal && fromPolice || police && fromMunicipality                                // the other party's coordinator
	both := municipal && own || police && fromMunicipality                                        // of a case, which is the municipality's
	named := receiver || (core || local || school) && (assigned || invited) || partner && invited // who is to answer or help

	switch q.Action {
	// A draft is its author's.
	case "edit", "discard":
		return q.Author && q.State == "draft" && (municipal || police || school || q.Role == hub.Receiver || q.Role == hub.Reporter)

	// Who received it puts it before the police, or says where it belongs; only the
	// police check; both triage.
	case "forward", "reroute":
		return q.State == "received" && (owner || receiver)
	case "retrieve": // what was put before the wrong one, while that one has not decided (P16)
		if q.State == "police_check" {
			return municipal && own || receiver
		}
		return q.State == "triage" && police && own
	case "take_back": // a case, from the police and everybody: also before the police have confirmed
		return among(q.State, "opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing") && municipal && own
	case "check":
		return among(q.State, "police_check", "acute", "police_only") && police && (own || fromMunicipality)
	case "triage":
		return q.State == "triage" && (owner || other)
	case "notify": // about a child, which does not wait for the police (barnets lov § 133)
		return owner && itemIn(q.State) == "concern" && q.State != "draft" ||
			receiver && q.State == "received" ||
			municipal && fromPolice && among(q.State, "triage", "case", "case_closed")

	// The CPR number, where the identity is seen (databeskyttelsesloven § 11, L29).
	case "reveal":
		switch {
		case among(q.State, "triage", "case"):
			return owner || other
		case among(q.State, "received", "police_check", "acute", "police_only"):
			return owner || police && fromMunicipality || receiver && q.State == "received"
		case among(q.State, "collecting", "analysis", "assessment", "recommended", "follow_up", "closing"):
			return both
		case q.State == "asked":
			return named
		case q.State == "taken_up":
			return other || named
		}

	case "export": // what leaves the hub as a file, of what is worked with
		switch {
		case among(q.State, "received", "police_check"):
			return owner
		case among(q.State, "triage", "case"):
			return owner || other
		}
		return both && among(q.State, "collecting", "analysis", "assessment", "recommended", "follow_up", "closing")

	// The case is both coordinators'.
	case "open":
		return q.State == "opening" && both
	case "invite", "ask":
		return among(q.State, "collecting", "analysis", "assessment") && both
	case "onward": // it is the municipality's to say whom the police may bring in
		return among(q.State, "collecting", "analysis", "assessment") && municipal && own
	case "recall":
		return among(q.State, "collecting", "analysis", "assessment", "recommended", "follow_up", "closing") && municipal && own
	case "uninvite", "close":
		return among(q.State, "collecting", "analysis", "assessment", "recommended", "follow_up", "closing") && both
	case "convene":
		return among(q.State, "collecting", "analysis") && both
	case "hold":
		return q.State == "analysis" && both
	case "draft", "inform", "sign":
		return q.State == "assessment" && both
	case "dissent": // everybody who takes part
		return q.State == "assessment" && (both || (core || local) && (assigned || invited) || partner && invited)
	case "reassess", "recommend", "follow":
		return among(q.State, "recommended", "follow_up") && both
	case "resume":
		return q.State == "closing" && both
	case "reopen":
		return q.State == "closed" && both

	// A question is answered or declined, freely (§ 115 stk. 4, L4).
	case "answer", "decline":
		return q.State == "asked" && (other || named)
	case "retract":
		return q.State == "asked" && owner
	case "withdraw": // by who gave the answer, or that authority's coordinator
		return q.State == "released" && (owner || q.Author && mayAnswer(q.Role))

	// An offer.
	case "send":
		return q.State == "offer_draft" && owner
	case "cancel":
		return among(q.State, "offer_draft", "offered", "taken_up") && owner
	case "take_up", "turn_down":
		return q.State == "offered" && (other || named)
	case "progress", "end":
		return q.State == "taken_up" && (owner || other || named)
	}
	return false
}

// naiveDisclose: whether an item may be shared with another authority, and what
// the share may name at most (L1, L2).
func naiveDisclose(q Disclose) said {
	if !worksAs(q.Role, q.From) || !takesPart(q.To) || q.Purpose != hub.Prevention {
		return said{}
	}
	if q.Item == "" || itemIn(q.State) != q.Item || !carriedBy(q.Basis, q.From, q.To, q.Item) {
		return said{}
	}
	if inCooperation(q.Basis) && !q.Cooperation { // § 115 stk. 1-2
		return said{}
	}
	if (q.From == hub.SelfGoverning || q.To == hub.SelfGoverning) && !q.TaskArea { // L5
		return said{}
	}
	if q.Basis == "CONSENT-EXIT" && !q.Consent { // L8
		return said{}
	}
	// A case is the municipality's, and so is whom the questions and the offers out of
	// it are about: to a third authority the police pass it on as the municipality's
	// terms let them, and give nobody wider terms than that.
	passesOn := among(q.Item, "case", "request", "offer") && q.From == hub.Police && q.To != hub.Municipality
	if passesOn && q.Under != "within_cooperation" && !(q.Under == "ask_first" && q.Agreed) {
		return said{}
	}
	if !passesOn && q.Under != "" { // another's, and only that one shares it
		return said{}
	}
	if q.Terms != "" && q.Terms != "no_onward" && (passesOn || !maySet(q.Terms, q.Basis)) {
		return said{}
	}
	if q.Unwitnessed && !q.Confirmed { // nobody else has confirmed the log for hours (trust.md F38)
		return said{}
	}
	most := mayName(q.Role, q.To, q.Item, q.State)
	if len(most) == 0 {
		return said{}
	}
	switch { // data on health and on offences needs a ground of its own (L10, L11)
	case q.Class == "" && q.Special == "":
	case q.Class == "health" && q.Item == "answer" && groundForHealth(q.From, q.Special):
		most = append(most, theHealth)
	case q.Class == "offence" && q.Item == "answer" && groundForOffences(q.From, q.Special):
		most = append(most, theOffence)
	default:
		return said{}
	}
	return yes(most)
}

// inCooperation: the bases that carry something within a cooperation only: each of
// § 115 stk. 1 is about one, and stk. 2 about those who take part in it (domain.md 2.5).
func inCooperation(basis hub.LegalBasis) bool {
	switch basis {
	case "RPL115-1-1", "RPL115-1-2", "RPL115-1-3a", "RPL115-1-3b", "RPL115-1-3c", "RPL115-2":
		return true
	}
	return false
}

// maySet: who gets something under § 115 may be let pass it on, after a question or
// within the cooperation; an institution is not in the cooperation (stk. 3), and
// what was consented to goes no further (L8).
func maySet(terms string, basis hub.LegalBasis) bool {
	switch basis {
	case "CONSENT-EXIT":
		return false
	case "RPL115-3":
		return terms == "ask_first"
	}
	return terms == "ask_first" || terms == "within_cooperation"
}

// groundForHealth: GDPR art. 9, databeskyttelsesloven § 7. Whoever is under
// retshåndhævelsesloven has none that was read.
func groundForHealth(from hub.AuthorityKind, ground hub.LegalBasis) bool {
	return ground == "DBL7" && (from == hub.Municipality || from == hub.Region || from == hub.SelfGoverning)
}

// groundForOffences: GDPR art. 10, databeskyttelsesloven § 8 stk. 2 with its
// number; retshåndhævelsesloven for those who are under it.
func groundForOffences(from hub.AuthorityKind, ground hub.LegalBasis) bool {
	if from == hub.Police || from == hub.PrisonService {
		return ground == "RHL"
	}
	return ground == "DBL8-1" || ground == "DBL8-2" || ground == "DBL8-3" || ground == "DBL8-4"
}

// mayName: who shares what of which item with whom, in which state. Never the
// address, never who reported it.
func mayName(role hub.Role, to hub.AuthorityKind, item, state string) []glimpse {
	municipal, police := role == hub.MunicipalCoordinator, role == hub.PoliceCoordinator
	invitees := to == hub.PrisonService || to == hub.Region || to == hub.SelfGoverning
	outward := municipal && (to == hub.Police || invitees) || police && (to == hub.Municipality || invitees)
	switch item {
	case "concern":
		all := show(theStatus, theClock, theSummary, theNarrative, theIdentity, theAccess, theCheck, theTriage)
		switch {
		case role == hub.Receiver && to == hub.Police && among(state, "received", "police_check"): // for the check
			return all
		case municipal && to == hub.Police && among(state, "received", "police_check", "triage", "case"):
			return all
		case police && to == hub.Municipality && among(state, "triage", "case"): // once it is released (A030)
			return all
		case (municipal || police) && invitees && state == "case":
			return show(theStatus, theIdentity)
		case role == hub.Partner && (to == hub.Police || to == hub.Municipality) && state == "case":
			return all
		}
	case "case":
		switch {
		case municipal && to == hub.Police && state != "closed":
			return show(theCaseStatus, theClock, theIdentity, theCircle, theAccess, theRequests, theMeeting, theAssessment, theOwnDimensions,
				theInform, theRecommendations, theFollowUp, theClosing)
		case police && invitees && among(state, "collecting", "analysis", "assessment"): // D15
			return show(theCaseStatus, theIdentity, theMeeting, theOwnDimensions)
		}
	case "request":
		if outward && state == "asked" {
			return show(theRequestStatus, theQuestion, theIdentity)
		}
	case "answer":
		if state != "released" {
			return nil
		}
		answer := show(theAnswerStatus, theAnswer)
		switch role {
		case hub.MunicipalCoordinator, hub.Receiver:
			if to != hub.Municipality {
				return answer
			}
		case hub.PoliceCoordinator, hub.LocalPolice:
			if to != hub.Police {
				return answer
			}
		case hub.CoreGroup, hub.Institution, hub.Partner:
			return answer
		}
	case "offer":
		if outward && state == "offered" {
			return show(theOfferStatus, thePreview, theTask, theProgress, theIdentity)
		}
	}
	return nil
}

// naiveAssign: whom a coordinator may let in, and take the access back from.
func naiveAssign(q Assign) bool {
	if !coordinator(q.Role) || !worksAs(q.Role, q.Kind) || q.Recused || q.Self {
		return false
	}
	if q.SameAuthority {
		return (q.TargetKind == "" || q.TargetKind == q.Kind) && colleague(q.Role, q.Target, itemIn(q.State)) && whenColleague(q) && (q.End || opens(q))
	}
	// Other authorities are the police coordinator's to bring in (D15).
	guest := q.Target == hub.Partner && (q.TargetKind == hub.PrisonService || q.TargetKind == hub.Region) ||
		q.Target == hub.Institution && q.TargetKind == hub.SelfGoverning
	return q.Role == hub.PoliceCoordinator && guest && whenGuest(q) && (q.End || opens(q))
}

// colleague: whom of the own authority, to what (L9; D14).
func colleague(role, target hub.Role, thing string) bool {
	if target == role { // the other coordinator, who stands in
		return thing == "concern" || thing == "case" || thing == "request" || thing == "offer"
	}
	switch thing {
	case "concern":
		return role == hub.MunicipalCoordinator && target == hub.Receiver
	case "case", "request", "offer":
		if role == hub.MunicipalCoordinator {
			return target == hub.CoreGroup || target == hub.Receiver || target == hub.Institution
		}
		return target == hub.CoreGroup || target == hub.LocalPolice
	}
	return false
}

// whenColleague: a case is the municipality's own and shared with the police.
// What may be given may be taken back for longer.
func whenColleague(q Assign) bool {
	municipal, own, shared := q.Role == hub.MunicipalCoordinator, q.Relation == "own", q.Relation == "shared"
	switch itemIn(q.State) {
	case "concern":
		switch q.State {
		case "received", "police_check", "acute", "police_only":
			return own || shared && !municipal // who may know of it before the release
		case "rerouted":
			return own
		case "triage", "unfounded", "other_track", "case", "case_closed":
			return own || shared
		}
	case "case":
		both := municipal && own || !municipal && shared
		if q.End {
			return both && among(q.State, "collecting", "analysis", "assessment", "recommended", "follow_up", "closing")
		}
		return both && among(q.State, "opening", "collecting", "analysis", "assessment")
	case "request", "offer":
		switch q.State {
		case "asked", "offered", "taken_up":
			return own || shared
		case "settled":
			return q.End && (own || shared)
		case "offer_draft":
			return own
		}
	}
	return false
}

// opens: nobody is let in to what they would see nothing of (2.4). Whoever receives
// concerns works on the own authority's, until their case is closed; a school sees the
// question put to it and what it must deliver, and nothing of the case.
func opens(q Assign) bool {
	switch q.Target {
	case hub.Receiver:
		return q.Relation == "own" && q.State != "case_closed"
	case hub.Institution:
		return itemIn(q.State) != "case"
	}
	return true
}

// whenGuest: to the case that the municipality shared, while it is worked on; to
// the police's own questions and offers.
func whenGuest(q Assign) bool {
	switch q.Relation {
	case "shared":
		return among(q.State, "collecting", "analysis", "assessment") || q.End && among(q.State, "recommended", "follow_up", "closing")
	case "own":
		return among(q.State, "asked", "offer_draft", "offered", "taken_up") || q.End && q.State == "settled"
	}
	return false
}

// naiveList: who may list and search at all.
func naiveList(q List) bool {
	switch q.Role {
	case hub.Reporter, hub.Institution, hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator, hub.CoreGroup, hub.LocalPolice, hub.Partner:
		return worksAs(q.Role, q.Kind) && content(q.Purpose)
	}
	return false
}

// naiveSearch: whoever lists may look for somebody, by a number, by a name with a
// birth date or by the end of a reference, never by a name alone (A063); not for a
// related person (L28).
func naiveSearch(q Search) bool {
	by := among(q.By, "reference", "cpr", "cpr,name", "birth_date,cpr", "birth_date,cpr,name", "birth_date,name")
	return !q.Own && by && among(q.Category, "of_concern", "released", "victim") && naiveList(List{q.Role, q.Kind, q.Purpose})
}

// naiveAdvice: whoever may disclose anything may ask whether; what was kept of the
// answer opens to who kept it, to that one's manager, and to the own
// data-protection officer (L17).
func naiveAdvice(q Advice) bool {
	if !worksAs(q.Role, q.Kind) {
		return false
	}
	switch q.Step {
	case "ask":
		return mayAnswer(q.Role) // the same roles
	case "list":
		return mayAnswer(q.Role) || q.Role == hub.Manager || q.Role == hub.DPO
	case "open":
		return q.Own && (q.Asker && mayAnswer(q.Role) || q.Manages && q.Role == hub.Manager || q.Role == hub.DPO)
	}
	return false
}

// meets: the roles that meet a concern first.
func meets(role hub.Role) bool {
	switch role {
	case hub.Reporter, hub.Institution, hub.Receiver, hub.MunicipalCoordinator, hub.PoliceCoordinator:
		return true
	}
	return false
}

// processes: what an authority may do with its own, by itself (L13): the police
// and the prison service under retshåndhævelsesloven, for prevention; the others
// under the GDPR, and a professional's notification for child welfare (barnets
// lov § 133).
func processes(kind hub.AuthorityKind, basis hub.LegalBasis, purpose hub.Purpose) bool {
	if kind == hub.Police || kind == hub.PrisonService {
		return basis == "RHL" && purpose == hub.Prevention
	}
	return basis == "GDPR6-1-E" && content(purpose) || basis == "BL133" && purpose == hub.ChildWelfare
}

// naiveRegister: who may register a subject in the own authority, and match it (L29).
func naiveRegister(q Register) bool {
	return !q.Own && !q.Home && meets(q.Role) && worksAs(q.Role, q.Kind) && processes(q.Kind, q.Basis, q.Purpose)
}

// naiveSubmit: who may submit a concern; also somebody without a name (L50).
func naiveSubmit(q Submit) bool {
	return (meets(q.Role) || q.Role == hub.Anonymous) && worksAs(q.Role, q.Kind) && processes(q.Kind, q.Basis, q.Purpose)
}

// naiveTrail: a log is for log control, by the own data-protection officer, of
// the own authority (L17).
func naiveTrail(q Trail) said {
	if q.Role == hub.DPO && worksAs(q.Role, q.Kind) && q.Purpose == hub.LogControl && q.Own {
		if q.Open { // after the log was found to have been longer (A082): it shows nothing
			return said{allow: true}
		}
		return said{true, []string{"trail"}}
	}
	return said{}
}

// naiveExtract: who answers a citizen what has been looked up about them (L21): the
// own officer prepares it, that officer or a manager releases it, and nobody what they
// prepared, or somebody who is too close. Told is what was read, searched or taken out for the person's own matter,
// once that matter was let in and the person knows of it; and of the police nothing (L34).
func naiveExtract(q Extract) said {
	if !takesPart(q.Kind) || q.Purpose != hub.LogControl || !q.SameAuthority || q.Recused {
		return said{}
	}
	officer, manager, may := q.Role == hub.DPO, q.Role == hub.Manager, false
	switch q.Step {
	case "read":
		may = officer || manager
	case "prepare", "name":
		may = officer
	case "release":
		may = (officer || manager) && !q.Self && !q.Linked && !q.ByRecused
	case "tell":
		covert := among(q.State, "draft", "received", "police_check", "acute", "police_only", "offer_draft")
		underGDPR := q.Kind != hub.Police && q.Kind != hub.PrisonService
		may = officer && underGDPR && among(string(q.Act), "consult", "search", "export") && content(q.SeenFor) && takesPart(q.SeenBy) &&
			itemIn(q.State) != "" && !covert && q.Informed && q.Alone
	}
	if !may {
		return said{}
	}
	return said{true, []string{"trail"}}
}

// naiveRecuse: who may say that somebody is too close to a concern or a case, or
// take that back (forvaltningsloven §§ 3-6).
func naiveRecuse(q Recuse) bool {
	if !worksAs(q.Role, q.Kind) || q.Recused || !takesPart(q.ReceivedBy) || !q.SameAuthority {
		return false
	}
	if item := itemIn(q.State); item != "concern" && item != "case" || q.State == "draft" {
		return false
	}
	if q.Lift && (q.Self || q.Ground != "") || !q.Lift && !among(q.Ground, "1", "2", "3", "4", "5") {
		return false
	}
	if !q.Self && q.Said { // who said it does not take it back
		return false
	}
	concern := itemIn(q.State) == "concern"
	own := q.Relation == "own" && q.ReceivedBy == q.Kind
	invited := q.Relation == "shared" && takesPart(q.SharedBy) && q.Assigned
	fromPolice := q.Relation == "shared" && q.SharedBy == hub.Police
	fromMunicipality := q.Relation == "shared" && q.SharedBy == hub.Municipality
	switch q.Role {
	case hub.MunicipalCoordinator: // of themselves and of colleagues, as the next
		return own || concern && fromPolice
	case hub.PoliceCoordinator:
		return fromMunicipality || concern && own
	case hub.Manager:
		return !q.Self && (own || fromMunicipality || fromPolice)
	case hub.Receiver:
		return q.Self && own && q.Assigned
	case hub.Institution, hub.CoreGroup:
		return q.Self && !concern && (own && q.Assigned || invited)
	case hub.LocalPolice, hub.Partner:
		return q.Self && !concern && invited
	}
	return false
}

// naiveCertify: who goes through who has access, each quarter; never to the own
// (L56). What nobody confirmed the hub may let expire.
func naiveCertify(q Certify) bool {
	if !q.SameAuthority || q.Self {
		return false
	}
	switch q.Action {
	case "list", "confirm", "end":
		return (coordinator(q.Role) || q.Role == hub.Manager) && worksAs(q.Role, q.Kind)
	case "expire":
		return q.Role == "system" && q.Kind == ""
	}
	return false
}

// naiveReturn: what an authority that leaves takes along (A017): its manager, of what
// its own people wrote, and nothing of whom it is about.
func naiveReturn(q Return) said {
	wrote := map[string]string{
		"concern": "channel context municipal_rationale police_rationale received_at reference statements theme triage_outcome urgency urgency_reason why_now wishes",
		"request": "necessity questions reference",
		"answer":  "conclusion contact facts grade health_facts offence_facts reference settled_at",
		"case":    "circle closing dissents follow_ups inform recommendations reference signatures",
		"offer":   "dimension measure offered_at preview progress reference task",
	}[q.Item]
	if wrote == "" || q.Role != hub.Manager || !takesPart(q.Kind) || !content(q.Purpose) || !q.Own || !q.Leaving || q.Recused {
		return said{}
	}
	return said{true, strings.Fields(wrote)}
}

// naiveGlass: who may break the glass, say yes to the third time, give it back, and
// say afterwards whether it was justified (L57).
func naiveGlass(q Glass) bool {
	near := q.Relation == "own" && q.ReceivedBy == q.Kind || q.Relation == "shared" && takesPart(q.SharedBy)
	worked := among(q.State, "received", "police_check", "triage", "case", "opening", "collecting", "analysis", "assessment", "recommended", "follow_up", "closing")
	worked = worked && !(q.Relation == "shared" && among(q.State, "received", "police_check")) // which the police have not released (A030)
	another := q.SameAuthority && !q.Self && !q.Linked
	danger := q.Basis == "EMERGENCY" // nobody breaks on anything else
	switch q.Step {
	case "break":
		return worksAs(q.Role, q.Kind) && content(q.Purpose) && breaksGlass(q.Role) && takesPart(q.ReceivedBy) && near && worked && danger && !q.Recused &&
			among(q.Category, "life", "child", "violence", "missing") && among(q.Habit, "first", "second", "third") && !q.Overdue
	case "second": // who sees it anyway, and is not the same person, nor stands in for that one
		return worksAs(q.Role, q.Kind) && content(q.Purpose) && coordinator(q.Role) && takesPart(q.ReceivedBy) && near && worked && danger && !q.Recused && another
	case "end": // what one has taken one may always give back; the hub has none
		return (worksAs(q.Role, q.Kind) || q.Role == "system" && q.Kind == "") && content(q.Purpose) && q.Self
	case "review": // the own authority's data-protection officer, and never of the own, nor of what they are too close to
		return q.Role == hub.DPO && worksAs(q.Role, q.Kind) && q.Purpose == hub.LogControl && another && !q.Recused
	}
	return false
}
