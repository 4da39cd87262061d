package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"fovea/clinical"
	"fovea/policy"
	"fovea/vault"
)

// config is everything a site sets, read once and checked whole.
// docs/configuration.md explains each value.
type config struct {
	Data        string           `yaml:"data"`
	Listen      string           `yaml:"listen"`
	Metrics     string           `yaml:"metrics"`     // loopback address; empty: admin socket only
	Runtime     string           `yaml:"runtime"`     // folder of the admin socket
	Zone        string           `yaml:"zone"`        // IANA name of the site's time zone
	Checkpoints string           `yaml:"checkpoints"` // folder off this disk for signed checkpoints
	Sandbox     string           `yaml:"sandbox"`     // require | warn
	TLS         tlsConfig        `yaml:"tls"`
	Keys        keysConfig       `yaml:"keys"`
	Space       spaceConfig      `yaml:"space"`
	Identifiers []identifierYAML `yaml:"identifiers"`
	Studios     []studioYAML     `yaml:"studios"`
	Timing      timingYAML       `yaml:"timing"`
	Policy      policyYAML       `yaml:"policy"`
	Audit       auditYAML        `yaml:"audit"`
	Site        siteYAML         `yaml:"site"`
	Retention   retentionYAML    `yaml:"retention"`
	EPR         eprYAML          `yaml:"epr"`

	zone    *time.Location
	outlets []vault.Outlet // of checkpoints
}

// policyYAML are the limits a site may set; zero: as policy.Limits says.
type policyYAML struct {
	PhotographerDays  int        `yaml:"photographerDays"`
	VerbalTeaching    bool       `yaml:"verbalTeaching"`
	SmallGroup        int        `yaml:"smallGroup"`
	Cohort            int        `yaml:"cohort"`
	EndingDays        int        `yaml:"endingDays"`
	GlassPerWeek      int        `yaml:"glassPerWeek"`
	TaskDays          int        `yaml:"taskDays"`
	BothParents       bool       `yaml:"bothParents"`
	QuietSafeguarding bool       `yaml:"quietSafeguarding"`
	Roles             []roleYAML `yaml:"roles"`
}

type tlsConfig struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// keysConfig says where the root key comes from: one of the two.
type keysConfig struct {
	File           string `yaml:"file"`           // default DATA/root.key
	PassphraseFile string `yaml:"passphraseFile"` // read once at start
}

type spaceConfig struct {
	MinFreeMB uint64 `yaml:"minFreeMB"` // 0: the built-in rule
}

type identifierYAML struct {
	System  string `yaml:"system"`
	Label   string `yaml:"label"`
	Pattern string `yaml:"pattern"`
	Check   string `yaml:"check"` // none | nhs-mod11 | ins | luhn
}

type studioYAML struct {
	ID        string   `yaml:"id"`
	Name      string   `yaml:"name"`
	Folder    string   `yaml:"folder"`
	Specialty string   `yaml:"specialty"`
	Rules     []string `yaml:"rules"`    // ticket, id-shot, pattern; where several speak they must agree
	Pattern   string   `yaml:"pattern"`  // of file names: named groups job or patient
	System    string   `yaml:"system"`   // identifier system of the group patient
	Dispose   string   `yaml:"dispose"`  // delete | done
	KeepDays  int      `yaml:"keepDays"` // how long done/ keeps a day
	Gap       duration `yaml:"gap"`      // ID shots: longest pause inside a run
}

// timingYAML is how long ingest waits for what; zero: the built-in times.
type timingYAML struct {
	Settle   duration `yaml:"settle"`
	Complete duration `yaml:"complete"`
	Quiet    duration `yaml:"quiet"`
	Poll     duration `yaml:"poll"`
}

type duration time.Duration

// UnmarshalYAML reads 30s, 20m, 1h30m. A TypeError is one fault of several.
func (d *duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is not a time such as 30s or 20m", n.Line, n.Value)}}
	}
	*d = duration(v)
	return nil
}

// MarshalText writes what UnmarshalYAML reads.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil } //nolint:unparam // as encoding.TextMarshaler has it

// load is the configuration of a server: it reads the file (--config, else
// DATA/fovea.yaml if there is one), lays the flags over it and checks all of it.
func (c *cli) load() (config, error) {
	cfg := config{Listen: "127.0.0.1:8443", Zone: "Europe/Paris", Sandbox: "warn"}
	path := c.Config
	if path == "" && c.Data != "" {
		path = filepath.Join(c.Data, "fovea.yaml")
	}
	var unread []string
	if path != "" {
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && c.Config == "" {
			b, err = nil, nil
		}
		if err != nil {
			return cfg, clinical.Refuse(clinical.Invalid, "config", "The configuration file cannot be read. Check --config.")
		}
		if unread, err = cfg.read(b); err != nil {
			return cfg, clinical.Refuse(clinical.Invalid, "config", path+": "+err.Error())
		}
	}
	if c.Data != "" {
		cfg.Data = c.Data
	}
	return cfg, cfg.check(unread...)
}

