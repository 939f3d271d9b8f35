// Package hub is the ground floor: the nouns that every room shares, and
// nothing that touches the world. It imports only the standard library.
package hub

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ID names one thing: a concern, a subject, a person who signs in, a hat, a
// key. It is 128 random bits, written as 26 lower-case letters and digits, and
// tells nothing about what it names, when it was made or how many there are
// (trust.md A022). The zero ID names nothing.
type ID string

var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID draws a fresh random ID. Rooms take theirs from Env.NewID, so that a
// test can control them.
func NewID() ID {
	var b [16]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	return MakeID(b)
}

// MakeID writes 16 bytes as an ID.
func MakeID(b [16]byte) ID { return ID(encoding.EncodeToString(b[:])) }

// ParseID reads an ID that came from outside. Anything but the one spelling
// that [MakeID] writes is NotFound: an ID that cannot exist names nothing, and
// is answered as such.
func ParseID(s string) (ID, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) != 16 || encoding.EncodeToString(b) != s {
		return "", NotFound()
	}
	return ID(s), nil
}

// AuthorityID is the short name of an authority (myndighed) in the structure
// file, such as "koege" or "mvs-politi". An authority is a legal person and a
// data controller (dataansvarlig), GDPR art. 4(7).
type AuthorityID string

// AuthorityKind says what an authority is, because the law gives each kind
// other powers (retsplejeloven § 115).
type AuthorityKind string

// The kinds of authority.
const (
	Police             AuthorityKind = "police"              // politikreds
	Municipality       AuthorityKind = "municipality"        // kommune
	PrisonService      AuthorityKind = "prison_service"      // Kriminalforsorgen
	Region             AuthorityKind = "region"              // regionens psykiatri
	SelfGoverning      AuthorityKind = "self_governing"      // selvejende institution, § 115 stk. 3
	HousingAssociation AuthorityKind = "housing_association" // boligorganisation: never person data (L5)
)

// AuthorityKinds lists every kind, in the order of the constants.
var AuthorityKinds = []AuthorityKind{Police, Municipality, PrisonService, Region, SelfGoverning, HousingAssociation}

// Role is what somebody does at an authority. What a role may see and do is
// policy, never a property of the role.
type Role string

// The roles (domain.md 2.4).
const (
	Reporter             Role = "reporter"              // melder: a professional who is worried
	Receiver             Role = "receiver"              // modtager, SSP
	MunicipalCoordinator Role = "municipal_coordinator" // kommunal tovholder
	PoliceCoordinator    Role = "police_coordinator"    // politiets tovholder
	CoreGroup            Role = "core_group"            // kernegruppemedlem
	LocalPolice          Role = "local_police"          // lokalpolitiets forebyggelse
	Partner              Role = "partner"               // inviteret myndighed
	Institution          Role = "institution"           // skole, ungdomsuddannelse
	Associate            Role = "associate"             // boligorganisation, forening, frivillig
	Steering             Role = "steering"              // styregruppe: aggregates only
	Manager              Role = "manager"               // leder: told that a step is overdue, no content
	DPO                  Role = "dpo"                   // databeskyttelsesrådgiver
	Administrator        Role = "administrator"         // systemadministrator: no content
	Investigator         Role = "investigator"          // efterforsker: never (§ 115 stk. 2)
	ControlUnit          Role = "control_unit"          // kontrolgruppe: never (L55)
	Anonymous            Role = "anonymous"             // melder uden navn: tells, and sees nothing (L50)
)

// Roles lists every role, in the order of the constants.
var Roles = []Role{Reporter, Receiver, MunicipalCoordinator, PoliceCoordinator, CoreGroup, LocalPolice, Partner,
	Institution, Associate, Steering, Manager, DPO, Administrator, Investigator, ControlUnit}

// Hat is one post of one person: who works where, as what, until when. A
// person with two posts wears one hat at a time (L56).
type Hat struct {
	ID         ID            `json:"id"`
	Person     ID            `json:"person"`
	Name       string        `json:"name"`
	Authority  AuthorityID   `json:"authority"`
	Kind       AuthorityKind `json:"kind"`
	Department string        `json:"department,omitempty"`
	Role       Role          `json:"role"`
	From       time.Time     `json:"from"`
	Until      time.Time     `json:"until"`               // the first instant at which it no longer holds
	DeputyOf   ID            `json:"deputy_of,omitempty"` // the hat that it stands in for; what is done in it carries both names
}

// Actor is a person wearing a hat, as every question, record and command names
// who asks. The zero Actor is nobody.
type Actor struct {
	Hat
	Session ID     // the sign-in this came through
	Issuer  string // who vouches for the identity (OIDC issuer)
	LoA     string // NSIS level of assurance: Low, Substantial, High
	Request ID     // this request, for the trail and the traces
	Cause   ID     // what started it, across rooms (correlation id)
}

// System is the actor of what the hub does by itself, in the name of the hat
// whose act caused it. It may draft and remind; it never decides (L38).
func System(now time.Time, request ID) Actor {
	return Actor{Hat: Hat{ID: "system", Person: "system", Role: "system", From: now}, Request: request, Cause: request}
}

// Purpose is what data is used for (formål). A code with its text in the
// structure file; purpose limitation is GDPR art. 5(1)(b).
type Purpose string

// The purposes known to the rules.
const (
	Prevention    Purpose = "prevention"    // forebyggelse, D10
	ChildWelfare  Purpose = "child_welfare" // barnets lov
	LogControl    Purpose = "log_control"   // logkontrol, L17
	Operation     Purpose = "operation"     // drift: no content
	Investigation Purpose = "investigation" // efterforskning: never (§ 115 stk. 2, L3)
	BenefitCheck  Purpose = "benefit_check" // kontrol: never (L55)
)

// LegalBasis is the code of a legal basis (hjemmel), domain.md 2.5; which ones
// apply, with source and dates, is data in the structure file.
type LegalBasis string

// Marking says how sensitive what a fact carries is. No fact carries personal
// data; the marking says what can be inferred from its being told.
type Marking string

// The markings of facts.
const (
	Open     Marking = "open"     // anybody who runs the hub may know
	Internal Marking = "internal" // tells that a reference exists and moved
)

// Copenhagen is where statutory clocks run (L60). The zone's data is compiled in.
var Copenhagen = func() *time.Location {
	l, err := time.LoadLocation("Europe/Copenhagen")
	if err != nil {
		panic("hub: no time zone data: " + err.Error()) // cannot happen: time/tzdata is linked
	}
	return l
}()

// Plain reports whether a text is only what can be read and kept: valid UTF-8,
// without control characters other than tabs and line breaks, without what turns
// the direction of the text that follows, and without what is no character (A108).
func Plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) }

// Seen is the text without what [Plain] does not allow.
func Seen(s string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, s)
}

func hidden(r rune) bool {
	return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || unicode.Is(unicode.Noncharacter_Code_Point, r)
}

// CleanLine folds a one-line text from outside: outer space trimmed, inner
// runs of space made one.
func CleanLine(s string) string { return strings.Join(strings.Fields(s), " ") }
