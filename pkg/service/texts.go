package service

import (
	"context"
	"errors"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/vault"
)

// Sealing is texts about people on their way into the database: all under one
// key, each bound to its place.
type Sealing struct {
	env   Env
	key   hub.ID
	place string
	texts []pg.Text
	err   error
}

// Seal begins to seal texts of one thing: under whose key, and where it is kept,
// as "assessment.case/<id>/".
func (e Env) Seal(key hub.ID, place string) *Sealing { return &Sealing{env: e, key: key, place: place} }

// Put seals a text; an empty one is left out.
func (s *Sealing) Put(field string, text hub.Personal) {
	if s.err != nil || text.Empty() {
		return
	}
	box, err := s.env.Vault.Seal(s.key, s.place+field, text)
	s.err = err
	s.texts = append(s.texts, pg.Text{Field: field, Key: s.key, Box: box})
}

// Texts gives what was sealed, or why it could not be.
func (s *Sealing) Texts() ([]pg.Text, error) { return s.texts, s.err }

// Open opens those sealed texts of one thing that policy gives, by field. A text
// whose key was destroyed is not there, and erased says so.
func (e Env) Open(ctx context.Context, receipt hub.Receipt, place string, texts []pg.Text, may func(field string) bool) (open map[string]string, erased bool, err error) {
	open = map[string]string{}
	for _, t := range texts {
		if !may(t.Field) {
			continue
		}
		p, err := e.Vault.Open(receipt, t.Key, place+t.Field, t.Box)
		if errors.Is(err, vault.ErrDestroyed) {
			erased = true
			continue
		}
		if err != nil {
			return nil, false, err
		}
		open[t.Field] = p.Reveal(ctx)
	}
	return open, erased, nil
}
