package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"fovea/clinical"
	"fovea/server/wire"
)

type passwordBody struct {
	ID   clinical.PersonID `path:"id"`
	Body wire.SetPassword
}

type issueBody struct{ Body wire.IssueAppPassword }

type issuedOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         wire.AppPassword
}

type devicePath struct {
	ID     string            `path:"id" maxLength:"64"`
	Person clinical.PersonID `query:"person" doc:"only for an administrator or the operator"`
}

type devicesQuery struct {
	Person clinical.PersonID `query:"person" doc:"only for an administrator or the operator"`
}

type signInOutput struct{ Body wire.Me }

type exchange struct {
	w http.ResponseWriter
	r *http.Request
}

type exchangeKey struct{}

// keepExchange lets a handler reach the request and the answer themselves.
func keepExchange(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, exchangeKey{}, exchange{w, r}))
}

func (s *service) sessions() {
	huma.Register(s.api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: "/api/v1/session", Summary: "Sign in with a password",
		Metadata: map[string]any{"open": true}, Middlewares: huma.Middlewares{keepExchange}, MaxBodyBytes: 16 << 10,
	}, func(ctx context.Context, in *struct{ Body wire.SignIn }) (*signInOutput, error) {
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		c, err := s.Accounts.SignIn(x.w, x.r, in.Body.Login, in.Body.Password)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		p, err := s.person(ctx, c.Person)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &signInOutput{wire.Me{Person: wire.ToPerson(p), Door: string(c.Door)}}, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: "/api/v1/session", Summary: "Sign out",
		Middlewares: huma.Middlewares{keepExchange},
	}, func(ctx context.Context, _ *none) (*struct{}, error) {
		x, _ := ctx.Value(exchangeKey{}).(exchange)
		if err := s.Accounts.SignOut(x.w, x.r); err != nil {
			return nil, s.fail(ctx, err)
		}
		return nil, nil
	})
	s.devices()
}

func (s *service) devices() {
	huma.Register(s.api, huma.Operation{
		OperationID: "set-password", Method: http.MethodPut, Path: "/api/v1/people/{id}/password", Summary: "Give a person a password",
	}, func(ctx context.Context, in *passwordBody) (*struct{}, error) {
		who, err := s.onBehalf(ctx, in.ID)
		if err == nil {
			err = s.Accounts.SetPassword(ctx, who, in.Body.Password)
		}
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return nil, nil
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "issue-app-password", Method: http.MethodPost, Path: "/api/v1/app-passwords", Summary: "A password for one device, shown once",
	}, func(ctx context.Context, in *issueBody) (*issuedOutput, error) {
		who, err := s.onBehalf(ctx, in.Body.Person)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		p, err := s.issue(ctx, who, in.Body)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &issuedOutput{CacheControl: "no-store", Body: p}, nil
	})
	show(s, "/app-passwords", "app-passwords", "Devices with a password", func(ctx context.Context, in *devicesQuery) (wire.List[wire.AppPassword], error) {
		who, err := s.onBehalf(ctx, in.Person)
		if err != nil {
			return wire.List[wire.AppPassword]{}, err
		}
		all, err := s.Accounts.AppPasswords(ctx, who)
		return wire.List[wire.AppPassword]{Items: all, Total: len(all)}, err
	})
	huma.Register(s.api, huma.Operation{
		OperationID: "revoke-app-password", Method: http.MethodDelete, Path: "/api/v1/app-passwords/{id}", Summary: "Revoke a device's password, effective on its next request",
	}, func(ctx context.Context, in *devicePath) (*struct{}, error) {
		who, err := s.onBehalf(ctx, in.Person)
		if err == nil {
			err = s.Accounts.RevokeAppPassword(ctx, who, in.ID)
		}
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return nil, nil
	})
}

func (s *service) issue(ctx context.Context, who clinical.PersonID, in wire.IssueAppPassword) (wire.AppPassword, error) {
	switch {
	case in.Inbox == "":
		return s.Accounts.IssueAppPassword(ctx, who, in.Device, in.Sets, in.Days)
	case len(in.Sets) > 0:
		return wire.AppPassword{}, clinical.Refuse(clinical.Invalid, "scope", "A password is for sets or for an inbox. Make one for each.")
	default:
		return s.Accounts.IssueInboxPassword(ctx, who, in.Device, in.Inbox, in.Days)
	}
}

// onBehalf names the person an account act is about: oneself, or somebody
// else when the caller is an administrator or the machine's operator.
func (s *service) onBehalf(ctx context.Context, person clinical.PersonID) (clinical.PersonID, error) {
	c := caller(ctx)
	if person.IsZero() || person == c.Person {
		if c.Person.IsZero() {
			return person, clinical.Refuse(clinical.Invalid, "no-person", "Say for whom: name the person.")
		}
		return c.Person, nil
	}
	if _, ok := s.Gate.PersonByID(person); !ok {
		return person, clinical.ErrNotFound
	}
	if me, ok := s.Gate.PersonByID(c.Person); (ok && me.Role == clinical.Admin) || (c.Operator != "" && c.Person.IsZero()) {
		return person, nil
	}
	return person, clinical.ErrForbidden
}