// read lays a file over the defaults and returns the values that do not fit;
// the error is of a file that is no YAML at all.
func (c *config) read(b []byte) ([]string, error) {
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	err := dec.Decode(c)
	if misfits, ok := errors.AsType[*yaml.TypeError](err); ok {
		return misfits.Errors, nil
	}
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return nil, err
}

// check reports every fault at once, after those that were found already.
func (c *config) check(faults ...string) error {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if c.Data == "" {
		fault("say which DATA folder: --data DIR, or data: in the configuration file")
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		fault("zone %q is not a time zone such as Europe/Paris", c.Zone)
	}
	c.zone = zone
	if _, err := netip.ParseAddrPort(c.Listen); err != nil {
		fault("listen %q is not an address such as 127.0.0.1:8443", c.Listen)
	}
	if c.Metrics != "" {
		if ap, err := netip.ParseAddrPort(c.Metrics); err != nil || !ap.Addr().IsLoopback() {
			fault("metrics %q is not a loopback address such as 127.0.0.1:9464", c.Metrics)
		}
	}
	if c.Sandbox != "require" && c.Sandbox != "warn" {
		fault("sandbox is require or warn, not %q", c.Sandbox)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		fault("tls needs both cert and key, or neither")
	}
	systems := map[string]bool{}
	for _, i := range c.Identifiers {
		systems[i.System] = true
		if _, err := regexp.Compile(i.Pattern); err != nil || i.System == "" {
			fault("identifiers: %q needs a system and a pattern that compiles", i.System)
		}
		switch clinical.Check(i.Check) {
		case "", clinical.NoCheck, clinical.Mod11, clinical.INSKey, clinical.Luhn:
		default:
			fault("identifiers: %s: check is none, nhs-mod11, ins or luhn", i.System)
		}
	}
	c.checkStudios(systems, fault)
	c.checkSite(fault)
	c.outlets = c.Audit.outlets(fault)
	if len(faults) > 0 {
		return clinical.Refuse(clinical.Invalid, "config", "The configuration has faults; mend these and start again:\n  - "+strings.Join(faults, "\n  - "))
	}
	return nil
}

func (c *config) checkStudios(systems map[string]bool, fault func(string, ...any)) {
	id := regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	seen, folders := map[string]bool{}, map[string]string{}
	for _, s := range c.Studios {
		if !id.MatchString(s.ID) || seen[s.ID] {
			fault("studios: %q needs an id of its own: lower-case letters, digits and dashes", s.ID)
		}
		seen[s.ID] = true
		folder, err := filepath.Abs(s.Folder)
		switch {
		case s.Folder == "" || err != nil:
			fault("studios: %s: say which folder to watch", s.ID)
		case within(folder, c.Data) || within(c.Data, folder):
			fault("studios: %s: the watch folder and DATA must not lie in one another", s.ID)
		case folders[folder] != "":
			fault("studios: %s and %s watch the same folder", s.ID, folders[folder])
		}
		folders[folder] = s.ID
		if len(s.Rules) == 0 {
			fault("studios: %s: say by which rules files are identified: ticket, id-shot, pattern", s.ID)
		}
		if s.System != "" && !systems[s.System] {
			fault("studios: %s: system %q is not among the identifiers", s.ID, s.System)
		}
		if s.Dispose != "delete" && s.Dispose != "done" {
			fault("studios: %s: dispose is delete or done", s.ID)
		}
	}
}

// within reports whether path lies in dir or is it.
func within(path, dir string) bool {
	abs, err := filepath.Abs(dir)
	if err != nil || dir == "" {
		return false
	}
	rel, err := filepath.Rel(abs, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// rules converts the identifier rules.
func (c *config) rules() []clinical.IdentifierRule {
	out := make([]clinical.IdentifierRule, 0, len(c.Identifiers))
	for _, i := range c.Identifiers {
		out = append(out, clinical.IdentifierRule{System: i.System, Label: i.Label, Pattern: i.Pattern, Check: clinical.Check(i.Check)})
	}
	return out
}

// limits converts the policy section.
func (c *config) limits() policy.Limits {
	p := c.Policy
	return policy.Limits{
		JobDays: p.PhotographerDays, VerbalTeaching: p.VerbalTeaching, SmallGroup: p.SmallGroup, Cohort: p.Cohort, EndingDays: p.EndingDays,
		GlassPerWeek: p.GlassPerWeek, TaskDays: p.TaskDays, BothParents: p.BothParents, QuietSafeguarding: p.QuietSafeguarding,
	}
}

// socket is where the admin socket lies: a short path of this DATA's own.
func (c *config) socket() string {
	dir := c.Runtime
	if dir == "" {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("fovea-%d", os.Getuid()))
	}
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		abs = c.Data
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(dir, hex.EncodeToString(sum[:6])+".sock")
}
