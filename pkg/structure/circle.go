package structure

import (
	"slices"
	"strings"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Member is a seat in the core group, and who holds it.
type Member struct {
	Seat
	Posts []Post // with a hat as core_group there, those who are nobody's deputy first; none where it is vacant
}

// Members lists the seats of an infohus's core group with who holds them at
// the instant: the file's proposal for a case's circle. To sit there opens no
// case (D17).
func (s *Structure) Members(h Infohus, at time.Time) []Member {
	if !h.Holds(at) {
		return nil
	}
	members := make([]Member, len(h.CoreGroup))
	for i, seat := range h.CoreGroup {
		members[i] = Member{seat, s.PostsOf(seat.Authority, seat.Department, at, hub.CoreGroup)}
	}
	return members
}

// PostsOf lists the hats at an authority at the instant, in one department or,
// for "", anywhere in it; of the roles named, or of every role where none is.
// Those who are nobody's deputy come first.
func (s *Structure) PostsOf(a hub.AuthorityID, department string, at time.Time, roles ...hub.Role) []Post {
	var first, deputies []Post
	for _, p := range s.posts {
		switch {
		case p.Authority != a || !p.Holds(at):
		case department != "" && p.Department != department:
		case len(roles) > 0 && !slices.Contains(roles, p.Role):
		case p.DeputyOf == "":
			first = append(first, p)
		default:
			deputies = append(deputies, p)
		}
	}
	return append(first, deputies...)
}

// Holders lists the hats of a role at an authority at the instant, those who
// are nobody's deputy first.
func (s *Structure) Holders(role hub.Role, a hub.AuthorityID, at time.Time) []Post {
	return s.PostsOf(a, "", at, role)
}

// InCooperation reports whether two authorities are parties to an agreement
// that holds at the instant, on a basis that is in force then. Retsplejeloven
// § 115 stk. 2 speaks of the authorities in the cooperation, and has no
// agreement of its own: for it any agreement under stk. 1 will do. The letters of
// stk. 1 nr. 3 say of whom, and are one cooperation. An authority is in none with
// itself.
func (s *Structure) InCooperation(x, y hub.AuthorityID, basis hub.LegalBasis, at time.Time) bool {
	return len(s.Cooperations(x, y, basis, at)) > 0
}

// Cooperations lists the bases of the agreements that [Structure.InCooperation]
// finds; one may be there twice.
func (s *Structure) Cooperations(x, y hub.AuthorityID, basis hub.LegalBasis, at time.Time) (list []hub.LegalBasis) {
	if x == y || !s.Basis(basis, at) {
		return nil
	}
	for _, a := range s.Agreements {
		if carries(a.Basis, basis) && a.Holds(at) && s.Basis(a.Basis, at) && a.Between(x, y) {
			list = append(list, a.Basis)
		}
	}
	return list
}

// Carriers lists the bases in the file on which an agreement may be that carries
// what is shared on a basis, as [Structure.InCooperation] has it; never nil.
func (s *Structure) Carriers(basis hub.LegalBasis) []hub.LegalBasis {
	list := []hub.LegalBasis{}
	for _, b := range s.LegalBases {
		if carries(b.Code, basis) && !slices.Contains(list, b.Code) {
			list = append(list, b.Code)
		}
	}
	return list
}

func carries(agreement, basis hub.LegalBasis) bool {
	return cooperation(agreement) == cooperation(basis) || basis == "RPL115-2" && strings.HasPrefix(string(agreement), "RPL115-1-")
}

// cooperation is what a basis of § 115 is about: the basis without its letter.
func cooperation(basis hub.LegalBasis) string { return strings.TrimRight(string(basis), "abc") }

// TaskArea is the public task of a self-governing institution (L5); "" of any
// other authority, and of one that is not in the file.
func (s *Structure) TaskArea(a hub.AuthorityID) string {
	found, _ := s.Authority(a)
	return found.TaskArea
}
