package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/server/wire"
)

// portrait is a picture whose middle, which alone tells one from another, is of
// one colour.
func portrait(t *testing.T, middle color.Color) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			p.Set(x, y, color.RGBA{uint8(x / 3), uint8(y / 2), 90, 255})
			if image.Pt(x, y).In(image.Rect(260, 180, 380, 300)) {
				p.Set(x, y, middle)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// masked saves a mask over the middle, which a second person attests.
func (h *house) masked(id clinical.AssetID) {
	h.Helper()
	r := clinical.NewRecipe()
	r.Masks = []clinical.Mask{{
		Shape: clinical.MaskEllipse, Centre: clinical.Point{X: 320, Y: 240}, Radii: clinical.Point{X: 120, Y: 120}, Fill: clinical.FillSolid, Cause: clinical.HidesFace,
	}}
	path := "/assets/" + id.String() + "/edits"
	if code, body := h.post("mirabelle", http.MethodPost, path, wire.SaveEdit{Recipe: r}, nil); code != http.StatusOK {
		h.Fatalf("save: %d %s", code, body)
	}
	full := "/img/" + id.String() + "/masked-full"
	var looked []byte
	var digest string
	h.eventually("the copy to look at", func() bool {
		res, body := h.ask(h.Context(), "carlotta", http.MethodGet, full)
		looked, digest = body, res.Header.Get("Repr-Digest")
		return res.StatusCode == http.StatusOK
	})
	sum := sha256.Sum256(looked)
	if want := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"; digest != want {
		h.Errorf("the copy says %q of itself, and is %q", digest, want)
	}
	in := clinical.AttestEdit{Asset: id, Version: 1, SHA256: sum, Level: clinical.I1, Found: clinical.Checklist{}}
	for _, f := range clinical.Features() {
		in.Found[f] = clinical.FoundNone
	}
	in.Found[clinical.Feature(clinical.HidesFace)] = clinical.FoundMasked
	h.do("carlotta", in)
}

// jpegs are the pictures in a paper, as their bytes stand in it.
func jpegs(pdf []byte) [][]byte {
	var out [][]byte
	for _, part := range bytes.Split(pdf, []byte("endstream")) {
		if at := bytes.Index(part, []byte("\xff\xd8\xff")); at >= 0 {
			out = append(out, bytes.TrimRight(part[at:], "\r\n"))
		}
	}
	return out
}

