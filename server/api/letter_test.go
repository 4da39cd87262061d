package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/internal/testenv"
	"fovea/server/api"
	"fovea/server/wire"
)

const asJSON = "application/json"

func adult() string { return clinicaltest.ID[clinical.Patient]("adult").String() }

func wounds() string { return clinicaltest.ID[clinical.TeachingSet]("wounds").String() }

// read decodes an answer that has to be 200.
func read[T any](t *testing.T, w *httptest.ResponseRecorder) (out T) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestASimulatedActDoesNothing(t *testing.T) {
	h, door := open(t)
	before := h.Vault.Head()
	impact := read[wire.Impact](t, h.Ask(door, "nina", "POST", "/api/v1/simulate/patients/"+adult()+"/withdrawals", `{}`, "Content-Type", asJSON))
	if impact.Removes != 1 || impact.Words == "" || h.Vault.Head() != before {
		t.Errorf("%+v, journal from %d to %d", impact, before, h.Vault.Head())
	}
	refused := h.Ask(door, "stella", "POST", "/api/v1/simulate/patients/"+adult()+"/withdrawals", `{}`, "Content-Type", asJSON)
	done := h.Ask(door, "stella", "POST", "/api/v1/patients/"+adult()+"/withdrawals", `{}`, "Content-Type", asJSON)
	if refused.Code < 400 || refused.Code != done.Code || refused.Body.String() != done.Body.String() {
		t.Errorf("simulated %d %s, done %d %s", refused.Code, refused.Body, done.Code, done.Body)
	}
}

func TestARosterFileIsLookedAtRowByRow(t *testing.T) {
	h, door := open(t)
	put := func(csv, match string) *httptest.ResponseRecorder {
		return h.Ask(door, "edith", "PUT", "/api/v1/sets/"+wounds()+"/roster", csv, "Content-Type", "text/csv", "If-Match", match)
	}
	rev := strconv.Quote(strconv.FormatUint(read[wire.SetPage](t, h.Ask(door, "edith", "GET", "/api/v1/sets/"+wounds())).Set.Rev, 10))
	bad := read[wire.RosterReport](t, put("login,cohort,from,until\nstella,Year 3,2026-10-01,2027-02-28\nnobody,Year 3,,\n", rev))
	if len(bad.Faults) != 1 || bad.Faults[0].Row != 3 || bad.Faults[0].Reason != "unknown-person" || bad.Seq != 0 {
		t.Errorf("%+v", bad)
	}
	good := read[wire.RosterReport](t, put("\ufefflogin;cohort;from;until\r\nstella;Year 3;2026-10-01;2027-02-28\r\nemil;;;\r\n", rev))
	if good.Seq == 0 || good.Readers != 2 || good.Cohorts != 1 {
		t.Errorf("%+v", good)
	}
	if w := put("login\nemil\n", rev); w.Code != http.StatusPreconditionFailed {
		t.Errorf("from an older state: %d %s", w.Code, w.Body)
	}
	if w := put("login\nemil\n", ""); w.Code != http.StatusPreconditionRequired {
		t.Errorf("from no state: %d %s", w.Code, w.Body)
	}
	for _, broken := range []string{"login\nem\"il\n", "login\n\"emil\n"} {
		if w := put(broken, rev); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "roster-csv") {
			t.Errorf("%q: %d %s", broken, w.Code, w.Body)
		}
	}
	readers := read[wire.List[wire.Reader]](t, h.Ask(door, "edith", "GET", "/api/v1/sets/"+wounds()+"/readers"))
	if len(readers.Items) != 2 || readers.Items[1].Cohort != "Year 3" || readers.Items[1].Until.String() != "2027-02-28" || !readers.Items[1].Active {
		t.Errorf("%+v", readers.Items)
	}
	for _, who := range []string{"stella", "paula"} {
		if w := h.Ask(door, who, "GET", "/api/v1/sets/"+wounds()+"/readers"); w.Code != http.StatusNotFound {
			t.Errorf("%s reads who reads: %d", who, w.Code)
		}
	}
}

