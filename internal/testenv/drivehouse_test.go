package testenv_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server"
	"fovea/server/api"
	"fovea/server/webdav"
	"fovea/server/wire"
)

// drivehouse is a House whose doors a real server serves.
type drivehouse struct {
	*testenv.House
	tb      testing.TB
	base    string
	roots   *x509.CertPool
	secrets map[string]wire.AppPassword
}

// serveHouse puts a house behind TLS.
func serveHouse(tb testing.TB, h *testenv.House, limits server.Limits) *drivehouse {
	tb.Helper()
	certs, err := server.LoadCertificates(server.CertificateOptions{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(certs.AuthorityFile())
	if err != nil {
		tb.Fatal(err)
	}
	d := &drivehouse{House: h, tb: tb, roots: x509.NewCertPool(), secrets: map[string]wire.AppPassword{}}
	d.roots.AppendCertsFromPEM(text)
	drive := webdav.New(webdav.Options{Gate: h.Gate, Auth: h.Login})
	open := make(chan string, 1)
	s, err := server.New(server.Options{
		Listen: "127.0.0.1:0", Certificates: certs, Drive: drive, Limits: limits,
		API:       api.New(api.Options{Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login}),
		Listening: func(a net.Addr) { open <- a.String() },
	})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	select {
	case at := <-open:
		d.base = "https://" + at
	case err := <-ended:
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("server: %v", err)
		}
	})
	return d
}

// client is a connection of its own, over which somebody asks with a password of their own.
type client struct {
	*http.Client
	house  *drivehouse
	secret wire.AppPassword
}

func (d *drivehouse) client(login, device string, h2 bool) *client {
	d.tb.Helper()
	secret, ok := d.secrets[device]
	if !ok {
		var err error
		if secret, err = d.Login.IssueAppPassword(d.tb.Context(), clinicaltest.ID[clinical.Person](login), device, nil, 0); err != nil {
			d.tb.Fatal(err)
		}
		d.secrets[device] = secret
	}
	var protocols http.Protocols
	protocols.SetHTTP1(!h2)
	protocols.SetHTTP2(h2)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: d.roots}, Protocols: &protocols, MaxConnsPerHost: 1, DisableCompression: true,
	}
	d.tb.Cleanup(transport.CloseIdleConnections)
	return &client{Client: &http.Client{Transport: transport}, house: d, secret: secret}
}

// answer is a whole answer, or as much of it as came.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    error // it broke off
}

func (c *client) ask(ctx context.Context, method, at, body string, headers ...string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.house.base+at, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.SetBasicAuth(c.secret.Login, c.secret.Secret)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.Do(r)
	if err != nil {
		return answer{cut: err}, ctx.Err()
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	a.body, a.cut = io.ReadAll(response.Body)
	return a, ctx.Err()
}

// exhibit is a picture of a patient of its own, who allows it, in a set, and what the set shows of it.
type exhibit struct {
	set, name string
	number    int
	slide     []byte
}

func keepSlide(tb testing.TB, h *testenv.House, e exhibit) {
	tb.Helper()
	name := e.name
	patient, sitting := clinicaltest.ID[clinical.Patient](name), clinicaltest.ID[clinical.Session](name)
	pic := clinicaltest.Picture(name, "adult")
	pic.Patient, pic.Session, pic.Job, pic.Encounter, pic.Original = patient, sitting, clinical.JobID{}, clinical.EncounterID{}, clinical.Blob{}
	h.Commit(clinical.Delta{
		Patients: []clinical.Patient{{ID: patient, Family: name, Born: clinical.Date{Year: 1950, Month: 1, Day: 1}}},
		Sessions: []clinical.Session{{ID: sitting, Patient: patient, Studio: clinicaltest.StudioA}},
		Assets:   []clinical.Asset{pic}, Items: []clinical.SetItem{clinicaltest.Item(e.set, name, e.number)},
		Grants: []clinical.Grant{allowing(patient, sitting, name)},
	})
	made := clinicaltest.Slide(name)
	made.Patient, made.Source = patient, clinical.BlobID{}
	owner := clinical.Owner{Patient: patient, Asset: pic.ID, Studio: clinicaltest.StudioA}
	_, err := h.Vault.Put(tb.Context(), owner, bytes.NewReader(e.slide), func(b clinical.Blob) (clinical.Change, error) {
		b.MIME = "image/jpeg"
		made.Blob = b
		return clinical.Change{Event: kept(), Delta: clinical.Delta{Renditions: []clinical.Rendition{made}}}, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// allowing is a patient's consent to teaching with the pictures of one sitting.
func allowing(patient clinical.PatientID, sitting clinical.SessionID, name string) clinical.Grant {
	g := clinicaltest.Teaching("consent "+name, "adult")
	g.Patient, g.Covers = patient, clinical.Cover{Session: sitting}
	return g
}
