package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/ledger"
	"fovea/vault/witness"
)

type auditWitnessCmd struct {
	Dir    string   `required:"" help:"Folder of the witness: its key, and what it cosigned last." placeholder:"DIR"`
	Log    []string `required:"" help:"Public key of a ledger to sign for. Repeat." placeholder:"VKEY"`
	Listen string   `default:"127.0.0.1:8444" help:"Address to listen on." placeholder:"HOST:PORT"`
	Name   string   `default:"fovea-witness" help:"The witness's name, for ever, such as witness.example.org/w1."`
	Cert   string   `help:"PEM certificate. Without it the witness speaks http: nothing it hears is secret, and what it says is signed." placeholder:"FILE"`
	PemKey string   `name:"cert-key" help:"The certificate's key." placeholder:"FILE"`
}

// Help teaches.
func (auditWitnessCmd) Help() string {
	return "Run it on another machine, under another administrator. It signs a checkpoint of a ledger only if that extends the last one it signed, " +
		"so a ledger that is rewritten, cut or shown in two versions is found out at once. It keeps the evidence in its folder.\n\n" +
		"It needs no DATA and sees no entry of the ledger. It speaks c2sp.org/tlog-witness. The first line it prints is its public key:\n" +
		"put it and the address into audit: witnesses: of the server's configuration. `fovea audit proof 1` says the ledger's key.\n\n" +
		"Example:\n  fovea audit witness --dir /srv/witness --log 'fovea+1a2b3c4d+…' --listen 10.0.0.7:8444 --name witness.example.org/w1"
}

func (x auditWitnessCmd) Run(e *env) error {
	cosigner, err := x.cosigner()
	if err != nil {
		return err
	}
	w, err := witness.New(witness.Options{Dir: x.Dir, Cosigner: cosigner, Logs: x.Log, Log: logger(e.stderr)})
	if err != nil {
		return err
	}
	var config net.ListenConfig
	l, err := config.Listen(e.ctx, "tcp", x.Listen)
	if err != nil {
		return clinical.Refuse(clinical.Unavailable, "listen", "The address cannot be listened on. Choose another with --listen.")
	}
	scheme := "http"
	if x.Cert != "" {
		scheme = "https"
	}
	put(e.stdout, "key %s\nready %s://%s", cosigner.Key(), scheme, l.Addr())
	return x.serve(e.ctx, l, w)
}

// serve answers until ctx ends.
func (x auditWitnessCmd) serve(ctx context.Context, l net.Listener, h http.Handler) error {
	const slow, grace = 20 * time.Second, 5 * time.Second
	s := &http.Server{Handler: h, ReadTimeout: slow, WriteTimeout: slow, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	ended := make(chan error, 1)
	go func() {
		if x.Cert != "" {
			ended <- s.ServeTLS(l, x.Cert, x.PemKey)
			return
		}
		ended <- s.Serve(l)
	}()
	select {
	case err := <-ended:
		return clinical.Errorf(clinical.Unavailable, "witness: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return errors.Join(s.Shutdown(stop), stopped(<-ended))
}

// stopped passes over the error of a server that was told to stop.
func stopped(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// cosigner reads the witness's key, and makes it at the first start.
func (x auditWitnessCmd) cosigner() (*ledger.Cosigner, error) {
	path := filepath.Join(x.Dir, "witness.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		var secret string
		if secret, err = ledger.NewCosignerKey(rand.Reader, x.Name); err != nil {
			return nil, clinical.Refuse(clinical.Invalid, "name", "A witness's name has no spaces and no plus sign. Choose another with --name.")
		}
		text = []byte(secret + "\n")
		if err = os.MkdirAll(x.Dir, 0o700); err == nil {
			err = writeWhole(path, text)
		}
	}
	if err != nil {
		return nil, clinical.Refuse(clinical.Unavailable, "witness-key", "The witness's key cannot be read or made. Check the folder of --dir.")
	}
	c, err := ledger.NewCosigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, clinical.Refuse(clinical.Corrupt, "witness-key", "The witness's key does not read. A witness with another key is another witness: take another folder and tell the servers.")
	}
	return c, nil
}

// auditYAML says where checkpoints go besides the folder.
type auditYAML struct {
	Syslog    string        `yaml:"syslog"` // udp://host:port, tcp://host:port or local
	Witnesses []witnessYAML `yaml:"witnesses"`
}

type witnessYAML struct {
	URL string `yaml:"url"`
	Key string `yaml:"key"` // as the witness prints it
}

// outlets makes what checkpoints are pushed to, and says what is wrong.
func (a auditYAML) outlets(fault func(string, ...any)) []vault.Outlet {
	var out []vault.Outlet
	if a.Syslog != "" {
		s, err := witness.NewSyslog(a.Syslog)
		if err != nil {
			fault("audit: syslog is an address such as udp://loghost:514, or local, not %q", a.Syslog)
		} else {
			out = append(out, s)
		}
	}
	for _, x := range a.Witnesses {
		c, err := witness.NewClient(x.URL, x.Key, nil)
		if err != nil {
			fault("audit: witness %q needs an url such as https://witness.example.org, and the key that it prints when it starts", x.URL)
			continue
		}
		out = append(out, c)
	}
	return out
}
