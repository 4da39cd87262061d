package main

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/exchange/epr"
	"fovea/ingest"
	"fovea/ingest/label"
	"fovea/internal/sheet"
	"fovea/server"
	"fovea/server/api"
	"fovea/server/login"
	"fovea/server/pages"
	"fovea/server/webdav"
	"fovea/ui"
)

// openAPI makes what answers commands, and the screens of a server.
func (s *system) openAPI(ctx context.Context) error {
	var err error
	s.login, err = login.New(ctx, login.Options{
		Shelf: s.vault.Shelf("login"), People: s.gate, Recorder: s.vault, Key: s.vault.Derive("login"), Ledger: s.vault.Device,
		Zone: s.cfg.zone, Log: s.log,
	})
	if err != nil {
		return err
	}
	if s.marks, err = newMarks(s.vault.Derive(markPurpose), s.vault.Device); err != nil {
		return err
	}
	s.desk, s.finder = newDesk(s), newFinder(s)
	s.api = api.New(api.Options{
		Gate: s.gate, Authenticate: s.login.Authenticate, Accounts: s.login, Operations: operations{s}, Papers: press{s.desk}, Finder: s.finder, Meter: meter{s.finder}, Tracer: s.desk, Aligner: aligner{s.finder},
		Rules: s.cfg.rules(), Sheet: press{s.desk}.JobSheet, Zone: s.cfg.zone, Log: s.log, Version: version,
	})
	return nil
}

// openServer adds what only a server has: the pipeline at work, renditions, and
// the doors that face the network.
func (s *system) openServer(ctx context.Context) error {
	if err := s.openPipeline(ctx); err != nil {
		return err
	}
	s.dark = darkroom.NewFollower(darkroom.Options{
		Journal: s.vault, Recipes: s.vault, Keeper: s.vault, Opener: s.vault, Renderer: s.shrink, Now: time.Now, Mint: clinical.NewMinter(nil, nil), Log: s.log,
		Delivers: s.cfg.EPR.Folder != "",
	})
	host, _, err := net.SplitHostPort(s.cfg.Listen)
	if err != nil {
		return clinical.Errorf(clinical.Invalid, "listen: %w", err)
	}
	certificates, err := server.LoadCertificates(server.CertificateOptions{
		CertFile: s.cfg.TLS.Cert, KeyFile: s.cfg.TLS.Key, Dir: s.cfg.tlsDir(), Hosts: []string{host},
	})
	if err != nil {
		return err
	}
	screens, err := pages.New(pages.Options{
		Gate: s.gate, Authenticate: s.login.Authenticate, Accounts: s.login, Devices: s.login,
		Explain: ingest.Words, CA: s.authority(), Rules: s.cfg.rules(), Zone: s.cfg.zone, Now: time.Now, Log: s.log,
		URL: func() string { return cmp.Or(strings.TrimSuffix(s.cfg.Site.URL, "/"), "https://"+s.address) }, Papers: press{s.desk}.papers(), Aligner: aligner{s.finder}, Finder: s.finder, Meter: meter{s.finder}, Drawer: s.finder,
	})
	if err != nil {
		return err
	}
	if s.cfg.EPR.Folder != "" {
		opt := s.cfg.deliveries()
		opt.Log, opt.Memory = s.log, s.vault.Shelf(delivered)
		if s.epr, err = epr.New(s.gate, opt); err != nil {
			return err
		}
	}
	inbox, err := s.inboxes(ctx)
	if err != nil {
		return err
	}
	s.drive = webdav.New(webdav.Options{
		Gate: s.gate, Auth: s.login, Papers: press{s.desk}.onDrive(ctx, s.cfg.papers()), Inbox: inbox, Watermark: s.marks, Log: s.log,
	})
	s.listening = make(chan string, 1)
	listening := func(a net.Addr) {
		s.address = shown(s.cfg.Listen, a)
		s.listening <- s.address
	}
	s.doors, err = server.New(server.Options{
		Listen: s.cfg.Listen, Certificates: certificates, Metrics: s.cfg.Metrics, Admin: s.cfg.socket(),
		Drive: s.drive, API: s.api, Pages: front(s.api, ui.Handler(), screens), Known: s.login.Known,
		Ready: s.ready, Listening: listening, Registry: s.meters(), Log: s.log,
		Limits: server.Limits{Body: largestBody},
	})
	return err
}

// largestBody is the scan of a form, with room for what is around it.
const largestBody = 52 << 20

// tlsDir is where the certificate lies that the server makes itself.
func (c *config) tlsDir() string { return filepath.Join(c.Data, "tls") }

// authority returns how to read the certificate that clients are to trust: nil where the server's own was brought,
// which they trust already or get elsewhere.
func (s *system) authority() func() ([]byte, error) {
	if s.cfg.TLS.Cert != "" {
		return nil
	}
	return func() ([]byte, error) {
		pem, err := os.ReadFile(filepath.Join(s.cfg.tlsDir(), "ca.pem"))
		if err != nil {
			return nil, clinical.Errorf(clinical.Unavailable, "read the server's authority: %w", err)
		}
		return pem, nil
	}
}

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

// withdrawal is where a patient's code leads; empty where nobody knows how
// patients reach this server.
func (s *system) withdrawal(code string) string {
	switch {
	case s.cfg.Site.URL != "":
		return strings.TrimSuffix(s.cfg.Site.URL, "/") + "/withdraw/" + code
	case s.address != "":
		return "https://" + s.address + "/withdraw/" + code
	default:
		return ""
	}
}

// front leads who comes from the patient record to the API, which knows the
// tickets, and everybody else to the pages.
func front(calls, workplace, screens http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/launch/"):
			calls.ServeHTTP(w, r)
		case strings.HasPrefix(path, ui.Prefix):
			workplace.ServeHTTP(w, r)
		default:
			screens.ServeHTTP(w, r)
		}
	})
}
