package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// glassIsBroken: a clinician without a need to know is refused as if there were nothing, sees the pictures for care with
// a ticket and a password, on no drive and in no search, and until governance says that it was misuse. Nobody skips or
// judges for themselves.
func glassIsBroken(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	t, err := h.taught(ctx, 2, 1, "Acceptance glass")
	if err != nil {
		return "", err
	}
	id, nora := t.found[0].ID, h.as("nora")
	if _, err := h.thumbnail(ctx, id); err != nil {
		return "", err
	}
	shut := func(when string) error {
		for _, path := range []string{"/img/" + id + "/thumb-256", "/img/" + id + "/teaching-2048", "/img/" + id + "/original", "/api/v1/assets/" + id, "/pictures/" + id} {
			if err := nora.sameAsNever(ctx, path, id); err != nil {
				return fmt.Errorf("%s: %w", when, err)
			}
		}
		return nil
	}
	if err := shut("before"); err != nil {
		return "", err
	}
	ticket, err := h.breakGlass(ctx, "nora", t.patient.ID)
	if err != nil {
		return "", err
	}
	for _, path := range []string{"/img/" + id + "/thumb-256", "/img/" + id + "/teaching-2048", "/api/v1/patients/" + t.patient.ID, "/patients/" + t.patient.ID} {
		if a, err := nora.ask(ctx, http.MethodGet, path); err != nil || a.status != http.StatusOK {
			return "", fmt.Errorf("with a ticket %s is answered: %s: %w", path, a, err)
		}
	}
	if err := h.nowhereElse(ctx, t); err != nil {
		return "", err
	}
	if err := h.judged(ctx, ticket); err != nil {
		return "", err
	}
	if err := shut("after the verdict"); err != nil {
		return "", err
	}
	return "refused as absent; open for care with ticket and password; on no drive, in no search, no download; review is not skipped, nor by the one who broke it; misuse ends it at once", nil
}

// breakGlass gets a ticket; without the person's own password there is none.
func (h *hospital) breakGlass(ctx context.Context, login, patient string) (ticket string, err error) {
	c := h.as(login)
	in := map[string]string{"patient": patient, "why": "emergency", "words": "in the resuscitation room", "password": "nobody's word at all"}
	_, err = c.act(ctx, "/api/v1/break-glass", in)
	if err := refusedWith(err, http.StatusForbidden, "a ticket without the password"); err != nil {
		return "", err
	}
	in["password"] = c.who.Password
	ids, err := c.act(ctx, "/api/v1/break-glass", in)
	if err != nil || len(ids) == 0 {
		return "", fmt.Errorf("break the glass: %d IDs: %w", len(ids), err)
	}
	// A student has no patients: there is nothing to break.
	in["password"] = h.as("yuki").who.Password
	if _, err := h.as("yuki").act(ctx, "/api/v1/break-glass", in); err == nil {
		return "", errors.New("a student got a ticket")
	}
	return ids[0], nil
}

// nowhereElse reports an error if a ticket opens more than care on a screen.
func (h *hospital) nowhereElse(ctx context.Context, t taught) error {
	nora := h.as("nora")
	found, err := nora.search(ctx, url.Values{"patient": {t.patient.ID}, "facets": {"studio"}})
	if err != nil {
		return err
	}
	if found.Total != 0 || len(found.Facets["studio"]) != 0 {
		return errors.New("a ticket opens search")
	}
	if _, err := nora.list(ctx, folder(t.name)); !errors.Is(err, errGone) {
		return fmt.Errorf("a ticket opens a drive: %w", err)
	}
	for _, e := range t.entries {
		if err := nora.absent(ctx, e.path, e.etag); err != nil {
			return err
		}
	}
	id := t.found[0].ID
	for _, path := range []string{"/img/" + id + "/original?download=1", "/img/" + id + "/teaching-2048?download=1", "/img/" + id + "/original?channel=download"} {
		a, err := nora.ask(ctx, http.MethodGet, path)
		if err == nil && a.status == http.StatusOK && a.header.Get("Content-Disposition") != "" {
			err = fmt.Errorf("a ticket opens a download: %s", a)
		}
		if err != nil {
			return err
		}
	}
	_, err = nora.act(ctx, "/api/v1/releases", map[string]any{"kind": "print", "authority": "none", "recipient": "herself", "assets": []string{id}})
	if err == nil {
		return errors.New("a ticket opens a release")
	}
	return nil
}

// judged is the review, by governance and nobody else, and not by pressing it away.
func (h *hospital) judged(ctx context.Context, ticket string) error {
	olu := h.as("olu")
	about := func(t task) bool { return t.BreakGlass == ticket }
	if _, err := olu.asked(ctx, "break-glass-notice", about); err != nil {
		return err
	}
	review, err := olu.asked(ctx, "break-glass-review", about)
	if err != nil {
		return err
	}
	if err := olu.finish(ctx, review.ID, "done"); err == nil {
		return errors.New("a review was pressed away")
	}
	verdict := map[string]string{"verdict": "misuse", "words": "no such patient was in the department"}
	if _, err := h.as("nora").act(ctx, "/api/v1/break-glass/"+ticket+"/review", verdict); err == nil {
		return errors.New("who broke the glass judged it")
	}
	_, err = olu.act(ctx, "/api/v1/break-glass/"+ticket+"/review", verdict)
	return err
}

// sameAsNever reports an error unless path, which names id, is answered as if id had never been.
func (c *client) sameAsNever(ctx context.Context, path, id string) error {
	return c.sameAsOther(ctx, path, id, neverID(id))
}
