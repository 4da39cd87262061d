package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// neverID is an ID of the same form that names nothing.
func neverID(id string) string { return id[:len(id)-4] + "0000" }

// sameAsOther reports an error unless a path is answered as it is with another ID in it. That an answer repeats the ID
// that it was asked for says nothing.
func (c *client) sameAsOther(ctx context.Context, path, id, other string) error {
	return c.sameSaid(ctx, said{http.MethodGet, path, ""}, id, other)
}

// said is a request in words: a body, if there is one, is JSON.
type said struct{ method, path, body string }

func (s said) with(id, other string) said {
	return said{s.method, strings.ReplaceAll(s.path, id, other), strings.ReplaceAll(s.body, id, other)}
}

func (c *client) say(ctx context.Context, s said) (answer, error) {
	var body io.Reader = http.NoBody
	var header []string
	if s.body != "" {
		body, header = strings.NewReader(s.body), []string{"Content-Type", "application/json"}
	}
	r, err := c.request(ctx, s.method, s.path, body, header...)
	if err != nil {
		return answer{}, err
	}
	return c.send(r)
}

func (c *client) sameSaid(ctx context.Context, s said, id, other string) error {
	got, gotErr := c.say(ctx, s)
	want, wantErr := c.say(ctx, s.with(id, other))
	if err := errors.Join(gotErr, wantErr); err != nil {
		return err
	}
	got.body, want.body = bytes.ReplaceAll(got.body, []byte(id), []byte("ID")), bytes.ReplaceAll(want.body, []byte(other), []byte("ID"))
	for _, a := range []answer{got, want} {
		a.header.Del("Request-Id")
		a.header.Del("X-Request-Id")
		a.header.Del("Content-Length") // of a body that repeats an ID
	}
	if !got.same(want) {
		return fmt.Errorf("%s asks %s %s and can tell it from what never was: %s, not %s", c.who.Login, s.method, strings.ReplaceAll(s.path, id, "ID"), got, want)
	}
	if got.status < http.StatusBadRequest {
		return fmt.Errorf("%s asks %s %s and is answered: %s", c.who.Login, s.method, strings.ReplaceAll(s.path, id, "ID"), got)
	}
	return nil
}

// things are IDs of what is there, and not for everybody.
type things struct {
	asset, patient, session, grant, set, release, recall, erasure, hold, task string
}

// deniedIsAbsent: for those whom something is not for, every door answers as if it had never been: drive, images, API,
// pages, search and its counts, sets, releases, recalls, erasures, papers, and acts. It takes as long, too.
func deniedIsAbsent(ctx context.Context, tr *trial) (string, error) {
	h, err := tr.hospital(ctx)
	if err != nil {
		return "", err
	}
	all, gone, err := h.thingsOf(ctx)
	if err != nil {
		return "", err
	}
	if err := gone.absent(ctx, h); err != nil {
		return "", err
	}
	asked, err := h.everyDoor(ctx, all)
	if err != nil {
		return "", err
	}
	searched, err := h.everySearch(ctx, all, gone)
	if err != nil {
		return "", err
	}
	worst, err := h.everyPace(ctx, all, gone)
	if err != nil {
		return "", err
	}
	figure := fmt.Sprintf("%d requests at the doors and %d searches by those it is not for: status, headers and body as of what never was; time: %s", asked, searched, worst)
	if !worst.within() {
		return figure, errSlow
	}
	return figure, nil
}

// thingsOf makes one of each for a patient whom henri treats, whose teaching consent is withdrawn at the end.
func (h *hospital) thingsOf(ctx context.Context) (all things, gone taught, err error) {
	gone, err = h.taught(ctx, 3, 1, "Acceptance absent")
	if err != nil {
		return all, gone, err
	}
	if err := gone.read(ctx, h); err != nil {
		return all, gone, err
	}
	act := func(login, path string, in any) string {
		ids, actErr := h.as(login).act(ctx, path, in)
		if actErr != nil || len(ids) == 0 {
			err = errors.Join(err, fmt.Errorf("%s makes %s: %d IDs: %w", login, path, len(ids), actErr))
			return ""
		}
		return ids[0]
	}
	a, p := gone.found[0], gone.patient.ID
	all = things{asset: a.ID, patient: p, session: a.Session, grant: gone.grant, set: gone.set}
	all.release = act("olu", "/api/v1/releases", map[string]any{"kind": "court", "authority": "order 12 of the district court", "recipient": "the court", "assets": []string{a.ID}})
	all.erasure = act("henri", "/api/v1/patients/"+p+"/erasures", map[string]any{"onBehalf": "the patient", "reason": "asked for it"})
	if err != nil {
		return all, gone, err
	}
	if all.recall, _, err = gone.takeBack(ctx, h); err != nil {
		return all, gone, err
	}
	t, err := h.as("yuki").asked(ctx, "destroy-copy", func(t task) bool { return t.Recall == all.recall })
	all.task = t.ID
	all.hold = act("olu", "/api/v1/holds", map[string]any{"kind": "legal", "assets": []string{a.ID}, "reason": "a claim"})
	return all, gone, err
}

