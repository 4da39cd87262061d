package api

import (
	"context"
	"strconv"

	"fovea/clinical"
	"fovea/server/wire"
)

type setBody struct{ Body wire.Set }

type setChange struct {
	ID      clinical.SetID `path:"id"`
	IfMatch string         `header:"If-Match"`
	Body    wire.Set
}

type setPath struct {
	ID clinical.SetID `path:"id"`
}

type addItemsBody struct {
	ID   clinical.SetID `path:"id"`
	Body wire.AddItems
}

type removeItemsBody struct {
	ID   clinical.SetID `path:"id"`
	Body wire.RemoveItems
}

func itoa(n int) string { return strconv.Itoa(n) }

func (s *service) sets() {
	show(s, "/sets", "sets", "Teaching sets the caller owns or may mount", func(ctx context.Context, in *Page) (wire.List[wire.Set], error) {
		all, err := s.Gate.Sets(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Set]{}, err
		}
		return paged(in, all, wire.ToSet)
	})
	show(s, "/sets/{id}", "set", "A set with the reason for every item", s.setPage)
	act(s, "POST /sets", "create-set", "Begin a teaching set", func(in *setBody) (clinical.Command, error) {
		return clinical.CreateSet{Set: in.Body.Clinical()}, nil
	})
	act(s, "PUT /sets/{id}", "change-set", "Change title, audience, roster or dates", func(in *setChange) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		x := in.Body.Clinical()
		x.ID, x.Rev = in.ID, rev
		return clinical.ChangeSet{Set: x}, err
	})
	act(s, "POST /sets/{id}/items", "add-to-set", "Add pictures in this order", func(in *addItemsBody) (clinical.Command, error) {
		return clinical.AddToSet{Set: in.ID, Assets: in.Body.Assets, Labels: in.Body.Labels}, nil
	})
	act(s, "POST /sets/{id}/items/remove", "remove-from-set", "Take items out", func(in *removeItemsBody) (clinical.Command, error) {
		return clinical.RemoveFromSet{Set: in.ID, Items: in.Body.Items}, nil
	})
	act(s, "POST /sets/{id}/submit", "submit-set", "Ask a second person to publish", func(in *setPath) (clinical.Command, error) {
		return clinical.SubmitSet{Set: in.ID}, nil
	})
	act(s, "POST /sets/{id}/publish", "publish-set", "Put the set on its roster's drives", func(in *publishInput) (clinical.Command, error) {
		if in.IfMatch == "" {
			return clinical.PublishSet{Set: in.ID}, nil
		}
		rev, err := ifMatch(in.IfMatch)
		return clinical.PublishSet{Set: in.ID, Rev: rev}, err
	})
	act(s, "POST /sets/{id}/close", "close-set", "Take the set off every drive", func(in *setPath) (clinical.Command, error) {
		return clinical.CloseSet{Set: in.ID}, nil
	})
	s.rosters()
}

// publishInput may say which set was looked at; without that it is published
// as it was submitted.
type publishInput struct {
	ID      clinical.SetID `path:"id"`
	IfMatch string         `header:"If-Match"`
}

func (s *service) setPage(ctx context.Context, in *setPath) (wire.SetPage, error) {
	set, report, err := s.Gate.SetReport(ctx, caller(ctx), in.ID)
	if err != nil {
		return wire.SetPage{}, err
	}
	out := wire.SetPage{Set: wire.ToSet(set), Reasons: map[string]int{}, Items: []wire.Item{}}
	for _, r := range report {
		out.Items = append(out.Items, wire.ToItem(r))
		if r.Decision.Permit {
			out.Admitted++
			continue
		}
		out.Hidden++
		out.Reasons[string(r.Decision.Reason)]++
	}
	return out, nil
}
