package paper

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"time"

	"fovea/clinical"
)

// Edition is for whom a certificate is made. The zero Edition is the patient's,
// the one that names nobody.
type Edition uint8

// The editions.
const (
	ForPatient    Edition = iota // roles and counts
	ForGovernance                // names
)

func (e Edition) String() string {
	if e == ForGovernance {
		return "governance"
	}
	return "patient"
}

// Issuer is who prints, in which language and for which clocks.
type Issuer struct {
	Site     string // the hospital, as it calls itself
	Contact  string // whom a patient may ask, with telephone or address
	Language Language
	Zone     *time.Location
	Now      time.Time // when the paper is made
}

// Withdrawal is everything a certificate of withdrawal is made from. What is
// unknown is left out of the paper; a person who is not in People is a role.
type Withdrawal struct {
	Recall   clinical.Recall
	Patient  clinical.Patient // zero: the paper names nobody
	Grants   []clinical.Grant // those of Recall.Grants
	People   []clinical.Person
	Sets     []clinical.TeachingSet
	Releases []clinical.Release
	Tasks    []clinical.Task // those with this Recall
	Again    time.Time       // since when another consent allows what was withdrawn; zero: none does
	Proof    Proof
}

// Certificate is a certificate of withdrawal in one edition, which holds
// nothing that the edition may not show. Its JSON is version 1 of the format
// described in docs/formats/certificate.md.
type Certificate struct {
	Fovea     string     `json:"fovea"` // "withdrawal-certificate"
	Version   int        `json:"v"`
	Edition   string     `json:"edition"`
	Number    string     `json:"number"` // the recall's ID
	Cause     string     `json:"cause"`
	Site      string     `json:"site,omitempty"`
	Patient   string     `json:"patient,omitempty"`
	Issued    time.Time  `json:"issued"`
	At        time.Time  `json:"at"`
	Settled   time.Time  `json:"settled,omitzero"`       // zero: who had them is still being found, and is left out
	AskAgain  time.Time  `json:"askAgainAfter,omitzero"` // while it is: when to ask for another certificate
	Again     time.Time  `json:"consentAgain,omitzero"`  // since when another consent allows what was withdrawn
	By        Who        `json:"by"`
	Purposes  []string   `json:"purposes"`
	Pictures  int        `json:"pictures"`
	Assets    []string   `json:"assets,omitempty"` // governance only
	Grants    []string   `json:"grants,omitempty"` // governance only
	Sets      []SetLine  `json:"sets,omitzero"`
	Reach     []Reached  `json:"reach,omitzero"`
	Published []UseLine  `json:"cannotBeRecalled,omitzero"`
	Tasks     *TaskCount `json:"tasks,omitempty"`
	Open      []ToDo     `json:"outstanding,omitempty"` // governance only
	Proof     ProofText  `json:"proof"`

	purposes []clinical.Purpose
	contact  string
	lang     Language
	zone     *time.Location
}

// Who is a person, or people of one role: Name and ID in the governance
// edition only.
type Who struct {
	Role        string `json:"role"`
	Name        string `json:"name,omitempty"`
	ID          string `json:"id,omitempty"`
	PatientCode bool   `json:"patientCode,omitempty"` // the patient did it by the code on their copy
	role        clinical.Role
}

// SetLine is a teaching set that lost pictures.
type SetLine struct {
	Purpose  string `json:"purpose"`
	Audience string `json:"audience"`
	Title    string `json:"title,omitempty"` // governance only
	ID       string `json:"id,omitempty"`    // governance only
	purpose  clinical.Purpose
	audience clinical.Audience
}

