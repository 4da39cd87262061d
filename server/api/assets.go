package api

import (
	"context"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

type runPath struct {
	ID      clinical.RunID `path:"id"`
	IfMatch string         `header:"If-Match"`
}

type fileBody struct{ Body wire.File }

type onAssetsBody struct{ Body wire.OnAssets }

type classifyBody struct{ Body wire.Classify }

type subjectsBody struct{ Body wire.NameSubjects }

type refileBody struct{ Body wire.Refile }

type assetPath struct {
	ID clinical.AssetID `path:"id"`
}

type describeBody struct {
	ID      clinical.AssetID `path:"id"`
	IfMatch string           `header:"If-Match"`
	Body    wire.Describe
}

// SearchQuery narrows a search.
type SearchQuery struct {
	Page
	InAddress
	Patient   clinical.PatientID `query:"patient"`
	From      time.Time          `query:"from"`
	To        time.Time          `query:"to"`
	Facets    []string           `query:"facets" doc:"keyword, view, site, specialty, studio, year"`
	Keyword   []string           `query:"keyword"`
	View      []string           `query:"view"`
	Specialty []string           `query:"specialty"`
	Year      []string           `query:"year"`
	Sort      string             `query:"sort" enum:"newest,oldest"`
}

func (s *service) arrivals() {
	show(s, "/arrivals", "arrivals", "What lies in the caller's studios", func(ctx context.Context, _ *none) (wire.Arrivals, error) {
		a, err := s.Gate.Arrivals(ctx, caller(ctx))
		return wire.ToArrivals(a), err
	})
	act(s, "POST /runs/{id}/confirm", "confirm-run", "File a run under its patient, as its contact sheet was seen", func(in *runPath) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		return clinical.ConfirmRun{Run: in.ID, Rev: rev}, err
	})
	act(s, "POST /quarantine/file", "file-quarantined", "File quarantined pictures under a patient", func(in *fileBody) (clinical.Command, error) {
		b := in.Body
		return clinical.FileQuarantined{Assets: b.Assets, Patient: b.Patient, Job: b.Job, Reason: b.Reason}, nil
	})
	act(s, "POST /quarantine/reject", "reject-quarantined", "Destroy quarantined pictures that belong to nobody", func(in *onAssetsBody) (clinical.Command, error) {
		return clinical.RejectQuarantined{Assets: in.Body.Assets, Reason: in.Body.Reason}, nil
	})
}

func (s *service) assets() {
	show(s, "/assets/{id}", "asset", "One picture's catalogue entry", func(ctx context.Context, in *assetPath) (wire.Asset, error) {
		a, err := s.Gate.Asset(ctx, caller(ctx), in.ID)
		return wire.ToAsset(a), err
	})
	act(s, "PATCH /assets/{id}", "describe-asset", "Edit one picture's catalogue entry", func(in *describeBody) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		cmd := clinical.DescribeAsset{Asset: in.ID, Rev: rev, Caption: in.Body.Caption, Keywords: in.Body.Keywords, Lesion: in.Body.Lesion}
		if in.Body.View != nil {
			v := in.Body.View.Clinical()
			cmd.View = &v
		}
		return cmd, err
	})
	act(s, "POST /assets/classify", "classify-assets", "Say what is in the pictures", func(in *classifyBody) (clinical.Command, error) {
		b := in.Body
		flags, err := clinical.ParseSensitivity(b.Flags)
		return clinical.ClassifyAssets{Session: b.Session, Assets: b.Assets, Sensitivity: flags, NoIdentifyingFeature: b.NoIdentifyingFeature, Reason: b.Reason}, err
	})
	act(s, "POST /assets/review", "review-assets", "Confirm as a second person", func(in *onAssetsBody) (clinical.Command, error) {
		return clinical.ReviewAssets{Assets: in.Body.Assets, Reason: in.Body.Reason}, nil
	})
	act(s, "POST /assets/discard", "discard-assets", "Destroy frames before their session is filed", func(in *onAssetsBody) (clinical.Command, error) {
		return clinical.DiscardAssets{Assets: in.Body.Assets, Reason: in.Body.Reason}, nil
	})
	act(s, "POST /assets/subjects", "name-subjects", "Say who else can be recognised in pictures", func(in *subjectsBody) (clinical.Command, error) {
		b := in.Body
		return clinical.NameSubjects{Assets: b.Assets, Subjects: b.Subjects, Away: b.Away, Reason: b.Reason}, nil
	})
	show(s, "/assets/{id}/subjects", "subjects", "Who can be recognised in a picture, for governance, who sees none", func(ctx context.Context, in *assetPath) (wire.Named, error) {
		named, lesion, err := s.Gate.Named(ctx, caller(ctx), in.ID)
		return wire.Named{Patients: append([]clinical.PatientID{}, named...), Lesion: lesion.ID}, err
	})
	act(s, "POST /assets/refile", "refile-assets", "Correct a wrong patient", func(in *refileBody) (clinical.Command, error) {
		return clinical.RefileAssets{Assets: in.Body.Assets, To: in.Body.To, Reason: in.Body.Reason}, nil
	})
	show(s, "/search", "search", "List what the caller may see", func(ctx context.Context, in *SearchQuery) (wire.Hits, error) {
		return s.search(ctx, in, "")
	})
	look(s, "/search", "search-words", "Search what the caller may see by words", func(ctx context.Context, in *searchWords) (wire.Hits, error) {
		return s.search(ctx, &in.SearchQuery, in.Body.Text)
	})
}

type searchWords struct {
	SearchQuery
	WordsBody
}

func (s *service) search(ctx context.Context, in *SearchQuery, text string) (wire.Hits, error) {
	if err := in.refuse(); err != nil {
		return wire.Hits{}, err
	}
	at, err := in.bounds(1 << 30)
	if err != nil {
		return wire.Hits{}, err
	}
	q := clinical.Query{Text: text, Patient: in.Patient, Facets: in.Facets, Sort: in.Sort, Offset: at.from, Limit: min(in.Limit, 500), Terms: map[string][]string{}}
	q.Taken.From, q.Taken.To = in.From, in.To
	for name, values := range map[string][]string{"keyword": in.Keyword, "view": in.View, "specialty": in.Specialty, "year": in.Year} {
		if len(values) > 0 {
			q.Terms[name] = values
		}
	}
	found, shown, err := s.Gate.Find(ctx, caller(ctx), clinical.Care(), q)
	if err != nil {
		return wire.Hits{}, err
	}
	out := wire.ToHits(found, shown)
	if next := at.from + len(found.Ordinals); next < found.Total && len(found.Ordinals) > 0 {
		out.Next = itoa(next)
	}
	return out, nil
}
