package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"fovea/clinical"
	"fovea/server/wire"
)

// operator adds the long acts of the machine's owner: each answers with lines
// of wire.Progress, the last of which has End.
func (s *service) operator(mux *http.ServeMux) {
	long := func(path string, run func(ctx context.Context, r *http.Request, progress func(done, total int)) (any, error)) {
		mux.HandleFunc("POST /api/v1/admin/"+path, func(w http.ResponseWriter, r *http.Request) {
			if !s.isOperator(w, r) {
				return
			}
			w.Header().Set("Content-Type", "application/x-ndjson")
			enc, flush := json.NewEncoder(w), http.NewResponseController(w)
			progress := func(done, total int) {
				_ = enc.Encode(wire.Progress{Done: done, Total: total})
				_ = flush.Flush()
			}
			report, err := run(r.Context(), r, progress)
			last := wire.Progress{End: true, Report: report}
			if err != nil {
				last.Fail(err, problem(err).Detail)
				if s.Log != nil {
					s.Log.ErrorContext(r.Context(), "operation failed", "operation", path, "err", err)
				}
			}
			_ = enc.Encode(last)
		})
	}
	long("import", func(ctx context.Context, r *http.Request, progress func(done, total int)) (any, error) {
		var in wire.ImportFiles
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&in); err != nil {
			return nil, clinical.Refuse(clinical.Invalid, "body", "The request is not valid JSON. Correct it and send it again.")
		}
		return s.Operations.Import(ctx, in, progress)
	})
	long("fsck", func(ctx context.Context, r *http.Request, progress func(done, total int)) (any, error) {
		return s.Operations.Fsck(ctx, r.URL.Query().Get("deep") == "true", progress)
	})
	long("reindex", func(ctx context.Context, _ *http.Request, progress func(done, total int)) (any, error) {
		return s.Operations.Reindex(ctx, progress)
	})
	long("renditions/drop", s.dropRenditions)
	long("proof", s.prove)
	mux.HandleFunc("GET /api/v1/admin/audit", s.exportAudit)
}

// exportAudit sends the ledger whole, or cuts the answer.
func (s *service) exportAudit(w http.ResponseWriter, r *http.Request) {
	if !s.mayExportAudit(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := s.Operations.ExportAudit(r.Context(), w); err != nil {
		if s.Log != nil {
			s.Log.ErrorContext(r.Context(), "audit export failed", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
}

// dropRenditions gives up the bytes of all renditions, and notes who wished it.
func (s *service) dropRenditions(ctx context.Context, r *http.Request, progress func(done, total int)) (any, error) {
	c, err := s.Authenticate(r)
	if err != nil {
		return nil, err
	}
	return s.Operations.DropRenditions(ctx, c, progress)
}

// prove answers with the proof of one change, by its number or its recall, or of
// a paper, by its hash.
func (s *service) prove(ctx context.Context, r *http.Request, _ func(done, total int)) (any, error) {
	if sum := r.URL.Query().Get("sha256"); sum != "" {
		return s.Operations.ProvePaper(ctx, sum)
	}
	recall, err := clinical.ParseID[clinical.Recall](cmp.Or(r.URL.Query().Get("recall"), clinical.RecallID{}.String()))
	seq, bad := strconv.ParseUint(cmp.Or(r.URL.Query().Get("seq"), "0"), 10, 64)
	if err != nil || bad != nil || recall.IsZero() == (seq == 0) {
		return nil, clinical.Refuse(clinical.Invalid, "seq", "Say which change to prove: its number in the journal, or the recall it set in motion.")
	}
	return s.Operations.Prove(ctx, seq, recall)
}

// isOperator answers 404 to everybody but the owner of the machine.
func (s *service) isOperator(w http.ResponseWriter, r *http.Request) bool {
	c, err := s.Authenticate(r)
	if err != nil || c.Operator == "" {
		http.NotFound(w, r)
		return false
	}
	return true
}

// mayExportAudit admits the operator and governance: an export holds only
// pseudonyms.
func (s *service) mayExportAudit(w http.ResponseWriter, r *http.Request) bool {
	c, err := s.Authenticate(r)
	if err == nil && c.Operator != "" {
		return true
	}
	if err == nil {
		if p, ok := s.Gate.PersonByID(c.Person); ok && p.Role == clinical.Governance {
			return true
		}
	}
	http.NotFound(w, r)
	return false
}
