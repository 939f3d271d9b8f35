package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A thing has one word in Danish, and it is one that people use: break-glass is a
// nødadgang, what they sign in to is Infohus, and nothing is told by a word of the
// code's. It is held to every words file, and to what is written from them.
func TestOneWordForOneThing(t *testing.T) {
	not := map[string]string{"nødåbn": "nødadgang", "nødopslag": "nødadgang", "nødlæs": "nødadgang", "hubben": "Infohus", "ikke typet": "ikke angivet"}
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "da.json") && !strings.HasSuffix(path, ".da.md") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		text := strings.ToLower(strings.ReplaceAll(string(b), "\u00ad", ""))
		for word, instead := range not {
			for i, line := range strings.Split(text, "\n") {
				if strings.Contains(line, word) {
					t.Errorf("%s:%d says %q: say %s", path, i+1, word, instead)
				}
			}
		}
		return nil
	})
	if err != nil || files < 8 {
		t.Errorf("%d files were read: %v", files, err)
	}
}
