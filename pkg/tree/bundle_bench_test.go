//go:build bench

package tree

import (
	"bufio"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// BenchmarkBundle verifies a bundle of a whole trail that lies in a file, against hashing
// the bytes of the file alone, in one go. INFOHUS_TEST_ROWS says of how many rows, if not of a
// million.
func BenchmarkBundle(b *testing.B) {
	rows := int64(1_000_000)
	if n, err := strconv.ParseInt(os.Getenv("INFOHUS_TEST_ROWS"), 10, 64); err == nil {
		rows = n
	}
	name := filepath.Join(b.TempDir(), "bundle")
	v, began := key(b, origin, private), time.Now()
	bytes := writeMany(b, name, rows)
	b.Logf("a bundle of %d rows, %d bytes a row, written in %v", rows, bytes/rows, time.Since(began).Round(time.Second))
	var ours, bare time.Duration
	var most uint64
	for b.Loop() {
		runtime.GC()
		stop := make(chan struct{})
		watched := make(chan uint64)
		go func() { watched <- mostMemory(stop) }()
		began := time.Now()
		file := opened(b, name)
		h, err := VerifyBundle(b.Context(), file, Trust{Log: v})
		if err != nil || h.Rows != rows {
			b.Fatal(h, err)
		}
		ours += time.Since(began)
		close(stop)
		most = max(most, <-watched)
		began = time.Now()
		file = opened(b, name)
		if _, err := io.Copy(sha256.New(), file); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(began)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)*float64(rows)/ours.Seconds(), "rows-per-s-ours")
	b.ReportMetric(float64(b.N)*float64(rows)/bare.Seconds(), "rows-per-s-baseline")
	b.ReportMetric(float64(bare)/float64(ours), "ratio")
	b.ReportMetric(float64(most)/(1<<20), "MiB-most")
}

func opened(b *testing.B, name string) *os.File {
	b.Helper()
	file, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	return file
}

// mostMemory is the most that the heap has in use until it is stopped.
func mostMemory(stop chan struct{}) (most uint64) {
	var m runtime.MemStats
	for {
		select {
		case <-stop:
			return most
		case <-time.After(50 * time.Millisecond):
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
}

// writeMany writes a bundle of a log of so many rows, and gives how long it is. The tree
// lies in memory, as tlog has it: 64 bytes a row.
func writeMany(b *testing.B, name string, rows int64) int64 {
	b.Helper()
	log := &book{origin: origin, key: private, hashes: make([]tlog.Hash, 0, 2*rows)}
	for i := range rows {
		r := rowOf(i)
		e, err := Entry(r.Form, r.Salt, r.Values)
		if err != nil {
			b.Fatal(err)
		}
		more, err := tlog.StoredHashes(i, e[:], log)
		if err != nil {
			b.Fatal(err)
		}
		log.hashes = append(log.hashes, more...)
	}
	root, err := tlog.TreeHash(rows, log)
	if err != nil {
		b.Fatal(err)
	}
	v := key(b, origin, private)
	signed, err := Checkpoint{origin, rows, root}.Sign(v, log.sign)
	if err != nil {
		b.Fatal(err)
	}
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 1<<20)
	w, err := NewBundle(out, signed, v, []byte(`{}`))
	if err != nil {
		b.Fatal(err)
	}
	for i := range rows {
		proof, err := tlog.ProveRecord(rows, i, log)
		if err == nil {
			err = w.Row(i, rowOf(i), proof)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Seal(log.sign); err != nil {
		b.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		b.Fatal(err)
	}
	return at
}
