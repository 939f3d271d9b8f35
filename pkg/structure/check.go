package structure

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// checker holds a file that could be read against itself and the rails.
type checker struct {
	faults
	s *Structure
}

func (c *checker) all() {
	c.authorities()
	c.district()
	c.policy()
	for i := range c.s.Infohus {
		c.infohus(i)
	}
	c.bases()
	c.purposes()
	c.agreements()
	c.instruments()
	c.catalogue()
	c.closings()
	c.retention()
	c.closedDays()
	c.witnesses()
	c.samples()
	c.anomalies()
	c.people()
	c.live()
	if len(c.list) == 0 {
		c.s.wear()
	}
}

// known finds an authority of one of the kinds (any, for none), or tells.
func (c *checker) known(line int, what string, id hub.AuthorityID, kinds ...hub.AuthorityKind) (Authority, bool) {
	a, ok := c.s.Authority(id)
	if !ok {
		var ids []hub.AuthorityID
		for _, a := range c.s.Authorities {
			if len(kinds) == 0 || slices.Contains(kinds, a.Kind) {
				ids = append(ids, a.ID)
			}
		}
		c.at(line, "%s %q is not under authorities; %s", what, id, oneOf(string(id), ids))
		return a, false
	}
	if len(kinds) > 0 && !slices.Contains(kinds, a.Kind) {
		var list []string
		for _, k := range kinds {
			list = append(list, string(k))
		}
		c.at(line, "%s %q is of the kind %s, and is to be a %s", what, id, a.Kind, strings.Join(list, " or a "))
		return a, false
	}
	return a, true
}

func (c *checker) authorities() {
	lines := map[hub.AuthorityID]int{}
	for _, a := range c.s.Authorities {
		if first, twice := lines[a.ID]; twice {
			c.at(a.of("id"), "the authority %q stands twice, first on line %d; give this one another id", a.ID, first)
			continue
		}
		lines[a.ID] = a.of("id")
		switch child := a.Kind == hub.SelfGoverning || a.Kind == hub.HousingAssociation; {
		case a.Parent == "" && child:
			c.at(a.of("kind"), "%s lacks parent; write the municipality it works with", a.ID)
		case a.Parent != "" && !child:
			c.at(a.of("parent"), "%s is a %s, and has no parent; take the line away", a.ID, a.Kind)
		case child:
			c.known(a.of("parent"), "the parent", a.Parent, hub.Municipality)
		}
		switch {
		case a.Kind == hub.SelfGoverning && a.TaskArea == "":
			c.at(a.of("kind"), "%s lacks task_area: a self-governing institution takes part only with a public task (retsplejeloven § 115 stk. 3); %s", a.ID, oneOf("", TaskAreas))
		case a.Kind != hub.SelfGoverning && a.TaskArea != "":
			c.at(a.of("task_area"), "%s is a %s, and has no task_area: only a self_governing institution has; take the line away", a.ID, a.Kind)
		}
		if u, err := url.Parse(a.Issuer); a.Issuer != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
			c.at(a.of("issuer"), "%s has the issuer %q; write the address that its OpenID provider gives, beginning with https://", a.ID, a.Issuer)
		}
		c.numberClaim(a)
		departments := map[string]int{}
		for _, d := range a.Departments {
			if first, twice := departments[d.ID]; twice {
				c.at(d.of("id"), "the department %q stands twice, first on line %d; give this one another id", d.ID, first)
			}
			departments[d.ID] = d.of("id")
		}
	}
}

// numberClaim holds that a claim is an issuer's, and that those who share an issuer
// say the same of it: it is one kind of token.
func (c *checker) numberClaim(a Authority) {
	if a.NumberClaim != "" && a.Issuer == "" {
		c.at(a.of("number_claim"), "%s has number_claim and no issuer; write whose tokens carry it, or take the line away", a.ID)
		return
	}
	if a.HomeClaim != "" && a.NumberClaim == "" {
		c.at(a.of("address_claim"), "%s has address_claim and no number_claim; whose address it is is kept with the number: write the claim of that too, or take the line away", a.ID)
		return
	}
	for _, o := range c.s.Authorities {
		if o.ID == a.ID {
			return
		}
		if o.Issuer == a.Issuer && o.NumberClaim != a.NumberClaim && a.Issuer != "" {
			c.at(a.of("issuer"), "%s and %s have the same issuer, and one of them another number_claim; write the same at both", o.ID, a.ID)
			return
		}
		if o.Issuer == a.Issuer && o.HomeClaim != a.HomeClaim && a.Issuer != "" {
			c.at(a.of("issuer"), "%s and %s have the same issuer, and one of them another address_claim; write the same at both", o.ID, a.ID)
			return
		}
	}
}

