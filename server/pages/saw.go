package pages

import (
	"cmp"
	"slices"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// eventRow is a line of the ledger in words.
type eventRow struct {
	clinical.Recorded
	Who     string
	Device  string // its owner's name for it, or else the beginning of the ledger's
	Patient clinical.Patient
	Set     string
}

// tellEvents resolves who and about whom, where the caller may know.
func (d *door) tellEvents(v *visit, list []clinical.Recorded) ([]eventRow, error) {
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return nil, err
	}
	known, devices := map[clinical.PatientID]clinical.Patient{}, wire.NewDeviceNames(d.Devices.AppPasswords)
	rows := make([]eventRow, 0, len(list))
	for _, e := range list {
		row := eventRow{Recorded: e, Who: d.byWhom(e.Caller)}
		if row.Device, err = devices.Of(v.ctx, e.Caller); err != nil {
			return nil, err
		}
		if row.Device == "" {
			row.Device = e.Caller.Device[:min(len(e.Caller.Device), 8)]
		}
		if v.person.Role == clinical.Governance && !e.Patient.IsZero() {
			p, seen := known[e.Patient]
			if !seen {
				if p, err = d.met(v, e.Patient); err != nil {
					return nil, err
				}
				known[e.Patient] = p
			}
			row.Patient = p
		}
		if at := slices.IndexFunc(sets, func(s clinical.TeachingSet) bool { return s.ID == e.Set }); at >= 0 {
			row.Set = sets[at].Name
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// byWhom says who asked: a person, the patient by their code, or a part of
// Fovea.
func (d *door) byWhom(c clinical.Caller) string {
	if p, ok := d.Gate.PersonByID(c.Person); ok {
		return p.Name
	}
	switch {
	case c.Door == clinical.DoorPatient:
		return "the patient, by code"
	case c.Operator != "":
		return "the operator"
	case c.Door == clinical.DoorIngest || c.Door == clinical.DoorDarkroom || c.Door == clinical.DoorGate || c.Door == clinical.DoorExchange:
		return "Fovea itself"
	default:
		return "nobody signed in"
	}
}

type sawPage struct {
	Rail     rail
	Patients []clinical.Patient // to choose among
	People   []clinical.Person
	Patient  string
	Person   string
	Who      string // what is searched for among patients
	From, To clinical.Date
	What     string
	Asked    bool
	Rows     []eventRow
	More     bool
	Governs  bool
	Trace    bool
}

// sawKinds narrow a question to the ledger.
func sawKinds(what string) []clinical.Act {
	switch what {
	case "seen":
		return []clinical.Act{clinical.ActViewed, clinical.ActServed, clinical.ActPatientSeen}
	case "left":
		return []clinical.Act{clinical.ActServed, clinical.ActReleaseMade, clinical.ActReleaseDelivered}
	case "denied":
		return []clinical.Act{clinical.ActDenied, clinical.ActSignInFailed}
	case "consent":
		return []clinical.Act{clinical.ActConsentRecorded, clinical.ActConsentWithdrawn, clinical.ActConsentMistaken, clinical.ActCodeIssued, clinical.ActCodeRevoked, clinical.ActFormKept}
	default:
		return nil
	}
}

// maxSaw is how many lines of the ledger a page shows.
const maxSaw = 500

// saw answers who saw what: of a patient, or of a person, in a period. What is
// asked is sent in the body: an address keeps nothing.
func (d *door) saw(v *visit) error {
	if v.person.Role != clinical.Governance && v.person.Role != clinical.Admin {
		return clinical.ErrNotFound
	}
	if err := form(v.r); err != nil {
		return err
	}
	f := v.r.PostForm
	p := sawPage{
		Rail: railOf(v), Patient: f.Get("patient"), Person: f.Get("person"), Who: strings.TrimSpace(f.Get("who")), What: cmp.Or(f.Get("what"), "seen"),
		Governs: v.person.Role == clinical.Governance,
	}
	var err error
	if p.People, err = d.Gate.People(v.ctx, v.caller); err != nil {
		return err
	}
	if p.Governs {
		if p.Patients, err = d.Gate.Patients(v.ctx, v.caller, p.Who); err != nil {
			return err
		}
	}
	if v.status == 0 && f.Get("ask") != "" {
		if err := d.askLedger(v, &p); err != nil {
			return err
		}
	}
	return d.show(v, "saw", "Who saw what", p)
}

func (d *door) askLedger(v *visit, p *sawPage) error {
	q := clinical.EventQuery{Acts: sawKinds(p.What), Limit: maxSaw + 1}
	if err := fill(v.r, map[string]interface{ UnmarshalText([]byte) error }{
		"patient": &q.Patient, "person": &q.Person, "from": &p.From, "to": &p.To,
	}); err != nil {
		return err
	}
	if q.Patient.IsZero() && q.Person.IsZero() {
		return clinical.Refuse(clinical.Invalid, "about-whom", "Say about whom: choose a patient, a person, or both.")
	}
	q.From, q.To = p.From.Start(d.Zone), p.To.End(d.Zone)
	events, err := d.Gate.WhoSaw(v.ctx, v.caller, q)
	if err != nil {
		return err
	}
	if p.More = len(events) > maxSaw; p.More {
		events = events[:maxSaw]
	}
	p.Asked = true
	p.Rows, err = d.tellEvents(v, events)
	return err
}

// trace is who saw either record while two were one, after they were parted.
func (d *door) trace(v *visit) error {
	id, err := pathID[clinical.Hold](v.r)
	if err != nil {
		return err
	}
	events, err := d.Gate.SawMerged(v.ctx, v.caller, id)
	if err != nil {
		return err
	}
	p := sawPage{Rail: railOf(v), Trace: true, Asked: true, Governs: v.person.Role == clinical.Governance}
	if p.More = len(events) > maxSaw; p.More {
		events = events[:maxSaw]
	}
	if p.Rows, err = d.tellEvents(v, events); err != nil {
		return err
	}
	return d.show(v, "saw", "Seen while two records were one", p)
}

// did says what was done, as one reads a ledger aloud.
func did(e eventRow) string {
	words := map[clinical.Act]string{
		clinical.ActViewed: "looked at", clinical.ActServed: "received", clinical.ActListed: "listed a set", clinical.ActSearched: "searched",
		clinical.ActPatientSeen: "opened the patient’s page", clinical.ActDenied: "was refused", clinical.ActStreamCut: "was cut off",
		clinical.ActSignInFailed: "failed to sign in", clinical.ActSignedIn: "signed in", clinical.ActSignedOut: "signed out",
		clinical.ActConsentRecorded: "recorded a consent", clinical.ActConsentWithdrawn: "withdrew a consent", clinical.ActConsentMistaken: "marked a consent as entered in error",
		clinical.ActFormKept: "kept a paper form", clinical.ActCodeIssued: "issued a code", clinical.ActCodeRevoked: "revoked a code",
		clinical.ActAssetKept: "kept", clinical.ActRendered: "drew a copy", clinical.ActClassified: "said what is in it", clinical.ActRecallSettled: "found who had them",
		clinical.ActTaskDone: "confirmed a task", clinical.ActPatientAdded: "registered the patient", clinical.ActEncounterOpened: "opened an encounter",
		clinical.ActRefiled: "corrected a wrong patient", clinical.ActErasureAsked: "took a request to erase", clinical.ActErasureDecided: "decided on a request to erase",
		clinical.ActReleaseMade: "made a release", clinical.ActReleaseDelivered: "delivered a release", clinical.ActReleaseEnded: "ended a release",
		clinical.ActGlassBroken: "broke the glass", clinical.ActGlassReviewed: "reviewed a broken glass", clinical.ActHoldPlaced: "placed a hold", clinical.ActHoldLifted: "lifted a hold",
		clinical.ActSubjectsNamed: "said who else is seen", clinical.ActLesionOpened: "began to follow a lesion", clinical.ActLesionChanged: "changed a lesion that is followed",
		clinical.ActUploaded: "delivered a file to an inbox", clinical.ActUploadRead: "read back a file that waited in an inbox", clinical.ActUploadRemoved: "took a file out of an inbox",
		clinical.ActEdited: "edited", clinical.ActMeasured: "measured", clinical.ActAttested: "looked at the masked copy and attested it",
		clinical.ActAuditRead: "read the ledger", clinical.ActPaperIssued: "was handed a certificate", clinical.ActExplained: "asked why", clinical.ActSimulated: "asked what if", clinical.ActPatientsMerged: "merged two records", clinical.ActPatientsUnmerged: "parted two records",
	}
	w, ok := words[e.Act]
	if e.Act == clinical.ActPatientSeen && e.Caller.Door == clinical.DoorPatient {
		w = "looked what a code withdraws"
	}
	if !ok {
		w = strings.NewReplacer(".", " ", "-", " ").Replace(string(e.Act))
	}
	if n := len(e.Assets); n > 0 {
		w += ", " + many(n, "picture")
	}
	return w
}

// through says by which door and for what.
func through(e eventRow) string {
	var out []string
	if e.Use.Purpose.Valid() {
		out = append(out, strings.ToLower(purpose(e.Use.Purpose)))
	}
	if w := ways(e.Use.Channel); w != "" {
		out = append(out, w)
	}
	if e.Set != "" {
		out = append(out, "set "+e.Set)
	}
	return strings.Join(out, ", ")
}
