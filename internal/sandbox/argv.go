package sandbox

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Bind makes one folder or file of this machine visible to a child, read-only
// and under the same path.
type Bind string

// Command is one child to run.
type Command struct {
	Path  string   // absolute path of the program
	Args  []string // its arguments; DataPath stands for the input file
	Env   []string // KEY=VALUE; the child inherits nothing else
	Binds []Bind   // folders it may read besides /usr
	Input Input
	// Output takes what the child writes on its standard output, as it comes; a
	// failed write ends the child. Nil: Run returns it.
	Output io.Writer
	// Limits bound the child; a zero field takes its default.
	Limits Limits
	// Background runs the child at a lower priority than interactive work.
	Background bool
}

// Limits bound a child's appetite. Zero fields take the defaults named here.
type Limits struct {
	CPU    time.Duration // processor time; default 60 s, rounded up to seconds
	Memory int64         // bytes of address space; default 4 GiB
	File   int64         // bytes of any one file it writes, and of its /tmp; default 256 MiB
	Output int64         // bytes on its standard output; default 64 MiB
	Input  int64         // bytes of input; default 512 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.CPU <= 0 {
		l.CPU = time.Minute
	}
	set(&l.Memory, 4<<30)
	set(&l.File, 256<<20)
	set(&l.Output, 64<<20)
	set(&l.Input, 512<<20)
	return l
}

// Argv returns the whole command line that runs c confined, for a program that
// must start the child itself. Input and the deadline are then the caller's
// business, and c.Input must be empty.
func (s *Sandbox) Argv(c Command) ([]string, error) {
	if c.Input.kind != noInput {
		return nil, fmt.Errorf("sandbox: argv for %s: input cannot be passed this way", c.Path)
	}
	return s.argv(c)
}

func (s *Sandbox) argv(c Command) ([]string, error) {
	if !filepath.IsAbs(c.Path) {
		return nil, fmt.Errorf("sandbox: program %q: path must be absolute", c.Path)
	}
	lim := c.Limits.withDefaults()
	var argv []string
	if c.Background {
		argv = append(argv, "/usr/bin/nice", "-n", "10")
	}
	argv = append(argv, "/usr/bin/prlimit",
		"--cpu="+strconv.FormatInt(int64((lim.CPU+time.Second-1)/time.Second), 10),
		"--as="+strconv.FormatInt(lim.Memory, 10),
		"--fsize="+strconv.FormatInt(lim.File, 10),
		"--core=0", "--nofile=256", "--")
	if s.level == unconfined {
		argv = append(argv, "/usr/bin/env", "-i")
		argv = append(argv, c.Env...)
		argv = append(argv, c.Path)
		for _, a := range c.Args {
			argv = append(argv, strings.ReplaceAll(a, DataPath, "/proc/self/fd/3"))
		}
		return argv, nil
	}
	argv = append(argv, s.bwrap)
	argv = append(argv, s.confinement(lim)...)
	for _, b := range c.Binds {
		p := filepath.Clean(string(b))
		if !filepath.IsAbs(p) {
			return nil, fmt.Errorf("sandbox: bind for %s: path must be absolute", c.Path)
		}
		argv = append(argv, "--ro-bind", p, p)
	}
	if c.Input.kind == fileInput {
		argv = append(argv, "--ro-bind-data", "3", DataPath)
	}
	for _, e := range c.Env {
		k, v, ok := strings.Cut(e, "=")
		if !ok {
			return nil, fmt.Errorf("sandbox: environment for %s: want KEY=VALUE", c.Path)
		}
		argv = append(argv, "--setenv", k, v)
	}
	argv = append(argv, readOnly()...)
	argv = append(argv, "--", c.Path)
	return append(argv, c.Args...), nil
}

// readOnly comes last, when every mount point is made. It leaves /tmp as the
// one place to write. A child of root's is still root to the kernel's files
// under /proc/sys, whatever its namespace calls it: it could name a program
// there that the kernel starts outside. And what is written to / or /dev is
// memory that no limit counts.
func readOnly() []string {
	return []string{"--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"}
}

// confinement is what every confined child has in common. /etc holds only what
// the dynamic linker needs: its cache and Debian's choice of BLAS, which ffmpeg
// links. Order matters to bubblewrap: mounts come in the order given.
func (s *Sandbox) confinement(lim Limits) []string {
	var a []string
	if s.level == confined {
		a = append(a, "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534",
			"--unshare-all")
	} else {
		a = append(a, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
			"--unshare-cgroup-try")
	}
	return append(a,
		"--ro-bind", "/usr", "/usr",
		"--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
		"--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
		"--symlink", "usr/bin", "/bin",
		"--symlink", "usr/sbin", "/sbin",
		"--symlink", "usr/lib", "/lib",
		"--symlink", "usr/lib64", "/lib64",
		"--proc", "/proc",
		"--dev", "/dev",
		"--size", strconv.FormatInt(lim.File, 10), "--tmpfs", "/tmp",
		"--chdir", "/",
		"--die-with-parent", "--new-session", "--cap-drop", "ALL",
		"--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "LC_ALL", "C.UTF-8")
}
