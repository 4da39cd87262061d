package main

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fovea/clinical"
	"fovea/ingest"
	"fovea/ingest/label"
	"fovea/internal/sheet"
	"fovea/server"
	"fovea/server/api"
	"fovea/server/login"
	"fovea/server/pages"
	"fovea/server/webdav"
	"fovea/server/wire"
	"fovea/vault"
)

// openDoors makes the doors: with public set those that face the network too.
func (s *system) openDoors(ctx context.Context, public bool) error {
	var err error
	s.login, err = login.New(ctx, login.Options{
		Shelf: s.vault.Shelf("login"), People: s.gate, Recorder: s.vault, Key: s.vault.Derive("login"),
		Zone: s.cfg.zone, Log: s.log,
	})
	if err != nil {
		return err
	}
	opt := server.Options{
		Admin: s.cfg.socket(), Ready: s.ready, Registry: prometheus.NewRegistry(), Log: s.log,
		API: api.New(api.Options{
			Gate: s.gate, Authenticate: s.login.Authenticate, Accounts: s.login, Operations: operations{s},
			Rules: s.cfg.rules(), Sheet: s.sheet, Log: s.log, Version: version,
		}),
	}
	s.listening = make(chan struct{})
	opt.Listening = func(net.Addr) { close(s.listening) }
	if public {
		if err := s.face(&opt); err != nil {
			return err
		}
	}
	s.doors, err = server.New(opt)
	return err
}

// face adds what the network sees.
func (s *system) face(opt *server.Options) error {
	host, _, err := net.SplitHostPort(s.cfg.Listen)
	if err != nil {
		return clinical.Errorf(clinical.Invalid, "listen: %w", err)
	}
	opt.Certificates, err = server.LoadCertificates(server.CertificateOptions{
		CertFile: s.cfg.TLS.Cert, KeyFile: s.cfg.TLS.Key, Dir: s.cfg.tlsDir(), Hosts: []string{host},
	})
	if err != nil {
		return err
	}
	opt.Listen, opt.Metrics = s.cfg.Listen, s.cfg.Metrics
	opt.Drive = webdav.New(webdav.Options{Gate: s.gate, Auth: s.login, Log: s.log})
	opt.Pages, err = pages.New(pages.Options{
		Gate: s.gate, Authenticate: s.login.Authenticate, Accounts: s.login, Devices: s.login,
		Explain: ingest.Words, Zone: s.cfg.zone, Now: time.Now, Log: s.log, URL: "https://" + s.cfg.Listen,
	})
	return err
}

// tlsDir is where the certificate lies that the server makes itself.
func (c *config) tlsDir() string { return filepath.Join(c.Data, "tls") }

// ready is why the system cannot serve yet.
func (s *system) ready(context.Context) error {
	if !s.vault.Healthy() {
		return clinical.Refuse(clinical.Unavailable, "ledger", "The ledger cannot be written. See the server's log.")
	}
	return nil
}

// sheet draws a job's paper.
func (s *system) sheet(j clinical.Job, p clinical.Patient) ([]byte, error) {
	begin, err := label.Payload{Kind: label.Job, Number: j.Number}.Text()
	if err != nil {
		return nil, err
	}
	end, err := label.Payload{Kind: label.End, Number: j.Number}.Text()
	if err != nil {
		return nil, err
	}
	return sheet.Job(j, p, sheet.Codes{Begin: begin, End: end}, s.cfg.zone)
}

// operations are the long acts of the machine's owner.
type operations struct{ s *system }

// Import takes files in through the same pipeline as a watch folder.
func (o operations) Import(ctx context.Context, in wire.ImportFiles, progress func(done, total int)) (any, error) {
	r, err := o.s.ingest.Import(ctx, in.Studio, in.Paths, progress)
	if err != nil {
		return nil, err
	}
	return wire.Counts{Found: r.Found, Kept: r.Kept, Duplicate: r.Duplicate, Quarantined: r.Quarantined, Ignored: r.Ignored}, o.s.index.WaitFor(ctx, o.s.vault.Head())
}

// Fsck checks that everything kept is whole.
func (o operations) Fsck(ctx context.Context, deep bool, progress func(done, total int)) (any, error) {
	done := 0
	r, err := o.s.vault.Fsck(ctx, vault.FsckOptions{Deep: deep, Progress: func(ctx context.Context, _ clinical.BlobID, _ int64) error {
		done++
		progress(done, 0)
		return ctx.Err()
	}})
	if err == nil && !r.Clean() {
		err = clinical.Refuse(clinical.Corrupt, "fsck", "Something kept is damaged: see the findings. Keep the machine as it is and restore those from a backup.")
	}
	return r, err
}

// Reindex builds the search index anew.
func (o operations) Reindex(ctx context.Context, progress func(done, total int)) (any, error) {
	err := o.s.index.Rebuild(ctx, o.s.vault, func(done, total uint64) { progress(int(done), int(total)) }) //nolint:gosec // counts of a journal
	if err != nil {
		return nil, err
	}
	n, err := o.s.index.Count()
	return map[string]int{"indexed": n}, err
}

// ExportAudit writes the ledger.
func (o operations) ExportAudit(ctx context.Context, w io.Writer) error {
	return o.s.vault.ExportAudit(ctx, w)
}
