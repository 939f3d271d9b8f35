// Package structure reads the structure file: who takes part, who works where
// as what until when, which laws and agreements apply, what the steps are
// called and how long they may take, by what instrument a case is assessed,
// which help there is, why a case may be closed, and when things are erased.
//
// A municipality writes the file itself. So it promises:
//
//   - Nothing is guessed. An unknown word, a missing field, a reference that
//     points nowhere is an error, and every error names file and line and says
//     what to write instead. As many as can be told are told at once.
//   - The file is flexible inside fixed rails (D16): it may shorten a limit and
//     rename a step, but not lengthen a limit past its rail, give an account to
//     a role that never may have one, or let an authority without an impact
//     assessment take part.
//   - Everything that holds, holds from a day until a day. A day begins at
//     midnight in Copenhagen; until is the first day on which it no longer holds.
//   - The same file gives the same IDs for hats and people, on every machine.
//   - A *Structure is never changed after Load, so it may be read from anywhere.
package structure

import (
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Structure is a structure file that has been read and found sound.
type Structure struct {
	Demo        bool // an invented world: real servers refuse it
	District    District
	Authorities []Authority
	Policy      Policy // zero: nobody approves a revision of the rules' data
	Infohus     []Infohus
	LegalBases  []LegalBasis
	Purposes    []Purpose
	Agreements  []Agreement
	Instruments []Instrument
	Measures    []Measure // the catalogue
	Closings    []ClosingReason
	Retention   []Retention
	ClosedDays  []ClosedDay
	Review      Review // how often access is gone through
	LookUps     LookUps
	Leaving     Leaving
	Glass       Glass
	Trail       Trail
	Samples     []Sample // none: as usual
	Anomalies   []Anomalies
	People      []Person

	revision string
	posts    []Post
	lines
}

// lines says where in the file something stands: each of its fields under the
// field's name, itself under "".
type lines map[string]int

func (l lines) of(field string) int {
	if n, ok := l[field]; ok {
		return n
	}
	return l[""]
}

// Span is from when until when something holds.
type Span struct {
	From  time.Time // the first instant at which it holds
	Until time.Time // the first instant at which it no longer holds; Forever where the file gives none
}

// Forever stands in Span.Until where no end is known.
var Forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Holds reports whether it holds at the instant.
func (s Span) Holds(at time.Time) bool { return !at.Before(s.From) && at.Before(s.Until) }

func (s Span) overlaps(o Span) bool { return s.From.Before(o.Until) && o.From.Before(s.Until) }

// LookUps is how many times somebody may look something up before it is slowed
// (A062): reads, searches and files, whatever comes of them. Zero is never.
type LookUps struct {
	Hour, Day int           // in the hour of the clock, and in 24 hours
	Wait      time.Duration // between two of them, once there were more
	lines
}

// Leaving is how long before its last agreement ends an authority may begin to take
// along what it wrote (A017). Zero days: from the minute in which it has ended.
type Leaving struct {
	Days int
	lines
}

// District is a police district (politikreds) and its municipalities, with
// whom the police director is to work (retsplejeloven § 114).
type District struct {
	Name           string
	Police         hub.AuthorityID
	Municipalities []hub.AuthorityID
	each           lines // of each municipality
	lines
}

// Authority is a legal person that controls its own data (L12).
type Authority struct {
	ID          hub.AuthorityID
	Name        string
	Kind        hub.AuthorityKind
	Issuer      string          // who signs its people in (OIDC issuer); "" in a demo: the development provider
	NumberClaim string          // of the issuer's ID tokens: what carries the employee's own CPR number; "" carries none
	HomeClaim   string          // and what carries the address where they are registered; "" carries none
	Parent      hub.AuthorityID // an institution's or association's municipality; else ""
	TaskArea    string          // of a self-governing institution: social, teaching, employment, psychiatry (L5)
	UntilAge    int             // the first age it has nothing to do with; 0 is none
	Departments []Department
	DPIA        DPIA // zero: may not take part
	lines
}

// Department is a need-to-know domain inside an authority (L9).
type Department struct {
	ID       string
	Name     string
	UntilAge int // the first age it has nothing to do with; 0 is none
	lines
}

// DPIA is what must stand before an authority's processing may go live (L42,
// GDPR art. 35).
type DPIA struct {
	Reference string    // of the impact assessment (konsekvensanalyse) in the authority's own records
	Advice    time.Time // the day on which the data-protection officer advised
	Owner     string    // the post that answers for the processing
	lines
}

// Infohus is one municipality's Infohus Kommune: with which police, who is in
// the core group (D17), and how its steps run (D16).
type Infohus struct {
	Municipality hub.AuthorityID
	Police       hub.AuthorityID
	CoreGroup    []Seat
	Declines     Declines
	Steps        map[string]Step // by state; every state in States has one
	Span
	lines
}

// Seat is a place in the core group (kernegruppe). The department may be left
// out for the police only.
type Seat struct {
	Authority  hub.AuthorityID
	Department string
	lines
}

// Step is what a state is called here, and how long it may last.
type Step struct {
	NameDa, NameEn string
	Limit          Limit
	Then           Limit // of follow_up only: each time after the first
	lines
}

// LegalBasis is a legal basis (hjemmel) as the law stood in a span. The same
// code may stand several times, for spans that do not overlap.
type LegalBasis struct {
	Code   hub.LegalBasis
	TextDa string
	TextEn string
	Source string // where the wording was read
	Span
	lines
}

// Purpose is what data may be used for here.
type Purpose struct {
	Code   hub.Purpose
	TextDa string
	TextEn string
	Source string
	lines
}

// Agreement is a cooperation agreement (samarbejdsaftale) between authorities.
type Agreement struct {
	ID        string
	Name      string
	Parties   []hub.AuthorityID
	Basis     hub.LegalBasis
	Reference string // in the parties' own records
	each      lines  // of each party
	Span
	lines
}

// Between reports whether both are parties.
func (a Agreement) Between(x, y hub.AuthorityID) bool {
	return slices.Contains(a.Parties, x) && slices.Contains(a.Parties, y)
}

// Review is how often those who have access are gone through (L56): within Every
// days somebody of the authority confirms each hat that opens content, or ends it;
// after Ends more days one that nobody confirmed ends by itself, if Ends is not 0.
type Review struct {
	Every int // days: at most a quarter, which is also what holds where the file says nothing
	Ends  int // days; 0 ends nothing by itself
	lines
}

// quarter is the longest that access goes unconfirmed, in days.
const quarter = 92

// Due is when a hat must be confirmed that was so last at a time.
func (r Review) Due(last time.Time) time.Time { return last.AddDate(0, 0, r.Every) }

// Over is when a hat ends that nobody confirmed; the zero time where none does.
func (r Review) Over(last time.Time) time.Time {
	if r.Ends == 0 {
		return time.Time{}
	}
	return r.Due(last).AddDate(0, 0, r.Ends)
}

// Person is somebody who signs in. The login is what the development provider
// and the command line know them by; Subject is what their issuer calls them.
type Person struct {
	ID      hub.ID
	Login   string
	Subject string
	Name    string
	Posts   []Post
	lines
}

// Post is a hat as the file tells it: the hat, how its wearer signs in, and who
// its manager is.
type Post struct {
	hub.Hat
	Login    string
	Issuer   string // of the hat's authority
	Subject  string // what that issuer calls the person
	Manager  hub.ID // the hat that is told when a step is overdue; "" none
	deputyOf string // the login in the file
	manager  string
	lines
}

// Holds reports whether the hat may be worn at the instant.
func (p Post) Holds(at time.Time) bool { return Span{p.From, p.Until}.Holds(at) }

// Revision names the file's content: 16 hexadecimal digits of its SHA-256.
func (s *Structure) Revision() string { return s.revision }

// Authority finds an authority.
func (s *Structure) Authority(id hub.AuthorityID) (Authority, bool) {
	for _, a := range s.Authorities {
		if a.ID == id {
			return a, true
		}
	}
	return Authority{}, false
}

// Department finds a department of an authority.
func (s *Structure) Department(a hub.AuthorityID, id string) (Department, bool) {
	auth, _ := s.Authority(a)
	for _, d := range auth.Departments {
		if d.ID == id {
			return d, true
		}
	}
	return Department{}, false
}

// UntilAge is the first age that an authority, or a department of it, has nothing
// to do with, as a school's eighteen: an invitation of its people ends there
// (L27). 0 is none.
func (s *Structure) UntilAge(a hub.AuthorityID, department string) int {
	auth, _ := s.Authority(a)
	if d, ok := s.Department(a, department); ok && d.UntilAge > 0 {
		return d.UntilAge
	}
	return auth.UntilAge
}

// InfohusOf finds the Infohus that holds for a municipality at the instant.
func (s *Structure) InfohusOf(municipality hub.AuthorityID, at time.Time) (Infohus, bool) {
	for _, h := range s.Infohus {
		if h.Municipality == municipality && h.Holds(at) {
			return h, true
		}
	}
	return Infohus{}, false
}

// HomeOf finds the Infohus an authority belongs to at the instant: a
// municipality its own, an institution its parent's. The police belong to
// several; for them and all others it answers false, and the concern's
// municipality decides.
func (s *Structure) HomeOf(a hub.AuthorityID, at time.Time) (Infohus, bool) {
	if auth, ok := s.Authority(a); ok && auth.Parent != "" {
		a = auth.Parent
	}
	return s.InfohusOf(a, at)
}

// Step is what a state is called and how long it may last in the Infohus of a
// municipality at the instant.
func (s *Structure) Step(state string, municipality hub.AuthorityID, at time.Time) (Step, bool) {
	h, ok := s.InfohusOf(municipality, at)
	if !ok {
		return Step{}, false
	}
	st, ok := h.Steps[state]
	return st, ok
}

// Limit is how long a state may last in the Infohus of a municipality at the
// instant; the first time, where there are several.
func (s *Structure) Limit(state string, municipality hub.AuthorityID, at time.Time) (Limit, bool) {
	st, ok := s.Step(state, municipality, at)
	return st.Limit, ok
}

// LaterLimit is how long a state may last each time after the first: of
// follow_up what the file says under then, of every other what [Limit] says.
func (s *Structure) LaterLimit(state string, municipality hub.AuthorityID, at time.Time) (Limit, bool) {
	st, ok := s.Step(state, municipality, at)
	if st.Then.N > 0 {
		return st.Then, ok
	}
	return st.Limit, ok
}

// BasisText is a legal basis in words, in Danish or English; "" where no entry has the code.
func (s *Structure) BasisText(code hub.LegalBasis, lang string) string {
	for _, b := range s.LegalBases {
		if b.Code == code && lang == "en" {
			return b.TextEn
		} else if b.Code == code {
			return b.TextDa
		}
	}
	return ""
}

// Relied is from which day until which this hub relies on a legal basis, by its last entry:
// YYYY-MM-DD; "" where there is no such day.
func (s *Structure) Relied(code string) (from, until string) {
	for _, b := range s.LegalBases {
		if string(b.Code) != code {
			continue
		}
		if from, until = b.From.In(hub.Copenhagen).Format(time.DateOnly), ""; b.Until.Before(Forever) {
			until = b.Until.In(hub.Copenhagen).Format(time.DateOnly)
		}
	}
	return from, until
}

// Basis reports whether a legal basis is in force at the instant.
func (s *Structure) Basis(code hub.LegalBasis, at time.Time) bool {
	return slices.ContainsFunc(s.LegalBases, func(b LegalBasis) bool { return b.Code == code && b.Holds(at) })
}

// Purpose finds what a purpose means here.
func (s *Structure) Purpose(code hub.Purpose) (Purpose, bool) {
	for _, p := range s.Purposes {
		if p.Code == code {
			return p, true
		}
	}
	return Purpose{}, false
}

// Agreed finds the agreements between two authorities under a basis, in force
// at the instant.
func (s *Structure) Agreed(x, y hub.AuthorityID, basis hub.LegalBasis, at time.Time) []Agreement {
	var found []Agreement
	for _, a := range s.Agreements {
		if a.Basis == basis && a.Holds(at) && a.Between(x, y) {
			found = append(found, a)
		}
	}
	return found
}

// Posts lists every hat with how it signs in, in the order of the file.
func (s *Structure) Posts() []Post { return slices.Clone(s.posts) }

// Hats lists every hat, in the order of the file. Hats that have run out, or
// not begun, are among them: ask Post.Holds.
func (s *Structure) Hats() []hub.Hat {
	hats := make([]hub.Hat, len(s.posts))
	for i, p := range s.posts {
		hats[i] = p.Hat
	}
	return hats
}

// Post finds a hat by its ID.
func (s *Structure) Post(id hub.ID) (Post, bool) {
	for _, p := range s.posts {
		if p.ID == id {
			return p, true
		}
	}
	return Post{}, false
}

// NameOf is who wears a hat, and for whom where they stand in for somebody (A014):
// "Viggo for Gudrun"; of a hat that is not in the file, the hat's ID.
func (s *Structure) NameOf(hat hub.ID) string {
	p, ok := s.Post(hat)
	if !ok {
		return string(hat)
	}
	if of, ok := s.Post(p.DeputyOf); ok {
		return p.Name + " for " + of.Name // the same word in Danish and English
	}
	return p.Name
}

// OneDesk reports whether two hats are worn by one person, or one stands in for the
// other, or both for the same: then they are one pair of eyes (A047, A048).
func (s *Structure) OneDesk(a, b hub.ID) bool {
	x, y := hub.Hat{ID: a}, hub.Hat{ID: b}
	if p, ok := s.Post(a); ok {
		x = p.Hat
	}
	if p, ok := s.Post(b); ok {
		y = p.Hat
	}
	return x.ID == y.ID || x.Person != "" && x.Person == y.Person || x.DeputyOf == y.ID || y.DeputyOf == x.ID || x.DeputyOf != "" && x.DeputyOf == y.DeputyOf
}

// Deputies lists the hats that stand in for a hat at the instant.
func (s *Structure) Deputies(of hub.ID, at time.Time) []Post {
	var found []Post
	for _, p := range s.posts {
		if p.DeputyOf == of && p.Holds(at) {
			found = append(found, p)
		}
	}
	return found
}

// Erasure finds the retention rule for an outcome: the authority's own where
// it has one, else the common one.
func (s *Structure) Erasure(outcome string, a hub.AuthorityID) (Retention, bool) {
	var common Retention
	found := false
	for _, r := range s.Retention {
		switch {
		case r.Outcome != outcome:
		case r.Authority == a && a != "":
			return r, true
		case r.Authority == "":
			common, found = r, true
		}
	}
	return common, found
}
