package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"fovea/clinical"
)

// held says who has DATA open.
func held(cfg config) error {
	who := "Another process"
	if pid := holder(filepath.Join(cfg.Data, "store", "lock")); pid > 0 {
		who = "Process " + strconv.Itoa(pid)
	}
	return clinical.Refuse(clinical.Conflict, "data-locked", who+" holds this DATA folder and takes no commands. If it is a server that is starting or stopping, try again in a moment; else stop it.")
}

// holder is the process that holds a lock on a file, as far as the kernel tells
// (proc_locks(5)); 0 when it does not.
func holder(path string) int {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return 0
	}
	f, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	inode := fmt.Sprintf(":%d", st.Ino)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// 1: FLOCK ADVISORY WRITE 4711 fd:01:123456 0 EOF
		field := strings.Fields(lines.Text())
		if len(field) < 6 || field[1] != "FLOCK" || !strings.HasSuffix(field[5], inode) {
			continue
		}
		if pid, err := strconv.Atoi(field[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}
