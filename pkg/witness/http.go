package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/infohus/infohus/pkg/tree"
)

const (
	mostAsked = 1 << 16            // bytes of a submission: 63 hashes and a hundred signatures are less
	sizeType  = "text/x.tlog.size" // of the answer that gives the size of the last one
)

// statuses are the verdicts as HTTP has them.
var statuses = map[Verdict]int{Cosigned: http.StatusOK, Malformed: http.StatusBadRequest, Unknown: http.StatusNotFound, Unsigned: http.StatusForbidden,
	Conflict: http.StatusConflict, Split: http.StatusConflict, Unproven: http.StatusUnprocessableEntity, Unwritable: http.StatusInternalServerError}

// Handler answers /add-checkpoint, /livez and /readyz, and / and /checkpoint/ORIGIN with
// what is kept: it is what the logs publish themselves.
func (w *Witness) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("POST /add-checkpoint", w.addCheckpoint)
	m.HandleFunc("GET /livez", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") })
	m.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) {
		list := w.Troubles()
		if len(list) == 0 {
			fmt.Fprintln(rw, "ok")
			return
		}
		rw.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(rw, strings.Join(list, "\n"))
	})
	m.HandleFunc("GET /checkpoint/{origin...}", w.keeps)
	m.HandleFunc("GET /{$}", func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(rw, "A witness. Its key: %s\n", w.key)
		for _, k := range w.logs {
			k.mu.Lock()
			fmt.Fprintf(rw, "\n%s has been seen with %d leaves:\n\n%s", k.Verifier.Name(), k.last.Size, k.signed)
			k.mu.Unlock()
		}
	})
	return m
}

// keeps answers the last checkpoint of a log that was cosigned, or seen to follow, as the
// log signed it: so that the log itself can see what it once was.
func (w *Witness) keeps(rw http.ResponseWriter, r *http.Request) {
	for _, k := range w.logs {
		if k.Verifier.Name() != r.PathValue("origin") {
			continue
		}
		k.mu.Lock()
		signed := k.signed
		k.mu.Unlock()
		if signed != nil {
			rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
			rw.Write(signed)
			return
		}
	}
	rw.WriteHeader(http.StatusNotFound)
}

// Keeps asks the witness at an address for the checkpoint that it keeps of a log: nil where
// it has none, or is another program than this, which need not tell.
func Keeps(ctx context.Context, client *http.Client, url, origin string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/checkpoint/"+origin, nil)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("witness: it answers %d", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAsked))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	return body, nil
}

func (w *Witness) addCheckpoint(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, mostAsked))
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	v, line, size := w.add(body)
	if v == Conflict {
		rw.Header().Set("Content-Type", sizeType)
		line = fmt.Appendf(nil, "%d\n", size)
	}
	rw.WriteHeader(statuses[v])
	rw.Write(line)
}

// Refused is the error of [Ask] where the witness does not hold that the checkpoint
// follows: not one of a witness that is away.
type Refused struct {
	Verdict Verdict
	Size    int64 // how many leaves the witness has seen, where that is known
}

func (r *Refused) Error() string {
	switch r.Verdict {
	case Conflict:
		return fmt.Sprintf("it has seen %d leaves", r.Size)
	case Split:
		return "it has seen a tree of as many leaves with another root"
	case Unproven:
		return fmt.Sprintf("of the %d leaves that it has seen one is another now, or is gone", r.Size)
	case Unknown:
		return "it does not witness a log of this origin"
	case Unsigned:
		return "it knows another key of this log"
	}
	return "it takes this for no submission"
}

// Ask asks the witness at an address to cosign, and gives the lines that it answers,
// unread.
func Ask(ctx context.Context, client *http.Client, url string, s tree.Submission) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/add-checkpoint", bytes.NewReader(s.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAsked))
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusConflict:
		if strings.HasPrefix(res.Header.Get("Content-Type"), sizeType) {
			size, err := strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
			if err != nil || size < 0 {
				return nil, errors.New("witness: it says a size that is none")
			}
			return nil, &Refused{Conflict, size}
		}
		return nil, &Refused{Split, s.Old}
	case http.StatusUnprocessableEntity:
		return nil, &Refused{Unproven, s.Old}
	case http.StatusNotFound:
		return nil, &Refused{Verdict: Unknown}
	case http.StatusForbidden:
		return nil, &Refused{Verdict: Unsigned}
	case http.StatusBadRequest:
		return nil, &Refused{Verdict: Malformed}
	}
	return nil, fmt.Errorf("witness: it answers %d", res.StatusCode)
}
