package structure

import (
	"fmt"
	"slices"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"go.yaml.in/yaml/v3"
)

// structure reads the whole file.
func (r *reader) structure(n *yaml.Node, s *Structure) {
	s.Review.Every = quarter // L56, where the file does not shorten it
	s.lines = r.mapping(n, "the file",
		may("demo", r.yes("demo", &s.Demo)),
		must("district", func(n *yaml.Node) { r.district(n, &s.District) }),
		must("authorities", items(r, "authorities", &s.Authorities, r.authority)),
		may("policy", func(n *yaml.Node) { r.policy(n, &s.Policy) }),
		must("infohus", items(r, "infohus", &s.Infohus, r.infohus)),
		must("legal_bases", items(r, "legal_bases", &s.LegalBases, r.basis)),
		must("purposes", items(r, "purposes", &s.Purposes, r.purpose)),
		must("agreements", items(r, "agreements", &s.Agreements, r.agreement)),
		must("instruments", items(r, "instruments", &s.Instruments, r.instrument)),
		must("catalogue", items(r, "catalogue", &s.Measures, r.measure)),
		must("closing_reasons", items(r, "closing_reasons", &s.Closings, r.closingReason)),
		must("retention", items(r, "retention", &s.Retention, r.retention)),
		may("break_glass", func(n *yaml.Node) { r.glass(n, s) }),
		may("closed_days", items(r, "closed_days", &s.ClosedDays, r.closedDay)),
		may("review", func(n *yaml.Node) { r.review(n, &s.Review) }),
		may("look_ups", r.lookUps(&s.LookUps)),
		may("leaving", func(n *yaml.Node) {
			s.Leaving.lines = r.mapping(n, "leaving", must("days", r.number("days", 1, 365, &s.Leaving.Days)))
		}),
		may("trail", func(n *yaml.Node) { r.trail(n, &s.Trail) }),
		may("samples", items(r, "samples", &s.Samples, r.sample)),
		may("anomalies", items(r, "anomalies", &s.Anomalies, r.anomalies)),
		must("people", items(r, "people", &s.People, r.person)),
	)
}

// items reads a list of things.
func items[T any](r *reader, what string, to *[]T, read func(*yaml.Node, *T)) func(*yaml.Node) {
	return r.list(what, func(n *yaml.Node) {
		var x T
		read(n, &x)
		*to = append(*to, x)
	})
}

// ids reads a list of authorities, and notes where each stands.
func (r *reader) ids(n *yaml.Node, what string, to *[]hub.AuthorityID, at *lines) {
	*at = lines{}
	r.list(what, func(n *yaml.Node) {
		var id hub.AuthorityID
		code(r, "an authority", &id)(n)
		*to = append(*to, id)
		(*at)[string(id)] = n.Line
	})(n)
}

func (r *reader) district(n *yaml.Node, d *District) {
	d.lines = r.mapping(n, "the district",
		must("name", text(r, "the district's name", &d.Name)),
		must("police", code(r, "the district's police", &d.Police)),
		must("municipalities", func(n *yaml.Node) { r.ids(n, "municipalities", &d.Municipalities, &d.each) }),
	)
}

func (r *reader) authority(n *yaml.Node, a *Authority) {
	a.lines = r.mapping(n, "an authority",
		must("id", code(r, "an authority's id", &a.ID)),
		must("name", text(r, "an authority's name", &a.Name)),
		must("kind", word(r, "the kind", hub.AuthorityKinds, &a.Kind)),
		may("issuer", text(r, "the issuer", &a.Issuer)),
		may("number_claim", text(r, "the claim of the number", &a.NumberClaim)),
		may("address_claim", text(r, "the claim of the address", &a.HomeClaim)),
		may("parent", code(r, "the parent", &a.Parent)),
		may("task_area", word(r, "the task area", TaskAreas, &a.TaskArea)),
		may("until_age", r.number("until_age", 1, 120, &a.UntilAge)),
		may("departments", items(r, "departments", &a.Departments, r.department)),
		may("dpia", func(n *yaml.Node) { r.dpia(n, &a.DPIA) }),
	)
}

func (r *reader) department(n *yaml.Node, d *Department) {
	d.lines = r.mapping(n, "a department",
		must("id", code(r, "a department's id", &d.ID)),
		must("name", text(r, "a department's name", &d.Name)),
		may("until_age", r.number("until_age", 1, 120, &d.UntilAge)),
	)
}

