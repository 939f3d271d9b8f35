package local

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unpack writes the tarball's package/native into the directory to. Nothing it
// says can reach outside: the directory is opened as a root, names must be
// local, and only plain files and directories are taken.
func unpack(tarball, to string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return explainFile(tarball, err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("postgres: the fetched file is no tarball: %w", err)
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return explainFile(to, err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return explainFile(to, err)
	}
	defer root.Close()
	const most = 1 << 30 // bytes, all files together; the real one has 60 MB
	for r, left := tar.NewReader(zip), int64(most); ; {
		h, err := r.Next()
		if err == io.EOF {
			return errors.Join(open(root), link(root, to))
		} else if err != nil {
			return fmt.Errorf("postgres: the fetched tarball is damaged: %w", err)
		}
		name, wanted := strings.CutPrefix(h.Name, "package/")
		if !filepath.IsLocal(name) || path.Clean(h.Name) != strings.TrimSuffix(h.Name, "/") {
			return fmt.Errorf("postgres: the fetched tarball names a file outside itself, %q: not used", h.Name)
		}
		if !wanted || h.Typeflag == tar.TypeDir {
			continue
		}
		if left -= h.Size; h.Typeflag != tar.TypeReg || left < 0 {
			return fmt.Errorf("postgres: the fetched tarball holds something that is no plain file of sensible size, %q: not used", h.Name)
		}
		if err := write(root, name, r); err != nil {
			return explainFile(filepath.Join(to, name), err)
		}
	}
}

func write(root *os.Root, name string, from io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if path.Dir(name) == "native/bin" {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Chmod(mode), f.Close()) // whatever the umask: see mkdirAll
}

// open lets everybody into the directories, whatever the umask.
func open(root *os.Root) error {
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = root.Chmod(name, 0o755)
		}
		return err
	})
}

// link makes the symbolic links among the libraries, which the package leaves
// to an npm script: native/pg-symlinks.json lists them.
func link(root *os.Root, dir string) error {
	text, err := root.ReadFile("native/pg-symlinks.json")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return explainFile(dir, err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("postgres: the fetched package's list of links cannot be read: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("postgres: the fetched package wants a link outside itself, %q to %q: not used", l.Target, l.Source)
		}
		to, err := filepath.Rel(path.Dir(l.Target), l.Source)
		if err != nil {
			return fmt.Errorf("postgres: link %q: %w", l.Target, err)
		}
		if err := root.Symlink(to, l.Target); err != nil && !errors.Is(err, os.ErrExist) {
			return explainFile(filepath.Join(dir, l.Target), err)
		}
	}
	return nil
}