// Reached is who received pictures and how: one person in the governance
// edition, everybody of a role who received them the same way in the patient's.
type Reached struct {
	Who
	People   int       `json:"people"`
	Way      string    `json:"way"`               // set, release, care, library
	Purpose  string    `json:"purpose,omitempty"` // of library: P1 … P7, as far as it is on record
	Channel  string    `json:"channel"`
	Pictures int       `json:"pictures"` // the most that any one of them had
	Times    int       `json:"times"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Task     bool      `json:"task"`              // asked to destroy copies
	Through  string    `json:"through,omitempty"` // the set's title or the release's recipient; governance only
	channel  clinical.Channel
	purpose  clinical.Purpose
}

// UseLine is a published use that nothing can take back.
type UseLine struct {
	Kind      string    `json:"kind"`
	Recipient string    `json:"recipient"`
	At        time.Time `json:"at"`
	ID        string    `json:"id,omitempty"` // governance only
	kind      clinical.ReleaseKind
}

// TaskCount adds up whom the recall asked to destroy copies.
type TaskCount struct {
	Asked       int `json:"asked"`
	Confirmed   int `json:"confirmed"`
	Outstanding int `json:"outstanding"`
	Cannot      int `json:"cannot"` // answered that it cannot be done
}

// ToDo is a task of any kind that nobody has confirmed.
type ToDo struct {
	Who
	Kind   string    `json:"kind"`
	Raised time.Time `json:"raised"`
	Due    time.Time `json:"due,omitzero"`
}

// ProofText is a Proof as the JSON edition holds it.
type ProofText struct {
	Seq        uint64 `json:"seq,omitempty"`
	Leaf       string `json:"leaf,omitempty"`
	Tlog       string `json:"tlogProof,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`
	Key        string `json:"key,omitempty"`
}

// settling is how soon another certificate is worth asking for while who had
// the pictures is being found: mostly seconds.
const settling = 5 * time.Minute

// NewCertificate makes a certificate in one edition. It is Invalid before a
// recall is stored: there is nothing to certify.
func NewCertificate(w Withdrawal, e Edition, by Issuer) (Certificate, error) {
	r := w.Recall
	if r.ID.IsZero() || r.At.IsZero() {
		return Certificate{}, clinical.Errorf(clinical.Invalid, "paper: certificate without a recall")
	}
	v := viewer{Withdrawal: w, edition: e}
	c := Certificate{
		Fovea: "withdrawal-certificate", Version: 1, Edition: e.String(), Number: r.ID.String(), Cause: string(r.Cause),
		Site: by.Site, Issued: by.Now.UTC(), At: r.At.UTC(), Settled: utc(r.Settled), Again: utc(w.Again), By: v.who(r.By),
		Pictures: len(r.Assets), Proof: w.Proof.text(),
		contact: by.Contact, lang: by.Language, zone: by.Zone,
	}
	if !w.Patient.ID.IsZero() {
		c.Patient = w.Patient.DisplayName()
	}
	c.By.PatientCode = !r.Code.IsZero()
	if r.Settled.IsZero() { // a number would read as if it were final
		c.AskAgain = by.Now.Add(settling).UTC()
	} else {
		c.Sets, c.Reach, c.Published = v.sets(), v.reach(), v.published()
		c.Tasks, c.Open = v.tasks()
	}
	c.purposes = v.purposes()
	c.Purposes = []string{}
	for _, p := range c.purposes {
		c.Purposes = append(c.Purposes, p.String())
	}
	if e == ForGovernance {
		c.Assets, c.Grants = texts(r.Assets), texts(r.Grants)
	}
	return c, nil
}

// WriteJSON writes the JSON edition.
func (c Certificate) WriteJSON(w io.Writer) error { return writeJSON(w, c) }

