package hubtest

import (
	"context"
	"maps"

	"github.com/infohus/infohus/pkg/event"
	"github.com/infohus/infohus/pkg/pg"
	"github.com/infohus/infohus/pkg/service"
)

// Hears is the reactions of a room that stands in another's place: those given,
// and to everything else that the room is told, nothing.
func Hears(room string, on map[string]service.Reaction) map[string]service.Reaction {
	all := map[string]service.Reaction{}
	for _, owner := range event.Owners() {
		for _, k := range event.Heard(room, owner) {
			all[k.Type] = func(context.Context, *pg.Tx, event.Envelope, event.Fact) error { return nil }
		}
	}
	maps.Copy(all, on)
	return all
}
