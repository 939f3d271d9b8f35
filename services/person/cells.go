package person

import (
	"context"
	"encoding/json"
	"html/template"
	"slices"

	"github.com/infohus/infohus/pkg/hub"
	"github.com/infohus/infohus/pkg/pg"
)

// cells is who somebody is, for a file that another room writes.
func (x *room) cells(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.export(ctx, who, lang, allFields, ids)
}

// nameCells is the name alone.
func (x *room) nameCells(ctx context.Context, who hub.Actor, lang string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	return x.export(ctx, who, lang, nameFields, ids)
}

// export gives of each subject what the asker may see through the things about it
// that may go out as a file, and through no other; each is recorded as taken out.
// Whoever has none of them taken out gets nothing, and that is recorded too.
func (x *room) export(ctx context.Context, who hub.Actor, lang string, want []string, ids []hub.ID) (map[hub.ID]template.HTML, error) {
	var sights []*sight
	err := x.DB.View(ctx, who, func(tx *pg.Tx) error {
		sights = nil
		list, err := files(ctx, tx, ids...)
		if err != nil {
			return err
		}
		for _, f := range list {
			if err := x.leaving(ctx, who, f); err != nil {
				return err
			}
			s := &sight{file: f}
			if len(f.relations) > 0 {
				if s, err = x.look(ctx, tx, f, want); err != nil {
					return err
				}
			}
			if len(s.grants) == 0 {
				err = s.refuse(ctx, tx, hub.ActExport)
			} else {
				sights, err = append(sights, s), s.record(ctx, tx, hub.ActExport)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	views, err := x.show(ctx, sights...)
	if err != nil {
		return nil, err
	}
	out := make(map[hub.ID]template.HTML, len(views))
	for _, v := range views {
		text, err := json.Marshal(x.Web.Cells(lang, "person", v, "subject", "fields", "complete", "unknown"))
		if err != nil {
			return nil, err
		}
		out[v.Subject] = template.HTML(text) // of letters that mean nothing in HTML: encoding/json escapes the rest
	}
	return out, nil
}

// leaving leaves of what a subject has to do with the asker only that which may go
// out as a file. Being recused from one thing is being recused from the person.
func (x *room) leaving(ctx context.Context, who hub.Actor, f *file) error {
	if f.self || slices.ContainsFunc(f.relations, func(r pg.Relation) bool { return r.Recused }) {
		f.relations = nil
	}
	for i := range f.relations {
		f.relations[i].Glass = false // nothing goes out on broken glass
	}
	var failed error
	f.relations = slices.DeleteFunc(f.relations, func(r pg.Relation) bool {
		a, err := x.DB.Advise(ctx, r.Act(who, "export", hub.Prevention))
		if err != nil {
			failed = err
		}
		return !a.Allow
	})
	return failed
}