func TestThePasswordIsAskedAgainBeforeGlassIsBroken(t *testing.T) {
	h, door := open(t)
	ask := func(password string) *httptest.ResponseRecorder {
		in := `{"patient":"` + adult() + `","why":"emergency","words":"night duty","password":"` + password + `"}`
		return h.Ask(door, "oscar", "POST", "/api/v1/break-glass", in, "Content-Type", asJSON)
	}
	if p := problem(t, ask("not this one")); p.Reason != "wrong-password" {
		t.Errorf("%+v", p)
	}
	if w := h.Ask(door, "oscar", "GET", "/img/"+leg()+"/original"); w.Code != http.StatusNotFound {
		t.Errorf("before: %d", w.Code)
	}
	made := read[wire.Result](t, ask(testenv.Password))
	for _, query := range []string{"?channel=download", "?channel=view", "?channel=", "?channel=everything"} {
		if w := h.Ask(door, "oscar", "GET", "/img/"+leg()+"/original"+query); w.Code != http.StatusNotFound {
			t.Errorf("a ticket opens %s: %d", query, w.Code)
		}
	}
	if w := h.Ask(door, "clara", "GET", "/img/"+leg()+"/original?channel=download"); w.Code != http.StatusOK || w.Header().Get("Content-Disposition") != "attachment" {
		t.Errorf("who treats may keep a file: %d %v", w.Code, w.Header())
	}
	if w := h.Ask(door, "oscar", "GET", "/img/"+leg()+"/original"); w.Code != http.StatusOK {
		t.Errorf("with the ticket: %d", w.Code)
	}
	mine := read[wire.List[wire.Glass]](t, h.Ask(door, "oscar", "GET", "/api/v1/break-glass"))
	if len(mine.Items) != 1 || mine.Items[0].ID.String() != made.IDs[0] {
		t.Errorf("%+v", mine)
	}
}

func TestRulesAnswerForThemselves(t *testing.T) {
	h, door := open(t)
	stella := clinicaltest.ID[clinical.Person]("stella").String()
	path := "/api/v1/explain?channel=mount&asset=" + leg() + "&set=" + wounds() + "&person=" + stella
	why := read[wire.Explanation](t, h.Ask(door, "greta", "GET", path))
	if !why.Permit || len(why.Rules) < 10 || why.Words == "" {
		t.Errorf("%+v", why)
	}
	if w := h.Ask(door, "stella", "GET", path); w.Code != http.StatusNotFound {
		t.Errorf("about oneself: %d", w.Code)
	}
	if p := problem(t, h.Ask(door, "greta", "GET", path+"&purpose=P9")); p.Status != http.StatusBadRequest {
		t.Errorf("a purpose that is none: %+v", p)
	}
	if p := problem(t, h.Ask(door, "greta", "GET", strings.Replace(path, "mount", "view,mount", 1))); p.Status < 400 || p.Status > 499 {
		t.Errorf("two channels: %+v", p)
	}
	other := read[wire.Impact](t, h.Ask(door, "greta", "POST", "/api/v1/simulate/rules", `{"limits":{"smallGroup":3},"roles":[{"role":"student","purpose":"P2","channels":""}]}`, "Content-Type", asJSON))
	if other.Words == "" {
		t.Errorf("%+v", other)
	}
}

func TestEventsGoOnWhereTheirPageEnded(t *testing.T) {
	h, door := open(t)
	for range 3 {
		h.Ask(door, "clara", "GET", "/img/"+leg()+"/original")
	}
	var got []uint64
	for next := ""; ; {
		page := read[wire.List[wire.Recorded]](t, h.Ask(door, "greta", "GET", "/api/v1/events?limit=2&acts=asset.viewed&asset="+leg()+"&cursor="+next))
		for _, e := range page.Items {
			got = append(got, e.Leaf)
			if e.Name != "Invented clara" || e.Use != "P0 A0 view" {
				t.Errorf("%+v", e)
			}
		}
		if next = page.Next; next == "" {
			break
		}
	}
	if len(got) != 3 || got[0] >= got[1] || got[1] >= got[2] {
		t.Errorf("entries %v", got)
	}
	if w := h.Ask(door, "clara", "GET", "/api/v1/events"); w.Code != http.StatusForbidden {
		t.Errorf("who treats: %d", w.Code)
	}
}