// TestNoDoorServesWhatAMaskCovers lands two pictures that differ only under
// their masks: whatever leaves of them is the same, byte for byte.
func TestNoDoorServesWhatAMaskCovers(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	h.drop(map[string][]byte{"one.png": portrait(t, color.White), "two.png": portrait(t, color.RGBA{200, 30, 30, 255})})
	h.eventually("both kept", func() bool { return h.found("carlotta", "kompressionsverband") == 2 })
	kept := h.assets()
	var ids []clinical.AssetID
	for _, name := range []string{"one.png", "two.png"} {
		ids = append(ids, kept[name].ID)
	}
	h.do("mirabelle", clinical.ClassifyAssets{Assets: ids, Sensitivity: clinical.Plain | clinical.Face})
	h.do("mirabelle", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: h.patient, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.AdultCapacity,
		Purposes: []clinical.Purpose{clinical.P2, clinical.P4}, Audience: clinical.A5, Level: clinical.I1, NamedUse: "Annals", ImagesShown: true,
		Channels: clinical.ViewOnScreen | clinical.Mount | clinical.Download | clinical.Print, Covers: clinical.Cover{Assets: ids},
	}})
	h.do("mirabelle", clinical.RecordConsent{Grant: clinical.Grant{
		Patient: h.patient, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.AdultCapacity,
		Purposes: []clinical.Purpose{clinical.P4}, Audience: clinical.A5, Level: clinical.I1, NamedUse: "EADV", ImagesShown: true,
		Channels: clinical.ViewOnScreen | clinical.Download, Covers: clinical.Cover{Assets: ids},
	}})
	colleague := h.do("", clinical.AddPerson{Person: clinical.Person{Login: "emma", Name: "Emma Kollegin", Role: clinical.Educator}}).People[0].ID
	h.people["emma"] = colleague
	paths := make([]string, 2)
	sets := make([]clinical.SetID, 2)
	for i, id := range ids {
		name := []string{"Erste", "Zweite"}[i]
		sets[i] = h.do("edeltraud", clinical.CreateSet{Set: clinical.TeachingSet{
			Name: name, Title: "Menge", Purpose: clinical.P2, Audience: clinical.A2, Roster: []clinical.PersonID{h.people["stanislaus"]},
		}}).Sets[0].ID
		h.do("mirabelle", clinical.AddToSet{Set: sets[i], Assets: []clinical.AssetID{id}})
		h.do("edeltraud", clinical.SubmitSet{Set: sets[i]})
		h.do("emma", clinical.PublishSet{Set: sets[i]})
		paths[i] = "/dav/teaching/" + url.PathEscape(name) + "/"
	}
	// The plain renditions are made first: none of them may be what is served.
	for _, id := range ids {
		h.eventually("the plain picture", func() bool {
			res, _ := h.ask(t.Context(), "carlotta", http.MethodGet, "/img/"+id.String()+"/teaching-2048")
			return res.StatusCode == http.StatusOK
		})
	}
	plain := h.both(ids, func(i int) (string, string) { return "carlotta", "/img/" + ids[i].String() + "/teaching-2048" })
	if bytes.Equal(plain[0], plain[1]) {
		t.Fatal("the pictures do not differ")
	}
	for i, id := range ids {
		if res, _ := h.ask(t.Context(), "stanislaus", http.MethodGet, "/img/"+id.String()+"/teaching-2048?set="+sets[i].String()); res.StatusCode != http.StatusNotFound {
			t.Errorf("unmasked: %s", res.Status)
		}
		h.masked(id)
		h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", paths[i])) == 1 })
		h.eventually("the small copy", func() bool {
			res, _ := h.ask(t.Context(), "carlotta", http.MethodGet, "/img/"+id.String()+"/masked-256")
			return res.StatusCode == http.StatusOK
		})
	}
	doors := map[string]func(i int) (login, path string){
		"drive": func(i int) (string, string) { return "stanislaus", h.listing("stanislaus", paths[i])[0] },
		"page": func(i int) (string, string) {
			return "stanislaus", "/img/" + ids[i].String() + "/teaching-2048?set=" + sets[i].String()
		},
		"thumbnail": func(i int) (string, string) {
			return "stanislaus", "/img/" + ids[i].String() + "/thumb-256?set=" + sets[i].String()
		},
		"screen": func(i int) (string, string) {
			return "stanislaus", "/img/" + ids[i].String() + "/screen-1024?set=" + sets[i].String()
		},
		"owner": func(i int) (string, string) {
			return "edeltraud", "/img/" + ids[i].String() + "/thumb-256?set=" + sets[i].String()
		},
		"copy":           func(i int) (string, string) { return "carlotta", "/img/" + ids[i].String() + "/masked-full" },
		"copy on screen": func(i int) (string, string) { return "carlotta", "/img/" + ids[i].String() + "/masked-1024" },
		"small copy":     func(i int) (string, string) { return "carlotta", "/img/" + ids[i].String() + "/masked-256" },
	}
	for name, door := range doors {
		got := h.both(ids, door)
		if !bytes.Equal(got[0], got[1]) || !bytes.HasPrefix(got[0], []byte("\xff\xd8\xff")) {
			t.Errorf("%s: %d and %d bytes differ", name, len(got[0]), len(got[1]))
		}
		if bytes.Equal(got[0], plain[0]) {
			t.Errorf("%s serves the plain picture", name)
		}
	}
	sheets := h.both(ids, func(i int) (string, string) { return "edeltraud", "/sets/" + sets[i].String() + "/sheet" })
	h.samePictures("contact sheet", sheets, plain)
	// The ways out by a consent. Print and the patient's record are care's, and
	// those of the law take the picture itself: masks are for nobody there.
	for _, way := range []clinical.Release{
		{Kind: clinical.ToJournal, Recipient: "Annals"},
		{Kind: clinical.ToConference, Recipient: "EADV", UseBy: clinical.Date{Year: 2098, Month: 5, Day: 1}},
	} {
		zips := [][]byte{h.fromRelease(ids[0], way), h.fromRelease(ids[1], way)}
		if !bytes.Equal(zips[0], zips[1]) || bytes.Equal(zips[0], plain[0]) || !bytes.HasPrefix(zips[0], []byte("\xff\xd8\xff")) {
			t.Errorf("%s: the pictures handed over differ: %d and %d bytes", way.Kind, len(zips[0]), len(zips[1]))
		}
	}
	// Those who treat the patient are still served what is there, in the version
	// that was saved.
	for _, id := range ids {
		h.eventually("the plain picture of the version", func() bool {
			res, _ := h.ask(t.Context(), "carlotta", http.MethodGet, "/img/"+id.String()+"/teaching-2048")
			return res.StatusCode == http.StatusOK
		})
	}
	if care := h.both(ids, func(i int) (string, string) { return "carlotta", "/img/" + ids[i].String() + "/teaching-2048" }); bytes.Equal(care[0], care[1]) {
		t.Error("care is served the copy")
	}
}

