package pages

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/policy"
)

// nav is what each role's day needs; the first is where it begins.
func nav(r clinical.Role) []link {
	today, arrivals, library := link{"/jobs", "Today"}, link{"/arrivals", "Arrivals"}, link{"/library", "Library"}
	patients, sets, mount, people := link{"/patients", "Patients"}, link{"/sets", "Sets"}, link{"/mount", "Drive"}, link{"/people", "People"}
	tasks, governance, releases := link{"/tasks", "Tasks"}, link{"/governance", "Governance"}, link{"/releases", "Releases"}
	looks := link{"/reviews", "Copies"}
	saw, rules, soon := link{"/governance/saw", "Who saw what"}, link{"/governance/rules", "Rules"}, link{"/worklist", "Coming up"}
	switch r {
	case clinical.Photographer:
		return []link{today, arrivals, library, looks, patients, sets, releases, mount, soon, tasks}
	case clinical.Clinician:
		return []link{patients, library, looks, today, sets, releases, mount, soon, tasks}
	case clinical.Nurse:
		return []link{today, patients, soon, tasks}
	case clinical.Governance:
		return []link{governance, patients, sets, people, tasks}
	case clinical.Admin:
		return []link{people, patients, arrivals, saw, rules, tasks}
	case clinical.Educator:
		return []link{sets, mount, patients, tasks}
	case clinical.Student:
		return []link{sets, mount, tasks}
	default:
		return []link{{"/sets", "Start"}}
	}
}

// done is what the last act came to, by code: nothing about a patient stands
// in a URL.
func done(code string) string {
	return map[string]string{
		"confirmed":     "Filed. The care team sees the pictures now; nobody else does until they are classified.",
		"filed":         "Filed under the patient you chose. The care team sees the pictures now.",
		"rejected":      "Rejected. The bytes are destroyed; the ledger keeps that it happened, and why.",
		"discarded":     "Discarded. The bytes are destroyed; the ledger keeps that it happened, and why.",
		"refiled":       "Refiled under this patient. The pictures left every drive at once, inherited no consent and wait to be classified.",
		"classified":    "Classified. What the patient's consent allows can now be shown.",
		"reviewed":      "Reviewed. Two people have now said that nothing identifies the patient.",
		"described":     "Saved.",
		"edited":        "Saved. The flattened copy is being made; ask a second person to look at it. Until they have, no set shows it.",
		"pasted":        "Copied. Each picture has a version of its own now; where it has masks, a second person looks at it.",
		"attested":      "Attested. Where the picture may not be shown, its copy is, as far as the patient's consent allows.",
		"recognisable":  "Noted: still recognisable. No set shows the copy. Mask more, and save another version.",
		"consent":       "Consent recorded. It holds from now on, on every page and every drive.",
		"withdrawn":     "Withdrawn. What was shown by this consent left every drive; the care record stays.",
		"created":       "Set begun. Tick pictures in the library or on a patient's page, and add them to it.",
		"added":         "Added to the set.",
		"removed":       "Taken out of the set.",
		"submitted":     "Submitted. A colleague publishes it.",
		"published":     "Published on its readers' drives.",
		"closed":        "Closed. The set left every drive.",
		"changed":       "Changed. Every drive follows from now on.",
		"crowded":       "Changed. The roster has more readers than the audience that you chose: everybody on it keeps the set, but choose the larger audience if they see it together.",
		"held":          "Hold placed. The pictures stay as they are, and left every drive.",
		"team":          "Noted who is named for this patient. It holds from now on, on every door.",
		"lifted":        "Hold lifted. What consent allows can be shown and changed again.",
		"mistaken":      "Marked as entered in error. It stays in the list and permits nothing.",
		"form":          "The form is kept beside the consent, sealed. It is never replaced.",
		"coderevoked":   "Code revoked. It opens nothing any more.",
		"merged":        "Merged. Both records are one patient’s from now on; nothing was moved, and they can be parted exactly.",
		"unmerged":      "Parted. What was recorded meanwhile is frozen until you have looked: see the holds.",
		"session":       "Noted.",
		"lesion":        "The lesion is followed from now on. Tick the pictures that show it, or say so on a picture's page.",
		"lesionchanged": "Saved. What is consented to for this lesion stays as it is.",
		"shows":         "Noted which lesion the pictures show. A consent for this lesion covers them from now on.",
		"named":         "Named. From now on the picture is shown only where everybody in it consents.",
		"unnamed":       "Taken away. From now on their consent is not asked for this picture.",
		"glass":         "The glass is broken, for an hour. Those who lead governance know, and it will be reviewed.",
		"reviewedglass": "Reviewed. The record keeps what you found.",
		"task":          "Confirmed. Thank you.",
		"released":      "In the register. Nothing has left yet: take the file along, then note that it was handed over.",
		"delivered":     "Noted as handed over.",
		"ended":         "Ended. Nothing leaves by it any more.",
		"erasure":       "The request is taken. Somebody else in governance decides.",
		"decided":       "Decided. The certificate says what was done, and since when.",
		"kept":          "Noted. The record comes up for review again on that day.",
		"revoked":       "Revoked. The device is refused from its next request on.",
		"job":           "Job added. Print its sheet: its code is the ID shot.",
		"status":        "Job changed.",
		"patient":       "Patient registered.",
		"person":        "Person added. Give them a password.",
		"password":      "Password set. The person is signed out everywhere else.",
	}[code]
}

