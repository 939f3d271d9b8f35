package local

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is who runs the server: ourselves, or for root somebody else,
// because Postgres refuses root.
type identity struct {
	uid, gid int
	name     string
	drop     bool // we are root, and it is not
}

// whoRuns says who runs the server on the data directory. Root lends it to the
// owner of the data, else to the user postgres, else to nobody.
func whoRuns(data string) (identity, error) {
	if os.Getuid() != 0 {
		return identity{uid: os.Getuid(), gid: os.Getgid(), name: "you"}, nil
	}
	if uid, gid, err := ownerOf(data); err == nil && uid != 0 {
		return identity{uid, gid, "user " + strconv.Itoa(uid), true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return identity{uid, gid, "user " + name, true}, nil
		}
	}
	return identity{}, fmt.Errorf("postgres: it will not run as root, and there is no user postgres or nobody to run it as: run as an ordinary user, or make one (useradd --system postgres)")
}

func ownerOf(name string) (uid, gid int, err error) {
	i, err := os.Stat(name)
	if err != nil {
		return 0, 0, err
	}
	st := i.Sys().(*syscall.Stat_t)
	return int(st.Uid), int(st.Gid), nil
}

// give makes the file the identity's.
func (as identity) give(name string) error {
	if !as.drop {
		return nil
	}
	return os.Lchown(name, as.uid, as.gid)
}

// mkdir makes a directory that is the identity's alone.
func (as identity) mkdir(name string) error {
	if err := os.Mkdir(name, 0o700); err != nil {
		return err
	}
	return as.give(name)
}

// owns refuses data of another user: Postgres would, in words that do not help.
func (as identity) owns(data string) error {
	uid, _, err := ownerOf(data)
	if err != nil {
		return explainFile(data, err)
	}
	if uid != as.uid {
		return fmt.Errorf("postgres: %s belongs to another user (uid %d): run as that user or as root, or choose another directory (INFOHUS_DATA)", data, uid)
	}
	return nil
}

// reaches checks that the identity may pass through every directory above name
// and into it. Only for root does it differ from what we ourselves may.
func (as identity) reaches(name string) error {
	if !as.drop {
		return nil
	}
	full, err := filepath.EvalSymlinks(name)
	if err != nil {
		return explainFile(name, err)
	}
	for d := full; ; d = filepath.Dir(d) {
		i, err := os.Stat(d)
		if err != nil {
			return explainFile(d, err)
		}
		st, bit := i.Sys().(*syscall.Stat_t), os.FileMode(0o001)
		if int(st.Uid) == as.uid {
			bit = 0o100
		} else if int(st.Gid) == as.gid {
			bit = 0o010
		}
		if i.Mode()&bit == 0 {
			return fmt.Errorf("postgres: started by root it runs as %s, who cannot reach %s because %s is closed to others: choose a place below /var/lib or /tmp (INFOHUS_DATA for the data), or run as an ordinary user",
				as.name, name, d)
		}
		if d == "/" {
			return nil
		}
	}
}

// makeDir makes the directory that holds data directories and passwords. For
// root others may pass through it, to what is theirs, and list nothing.
func makeDir(dir string, as identity) error {
	mode := os.FileMode(0o700)
	if as.drop {
		mode = 0o711
	}
	if err := mkdirAll(dir, mode); err != nil {
		return err
	}
	if uid, _, err := ownerOf(dir); err != nil || uid != os.Getuid() {
		return err // somebody else's, such as an ordinary user's when run by root: as it is
	}
	if err := os.Chmod(dir, mode); err != nil {
		return explainFile(dir, err)
	}
	return nil
}

// mkdirAll makes the directories that are missing with just this mode, whatever
// the umask: a strict one would shut out the user that the server is run as.
func mkdirAll(dir string, mode os.FileMode) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := mkdirAll(filepath.Dir(dir), mode); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, os.ErrExist) {
		return explainFile(dir, err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		return explainFile(dir, err)
	}
	return nil
}
