package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fovea/internal/demo"
)

// The studios of the demo.
const (
	studioA = "studio-a"
	studioB = "studio-b"
)

// studio is the watch folder of a studio.
func (h *hospital) studio(id string) string {
	for _, s := range h.demo.Studios {
		if s.ID == id {
			return s.Folder
		}
	}
	return ""
}

// file is one to be dropped.
type file struct {
	name string
	body []byte
}

// drop puts files into a new folder of a studio, all at once: they are written elsewhere on the same disk first.
func (h *hospital) drop(studio string, files []file) (folder string, err error) {
	stage, err := h.stage(files)
	if err != nil {
		return "", err
	}
	folder = filepath.Join(h.studio(studio), filepath.Base(stage))
	return folder, os.Rename(stage, folder)
}

// stage writes files into a new folder that nobody watches.
func (h *hospital) stage(files []file) (folder string, err error) {
	h.drops++
	folder = filepath.Join(h.dir, fmt.Sprintf("drop-%d", h.drops))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.name), f.body, 0o600); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// ticketFor is a folder ticket that names a patient. more are further fields.
func ticketFor(p demoPatient, more map[string]any) file {
	t := map[string]any{
		"fovea": "ticket/1", "photographer": "lea",
		"patient": map[string]string{"system": p.System, "number": p.Number},
	}
	for k, v := range more {
		t[k] = v
	}
	b, err := json.Marshal(t)
	if err != nil { // strings and maps of strings
		b = nil
	}
	return file{"ticket.json", b}
}

// small draws n different small camera files.
func small(n int, seed int) ([]file, error) {
	return bulk(n, 64<<10, time.Now().Add(-time.Duration(seed+1)*24*time.Hour))
}

// bulk draws n different camera files of one size.
func bulk(n, size int, taken time.Time) ([]file, error) {
	o := demo.Options{
		Taken: taken, Height: 240,
		Camera: demo.Camera{Make: "NIKON CORPORATION", Model: "NIKON D850", Serial: "6001187"},
	}
	all, err := demo.Bulk(n, size, o)
	if err != nil {
		return nil, err
	}
	var files []file
	for name, b := range all {
		files = append(files, file{name, b})
	}
	return files, nil
}

func (f file) sum() string {
	s := sha256.Sum256(f.body)
	return hex.EncodeToString(s[:])
}

// patient registers a new one, treated by somebody of the demo.
func (h *hospital) patient(ctx context.Context, nth int, treatedBy string) (demoPatient, error) {
	// Names that nobody mistypes for one another: search forgives a letter or two.
	family := strings.Fields("Albatross Bandicoot Cormorant Dromedary Echidna Flamingo Gazelle Hummingbird Iguana Jackdaw " +
		"Kookaburra Lemming Mongoose Nightingale Ocelot Porcupine Quetzal Rhinoceros Salamander Tarantula")[nth]
	p := demoPatient{Key: family, Family: family, Given: "Trial", System: "hospital", Number: fmt.Sprintf("%07dZ", 9000000+nth)}
	lea := h.as("lea")
	ids, err := lea.act(ctx, "/api/v1/patients", map[string]any{
		"family": p.Family, "given": p.Given, "born": "1970-01-02", "sex": "F",
		"identifiers": []map[string]string{{"system": p.System, "value": p.Number}},
	})
	if err != nil || len(ids) != 1 {
		return p, errors.Join(err, fmt.Errorf("add a patient: %d IDs", len(ids)))
	}
	p.ID = ids[0]
	_, err = lea.act(ctx, "/api/v1/encounters", map[string]any{
		"patient": p.ID, "specialty": "dermatology", "team": []string{h.as(treatedBy).who.ID},
	})
	return p, err
}

// known is the patient of the demo with this key.
func (h *hospital) known(key string) demoPatient {
	for _, p := range h.demo.Patients {
		if p.Key == key {
			return p
		}
	}
	return demoPatient{}
}

// classify says that pictures are plain and show no identifying feature.
func (h *hospital) classify(ctx context.Context, assets []string) error {
	_, err := h.as("lea").act(ctx, "/api/v1/assets/classify", map[string]any{"assets": assets, "flags": []string{}, "noIdentifyingFeature": true})
	return err
}

