package api_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fovea/clinical"
	"fovea/internal/testenv"
	"fovea/server/api"
	"fovea/server/login"
	"fovea/server/wire"
)

// failing is a machine on which every long act fails after a step.
type failing struct{ err error }

func (f failing) Import(_ context.Context, _ wire.ImportFiles, progress func(done, total int)) (any, error) {
	progress(1, 2)
	return nil, f.err
}

func (f failing) Fsck(context.Context, bool, func(done, total int)) (any, error) { return nil, f.err }

func (f failing) Reindex(context.Context, func(done, total int)) (any, error) { return nil, f.err }

func (f failing) ExportAudit(context.Context, io.Writer) error { return f.err }

func (f failing) DropRenditions(context.Context, clinical.Caller, func(done, total int)) (any, error) {
	return nil, f.err
}

func (f failing) ProvePaper(context.Context, string) (any, error) { return nil, f.err }

func (f failing) Prove(context.Context, uint64, clinical.RecallID) (any, error) { return nil, f.err }

// byOperator sends a request as if it came through the admin socket.
func byOperator(t *testing.T, door http.Handler, pattern, as, body string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	r := httptest.NewRequestWithContext(login.ByOperator(t.Context(), "uid 0"), method, path, strings.NewReader(body))
	if as != "" {
		r.Header.Set(login.As, as)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}

func TestALongActThatFailsSaysOfWhatKindAndWhy(t *testing.T) {
	h := testenv.NewHouse(t)
	for _, want := range []error{
		clinical.Refuse(clinical.NotFound, "no-studio", "There is no such studio. Name one of the configuration."),
		clinical.Refuse(clinical.Unavailable, "disk-full", "The disk is full. Make room, then go on."),
		clinical.Errorf(clinical.Corrupt, "vault: open something"),
		io.ErrUnexpectedEOF,
	} {
		door := api.New(api.Options{Gate: h.Gate, Authenticate: h.Login.Authenticate, Accounts: h.Login, Operations: failing{want}})
		lines := json.NewDecoder(byOperator(t, door, "POST /api/v1/admin/import", "", `{"studio":"a","paths":["x"]}`).Body)
		var step, last wire.Progress
		if err := lines.Decode(&step); err != nil || step.End || step.Done != 1 || step.Total != 2 || step.Err() != nil {
			t.Errorf("the step: %+v %v", step, err)
		}
		if err := lines.Decode(&last); err != nil || !last.End || last.Error == "" {
			t.Errorf("the end: %+v %v", last, err)
		}
		got := last.Err()
		if clinical.KindOf(got) != clinical.KindOf(want) || clinical.ReasonOf(got) != clinical.ReasonOf(want) {
			t.Errorf("came back as %v, was %v", got, want)
		}
		if strings.Contains(last.Error, "vault:") {
			t.Errorf("words of the operator's reach the person: %s", last.Error)
		}
	}
}

func TestOnlyTheAdminSocketIsToldThatNobodyHasALogin(t *testing.T) {
	h, door := open(t)
	w := byOperator(t, door, "GET /api/v1/sets", "nobody", "")
	if p := problem(t, w); w.Code != http.StatusForbidden || p.Reason != "no-such-person" {
		t.Errorf("the machine's owner: %d %+v", w.Code, p)
	}
	w = h.Ask(door, "", http.MethodGet, "/api/v1/sets", "", login.As, "nobody")
	if p := problem(t, w); w.Code != http.StatusUnauthorized || p.Reason != "sign-in" {
		t.Errorf("the network: %d %+v", w.Code, p)
	}
}