// Governance learns from which device somebody saw a picture, by the name that they gave it, and with which program; of a
// device that is known no more, that it was the same.
func TestEventsNameTheDevice(t *testing.T) {
	h, door := open(t)
	clara := clinicaltest.ID[clinical.Person]("clara")
	tablet, err := h.Login.IssueAppPassword(t.Context(), clara, "ward tablet", nil, 30)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "https://fovea.test/img/"+leg()+"/original", nil)
	r.SetBasicAuth("clara", tablet.Secret)
	r.Header.Set("User-Agent", "rclone/v1.70.3 of somebody's")
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	seen := func() wire.Recorded {
		t.Helper()
		page := read[wire.List[wire.Recorded]](t, h.Ask(door, "greta", "GET", "/api/v1/events?acts=asset.viewed&asset="+leg()))
		if len(page.Items) != 1 {
			t.Fatalf("%+v", page.Items)
		}
		return page.Items[0]
	}
	before := seen()
	if before.Called != "ward tablet" || before.Agent != "rclone/v1.70.3" || before.Device == "" || before.Device != tablet.Ledger {
		t.Errorf("%+v, issued %q", before, tablet.Ledger)
	}
	if err := h.Login.RevokeAppPassword(t.Context(), clara, tablet.ID); err != nil {
		t.Fatal(err)
	}
	if after := seen(); after.Called != "" || after.Device != before.Device || after.Agent != before.Agent {
		t.Errorf("revoked: %+v", after)
	}
}

func TestATicketIsGoodOnceForAMinuteAndSignsNobodyIn(t *testing.T) {
	h := testenv.NewHouse(t)
	now := clinicaltest.Now()
	door := api.New(api.Options{
		Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Now: func() time.Time { return now },
		Rules: []clinical.IdentifierRule{{System: "hospital", Pattern: `H[A-Z]\d{6}`, Check: clinical.NoCheck}},
	})
	sell := func(body string) *httptest.ResponseRecorder {
		return h.Ask(door, "clara", "POST", "/api/v1/launch", body, "Content-Type", asJSON)
	}
	const who = `{"patient":{"system":"hospital","value":"HA000001"}`
	path := read[wire.Launched](t, sell(who+`}`)).Path
	if w := h.Ask(door, "", "GET", path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "here=1") || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("from another site: %d %s", w.Code, w.Body)
	}
	keep := func(path string) string {
		t.Helper()
		w := h.Ask(door, "", "GET", path+"?here=1")
		ticket, ok := strings.CutPrefix(w.Header().Get("Location"), "/login?way=")
		if w.Code != http.StatusSeeOther || !ok || len(ticket) != len(strings.TrimPrefix(path, "/launch/")) {
			t.Fatalf("who is not signed in: %d %v", w.Code, w.Header())
		}
		return "/launch/" + ticket
	}
	sold := path
	path = keep(path)
	if w := h.Ask(door, "clara", "GET", sold); w.Code != http.StatusNotFound {
		t.Errorf("a ticket and the one it was exchanged for: %d", w.Code)
	}
	if w := h.Ask(door, "clara", "GET", keep(sold)); w.Code != http.StatusNotFound {
		t.Errorf("what is no ticket is kept: %d", w.Code)
	}
	now = now.Add(9 * time.Minute)
	path = keep(path)
	if w := h.Ask(door, "clara", "GET", path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/patients/"+adult() {
		t.Errorf("who is: %d %v", w.Code, w.Header())
	}
	never := h.Ask(door, "clara", "GET", "/launch/NEVERSOLD")
	if w := h.Ask(door, "clara", "GET", path); w.Code != http.StatusNotFound || w.Body.String() != never.Body.String() {
		t.Errorf("again: %d", w.Code)
	}
	path = keep(keep(read[wire.Launched](t, sell(who+`}`)).Path))
	now = now.Add(9 * time.Minute)
	path = keep(path)
	now = now.Add(time.Minute)
	if w := h.Ask(door, "clara", "GET", path); w.Code != http.StatusNotFound {
		t.Errorf("asking again and again keeps a ticket: %d", w.Code)
	}
	path = read[wire.Launched](t, sell(who+`,"job":"J-adult"}`)).Path
	now = now.Add(time.Minute)
	if w := h.Ask(door, "clara", "GET", path); w.Code != http.StatusNotFound {
		t.Errorf("after its minute: %d", w.Code)
	}
	if w := sell(who + `,"job":"J-child"}`); w.Code != http.StatusNotFound {
		t.Errorf("another patient's job: %d %s", w.Code, w.Body)
	}
}

