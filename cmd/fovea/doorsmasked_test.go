package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	imgdraw "image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/internal/testenv"
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

// pairs is how many TestNoDoorServesWhatAMaskCovers lands; `make doors` lands 200.
var pairs = flag.Int("pairs", 3, "pairs of pictures that differ under their masks alone")

// twins are two pictures that differ under their masks alone.
type twins struct {
	files [2][]byte
	masks []clinical.Mask
}

// generated is a pair of drawn pictures, masked by each shape in turn.
func generated(t *testing.T, n int) twins {
	t.Helper()
	at := func(x, y float64) clinical.Point { return clinical.Point{X: x, Y: y} }
	m := []clinical.Mask{
		{Shape: clinical.MaskEllipse, Centre: at(320, 240), Radii: at(120, 110), Angle: float64(n % 90)},
		{Shape: clinical.MaskPolygon, Points: []clinical.Point{at(250, 170), at(390, 165), at(400, 240), at(385, 310), at(255, 305)}},
		{Shape: clinical.MaskBrush, Points: []clinical.Point{at(260, 240), at(380, 241)}, Radius: 90},
	}[n%3]
	m.Fill, m.Cause = clinical.FillSolid, clinical.HidesFace
	out := twins{masks: []clinical.Mask{m}}
	for i := range out.files {
		shade := color.RGBA{uint8(40*n + 90*i), uint8(255 - 7*n), uint8(17 * n * (i + 1)), 255}
		if i == 1 {
			shade.G ^= 0x80
		}
		out.files[i] = portrait(t, shade)
	}
	return out
}

