package pages

import (
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// matrix is what a patient allows, as a table: one row for each purpose and
// consent, a track up to the widest audience.
type matrix struct {
	Audiences []clinical.Audience
	Rows      []matrixRow
}

// matrixRow is one purpose. Where nothing reaches beyond care, Words say why.
type matrixRow struct {
	Purpose clinical.Purpose
	State   string // care, given, refused, asked, none
	Words   string // instead of a track
	Muted   string // the purposes about which nothing was ever said, in one row
	Cells   []bool // by audience: reached
	Level   clinical.Identifiability
	Ways    string
	Until   clinical.Date
	Covers  string
}

func audiences() []clinical.Audience {
	return []clinical.Audience{clinical.A0, clinical.A1, clinical.A2, clinical.A3, clinical.A4, clinical.A5, clinical.A6}
}

// matrixOf lays out a patient's consents as they stand at an instant.
func matrixOf(page clinical.PatientPage, now time.Time, zone *time.Location) matrix {
	m := matrix{Audiences: audiences()}
	for _, p := range clinical.Purposes() {
		switch p {
		case clinical.P0:
			row := matrixRow{Purpose: p, State: "care", Cells: reached(clinical.A0), Ways: "always, needs no signature"}
			m.Rows = append(m.Rows, row)
			continue
		case clinical.P6:
			m.Rows = append(m.Rows, matrixRow{Purpose: p, State: "none", Words: "by authority, each time in the register of releases"})
			continue
		default:
		}
		m.Rows = append(m.Rows, rowsOf(p, page, now, zone)...)
	}
	var silent []string
	m.Rows = slices.DeleteFunc(m.Rows, func(r matrixRow) bool {
		if r.Words == notAsked {
			silent = append(silent, strings.ToLower(purpose(r.Purpose)))
		}
		return r.Words == notAsked
	})
	if len(silent) > 0 {
		m.Rows = append(m.Rows, matrixRow{State: "none", Words: notAsked, Muted: upperFirst(strings.Join(silent, ", "))})
	}
	return m
}

const notAsked = "not asked"

// rowsOf are the rows of one purpose: each consent that stands, else why none.
func rowsOf(p clinical.Purpose, page clinical.PatientPage, now time.Time, zone *time.Location) []matrixRow {
	var rows []matrixRow
	state, words := "none", notAsked
	if p == clinical.P1 {
		words = "without a name, unless refused"
	}
	for _, g := range page.Grants {
		speaks := g.HasPurpose(p) || len(g.Purposes) == 0 && g.Status == clinical.GrantRefused
		switch {
		case !speaks:
		case g.Status == clinical.GrantRefused, g.Assent == clinical.Dissented && p >= clinical.P2 && g.Status != clinical.GrantSuperseded && g.Status != clinical.GrantEnteredInError:
			return []matrixRow{{Purpose: p, State: "refused", Words: refusedWords(g)}}
		case g.StandsAt(now, page.Patient.Born, zone):
			rows = append(rows, matrixRow{
				Purpose: p, State: "given", Cells: reached(g.Audience), Level: g.Level, Ways: ways(g.Channels), Until: g.LastDay(page.Patient.Born, zone), Covers: covers(g, page.Lesions),
			})
		case state == "none" && (g.Status == clinical.GrantRequested || g.Status == clinical.GrantPending):
			state, words = "asked", "asked, waiting for the answer"
		case state == "none" && g.Status == clinical.GrantWithdrawn:
			words = "withdrawn"
		case state == "none" && g.Status == clinical.GrantGiven:
			words = "ended"
			if now.Before(g.ValidFrom) {
				words = "begins " + date(clinical.DateOf(g.ValidFrom.In(zone)))
			}
		}
	}
	if len(rows) > 0 {
		return rows
	}
	return []matrixRow{{Purpose: p, State: state, Words: words}}
}

func refusedWords(g clinical.Grant) string {
	if g.Status != clinical.GrantRefused {
		return "the child said no: that counts"
	}
	return "refused: do not ask again"
}

// reached ticks every audience up to the widest.
func reached(widest clinical.Audience) []bool {
	out := make([]bool, 0, len(audiences()))
	for _, a := range audiences() {
		out = append(out, a <= widest)
	}
	return out
}

// ways says how pictures may reach somebody.
func ways(c clinical.Channel) string {
	var out []string
	for _, w := range wayChoices() {
		if c.Has(w.Channel) {
			out = append(out, w.Short)
		}
	}
	return strings.Join(out, ", ")
}

// way is a channel as a form and as a short fact.
type way struct {
	Channel      clinical.Channel
	Value        string
	Short, Words string
}

func wayChoices() []way {
	return []way{
		{clinical.ViewOnScreen, "view", "screen", "Shown on a screen"},
		{clinical.Mount, "mount", "drive", "On the readers’ drives; this makes copies"},
		{clinical.Download, "download", "download", "Downloaded"},
		{clinical.Print, "print", "print", "Printed"},
		{clinical.Online, "online", "online", "Online"},
	}
}

// covers says which pictures a consent speaks of; lesions are its patient's.
func covers(g clinical.Grant, lesions []clinical.Lesion) string {
	c := g.Covers
	switch {
	case c.All:
		return "all pictures, from before"
	case len(c.Assets) > 0:
		return many(len(c.Assets), "picture")
	case !c.Session.IsZero():
		return "one session"
	case !c.Lesion.IsZero():
		return theLesion(c.Lesion, lesions)
	case !c.CourseUntil.IsZero():
		return "a course of treatment"
	default:
		return "no picture"
	}
}

// supersedable are the consents that a new one may take the place of.
func supersedable(grants []clinical.Grant) []clinical.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g clinical.Grant) bool {
		return g.Status == clinical.GrantWithdrawn || g.Status == clinical.GrantSuperseded || g.Status == clinical.GrantEnteredInError
	})
}