// doors are requests that name one of the things, and which it is.
func (t things) doors() map[said]string {
	out := map[said]string{}
	get := func(id string, paths ...string) {
		for _, path := range paths {
			out[said{http.MethodGet, strings.ReplaceAll(path, "{}", id), ""}] = id
		}
	}
	post := func(id, path, body string) {
		out[said{http.MethodPost, strings.ReplaceAll(path, "{}", id), strings.ReplaceAll(body, "{}", id)}] = id
	}
	get(t.asset, "/api/v1/assets/{}", "/img/{}/thumb-256", "/img/{}/teaching-2048", "/img/{}/original", "/pictures/{}")
	get(t.patient, "/api/v1/patients/{}", "/patients/{}", "/api/v1/patients/{}/consents", "/api/v1/patients/{}/codes", "/api/v1/patients/{}/recalls",
		"/api/v1/patients/{}/consents/fhir", "/patients/{}/consent", "/patients/{}/erasure")
	get(t.set, "/api/v1/sets/{}", "/api/v1/sets/{}/readers", "/sets/{}", "/sets/{}/sheet")
	get(t.release, "/api/v1/releases/{}", "/api/v1/releases/{}/content", "/releases/{}")
	get(t.recall, "/api/v1/recalls/{}", "/api/v1/recalls/{}/tasks", "/api/v1/recalls/{}/certificate", "/api/v1/recalls/{}/proof", "/recalls/{}", "/recalls/{}/certificate")
	get(t.erasure, "/api/v1/erasures/{}/certificate", "/erasures/{}", "/erasures/{}/certificate")
	get(t.grant, "/api/v1/consents/{}/form", "/consents/{}/form")
	get(t.hold, "/api/v1/holds/{}/trace", "/holds/{}/trace")
	post(t.asset, "/api/v1/assets/classify", `{"assets":["{}"],"flags":[],"noIdentifyingFeature":true}`)
	post(t.asset, "/api/v1/assets/discard", `{"assets":["{}"],"reason":"x"}`)
	post(t.asset, "/api/v1/releases", `{"kind":"court","authority":"x","recipient":"x","assets":["{}"]}`)
	post(t.set, "/api/v1/sets/{}/publish", "")
	post(t.release, "/api/v1/releases/{}/end", `{"reason":"x"}`)
	post(t.release, "/api/v1/releases/{}/password", "")
	post(t.grant, "/api/v1/consents/{}/mistaken", `{"reason":"x"}`)
	post(t.erasure, "/api/v1/erasures/{}/decide", `{"outcome":"shred","reason":"x"}`)
	post(t.task, "/api/v1/tasks/{}/finish", `{"answer":"done"}`)
	return out
}

// everyDoor asks for each thing as people for whom none of them is: a clinician of another specialty, an educator and the
// student. A page that a role does not have at all is absent, too.
func (h *hospital) everyDoor(ctx context.Context, all things) (asked int, err error) {
	for s, id := range all.doors() {
		for _, login := range []string{"nora", "diego", "yuki"} {
			switch {
			case login == "yuki" && id == all.task: // hers
				continue
			case login != "diego" && id == all.set: // yuki reads it, and nora may propose pictures for it
				continue
			}
			err = errors.Join(err, h.as(login).sameSaid(ctx, s, id, neverID(id)))
			asked++
		}
	}
	return asked, err
}

// everySearch looks for the patient and the picture by all that is known of them.
func (h *hospital) everySearch(ctx context.Context, all things, gone taught) (asked int, err error) {
	for _, login := range []string{"nora", "grace", "diego", "yuki"} {
		c := h.as(login)
		for got, want := range map[string]string{
			"patient=" + all.patient: "patient=" + neverID(all.patient), "q=" + gone.patient.Family: "q=Xylographer", "q=" + gone.patient.Number: "q=9999999X",
			"session=" + all.session: "session=" + neverID(all.session), "set=" + all.set: "set=" + neverID(all.set),
		} {
			const facets = "&facets=keyword,view,site,specialty,studio,year"
			for _, path := range []string{"/api/v1/search?", "/library?", "/api/v1/patients?"} {
				if login != "diego" && strings.HasPrefix(got, "set=") { // grace owns it, yuki reads it, nora may propose pictures
					continue
				}
				a, errA := c.lookFor(ctx, path, got, facets)
				b, errB := c.lookFor(ctx, path, want, facets)
				if err = errors.Join(err, errA, errB); err != nil {
					return asked, err
				}
				asked++
				strip := func(body []byte, value string) []byte {
					return bytes.ReplaceAll(body, []byte(value[strings.IndexByte(value, '=')+1:]), []byte("…"))
				}
				a.body, b.body = strip(a.body, got), strip(b.body, want)
				a.header.Del("Content-Length")
				b.header.Del("Content-Length")
				if !a.same(b) {
					err = errors.Join(err, fmt.Errorf("%s asks %s%s: %s, not %s", login, path, got[:strings.IndexByte(got, '=')], a, b))
				}
			}
		}
	}
	return asked, err
}

