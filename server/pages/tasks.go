package pages

import (
	"net/http"
	"time"

	"fovea/clinical"
)

// taskRow is something to do, with what the page says about it.
type taskRow struct {
	Task    clinical.Task
	Patient clinical.Patient // where the person may meet them
	Set     clinical.TeachingSet
	Glass   clinical.BreakGlass
	Answers []choice
	Late    bool
}

// tasks are what the person has to do and to confirm.
func (d *door) tasks(v *visit) error {
	all, err := d.Gate.Tasks(v.ctx, v.caller)
	if err != nil {
		return err
	}
	sets, err := d.Gate.Sets(v.ctx, v.caller)
	if err != nil {
		return err
	}
	glasses, err := d.Gate.Glasses(v.ctx, v.caller)
	if err != nil {
		return err
	}
	var open, done []taskRow
	for _, t := range all {
		row := taskRow{Task: t, Answers: answers(t.Kind), Late: !t.Done() && !t.Due.IsZero() && t.Due.Before(d.Now())}
		for _, s := range sets {
			if s.ID == t.Set {
				row.Set = s
			}
		}
		for _, g := range glasses {
			if g.ID == t.BreakGlass {
				row.Glass = g
			}
		}
		if row.Patient, err = d.met(v, t.Patient); err != nil {
			return err
		}
		if t.Done() {
			done = append(done, row)
		} else {
			open = append(open, row)
		}
	}
	return d.show(v, "tasks", "My tasks", struct {
		Open, Done []taskRow
	}{open, done})
}

// met is a patient whom the caller may meet; for anybody else there is none.
func (d *door) met(v *visit, id clinical.PatientID) (clinical.Patient, error) {
	if id.IsZero() || v.person.Role == clinical.Student || v.person.Role == clinical.Educator {
		return clinical.Patient{}, nil
	}
	p, err := d.Gate.Patient(v.ctx, v.caller, id)
	if clinical.KindOf(err) == clinical.NotFound {
		return clinical.Patient{}, nil
	}
	return p, err
}

// answers are what may be said to a task, the usual first.
func answers(k clinical.TaskKind) []choice {
	cannot := choice{string(clinical.AnswerCannot), "It cannot be done; I say why"}
	switch k {
	case clinical.DestroyCopy:
		return []choice{{string(clinical.AnswerDone), "I destroyed my copies"}, {string(clinical.AnswerNoCopy), "I had no copy"}, cannot}
	case clinical.CorrectionNotice:
		return []choice{{string(clinical.AnswerDone), "I told them"}, cannot}
	case clinical.AskOnRecovery:
		return []choice{{string(clinical.AnswerDone), "I asked the patient, and recorded the answer"}, cannot}
	case clinical.FamilyConsult:
		return []choice{{string(clinical.AnswerAgreed), "The family does not object"}, {string(clinical.AnswerObjected), "The family objects"}, cannot}
	case clinical.VerifyWithdrawal:
		return []choice{{string(clinical.AnswerDone), "The patient confirms it"}, {string(clinical.AnswerMistaken), "The patient did not want this"}, cannot}
	case clinical.GlassNotice, clinical.GlassAlert:
		return []choice{{string(clinical.AnswerDone), "I have read it"}}
	default:
		return nil
	}
}

// answerWords says how a task was closed.
func answerWords(t clinical.Task) string {
	for _, a := range answers(t.Kind) {
		if a.Value == string(t.Answer) {
			return a.Words
		}
	}
	return "Done"
}

// taskTitle says what is to be done.
func taskTitle(k clinical.TaskKind) string {
	return map[clinical.TaskKind]string{
		clinical.DestroyCopy: "Destroy your copies", clinical.CorrectionNotice: "Tell where wrongly filed pictures went",
		clinical.AskOnRecovery: "Ask the patient, now that they can answer", clinical.FamilyConsult: "Ask the family",
		clinical.GlassNotice: "Somebody broke the glass", clinical.GlassReview: "Review a broken glass",
		clinical.GlassAlert: "Somebody breaks the glass often", clinical.VerifyWithdrawal: "Confirm the withdrawal with the patient",
	}[k]
}

// taskWhy says why, and what exactly.
func taskWhy(t clinical.Task) string {
	pictures := many(len(t.Assets), "picture")
	switch t.Kind {
	case clinical.DestroyCopy:
		return "A patient took back " + pictures + " that you had. Delete what you downloaded, printed or copied from a drive, also from slides and backups, then say so here."
	case clinical.CorrectionNotice:
		return pictures + " were filed under the wrong patient and had been delivered. Tell the receiver to remove them."
	case clinical.AskOnRecovery:
		return "Somebody decided in the patient's best interest while they could not. Ask them, and record what they say."
	case clinical.FamilyConsult:
		return "The patient has died. Before publication or a use in which they are recognised, the family is asked."
	case clinical.GlassNotice:
		return "A colleague opened pictures that were not theirs to see, with a reason. It is reviewed by governance."
	case clinical.GlassReview:
		return "Judge whether it was justified. This cannot be skipped."
	case clinical.GlassAlert:
		return "More often in a week than is usual here. Talk to them."
	case clinical.VerifyWithdrawal:
		return "It was withdrawn on the patient's word and took effect at once. Ask the patient whether that is right."
	default:
		return ""
	}
}

// finishTask confirms that something is done.
func finishTask(r *http.Request) (clinical.Command, string, error) {
	id, err := pathID[clinical.Task](r)
	return clinical.FinishTask{Task: id, Answer: clinical.Answer(r.PostFormValue("answer")), Words: text(r, "words")}, back(r, "/tasks", "task"), err
}

// remaining says how long something still holds.
func remaining(until, now time.Time) string {
	left := until.Sub(now)
	if left <= 0 {
		return "over"
	}
	return many(int((left+time.Minute-1)/time.Minute), "minute") + " left"
}
