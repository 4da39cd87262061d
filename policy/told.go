package policy

import (
	"context"
	_ "embed" // the golden table
	"slices"
	"strings"

	"fovea/clinical"
)

//go:embed testdata/decisions.txtar
var golden string

// Table returns the rules in the order in which they object: code and title.
func Table() []clinical.RuleAnswer {
	var out []clinical.RuleAnswer
	for _, r := range rules() {
		out = append(out, clinical.RuleAnswer{Rule: r.code, Title: r.title})
	}
	return out
}

// Story is one section of the golden table: what there is, and what each person
// is answered, in the order in which it is told. The test of the rules reads
// the same text.
type Story struct {
	Title string
	Lines []StoryLine
}

// StoryLine is a fact, as it is written, or a question with its answer.
type StoryLine struct {
	Fact string
	Asked
}

// Asked is one question of a story, in the words in which it is written, and
// its answer.
type Asked struct {
	Who, Purpose, Audience, Channel, Picture string
	More                                     string // such as in=wounds or search
	Permit                                   bool
	Masked                                   bool // yes, by the flattened copy
	Rule                                     string
	Reason                                   clinical.Reason
	Note                                     string
}

// Stories returns the golden table, and what stands before its first story.
func Stories() (preface string, out []Story) {
	preface, rest, _ := strings.Cut(golden, "\n-- ")
	for part := range strings.SplitSeq("\n-- "+rest, "\n-- ") {
		title, body, ok := strings.Cut(part, " --\n")
		if !ok {
			continue
		}
		s := Story{Title: title}
		for line := range strings.Lines(body) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			one := StoryLine{Fact: line}
			if q, ok := readAsked(line); ok {
				one = StoryLine{Asked: q}
			}
			s.Lines = append(s.Lines, one)
		}
		out = append(out, s)
	}
	return strings.TrimSpace(preface), out
}

// readAsked reads a line that ends with an answer.
func readAsked(line string) (Asked, bool) {
	line, note, _ := strings.Cut(line, "#")
	f := strings.Fields(line)
	at := slices.IndexFunc(f, func(w string) bool { return w == "yes" || w == "no" })
	if at < 5 {
		return Asked{}, false
	}
	q := Asked{
		Who: f[0], Purpose: f[1], Audience: f[2], Channel: f[3], Picture: f[4], More: strings.Join(f[5:at], " "),
		Permit: f[at] == "yes", Note: strings.TrimSpace(note),
	}
	if rest := f[at+1:]; q.Permit {
		q.Masked = slices.Contains(rest, "masked")
	} else if len(rest) > 0 {
		q.Rule = rest[0]
	}
	if len(f) > at+2 {
		q.Reason = clinical.Reason(f[at+2])
	}
	return q, true
}

// SiteRules returns what this site decides by beside the table: its limits, and
// which role may use pictures for what. Governance and administrators ask.
func (g *Gate) SiteRules(_ context.Context, c clinical.Caller) (Limits, Roles, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return Limits{}, nil, err
	}
	if p.Role != clinical.Governance && p.Role != clinical.Admin {
		return Limits{}, nil, clinical.ErrNotFound
	}
	return snap.site.Limits, snap.site.Roles.filled(), nil
}

// Merged returns the records that are merged into a patient's, for governance
// and administrators.
func (g *Gate) Merged(_ context.Context, c clinical.Caller, id clinical.PatientID) ([]clinical.Patient, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	if p.Role != clinical.Governance && p.Role != clinical.Admin {
		return nil, clinical.ErrNotFound
	}
	var out []clinical.Patient
	for _, member := range snap.family(id) {
		if one := snap.shard(member).patient; one != nil && !one.MergedInto.IsZero() {
			out = append(out, *one)
		}
	}
	return out, nil
}