func (c *checker) district() {
	d := c.s.District
	c.known(d.of("police"), "the district's police", d.Police, hub.Police)
	seen := map[hub.AuthorityID]bool{}
	for _, m := range d.Municipalities {
		c.known(d.each[string(m)], "the municipality", m, hub.Municipality)
		if seen[m] {
			c.at(d.each[string(m)], "the municipality %q stands twice in the district; keep one", m)
		}
		seen[m] = true
	}
	for _, a := range c.s.Authorities {
		if a.Kind == hub.Municipality && !seen[a.ID] {
			c.at(a.of("id"), "the municipality %q has no police: add it to the district's municipalities", a.ID)
		}
	}
}

func (c *checker) infohus(i int) {
	h := c.s.Infohus[i]
	_, m := c.known(h.of("municipality"), "the municipality", h.Municipality, hub.Municipality)
	_, p := c.known(h.of("police"), "the police", h.Police, hub.Police)
	if p && h.Police != c.s.District.Police {
		c.at(h.of("police"), "the infohus of %s has the police %s, and the district has %s; write that", h.Municipality, h.Police, c.s.District.Police)
	}
	for _, o := range c.s.Infohus[:i] {
		if o.Municipality == h.Municipality && o.overlaps(h.Span) {
			c.at(h.of("from"), "%s has two infohuse at the same time, the other on line %d; end that one before this one begins", h.Municipality, o.of("from"))
		}
	}
	if m && p {
		c.coreGroup(h)
		c.coordinator(h, h.Municipality, hub.MunicipalCoordinator)
		c.coordinator(h, h.Police, hub.PoliceCoordinator)
	}
	c.steps(h)
}

func (c *checker) steps(h Infohus) {
	for state, r := range rails {
		st := h.Steps[state]
		if st.Limit.hours() > r.longest.hours() {
			c.at(st.of("limit"), "the step %s may last %v at most, and not %v: %s", state, r.longest, st.Limit, r.source)
		}
		if st.Then.hours() > railThen.longest.hours() {
			c.at(st.of("then"), "the step %s may last %v at most each time after the first, and not %v: %s", state, railThen.longest, st.Then, railThen.source)
		}
		if state == "acute" && st.Limit.Unit != Hours {
			c.at(st.of("limit"), "the step acute is counted in hours: it does not wait for a working day; write {hours: 1}")
		}
	}
}

func (c *checker) coreGroup(h Infohus) {
	departments, police := 0, false
	for i, s := range h.CoreGroup {
		if slices.ContainsFunc(h.CoreGroup[:i], func(o Seat) bool { return o.Authority == s.Authority && o.Department == s.Department }) {
			c.at(s.of(""), "this seat stands twice in the core group; keep one")
		}
		switch s.Authority {
		case h.Municipality:
			departments++
			if s.Department == "" {
				c.at(s.of(""), "a seat of the municipality lacks department; write which department sits in the core group")
				continue
			}
		case h.Police:
			police = true
			if s.Department == "" {
				continue
			}
		default:
			c.at(s.of("authority"), "%q has no seat in the core group of %s: it is for the municipality's departments and the police; others are invited to a case", s.Authority, h.Municipality)
			continue
		}
		c.department(s.of("department"), s.Authority, s.Department)
	}
	if departments == 0 || !police {
		c.at(h.of("core_group"), "the core group of %s is to have at least one of its departments, and %s; add what is missing under core_group", h.Municipality, h.Police)
	}
}

func (c *checker) department(line int, a hub.AuthorityID, id string) {
	if _, ok := c.s.Department(a, id); !ok {
		auth, _ := c.s.Authority(a)
		var ids []string
		for _, d := range auth.Departments {
			ids = append(ids, d.ID)
		}
		c.at(line, "%s has no department %q; %s", a, id, oneOf(id, ids))
	}
}

func (c *checker) coordinator(h Infohus, a hub.AuthorityID, role hub.Role) {
	for _, p := range c.s.People {
		for _, hat := range p.Posts {
			if hat.Role == role && hat.Authority == a && hat.deputyOf == "" && h.overlaps(Span{hat.From, hat.Until}) {
				return
			}
		}
	}
	c.at(h.of("municipality"), "the infohus of %s has no %s at %s: give somebody under people that hat", h.Municipality, role, a)
}

func (c *checker) bases() {
	for i, b := range c.s.LegalBases {
		for _, o := range c.s.LegalBases[:i] {
			if o.Code == b.Code && o.overlaps(b.Span) {
				c.at(b.of("from"), "%s has two wordings at the same time, the other on line %d; end that one with until", b.Code, o.of("from"))
			}
		}
	}
}