func (d *door) funcs() template.FuncMap {
	return template.FuncMap{
		"worth":       func(lang string, list []clinical.Shown) []look { return worth(lang, list...) },
		"worthone":    func(lang string, s clinical.Shown) []look { return worth(lang, s) },
		"worthnew":    d.worthNew,
		"worthtitle":  worthTitle,
		"worthmore":   worthMore,
		"worthother":  worthOther,
		"day":         func(t time.Time) string { return d.format(t, "2 Jan 2006") },
		"time":        func(t time.Time) string { return d.format(t, "2 Jan 2006, 15:04") },
		"hour":        func(t time.Time) string { return d.format(t, "15:04:05") },
		"minute":      func(t time.Time) string { return d.format(t, "15:04") },
		"when":        d.when,
		"date":        date,
		"age":         func(p clinical.Patient) int { return ageAt(p.Born, d.Now().In(d.Zone)) },
		"sex":         sex,
		"why":         func(r clinical.Reason) string { return d.Explain(r) },
		"audience":    audience,
		"purpose":     purpose,
		"purposes":    purposes,
		"level":       level,
		"jobstatus":   jobStatus,
		"setstatus":   setStatus,
		"grantstatus": grantStatus,
		"mode":        mode,
		"capacity":    capacity,
		"evidence":    evidence,
		"facet":       facet,
		"flags":       flagWords,
		"hold":        hold,
		"holdkind":    holdKind,
		"holdkinds": func() []clinical.HoldKind {
			return []clinical.HoldKind{clinical.LegalHold, clinical.IdentityDispute, clinical.UnmergeFreeze}
		},
		"name":         d.name,
		"views":        views,
		"join":         strings.Join,
		"upper":        strings.ToUpper,
		"many":         many,
		"initials":     initials,
		"bytes":        size,
		"without":      without,
		"plus":         plus,
		"unclassified": unclassified,
		"open":         func(s clinical.SetStatus) bool { return s != clinical.SetClosed },
		"statuses": func() []clinical.JobStatus {
			return []clinical.JobStatus{clinical.JobRequested, clinical.JobBooked, clinical.JobArrived, clinical.JobTaken, clinical.JobDelivered, clinical.JobRefused, clinical.JobAbsent}
		},
		"displayed": func(mime string) bool {
			return mime == "image/jpeg" || mime == "image/png" || mime == "image/webp" || mime == "image/gif"
		},
		"dict":   dict,
		"plural": many, "audienceshort": audienceShort, "purposehint": purposeHint, "upperfirst": upperFirst, "plusint": func(a, b int) int { return a + b }, "languages": languages, "ways": ways, "covers": covers, "place": place, "finding": finding, "isoday": d.isoDay, "recipient": recipient, "chaperone": chaperone, "photography": photography, "tasktitle": taskTitle, "taskwhy": taskWhy,
		"answerwords": answerWords, "remaining": func(t time.Time) string { return remaining(t, d.Now()) }, "cause": cause, "settled": settled,
		"did": did, "through": through, "kindwords": kindWords, "formatwords": formatWords, "outcome": outcomeWords, "workwords": workWords,
		"glassreason": glassReason, "verdict": verdict, "answer": golden, "rolewords": roleWords, "lower": strings.ToLower, "reasonwords": policy.Words,
		"governance": func(p clinical.Person) bool { return p.Role == clinical.Governance },
		"tracks":     func(c []bool, i int) bool { return i+1 < len(c) && c[i+1] },
	}
}

