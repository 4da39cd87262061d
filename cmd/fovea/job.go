package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

type jobCmd struct {
	New    jobNewCmd    `cmd:"" help:"Record a request and print its sheet; the code on it is the ID shot."`
	List   jobListCmd   `cmd:"" help:"List requests."`
	Import jobImportCmd `cmd:"" help:"Record many requests from a CSV or JSON file."`
	Sheet  jobSheetCmd  `cmd:"" help:"Print the sheet of a request again."`
}

type jobNewCmd struct {
	Number       string   `arg:"" help:"The site's job number, such as 26-1187."`
	Patient      string   `required:"" help:"Patient ID, or SYSTEM:NUMBER."`
	Specialty    string   `help:"Department that asks, such as dermatology."`
	Frames       int      `help:"How many frames are wanted; a run with exactly these files itself."`
	View         []string `help:"A wanted view code, such as L-LEG-ANT. Repeat."`
	Ward         string   `help:"Where the patient is."`
	Due          string   `help:"Day it is due, YYYY-MM-DD." placeholder:"DAY"`
	Photographer string   `help:"Assigned photographer (login)."`
	Urgent       bool     `help:"Mark as urgent."`
	Sheet        string   `help:"Write the sheet to this PDF file." placeholder:"FILE"`
}

// Help teaches.
func (jobNewCmd) Help() string {
	return "Example:\n  fovea --as mia job new 26-1187 --patient hospital:8014552K --frames 7 --sheet job.pdf\n\n" +
		"Photograph the sheet's code first: that picture is the ID shot, and what follows on the same camera belongs to this patient."
}

func (x jobNewCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		p, err := e.patient(c, x.Patient)
		if err != nil {
			return err
		}
		j := wire.Job{Number: x.Number, Patient: p, Specialty: clinical.Specialty(x.Specialty), Frames: x.Frames, Ward: x.Ward, Urgent: x.Urgent}
		for _, v := range x.View {
			j.Wanted = append(j.Wanted, wire.View{Code: v})
		}
		if d, err := day(x.Due); err != nil {
			return err
		} else if !d.IsZero() {
			j.Due = d.Start(e.zone)
		}
		if x.Photographer != "" {
			if j.Photographer, err = e.person(c, x.Photographer); err != nil {
				return err
			}
		}
		var r wire.Result
		if err := c.post(e.ctx, "/api/v1/jobs", map[string]any{"jobs": []wire.Job{j}}, &r); err != nil {
			return err
		}
		if x.Sheet != "" && len(r.IDs) == 1 {
			if err := e.sheet(c, r.IDs[0], x.Sheet); err != nil {
				return err
			}
		}
		return e.said(r, "Job recorded (%s).", strings.Join(r.IDs, " "))
	})
}

// sheet writes a job's PDF whole or not at all.
func (e *env) sheet(c *client, id, path string) error {
	return e.writeFile(path, func(w io.Writer) error {
		return c.get(e.ctx, "/api/v1/jobs/"+id+"/sheet", w)
	})
}

type jobSheetCmd struct {
	ID  string `arg:"" help:"Job ID."`
	Out string `arg:"" help:"PDF file to write."`
}

func (x jobSheetCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		if err := e.sheet(c, x.ID, x.Out); err != nil {
			return err
		}
		return e.written(x.Out)
	})
}

type jobListCmd struct{}

func (jobListCmd) Run(e *env) error {
	return e.with(func(c *client) error {
		all, err := everyPage[wire.Job](e.ctx, c, "/api/v1/jobs")
		if err != nil {
			return err
		}
		return e.answer(all, func(w io.Writer) {
			put(w, "ID\tNUMBER\tSTATUS\tDUE\tFRAMES\tSPECIALTY")
			for _, j := range all {
				put(w, "%s\t%s\t%s\t%s\t%d\t%s", j.ID, j.Number, j.Status, e.stamp(j.Due), j.Frames, j.Specialty)
			}
		})
	})
}

type jobImportCmd struct {
	File string `arg:"" help:"CSV with a header (number, system, patient, specialty, frames, ward, due, views), or JSON {\"jobs\": [...]}."`
}

func (x jobImportCmd) Run(e *env) error {
	b, err := os.ReadFile(filepath.Clean(x.File))
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "The file cannot be read. Check its path.")
	}
	return e.with(func(c *client) error {
		jobs, err := x.jobs(string(b), e.zone)
		if err != nil {
			return err
		}
		return e.tell(c, "/api/v1/jobs", map[string]any{"jobs": jobs}, strconv.Itoa(len(jobs))+" jobs recorded")
	})
}

// jobs reads the file, with days of a site in this zone.
func (x jobImportCmd) jobs(text string, zone *time.Location) ([]wire.Job, error) {
	if !strings.EqualFold(filepath.Ext(x.File), ".json") {
		return jobsFromCSV(text, zone)
	}
	var in struct {
		Jobs []wire.Job `json:"jobs"`
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "json", "The file is not valid JSON. Correct it and import it again.")
	}
	return in.Jobs, nil
}

// jobsFromCSV reads one job a line, by the names in the header.
func jobsFromCSV(text string, zone *time.Location) ([]wire.Job, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, clinical.Refuse(clinical.Invalid, "csv", "The file has no header line. The first line names the columns: number,system,patient,…")
	}
	var out []wire.Job
	for line := 2; ; line++ {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, clinical.Refuse(clinical.Invalid, "csv", "Line "+strconv.Itoa(line)+" is not valid CSV. Correct it and import the file again.")
		}
		j, err := jobFromRow(head, rec, zone)
		if err != nil {
			return nil, clinical.Refuse(clinical.Invalid, "csv", "Line "+strconv.Itoa(line)+" holds a value that does not fit its column. Correct it and import the file again.")
		}
		out = append(out, j)
	}
}

func jobFromRow(head, rec []string, zone *time.Location) (wire.Job, error) {
	var j wire.Job
	ref := wire.Identifier{}
	for i, h := range head {
		v := strings.TrimSpace(rec[i])
		switch strings.ToLower(strings.TrimSpace(h)) {
		case "number":
			j.Number = v
		case "system":
			ref.System = v
		case "patient":
			ref.Value = v
		case "specialty":
			j.Specialty = clinical.Specialty(v)
		case "ward":
			j.Ward = v
		case "frames":
			n, err := strconv.Atoi("0" + v)
			if err != nil {
				return j, err
			}
			j.Frames = n
		case "due":
			d, err := day(v)
			if err != nil {
				return j, err
			}
			if !d.IsZero() {
				j.Due = d.Start(zone)
			}
		case "views":
			for code := range strings.SplitSeq(v, ";") {
				if code = strings.TrimSpace(code); code != "" {
					j.Wanted = append(j.Wanted, wire.View{Code: code})
				}
			}
		default:
			return j, clinical.ErrInvalid
		}
	}
	j.PatientRef = &ref
	return j, nil
}

// writeFile writes beside the target, then renames: whole or not at all.
func (e *env) writeFile(path string, fill func(io.Writer) error) error {
	path = filepath.Clean(path)
	f, err := os.CreateTemp(filepath.Dir(path), ".fovea-*")
	if err != nil {
		return clinical.Refuse(clinical.Invalid, "file", "No file can be written there. Choose another folder.")
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := errors.Join(fill(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return clinical.Errorf(clinical.Unavailable, "write: %w", err)
	}
	return nil
}

// written says where a file was written.
func (e *env) written(path string) error {
	return e.answer(map[string]string{"file": path}, func(w io.Writer) { put(w, "Written: %s", path) })
}
