package pages_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/pages"
	"fovea/server/wire"
)

// aligner answers what it is given.
type aligner struct {
	says  wire.Alignment
	err   error
	asked []wire.Align
	of    clinical.AssetID
}

func (a *aligner) Align(_ context.Context, _ clinical.Caller, of clinical.AssetID, how wire.Align) (wire.Alignment, error) {
	a.asked, a.of = append(a.asked, how), of
	out := a.says
	out.ByHand = len(how.Points) > 0
	return out, a.err
}

func accepted() wire.Alignment {
	return wire.Alignment{
		Accepted: true, Words: "The pictures are aligned.", Matrix: []float64{1.5, 0, -30, 0, 1.5, 60, .0001, 0, 1}, Error: 12, Agreeing: 40, Parts: 20, Alike: 18,
		Region: []clinical.Point{{X: 10, Y: 20}, {X: 3000, Y: 20}, {X: 1000, Y: 2500}}, Before: wire.PixelSize{Width: 6000, Height: 4000}, After: wire.PixelSize{Width: 3000, Height: 4000},
	}
}

// followed is the door of a house with two pictures of one patient, a week
// apart; "leg" is the later.
func followed(t *testing.T, a *aligner) (to entry, before, after string) {
	t.Helper()
	h := testenv.NewHouse(t)
	leg, first := clinicaltest.Picture("leg", "adult"), clinicaltest.Picture("hand", "adult")
	first.Capture.At = leg.Capture.At.Add(-7 * 24 * time.Hour)
	h.Keep(first)
	h.Keep(leg)
	h.Settle()
	opt := pages.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Devices: h.Login,
		Explain: func(r clinical.Reason) string { return string(r) }, Zone: clinicaltest.Zone(), Now: clinicaltest.Now, URL: func() string { return "https://fovea.test:8443" },
	}
	if a != nil {
		opt.Aligner = a
	}
	door, err := pages.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return entry{h, door}, id[clinical.Asset]("hand"), id[clinical.Asset]("leg")
}

func TestAFollowUpIsLaidOverItsPredecessorWithoutScriptOrStyleOfThePage(t *testing.T) {
	a := &aligner{says: accepted()}
	to, before, after := followed(t, a)
	for _, path := range []string{"/pictures/" + after + "/compare", "/pictures/" + before + "/compare?with=" + after} {
		w := to.house.Ask(to.door, "clara", "GET", path)
		page := w.Body.String()
		if w.Code != http.StatusOK || a.of.String() != after || a.asked[len(a.asked)-1].Onto.String() != before {
			t.Fatalf("%s: %d, %s was laid over %s", path, w.Code, a.of, a.asked[len(a.asked)-1].Onto)
		}
		for _, want := range []string{"7 days apart", "Aligned by 40 details, within 12 px (0.2 %)", `points="10,20 3000,20 1000,2500"`, `viewBox="0 0 6000 4000"`, `class="at-20"`, "/img/" + before + "/original"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
		if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, "<style") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has a script or a style of its own under %q", path, policy)
		}
		sheet := regexp.MustCompile(`/compare\.css\?[^"]*`).FindString(page)
		css := to.house.Ask(to.door, "clara", "GET", strings.ReplaceAll(sheet, "&amp;", "&"))
		// 960 CSS pixels show 6000: what moves by 30 pixels moves by 4.8, and perspective grows by as much.
		want := "matrix3d(1.500000000, 0.000000000, 0, 0.000625000, 0.000000000, 1.500000000, 0, 0.000000000, 0, 0, 1, 0, -4.800000000, 9.600000000, 0, 1.000000000)"
		if css.Code != http.StatusOK || !strings.HasPrefix(css.Header().Get("Content-Type"), "text/css") || !strings.Contains(css.Body.String(), want) {
			t.Errorf("%s: %d %s", sheet, css.Code, css.Body)
		}
	}
}

func TestWhatIsNotAlignedStandsSideBySideAndSaysWhy(t *testing.T) {
	refused := accepted()
	refused.Accepted, refused.Matrix, refused.Reason, refused.Words = false, nil, "align-few", "Too few details are the same in both pictures. Align by hand."
	for name, tt := range map[string]struct {
		a    *aligner
		want string
	}{
		"refused": {&aligner{says: refused}, "Too few details are the same"},
		"busy":    {&aligner{err: clinical.Refuse(clinical.Unavailable, "busy", "Come back in a minute.")}, "Come back in a minute."},
		"nobody":  {nil, "aligns no pictures"},
	} {
		to, before, after := followed(t, tt.a)
		w := to.house.Ask(to.door, "clara", "GET", "/pictures/"+after+"/compare")
		page := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(page, tt.want) || strings.Contains(page, "compare.css?") || strings.Contains(page, `class="stage"`) {
			t.Errorf("%s: %d, or it does not say why, or lays one over the other", name, w.Code)
		}
		if !strings.Contains(page, "/img/"+before+"/original") || !strings.Contains(page, "/img/"+after+"/original") || !strings.Contains(page, "Align by hand…") {
			t.Errorf("%s: not both pictures, or no way on", name)
		}
	}
}

