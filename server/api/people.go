package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

type none struct{}

type personBody struct{ Body wire.Person }

type personChange struct {
	ID      clinical.PersonID `path:"id"`
	IfMatch string            `header:"If-Match"`
	Body    wire.Person
}

type encounterBody struct{ Body wire.Encounter }

func (s *service) people() {
	show(s, "/me", "me", "Who am I", func(ctx context.Context, _ *none) (wire.Me, error) {
		c := caller(ctx)
		p, err := s.person(ctx, c.Person)
		return wire.Me{Person: wire.ToPerson(p), Door: string(c.Door)}, err
	})
	show(s, "/people", "people", "People who may sign in", func(ctx context.Context, in *Page) (wire.List[wire.Person], error) {
		all, err := s.Gate.People(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Person]{}, err
		}
		return paged(in, all, wire.ToPerson)
	})
	act(s, "POST /people", "add-person", "Make somebody known", func(in *personBody) (clinical.Command, error) {
		return clinical.AddPerson{Person: in.Body.Clinical()}, nil
	})
	act(s, "PUT /people/{id}", "change-person", "Change what is known of somebody", func(in *personChange) (clinical.Command, error) {
		rev, err := ifMatch(in.IfMatch)
		p := in.Body.Clinical()
		p.ID, p.Rev = in.ID, rev
		return clinical.ChangePerson{Person: p}, err
	})
	act(s, "POST /encounters", "open-encounter", "Record who treats a patient", func(in *encounterBody) (clinical.Command, error) {
		return clinical.OpenEncounter{Encounter: in.Body.Clinical()}, nil
	})
}

// person finds the caller's own record.
func (s *service) person(_ context.Context, id clinical.PersonID) (clinical.Person, error) {
	if p, ok := s.Gate.PersonByID(id); ok {
		return p, nil
	}
	return clinical.Person{}, clinical.ErrNotFound
}
