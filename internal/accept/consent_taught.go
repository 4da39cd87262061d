package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// taught is a patient whose pictures a student has on the drive.
type taught struct {
	patient demoPatient
	found   []picture
	grant   string
	set     string // its ID
	name    string // of the set
	entries map[string]entry
	paths   map[string]entry // by asset
}

// taught lands n pictures of the nth patient, whom henri treats, and takes them as far as yuki's drive.
func (h *hospital) taught(ctx context.Context, nth, n int, name string) (t taught, err error) {
	t.name = name
	if t.patient, err = h.patient(ctx, nth, "henri"); err != nil {
		return t, err
	}
	files, err := small(n, nth)
	if err != nil {
		return t, err
	}
	if t.found, err = h.land(ctx, t.patient, files); err != nil {
		return t, err
	}
	if err := h.classify(ctx, ids(t.found)); err != nil {
		return t, err
	}
	if t.grant, err = h.allow(ctx, t.patient.ID, ids(t.found)); err != nil {
		return t, err
	}
	if t.set, err = h.publish(ctx, name, ids(t.found)); err != nil {
		return t, err
	}
	if t.entries, err = h.as("yuki").listed(ctx, name, n); err != nil {
		return t, err
	}
	items, err := h.items(ctx, t.set)
	t.paths = map[string]entry{}
	for id, i := range items {
		t.paths[id] = t.entries[i.file()]
	}
	return t, err
}

// read downloads everything of the set whole, as the student.
func (t taught) read(ctx context.Context, h *hospital) error {
	for _, e := range t.entries {
		a, err := h.as("yuki").ask(ctx, http.MethodGet, e.path)
		if err != nil || a.status != http.StatusOK {
			return fmt.Errorf("read a picture of the set: %s: %w", a, err)
		}
	}
	return nil
}

// absent reports an error unless the student is shown none of the pictures any more, in any way.
func (t taught) absent(ctx context.Context, h *hospital) error {
	yuki := h.as("yuki")
	for _, e := range t.entries {
		if err := yuki.absent(ctx, e.path, e.etag); err != nil {
			return err
		}
	}
	files, err := yuki.list(ctx, folder(t.name))
	if errors.Is(err, errGone) {
		return nil
	}
	if err == nil && len(files) > 0 {
		err = fmt.Errorf("a listing has %d files", len(files))
	}
	return err
}

// acted is what an act answers, with the recall that it set in motion.
type acted struct {
	Seq    uint64   `json:"seq"`
	IDs    []string `json:"ids"`
	Recall string   `json:"recall"`
}

// takeBack withdraws as henri, on the patient's word, and returns the recall.
func (t taught) takeBack(ctx context.Context, h *hospital) (recall string, took time.Duration, err error) {
	var r acted
	began := time.Now()
	err = h.as("henri").call(ctx, http.MethodPost, "/api/v1/patients/"+t.patient.ID+"/withdrawals", map[string]string{"grant": t.grant, "reason": "the patient said so"}, &r)
	if err == nil && r.Recall == "" {
		err = errors.New("a withdrawal names no recall")
	}
	return r.Recall, time.Since(began), err
}

// returns reports an error unless, allowed again, every picture is where it was, under the same ETag.
func (t taught) returns(ctx context.Context, h *hospital) error {
	if _, err := h.allow(ctx, t.patient.ID, ids(t.found)); err != nil {
		return err
	}
	files, err := h.as("yuki").listed(ctx, t.name, len(t.entries))
	if err == nil && etags(files) != etags(t.entries) {
		err = fmt.Errorf("allowed again the drive has %q, it had %q", etags(files), etags(t.entries))
	}
	return err
}

// task is what somebody is asked to do.
type task struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	For        string   `json:"for"`
	Patient    string   `json:"patient"`
	Assets     []string `json:"assets"`
	Recall     string   `json:"recall"`
	BreakGlass string   `json:"breakGlass"`
	DoneBy     string   `json:"doneBy"`
	Answer     string   `json:"answer"`
}

// items of a list as the API answers them.
type listOf[T any] struct {
	Items []T `json:"items"`
}

// tasks are what a person has to do.
func (c *client) tasks(ctx context.Context) ([]task, error) {
	var l listOf[task]
	err := c.call(ctx, http.MethodGet, "/api/v1/tasks", nil, &l)
	return l.Items, err
}

// asked waits until a person has a task of a kind that is about something.
func (c *client) asked(ctx context.Context, kind string, about func(task) bool) (found task, err error) {
	err = until(ctx, 30*time.Second, c.who.Login+" is asked: "+kind, func(ctx context.Context) (bool, error) {
		all, err := c.tasks(ctx)
		for _, t := range all {
			if t.Kind == kind && about(t) {
				found = t
				return true, nil
			}
		}
		return false, err
	})
	return found, err
}

// finish answers a task.
func (c *client) finish(ctx context.Context, id, answer string) error {
	_, err := c.act(ctx, "/api/v1/tasks/"+id+"/finish", map[string]string{"answer": answer, "words": "looked everywhere"})
	return err
}

// refusedWith reports an error unless err is the API's refusal with this status.
func refusedWith(err error, status int, what string) error {
	r, ok := errors.AsType[*refused](err)
	switch {
	case err == nil:
		return fmt.Errorf("%s was allowed", what)
	case !ok:
		return err
	case r.answer.status != status:
		return fmt.Errorf("%s is refused with %d, not %d: %w", what, r.answer.status, status, err)
	}
	return nil
}
