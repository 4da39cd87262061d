package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// partedIsFrozen: two records that are merged are seen by those who treat either; parted again, what came in meanwhile is
// on no drive and with the named team alone until governance, who is told who saw what, lets it go.
func partedIsFrozen(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	t, err := h.taught(ctx, 6, 1, "Acceptance merge")
	if err != nil {
		return "", err
	}
	other, err := h.patient(ctx, 7, "nora")
	if err != nil {
		return "", err
	}
	id, nora, olu := t.found[0].ID, h.as("nora"), h.as("olu")
	if _, err := h.thumbnail(ctx, id); err != nil {
		return "", err
	}
	thumb := "/img/" + id + "/thumb-256"
	if err := nora.sameAsNever(ctx, thumb, id); err != nil {
		return "", err
	}
	reason := map[string]string{"into": other.ID, "reason": "registered twice"}
	if _, err := olu.act(ctx, "/api/v1/patients/"+t.patient.ID+"/merge", reason); err != nil {
		return "", err
	}
	if a, err := nora.ask(ctx, http.MethodGet, thumb); err != nil || a.status != http.StatusOK {
		return "", fmt.Errorf("who treats the one record does not see the other's picture once they are merged: %s: %w", a, err)
	}
	// What is said of the record from here on may be the other patient's word.
	if _, err := h.allow(ctx, t.patient.ID, ids(t.found)); err != nil {
		return "", err
	}
	if _, err := olu.act(ctx, "/api/v1/patients/"+t.patient.ID+"/unmerge", map[string]string{"reason": "two people after all"}); err != nil {
		return "", err
	}
	if err := t.absent(ctx, h); err != nil {
		return "", fmt.Errorf("parted: %w", err)
	}
	if err := nora.sameAsNever(ctx, thumb, id); err != nil {
		return "", fmt.Errorf("parted: %w", err)
	}
	if err := h.namedAlone(ctx, t.patient, id); err != nil {
		return "", err
	}
	traced, err := h.thaw(ctx, t)
	if err != nil {
		return "", err
	}
	files, err := h.as("yuki").listed(ctx, t.name, len(t.entries))
	if err == nil && etags(files) != etags(t.entries) {
		err = errors.New("let go again it has another path or ETag")
	}
	return fmt.Sprintf("merged: seen by both teams; parted: frozen for all but a team that governance names, %d lines say who saw it meanwhile; let go: back under the same path and ETag", traced), err
}

// namedAlone reports an error unless the treating clinician sees a frozen picture once governance names them, and not before.
func (h *hospital) namedAlone(ctx context.Context, p demoPatient, asset string) error {
	olu, henri, thumb := h.as("olu"), h.as("henri"), "/img/"+asset+"/thumb-256"
	if err := henri.sameAsNever(ctx, thumb, asset); err != nil {
		return fmt.Errorf("frozen, and nobody named: %w", err)
	}
	var page struct {
		Patient map[string]any `json:"patient"`
	}
	if err := olu.call(ctx, http.MethodGet, "/api/v1/patients/"+p.ID, nil, &page); err != nil {
		return err
	}
	rev, _ := page.Patient["rev"].(float64)
	delete(page.Patient, "id")
	delete(page.Patient, "rev")
	page.Patient["namedTeam"] = []string{henri.who.ID}
	b, err := json.Marshal(page.Patient)
	if err != nil {
		return err
	}
	r, err := olu.request(ctx, http.MethodPut, "/api/v1/patients/"+p.ID, bytes.NewReader(b), "Content-Type", "application/json", "If-Match", fmt.Sprintf(`"%.0f"`, rev))
	if err != nil {
		return err
	}
	a, err := olu.send(r)
	if err != nil || a.status != http.StatusOK {
		return fmt.Errorf("name a team: %s: %w", a, err)
	}
	if a, err = henri.ask(ctx, http.MethodGet, thumb); err != nil || a.status != http.StatusOK {
		return fmt.Errorf("the named team does not see a frozen picture: %s: %w", a, err)
	}
	return nil
}

// thaw reads who saw the picture while the records were one, and lifts the freeze.
func (h *hospital) thaw(ctx context.Context, t taught) (traced int, err error) {
	olu := h.as("olu")
	var page struct {
		Holds []struct {
			ID   string `json:"id"`
			Kind string `json:"kind"`
		} `json:"holds"`
	}
	if err := olu.call(ctx, http.MethodGet, "/api/v1/patients/"+t.patient.ID, nil, &page); err != nil {
		return 0, err
	}
	for _, hold := range page.Holds {
		if hold.Kind != "unmerge" {
			continue
		}
		var saw listOf[struct {
			Person string   `json:"person"`
			Assets []string `json:"assets"`
		}]
		err := until(ctx, 20*time.Second, "the trace names who saw it", func(ctx context.Context) (bool, error) {
			err := olu.call(ctx, http.MethodGet, "/api/v1/holds/"+hold.ID+"/trace", nil, &saw)
			for _, one := range saw.Items {
				if one.Person == h.as("nora").who.ID {
					return true, err
				}
			}
			return false, err
		})
		if err != nil {
			return 0, err
		}
		traced += len(saw.Items)
		if _, err := olu.act(ctx, "/api/v1/holds/"+hold.ID+"/lift", map[string]string{"reason": "it is hers"}); err != nil {
			return 0, err
		}
	}
	if traced == 0 {
		return 0, fmt.Errorf("nothing was frozen: %+v", page.Holds)
	}
	return traced, nil
}
