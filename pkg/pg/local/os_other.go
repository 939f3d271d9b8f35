//go:build unix && !linux

package local

import "syscall"

const locale = "en_US.UTF-8"

// Sorted by bytes, with the letters of UTF-8: older macOS has no C.UTF-8.
var localeFlags = []string{"--locale=C", "--lc-ctype=en_US.UTF-8"}

// attributes of the server's process: in a group of its own, as the identity.
// There is no parent-death signal here: the next start stops an orphan.
func (as identity) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if as.drop {
		a.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return a
}
