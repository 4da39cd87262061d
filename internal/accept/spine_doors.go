package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// refusedIsAbsent: an unclassified picture, one without consent, one whose patient refused, and one on hold for
// release are absent on every teaching door, in the same words as what never existed. The treating clinician still
// sees each of them.
func refusedIsAbsent(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	shown, hidden, err := h.oneOfEach(ctx)
	if err != nil {
		return "", err
	}
	set, err := h.publish(ctx, "Acceptance doors", append(hidden, shown))
	if err != nil {
		return "", err
	}
	yuki := h.as("yuki")
	// All are on the drive of nobody but the one that may be; the one on hold is, until the hold.
	if _, err := yuki.listed(ctx, "Acceptance doors", 2); err != nil {
		return "", err
	}
	held := hidden[len(hidden)-1]
	if _, err := h.as("olu").act(ctx, "/api/v1/holds", map[string]any{"kind": "legal", "assets": []string{held}, "reason": "a claim"}); err != nil {
		return "", err
	}
	files, err := yuki.listed(ctx, "Acceptance doors", 1)
	if err != nil {
		return "", err
	}
	items, err := h.items(ctx, set)
	if err != nil {
		return "", err
	}
	asked := 0
	for _, asset := range hidden {
		path := folder("Acceptance doors") + url.PathEscape(items[asset].file())
		if err := yuki.absent(ctx, path, `"x"`); err != nil {
			return "", fmt.Errorf("%s: %w", items[asset].Reason, err)
		}
		if err := h.absentElsewhere(ctx, asset); err != nil {
			return "", fmt.Errorf("%s: %w", items[asset].Reason, err)
		}
		err := until(ctx, 30*time.Second, "who treats sees it", func(ctx context.Context) (bool, error) {
			err := h.treated(ctx, asset) // once there is a thumbnail
			return err == nil, err
		})
		if err != nil {
			return "", err
		}
		asked++
	}
	if items[shown].Number == 0 || files[items[shown].file()].etag == "" {
		return "", errors.New("the name on the drive is not made of number and label as documented")
	}
	return fmt.Sprintf("%d kinds of refused pictures absent on drive, images and search, all seen by who treats", asked), nil
}

// oneOfEach returns a picture that the student may see and several that not; the last is to be put on hold.
func (h *hospital) oneOfEach(ctx context.Context) (shown string, hidden []string, err error) {
	find := func(c *client, key string, n int) string {
		found, findErr := c.pictures(ctx, h.known(key).ID)
		if findErr != nil || len(found) <= n {
			err = errors.Join(err, fmt.Errorf("%s sees %d pictures of %s: %w", c.who.Login, len(found), key, findErr))
			return ""
		}
		return found[n].ID
	}
	nora, henri := h.as("nora"), h.as("henri")
	p, patientErr := h.patient(ctx, 6, "henri")
	if patientErr != nil {
		return "", nil, patientErr
	}
	files, filesErr := small(1, 6)
	if filesErr != nil {
		return "", nil, filesErr
	}
	unclassified, landErr := h.land(ctx, p, files)
	if landErr != nil {
		return "", nil, landErr
	}
	if _, allowErr := h.allow(ctx, p.ID, ids(unclassified)); allowErr != nil {
		return "", nil, allowErr
	}
	return find(henri, "moreau", 0), []string{
		unclassified[0].ID,
		find(henri, "castano", 0), // asked, has not answered
		find(nora, "benoit-2", 0), // nobody asked
		find(nora, "okafor", 0),   // refused
		find(henri, "moreau", 1),  // to be held
	}, err
}

// absentElsewhere: for the student and the educators the picture is not in images, catalogue or search either.
func (h *hospital) absentElsewhere(ctx context.Context, asset string) error {
	nowhere := asset[:len(asset)-4] + "0000"
	for _, login := range []string{"yuki", "grace", "diego"} {
		c := h.as(login)
		for _, path := range []string{"/img/%s/thumb-256", "/img/%s/teaching-2048", "/img/%s/original", "/api/v1/assets/%s"} {
			got, gotErr := c.ask(ctx, http.MethodGet, fmt.Sprintf(path, asset))
			want, wantErr := c.ask(ctx, http.MethodGet, fmt.Sprintf(path, nowhere))
			if err := errors.Join(gotErr, wantErr); err != nil {
				return err
			}
			if got.status == http.StatusOK || !got.same(want) {
				return fmt.Errorf("%s asks for %s: %s, not %s", login, path, got, want)
			}
		}
		found, err := c.search(ctx, url.Values{"limit": {"500"}})
		if err != nil && !isRefused(err) {
			return err
		}
		for _, p := range found.Items {
			if p.ID == asset {
				return fmt.Errorf("%s finds it", login)
			}
		}
	}
	return nil
}

// treated: one of the clinicians, who treats the patient, sees the picture.
func (h *hospital) treated(ctx context.Context, asset string) error {
	var said []string
	for _, login := range []string{"henri", "nora"} {
		a, err := h.as(login).ask(ctx, http.MethodGet, "/img/"+asset+"/thumb-256")
		if err != nil {
			return err
		}
		if a.status == http.StatusOK {
			return nil
		}
		said = append(said, a.String())
	}
	return errors.New("no treating clinician sees it: " + strings.Join(said, "; "))
}
