package ingest

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"fovea/clinical"
)

// Rule is one way in which a studio says whose picture a file is.
type Rule string

// The rules. Where a studio has several, whatever they say must agree.
const (
	RuleTicket  Rule = "ticket"  // a job ticket lies beside the files: docs/formats/ticket.md
	RuleIDShot  Rule = "id-shot" // a picture of a label begins a run
	RulePattern Rule = "pattern" // the file's name says it
)

// Disposal says what becomes of a source file once its asset was read back.
type Disposal string

// The disposals. The zero Disposal is DisposeDone: the careful one.
const (
	DisposeDone   Disposal = "done"   // moved to done/<day>/ in the studio's folder
	DisposeDelete Disposal = "delete" // deleted
	disposeLeave  Disposal = "leave"  // left where it is: imports only
)

// Studio is a room with photographers, or a workstation, and its folder.
type Studio struct {
	ID        clinical.StudioID
	Name      string
	Folder    string // absolute path, outside the vault's data
	Specialty clinical.Specialty
	// Rules say how files are identified; at least one.
	Rules []Rule
	// Pattern is RE2 for RulePattern, matched against the whole file name. Its
	// groups "job" and "patient" name what they hold; at least one of them.
	Pattern string
	// PatternSystem is the identifier system of the group "patient".
	PatternSystem string
	Dispose       Disposal
	// Retain is how long done/ keeps a day; zero: 30 days.
	Retain time.Duration
	// Gap is the longest pause between two frames of one run or one session;
	// zero: 20 minutes.
	Gap time.Duration
}

// has reports whether the studio identifies by r.
func (s Studio) has(r Rule) bool { return slices.Contains(s.Rules, r) }

// silence is the reason of a file that no rule of the studio says anything about.
func (s Studio) silence() clinical.Reason {
	if len(s.Rules) == 1 {
		switch s.Rules[0] {
		case RuleTicket:
			return reasonNoTicket
		case RuleIDShot:
			return reasonNoLabel
		case RulePattern:
			return reasonNameUnmatched
		}
	}
	return reasonUnidentified
}

func (s Studio) withDefaults() Studio {
	if s.Dispose == "" {
		s.Dispose = DisposeDone
	}
	if s.Retain <= 0 {
		s.Retain = 30 * 24 * time.Hour
	}
	if s.Gap <= 0 {
		s.Gap = 20 * time.Minute
	}
	s.Folder = filepath.Clean(s.Folder)
	return s
}

// check reports every fault of the studio's configuration.
func (s Studio) check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, clinical.Errorf(clinical.Invalid, "ingest: studio %q: "+format, append([]any{s.ID}, args...)...))
	}
	if !validStudioID(string(s.ID)) {
		fault("its ID is not 1 to 40 lower-case letters, digits and dashes")
	}
	if !filepath.IsAbs(s.Folder) || filepath.Clean(s.Folder) == "/" {
		fault("its folder is not an absolute path")
	}
	if len(s.Rules) == 0 {
		fault("it has no rule to identify files by")
	}
	for _, r := range s.Rules {
		if r != RuleTicket && r != RuleIDShot && r != RulePattern {
			fault("unknown rule %q", r)
		}
	}
	if s.Dispose != "" && s.Dispose != DisposeDone && s.Dispose != DisposeDelete {
		fault("unknown disposal %q", s.Dispose)
	}
	if s.has(RulePattern) {
		if _, err := compilePattern(s.Pattern); err != nil {
			fault("pattern: %w", err)
		}
	}
	return errors.Join(faults...)
}

func validStudioID(id string) bool {
	if id == "" || len(id) > 40 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// compilePattern compiles a file-name pattern, matched whole.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil, err
	}
	if re.SubexpIndex("job") < 0 && re.SubexpIndex("patient") < 0 {
		return nil, errors.New("it names neither a group job nor a group patient")
	}
	return re, nil
}

// checkStudios reports the faults of all studios together.
func checkStudios(studios []Studio) error {
	var faults []error
	for i, s := range studios {
		faults = append(faults, s.check())
		for _, o := range studios[:i] {
			if o.ID == s.ID {
				faults = append(faults, clinical.Errorf(clinical.Invalid, "ingest: two studios are called %q", s.ID))
			}
			if nested(o.Folder, s.Folder) || nested(s.Folder, o.Folder) {
				faults = append(faults, clinical.Errorf(clinical.Invalid, "ingest: the folders of %q and %q lie in one another", o.ID, s.ID))
			}
		}
	}
	return errors.Join(faults...)
}

// nested reports whether inner is outer or lies in it.
func nested(outer, inner string) bool {
	rel, err := filepath.Rel(outer, inner)
	return err == nil && filepath.IsLocal(rel)
}

// Timing is how long ingest waits for what; zero fields take the defaults named.
type Timing struct {
	Settle   time.Duration // size and mtime unchanged; 2 s
	Complete time.Duration // a file that stays incomplete is truncated; 60 s
	Quiet    time.Duration // the folder unchanged: runs are resolved, the receipt written; 30 s
	Poll     time.Duration // reconciling looks at the folder, events or none; 10 s
	Retry    time.Duration // after a failure that is not the file's; 15 s
}

func (t Timing) withDefaults() Timing {
	for _, f := range []struct {
		v *time.Duration
		d time.Duration
	}{
		{&t.Settle, 2 * time.Second},
		{&t.Complete, time.Minute},
		{&t.Quiet, 30 * time.Second},
		{&t.Poll, 10 * time.Second},
		{&t.Retry, 15 * time.Second},
	} {
		if *f.v <= 0 {
			*f.v = f.d
		}
	}
	return t
}
