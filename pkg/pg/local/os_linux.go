package local

import "syscall"

const locale = "C.UTF-8"

var localeFlags = []string{"--locale=C.UTF-8"}

// attributes of the server's process: in a group of its own, as the identity,
// and told by the kernel to stop when the hub dies.
func (as identity) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	if as.drop {
		a.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return a
}
