package structure

import (
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/infohus/infohus/pkg/hub"
)

// Policy is who approves a revision of the law as data: one authority of each
// kind named, all different, with the keys by which their signatures are known.
type Policy struct {
	ApprovedBy []hub.AuthorityKind
	Keys       []PolicyKey
	lines
}

// PolicyKey is an authority's public key for signing revisions. It counts for
// revisions that are to be in force from a day in its span.
type PolicyKey struct {
	Authority hub.AuthorityID
	Key       string // as C2SP signed-note has it: the authority's id, a hash and the key, with + between
	Span
	lines
}

// approvers are the kinds of authorities that can approve revisions: those that
// have a coordinator.
var approvers = []hub.AuthorityKind{hub.Police, hub.Municipality}

func (r *reader) policy(n *yaml.Node, p *Policy) {
	p.lines = r.mapping(n, "policy",
		must("approved_by", r.list("approved_by", func(n *yaml.Node) {
			var k hub.AuthorityKind
			word(r, "the kind", approvers, &k)(n)
			p.ApprovedBy = append(p.ApprovedBy, k)
		})),
		must("keys", items(r, "keys", &p.Keys, r.policyKey)),
	)
}

func (r *reader) policyKey(n *yaml.Node, k *PolicyKey) {
	k.lines = r.mapping(n, "a policy key", append(r.span(&k.Span, false),
		must("authority", code(r, "the key's authority", &k.Authority)),
		must("key", text(r, "the key", &k.Key)),
	)...)
}

// policy holds the keys against the authorities. What is approved is approved by
// two at least, whatever the file says.
func (c *checker) policy() {
	p := c.s.Policy
	if p.lines == nil {
		return
	}
	if len(p.ApprovedBy) < 2 {
		c.at(p.of("approved_by"), "a revision of the rules is approved by two authorities at least; write for instance [police, municipality]")
	}
	seen := map[string]int{}
	for _, k := range p.Keys {
		a, ok := c.known(k.of("authority"), "the key's authority", k.Authority, approvers...)
		if !ok {
			continue
		}
		name, rest, _ := strings.Cut(k.Key, "+")
		switch _, err := note.NewVerifier(k.Key); {
		case strings.HasPrefix(k.Key, "PRIVATE+KEY"):
			c.at(k.of("key"), "this is the private key of %s, and whoever has it signs in its name: take it out of the file, make a new one with infohus policy key, and write the public one here", a.ID)
		case err != nil:
			c.at(k.of("key"), "this is no public key, or letters of it are missing; write the line that infohus policy key printed")
		case name != string(a.ID):
			c.at(k.of("key"), "the key was made for %q, and stands here as that of %s; make one with infohus policy key %s", name, a.ID, a.ID)
		case seen[rest] > 0:
			c.at(k.of("key"), "the key stands twice, first on line %d; keep one", seen[rest])
		default:
			seen[rest] = k.of("key")
		}
	}
}
