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
	plain []vault.Plain
}

// Seal begins to seal texts of one thing: under whose key, and where it is kept,
// as "assessment.case/<id>/".
func (e Env) Seal(key hub.ID, place string) *Sealing { return &Sealing{env: e, key: key, place: place} }

// Put adds a text; an empty one is left out.
func (s *Sealing) Put(field string, text hub.Personal) {
	if text.Empty() {
		return
	}
	s.plain = append(s.plain, vault.Plain{Key: s.key, Where: s.place + field, Text: text})
	s.texts = append(s.texts, pg.Text{Field: field, Key: s.key})
}

// Texts seals what was put and gives it, or why it could not be sealed.
func (s *Sealing) Texts() ([]pg.Text, error) {
	boxes, err := s.env.Vault.SealAll(s.plain...)
	if err != nil {
		return nil, err
	}
	for i := range s.texts {
		s.texts[i].Box = boxes[i]
	}
	return s.texts, nil
}

// Open opens those sealed texts of one thing that policy gives, by field. A text
// whose key was destroyed is not there, and erased says so.
func (e Env) Open(ctx context.Context, receipt hub.Receipt, place string, texts []pg.Text, may func(field string) bool) (open map[string]string, erased bool, err error) {
	var fields []string
	var boxes []vault.Box
	for _, t := range texts {
		if may(t.Field) {
			fields = append(fields, t.Field)
			boxes = append(boxes, vault.Box{Receipt: receipt, Key: t.Key, Where: place + t.Field, Sealed: t.Box})
		}
	}
	open = map[string]string{}
	for i, o := range e.Vault.OpenAll(boxes...) {
		if errors.Is(o.Err, vault.ErrDestroyed) {
			erased = true
			continue
		}
		if o.Err != nil {
			return nil, false, o.Err
		}
		open[fields[i]] = o.Text.Reveal(ctx)
	}
	return open, erased, nil
}
