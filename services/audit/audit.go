// Package audit is the only room that reads the trail: the data-protection
// officer's desk.
//
// It promises:
//
//   - An officer sees the rows about the own authority's data, and those of the
//     own authority's people, and no other (A087). Everybody else, the
//     administrator too, is answered as if there were no trail.
//   - It shows who did what, when and on which ground. It has no content to
//     show: the trail holds none (A086).
//   - Every reading of the trail is itself in the trail, with its ground (L17).
//   - A decision in the trail can be made again, by the rules of its day and by
//     today's.
//   - Whoever tries to reach what they are too close to is told of to their officer and
//     their manager, without content, and after they were answered as of what is not
//     there.
//   - Every row of the trail becomes a leaf of a Merkle tree whose root is signed, and
//     anybody may read the tree (docs/trail.md). What is not as it was signed is told,
//     and nothing more is signed until somebody has looked. Witnesses at other authorities
//     are asked to cosign what it signed, and what they do not cosign is told too: to every
//     data-protection officer, once while it lasts.
//   - Once a day each room looks up somebody who does not exist. Where that is not found again
//     within five minutes, as an officer would find it and as it would stand in an answer to a
//     citizen, every officer is told.
//   - Where a witness proves that the log was longer than the database has it, or another,
//     the hub is closed: nothing of anybody is read or passed on, and nothing more is signed, until an
//     officer has opened it again, with a reason. It is looked for before the door opens.
//   - A disclosure stands in it twice, at its source and at its recipient. One that stands at
//     one end only for an hour is told to the officers of both.
//   - What an officer takes out of it is recorded before it goes out, and proves itself
//     to anybody who has the key: a bundle of rows, each with its place in the tree. Where
//     it is for the supervisory authority, the trail says so, and what was asked.
//   - A citizen can be told what has been looked up about them: an officer prepares it,
//     another person releases it, and it stays as it was handed out. What is withheld
//     leaves no trace in it. How long there is to answer is counted, and who can act is told.
//   - Every week some look-ups are drawn by lot, which nobody can steer and anybody can draw
//     again, and wait for an officer to say what they found of each: never of their own.
//     That less is drawn is told.
//   - Every week what stood out in what an authority's own people looked up waits for its
//     officer, each with a sentence, its limit and its rows. Nobody is scored, and nothing is
//     said of whom they looked up.
//   - A breach of personal data security stands in its authority's register with its clock,
//     and with those affected as the trail had them at a moment. Nobody but the authority's
//     officers reads it, and no step of it is changed.
//   - An officer sees which revision of the rules' data is in force, which were
//     and which is to come, and which authorities have signed each.
package audit

import (
	"embed"
	"net/http"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/web"
)

//go:embed migrations
var schema embed.FS

//go:embed pages
var pages embed.FS

// Service is the room's door plate.
var Service = service.Service{Name: "audit", Schema: schema, Writes: []string{pg.ReviewKind}, Pages: pages, Open: open}

type room struct {
	service.Env
	past   past
	tree   memory
	cage   cage
	kept   kept
	reads  chan struct{} // held while the published tree is read
	asked  []*asked      // the witnesses
	client *http.Client  // that asks them
}

