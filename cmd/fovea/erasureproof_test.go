package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"fovea/clinical"
	"fovea/exchange/paper"
	"fovea/policy"
	"fovea/server/wire"
	"fovea/vault/ledger"
)

// Whatever is decided on a request to erase, its certificate proves the
// decision: at once, in every edition, and to who took the request after the
// record is gone.
func TestTheCertificateOfAnErasureProvesTheDecisionWhateverItWas(t *testing.T) {
	h, _ := toTheLetter(t, nil)
	for _, outcome := range []clinical.ErasureOutcome{clinical.EraseRefuse, clinical.EraseRestrict, clinical.EraseShred} {
		var asked wire.Result
		h.post("carlotta", http.MethodPost, "/patients/"+h.patient.String()+"/erasures", wire.Erase{OnBehalf: "the patient", Reason: "wants it gone"}, &asked)
		if len(asked.IDs) != 1 {
			t.Fatalf("%s: nothing was asked: %+v", outcome, asked)
		}
		id := asked.IDs[0]
		if code, body := h.post("gustav", http.MethodPost, "/erasures/"+id+"/decide", wire.DecideErasure{Outcome: outcome, Reason: "as the policy says"}, nil); code != http.StatusOK {
			t.Fatalf("%s: %d %s", outcome, code, body)
		}
		h.eventually("done", func() bool {
			var all wire.List[wire.Erasure]
			h.post("gustav", http.MethodGet, "/erasures", nil, &all)
			for _, e := range all.Items {
				if e.Done.IsZero() {
					return false
				}
			}
			return true
		})
		for who, edition := range map[string]string{"carlotta": "patient", "gustav": "governance"} {
			h.provesDecision(who, id, edition)
		}
	}
}

// provesDecision verifies the proof in a certificate of erasure.
func (h *house) provesDecision(login, id, edition string) {
	h.Helper()
	_, body := h.ask(h.Context(), login, http.MethodGet, "/api/v1/erasures/"+id+"/certificate?format=json&edition="+edition)
	var c paper.ErasureCertificate
	if err := json.Unmarshal(body, &c); err != nil || c.Proof.Tlog == "" {
		h.Errorf("%s: no proof for %s: %v %.300s", c.Outcome, login, err, body)
		return
	}
	leaf, _, err := ledger.CheckProof([]byte(c.Proof.Tlog), c.Proof.Key)
	if err != nil || leaf.Act != string(clinical.ActErasureDecided) || leaf.Rule != c.Outcome && leaf.Rule != policy.ShredUnscheduled {
		h.Errorf("%s, for %s: it proves %s %s, %v", c.Outcome, login, leaf.Act, leaf.Rule, err)
	}
}
