//go:build !race

package portal_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/structure"
	"github.com/infohus/infohus/policies"
	"github.com/infohus/infohus/services/portal"
)

// Advice never differs from the rule: for every role that may share, at every kind of
// authority, with every kind of recipient, for every purpose, in every state, of every
// data class, each legal basis is answered as the engine answers whoever tries. Here a
// part of them, in which every value stands; all of them in make deep.
func TestAdviceIsTheRule(t *testing.T) {
	w := run(t)
	law, every := w.Engine().Law(), 503
	if os.Getenv("INFOHUS_TEST_DEEP") != "" {
		every = 1
	}
	var askers []structure.Post
	kinds := map[hub.AuthorityKind]structure.Authority{}
	for _, p := range w.Structure.Posts() {
		same := func(o structure.Post) bool { return o.Role == p.Role && o.Kind == p.Kind }
		if p.Holds(w.Now()) && slices.Contains(law.Sharers(), p.Role) && !slices.ContainsFunc(askers, same) {
			askers = append(askers, p)
		}
	}
	for _, a := range w.Structure.Authorities {
		if _, ok := kinds[a.Kind]; !ok {
			kinds[a.Kind] = a
		}
	}
	onward := append([]string{""}, law.Terms...)
	n, likely, asked, yes, said, passed := 0, 0, 0, 0, map[string]bool{}, map[string]bool{}
	for _, post := range askers {
		for _, kind := range hub.AuthorityKinds {
			for _, purpose := range law.Purposes {
				for _, state := range law.States {
					for _, class := range append([]string{""}, law.Special...) {
						n++
						often := purpose == hub.Prevention && class == "" && law.Shares(post.Role, state.Code) // where something is allowed
						if likely += one(often); n%every != 0 && !(often && likely%23 == 0) || kinds[kind].ID == post.Authority {
							continue
						}
						var a portal.Advice
						in := portal.Asking{To: kinds[kind].ID, Purpose: purpose, State: state.Code, Class: class, Under: onward[asked/2%len(onward)]}
						if asked%2 == 0 { // where a yes is possible at all
							in.Under = ""
							if law.Passes(state.Item, post.Kind, kind) {
								in.Under = "within_cooperation"
							}
						}
						in.Agreed = in.Under != "" && asked/2/len(onward)%2 == 1
						w.AsRole(post.Login, post.Role).API("POST", "/api/advice", in).Must(200).JSON(&a)
						asked++
						var inForce, answered []hub.LegalBasis
						for _, b := range w.Structure.LegalBases {
							if b.Holds(w.Now()) {
								inForce = append(inForce, b.Code)
							}
						}
						allow := false
						for _, g := range slices.Concat(a.Bases, a.Others) {
							if g.Basis != "" {
								answered = append(answered, g.Basis)
							}
							q := policies.Disclose{Cooperation: w.Structure.InCooperation(post.Authority, in.To, g.Basis, w.Now()),
								Role: post.Role, From: post.Kind, To: kind, Basis: g.Basis, Purpose: purpose, Item: state.Item, State: state.Code, Class: class, Under: in.Under, Agreed: in.Agreed,
								TaskArea: post.Kind != hub.SelfGoverning && kind != hub.SelfGoverning || w.Structure.InCooperation(post.Authority, in.To, "RPL115-3", w.Now())}
							got, err := w.Engine().Ask(t.Context(), hub.Actor{Hat: post.Hat}, q)
							var no *policies.Denial
							switch {
							case err == nil:
								if !g.Allow || !slices.Equal(g.Fields, got.Fields()) || !slices.Equal(g.Obligations, got.Obligations()) || !slices.Equal(g.Classes, got.Classes()) {
									t.Fatalf("%+v: advised %+v, and the rule allows %v", q, g, got.Fields())
								}
								allow, yes = true, yes+1
								if slices.ContainsFunc(a.Never, func(f string) bool { return got.Allows(f) }) {
									t.Fatalf("%+v: never %v, and it allows %v", q, a.Never, got.Fields())
								}
							case errors.As(err, &no):
								if g.Allow || !slices.Equal(g.Reasons, no.Reasons()) {
									t.Fatalf("%+v: advised %+v, and the rule says no for %v", q, g, no.Reasons())
								}
							default:
								t.Fatal(err)
							}
							said[string(purpose)], said[state.Code], said[class], said[string(kind)], said[string(post.Role)] = true, true, true, true, true
						}
						// Whose it is has its word: nothing is passed on against it, nor what is never passed on.
						if a.Allow && (in.Under == "no_onward" || in.Under == "ask_first" && !in.Agreed || in.Under != "" && !law.Passes(state.Item, post.Kind, kind)) {
							t.Fatalf("%+v: yes, against the word of whose it is", in)
						}
						passed[in.Under] = true
						slices.Sort(inForce)
						slices.Sort(answered)
						if a.Allow != allow || !slices.Equal(inForce, answered) || a.Revision != w.Engine().Revision() {
							t.Fatalf("%+v: %v, of %v answered for %v", in, a.Allow, inForce, answered)
						}
					}
				}
			}
		}
	}
	for _, want := range slices.Concat([]string{"health", "offence", ""}, texts(law.Purposes), texts(hub.AuthorityKinds), texts(law.Sharers())) {
		if !said[want] {
			t.Errorf("nothing was asked with %q", want)
		}
	}
	for _, want := range onward {
		if !passed[want] {
			t.Errorf("nothing was asked on the terms %q", want)
		}
	}
	if yes == 0 {
		t.Error("everything was refused: it compares nothing")
	}
	anothers(t, w)
	t.Logf("%d of %d asked, %d bases allowed", asked, n, yes)
}