func writeJSON(w io.Writer, certificate any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(certificate); err != nil {
		return clinical.Errorf(clinical.Internal, "paper: certificate: %w", err)
	}
	return nil
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

func texts[K any](ids []clinical.ID[K]) []string {
	var out []string
	for _, id := range ids {
		out = append(out, id.String())
	}
	return out
}

// viewer looks at a withdrawal through one edition.
type viewer struct {
	Withdrawal
	edition Edition
}

func (v viewer) person(id clinical.PersonID) clinical.Person {
	for _, p := range v.People {
		if p.ID == id {
			return p
		}
	}
	return clinical.Person{ID: id}
}

// who is the person as far as the edition allows. Of somebody who is not among
// the people the recall may still know the role.
func (v viewer) who(id clinical.PersonID) Who {
	p := v.person(id)
	for _, r := range v.Recall.Reach {
		if p.Role == "" && !id.IsZero() && r.Person == id {
			p.Role = r.Role
		}
	}
	w := Who{Role: string(p.Role), role: p.Role}
	if v.edition == ForGovernance && !id.IsZero() {
		w.Name, w.ID = p.Name, id.String()
	}
	return w
}

// purposes are those of the withdrawn grants, each once, in their order. Care is
// none of them: it needs no consent, and no withdrawal reaches it.
func (v viewer) purposes() []clinical.Purpose {
	var out []clinical.Purpose
	for _, g := range v.Grants {
		out = append(out, g.Purposes...)
	}
	slices.Sort(out)
	out = slices.DeleteFunc(out, func(p clinical.Purpose) bool { return p == clinical.P0 })
	return slices.Compact(out)
}

// sets are those that any reach went through.
func (v viewer) sets() []SetLine {
	out := []SetLine{}
	for _, s := range v.Sets {
		if !slices.ContainsFunc(v.Recall.Reach, func(r clinical.Reach) bool { return r.Set == s.ID }) {
			continue
		}
		l := SetLine{Purpose: s.Purpose.String(), Audience: s.Audience.String(), purpose: s.Purpose, audience: s.Audience}
		if v.edition == ForGovernance {
			l.Title, l.ID = cmp.Or(s.Title, s.Name), s.ID.String()
		}
		out = append(out, l)
	}
	return out
}

func (v viewer) reach() []Reached {
	out := []Reached{}
	for _, r := range v.Recall.Reach {
		n := v.reached(r)
		i := -1
		if v.edition == ForPatient {
			i = slices.IndexFunc(out, n.alike)
		}
		if i < 0 {
			out = append(out, n)
			continue
		}
		m := &out[i]
		m.People++
		m.Times += n.Times
		m.Pictures = max(m.Pictures, n.Pictures)
		if n.First.Before(m.First) {
			m.First = n.First
		}
		if n.Last.After(m.Last) {
			m.Last = n.Last
		}
	}
	return out
}

func (v viewer) reached(r clinical.Reach) Reached {
	who := v.who(r.Person)
	if r.Role != "" { // what they were then, not what they are now
		who.Role, who.role = string(r.Role), r.Role
	}
	n := Reached{
		Who: who, People: 1, Way: "library", Channel: r.Channel.String(), Pictures: r.Assets, Times: r.Times,
		First: utc(r.First), Last: utc(r.Last), Task: !r.Task.IsZero(), channel: r.Channel,
	}
	switch {
	case !r.Set.IsZero():
		n.Way = "set"
	case !r.Release.IsZero():
		n.Way = "release"
	case r.Purpose == clinical.P0 || r.Purpose == clinical.P1:
		n.Way = "care"
	default:
		n.Purpose, n.purpose = r.Purpose.String(), r.Purpose
	}
	if v.edition != ForGovernance {
		return n
	}
	for _, s := range v.Sets {
		if s.ID == r.Set {
			n.Through = cmp.Or(s.Title, s.Name)
		}
	}
	for _, l := range v.Releases {
		if l.ID == r.Release {
			n.Through = l.Recipient
		}
	}
	return n
}

// alike reports whether two people are one line of the patient's edition.
func (n Reached) alike(m Reached) bool {
	return n.role == m.role && n.Way == m.Way && n.purpose == m.purpose && n.channel == m.channel && n.Task == m.Task
}

func (v viewer) published() []UseLine {
	out := []UseLine{}
	for _, id := range v.Recall.Published {
		l := UseLine{}
		if v.edition == ForGovernance {
			l.ID = id.String()
		}
		for _, r := range v.Releases {
			if r.ID == id {
				l.Kind, l.kind, l.Recipient, l.At = string(r.Kind), r.Kind, r.Recipient, utc(firstOf(r.Delivered, r.At))
			}
		}
		out = append(out, l)
	}
	return out
}

// firstOf is the first instant that is stated.
func firstOf(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// tasks counts whom the recall asked to destroy copies, and lists for
// governance what is outstanding of every kind.
func (v viewer) tasks() (*TaskCount, []ToDo) {
	n := &TaskCount{}
	var open []ToDo
	for _, t := range v.Tasks {
		if t.Kind == clinical.DestroyCopy {
			n.add(t)
		}
		if !t.Done() && v.edition == ForGovernance {
			w := v.who(t.For)
			if t.For.IsZero() {
				w.Role, w.role = string(t.Role), t.Role
			}
			open = append(open, ToDo{Who: w, Kind: string(t.Kind), Raised: utc(t.Raised), Due: utc(t.Due)})
		}
	}
	return n, open
}

func (n *TaskCount) add(t clinical.Task) {
	n.Asked++
	switch {
	case t.Done() && t.Answer == clinical.AnswerCannot:
		n.Cannot++
	case t.Done():
		n.Confirmed++
	default:
		n.Outstanding++
	}
}