// allow records the teaching consent of a patient for these pictures.
func (h *hospital) allow(ctx context.Context, patient string, assets []string) (grant string, err error) {
	ids, err := h.as("lea").act(ctx, "/api/v1/patients/"+patient+"/consents", map[string]any{
		"status": "given", "mode": "written", "covers": map[string]any{"assets": assets}, "purposes": []string{"P1", "P2"},
		"audience": "A3", "identifiability": "I1", "channels": "view,mount,download", "capacity": "adult", "language": "en",
		"formVersion": "MP-2 (2026)", "takenBeforePhoto": true, "copyGiven": true,
		"expires": time.Now().AddDate(1, 0, 0).Format(time.DateOnly),
	})
	if err != nil || len(ids) == 0 {
		return "", errors.Join(err, fmt.Errorf("record a consent: %d IDs", len(ids)))
	}
	return ids[len(ids)-1], nil
}

// withdraw takes a consent back; an empty grant means all of them.
func (c *client) withdraw(ctx context.Context, patient, grant string) error {
	in := map[string]any{"reason": "the patient said so"}
	if grant != "" {
		in["grant"] = grant
	}
	_, err := c.act(ctx, "/api/v1/patients/"+patient+"/withdrawals", in)
	return err
}

// publish makes a teaching set of pictures on the student's drive.
func (h *hospital) publish(ctx context.Context, name string, assets []string) (set string, err error) {
	grace, lea := h.as("grace"), h.as("lea")
	ids, err := grace.act(ctx, "/api/v1/sets", map[string]any{
		"name": name, "purpose": "P2", "audience": "A3", "specialty": "dermatology", "roster": []string{h.as("yuki").who.ID},
		"from": time.Now().AddDate(0, 0, -1).Format(time.DateOnly), "until": time.Now().AddDate(0, 0, 30).Format(time.DateOnly),
	})
	if err != nil || len(ids) != 1 {
		return "", errors.Join(err, fmt.Errorf("create a set: %d IDs", len(ids)))
	}
	set = ids[0]
	if err := h.add(ctx, set, assets); err != nil {
		return set, err
	}
	if _, err := grace.act(ctx, "/api/v1/sets/"+set+"/submit", nil); err != nil {
		return set, err
	}
	_, err = lea.act(ctx, "/api/v1/sets/"+set+"/publish", nil)
	return set, err
}

// add puts pictures into a set: each as a photographer who sees it.
func (h *hospital) add(ctx context.Context, set string, assets []string) error {
	labels := make([]string, len(assets))
	for i := range labels {
		labels[i] = fmt.Sprintf("Item %d", i+1)
	}
	err := h.addAs(ctx, "lea", set, assets, labels)
	if !isAbsent(err) {
		return err
	}
	for i := range assets {
		err := h.addAs(ctx, "lea", set, assets[i:i+1], labels[i:i+1])
		if isAbsent(err) {
			err = h.addAs(ctx, "tomas", set, assets[i:i+1], labels[i:i+1])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *hospital) addAs(ctx context.Context, login, set string, assets, labels []string) error {
	_, err := h.as(login).act(ctx, "/api/v1/sets/"+set+"/items", map[string]any{"assets": assets, "labels": labels})
	return err
}

func isAbsent(err error) bool {
	r, ok := errors.AsType[*refused](err)
	return ok && r.answer.status == http.StatusNotFound
}

// item is one of a set as its owner sees it.
type item struct {
	ID       string `json:"id"`
	Asset    string `json:"asset"`
	Number   int    `json:"number"`
	Label    string `json:"label"`
	Admitted bool   `json:"admitted"`
	Reason   string `json:"reason"`
}

// items are those of a set, by asset, and the names they have on the drive.
func (h *hospital) items(ctx context.Context, set string) (map[string]item, error) {
	var page struct {
		Items []item `json:"items"`
	}
	err := h.as("grace").call(ctx, http.MethodGet, "/api/v1/sets/"+set, nil, &page)
	out := map[string]item{}
	for _, i := range page.Items {
		out[i.Asset] = i
	}
	return out, err
}

// file is the item's name on the drive.
func (i item) file() string { return fmt.Sprintf("%06d-%s.jpg", i.Number, i.Label) }

func ids(pictures []picture) []string {
	out := make([]string, 0, len(pictures))
	for _, p := range pictures {
		out = append(out, p.ID)
	}
	return out
}
