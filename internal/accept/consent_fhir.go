package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// consentsTravel: what a patient allowed and refused is written as FHIR R4 and read into another Fovea that never heard
// of it. There every question about every picture is answered as it was.
func consentsTravel(ctx context.Context, tr *trial) (string, error) {
	from, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := from.patient(ctx, 9, "henri")
	if err != nil {
		return "", err
	}
	files, err := small(4, 9)
	if err != nil {
		return "", err
	}
	found, err := from.land(ctx, p, files)
	if err != nil {
		return "", err
	}
	if err := from.classify(ctx, ids(found)); err != nil {
		return "", err
	}
	if err := from.stop(); err != nil {
		return "", err
	}
	to, err := tr.copyOf(ctx, from, func(string) error { return nil })
	if err != nil {
		return "", err
	}
	if err := errors.Join(from.start(ctx), to.start(ctx)); err != nil {
		return "", err
	}
	nothing, err := to.answers(ctx, found)
	if err != nil {
		return "", err
	}
	recorded, err := from.various(ctx, p, found)
	if err != nil {
		return "", err
	}
	want, err := from.answers(ctx, found)
	if err != nil {
		return "", err
	}
	bundle := filepath.Join(from.dir, "consents.json")
	if _, err := from.must(ctx, "--as", "henri", "consent", "export", p.System+":"+p.Number, bundle); err != nil {
		return "", err
	}
	out, err := to.must(ctx, "--as", "olu", "--json", "consent", "import", p.System+":"+p.Number, bundle)
	if err != nil {
		return "", err
	}
	got, err := to.answers(ctx, found)
	if err != nil {
		return "", err
	}
	return alike(recorded, nothing, want, got, out)
}

// alike compares the answers before and after the journey. A consent that is over stays with who exported it: there it was
// withdrawn, here there is none, and both refuse.
func alike(recorded int, nothing, want, got map[string]string, said string) (string, error) {
	changed, apart := 0, []string{}
	for q, a := range want {
		if nothing[q] != a {
			changed++
		}
		if strings.ReplaceAll(a, "withdrawn", "no-consent") != got[q] {
			apart = append(apart, fmt.Sprintf("%s: %q before the journey, %q after", q, a, got[q]))
		}
	}
	figure := fmt.Sprintf("%d consents; %d of %d answers of the rules are the same after the journey, %d of them were others without consents", recorded, len(want)-len(apart), len(want), changed)
	switch {
	case changed == 0:
		return figure, errors.New("the consents change no answer")
	case len(apart) > 0:
		slices.Sort(apart)
		return figure, fmt.Errorf("decisions were lost, such as %s; the import says: %s", strings.Join(apart[:min(3, len(apart))], "; "), strings.Join(strings.Fields(said), " "))
	}
	return figure, nil
}

// various records consents of several kinds and returns how many.
func (h *hospital) various(ctx context.Context, p demoPatient, found []picture) (recorded int, err error) {
	lea, at := h.as("lea"), "/api/v1/patients/"+p.ID+"/consents"
	in := func(asset int, more map[string]any) map[string]any {
		g := map[string]any{
			"status": "given", "mode": "written", "covers": map[string]any{"assets": []string{found[asset].ID}}, "purposes": []string{"P2"},
			"audience": "A3", "identifiability": "I1", "channels": "view,mount", "capacity": "adult", "language": "fr",
			"formVersion": "MP-2 (2026)", "takenBeforePhoto": true, "copyGiven": true, "expires": time.Now().AddDate(1, 0, 0).Format(time.DateOnly),
		}
		for k, v := range more {
			g[k] = v
		}
		return g
	}
	withdrawn := ""
	for i, g := range []map[string]any{
		in(0, nil),
		in(1, map[string]any{"audience": "A2", "channels": "view", "interpreter": "Zoë Ångström"}),
		in(3, map[string]any{"purposes": []string{"P4"}, "namedUse": "EADV 2099", "audience": "A5", "channels": "view,download", "imagesShown": true}),
		in(3, map[string]any{"purposes": []string{"P2"}, "audience": "A4", "imagesShown": true}),
		in(2, map[string]any{"status": "refused"}),
		in(0, map[string]any{"purposes": []string{"P3"}, "study": "NCT00000000", "ethics": "24/LO/0001", "channels": "view,download"}),
	} {
		ids, err := lea.act(ctx, at, g)
		if err != nil || len(ids) == 0 {
			return i, fmt.Errorf("record consent %d: %w", i, err)
		}
		withdrawn = ids[len(ids)-1]
		recorded++
	}
	return recorded, h.as("henri").withdraw(ctx, p.ID, withdrawn)
}

// explained is what the rules say of one question.
type explained struct {
	Permit bool   `json:"permit"`
	Reason string `json:"reason"`
	Rule   string `json:"rule"`
	Rules  []struct {
		Rule   string `json:"rule"`
		Reason string `json:"reason"`
	} `json:"rules"`
}

// answers are what the rules say of every picture, for each use, as governance asks.
func (h *hospital) answers(ctx context.Context, found []picture) (map[string]string, error) {
	out := map[string]string{}
	olu := h.as("olu")
	for _, a := range found {
		for _, login := range []string{"henri", "yuki", "lea"} {
			for _, purpose := range []string{"P0", "P1", "P2", "P3", "P4"} {
				for _, use := range []string{"A2 view", "A3 view", "A3 mount", "A4 view", "A5 download"} {
					audience, channel, _ := strings.Cut(use, " ")
					q := url.Values{"person": {h.as(login).who.ID}, "asset": {a.ID}, "purpose": {purpose}, "audience": {audience}, "channel": {channel}}
					var x explained
					if err := olu.call(ctx, http.MethodGet, "/api/v1/explain?"+q.Encode(), nil, &x); err != nil {
						return nil, err
					}
					asked := a.ID + " " + login + " " + purpose + " " + use
					out[asked] = fmt.Sprintf("%t by %s %s", x.Permit, x.Rule, x.Reason)
					for _, r := range x.Rules { // need to know may decide; what each says holds the word about consent
						out[asked+" "+r.Rule] = r.Reason
					}
				}
			}
		}
	}
	return out, nil
}
