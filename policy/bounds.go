package policy

import (
	"slices"
	"strings"

	"fovea/clinical"
)

// How much one record may say. What is kept for ever, and read with every
// decision, has a size.
const (
	maxField   = 1000 // bytes of one line that a person writes
	maxPeople  = 500  // of a team
	maxReaders = 5000 // of a set
	maxCohorts = 200
	maxNumbers = 50 // of a patient, and of a person's studios
	maxGrants  = 10 // consents on one form
)

// bounded is Invalid where a command says more than a record keeps.
func bounded(cmd clinical.Command) error {
	words, fields, lists := "", []string(nil), true
	switch cmd := cmd.(type) {
	case clinical.AddPerson:
		fields, lists = personFields(cmd.Person)
	case clinical.ChangePerson:
		fields, lists = personFields(cmd.Person)
	case clinical.AddPatient:
		lists = patientLists(cmd.Patient)
	case clinical.ChangePatient:
		lists = patientLists(cmd.Patient)
	case clinical.OpenEncounter:
		fields, lists = []string{string(cmd.Encounter.Specialty)}, len(cmd.Encounter.Team) <= maxPeople
	case clinical.ChangeJob:
		fields, lists = jobFields(cmd.Job)
	case clinical.AddJobs:
		for _, j := range cmd.Jobs[:min(len(cmd.Jobs), maxAct)] {
			one, ok := jobFields(j)
			fields, lists = append(fields, one...), lists && ok
		}
	case clinical.RecordConsent:
		words, fields, lists = cmd.Grant.WithdrawalReason, grantFields(cmd.Grant), grantLists(cmd.Grant) && len(cmd.Further) < maxGrants
		for _, g := range cmd.Further[:min(len(cmd.Further), maxGrants)] {
			fields, lists = append(fields, append(grantFields(g), g.WithdrawalReason)...), lists && grantLists(g)
		}
	case clinical.PlaceHold:
		words, lists = cmd.Hold.Reason, len(cmd.Hold.Assets) <= maxAct
	case clinical.CreateSet:
		fields, lists = []string{string(cmd.Set.Specialty)}, setLists(cmd.Set)
	case clinical.ChangeSet:
		lists = setLists(cmd.Set)
	case clinical.RemoveFromSet:
		lists = len(cmd.Items) <= maxAct
	default:
		words, fields = reasonOf(cmd), lesionFields(cmd)
	}
	if slices.ContainsFunc(append(append(fields, words), namesOf(cmd)...), turned) {
		return invalid("direction", "A character in this that is not seen turns the writing around, so that it reads as something else. Type it again.")
	}
	return sized(words, fields, lists)
}

// sized is Invalid where words, a field or a list is larger than a record
// keeps.
func sized(words string, fields []string, lists bool) error {
	if err := brief(words); err != nil {
		return err
	}
	for _, f := range fields {
		if len(f) > maxField {
			return invalid("words", "One of these lines has more than 1,000 bytes. Shorten it.")
		}
	}
	if !lists {
		return invalid("too-many", "There are more names, numbers or pictures in this than one record keeps. Send it in parts.")
	}
	return nil
}

// turned reports whether a text has a character that overrides, embeds or
// isolates the direction of what follows (Unicode TR 9, 2.1 to 2.4): with one,
// what is read is not what is recorded. Marks such as U+200F, which Arabic and
// Hebrew beside numbers need, turn nothing that is not theirs.
func turned(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 })
}

// namesOf are the names, captions, keywords and labels that a command gives.
func namesOf(cmd clinical.Command) []string {
	switch cmd := cmd.(type) {
	case clinical.AddPerson:
		return []string{cmd.Person.Name, cmd.Person.Login}
	case clinical.ChangePerson:
		return []string{cmd.Person.Name, cmd.Person.Login}
	case clinical.AddPatient:
		return []string{cmd.Patient.Family, cmd.Patient.Given}
	case clinical.ChangePatient:
		return []string{cmd.Patient.Family, cmd.Patient.Given}
	case clinical.CreateSet:
		return []string{cmd.Set.Title}
	case clinical.ChangeSet:
		return []string{cmd.Set.Title}
	case clinical.AddToSet:
		return cmd.Labels[:min(len(cmd.Labels), maxAct)]
	case clinical.DescribeAsset:
		var names []string
		if cmd.Caption != nil {
			names = append(names, *cmd.Caption)
		}
		if cmd.Keywords != nil {
			names = append(names, (*cmd.Keywords)[:min(len(*cmd.Keywords), maxAct)]...)
		}
		return names
	}
	return nil
}

// reasonOf is the reason that a command gives.
func reasonOf(cmd clinical.Command) string {
	switch cmd := cmd.(type) {
	case clinical.WithdrawConsent:
		return cmd.Reason
	case clinical.MarkInError:
		return cmd.Reason
	case clinical.LiftHold:
		return cmd.Reason
	case clinical.FileQuarantined:
		return cmd.Reason
	case clinical.RejectQuarantined:
		return cmd.Reason
	case clinical.DiscardAssets:
		return cmd.Reason
	case clinical.ClassifyAssets:
		return cmd.Reason
	case clinical.ReviewAssets:
		return cmd.Reason
	case clinical.NameSubjects:
		return cmd.Reason
	case clinical.RefileAssets:
		return cmd.Reason
	case clinical.MergePatients:
		return cmd.Reason
	case clinical.UnmergePatients:
		return cmd.Reason
	default:
		return ""
	}
}

func lesionFields(cmd clinical.Command) []string {
	switch cmd := cmd.(type) {
	case clinical.OpenLesion:
		return []string{cmd.Lesion.Label, cmd.Lesion.Site}
	case clinical.ChangeLesion:
		return []string{cmd.Lesion.Label, cmd.Lesion.Site}
	default:
		return nil
	}
}

func personFields(p clinical.Person) ([]string, bool) {
	return []string{string(p.Specialty), p.Language}, len(p.Studios) <= maxNumbers && len(p.Leads) <= maxNumbers
}

func patientLists(p clinical.Patient) bool {
	return len(p.Identifiers) <= maxNumbers && len(p.NamedTeam) <= maxPeople
}

func jobFields(j clinical.Job) ([]string, bool) {
	return []string{string(j.Specialty), j.Ward}, len(j.Wanted) <= maxPeople
}

func grantFields(g clinical.Grant) []string {
	return []string{
		g.NamedUse, g.Study, g.Ethics, g.Giver, g.Relationship, g.SecondGiver, string(g.Assent), g.Witness, g.Interpreter,
		g.Language, g.FormVersion, string(g.Mode), string(g.Capacity),
	}
}

func grantLists(g clinical.Grant) bool {
	return len(g.Purposes) <= maxNumbers && len(g.Covers.Assets) <= maxAct
}

func setLists(s clinical.TeachingSet) bool {
	readers := len(s.Roster)
	for _, c := range s.Cohorts {
		readers += len(c.People)
	}
	return len(s.Cohorts) <= maxCohorts && readers <= maxReaders
}
