package tree

import (
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func TestPaths(t *testing.T) {
	for path, want := range map[string]tlog.Tile{
		"tile/0/000":                 {H: 8, L: 0, N: 0, W: 256},
		"tile/0/000.p/1":             {H: 8, L: 0, N: 0, W: 1},
		"tile/1/x001/x234/067":       {H: 8, L: 1, N: 1234067, W: 256},
		"tile/63/x001/234.p/255":     {H: 8, L: 63, N: 1234, W: 255},
		"tile/entries/x001/234.p/17": {H: 8, L: -1, N: 1234, W: 17},
	} {
		got, err := ParsePath(path)
		if err != nil || got != want || Path(got) != path {
			t.Errorf("%s: %v, %v, %s", path, got, err, Path(got))
		}
	}
	for _, path := range []string{"", "tile", "tile/", "tile/0", "tile/0/0", "tile/00/000", "tile/0/000/", "tile/0/001/234", "tile/0/x001", "tile/0/x000/001",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p", "tile/64/000", "tile/-1/000", "tile/data/000", "tile/8/0/000", "tile/entries/entries/000",
		"entries/000", "/tile/0/000", "tile/0/../0/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/+01", "tile/entries/000.p/1/2"} {
		if got, err := ParsePath(path); err == nil {
			t.Errorf("%q is taken as %v", path, got)
		}
	}
}

// The example of c2sp.org/tlog-tiles, and what tlog says must be published.
func TestIn(t *testing.T) {
	for _, size := range []int64{0, 1, 255, 256, 257, 70000, 65536, 1 << 24, 1<<24 + 1} {
		var want, got []tlog.Tile
		want = tlog.NewTiles(Height, 0, size)
		for level := 0; ; level++ {
			before := len(got)
			for n := int64(0); ; n++ {
				at, ok := In(size, level, n)
				if !ok {
					break
				}
				got = append(got, at)
			}
			if len(got) == before {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d leaves: %d tiles, want %d", size, len(got), len(want))
		}
	}
	for at, want := range map[tlog.Tile]int{{L: 0, N: 272}: 256, {L: 0, N: 273}: 112, {L: 1, N: 0}: 256, {L: 1, N: 1}: 17, {L: 2, N: 0}: 1, {L: -1, N: 273}: 112} {
		if got, ok := In(70000, at.L, at.N); !ok || got.W != want {
			t.Errorf("tile %d of level %d has %d hashes, want %d", at.N, at.L, got.W, want)
		}
	}
	for _, at := range []tlog.Tile{{L: 0, N: 274}, {L: 0, N: -1}, {L: -2}, {L: 3}, {L: 8}, {L: 0, N: 1 << 62}} {
		if got, ok := In(70000, at.L, at.N); ok {
			t.Errorf("%v is in the tree", got)
		}
	}
}

// A checkpoint of c2sp.org/tlog-checkpoint, and what is none.
func TestCheckpoint(t *testing.T) {
	const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	c, err := parse(text)
	if err != nil || c.String() != text || c.Size != 20852163 || c.Origin != "example.com/behind-the-sofa" {
		t.Errorf("%v, %v", c, err)
	}
	if c, err := parse(text + "an extension\n"); err != nil || c.Size != 20852163 {
		t.Errorf("with a line more: %v, %v", c, err)
	}
	for _, bad := range []string{"", "a\n1\n", "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		"a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "a\n1\nCsUY\n", "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="} {
		if c, err := parse(bad); err == nil {
			t.Errorf("%q is taken as %v", bad, c)
		}
	}
	// The example of c2sp.org/signed-note: the same library reads it.
	const vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open([]byte("This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"), note.VerifierList(v)); err != nil {
		t.Error(err)
	}
	if _, _, err := Key("two words", make([]byte, 32)); err == nil {
		t.Error("an origin of two words has a key")
	}
}