// faced is a photograph of a face, and the same with noise where the face is.
func faced(t *testing.T, n int) twins {
	t.Helper()
	of := n
	text, err := os.ReadFile(testenv.Data(t, "faces", "faces.json"))
	if err != nil {
		t.Fatal(err)
	}
	boxes := map[string][][4]float64{}
	if err := json.Unmarshal(text, &boxes); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(boxes)) {
		if n >= len(boxes[name]) {
			n -= len(boxes[name])
			continue
		}
		b := boxes[name][n]
		f, err := os.Open(testenv.Data(t, "faces", name))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		img, err := jpeg.Decode(f)
		if err != nil {
			t.Fatal(err)
		}
		shown := image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
		imgdraw.Draw(shown, shown.Rect, img, img.Bounds().Min, imgdraw.Src)
		shown.Set(0, 0, color.RGBA{uint8(of), 0, 0, 255}) // no file lands twice
		out := twins{masks: []clinical.Mask{{
			Shape: clinical.MaskEllipse, Centre: clinical.Point{X: (b[0] + b[2]) / 2, Y: (b[1] + b[3]) / 2},
			Radii: clinical.Point{X: (b[2] - b[0]) * 0.85, Y: (b[3] - b[1]) * 0.85}, Fill: clinical.FillSolid, Cause: clinical.HidesFace,
		}}}
		out.files[0] = asPNG(t, shown)
		r := rand.New(rand.NewPCG(uint64(n), 1))
		for y := int(b[1]); y < int(b[3]); y++ {
			for x := int(b[0]); x < int(b[2]); x++ {
				shown.Set(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
			}
		}
		out.files[1] = asPNG(t, shown)
		return out
	}
	return generated(t, of)
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// masked saves a mask over the middle, which a second person attests.
func (h *house) masked(id clinical.AssetID) {
	h.Helper()
	h.mask(id, []clinical.Mask{{
		Shape: clinical.MaskEllipse, Centre: clinical.Point{X: 320, Y: 240}, Radii: clinical.Point{X: 120, Y: 120}, Fill: clinical.FillSolid, Cause: clinical.HidesFace,
	}})
	h.attested(id)
}

// mask saves a first version with masks.
func (h *house) mask(id clinical.AssetID, masks []clinical.Mask) {
	h.Helper()
	r := clinical.NewRecipe()
	r.Masks = masks
	if code, body := h.post("mirabelle", http.MethodPost, "/assets/"+id.String()+"/edits", wire.SaveEdit{Recipe: r}, nil); code != http.StatusOK {
		h.Fatalf("save: %d %s", code, body)
	}
}

// attested has a second person attest the copy of the first version.
func (h *house) attested(id clinical.AssetID) {
	h.Helper()
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

// side is one picture of each pair, all in one set: side 0 the first ones.
type side struct {
	ids    []clinical.AssetID
	set    clinical.SetID
	folder string
	plain  [][]byte // the pictures without masks, as those who treat see them
}

// TestNoDoorServesWhatAMaskCovers lands pairs of pictures that differ only under
// their masks: whatever leaves of them is the same, byte for byte.
func TestNoDoorServesWhatAMaskCovers(t *testing.T) {
	h := newHouse(t)
	h.start()
	h.populate()
	all := make([]twins, *pairs)
	files := map[string][]byte{}
	for n := range all {
		if all[n] = generated(t, n); n%3 == 2 {
			all[n] = faced(t, n/3)
		}
		files[fmt.Sprintf("%03d-0.png", n)], files[fmt.Sprintf("%03d-1.png", n)] = all[n].files[0], all[n].files[1]
		if n%10 == 9 || n == len(all)-1 {
			h.drop(files)
			h.eventually("all kept", func() bool { return h.found("carlotta", "kompressionsverband") == 2*n+2 })
			clear(files)
		}
	}
	var sides [2]side
	kept := h.assets()
	for n := range all {
		for i := range sides {
			sides[i].ids = append(sides[i].ids, kept[fmt.Sprintf("%03d-%d.png", n, i)].ID)
		}
	}
	h.consentedPairs(slices.Concat(sides[0].ids, sides[1].ids))
	for i := range sides {
		h.taughtSide(&sides[i], []string{"Erste", "Zweite"}[i])
	}
	for n := range all {
		if bytes.Equal(sides[0].plain[n], sides[1].plain[n]) {
			t.Fatalf("pair %d does not differ", n)
		}
		for _, s := range sides {
			h.mask(s.ids[n], all[n].masks)
		}
	}
	for _, s := range sides {
		for _, id := range s.ids {
			h.attested(id)
			h.eventually("the copy for drives", func() bool { // asked for, it is made before what nobody waits for
				res, _ := h.ask(t.Context(), "carlotta", http.MethodGet, "/img/"+id.String()+"/"+string(clinical.Masked))
				return res.StatusCode == http.StatusOK
			})
		}
		h.eventually("on the drive", func() bool { return len(h.listing("stanislaus", s.folder)) == len(all) })
	}
	h.sameAtEachDoor(sides)
	h.sameOnPaper(sides)
	// Those who treat the patient are still served what is there, in the version
	// that was saved.
	for n := range all {
		if care := h.both(sides, n, "carlotta", h.pictureAt("teaching-2048", "")); bytes.Equal(care[0], care[1]) {
			t.Error("care is served the copy")
		}
	}
}

// consentedPairs classifies pictures as faces and has their patient consent to
// copies without identifying feature.
func (h *house) consentedPairs(ids []clinical.AssetID) {
	h.Helper()
	h.do("mirabelle", clinical.ClassifyAssets{Assets: ids, Sensitivity: clinical.Plain | clinical.Face})
	for use, purposes := range map[string][]clinical.Purpose{"Annals": {clinical.P2, clinical.P4}, "EADV": {clinical.P4}} {
		h.do("mirabelle", clinical.RecordConsent{Grant: clinical.Grant{
			Patient: h.patient, Status: clinical.GrantGiven, Mode: clinical.Written, Capacity: clinical.AdultCapacity,
			Purposes: purposes, Audience: clinical.A5, Level: clinical.I1, NamedUse: use, ImagesShown: true,
			Channels: clinical.ViewOnScreen | clinical.Mount | clinical.Download | clinical.Print, Covers: clinical.Cover{Assets: ids},
		}})
	}
	h.people["emma"] = h.do("", clinical.AddPerson{Person: clinical.Person{Login: "emma", Name: "Emma Kollegin", Role: clinical.Educator}}).People[0].ID
}

// taughtSide publishes a set of one side's pictures before they are masked, and
// has their plain renditions made: none of them may be what is served.
func (h *house) taughtSide(s *side, name string) {
	h.Helper()
	s.set = h.do("edeltraud", clinical.CreateSet{Set: clinical.TeachingSet{
		Name: name, Title: "Menge", Purpose: clinical.P2, Audience: clinical.A2, Roster: []clinical.PersonID{h.people["stanislaus"]},
	}}).Sets[0].ID
	h.do("mirabelle", clinical.AddToSet{Set: s.set, Assets: s.ids})
	h.do("edeltraud", clinical.SubmitSet{Set: s.set})
	h.do("emma", clinical.PublishSet{Set: s.set})
	s.folder = "/dav/teaching/" + url.PathEscape(name) + "/"
	for _, id := range s.ids {
		res, plain := h.ask(h.Context(), "carlotta", http.MethodGet, "/img/"+id.String()+"/teaching-2048")
		if res.StatusCode != http.StatusOK {
			h.Errorf("the plain picture: %s", res.Status)
		}
		s.plain = append(s.plain, plain)
		if res, _ := h.ask(h.Context(), "stanislaus", http.MethodGet, "/img/"+id.String()+"/teaching-2048?set="+s.set.String()); res.StatusCode != http.StatusNotFound {
			h.Errorf("unmasked: %s", res.Status)
		}
	}
}

// pictureAt is where a page shows a rendition of the n-th picture of a side, in
// its set or for care.
func (h *house) pictureAt(kind, query string) func(s side, n int) string {
	return func(s side, n int) string {
		path := "/img/" + s.ids[n].String() + "/" + kind
		if query != "" {
			path += query + s.set.String()
		}
		return path
	}
}

// sameAtEachDoor compares what each door serves of each pair.
func (h *house) sameAtEachDoor(sides [2]side) {
	h.Helper()
	listed := map[clinical.SetID][]string{}
	for _, s := range sides {
		listed[s.set] = h.listing("stanislaus", s.folder)
	}
	const inSet = "?set="
	for name, door := range map[string]struct {
		login string
		path  func(s side, n int) string
	}{
		"drive":          {"stanislaus", func(s side, n int) string { return listed[s.set][n] }},
		"page":           {"stanislaus", h.pictureAt("teaching-2048", inSet)},
		"thumbnail":      {"stanislaus", h.pictureAt("thumb-256", inSet)},
		"screen":         {"stanislaus", h.pictureAt("screen-1024", inSet)},
		"owner":          {"edeltraud", h.pictureAt("thumb-256", inSet)},
		"copy":           {"carlotta", h.pictureAt("masked-full", "")},
		"copy on screen": {"carlotta", h.pictureAt("masked-1024", "")},
		"small copy":     {"carlotta", h.pictureAt("masked-256", "")},
	} {
		for n := range sides[0].ids {
			got := h.both(sides, n, door.login, door.path)
			if !bytes.Equal(got[0], got[1]) || !bytes.HasPrefix(got[0], []byte("\xff\xd8\xff")) {
				h.Errorf("%s, pair %d: %d and %d bytes differ", name, n, len(got[0]), len(got[1]))
			}
			if bytes.Equal(got[0], sides[0].plain[n]) {
				h.Errorf("%s, pair %d: serves the plain picture", name, n)
			}
		}
	}
}

// sameOnPaper compares contact sheets, and the ways out by a consent. Print and
// the patient's record are care's, and those of the law take the picture itself:
// masks are for nobody there.
func (h *house) sameOnPaper(sides [2]side) {
	h.Helper()
	var sheets [][]byte
	for _, s := range sides {
		res, sheet := h.ask(h.Context(), "edeltraud", http.MethodGet, "/sets/"+s.set.String()+"/sheet")
		if res.StatusCode != http.StatusOK {
			h.Errorf("contact sheet: %s", res.Status)
		}
		sheets = append(sheets, sheet)
	}
	h.samePictures("contact sheet", sheets, sides[0].plain)
	const most = 50 // pictures in one release
	for _, way := range []clinical.Release{
		{Kind: clinical.ToJournal, Recipient: "Annals"},
		{Kind: clinical.ToConference, Recipient: "EADV", UseBy: clinical.Date{Year: 2098, Month: 5, Day: 1}},
	} {
		for from := 0; from < len(sides[0].ids); from += most {
			to := min(from+most, len(sides[0].ids))
			one, two := h.fromRelease(sides[0].ids[from:to], way), h.fromRelease(sides[1].ids[from:to], way)
			for i := range one {
				if !bytes.Equal(one[i], two[i]) || bytes.Equal(one[i], sides[0].plain[from+i]) || !bytes.HasPrefix(one[i], []byte("\xff\xd8\xff")) {
					h.Errorf("%s, pair %d: the pictures handed over differ: %d and %d bytes", way.Kind, from+i, len(one[i]), len(two[i]))
				}
			}
		}
	}
}

// both asks a door for both pictures of a pair.
func (h *house) both(sides [2]side, n int, login string, path func(s side, n int) string) [][]byte {
	h.Helper()
	var out [][]byte
	for _, s := range sides {
		where := path(s, n)
		var body []byte
		h.eventually("an answer", func() bool { // the copies at other sizes are made behind the one that was looked at
			var res *http.Response
			res, body = h.ask(h.Context(), login, http.MethodGet, where)
			return res.StatusCode == http.StatusOK
		})
		out = append(out, body)
	}
	return out
}

// samePictures compares the pictures in two papers.
func (h *house) samePictures(what string, papers, plain [][]byte) {
	h.Helper()
	one, two := jpegs(papers[0]), jpegs(papers[1])
	slices.SortFunc(one, bytes.Compare) // a paper has them in an order of its own
	slices.SortFunc(two, bytes.Compare)
	if len(one) == 0 || !slices.EqualFunc(one, two, bytes.Equal) {
		h.Errorf("%s: %d and %d pictures differ", what, len(one), len(two))
	}
	for _, p := range plain {
		if slices.ContainsFunc(one, func(b []byte) bool { return bytes.Equal(b, p) }) {
			h.Errorf("%s shows a plain picture", what)
		}
	}
}

// fromRelease are the pictures that somebody is handed.
func (h *house) fromRelease(ids []clinical.AssetID, way clinical.Release) [][]byte {
	h.Helper()
	way.Authority, way.Assets, way.Format = "agreement of today", ids, clinical.EncryptedZIP
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
	var out [][]byte
	for i, id := range ids {
		b, err := os.ReadFile(filepath.Join(dir, "out", fmt.Sprintf("picture-%03d.jpg", i+1)))
		h.check(err)
		out = append(out, b)
		for _, name := range []string{"README.txt", "SHA256SUMS"} {
			text, err := os.ReadFile(filepath.Join(dir, "out", name))
			h.check(err)
			if a, err := h.sys.vault.Asset(h.Context(), id); err != nil || strings.Contains(string(text), hex.EncodeToString(a.Original.SHA256[:])) {
				h.Errorf("%s names the original, %v", name, err)
			}
		}
	}
	return out
}
