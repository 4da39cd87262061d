//go:build !linux

package server

import (
	"errors"
	"net"
)

// peer knows nobody: without the kernel's word the admin socket stays shut.
func peer(*net.UnixConn) (uint32, error) { return 0, errors.ErrUnsupported }
