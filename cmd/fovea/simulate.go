package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// simulated ends a command that was only asked about. It is no failure: it
// carries what the act would do.
type simulated struct{ wire.Impact }

func (*simulated) Error() string { return "nothing was done: this was simulated" }

// simulate asks what an act would do, by the same request under /simulate.
func (c *client) simulate(ctx context.Context, r call) error {
	nothing := clinical.Refuse(clinical.Invalid, "no-simulation", "This act changes no set that people read: there is nothing to simulate.")
	if r.body != nil || strings.HasPrefix(r.path, "/api/v1/admin/") {
		return nothing
	}
	if !strings.HasPrefix(r.path, "/api/v1/simulate/") {
		r.path = "/api/v1/simulate" + strings.TrimPrefix(r.path, "/api/v1")
	}
	res, err := c.really(ctx, r)
	if clinical.KindOf(err) == clinical.NotFound && clinical.ReasonOf(err) == "" && strings.Contains(err.Error(), http.StatusText(http.StatusNotFound)) {
		return nothing // there is no such request
	}
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var out simulated
	if err := json.NewDecoder(res.Body).Decode(&out.Impact); err != nil {
		return err
	}
	return &out
}

// writeImpact says an impact in words.
func writeImpact(w io.Writer, i wire.Impact) {
	put(w, "%s", i.Words)
	for _, s := range i.Sets {
		name := s.Name
		if name == "" {
			name = "(a set of somebody else's)"
		}
		put(w, "  %s\tloses %d\tgains %d", name, s.Loses, s.Gains)
		for _, c := range s.Cohorts {
			who := c.Name
			if who == "" {
				who = "roster"
			}
			way := ""
			if c.Channel != 0 {
				way = "by " + c.Channel.String()
			}
			put(w, "    %s (%s)\tloses %d\tgains %d\t%s", who, people(c.People), c.Loses, c.Gains, way)
		}
	}
	put(w, "Nothing was done.")
}

func people(n int) string {
	if n == 1 {
		return "1 reader"
	}
	return count(n, "reader")
}

type rulesCmd struct {
	Simulate rulesSimulateCmd `cmd:"" help:"What the policy section of another configuration would do."`
}

type rulesSimulateCmd struct {
	File string `arg:"" help:"A configuration file; only its policy section is looked at." type:"existingfile"`
}

// Help teaches.
func (rulesSimulateCmd) Help() string {
	return "Rules are changed in the configuration and take effect when the server starts. Copy the configuration, change the copy, and ask here first:\n" +
		"  fovea --as olu rules simulate proposed.yaml"
}

func (x rulesSimulateCmd) Run(e *env) error {
	b, err := os.ReadFile(x.File)
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The file cannot be read. Check its path.")
	}
	var proposed config
	misfits, err := proposed.read(b)
	if err == nil && len(misfits) > 0 {
		err = clinical.Refuse(clinical.Invalid, "config", strings.Join(misfits, "\n"))
	}
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "config", x.File+": "+err.Error())
	}
	roles, err := proposed.roles()
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "config", x.File+": policy: roles: "+err.Error())
	}
	in := wire.Rules{Limits: wire.Limits(proposed.limits())}
	for u, channels := range roles {
		in.Roles = append(in.Roles, wire.RoleRule{Role: u.Role, Purpose: u.Purpose, Channels: channels})
	}
	return e.with(func(c *client) error {
		var i wire.Impact
		c.try = false
		if err := c.post(e.ctx, "/api/v1/simulate/rules", in, &i); err != nil {
			return err
		}
		return &simulated{i}
	})
}