func (r *reader) dpia(n *yaml.Node, d *DPIA) {
	d.lines = r.mapping(n, "the dpia",
		must("reference", text(r, "the dpia's reference", &d.Reference)),
		must("dpo_advice", r.date("dpo_advice", &d.Advice)),
		must("owner", text(r, "the dpia's owner", &d.Owner)),
	)
}

func (r *reader) infohus(n *yaml.Node, h *Infohus) {
	h.Steps = map[string]Step{}
	h.lines = r.mapping(n, "an infohus", append(r.span(&h.Span, false),
		must("municipality", code(r, "the municipality", &h.Municipality)),
		must("police", code(r, "the police", &h.Police)),
		must("core_group", items(r, "core_group", &h.CoreGroup, r.seat)),
		must("declines", word(r, "declines", declines, &h.Declines)),
		must("steps", func(n *yaml.Node) { r.steps(n, h.Steps) }),
	)...)
}

func (r *reader) seat(n *yaml.Node, s *Seat) {
	s.lines = r.mapping(n, "a seat in the core group",
		must("authority", code(r, "a seat's authority", &s.Authority)),
		may("department", code(r, "a seat's department", &s.Department)),
	)
}

func (r *reader) steps(n *yaml.Node, steps map[string]Step) {
	var fields []field
	for _, state := range States {
		fields = append(fields, must(state, func(n *yaml.Node) {
			var st Step
			parts := []field{
				must("da", text(r, "the Danish name", &st.NameDa)),
				must("en", text(r, "the English name", &st.NameEn)),
				must("limit", func(n *yaml.Node) { r.limit(n, &st.Limit) }),
			}
			if state == followUp {
				parts = append(parts, must("then", func(n *yaml.Node) { r.limit(n, &st.Then) }))
			} else {
				parts = append(parts, r.never("then", "only the step follow_up comes round again and has then"))
			}
			st.lines = r.mapping(n, "the step "+state, parts...)
			steps[state] = st
		}))
	}
	for _, law := range []string{"child", "child_due", "notification"} {
		fields = append(fields, r.never(law, "the time for a notification about a child is 24 hours by law (barnets lov § 133 ff.), and not for a file to set"))
	}
	r.mapping(n, "steps", fields...)
}

func (r *reader) limit(n *yaml.Node, l *Limit) {
	var hours, days int
	before := len(r.faults.list)
	r.mapping(n, "a limit",
		may("hours", r.number("hours", 1, 10000, &hours)),
		may("working_days", r.number("working_days", 1, 250, &days)),
	)
	switch {
	case len(r.faults.list) > before:
	case hours > 0 && days == 0:
		*l = Limit{hours, Hours}
	case days > 0 && hours == 0:
		*l = Limit{days, WorkingDays}
	default:
		r.at(n.Line, "a limit is counted in one unit; write {hours: 24} or {working_days: 5}")
	}
}

func (r *reader) basis(n *yaml.Node, b *LegalBasis) {
	b.lines = r.mapping(n, "a legal basis", append(r.span(&b.Span, false),
		must("code", r.code(&b.Code)),
		must("da", text(r, "the Danish text", &b.TextDa)),
		must("en", text(r, "the English text", &b.TextEn)),
		must("source", text(r, "the source", &b.Source)),
	)...)
}

// code reads the code of a legal basis.
func (r *reader) code(to *hub.LegalBasis) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Value == "RPL115-1-3" {
			r.at(n.Line, "RPL115-1-3 carries nothing without its letter (retsplejeloven § 115 stk. 1 nr. 3); write RPL115-1-3a, RPL115-1-3b or RPL115-1-3c")
			return
		}
		word(r, "the legal basis", Codes, to)(n)
	}
}

func (r *reader) purpose(n *yaml.Node, p *Purpose) {
	p.lines = r.mapping(n, "a purpose",
		must("code", word(r, "the purpose", purposes, &p.Code)),
		must("da", text(r, "the Danish text", &p.TextDa)),
		must("en", text(r, "the English text", &p.TextEn)),
		must("source", text(r, "the source", &p.Source)),
	)
}

func (r *reader) agreement(n *yaml.Node, a *Agreement) {
	a.lines = r.mapping(n, "an agreement", append(r.span(&a.Span, true),
		must("id", code(r, "an agreement's id", &a.ID)),
		must("name", text(r, "an agreement's name", &a.Name)),
		must("parties", func(n *yaml.Node) { r.ids(n, "parties", &a.Parties, &a.each) }),
		must("basis", r.code(&a.Basis)),
		must("reference", text(r, "an agreement's reference", &a.Reference)),
	)...)
}

