package api

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fovea/clinical"
	"fovea/policy"
	"fovea/server/wire"
)

type explainQuery struct {
	Person   clinical.PersonID      `query:"person" doc:"absent, with a set: any of its readers"`
	Asset    clinical.AssetID       `query:"asset" required:"true"`
	Set      clinical.SetID         `query:"set" doc:"purpose and audience are then the set's"`
	Purpose  string                 `query:"purpose" maxLength:"3" doc:"P0 … P7; absent: P0"`
	Audience string                 `query:"audience" maxLength:"2" doc:"A0 … A6; absent: A0"`
	Channel  string                 `query:"channel" maxLength:"8" doc:"view, mount, download, print or online; absent: view"`
	Kind     clinical.RenditionKind `query:"kind"`
	At       time.Time              `query:"at" doc:"absent: now"`
}

type assetList struct {
	Page
	ID clinical.AssetID `path:"id"`
}

type eventsQuery struct {
	Patient clinical.PatientID `query:"patient"`
	Asset   clinical.AssetID   `query:"asset"`
	Person  clinical.PersonID  `query:"person"`
	Set     clinical.SetID     `query:"set"`
	Acts    []string           `query:"acts" doc:"such as asset.viewed,asset.served"`
	From    time.Time          `query:"from"`
	To      time.Time          `query:"to" doc:"not included"`
	Cursor  string             `query:"cursor" maxLength:"20" doc:"as given in next"`
	Limit   int                `query:"limit" minimum:"0" maximum:"10000" doc:"0: 1,000"`
}

type rulesBody struct{ Body wire.Rules }

// answers are what the rules and the ledger say when they are asked.
func (s *service) answers() {
	show(s, "/explain", "explain", "Why may, or may not, this person see this picture: rule by rule", s.explain)
	show(s, "/assets/{id}/reached", "reached", "Everybody who ever had a picture, and how", func(ctx context.Context, in *assetList) (wire.List[wire.Reach], error) {
		all, err := s.Gate.Reached(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Reach]{}, err
		}
		return paged(&in.Page, all, wire.ToReach)
	})
	show(s, "/events", "events", "Who saw, changed or was denied what, from the ledger; asking is in it, too", s.events)
	op := huma.Operation{OperationID: "simulate-rules", Method: http.MethodPost, Path: "/api/v1/simulate/rules", Summary: "What other limits, or other ways for the roles, would do to the sets that people read"}
	huma.Register(s.api, op, func(ctx context.Context, in *rulesBody) (*impactOutput, error) {
		b := in.Body
		roles := policy.Roles{}
		for _, r := range b.Roles {
			roles[policy.RoleUse{Role: r.Role, Purpose: r.Purpose}] = r.Channels
		}
		impact, err := s.Gate.SimulateRules(ctx, caller(ctx), policy.Limits(b.Limits), roles)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &impactOutput{wire.ToImpact(impact)}, nil
	})
}

func (s *service) explain(ctx context.Context, in *explainQuery) (wire.Explanation, error) {
	q := clinical.Question{Person: in.Person, Asset: in.Asset, Set: in.Set, Kind: in.Kind, At: in.At, Use: clinical.Care()}
	for _, part := range []struct {
		into interface{ UnmarshalText([]byte) error }
		text string
	}{{&q.Use.Purpose, in.Purpose}, {&q.Use.Audience, in.Audience}, {&q.Use.Channel, in.Channel}} {
		if part.text == "" {
			continue
		}
		if err := part.into.UnmarshalText([]byte(part.text)); err != nil {
			return wire.Explanation{}, err
		}
	}
	if !q.Use.Valid() {
		return wire.Explanation{}, clinical.Refuse(clinical.Invalid, "use", "A use has one purpose, one audience and one channel. Say which.")
	}
	x, err := s.Gate.Explain(ctx, caller(ctx), q)
	return wire.ToExplanation(x), err
}

// events are read by the number of the entry: a page ends where the next begins,
// whatever is written meanwhile.
func (s *service) events(ctx context.Context, in *eventsQuery) (wire.List[wire.Recorded], error) {
	out := wire.List[wire.Recorded]{Items: []wire.Recorded{}}
	q := clinical.EventQuery{Patient: in.Patient, Person: in.Person, Set: in.Set, From: in.From, To: in.To, Limit: cmp.Or(in.Limit, 1000)}
	if !in.Asset.IsZero() {
		q.Assets = []clinical.AssetID{in.Asset}
	}
	for _, a := range in.Acts {
		q.Acts = append(q.Acts, clinical.Act(a))
	}
	if in.Cursor != "" {
		after, err := strconv.ParseUint(in.Cursor, 10, 63)
		if err != nil {
			return out, clinical.Refuse(clinical.Invalid, "cursor", "This cursor is not one of ours. Begin again without it.")
		}
		q.After = after
	}
	all, err := s.Gate.WhoSaw(ctx, caller(ctx), q)
	if err != nil {
		return out, err
	}
	if out.Items, err = s.recorded(ctx, all); err != nil {
		return out, err
	}
	if len(all) == q.Limit {
		out.Next = strconv.FormatUint(all[len(all)-1].Leaf+1, 10)
	}
	return out, nil
}
