package structure

import (
	"cmp"
	"net"
	"net/url"
	"strings"
	"time"

	"filippo.io/torchwood"
	"go.yaml.in/yaml/v3"

	"github.com/infohus/infohus/pkg/hub"
)

// Trail is what the trail is called in its checkpoints, and who witnesses them.
type Trail struct {
	Origin    string    // "" is after the district's police: see [Structure.TrailOrigin]
	Witnesses []Witness // none: nobody is asked
	Quorum    int       // how many must have cosigned a checkpoint before it is published; 0: it waits for none
	Confirm   int       // after how many hours without them a disclosure is confirmed once more; 0 is four
	lines
}

// Witness is what an authority runs to see that the trail only grows (docs/trail.md).
type Witness struct {
	Authority hub.AuthorityID
	URL       string // where it is asked
	Key       string // its verifier key, as it prints it
	lines
}

// usualConfirm is after how many hours a disclosure is confirmed once more where the file
// says nothing: a machine of another authority's that is started again, or seen to the same
// day, is to keep nobody from working (trust.md F38).
const usualConfirm = 4

// Confirming is by whom the trail is to be confirmed: the witnesses' keys, how many of
// them, and for how long it may be missing before whoever discloses is asked once more. No
// witness: it is confirmed by nobody.
func (t Trail) Confirming() (keys []string, least int, within time.Duration) {
	for _, w := range t.Witnesses {
		keys = append(keys, w.Key)
	}
	return keys, max(t.Quorum, 1), time.Duration(cmp.Or(t.Confirm, usualConfirm)) * time.Hour
}

// TrailOrigin is the name under which the trail's checkpoints are signed (C2SP
// tlog-checkpoint): where it is published, without the scheme. It must stay as it is for
// as long as the trail lives.
func (s *Structure) TrailOrigin() string {
	if s.Trail.Origin != "" {
		return s.Trail.Origin
	}
	return "infohus.invalid/" + string(s.District.Police)
}

// trail reads what the trail is called, and who witnesses it.
func (r *reader) trail(n *yaml.Node, t *Trail) {
	t.lines = r.mapping(n, "trail",
		must("origin", spelled(r, "the trail's origin", "-./", "the address that it is published at, without https://, such as infohus.example/trail", &t.Origin)),
		may("witnesses", items(r, "witnesses", &t.Witnesses, r.witness)),
		may("quorum", r.number("quorum", 1, 20, &t.Quorum)),
		may("confirm_after", r.number("confirm_after", 1, 24, &t.Confirm)))
}

func (r *reader) witness(n *yaml.Node, w *Witness) {
	w.lines = r.mapping(n, "a witness",
		must("authority", code(r, "the witness's authority", &w.Authority)),
		must("url", text(r, "the witness's url", &w.URL)),
		must("key", text(r, "the witness's key", &w.Key)))
}

// witnesses holds those of the trail against the authorities. A witness that is asked over
// a network is asked over TLS, so that nobody on the way keeps its answers.
func (c *checker) witnesses() {
	t, seen := c.s.Trail, map[string]int{}
	for _, w := range t.Witnesses {
		c.known(w.of("authority"), "the witness's authority", w.Authority)
		u, err := url.Parse(w.URL)
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
			c.at(w.of("url"), "%q is no address of a witness; write such as https://witness.koege.example", w.URL)
		case u.Scheme != "https" && !(u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()):
			c.at(w.of("url"), "the witness %s is asked without TLS; write an address that begins with https://", w.URL)
		}
		_, err = torchwood.NewCosignatureVerifier(w.Key)
		switch {
		case strings.HasPrefix(w.Key, "PRIVATE+KEY"):
			c.at(w.of("key"), "this is the private key of a witness, and whoever has it cosigns in its name: take it out of the file, let its operator make a new one, and write here what infohus witness prints")
		case err != nil:
			c.at(w.of("key"), "this is no key of a witness, or letters of it are missing; write the line that infohus witness printed")
		case seen[w.Key] > 0:
			c.at(w.of("key"), "the witness stands twice, first on line %d; keep one", seen[w.Key])
		}
		seen[w.Key] = w.of("key")
	}
	if t.Quorum > len(t.Witnesses) {
		c.at(t.of("quorum"), "%d witnesses are to cosign before a checkpoint is published, and there are %d; write no more than there are, or nothing is ever published", t.Quorum, len(t.Witnesses))
	}
}