func (r *reader) retention(n *yaml.Node, x *Retention) {
	x.lines = r.mapping(n, "a retention rule",
		must("outcome", word(r, "the outcome", slices.Concat(Outcomes, ownRules), &x.Outcome)),
		may("authority", code(r, "the rule's authority", &x.Authority)),
		must("work", func(n *yaml.Node) { r.period(n, "work", &x.Work) }),
		must("erase", func(n *yaml.Node) { r.period(n, "erase", &x.Erase) }),
		must("source", text(r, "the source", &x.Source)),
	)
}

func (r *reader) period(n *yaml.Node, what string, p *Period) {
	before := len(r.faults.list)
	r.mapping(n, what,
		may("days", r.number("days", 1, 3650, &p.Days)),
		may("months", r.number("months", 1, 120, &p.Months)),
	)
	if len(r.faults.list) == before && (p.Days == 0) == (p.Months == 0) {
		r.at(n.Line, "%s is counted in one unit; write {days: 30} or {months: 6}", what)
	}
}

func (r *reader) review(n *yaml.Node, v *Review) {
	v.lines = r.mapping(n, "the review",
		must("days", r.number("days", 1, quarter, &v.Every)),
		may("ends_after_days", r.number("ends_after_days", 1, quarter, &v.Ends)),
	)
}

func (r *reader) closedDay(n *yaml.Node, c *ClosedDay) {
	c.lines = r.mapping(n, "a closed day",
		must("name", text(r, "a closed day's name", &c.Name)),
		must("day", func(n *yaml.Node) {
			v, ok := r.scalar(n, "day")
			if !ok {
				return
			}
			if t, err := time.Parse(time.DateOnly, v); err == nil {
				c.Year, c.Month, c.Day = t.Year(), t.Month(), t.Day()
				return
			}
			t, err := time.Parse(time.DateOnly, fmt.Sprintf("2024-%s", v)) // a leap year: 02-29 is a day
			if err != nil {
				r.at(n.Line, "day %q is no day; write 12-24 for every year, or 2026-05-15 for one", v)
				return
			}
			c.Month, c.Day = t.Month(), t.Day()
		}),
	)
}

func (r *reader) person(n *yaml.Node, p *Person) {
	p.lines = r.mapping(n, "a person",
		must("login", code(r, "a login", &p.Login)),
		must("name", text(r, "a person's name", &p.Name)),
		may("subject", text(r, "a person's subject", &p.Subject)),
		must("hats", items(r, "hats", &p.Posts, r.post)),
	)
}

func (r *reader) post(n *yaml.Node, p *Post) {
	var held Span
	p.lines = r.mapping(n, "a hat", append(r.span(&held, true),
		must("role", r.role(&p.Role)),
		must("authority", code(r, "a hat's authority", &p.Authority)),
		may("department", code(r, "a hat's department", &p.Department)),
		may("subject", text(r, "a hat's subject", &p.Subject)),
		may("deputy_of", code(r, "deputy_of", &p.deputyOf)),
		may("manager", code(r, "the manager", &p.manager)),
	)...)
	p.From, p.Until = held.From, held.Until
}

// role reads a role that may have an account.
func (r *reader) role(to *hub.Role) func(*yaml.Node) {
	var allowed []hub.Role
	for _, role := range hub.Roles {
		if where[role] != nil {
			allowed = append(allowed, role)
		}
	}
	return func(n *yaml.Node) {
		switch hub.Role(n.Value) {
		case hub.Investigator:
			r.at(n.Line, "an investigator never has a hat: what is shared for prevention is not for investigation (retsplejeloven § 115 stk. 2); take the hat away")
		case hub.ControlUnit:
			r.at(n.Line, "a control unit never has a hat: control is another purpose than prevention (GDPR art. 5(1)(b)); take the hat away")
		default:
			word(r, "the role", allowed, to)(n)
		}
	}
}

// lookUps reads how many look-ups there may be before they are slowed.
func (r *reader) lookUps(to *LookUps) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var seconds int
		to.lines = r.mapping(n, "look_ups", must("hour", r.number("hour", 10, 100_000, &to.Hour)), must("day", r.number("day", 10, 1_000_000, &to.Day)),
			must("wait", r.number("wait", 1, 60, &seconds)))
		to.Wait = time.Duration(seconds) * time.Second
	}
}