func (c *checker) purposes() {
	lines := map[hub.Purpose]int{}
	for _, p := range c.s.Purposes {
		if first, twice := lines[p.Code]; twice {
			c.at(p.of("code"), "the purpose %s stands twice, first on line %d; keep one", p.Code, first)
		}
		lines[p.Code] = p.of("code")
	}
	for _, must := range purposes {
		if _, ok := lines[must]; !ok {
			c.at(c.s.of("purposes"), "purposes lacks %s; add it, with what it means here", must)
		}
	}
}

func (c *checker) agreements() {
	lines := map[string]int{}
	for _, a := range c.s.Agreements {
		if first, twice := lines[a.ID]; twice {
			c.at(a.of("id"), "the agreement %q stands twice, first on line %d; give this one another id", a.ID, first)
		}
		lines[a.ID] = a.of("id")
		if !c.s.Basis(a.Basis, a.From) {
			c.at(a.of("from"), "the agreement %s begins on %s, when %s is not in force; see legal_bases", a.ID, a.From.Format(time.DateOnly), a.Basis)
		}
		if len(a.Parties) < 2 {
			c.at(a.of("parties"), "the agreement %s has not two parties; add the other", a.ID)
		}
		institutions := 0
		for i, id := range a.Parties {
			if slices.Contains(a.Parties[:i], id) {
				c.at(a.each[string(id)], "%s is a party of the agreement %s twice; keep one", id, a.ID)
			}
			party, ok := c.known(a.each[string(id)], "the party", id)
			switch {
			case !ok:
			case party.Kind == hub.HousingAssociation && section115(a.Basis):
				c.at(a.each[string(id)], "%s is a housing association: retsplejeloven § 115 does not reach it, and nothing about people is shared with it; take it from the parties", id)
			case party.Kind == hub.SelfGoverning:
				institutions++
				if section115(a.Basis) && a.Basis != "RPL115-3" {
					c.at(a.each[string(id)], "%s is a self-governing institution, and takes part only under RPL115-3; make an agreement of its own", id)
				}
			}
		}
		if a.Basis == "RPL115-3" && institutions == 0 {
			c.at(a.of("basis"), "the agreement %s is under RPL115-3, and has no self-governing institution among its parties; write the basis that fits", a.ID)
		}
	}
}

// section115 reports whether a basis is one of retsplejeloven § 115.
func section115(b hub.LegalBasis) bool { return len(b) > 6 && b[:6] == "RPL115" }

func (c *checker) retention() {
	lines := map[string]int{}
	for _, r := range c.s.Retention {
		if first, twice := lines[r.Name()]; twice {
			c.at(r.of("outcome"), "there are two rules for %s, the first on line %d; keep one", r.Name(), first)
		}
		lines[r.Name()] = r.of("outcome")
		if r.Authority != "" {
			c.known(r.of("authority"), "the rule's authority", r.Authority)
		}
		if r.Erase.shorter(r.Work) {
			c.at(r.of("erase"), "%s is erased before it stops being worked with; erase is counted from the outcome too, and is at least as long as work", r.Name())
		}
		if r.Outcome == "trail" && r.Erase.shorter(Period{Months: 12}) {
			c.at(r.of("erase"), "the trail is kept for 12 months at least, so that its misuse can be found; write erase: {months: 24}")
		}
		if r.Outcome == "draft" && (Period{Days: 14}).shorter(r.Erase) {
			c.at(r.of("erase"), "a draft is kept for 14 days at most; write erase: {days: 14}")
		}
		if r.Outcome == "case" && r.Work.shorter(Period{Months: 12}) {
			c.at(r.of("work"), "an open case moves its date on at each follow-up, and is worked with for 12 months at least without one; write work: {months: 24} and erase: {months: 24}")
		}
		if r.Outcome == erring && (Period{Days: 1}).shorter(r.Erase) {
			c.at(r.of("erase"), "what should not have been here is erased at once; write work: {days: 1} and erase: {days: 1}")
		}
	}
	for _, o := range Outcomes {
		if lines[o] == 0 {
			c.at(c.s.of("retention"), "retention has no rule for %s that holds for all; add one: nothing is stored without an erase date (GDPR art. 5(1)(e))", o)
		}
	}
}

// closedDays keeps working days from running out: limits must end.
func (c *checker) closedDays() {
	for i, d := range c.s.ClosedDays {
		if i == 40 {
			c.at(d.of(""), "there are more than 40 closed days; is this the right list?")
		}
		for _, o := range c.s.ClosedDays[:i] {
			if o.Month == d.Month && o.Day == d.Day && o.Year == d.Year {
				c.at(d.of("day"), "this day stands twice, first on line %d; keep one", o.of("day"))
			}
		}
	}
}
