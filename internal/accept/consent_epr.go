package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// eprConfig serves the demo's DATA as a site does that delivers to its patient record.
const eprConfig = `zone: UTC
sandbox: warn
identifiers:
  - {system: hospital, label: hospital number, pattern: "[0-9]{7}[A-Z]"}
  - {system: ins, label: INS, check: ins}
studios:
  - {id: studio-a, name: Studio A, folder: %q, specialty: dermatology, rules: [id-shot, ticket], dispose: done}
  - {id: studio-b, name: Studio B, folder: %q, specialty: plastic-surgery, rules: [ticket], dispose: done}
timing: {quiet: 8s, poll: 2s}
epr: {folder: %q, sign: .mounted, poll: 250ms}
`

// record is the hospital's patient record: it collects from the folder and answers.
type record struct {
	dir       string
	delivered map[string]delivery // by ID
}

// delivery is an index row and what came with it.
type delivery struct {
	row      map[string]string
	pictures int
}

// sessionsReachTheRecord: a filed session, once it is classified, lies in the record's folder as a document, its pictures and a row that names
// them by sum, whose acknowledgement is in the register. A picture that was the wrong patient's is cancelled there, and
// delivered for the right one.
func sessionsReachTheRecord(ctx context.Context, tr *trial) (string, error) {
	h, r, err := tr.delivering(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 10, "henri")
	if err != nil {
		return "", err
	}
	right, err := h.patient(ctx, 11, "nora")
	if err != nil {
		return "", err
	}
	files, err := small(2, 10)
	if err != nil {
		return "", err
	}
	found, err := h.land(ctx, p, files)
	if err != nil {
		return "", err
	}
	if err := h.classify(ctx, ids(found)); err != nil { // before that nothing leaves
		return "", err
	}
	began := time.Now()
	first, err := r.awaits(ctx, "a session is delivered", func(d delivery) bool {
		return d.row["action"] == "new" && d.row["id:hospital"] == p.Number && d.pictures == len(files)
	})
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	if err := h.registered(ctx, first); err != nil {
		return "", err
	}
	if _, err := h.must(ctx, "--as", "lea", "asset", "refile", found[0].ID, "--to", right.System+":"+right.Number, "--reason", "wrong patient"); err != nil {
		return "", err
	}
	if _, err := r.awaits(ctx, "the wrong delivery is cancelled", func(d delivery) bool {
		return d.row["action"] == "cancel" && d.row["corrects"] == first && d.row["id:hospital"] == p.Number
	}); err != nil {
		return "", err
	}
	if err := h.classify(ctx, ids(found[:1])); err != nil { // anew, under the right patient
		return "", err
	}
	if _, err := r.awaits(ctx, "it is delivered for the right patient", func(d delivery) bool {
		return d.row["action"] == "new" && d.row["id:hospital"] == right.Number && d.pictures == 1
	}); err != nil {
		return "", err
	}
	left, err := r.awaits(ctx, "what is still right is delivered again", func(d delivery) bool {
		return d.row["action"] == "new" && d.row["id:hospital"] == p.Number && d.pictures == 1
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("document, pictures and row %.1f s after classifying, acknowledged in the register; refiled: cancelled, delivered for the right patient, the rest anew", took.Seconds()), h.registered(ctx, left)
}

// delivering starts the program on the demo's DATA with a folder for the patient record.
func (tr *trial) delivering(ctx context.Context) (*hospital, *record, error) {
	h, err := tr.copied(ctx, func(string) error { return nil })
	if err != nil {
		return nil, nil, err
	}
	r := &record{dir: filepath.Join(h.dir, "record"), delivered: map[string]delivery{}}
	studios := filepath.Join(h.dir, "var-demo", "studios")
	h.config = filepath.Join(h.dir, "fovea.yaml")
	config := fmt.Sprintf(eprConfig, filepath.Join(studios, studioA), filepath.Join(studios, studioB), r.dir)
	if err := errors.Join(os.Mkdir(r.dir, 0o700), os.WriteFile(filepath.Join(r.dir, ".mounted"), nil, 0o600), os.WriteFile(h.config, []byte(config), 0o600)); err != nil {
		return nil, nil, err
	}
	return h, r, h.start(ctx)
}

// collect takes every complete delivery and acknowledges it, as the record's interface does: the row goes first.
func (r *record) collect() error {
	rows, err := filepath.Glob(filepath.Join(r.dir, "[0-9A-Z]*.csv"))
	for _, path := range rows {
		id := strings.TrimSuffix(filepath.Base(path), ".csv")
		d, takeErr := r.take(path)
		if takeErr != nil {
			return fmt.Errorf("delivery %s: %w", id, takeErr)
		}
		r.delivered[id] = d
		answer := filepath.Join(r.dir, id+".ack")
		if err := errors.Join(os.Remove(path), os.WriteFile(answer+".part", []byte("taken as 4711\n"), 0o600), os.Rename(answer+".part", answer)); err != nil {
			return err
		}
	}
	return err
}

// take reads a row and everything that it names.
func (r *record) take(path string) (d delivery, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return d, err
	}
	table, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(table) != 2 {
		return d, fmt.Errorf("an index of %d rows: %w", len(table), err)
	}
	d.row = map[string]string{}
	for i, name := range table[0] {
		d.row[name] = table[1][i]
	}
	if d.row["action"] != "new" {
		return d, nil
	}
	pdf, err := os.ReadFile(filepath.Join(r.dir, d.row["document"]))
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return d, fmt.Errorf("the row's document: %w", err)
	}
	sums := strings.Fields(d.row["sha256"])
	for i, name := range strings.Fields(d.row["pictures"]) {
		b, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			return d, err
		}
		sum := sha256.Sum256(b)
		if i >= len(sums) || hex.EncodeToString(sum[:]) != sums[i] {
			return d, fmt.Errorf("picture %d is not what the row says", i+1)
		}
		d.pictures++
	}
	return d, nil
}

// awaits collects until a delivery is as wanted, and returns its ID.
func (r *record) awaits(ctx context.Context, what string, wanted func(delivery) bool) (id string, err error) {
	err = until(ctx, 90*time.Second, what, func(context.Context) (bool, error) {
		err := r.collect()
		for one, d := range r.delivered {
			if wanted(d) {
				id = one
				return true, err
			}
		}
		return false, err
	})
	if err != nil {
		rows := []string{}
		for _, d := range r.delivered {
			rows = append(rows, fmt.Sprintf("%s of %d for %q", d.row["action"], d.pictures, d.row["id:hospital"]))
		}
		err = fmt.Errorf("%w; collected: %s", err, strings.Join(rows, ", "))
	}
	return id, err
}

// registered waits until the register has the acknowledgement of a delivery.
func (h *hospital) registered(ctx context.Context, id string) error {
	return until(ctx, 30*time.Second, "the register has the acknowledgement", func(ctx context.Context) (bool, error) {
		var one struct {
			Delivered time.Time `json:"delivered"`
			Receipt   string    `json:"receipt"`
		}
		err := h.as("olu").call(ctx, http.MethodGet, "/api/v1/releases/"+id, nil, &one)
		return !one.Delivered.IsZero() && strings.Contains(one.Receipt, "4711"), err
	})
}