func TestPlacesArePointedAtWithoutScript(t *testing.T) {
	a := &aligner{says: accepted()}
	to, before, after := followed(t, a)
	path := "/pictures/" + after + "/compare?with=" + before + "&hand=1"
	page := to.house.Ask(to.door, "clara", "GET", path).Body.String()
	if len(a.asked) > 0 || !strings.Contains(page, `name="bw" src="/img/`+before+`/original" width="620" height="413"`) || !strings.Contains(page, `value="lay" disabled`) {
		t.Fatalf("asked %v, or nothing to point at: %s", a.asked, page)
	}
	// A click on the earlier picture, 620 of its 6000 pixels wide.
	page = to.house.Ask(to.door, "clara", "GET", path+"&bw.x=61&bw.y=40").Body.String()
	if !strings.Contains(page, `name="before" value="595,392"`) || !strings.Contains(page, "1 places in A, 0 in B") {
		t.Errorf("the click is not a place")
	}
	three := "&before=100,100&before=5000,100&before=300,3000&after=110,90&after=2900,130&after=310,3010"
	page = to.house.Ask(to.door, "clara", "GET", path+three+"&do=undo").Body.String()
	if strings.Count(page, `name="after"`) != 2 || strings.Count(page, `name="before"`) != 3 {
		t.Errorf("the last place is still there")
	}
	page = to.house.Ask(to.door, "clara", "GET", path+three+"&do=lay").Body.String()
	if len(a.asked) != 1 || len(a.asked[0].Points) != 3 || a.asked[0].Points[1] != (wire.PointPair{Before: clinical.Point{X: 5000, Y: 100}, After: clinical.Point{X: 2900, Y: 130}}) {
		t.Errorf("asked %+v", a.asked)
	}
	if !strings.Contains(page, "Aligned by hand") {
		t.Error("it does not say that it is aligned by hand")
	}
	for _, wrong := range []string{"&before=1,x", "&before=" + strings.Repeat("1,1&before=", 8) + "1,1"} {
		if w := to.house.Ask(to.door, "clara", "GET", path+wrong); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, w.Code)
		}
	}
}

func TestWhoIsNotShownAPictureComparesNothingWithIt(t *testing.T) {
	a := &aligner{says: accepted()}
	to, before, after := followed(t, a)
	other := clinicaltest.Picture("waits", "child")
	to.house.Keep(other)
	to.house.Settle()
	absent := to.house.Ask(to.door, "stella", "GET", "/pictures/"+id[clinical.Asset]("nothing")+"/compare")
	for _, path := range []string{"/pictures/" + after + "/compare", "/pictures/" + before + "/compare?with=" + after} {
		if w := to.house.Ask(to.door, "stella", "GET", path); w.Code != http.StatusNotFound || w.Body.String() != absent.Body.String() {
			t.Errorf("%s: %d, or it differs from what is absent", path, w.Code)
		}
	}
	for _, with := range []string{id[clinical.Asset]("waits"), id[clinical.Asset]("nothing"), after, "x"} {
		if w := to.house.Ask(to.door, "clara", "GET", "/pictures/"+after+"/compare?with="+with); w.Code != http.StatusNotFound {
			t.Errorf("with %s: %d", with, w.Code)
		}
	}
	if len(a.asked) > 0 {
		t.Errorf("asked %v", a.asked)
	}
	for _, query := range []string{"", "before=1x1&after=1x1&matrix=1,2,3", "before=0x1&after=1x1&matrix=1,0,0,0,1,0,0,0,1", "before=1x1&after=1x1&matrix=1,0,0,0,NaN,0,0,0,1", "before=1x1&after=1x1)}&matrix=1,0,0,0,1,0,0,0,1"} {
		if w := to.house.Ask(to.door, "clara", "GET", "/compare.css?"+query); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", query, w.Code)
		}
	}
}

func TestALesionsPageComparesItsLastPictureWithItsFirst(t *testing.T) {
	to, before, after := followed(t, &aligner{says: accepted()})
	page, lesion := openedLesion(t, to, "ulcer")
	link := "/pictures/" + after + "/compare?with=" + before
	if strings.Contains(to.house.Ask(to.door, "clara", "GET", page).Body.String(), "/compare") {
		t.Error("a lesion without pictures compares some")
	}
	leads(t, send(t, to, "paula", "/assets/lesion", "lesion", lesion, "asset", before, "asset", after, "back", page), page)
	if body := to.house.Ask(to.door, "clara", "GET", page).Body.String(); !strings.Contains(body, link) {
		t.Errorf("the page does not lead to %s", link)
	}
	if w := to.house.Ask(to.door, "clara", "GET", link); w.Code != http.StatusOK {
		t.Errorf("%s: %d", link, w.Code)
	}
}
