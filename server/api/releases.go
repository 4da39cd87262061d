package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

type releaseBody struct{ Body wire.MakeRelease }

type releasePath struct {
	ID clinical.ReleaseID `path:"id"`
}

type deliverBody struct {
	ID   clinical.ReleaseID `path:"id"`
	Body wire.Deliver
}

type releaseReason struct {
	ID   clinical.ReleaseID `path:"id"`
	Body wire.Reason
}

// releases are the register of every way out other than a set.
func (s *service) releases() {
	show(s, "/releases", "releases", "The register: all of it to governance, to others what they made", func(ctx context.Context, in *Page) (wire.List[wire.Release], error) {
		all, err := s.Gate.Releases(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Release]{}, err
		}
		return paged(in, all, wire.ToRelease)
	})
	show(s, "/releases/{id}", "release", "One entry of the register", func(ctx context.Context, in *releasePath) (wire.Release, error) {
		r, err := s.Gate.Release(ctx, caller(ctx), in.ID)
		return wire.ToRelease(r), err
	})
	act(s, "POST /releases", "make-release", "Put pictures into the register; nothing leaves yet", func(in *releaseBody) (clinical.Command, error) {
		return clinical.MakeRelease{Release: in.Body.Clinical()}, nil
	})
	act(s, "POST /releases/{id}/deliver", "deliver-release", "Record that a release was handed over", func(in *deliverBody) (clinical.Command, error) {
		return clinical.DeliverRelease{Release: in.ID, Receipt: in.Body.Receipt}, nil
	})
	act(s, "POST /releases/{id}/end", "end-release", "End a release before its use-by", func(in *releaseReason) (clinical.Command, error) {
		return clinical.EndRelease{Release: in.ID, Reason: in.Body.Reason}, nil
	})
}
