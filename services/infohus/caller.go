package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// caller speaks to a hub as its users' programs do: over HTTP, with a bearer
// token for each person, by the operations that its OpenAPI document lists.
type caller struct {
	base   string
	send   func(*http.Request) (*http.Response, error)
	token  func(login string) (string, error)
	tokens map[string]string
	routes map[string][2]string // operationId: method, path
}

// reply is what came back: the status, and the body where it is JSON.
type reply struct {
	Status int
	Body   map[string]any
	Raw    []byte
	Header http.Header
}

// text is a field of the body, or "".
func (r reply) text(field string) string {
	s, _ := r.Body[field].(string)
	return s
}

// newCaller reads the hub's OpenAPI document.
func newCaller(ctx context.Context, base string, send func(*http.Request) (*http.Response, error), token func(string) (string, error)) (*caller, error) {
	c := &caller{base: base, send: send, token: token, tokens: map[string]string{}, routes: map[string][2]string{}}
	r, err := c.request(ctx, "", "GET", "/openapi.json", nil)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(r.Raw, &doc); err != nil {
		return nil, fmt.Errorf("%s does not describe itself at /openapi.json (%d): is a hub running there?", base, r.Status)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			c.routes[op.OperationID] = [2]string{strings.ToUpper(method), path}
		}
	}
	return c, nil
}

// call runs an operation as a person. Names in the path are taken from in.
func (c *caller) call(ctx context.Context, login, op string, in map[string]string, body any) (reply, error) {
	route, ok := c.routes[op]
	if !ok {
		return reply{}, fmt.Errorf("the hub has no operation %s", op)
	}
	path := route[1]
	for name, value := range in {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return c.request(ctx, login, route[0], path, body)
}

func (c *caller) request(ctx context.Context, login, method, path string, body any) (reply, error) {
	var b []byte
	kind, form := "", false
	switch v := body.(type) {
	case nil:
	case url.Values:
		b, kind, form = []byte(v.Encode()), "application/x-www-form-urlencoded", true
	default:
		var err error
		if b, err = json.Marshal(v); err != nil {
			return reply{}, err
		}
		kind = "application/json"
	}
	q, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(b))
	if err != nil {
		return reply{}, err
	}
	q.Header.Set("Accept-Language", "en")
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	if form {
		q.Header.Set("Origin", c.base) // as a browser says of a page of the hub's own
	}
	if login != "" {
		if c.tokens[login] == "" {
			if c.tokens[login], err = c.token(login); err != nil {
				return reply{}, err
			}
		}
		q.Header.Set("Authorization", "Bearer "+c.tokens[login])
	}
	res, err := c.send(q)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	out := reply{Status: res.StatusCode, Header: res.Header}
	if out.Raw, err = io.ReadAll(io.LimitReader(res.Body, 4<<20)); err != nil {
		return out, err
	}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		json.Unmarshal(out.Raw, &out.Body) // a list or a broken body stays Raw
	}
	return out, nil
}

// field is the first field that a problem names.
func (r reply) field() string {
	list, _ := r.Body["errors"].([]any)
	for _, one := range list {
		of, _ := one.(map[string]any)
		name, _ := of["field"].(string)
		return name
	}
	return ""
}
