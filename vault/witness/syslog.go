package witness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// Syslog sends checkpoints to a log host (RFC 5424; over tcp framed as RFC 6587
// has it), one line each: the checkpoint's lines joined by spaces, from which it
// can be put together again.
type Syslog struct{ network, address string }

// notice is facility authpriv, severity notice.
const notice = 10*8 + 5

// localLog is the machine's own log.
const localLog = "/dev/log"

// NewSyslog returns the sender for an address such as udp://loghost:514,
// tcp://loghost:601, or local for the machine's own.
func NewSyslog(address string) (*Syslog, error) {
	if address == "local" {
		return &Syslog{"unixgram", localLog}, nil
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "udp" && u.Scheme != "tcp") || u.Port() == "" || u.Path != "" {
		return nil, clinical.Errorf(clinical.Invalid, "witness: %q is no address of a log host", address)
	}
	return &Syslog{network: u.Scheme, address: u.Host}, nil
}

// Name says which log host it is.
func (s *Syslog) Name() string { return "syslog " + s.address }

// Publish sends one line. A log host never answers: over udp nobody knows
// whether it arrived.
func (s *Syslog) Publish(ctx context.Context, p ledger.Publication) ([]byte, error) {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-"
	}
	text := fmt.Sprintf("<%d>1 %s %s fovea %d checkpoint - %s", notice, time.Now().UTC().Format(time.RFC3339Nano),
		host, os.Getpid(), strings.Join(strings.Fields(string(p.Text)), " "))
	if s.network == "tcp" {
		text = fmt.Sprintf("%d %s", len(text), text)
	}
	if err := s.send(ctx, text); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "witness: syslog: %w", err)
	}
	return nil, nil //nolint:nilnil // no line is the answer of who does not cosign
}

func (s *Syslog) send(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, s.network, s.address)
	if err != nil {
		return err
	}
	if until, ok := ctx.Deadline(); ok {
		err = conn.SetDeadline(until)
	}
	if err == nil {
		_, err = conn.Write([]byte(text))
	}
	return errors.Join(err, conn.Close())
}
