package server_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/server"
)

func load(tb testing.TB, o server.CertificateOptions) *server.Certificates {
	tb.Helper()
	c, err := server.LoadCertificates(o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func leaf(tb testing.TB, c *server.Certificates) *x509.Certificate {
	tb.Helper()
	pair, err := c.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		tb.Fatal(err)
	}
	return pair.Leaf
}

func roots(tb testing.TB, c *server.Certificates) *x509.CertPool {
	tb.Helper()
	text, err := os.ReadFile(c.AuthorityFile())
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		tb.Fatal("no certificate in the authority's file")
	}
	return pool
}

func TestTheFirstStartMakesACertificateThatOneFileVouchesFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	c := load(t, server.CertificateOptions{Dir: dir, Hosts: []string{"photos.example", "192.0.2.7", "0.0.0.0", "photos.example"}})
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "photos.example", "192.0.2.7"} {
		if _, err := leaf(t, c).Verify(x509.VerifyOptions{DNSName: host, Roots: roots(t, c)}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, key := range []string{"ca.key", "server.key"} {
		if info, err := os.Stat(filepath.Join(dir, key)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", key, info.Mode(), err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) != 0 || err != nil {
		t.Errorf("left over: %v, %v", left, err)
	}
	if again := load(t, server.CertificateOptions{Dir: dir}); again.Fingerprint() != c.Fingerprint() {
		t.Error("the second start made another")
	}
}

func TestTheAuthorityVouchesForNobodyElse(t *testing.T) {
	dir := t.TempDir()
	c := load(t, server.CertificateOptions{Dir: dir})
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	template := *leaf(t, c)
	template.DNSNames = []string{"bank.example"}
	forged, err := x509.CreateCertificate(nil, &template, pair.Leaf, leaf(t, c).PublicKey, pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(forged)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cert.Verify(x509.VerifyOptions{DNSName: "bank.example", Roots: roots(t, c)}); err == nil {
		t.Error("whoever steals the key can be anybody to our clients")
	}
}

func TestACertificateIsRenewedInTime(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	c := load(t, server.CertificateOptions{Dir: dir, Now: func() time.Time { return now }})
	first, authority := c.Fingerprint(), roots(t, c)
	now = now.AddDate(0, 0, 366)
	if err := c.Reload(); err != nil || c.Fingerprint() != first {
		t.Errorf("a month and a day before its end: %v, renewed %t", err, c.Fingerprint() != first)
	}
	now = now.AddDate(0, 0, 3)
	if err := c.Reload(); err != nil || c.Fingerprint() == first {
		t.Errorf("less than a month before its end: %v", err)
	}
	if _, err := leaf(t, c).Verify(x509.VerifyOptions{DNSName: "localhost", Roots: authority, CurrentTime: now}); err != nil {
		t.Errorf("clients would have to trust another authority: %v", err)
	}
	now = now.AddDate(10, 0, 0)
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := leaf(t, c).Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots(t, c), CurrentTime: now}); err != nil {
		t.Errorf("after the authority's end: %v", err)
	}
}

func TestAHalfWrittenPairIsMadeAnew(t *testing.T) {
	for _, file := range []string{"ca.key", "ca.pem", "server.key", "server.pem"} {
		dir := t.TempDir()
		load(t, server.CertificateOptions{Dir: dir})
		other := load(t, server.CertificateOptions{Dir: t.TempDir()})
		text, err := os.ReadFile(filepath.Join(filepath.Dir(other.AuthorityFile()), file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := load(t, server.CertificateOptions{Dir: dir})
		if _, err := leaf(t, c).Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots(t, c)}); err != nil {
			t.Errorf("%s of another pair: %v", file, err)
		}
	}
}

func TestABroughtCertificateIsReloadedAndABrokenOneIsNot(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "site.pem"), filepath.Join(dir, "site.key")
	bring := func() string {
		made := load(t, server.CertificateOptions{Dir: t.TempDir()})
		for from, to := range map[string]string{"server.pem": cert, "server.key": key} {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(made.AuthorityFile()), from))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return made.Fingerprint()
	}
	first := bring()
	c := load(t, server.CertificateOptions{CertFile: cert, KeyFile: key})
	if c.Fingerprint() != first || c.AuthorityFile() != "" {
		t.Errorf("fingerprint %s, authority %q", c.Fingerprint(), c.AuthorityFile())
	}
	second := bring()
	if err := c.Reload(); err != nil || c.Fingerprint() != second {
		t.Errorf("reload: %v", err)
	}
	if err := os.WriteFile(cert, bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(); clinical.KindOf(err) != clinical.Invalid || c.Fingerprint() != second {
		t.Errorf("a broken file: %v", err)
	}
	if _, err := server.LoadCertificates(server.CertificateOptions{CertFile: cert}); clinical.ReasonOf(err) != "tls" {
		t.Errorf("a certificate without a key: %v", err)
	}
}