// anothers holds that another's word is never answered around: in every state in which
// anybody may begin to share, what is another's and goes no further is no, and so is
// what must be asked about first; with that as a reason on every basis.
func anothers(t *testing.T, w *world) {
	law, said := w.Engine().Law(), map[string]bool{}
	for login, role := range map[string]hub.Role{"gudrun": hub.MunicipalCoordinator, "thorkild": hub.PoliceCoordinator} {
		for _, state := range law.States {
			if !law.Shares(role, state.Code) {
				continue
			}
			who := w.AsRole(login, role)
			for _, under := range []string{"no_onward", "ask_first"} {
				var a portal.Advice
				to := hub.AuthorityID("mvs-politi")
				if who.Post.Authority == to {
					to = "psykiatrien"
				}
				who.API("POST", "/api/advice", portal.Asking{To: to, Purpose: hub.Prevention, State: state.Code, Under: under}).Must(200).JSON(&a)
				want := "not_passed_on"
				if law.Passes(state.Item, who.Post.Kind, hub.Region) && who.Post.Kind == hub.Police {
					want = "terms_of_owner"
				}
				said[want] = true
				if a.Allow || len(a.Readers) > 0 || len(a.Bases) == 0 || slices.ContainsFunc(a.Bases, func(g portal.Ground) bool { return !slices.Contains(g.Reasons, want) }) {
					t.Errorf("%s, %s to %s, %s: allow %v, %+v", login, state.Code, to, under, a.Allow, a.Bases)
				}
			}
		}
	}
	if len(said) != 2 {
		t.Errorf("only %v was said", said)
	}
	var a portal.Advice // and where whose it is lets it, the rules say yes
	w.AsRole("thorkild", hub.PoliceCoordinator).API("POST", "/api/advice", portal.Asking{To: "psykiatrien", Purpose: hub.Prevention, State: "collecting", Under: "ask_first", Agreed: true}).Must(200).JSON(&a)
	if !a.Allow {
		t.Errorf("after a yes, no: %+v", a.Bases)
	}
	w.AsRole("gudrun", hub.MunicipalCoordinator).API("POST", "/api/advice", portal.Asking{To: "mvs-politi", Purpose: hub.Prevention, State: "case", Agreed: true}).Must(400)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func texts[T ~string](list []T) (out []string) {
	for _, x := range list {
		out = append(out, string(x))
	}
	return out
}
