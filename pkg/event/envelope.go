package event

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/infohus/infohus/pkg/hub"
)

// Envelope is a fact on the wire: CloudEvents 1.0 in its JSON form, with
// extensions for cause and order.
type Envelope struct {
	SpecVersion     string          `json:"specversion"`
	ID              hub.ID          `json:"id"`
	Source          string          `json:"source"` // "/intake"
	Type            string          `json:"type"`
	Subject         hub.ID          `json:"subject"` // the stream key
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	CorrelationID   hub.ID          `json:"correlationid,omitempty"` // what began it, across rooms
	CausationID     hub.ID          `json:"causationid,omitempty"`   // the request or fact that made this one
	Sequence        string          `json:"sequence,omitempty"`      // number under the key, per consumer: "portal:3"
	TraceParent     string          `json:"traceparent,omitempty"`   // W3C trace context, the CloudEvents tracing extension
	Data            json.RawMessage `json:"data"`
}

// KindOf finds a fact's row in the table.
func KindOf(f Fact) (Kind, error) {
	t := reflect.TypeOf(f)
	for _, k := range Table {
		if reflect.TypeOf(k.Zero) == t {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("event: %T is not in the table", f)
}

// KindNamed finds a row by its type.
func KindNamed(name string) (Kind, bool) {
	for _, k := range Table {
		if k.Type == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Wrap puts a fact into an envelope. Only its owner may: a fact in another
// room's name is an error.
func Wrap(owner string, id hub.ID, now time.Time, f Fact) (Envelope, Kind, error) {
	k, err := KindOf(f)
	if err != nil {
		return Envelope{}, k, err
	}
	if k.Owner != owner {
		return Envelope{}, k, fmt.Errorf("event: %s is told by %s, not by %s", k.Type, k.Owner, owner)
	}
	data, err := json.Marshal(f)
	if err != nil {
		return Envelope{}, k, fmt.Errorf("event: %s: %w", k.Type, err)
	}
	return Envelope{SpecVersion: "1.0", ID: id, Source: "/" + owner, Type: k.Type, Subject: f.Key(),
		Time: now.UTC(), DataContentType: "application/json", Data: data}, k, nil
}

// Decode reads an envelope from the wire. What cannot be read is Invalid: it
// will not become readable by being sent again.
func Decode(b []byte) (Envelope, Fact, error) {
	var e Envelope
	if err := json.Unmarshal(b, &e); err != nil {
		return e, nil, unreadable("not an envelope", err)
	}
	if e.SpecVersion != "1.0" || e.ID == "" || e.Subject == "" {
		return e, nil, unreadable("specversion, id or subject is missing", nil)
	}
	k, ok := KindNamed(e.Type)
	if !ok {
		return e, nil, unreadable("unknown type", nil)
	}
	if e.Source != "/"+k.Owner {
		return e, nil, unreadable("told by a room that does not own it", nil)
	}
	v := reflect.New(reflect.TypeOf(k.Zero))
	if err := json.Unmarshal(e.Data, v.Interface()); err != nil {
		return e, nil, unreadable("data does not fit the type", err)
	}
	f := v.Elem().Interface().(Fact)
	if f.Key() != e.Subject {
		return e, nil, unreadable("subject is not the key of the data", nil)
	}
	return e, f, nil
}

func unreadable(why string, err error) error {
	return &hub.Error{Code: hub.CodeInvalid, Key: "event.unreadable", Args: []any{why}, Err: err}
}
