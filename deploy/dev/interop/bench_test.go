package interop

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/infohus/infohus/pkg/hubtest"
	"github.com/infohus/infohus/pkg/service"
	"github.com/infohus/infohus/pkg/tree"
	"github.com/infohus/infohus/services/audit"
	"github.com/infohus/infohus/services/portal"
)

const (
	commits, each = 1024, 64 // of a round: rows, and how many at once
	interval      = time.Second
)

// batchings are how Tessera is told to gather entries: as it does when it is told nothing, by
// as many as our follower takes at once, and by as many as it lets wait; and as ours is measured,
// each 64 on disk before the next are given.
var batchings = []struct {
	name   string
	most   uint
	age    time.Duration
	awaits bool
}{
	{"256", tessera.DefaultBatchMaxSize, tessera.DefaultBatchMaxAge, false},
	{"1024", 1024, tessera.DefaultBatchMaxAge, false},
	{"4096", tessera.DefaultPushbackMaxOutstanding, tessera.DefaultBatchMaxAge, false},
	{"64-awaited", each, tessera.DefaultBatchMaxAge, true},
}

// BenchmarkLog: rows of the trail, committed 64 at a time, made leaves and recomputed meanwhile,
// until all of them are in a signed checkpoint, as rows per second; against the rows alone in a
// plain table; and against Tessera's log on files, on the same disk, of the same entries. Each
// is asked for a checkpoint once a second.
func BenchmarkLog(b *testing.B) {
	h := hubtest.Open(b, hubtest.Options{Services: []service.Service{portal.Service, audit.Service}, RealIDs: true})
	klog.LogToStderr(false) // Tessera's
	klog.SetOutput(io.Discard)
	dir := b.TempDir()
	safe(b, h, dir)
	room, err := pgxpool.New(b.Context(), h.Room("portal"))
	check(b, err)
	defer room.Close()
	owner, err := pgxpool.New(b.Context(), h.Owner())
	check(b, err)
	defer owner.Close()
	h.SQL(`create schema bench; create table bench.trail (like audit.trail including defaults including constraints including storage);
		alter table bench.trail drop column form, drop column salt, alter id add generated always as identity, add primary key (id)`)
	for _, index := range h.SQL(`select regexp_replace(indexdef, '^CREATE INDEX \S+ ON ONLY audit', 'create index on bench') from pg_indexes where schemaname = 'audit' and tablename = 'trail' and indexdef not like '% UNIQUE %'`) {
		h.SQL(index[0])
	}
	h.Advance(time.Minute)

	rates := map[string][]float64{}
	add := func(name string, began time.Time) {
		rates[name] = append(rates[name], commits*each/time.Since(began).Seconds())
	}
	for round := 0; b.Loop(); round++ {
		from := h.One(`select coalesce(max(start + cardinality(rows)), 0) from audit.leaves`)
		began := time.Now()
		done := make(chan error, 1)
		go func() { done <- writes(b.Context(), room, "audit.trail") }()
		clock, writing := time.NewTicker(interval), true
		for writing || h.One(`select exists (select from audit.pending) or (select max(start + cardinality(rows)) from audit.leaves) > (select max(size) from audit.checkpoint)`) == "t" {
			select {
			case err := <-done:
				check(b, err)
				writing, done = false, nil
			case <-clock.C:
				h.Advance(interval)
			}
		}
		clock.Stop()
		add("ours", began)

		began = time.Now()
		check(b, writes(b.Context(), owner, "bench.trail"))
		add("plain", began)

		entries := leaves(b, owner, from)
		for _, with := range batchings {
			at := filepath.Join(dir, fmt.Sprint(round, "-", with.name))
			log := theirs(b, at, with.most, with.age)
			began := time.Now()
			var waiting []tessera.IndexFuture
			for i, e := range entries {
				waiting = append(waiting, log.Add(b.Context(), tessera.NewEntry(e)))
				if with.awaits && i%each == each-1 || i == len(entries)-1 {
					for _, f := range waiting {
						_, err := f()
						check(b, err)
					}
					waiting = waiting[:0]
				} else if len(waiting) == tessera.DefaultPushbackMaxOutstanding { // no more of them wait than that
					_, err := waiting[0]()
					check(b, err)
					waiting = waiting[1:]
				}
			}
			add("tessera-"+with.name+"-unsigned", began)
			for c := (tree.Checkpoint{}); c.Size < int64(len(entries)); time.Sleep(10 * time.Millisecond) {
				signed, err := os.ReadFile(filepath.Join(at, "checkpoint"))
				check(b, err)
				c, err = tree.Open(signed, log.key)
				check(b, err)
			}
			add("tessera-"+with.name, began)
			log.end()
		}
	}

	b.ReportMetric(0, "ns/op")
	best := 0.0
	for name, of := range rates {
		slices.Sort(of)
		median := of[len(of)/2]
		b.ReportMetric(median, "rows-per-s-"+name)
		if strings.HasPrefix(name, "tessera-") && !strings.HasSuffix(name, "-unsigned") {
			best = max(best, median)
		}
	}
	middle := func(name string) float64 { return rates[name][len(rates[name])/2] }
	b.ReportMetric(middle("ours")/middle("plain"), "ratio-plain")
	b.ReportMetric(middle("ours")/best, "ratio-tessera")
}

