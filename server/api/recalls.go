package api

import (
	"context"

	"fovea/clinical"
	"fovea/server/wire"
)

type recallPath struct {
	ID clinical.RecallID `path:"id"`
}

type recallList struct {
	Page
	ID clinical.RecallID `path:"id"`
}

type taskBody struct {
	ID   clinical.TaskID `path:"id"`
	Body wire.FinishTask
}

// recalls are what acts that take pictures back set in motion, and what they
// ask of people.
func (s *service) recalls() {
	show(s, "/patients/{id}/recalls", "recalls", "What was taken back of a patient's: names for governance, roles and counts for others", func(ctx context.Context, in *patientList) (wire.List[wire.Recall], error) {
		all, err := s.Gate.Recalls(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Recall]{}, err
		}
		return paged(&in.Page, all, wire.ToRecall)
	})
	show(s, "/recalls/{id}", "recall", "One recall and who had the pictures", func(ctx context.Context, in *recallPath) (wire.Recall, error) {
		r, err := s.Gate.Recall(ctx, caller(ctx), in.ID)
		return wire.ToRecall(r), err
	})
	show(s, "/recalls/{id}/tasks", "recall-tasks", "What a recall asked of whom, and their answers", func(ctx context.Context, in *recallList) (wire.List[wire.Task], error) {
		all, err := s.Gate.RecallTasks(ctx, caller(ctx), in.ID)
		if err != nil {
			return wire.List[wire.Task]{}, err
		}
		return paged(&in.Page, all, wire.ToTask)
	})
	show(s, "/tasks", "tasks", "What the caller has to do and to confirm", func(ctx context.Context, in *Page) (wire.List[wire.Task], error) {
		all, err := s.Gate.Tasks(ctx, caller(ctx))
		if err != nil {
			return wire.List[wire.Task]{}, err
		}
		return paged(in, all, wire.ToTask)
	})
	act(s, "POST /tasks/{id}/finish", "finish-task", "Confirm that a task is done", func(in *taskBody) (clinical.Command, error) {
		return clinical.FinishTask{Task: in.ID, Answer: in.Body.Answer, Words: in.Body.Words}, nil
	})
}