// both asks a door for both pictures.
func (h *house) both(ids []clinical.AssetID, door func(i int) (login, path string)) [][]byte {
	h.Helper()
	var out [][]byte
	for i := range ids {
		login, path := door(i)
		res, body := h.ask(h.Context(), login, http.MethodGet, path)
		if res.StatusCode != http.StatusOK {
			h.Errorf("%s: %s", regexp.MustCompile(`01[0-9A-Z]{24}`).ReplaceAllString(path, "…"), res.Status)
		}
		out = append(out, body)
	}
	return out
}

// samePictures compares the pictures in two papers.
func (h *house) samePictures(what string, papers, plain [][]byte) {
	h.Helper()
	one, two := jpegs(papers[0]), jpegs(papers[1])
	if len(one) == 0 || !slices.EqualFunc(one, two, bytes.Equal) {
		h.Errorf("%s: %d and %d pictures differ", what, len(one), len(two))
	}
	for _, p := range plain {
		if slices.ContainsFunc(one, func(b []byte) bool { return bytes.Equal(b, p) }) {
			h.Errorf("%s shows a plain picture", what)
		}
	}
}

// fromRelease is the picture that somebody is handed.
func (h *house) fromRelease(id clinical.AssetID, way clinical.Release) []byte {
	h.Helper()
	way.Authority, way.Assets, way.Format = "agreement of today", []clinical.AssetID{id}, clinical.EncryptedZIP
	made := h.do("mirabelle", clinical.MakeRelease{Release: way}).Releases[0].ID
	path := "/releases/" + made.String()
	var secret wire.ReleasePassword
	h.post("mirabelle", http.MethodPost, path+"/password", nil, &secret)
	res, zip := h.ask(h.Context(), "mirabelle", http.MethodGet, "/api/v1"+path+"/content")
	if res.StatusCode != http.StatusOK {
		h.Fatalf("release: %s %s", res.Status, zip)
	}
	dir := h.TempDir()
	h.check(os.WriteFile(filepath.Join(dir, "copy.zip"), zip, 0o600))
	cmd := exec.CommandContext(h.Context(), "7zz", "x", "-y", "-p"+secret.Password, "-o"+filepath.Join(dir, "out"), filepath.Join(dir, "copy.zip"))
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	h.check(cmd.Run())
	b, err := os.ReadFile(filepath.Join(dir, "out", "picture-001.jpg"))
	h.check(err)
	for _, name := range []string{"README.txt", "SHA256SUMS"} {
		text, err := os.ReadFile(filepath.Join(dir, "out", name))
		h.check(err)
		if a, err := h.sys.vault.Asset(h.Context(), id); err != nil || strings.Contains(string(text), hex.EncodeToString(a.Original.SHA256[:])) {
			h.Errorf("%s names the original, %v", name, err)
		}
	}
	return b
}