func TestLesionsAndWhoElseIsSeen(t *testing.T) {
	h, door := open(t)
	send := func(who, method, path, body, match string) *httptest.ResponseRecorder {
		return h.Ask(door, who, method, "/api/v1"+path, body, "Content-Type", asJSON, "If-Match", match)
	}
	at := "/patients/" + adult() + "/lesions"
	id := read[wire.Result](t, send("clara", "POST", at, `{"label":"ulcer, medial","laterality":"L"}`, "")).IDs[0]
	list := read[wire.List[wire.Lesion]](t, h.Ask(door, "clara", "GET", "/api/v1"+at)).Items
	if len(list) != 1 || list[0].ID.String() != id || list[0].Rev == 0 || !list[0].Closed.IsZero() {
		t.Fatalf("listed as %+v", list)
	}
	if w := h.Ask(door, "oscar", "GET", "/api/v1"+at); w.Code != http.StatusNotFound {
		t.Errorf("to somebody who does not treat: %d", w.Code)
	}
	match := strconv.Quote(strconv.FormatUint(list[0].Rev, 10))
	closed := `{"label":"ulcer, medial","opened":"` + list[0].Opened.Format(time.RFC3339Nano) + `","closed":"` + list[0].Opened.Format(time.RFC3339Nano) + `"}`
	read[wire.Result](t, send("clara", "PUT", "/lesions/"+id, closed, match))
	if w := send("clara", "PUT", "/lesions/"+id, closed, match); w.Code != http.StatusPreconditionFailed {
		t.Errorf("closed twice on one reading: %d", w.Code)
	}
	child := clinicaltest.ID[clinical.Patient]("child").String()
	read[wire.Result](t, send("clara", "POST", "/assets/subjects", `{"assets":["`+leg()+`"],"subjects":["`+child+`"]}`, ""))
	if a := read[wire.Asset](t, h.Ask(door, "clara", "GET", "/api/v1/assets/"+leg())); len(a.Subjects) != 1 || a.Subjects[0].String() != child {
		t.Errorf("seen are %v", a.Subjects)
	}
	named := read[wire.Named](t, h.Ask(door, "greta", "GET", "/api/v1/assets/"+leg()+"/subjects"))
	if len(named.Patients) != 2 || named.Patients[1].String() != child {
		t.Errorf("named are %v", named.Patients)
	}
	if w := h.Ask(door, "clara", "GET", "/api/v1/assets/"+leg()+"/subjects"); w.Code != http.StatusNotFound {
		t.Errorf("somebody else asks who is named: %d", w.Code)
	}
	if w := send("clara", "POST", "/assets/subjects", `{"assets":["`+leg()+`"],"away":["`+child+`"],"reason":"a doll"}`, ""); w.Code != http.StatusForbidden {
		t.Errorf("taken away: %d", w.Code)
	}
}
