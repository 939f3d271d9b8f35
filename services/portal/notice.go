package portal

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/pkg/web"
)

// Notice is a sentence for somebody: that something happened. It is for a role
// at an authority, or for a person at one, so that a person's other posts are
// not told (A046).
type Notice struct {
	ID        hub.ID
	Word      string // portal.notice.<word>
	Kind      string // of what it leads to: concern, case, request, offer
	Concern   hub.ID // the thing it leads to; "" nowhere
	Of        hub.ID // the thing it is of, also where its reader is not told which; "" none
	Authority hub.AuthorityID
	Role      hub.Role
	Person    hub.ID
	Step      string // which step is overdue: portal.step.<step>; "" for whoever is not told of which concern
	Due       time.Time
	At        time.Time
	Ended     bool // what it leads to is not open to its reader any more
}

// officers are the words of notices for a data-protection officer, who never had what
// they are of: they lead to the log.
var officers = []string{"recused_officer", "recusal_lifted_officer"}

// Href is where the notice leads.
func (n Notice) Href() string {
	if slices.Contains(officers, n.Word) {
		return "/trail"
	}
	to := "/" + n.Kind + "s/" + string(n.Concern)
	if n.Word == emptySeat {
		to += "/recusal"
	}
	return to
}

// line is what stands on the front page: a notice, or several that would look
// the same because they tell of no concern.
type line struct {
	Notice
	IDs []hub.ID
}

// Times is how many notices a line stands for.
func (l line) Times() int { return len(l.IDs) }

// All names the notices of a line, for its button.
func (l line) All() string { return strings.Join(web.Codes(l.IDs), " ") }

// lines puts together what would look the same: nothing but an identical line
// would tell a reader that there are two.
func lines(list []Notice) []line {
	var all []line
	for _, n := range list {
		i := slices.IndexFunc(all, func(l line) bool {
			return n.Concern == "" && l.Concern == "" && l.Word == n.Word && l.Due.Equal(n.Due) && l.At.Truncate(time.Minute).Equal(n.At.Truncate(time.Minute))
		})
		if i < 0 {
			all = append(all, line{n, []hub.ID{n.ID}})
			continue
		}
		all[i].IDs = append(all[i].IDs, n.ID)
	}
	return all
}

// noticesFor is how long a notice is kept.
const noticesFor = 90 * 24 * time.Hour

// coordinator is the role that looks after concerns at an authority of a kind.
// An authority of another kind has none.
func coordinator(kind hub.AuthorityKind) hub.Role {
	switch kind {
	case hub.Police:
		return hub.PoliceCoordinator
	case hub.Municipality:
		return hub.MunicipalCoordinator
	}
	return ""
}

// desk is whom to tell at an authority: its coordinators; for an institution,
// those of its municipality. Nobody is a zero Notice.
func desk(s *structure.Structure, id hub.AuthorityID) Notice {
	a, ok := s.Authority(id)
	if ok && coordinator(a.Kind) == "" && a.Parent != "" {
		a, ok = s.Authority(a.Parent)
	}
	if !ok || coordinator(a.Kind) == "" {
		return Notice{}
	}
	return Notice{Authority: a.ID, Role: coordinator(a.Kind)}
}

// hasDesk reports whether an authority has coordinators of its own.
func hasDesk(s *structure.Structure, id hub.AuthorityID) bool {
	a, ok := s.Authority(id)
	return ok && coordinator(a.Kind) != ""
}

// climb is whom to tell that a step is overdue, by how long it has been: those
// whose step it is, their deputies, their managers. Where there is no deputy
// the owners are told again, and where no manager is named, every manager of
// the authority. A manager is not told which concern: they see none.
func climb(s *structure.Structure, id hub.AuthorityID, level string, at time.Time) []Notice {
	d := desk(s, id)
	if d.Role == "" {
		return nil
	}
	var people []Notice
	seen := map[hub.ID]bool{}
	tell := func(p hub.ID) {
		if p != "" && !seen[p] {
			seen[p] = true
			people = append(people, Notice{Authority: d.Authority, Person: p})
		}
	}
	owners := s.Holders(d.Role, d.Authority, at)
	switch level {
	case "deputy":
		for _, o := range owners {
			for _, p := range s.Deputies(o.Hat.ID, at) {
				tell(p.Person)
			}
		}
	case "manager":
		for _, o := range owners {
			if m, ok := s.Post(o.Manager); ok && m.Holds(at) {
				tell(m.Person)
			}
		}
		if len(people) == 0 {
			return []Notice{{Authority: d.Authority, Role: hub.Manager}}
		}
	}
	if len(people) == 0 {
		return []Notice{d}
	}
	return people
}
