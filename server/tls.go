package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"fovea/clinical"
)

// CertificateOptions say where the server's certificate comes from: CertFile and KeyFile, which the site brings, or
// Dir, in which the server keeps an authority of its own and a certificate that it issues to itself.
type CertificateOptions struct {
	CertFile, KeyFile string   // PEM; the leaf first, then what links it to its authority
	Dir               string   // made 0700 where it is not there
	Hosts             []string // further names and addresses that clients use
	Now               func() time.Time
	Rand              io.Reader
}

// Certificates hold the certificate in use. They are safe for concurrent use.
type Certificates struct {
	o    CertificateOptions
	used atomic.Pointer[tls.Certificate]
}

// The files in Dir.
const (
	authorityFile = "ca.pem" // what clients trust
	authorityKey  = "ca.key"
	leafFile      = "server.pem"
	leafKey       = "server.key"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 397 * 24 * time.Hour // longer ones are refused by Apple's systems
	renewBefore   = 30 * 24 * time.Hour
)

// LoadCertificates reads the certificate, and makes one first where the site brings none and there is none yet, or
// where it is about to expire or lacks one of the hosts.
func LoadCertificates(o CertificateOptions) (*Certificates, error) {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, clinical.Refuse(clinical.Invalid, "tls", "A certificate needs its key and a key its certificate. Give both files, or neither.")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	c := &Certificates{o: o}
	return c, c.Reload()
}

// Reload reads the certificate anew, and renews one of the server's own when it is time. Where that fails the one in
// use stays.
func (c *Certificates) Reload() error {
	certFile, keyFile := c.o.CertFile, c.o.KeyFile
	if certFile == "" {
		certFile, keyFile = filepath.Join(c.o.Dir, leafFile), filepath.Join(c.o.Dir, leafKey)
		if err := c.renew(); err != nil {
			return clinical.Errorf(clinical.Unavailable, "server: make a certificate: %w", err)
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return &clinical.Error{
			Kind: clinical.Invalid, Reason: "tls", Err: fmt.Errorf("server: read the certificate: %w", err),
			Public: "The certificate and its key cannot be read or do not belong together. Check both files.",
		}
	}
	c.used.Store(&pair)
	return nil
}

// GetCertificate is for tls.Config.
func (c *Certificates) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.used.Load(), nil
}

// AuthorityFile is the path of the one file that clients have to trust, empty where the site brings its certificate.
func (c *Certificates) AuthorityFile() string {
	if c.o.CertFile != "" {
		return ""
	}
	return filepath.Join(c.o.Dir, authorityFile)
}

// Fingerprint is the SHA-256 of the certificate in use, to compare by eye.
func (c *Certificates) Fingerprint() string {
	sum := sha256.Sum256(c.used.Load().Certificate[0])
	return fmt.Sprintf("%X", sum)
}

// renew makes what is missing, expiring, or lacking a host in Dir.
func (c *Certificates) renew() error {
	if err := os.MkdirAll(c.o.Dir, 0o700); err != nil {
		return err
	}
	names, addresses := c.hosts()
	authority, key, err := readPair(filepath.Join(c.o.Dir, authorityFile), filepath.Join(c.o.Dir, authorityKey))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err != nil || !c.good(authority, names, addresses) {
		if authority, key, err = c.makeAuthority(names, addresses); err != nil {
			return err
		}
	} else {
		leaf, _, err := readPair(filepath.Join(c.o.Dir, leafFile), filepath.Join(c.o.Dir, leafKey))
		if err == nil && c.good(leaf, names, addresses) && leaf.CheckSignatureFrom(authority) == nil {
			return nil
		}
	}
	return c.makeLeaf(authority, key, names, addresses)
}

// hosts are the names and addresses that the certificate is for, each once.
func (c *Certificates) hosts() (names []string, addresses []net.IP) {
	all := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil {
		all = append(all, host)
	}
	for _, host := range append(all, c.o.Hosts...) {
		ip := net.ParseIP(host)
		switch {
		case ip != nil:
			if !ip.IsUnspecified() && !slices.ContainsFunc(addresses, ip.Equal) {
				addresses = append(addresses, ip)
			}
		case host != "" && !slices.Contains(names, host):
			names = append(names, host)
		}
	}
	return names, addresses
}

// good reports whether a certificate holds for a while and for every host. An authority holds for those to which it is
// constrained.
func (c *Certificates) good(cert *x509.Certificate, names []string, addresses []net.IP) bool {
	if now := c.o.Now(); now.Before(cert.NotBefore) || now.Add(renewBefore).After(cert.NotAfter) {
		return false
	}
	have := cert.DNSNames
	if cert.IsCA {
		have = cert.PermittedDNSDomains
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return false
		}
	}
	for _, ip := range addresses {
		inRange := slices.ContainsFunc(cert.PermittedIPRanges, func(n *net.IPNet) bool { return n.Contains(ip) })
		if !inRange && !slices.ContainsFunc(cert.IPAddresses, ip.Equal) {
			return false
		}
	}
	return true
}

// makeAuthority makes an authority that can vouch for the hosts and for nothing else in the world, so that trusting it
// costs a client little.
func (c *Certificates) makeAuthority(names []string, addresses []net.IP) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	now := c.o.Now()
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Fovea on " + names[len(names)-1], Organization: []string{"Fovea"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: names,
	}
	for _, ip := range addresses {
		bits := 8 * len(ip)
		if v4 := ip.To4(); v4 != nil {
			ip, bits = v4, 32
		}
		template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), c.o.Rand)
	if err != nil {
		return nil, nil, err
	}
	cert, err := c.issue(template, template, key, key)
	if err != nil {
		return nil, nil, err
	}
	return cert, key, c.write(authorityFile, authorityKey, key, cert)
}

func (c *Certificates) makeLeaf(authority *x509.Certificate, by *ecdsa.PrivateKey, names []string, addresses []net.IP) error {
	now := c.o.Now()
	key, err := ecdsa.GenerateKey(elliptic.P256(), c.o.Rand)
	if err != nil {
		return err
	}
	cert, err := c.issue(&x509.Certificate{
		Subject:   pkix.Name{CommonName: names[len(names)-1], Organization: []string{"Fovea"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names, IPAddresses: addresses,
	}, authority, key, by)
	if err != nil {
		return err
	}
	return c.write(leafFile, leafKey, key, cert, authority)
}

// issue signs a certificate for the holder of key.
func (c *Certificates) issue(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(c.o.Rand, serial); err != nil {
		return nil, err
	}
	serial[0] &= 0x7f // positive, and at most 20 bytes (RFC 5280, 4.1.2.2)
	template.SerialNumber = new(big.Int).SetBytes(serial)
	der, err := x509.CreateCertificate(c.o.Rand, template, parent, &key.PublicKey, by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// write writes a key and its chain, the key first: a certificate without a key would be taken for a whole pair.
func (c *Certificates) write(certFile, keyFile string, key *ecdsa.PrivateKey, chain ...*x509.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(c.o.Dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, cert := range chain {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(c.o.Dir, certFile), out.Bytes(), 0o644)
}

// readPair reads what write wrote. A pair that does not match, as a crash between its two files leaves behind, is not
// there.
func readPair(certFile, keyFile string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	for _, file := range []string{certFile, keyFile} {
		if _, err := os.Stat(file); err != nil {
			return nil, nil, err
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, nil, errors.Join(os.ErrNotExist, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || pair.Leaf == nil {
		return nil, nil, os.ErrNotExist
	}
	return pair.Leaf, key, nil
}

// writeFile replaces a file at once and for good.
func writeFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
