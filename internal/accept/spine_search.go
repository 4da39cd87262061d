package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// findWithin is how soon after landing a picture is found.
const findWithin = 10 * time.Second

// onlyThoseWhoTreatFind: seconds after landing the photographer and the treating clinician find a picture. Another
// clinician, an educator and a student find, count and are told nothing of it.
func onlyThoseWhoTreatFind(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	p, err := h.patient(ctx, 5, "henri")
	if err != nil {
		return "", err
	}
	files, err := small(3, 5)
	if err != nil {
		return "", err
	}
	strangers := map[string]hits{}
	for _, login := range []string{"nora", "grace", "diego", "yuki"} {
		if strangers[login], err = h.as(login).search(ctx, everything()); err != nil && !isRefused(err) {
			return "", err
		}
	}
	word := "quokkatrial"
	began := time.Now()
	if _, err := h.drop(studioB, append([]file{ticketFor(p, map[string]any{"keywords": []string{word}, "caption": "A " + word})}, files...)); err != nil {
		return "", err
	}
	henri, lea := h.as("henri"), h.as("lea")
	q := url.Values{"q": {word}, "facets": {"keyword"}}
	for _, c := range []*client{lea, henri} {
		err := until(ctx, time.Minute, c.who.Login+" finds what landed", func(ctx context.Context) (bool, error) {
			found, err := c.search(ctx, q)
			return found.Total == len(files), err
		})
		if err != nil {
			return "", err
		}
	}
	took := time.Since(began)
	for login, before := range strangers {
		if err := h.blind(ctx, login, q, before); err != nil {
			return "", err
		}
	}
	figure := fmt.Sprintf("found after %.1f s by those who treat, by %d others never", took.Seconds(), len(strangers))
	if took > findWithin {
		return figure, errSlow
	}
	return figure, nil
}

// everything asks for all counts there are.
func everything() url.Values {
	return url.Values{"facets": {"keyword,view,site,specialty,studio,year"}, "limit": {"1"}}
}

func isRefused(err error) bool {
	r, ok := errors.AsType[*refused](err)
	return ok && r.answer.status == http.StatusForbidden
}

// blind reports an error unless the person finds and counts nothing of what q asks for, and as much in all as before.
func (h *hospital) blind(ctx context.Context, login string, q url.Values, before hits) error {
	c := h.as(login)
	found, err := c.search(ctx, q)
	if isRefused(err) { // a role that does not search at all
		return nil
	}
	if err != nil {
		return err
	}
	if found.Total != 0 || len(found.Items) != 0 {
		return fmt.Errorf("%s finds %d", login, found.Total)
	}
	for name, bins := range found.Facets {
		if len(bins) != 0 {
			return fmt.Errorf("%s is told the facet %s", login, name)
		}
	}
	after, err := c.search(ctx, everything())
	if err != nil {
		return err
	}
	if after.Total != before.Total {
		return fmt.Errorf("%s counts %d in all, %d before", login, after.Total, before.Total)
	}
	for name, bins := range after.Facets {
		if !slices.Equal(bins, before.Facets[name]) {
			return fmt.Errorf("%s sees the counts of %s change", login, name)
		}
	}
	return nil
}