// dict hands a part of a template several named things.
func dict(pairs ...any) map[string]any {
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return out
}

func (d *door) format(t time.Time, layout string) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(d.Zone).Format(layout)
}

// when says a time near now as people do.
func (d *door) when(t time.Time) string {
	if t.IsZero() {
		return "no date"
	}
	now, local := d.Now().In(d.Zone), t.In(d.Zone)
	today := clinical.DateOf(now)
	switch clinical.DateOf(local) {
	case today:
		return "Today, " + local.Format("15:04")
	case clinical.DateOf(now.AddDate(0, 0, 1)):
		return "Tomorrow, " + local.Format("15:04")
	case clinical.DateOf(now.AddDate(0, 0, -1)):
		return "Yesterday, " + local.Format("15:04")
	}
	if local.Year() == now.Year() {
		return local.Format("2 Jan, 15:04")
	}
	return local.Format("2 Jan 2006, 15:04")
}

// date writes a day as people do.
func date(d clinical.Date) string {
	if d.IsZero() {
		return "not known"
	}
	return d.Start(time.UTC).Format("2 Jan 2006")
}

// ageAt is the age in full years.
func ageAt(born clinical.Date, now time.Time) int {
	if born.IsZero() {
		return 0
	}
	years := now.Year() - born.Year
	if clinical.DateOf(now).Before(born.Anniversary(years)) {
		years--
	}
	return years
}

func sex(s clinical.Sex) string {
	switch s {
	case clinical.Female:
		return "female"
	case clinical.Male:
		return "male"
	case clinical.OtherSex:
		return "other"
	default:
		return "sex not stated"
	}
}

func audience(a clinical.Audience) string {
	switch a {
	case clinical.A0:
		return "the treating team"
	case clinical.A1:
		return "one learner"
	case clinical.A2:
		return "a group of up to 12"
	case clinical.A3:
		return "a class of up to 40"
	case clinical.A4:
		return "a lecture hall"
	case clinical.A5:
		return "professionals elsewhere"
	case clinical.A6:
		return "the public"
	default:
		return "nobody"
	}
}

func purpose(p clinical.Purpose) string {
	return map[clinical.Purpose]string{
		clinical.P0: "Care", clinical.P1: "Local audit", clinical.P2: "Teaching", clinical.P2b: "Showing another patient",
		clinical.P3: "Research", clinical.P4: "Publication", clinical.P5: "Public or online", clinical.P6: "Medico-legal", clinical.P7: "Device training",
	}[p]
}