func open(env service.Env) (service.Room, error) {
	x := &room{Env: env, reads: make(chan struct{}, 2), client: client()}
	var err error
	if x.asked, err = askers(env.Structure); err != nil {
		return service.Room{}, err
	}
	again := web.API("decideAgain", "POST", "/api/trail/{row}/again", "Put a decision of the trail to the rules of its day and to today's, and say whether they differ. Send no content: the address says which row.", x.decideAgain)
	again.Numbers = []string{"row"}
	return service.Room{
		Begin: x.begin,
		Odd:   x.odd,
		Routes: []web.Route{
			{Method: "GET", Path: "/trail/checkpoint", Public: true, NoTrace: true, Do: x.checkpointNow},
			{Method: "GET", Path: "/trail/tile/{tile...}", Public: true, NoTrace: true, Do: x.tile},
			{Method: "GET", Path: "/trail", Do: x.trailPage, Nav: web.Nav{Word: "audit.nav.trail", Roles: []hub.Role{hub.DPO}, Order: 10}},
			{Method: "POST", Path: "/trail", Do: x.trailForm},
			{Method: "POST", Path: "/trail/bundle", Long: true, Do: x.bundleForm},
			{Method: "POST", Path: "/trail/export", Do: x.sheetForm},
			{Method: "GET", Path: "/trail/{row}", Do: x.rowPage},
			{Method: "GET", Path: "/extracts", Do: x.extractsPage, Nav: web.Nav{Word: "audit.nav.extracts", Roles: []hub.Role{hub.DPO, hub.Manager}, Order: 30}},
			{Method: "POST", Path: "/extracts", Do: x.prepareForm},
			{Method: "GET", Path: "/extracts/{extract}", Do: x.extractPage},
			{Method: "POST", Path: "/extracts/{extract}", Do: x.choicesForm},
			{Method: "POST", Path: "/extracts/{extract}/release", Do: x.releaseForm},
			{Method: "POST", Path: "/extracts/{extract}/extension", Do: x.extendForm},
			{Method: "GET", Path: "/extracts/{extract}/answer", Do: x.answerPage},
			web.API("listExtracts", "GET", "/api/extracts", "List your authority's answers to citizens who ask what has been looked up about them: what waits first.", x.listExtracts),
			web.API("prepareExtract", "POST", "/api/extracts", "Gather the answer to a citizen who asks what has been looked up about them at your authority. It waits for another person to release it.", x.prepareExtract),
			web.API("readExtract", "GET", "/api/extracts/{extract}", "Read an answer with what was decided of it and how much is withheld, to judge it.", x.readExtract),
			web.API("prepareExtractAgain", "POST", "/api/extracts/{extract}", "Gather an answer anew, as decided: what the person has been told of, and whether names stand in it. Not once it is released.", x.prepareAgain),
			web.API("releaseExtract", "POST", "/api/extracts/{extract}/release", "Release an answer as you have read it. Nobody releases what they prepared.", x.releaseExtract),
			web.API("extendExtract", "POST", "/api/extracts/{extract}/extension", "Say that the citizen was told, within the first month and why, that the answer takes up to two months more.", x.extendExtract),
			web.API("takeExtract", "GET", "/api/extracts/{extract}/answer", "Take what was handed out to the citizen, as it was.", x.takeExtract),
			{Op: "takeExtractPDF", Method: "GET", Path: "/api/extracts/{extract}/answer.pdf", In: Written{}, Media: pdfType, Do: x.takeExtractPDF,
				Summary: "Take what was handed out to the citizen as a tagged PDF, in Danish or English."},

			{Method: "GET", Path: "/revisions", Do: x.revisionsPage, Nav: web.Nav{Word: "audit.nav.revisions", Roles: []hub.Role{hub.DPO}, Order: 20}},

			{Method: "GET", Path: "/witnesses", Do: x.witnessesPage, Nav: web.Nav{Word: "audit.nav.witnesses", Roles: []hub.Role{hub.DPO}, Order: 16}},
			{Method: "POST", Path: "/witnesses", Do: x.openForm},

			{Method: "GET", Path: "/glass", Do: x.glassesPage, Nav: web.Nav{Word: "audit.nav.glass", Roles: []hub.Role{hub.DPO}, Order: 20}},
			{Method: "GET", Path: "/glass/{glass}", Do: x.glassPage},
			{Method: "POST", Path: "/glass/{glass}", Do: x.reviewForm},

			{Method: "GET", Path: "/breaches", Do: x.breachesPage, Nav: web.Nav{Word: "audit.nav.breaches", Roles: []hub.Role{hub.DPO}, Order: 15}},
			{Method: "POST", Path: "/breaches", Do: x.registerBreachForm},
			{Method: "GET", Path: "/breaches/{breach}", Do: x.breachPage},
			{Method: "POST", Path: "/breaches/{breach}", Do: x.breachForm},
			{Method: "GET", Path: "/breaches/{breach}/draft", Do: x.breachDraftPage},
			web.API("listBreaches", "GET", "/api/breaches", "List your authority's register of breaches of personal data security: those that are open first.", x.listBreaches),
			web.API("registerBreach", "POST", "/api/breaches", "Register a breach of personal data security. Those affected are computed from the rows of the log that you name, and the clock of 72 hours runs from when your authority became aware of it.", x.registerBreach),
			web.API("readBreach", "GET", "/api/breaches/{breach}", "Read a breach with its clock, those affected, what has been said of it and each step.", x.readBreach),
			web.API("gatherBreach", "POST", "/api/breaches/{breach}/affected", "Compute those affected again: by other rows of the log, or by the same with what has come since.", x.gatherBreach),
			web.API("describeBreach", "POST", "/api/breaches/{breach}/description", "Say more of a breach, as Datatilsynet asks for it. What is left out stays as it was.", x.describeBreach),
			web.API("informBreach", "POST", "/api/breaches/{breach}/inform", "Say whether those affected are told of it, and what; or why not.", x.informBreach),
			web.API("notifyBreach", "POST", "/api/breaches/{breach}/notification", "Say that a breach was notified, and when.", x.notifyBreach),
			web.API("correctBreach", "POST", "/api/breaches/{breach}/correction", "Say that your authority became aware of a breach at another time, and why: the clock runs from then. Not once it is notified.", x.correctBreach),
			web.API("closeBreach", "POST", "/api/breaches/{breach}/close", "Close a breach, and say why. Nobody closes what they did.", x.closeBreach),
			web.API("draftBreach", "GET", "/api/breaches/{breach}/draft", "Take what Datatilsynet's form asks for, as far as it is known, with what is missing.", x.draftBreach),

			web.API("listGlass", "GET", "/api/glass", "List what was opened in an emergency of your authority's, for its data-protection officer: what waits for a review first.", x.listGlass),
			web.API("readGlass", "GET", "/api/glass/{glass}", "Read one emergency opening: who, why, and what was read under it.", x.readGlass),
			web.API("reviewGlass", "POST", "/api/glass/{glass}/review", "Say what you found of an emergency opening. Nobody reviews their own.", x.reviewGlass),

			{Method: "GET", Path: "/samples", Do: x.samplesPage, Nav: web.Nav{Word: "audit.nav.samples", Roles: []hub.Role{hub.DPO}, Order: 20}},
			{Method: "GET", Path: "/samples/{sample}", Do: x.samplePage},
			{Method: "POST", Path: "/samples/{sample}", Do: x.decideForm},
			web.API("listSamples", "GET", "/api/samples", "List the look-ups that were drawn by lot at your authority, for its data-protection officer: what waits first, and how they were drawn.", x.listSamples),
			web.API("readSample", "GET", "/api/samples/{sample}", "Read one look-up that was drawn by lot: its row of the trail, what was decided of it, and how it was drawn.", x.readSample),
			web.API("decideSample", "POST", "/api/samples/{sample}/decision", "Say what you found of a look-up that was drawn by lot. Nobody decides of their own.", x.decideSample),

			web.API("listWitnesses", "GET", "/api/witnesses", "List who confirms the log, how many of its rows nobody has confirmed yet, and when the hub was closed because the log had been longer, or another. For data-protection officers.", x.listWitnesses),
			web.API("openHub", "POST", "/api/witnesses/open", "Open the hub again that was closed because the log had been longer, or another: once it is known why, and with a reason that the officers of every authority can read.", x.openHub),
			{Method: "GET", Path: "/anomalies", Do: x.anomaliesPage, Nav: web.Nav{Word: "audit.nav.anomalies", Roles: []hub.Role{hub.DPO}, Order: 20}},
			{Method: "GET", Path: "/anomalies/{anomaly}", Do: x.anomalyPage},
			{Method: "POST", Path: "/anomalies/{anomaly}", Do: x.decideAnomalyForm},
			web.API("listAnomalies", "GET", "/api/anomalies", "List what stood out in the weeks of what your authority's own people looked up, for its data-protection officer: what waits first.", x.listAnomalies),
			web.API("readAnomaly", "GET", "/api/anomalies/{anomaly}", "Read one anomaly: what was found, which rows of the trail show it, and what was decided of it.", x.readAnomaly),
			web.API("decideAnomaly", "POST", "/api/anomalies/{anomaly}/decision", "Say what you found of an anomaly. Nobody decides of their own.", x.decideAnomaly),

			web.API("searchTrail", "POST", "/api/trail/search", "Search the trail: the own authority's data and people, for its data-protection officer.", x.searchTrail),
			{Op: "exportTrail", Method: "POST", Path: "/api/trail/export", In: Taking{}, Media: bundleType, Long: true, Do: x.exportTrail,
				Summary: "Take rows of the trail out as a bundle that anybody can verify, with their proofs: the own authority's data and people, for its data-protection officer. A line of JSON for each row; docs/trail.md says how it is written."},
			{Op: "exportTrailFHIR", Method: "POST", Path: "/api/trail/fhir", In: Taking{}, Media: fhirType, Long: true, Do: x.exportFHIR,
				Summary: "Take the same rows out as a Bundle of FHIR R4 AuditEvents, after the patterns of IHE BALP where they fit: docs/trail.md says how."},
			again,
			web.API("revisions", "GET", "/api/revisions", "List the revisions of the rules' data: which is in force, since when, and signed by whom. For data-protection officers.", x.revisions),
		},
		Marks: map[string]web.Mark{"seen": x.seen, "waiting": x.waiting},
		Chores: []service.Chore{
			{Name: "clock", Every: time.Minute, Do: x.clock},
			{Name: "late reviews", Every: time.Minute, Do: x.lateGlass},
			{Name: "tries", Every: time.Minute, Do: x.tried},
			{Name: "ends", Every: time.Minute, Do: x.ends},
			{Name: "breaches", Every: time.Minute, Do: x.breachClock},
			{Name: "tree", Every: time.Second / 2, Do: x.integrate},
			{Name: "walk", Every: time.Minute, Do: x.walk},
			{Name: "canaries", Every: canaryEvery, Do: x.canaries},
			{Name: "registers", Every: time.Minute, Do: x.registers},
			{Name: "witnesses", Every: askEvery, Do: x.witnesses},
			{Name: "odd", Every: askEvery, Do: x.tellOdd},
			{Name: "months", Every: time.Hour, Do: x.months},
			{Name: "samples", Every: 10 * time.Minute, Do: x.samples},
			{Name: "anomalies", Every: 10 * time.Minute, Do: x.anomalies},
			{Name: "answers", Every: time.Minute, Do: x.answersClock},
		},
	}, nil
}
