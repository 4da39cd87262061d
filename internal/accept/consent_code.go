package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// patientsOwnCode: with the code on their copy a patient sees what it would take back, and takes it back, without an
// account. Looking changes nothing; a code that was used, revoked or never issued is answered in the same words.
func patientsOwnCode(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	t, err := h.taught(ctx, 1, 1, "Acceptance code")
	if err != nil {
		return "", err
	}
	if err := t.read(ctx, h); err != nil {
		return "", err
	}
	used, revoked, err := h.codes(ctx, t)
	if err != nil {
		return "", err
	}
	p := h.nobody()
	defer p.close()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
		a, err := p.ask(ctx, method, "/withdraw/"+used)
		if err != nil || a.status != http.StatusOK {
			return "", fmt.Errorf("%s of a code: %s: %w", method, a, err)
		}
		if said := string(a.body); strings.Contains(said, t.patient.Family) || strings.Contains(said, t.patient.Number) || strings.Contains(said, "<img") {
			return "", errors.New("the code's page names the patient or shows a picture")
		}
	}
	if err := t.read(ctx, h); err != nil {
		return "", fmt.Errorf("looking at a code changed something: %w", err)
	}
	a, err := p.post(ctx, "/withdraw/"+used, url.Values{})
	if err != nil || a.status != http.StatusOK {
		return "", fmt.Errorf("withdrawing by code: %s: %w", a, err)
	}
	if err := t.absent(ctx, h); err != nil {
		return "", err
	}
	if err := p.alike(ctx, http.MethodGet, used, revoked); err != nil {
		return "", err
	}
	if err := p.alike(ctx, http.MethodPost, revoked); err != nil {
		return "", err
	}
	again, err := p.post(ctx, "/withdraw/"+used, url.Values{})
	if err != nil || again.status != http.StatusOK {
		return "", fmt.Errorf("pressing twice: %s: %w", again, err)
	}
	if err := h.byCode(ctx, t); err != nil {
		return "", err
	}
	return "shown by GET, which changed nothing; gone by POST; a code used, revoked and never issued are answered alike, a second press like the first; on record as the patient's own", nil
}

// codes issues two, one of which is revoked.
func (h *hospital) codes(ctx context.Context, t taught) (used, revoked string, err error) {
	lea, at := h.as("lea"), "/api/v1/patients/"+t.patient.ID+"/codes"
	issue := func() string {
		var issued struct {
			Secret string `json:"secret"`
		}
		err = errors.Join(err, lea.call(ctx, http.MethodPost, at, map[string]any{"grants": []string{t.grant}}, &issued))
		return issued.Secret
	}
	type listed struct {
		ID string `json:"id"`
	}
	list := func() (all listOf[listed]) {
		err = errors.Join(err, lea.call(ctx, http.MethodGet, at, nil, &all))
		return all
	}
	revoked = issue()
	first := list()
	if err != nil || len(first.Items) != 1 {
		return "", "", errors.Join(err, fmt.Errorf("%d codes are listed after one was issued", len(first.Items)))
	}
	used = issue()
	if _, revokeErr := lea.act(ctx, "/api/v1/codes/"+first.Items[0].ID+"/revoke", nil); revokeErr != nil {
		return "", "", revokeErr
	}
	if err == nil && (len(used) < 26 || used == revoked) {
		err = fmt.Errorf("a code of %d characters", len(used))
	}
	return used, revoked, err
}

// nobody is a client without an account.
func (h *hospital) nobody() *client {
	c := h.alone("yuki")
	c.who = demoPerson{Login: ""}
	return c
}

// post sends a form as a browser does that comes from nowhere else.
func (c *client) post(ctx context.Context, path string, form url.Values) (answer, error) {
	r, err := c.request(ctx, http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	if err != nil {
		return answer{}, err
	}
	return c.send(r)
}

// alike reports an error unless codes that are no good are answered in the same words as one that never was.
func (c *client) alike(ctx context.Context, method string, codes ...string) error {
	ask := func(code string) (answer, error) {
		if method == http.MethodPost {
			return c.post(ctx, "/withdraw/"+code, url.Values{})
		}
		return c.ask(ctx, method, "/withdraw/"+code)
	}
	want, err := ask("0000-0000-0000-0000-0000-0000-0000-0000")
	if err != nil {
		return err
	}
	if want.status != http.StatusNotFound {
		return fmt.Errorf("%s of a code that never was: %s", method, want)
	}
	for _, code := range codes {
		got, err := ask(code)
		if err != nil {
			return err
		}
		if !got.same(want) {
			return fmt.Errorf("%s of a code that is no good any more can be told from one that never was: %s, not %s", method, got, want)
		}
	}
	return nil
}

// byCode reports an error unless the record says that the patient did it.
func (h *hospital) byCode(ctx context.Context, t taught) error {
	var all listOf[struct {
		Cause  string `json:"cause"`
		ByCode bool   `json:"byCode"`
	}]
	if err := h.as("olu").call(ctx, http.MethodGet, "/api/v1/patients/"+t.patient.ID+"/recalls", nil, &all); err != nil {
		return err
	}
	for _, r := range all.Items {
		if r.ByCode && r.Cause == "withdrawal" {
			return nil
		}
	}
	return fmt.Errorf("no recall says that it was by code: %+v", all.Items)
}