// purposes joins what a consent speaks of: "Local audit and teaching".
func purposes(list []clinical.Purpose) string {
	out := make([]string, 0, len(list))
	for i, p := range list {
		w := purpose(p)
		if i > 0 {
			w = strings.ToLower(w)
		}
		out = append(out, w)
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

func level(i clinical.Identifiability) string {
	switch i {
	case clinical.I0:
		return "may be recognised"
	case clinical.I1:
		return "only where nothing identifies"
	case clinical.I2:
		return "only anonymised"
	default:
		return ""
	}
}

func jobStatus(s clinical.JobStatus) string {
	switch s {
	case clinical.JobRefused:
		return "Patient refused"
	case clinical.JobAbsent:
		return "Did not attend"
	default:
		if s == "" {
			return "Requested"
		}
		return strings.ToUpper(string(s[:1])) + string(s[1:])
	}
}

func setStatus(s clinical.TeachingSet) string {
	switch {
	case s.Status == clinical.SetClosed:
		return "Closed"
	case s.SubmittedAt.After(s.PublishedAt):
		return "Waits for a second person"
	case s.Status == clinical.SetPublished:
		return "Published"
	default:
		return "Draft, not yet published"
	}
}

func grantStatus(g clinical.Grant) string {
	switch g.Status {
	case clinical.GrantGiven:
		return "Given"
	case clinical.GrantRefused:
		return "Refused: do not ask again"
	case clinical.GrantWithdrawn:
		return "Withdrawn"
	case clinical.GrantRequested, clinical.GrantPending:
		return "Asked, waiting for the answer"
	case clinical.GrantSuperseded:
		return "Replaced by a later one"
	default:
		return "Entered in error"
	}
}

func mode(m clinical.Mode) string {
	switch m {
	case clinical.Written:
		return "in writing"
	case clinical.Electronic:
		return "electronically"
	case clinical.Verbal:
		return "verbally"
	default:
		return "implied"
	}
}

func capacity(c clinical.Capacity) string {
	return map[clinical.Capacity]string{
		clinical.AdultCapacity: "by the patient, an adult", clinical.Parental: "by a holder of parental responsibility",
		clinical.MatureMinor: "by the patient, a mature minor", clinical.BestInterest: "in the patient's best interest",
		clinical.DeceasedCapacity: "before death",
	}[c]
}

// evidence says what a run rests on.
func evidence(codes []string) []string {
	words := map[string]string{
		"end-label": "its end label was photographed", "job-count": "the number of frames is the job's", "ticket": "a ticket says so", "label-only": "rests on the ID shot alone",
		"gap": "a long pause between two frames", "tie": "two frames with the same time", "sources-disagree": "ticket and label disagree",
		"frames-after-end": "frames after the end label", "unplaced-file": "a file of this camera could not be placed",
		"dissolved": "its frames were placed elsewhere", "confirmed": "confirmed by a person",
	}
	out := make([]string, 0, len(codes))
	for _, c := range codes {
		if w, ok := words[c]; ok {
			c = w
		}
		out = append(out, strings.ReplaceAll(c, "-", " "))
	}
	if len(out) > 0 && out[0] != "" {
		out[0] = strings.ToUpper(out[0][:1]) + out[0][1:]
	}
	return out
}

func facet(name string) string {
	return map[string]string{"keyword": "Keywords", "view": "Views", "specialty": "Department", "year": "Year taken", "studio": "Studio", "site": "Body site"}[name]
}

// flagWords says what is in a picture.
func flagWords(a clinical.Asset) string {
	if unclassified(a) {
		return "Nobody has said yet"
	}
	names := map[string]string{"face": "a face", "intimate": "an intimate part", "safeguarding": "safeguarding concern", "vip": "named people only"}
	var out []string
	for _, n := range a.Sensitivity.Names() {
		out = append(out, names[n])
	}
	if len(out) == 0 {
		out = append(out, "nothing sensitive")
	}
	if a.NoIdentifyingFeature {
		out = append(out, "nothing that identifies")
	} else {
		out = append(out, "the patient may be recognised")
	}
	words := strings.Join(out, ", ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func unclassified(a clinical.Asset) bool { return !a.Sensitivity.Has(clinical.Known) }

func hold(k clinical.HoldKind) string {
	switch k {
	case clinical.LegalHold:
		return "A legal hold is in force: the pictures are seen for care, and cannot be edited, released or erased."
	case clinical.IdentityDispute:
		return "It is being checked whose pictures these are: only the named team sees them, and nobody changes them."
	case clinical.Restriction:
		return "Restricted on request: only the named team sees the pictures, for care alone."
	default:
		return "Two records are being taken apart: only the named team sees the pictures, and nobody changes them."
	}
}

// holdKind names a hold as one chooses it.
func holdKind(k clinical.HoldKind) string {
	switch k {
	case clinical.LegalHold:
		return "Legal: a claim, a court, an inquiry"
	case clinical.Restriction:
		return "Restriction: care and the named team alone, on request"
	case clinical.IdentityDispute:
		return "Identity: whose pictures these are is being checked"
	default:
		return "Unmerge: two records are being taken apart"
	}
}

// name is how somebody who works here is called.
func (d *door) name(id clinical.PersonID) string {
	if p, ok := d.Gate.PersonByID(id); ok {
		return p.Name
	}
	return "somebody unknown"
}

func views(list []clinical.View) string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, v.Code)
	}
	return strings.Join(out, " · ")
}

// many counts things: "1 picture", "7 pictures".
func many(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func initials(name string) string {
	var out strings.Builder
	for i, w := range strings.Fields(name) {
		if r := []rune(w); i < 2 {
			out.WriteRune(r[0])
		}
	}
	return strings.ToUpper(out.String())
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d kB", n>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}

// without and plus change one value of a search's address.
func without(q url.Values, name string) string {
	next := url.Values{}
	for k, v := range q {
		if k != name && k != "done" {
			next[k] = v
		}
	}
	return "?" + next.Encode()
}

func plus(q url.Values, name, value string) string {
	next := url.Values{}
	for k, v := range q {
		if k != "done" && k != "from" {
			next[k] = v
		}
	}
	next.Set(name, value)
	return "?" + next.Encode()
}

// glassReason says why a glass was broken.
func glassReason(r clinical.GlassReason) string {
	for _, one := range glassReasons() {
		if one.Value == string(r) {
			return one.Words
		}
	}
	return "No reason"
}

// verdict says what a review found.
func verdict(v clinical.GlassVerdict) string {
	return map[clinical.GlassVerdict]string{
		"": "Waits for review", clinical.GlassJustified: "Justified", clinical.GlassFollowUp: "To be followed up", clinical.GlassMisuse: "Misuse",
	}[v]
}

// golden says a question of the golden table.
func golden(q policy.StoryLine) string {
	var p clinical.Purpose
	var a clinical.Audience
	if p.UnmarshalText([]byte(q.Purpose)) != nil || a.UnmarshalText([]byte(q.Audience)) != nil || !p.Valid() {
		return q.Who + " asks for " + q.Picture + " without saying what for"
	}
	out := q.Who + ": " + q.Picture + ", " + strings.ToLower(purpose(p)) + " for " + audience(a) + ", " + q.Channel
	if q.More != "" {
		out += ", " + strings.NewReplacer("in=", "in ", "=", " ").Replace(q.More)
	}
	return out
}

// roleWords names a role as people do.
func roleWords(r clinical.Role) string {
	if r == clinical.StudioAccount {
		return "studio account"
	}
	return string(r)
}

// audienceShort heads a column of the matrix.
func audienceShort(a clinical.Audience) string {
	return map[clinical.Audience]string{
		clinical.A0: "Treating team", clinical.A1: "One person", clinical.A2: "Up to 12", clinical.A3: "Class of 40", clinical.A4: "Hall", clinical.A5: "Elsewhere", clinical.A6: "Anyone",
	}[a]
}

// purposeHint says what a purpose asks for.
func purposeHint(p clinical.Purpose) string {
	return map[clinical.Purpose]string{
		clinical.P0: "needs no signature; ticked where a form says so", clinical.P1: "done without a name unless refused", clinical.P2: "lectures, rounds, sets",
		clinical.P2b: "by itself: one person, on screen only", clinical.P3: "study, ethics reference and end", clinical.P4: "one named journal or event; pictures shown first",
		clinical.P5: "anyone may see it; cannot be called back", clinical.P7: "by whom and for what is told",
	}[p]
}

func upperFirst(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