// writes writes rows of the trail as rooms do, of reads that were allowed: one statement and
// one commit for each 64.
func writes(ctx context.Context, pool *pgxpool.Pool, table string) error {
	for range commits {
		if _, err := pool.Exec(ctx, `insert into `+table+` (said_at, person, hat, authority, role, issuer, loa, session, request, cause, act, outcome, question, input, revision, reasons, obligations,
			object_kind, object_id, object_version, controller, subjects, fields, purpose, basis, recipient, rows, why_ref, why_digest, deputy_of)
			select now(), p, h, 'koege', 'municipal_coordinator', 'https://id.koege.example', 'Substantial', h, o, o, 'consult', 'allow', 'view',
				jsonb_build_object('role', 'municipal_coordinator', 'kind', 'municipality', 'relation', 'own', 'state', 'triage', 'purpose', 'prevention', 'item', o), 'rev-1', '{own}', '{}',
				'concern', o, 3, 'koege', array[o], '{statements,urgency,why_now,child,contact}', 'prevention', 'RPL115-2', '', 0, '', null, ''
			from (select md5('p' || i % 200) as p, md5('h' || i % 200) as h, md5('o' || random()) as o from generate_series(1, $1::int) i) r`, each); err != nil {
			return err
		}
	}
	return nil
}

// leaves are the entries of the leaves from an index on, as Tessera is to have them.
func leaves(b *testing.B, pool *pgxpool.Pool, from string) (entries [][]byte) {
	var all []byte
	check(b, pool.QueryRow(b.Context(), `select string_agg(entries, '' order by start) from audit.leaves`).Scan(&all))
	var first int
	_, err := fmt.Sscan(from, &first)
	check(b, err)
	for e := range slices.Chunk(all[first*tree.EntrySize:], tree.EntrySize) {
		entries = append(entries, e)
	}
	return entries[:commits*each]
}

// tesseraLog is a log of Tessera on files.
type tesseraLog struct {
	*tessera.Appender
	key note.Verifier
	end func()
}

func theirs(b *testing.B, at string, most uint, age time.Duration) tesseraLog {
	skey, vkey, err := note.GenerateKey(rand.Reader, "their.example/log")
	check(b, err)
	signer, err := note.NewSigner(skey)
	check(b, err)
	key, err := note.NewVerifier(vkey)
	check(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	driver, err := posix.New(ctx, posix.Config{Path: at})
	check(b, err)
	log, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(interval).WithBatching(most, age))
	check(b, err)
	return tesseraLog{log, key, func() {
		check(b, shutdown(ctx))
		cancel()
	}}
}

// safe ends the benchmark where one of the two would give up what it promises, or they would
// not write to the same disk. Tessera's driver writes each file with O_SYNC and syncs its
// directory, always (its storage/posix/file_ops.go).
func safe(b *testing.B, h *hubtest.Hub, dir string) {
	if got := h.One(`select concat_ws(' ', current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'))`); got != "on on on" {
		b.Fatalf("fsync, full_page_writes and synchronous_commit are %s: INFOHUS_TEST_DURABLE=1 puts them on", got)
	}
	var rows, files syscall.Stat_t
	var disk syscall.Statfs_t
	check(b, syscall.Stat(h.One(`show data_directory`), &rows))
	check(b, syscall.Stat(dir, &files))
	check(b, syscall.Statfs(dir, &disk))
	const tmpfs = 0x01021994
	if rows.Dev != files.Dev || disk.Type == tmpfs {
		b.Fatal("the database and the files are to be on the same disk, and not in memory: TMPDIR says where")
	}
}
