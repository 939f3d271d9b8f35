package pg

import (
	"context"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/policies"
)

// Text is one sealed text of a thing: the place and the key that sealed it are
// bound into the box.
type Text struct {
	Field string `json:"field"`
	Key   hub.ID `json:"key"`
	Box   []byte `json:"box"`
}

// TextsOf is a column of a select: the sealed texts of the thing whose id the
// expression gives, as jsonb to scan into []Text.
func TextsOf(id string) string {
	return `coalesce((select jsonb_agg(jsonb_build_object('field', t.field, 'key', t.key, 'box', encode(t.box, 'base64')) order by t.field) from sealed t where t.item = ` + id + `), '[]')`
}

// PutTexts keeps sealed texts of a thing of this room; the text of a field that
// has one is replaced.
func (tx *Tx) PutTexts(ctx context.Context, g policies.Grant, thing hub.ID, texts []Text) error {
	if err := tx.holder(g); err != nil || len(texts) == 0 {
		return err
	}
	fields, keys, boxes := make([]string, len(texts)), make([]string, len(texts)), make([][]byte, len(texts))
	for i, t := range texts {
		fields[i], keys[i], boxes[i] = t.Field, string(t.Key), t.Box
	}
	_, err := tx.Exec(ctx, `insert into sealed (item, field, key, box) select $1, f, k, b from unnest($2::text[], $3::text[], $4::bytea[]) as t(f, k, b)
		on conflict (item, field) do update set key = excluded.key, box = excluded.box`, thing, fields, keys, boxes)
	return err
}

// DropTexts forgets the texts of a thing of this room whose field begins so;
// "" is all of them.
func (tx *Tx) DropTexts(ctx context.Context, g policies.Grant, thing hub.ID, prefix string) error {
	if err := tx.holder(g); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `delete from sealed where item = $1 and starts_with(field, $2)`, thing, prefix)
	return err
}
