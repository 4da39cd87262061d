package server

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"fovea/clinical"
)

// adminListener takes connections of the machine's owner alone.
type adminListener struct{ *net.UnixListener }

// peerConn is a connection whose other end is known.
type peerConn struct {
	net.Conn
	uid uint32
}

// listenAdmin opens the admin socket, 0600 in a folder that it makes 0700 where there is none. A socket that nobody
// answers on is left over and is replaced.
func listenAdmin(ctx context.Context, path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "server: folder of the admin socket: %w", err)
	}
	if err := clearSocket(ctx, path); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "server: admin socket: %w", err)
	}
	unix, ok := l.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(clinical.Errorf(clinical.Internal, "server: admin socket is a %T", l), l.Close())
	}
	// Whoever connects before this is asked for their credentials like everybody.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(clinical.Errorf(clinical.Unavailable, "server: admin socket: %w", err), l.Close())
	}
	return adminListener{unix}, nil
}

// clearSocket removes what a server that was killed left behind.
func clearSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return clinical.Errorf(clinical.Unavailable, "server: admin socket: %w", err)
	}
	if info.Mode().Type() != os.ModeSocket {
		return clinical.Errorf(clinical.Invalid, "server: %s is there and is no socket", path)
	}
	dialer := net.Dialer{Timeout: time.Second}
	c, err := dialer.DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(clinical.Refuse(clinical.Conflict, "socket-used",
			"Another server answers on the admin socket. Stop it, or choose another runtime folder."), c.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return clinical.Errorf(clinical.Unavailable, "server: admin socket: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return clinical.Errorf(clinical.Unavailable, "server: admin socket: %w", err)
	}
	return nil
}

// Accept waits for the next connection of root or of the user that runs the server; others are closed unheard.
func (l adminListener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return nil, err
		}
		uid, err := peer(c)
		if err == nil && owner(uid) {
			return &peerConn{c, uid}, nil
		}
		_ = c.Close() // a stranger that is not turned away cleanly must not end the socket for its owner
	}
}