// lookFor asks as the doors are asked: with words in the body, with all else in the address.
func (c *client) lookFor(ctx context.Context, path, what, facets string) (answer, error) {
	words, typed := strings.CutPrefix(what, "q=")
	if !typed || !strings.HasPrefix(path, "/api/") {
		return c.ask(ctx, http.MethodGet, path+what+facets)
	}
	body, err := json.Marshal(map[string]string{"q": words})
	if err != nil {
		return answer{}, err
	}
	to := map[string]string{"/api/v1/search?": "/api/v1/search?" + strings.TrimPrefix(facets, "&"), "/api/v1/patients?": "/api/v1/patients/search"}[path]
	r, err := c.request(ctx, http.MethodPost, to, bytes.NewReader(body), "Content-Type", "application/json")
	if err != nil {
		return answer{}, err
	}
	return c.send(r)
}

// pace is how long two kinds of request take, and how far two of the same kind are apart.
type pace struct {
	door          string
	denied, never time.Duration // medians
	noise         time.Duration
}

func (p pace) apart() time.Duration { return max(p.denied-p.never, p.never-p.denied) }

// within reports whether the difference is nothing that can be heard through the noise.
func (p pace) within() bool { return p.apart() <= max(4*p.noise, p.never/5, 100*time.Microsecond) }

func (p pace) String() string {
	return fmt.Sprintf("furthest apart at %s, median of %d: %d µs denied, %d µs absent, %d µs between two absent", p.door, paceRounds, p.denied.Microseconds(), p.never.Microseconds(), p.noise.Microseconds())
}

const paceRounds = 150

// everyPace measures doors in turns: denied, absent, and another absent. It returns the door where it is furthest apart.
func (h *hospital) everyPace(ctx context.Context, all things, gone taught) (worst pace, err error) {
	var path string
	for _, e := range gone.entries {
		path = e.path
	}
	type door struct {
		login string
		s     said
		id    string
	}
	doors := []door{
		{"yuki", said{http.MethodGet, path, ""}, path[strings.LastIndexByte(path, '/')+1:]},
		{"yuki", said{http.MethodHead, path, ""}, path[strings.LastIndexByte(path, '/')+1:]},
		{"yuki", said{"PROPFIND", path, ""}, path[strings.LastIndexByte(path, '/')+1:]},
		{"nora", said{http.MethodGet, "/api/v1/assets/" + all.asset, ""}, all.asset},
		{"nora", said{http.MethodGet, "/img/" + all.asset + "/thumb-256", ""}, all.asset},
		{"nora", said{http.MethodGet, "/img/" + all.asset + "/original", ""}, all.asset},
		{"nora", said{http.MethodGet, "/pictures/" + all.asset, ""}, all.asset},
		{"nora", said{http.MethodGet, "/api/v1/patients/" + all.patient, ""}, all.patient},
		{"diego", said{http.MethodGet, "/api/v1/sets/" + all.set, ""}, all.set},
		{"nora", said{http.MethodGet, "/api/v1/releases/" + all.release, ""}, all.release},
		{"nora", said{http.MethodGet, "/api/v1/search?patient=" + all.patient, ""}, all.patient},
	}
	for _, d := range doors {
		p, paceErr := h.as(d.login).pace(ctx, d.s, d.id)
		if err = errors.Join(err, paceErr); err != nil {
			return worst, err
		}
		p.door = d.s.method + " " + strings.ReplaceAll(d.s.path, d.id, "…")
		if worst.door == "" || (!p.within() && worst.within()) || (p.within() == worst.within() && p.apart() > worst.apart()) {
			worst = p
		}
	}
	if plain, unescapeErr := url.PathUnescape(worst.door); unescapeErr == nil {
		worst.door = plain
	}
	return worst, nil
}

// pace measures one door. What was never there has names as long as what is denied.
func (c *client) pace(ctx context.Context, s said, id string) (p pace, err error) {
	one, other := id[:len(id)-8]+"0000"+id[len(id)-4:], id[:len(id)-8]+"1111"+id[len(id)-4:]
	asked := []said{s, s.with(id, one), s.with(id, other)}
	took := make([][]time.Duration, len(asked))
	for range paceRounds {
		for i, s := range asked {
			began := time.Now()
			if _, err := c.say(ctx, s); err != nil {
				return p, err
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	median := func(i int) time.Duration {
		slices.Sort(took[i])
		return took[i][len(took[i])/2]
	}
	p.denied, p.never = median(0), median(1)
	third := median(2)
	p.noise = max(third-p.never, p.never-third)
	return p, nil
}
