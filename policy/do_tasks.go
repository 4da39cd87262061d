package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"fovea/clinical"
)

// isFor reports whether a task is somebody's: theirs by name, or anybody's of
// their role or of whoever leads what they lead. Nobody judges what they did
// themselves.
func (s *Snapshot) isFor(p *clinical.Person, t *clinical.Task) bool {
	if !t.For.IsZero() {
		return t.For == p.ID
	}
	if b, ok := s.tickets.get(t.BreakGlass); ok && b.Person == p.ID {
		return false
	}
	return t.Role != "" && t.Role == p.Role || t.Lead != "" && slices.Contains(p.Leads, t.Lead)
}

// answers are what may be said to a task. A review of broken glass has none:
// it is done by judging the ticket.
func answers(k clinical.TaskKind) []clinical.Answer {
	switch k {
	case clinical.DestroyCopy:
		return []clinical.Answer{clinical.AnswerDone, clinical.AnswerNoCopy, clinical.AnswerCannot}
	case clinical.CorrectionNotice, clinical.AskOnRecovery:
		return []clinical.Answer{clinical.AnswerDone, clinical.AnswerCannot}
	case clinical.FamilyConsult:
		return []clinical.Answer{clinical.AnswerAgreed, clinical.AnswerObjected, clinical.AnswerCannot}
	case clinical.VerifyWithdrawal:
		return []clinical.Answer{clinical.AnswerDone, clinical.AnswerMistaken, clinical.AnswerCannot}
	case clinical.GlassNotice, clinical.GlassAlert:
		return []clinical.Answer{clinical.AnswerDone}
	default:
		return nil
	}
}

// finishTask closes a task with an answer that fits it. Governance closes what
// was asked of somebody who no longer has an account, and says so.
func (a *act) finishTask(cmd clinical.FinishTask) (clinical.Change, error) {
	t, ok := a.snap.tasks.get(cmd.Task)
	if !ok || !a.snap.isFor(a.person, t) && !a.standsIn(t) {
		return clinical.Change{}, clinical.ErrNotFound
	}
	words := strings.TrimSpace(cmd.Words)
	fits := answers(t.Kind)
	switch {
	case t.Done():
		return clinical.Change{}, conflict("done", "This was confirmed already. Nothing is left to do.")
	case len(fits) == 0:
		return clinical.Change{}, invalid("answer", "This is done by reviewing the ticket. Open it and say what you found.")
	case !slices.Contains(fits, cmd.Answer):
		return clinical.Change{}, invalid("answer", "This answer does not fit. Choose one of: "+join(fits)+".")
	case cmd.Answer == clinical.AnswerCannot && words == "":
		return clinical.Change{}, invalid("words", "Say why it cannot be done, and what you did instead.")
	case !a.snap.isFor(a.person, t) && cmd.Answer != clinical.AnswerCannot:
		return clinical.Change{}, invalid("answer", "Nobody else can confirm this for them. Answer that it cannot be done, and say what you did instead.")
	}
	if err := brief(words); err != nil {
		return clinical.Change{}, err
	}
	c := a.change(clinical.ActTaskDone, words)
	c.Patient, c.Event.Assets, c.Set, c.Grant = t.Patient, t.Assets, t.Set, t.Grant
	c.Tasks = []clinical.Task{a.closed(*t, cmd.Answer, words)}
	return c, nil
}

// standsIn reports whether governance answers for somebody who cannot.
func (a *act) standsIn(t *clinical.Task) bool {
	p, ok := a.snap.people.get(t.For)
	return a.person.Role == clinical.Governance && !t.For.IsZero() && (!ok || !p.ActiveAt(a.now, a.snap.site.Zone))
}

// closed returns a task as confirmed by the asker.
func (a *act) closed(t clinical.Task, answer clinical.Answer, words string) clinical.Task {
	t.DoneBy, t.DoneAt, t.Answer, t.Words = a.person.ID, a.now, answer, words
	return t
}

func join(list []clinical.Answer) string {
	var out []string
	for _, one := range list {
		out = append(out, string(one))
	}
	return strings.Join(out, ", ")
}

// maxWords is how long what a person writes may be, in bytes.
const maxWords = 4000

// brief is Invalid for words that are too long to be kept.
func brief(words string) error {
	if len(words) > maxWords {
		return invalid("words", "This has more than 4,000 bytes. Shorten it.")
	}
	return nil
}

// doneDays is how long a task that is done stays listed.
const doneDays = 30

// Tasks returns what the caller has to do, what is asked of anybody of their
// role, and what comes with what they lead: open ones first, by when they are
// due, and those done in the last 30 days.
func (g *Gate) Tasks(_ context.Context, c clinical.Caller) ([]clinical.Task, error) {
	snap, p, err := g.ready(c)
	if err != nil {
		return nil, err
	}
	since := g.opt.Now().AddDate(0, 0, -doneDays)
	var out []clinical.Task
	snap.tasks.each(func(_ clinical.TaskID, t *clinical.Task) bool {
		if snap.isFor(p, t) && (!t.Done() || t.DoneAt.After(since)) {
			out = append(out, *t)
		}
		return true
	})
	sortTasks(out)
	return out, nil
}

func sortTasks(list []clinical.Task) {
	rank := func(t clinical.Task) int {
		if t.Done() {
			return 1
		}
		return 0
	}
	slices.SortFunc(list, func(a, b clinical.Task) int {
		return cmp.Or(rank(a)-rank(b), b.DoneAt.Compare(a.DoneAt), a.Due.Compare(b.Due), a.ID.Compare(b.ID))
	})
}
