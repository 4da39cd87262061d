//go:build peers

package peers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/net/webdav"
	"golang.org/x/sync/errgroup"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server"
	ours "fovea/server/webdav"
)

// serveFovea serves the vault in dir until in ends: in plain, and over TLS with all that a server has around the drive. It
// writes to out where, and does what the lines of in say: withdraw what the large picture's patient allows, or allow it
// again, and writes when that is done.
func serveFovea(ctx context.Context, dir string, in io.Reader, out io.Writer) error {
	h, err := openHouse(ctx, dir)
	if err != nil {
		return err
	}
	if err := h.gate.Start(ctx); err != nil {
		return err
	}
	drive := ours.New(ours.Options{Gate: h.gate, Auth: h.login, Now: clock()})
	certificates, err := server.LoadCertificates(server.CertificateOptions{Dir: filepath.Join(dir, "tls")})
	if err != nil {
		return err
	}
	secure := make(chan string, 1)
	doors, err := server.New(server.Options{
		Listen: "127.0.0.1:0", Certificates: certificates, Drive: drive, Listening: func(a net.Addr) { secure <- a.String() },
		Limits: server.Limits{Rate: 1e6, Burst: 1e6}, // all requests come from one address here
	})
	if err != nil {
		return err
	}
	plain, stop, err := serve(ctx, drive)
	if err != nil {
		return err
	}
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return h.vault.Run(running) })
	group.Go(func() error { return h.gate.Run(running) })
	group.Go(func() error { return doors.Run(running) })
	at := told{Plain: "http://" + plain, CA: certificates.AuthorityFile()}
	select {
	case s := <-secure:
		at.TLS = "https://" + s
	case <-running.Done():
		return group.Wait()
	}
	if _, err := fmt.Fprintln(out, at); err != nil {
		return err
	}
	err = obey(ctx, h, in, out)
	cancel()
	if stopped := group.Wait(); !errors.Is(stopped, context.Canceled) {
		err = errors.Join(err, stopped)
	}
	return errors.Join(err, h.close())
}

// obey does what the lines of in say.
func obey(ctx context.Context, h *house, in io.Reader, out io.Writer) error {
	of := (&testenv.Lecture{}).Patient(0)
	paula := clinical.Caller{Person: clinicaltest.ID[clinical.Person]("paula"), Door: clinical.DoorAPI}
	nina := clinical.Caller{Person: clinicaltest.ID[clinical.Person]("nina"), Door: clinical.DoorAPI}
	nth := 0
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var err error
		if lines.Text() == "withdraw" {
			_, err = h.gate.Do(ctx, nina, clinical.WithdrawConsent{Patient: clinicaltest.ID[clinical.Patient](of), Reason: "measured"})
		} else {
			nth++
			_, err = h.gate.Do(ctx, paula, clinical.RecordConsent{Grant: clinicaltest.Teaching(fmt.Sprint("consent of ", of, nth), of)})
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "done"); err != nil {
			return err
		}
	}
	return nil
}

// serveXNet serves plain files with the handler and Dir of golang.org/x/net/webdav until in ends.
func serveXNet(ctx context.Context, dir string, in io.Reader, out io.Writer) error {
	at, stop, err := serve(ctx, &webdav.Handler{FileSystem: webdav.Dir(dir), LockSystem: webdav.NewMemLS()})
	if err != nil {
		return err
	}
	defer stop()
	if _, err := fmt.Fprintln(out, told{Plain: "http://" + at}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// serve answers on a port of loopback, in plain.
func serve(ctx context.Context, h http.Handler) (address string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }() // it ends with Close
	return l.Addr().String(), func() { _ = s.Close() }, nil
}

// serving is what TestMain does in a child: it is told what by the flags -serve and -in.
func serving(what, dir string) error {
	switch what {
	case "fovea":
		return serveFovea(context.Background(), dir, os.Stdin, os.Stdout)
	case "xnet":
		return serveXNet(context.Background(), dir, os.Stdin, os.Stdout)
	default:
		return fmt.Errorf("nothing is called %q here", what)
	}
}
