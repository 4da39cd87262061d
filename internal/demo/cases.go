package demo

import (
	"fmt"
	"time"

	"fovea/clinical"
	"fovea/ingest/label"
)

// sitting is a job, the shoot that answered it (or will), and what was photographed.
type sitting struct {
	number       int
	patient      string
	kind         Kind
	frames       int
	days         int // from today
	hour         int
	camera       int
	photographer string
	held         bool // waits for the walk
	ticket       bool
	classified   bool
	ward         string
}

// sittings are the demo's: past ones, filed by their tickets when it begins, and those of the walk. The walk's first
// three are one photographer's morning with one camera; the second of them lacks its ID shot.
func sittings() []sitting {
	return []sitting{
		{1187, moreau, LegUlcer, 4, -21, 10, 0, "lea", false, true, true, "Ward 4"},
		{1188, moreau, LegUlcer, 3, -10, 11, 0, "lea", false, true, true, "Ward 4"},
		{1191, okafor, HandBurn, 3, -18, 9, 2, "tomas", false, true, true, "Burns unit"},
		{1194, nunez, FootUlcer, 3, -15, 14, 1, "lea", false, true, true, "Foot clinic"},
		{1197, whitfield, ThighGraft, 4, -12, 10, 2, "tomas", false, true, true, "Ward 7"},
		{1199, lefevre, ArmScar, 3, -11, 15, 2, "tomas", false, true, true, "Clinic 2"},
		{1202, garcia, LegUlcer, 2, -14, 9, 1, "lea", false, true, true, "Ward 4"},
		{1205, benoit, TrunkNaevus, 4, -9, 16, 0, "lea", false, true, true, "Clinic 1"},
		{1208, ashworth, ArmScar, 2, -5, 8, 2, "tomas", false, true, true, "Private wing"},
		{1210, castano, TrunkRash, 3, -3, 13, 1, "lea", false, true, true, "Clinic 1"},
		{1212, daubigne, TrunkNaevus, 3, -2, 10, 0, "lea", false, true, true, "Clinic 1"},
		{1214, benoitTwin, HandBurn, 2, -1, 12, 2, "tomas", false, true, false, "Burns unit"},
		{1220, moreau, LegUlcer, 3, 0, 9, 0, "lea", true, false, false, "Ward 4"},
		{1221, nunez, FootUlcer, 3, 0, 9, 0, "lea", true, false, false, "Foot clinic"},
		{1222, daubigne, TrunkNaevus, 3, 0, 9, 0, "lea", true, false, false, "Clinic 1"},
		{1223, brennan, HandBurn, 1, 0, 14, 2, "tomas", true, true, false, "Burns unit"},
	}
}

func (s sitting) dermatology() bool { return s.camera < 2 }

func (s sitting) studio() clinical.StudioID {
	if s.dermatology() {
		return studioA
	}
	return studioB
}

func (s sitting) specialty() clinical.Specialty {
	if s.dermatology() {
		return dermatology
	}
	return plastics
}

func jobs(c calendar) []Job {
	var list []Job
	for _, s := range sittings() {
		requester := "nora"
		if s.dermatology() {
			requester = "henri"
		}
		list = append(list, Job{s.patient, requester, s.photographer, clinical.Job{
			Number: c.job(s.number), Specialty: s.specialty(), Wanted: []clinical.View{view(s.kind, 0)}, Frames: s.frames,
			Ward: s.ward, Due: c.at(s.days, s.hour, 0), Status: clinical.JobBooked, Urgent: s.number == 1221,
		}})
	}
	return list
}

func shoots(c calendar) []Shoot {
	var list []Shoot
	file := map[int]int{} // per camera: the number of its last file
	for _, s := range sittings() {
		cam := cameras()[s.camera]
		if file[s.camera] == 0 {
			file[s.camera] = 1001 + 2000*s.camera
		}
		sh := Shoot{
			Studio: s.studio(), Folder: c.job(s.number), Job: c.job(s.number), Photographer: s.photographer,
			Ticket: s.ticket, Held: s.held,
		}
		start := c.at(s.days, s.hour, 5)
		if s.held && !s.ticket { // this half hour, one after the other, into the studio's folder itself
			sh.Folder = ""
			start = c.now.Truncate(time.Minute).Add(time.Duration(s.number-1220)*3*time.Minute - 30*time.Minute)
		}
		name := func() string {
			file[s.camera]++
			return fmt.Sprintf("DSC_%04d.JPG", file[s.camera])
		}
		if !s.ticket && s.number != 1221 { // the one of the walk whose ID shot was forgotten
			sh.Frames = append(sh.Frames, idShot(c, s, name(), start, cam))
		}
		for i := range s.frames {
			sh.Frames = append(sh.Frames, s.frame(i, name(), start.Add(time.Duration(i+1)*20*time.Second), cam))
		}
		list = append(list, sh)
	}
	return list
}

func idShot(c calendar, s sitting, name string, taken time.Time, cam Camera) Frame {
	code, err := label.Payload{Kind: label.Job, Number: c.job(s.number)}.Text()
	if err != nil {
		panic(err) // our own job numbers can be printed
	}
	o := Options{Taken: taken, Camera: cam, Payload: code, Lines: []string{"Job " + c.job(s.number), s.ward}}
	for _, p := range patients(c) {
		if p.Key == s.patient {
			o.Lines = append(o.Lines, p.Record.DisplayName(), "born "+p.Record.Born.String())
		}
	}
	return Frame{Name: name, Kind: Label, Seed: uint64(s.number), Options: o}
}

// healed is how far a finding has gone back since it was first photographed: 3 % a day.
func (s sitting) healed() float64 {
	for _, first := range sittings() {
		if first.patient == s.patient {
			return min(1, 0.03*float64(s.days-first.days))
		}
	}
	return 0
}

// frame is the ith picture of a sitting. Those of one patient show the same scene, nearer and farther; orientation and
// ruler vary as they do in a studio.
func (s sitting) frame(i int, name string, taken time.Time, cam Camera) Frame {
	orientations := []int{1, 1, 6, 8, 3}
	person := 0
	for n, p := range []string{moreau, okafor, nunez, whitfield, lefevre, garcia, brennan, benoit, benoitTwin, ashworth, castano, daubigne} {
		if p == s.patient {
			person = n
		}
	}
	f := Frame{
		Name: name, Kind: s.kind, Seed: uint64(1 + person),
		Options: Options{
			Taken: taken, Camera: cam, Orientation: orientations[i%len(orientations)], Ruler: i%2 == 0,
			Skin: []int{2, 6, 3, 5, 1, 3, 1, 2, 4, 1, 3, 2}[person], Close: []float64{1, 1.3, 1.7, 1.12}[i%4], Healed: s.healed(),
		},
		View: view(s.kind, i), Keywords: words(s.kind),
	}
	f.Caption = captions(s.kind)[i%3]
	if s.classified {
		f.Sensitivity = clinical.Plain
		f.NoIdentifyingFeature = s.patient != whitfield // she agreed to be recognised
	}
	return f
}

func view(kind Kind, i int) clinical.View {
	v := clinical.View{Ratio: "1:8", Position: "supine", ScaleInFrame: i%2 == 0, Laterality: clinical.Left}
	switch kind {
	case LegUlcer:
		v.Code, v.Site = "L-LEG ANT", "lower leg"
	case FootUlcer:
		v.Code, v.Site = "L-FOOT DORS", "foot"
	case HandBurn:
		v.Code, v.Site, v.Ratio = "R-HAND DORS", "hand", "1:6"
		v.Laterality = clinical.Right
	case ArmScar:
		v.Code, v.Site, v.Phase = "L-FOREARM VENT", "forearm", clinical.PostOp
	case ThighGraft:
		v.Code, v.Site, v.Phase = "L-THIGH ANT", "thigh", clinical.PostOp
	case TrunkNaevus, TrunkRash:
		v.Code, v.Site, v.Position, v.Laterality = "TRUNK POST", "back", "standing", clinical.Unpaired
	case Label:
	}
	return v
}

// words are the keywords of a kind, in the three languages of the wards.
func words(kind Kind) []string {
	switch kind {
	case LegUlcer:
		return []string{"venous ulcer", "compression"}
	case FootUlcer:
		return []string{"úlcera", "pie diabético"}
	case HandBurn:
		return []string{"burn", "partial thickness"}
	case ArmScar:
		return []string{"scar", "hypertrophic"}
	case ThighGraft:
		return []string{"graft", "meshed"}
	case TrunkNaevus:
		return []string{"naevus", "dermoscopie"}
	case TrunkRash:
		return []string{"erupción", "rash"}
	default:
		return nil
	}
}

func captions(kind Kind) [3]string {
	switch kind {
	case LegUlcer:
		return [3]string{"Ulcère veineux, face antérieure, fibrine au centre", "Ulcère veineux avec échelle", "Berges et peau périlésionnelle"}
	case FootUlcer:
		return [3]string{"Úlcera neuropática en el dorso del pie", "Úlcera con escala", "Bordes de la úlcera"}
	case HandBurn:
		return [3]string{"Partial thickness burn, dorsum of the hand", "Burn with scale, fingers spread", "Blisters at the margin"}
	case ArmScar:
		return [3]string{"Hypertrophic scar after laceration", "Scar with scale", "Suture marks, oblique light"}
	case ThighGraft:
		return [3]string{"Meshed split skin graft, day 5", "Graft take with scale", "Donor margin"}
	case TrunkNaevus:
		return [3]string{"Nævus atypique du dos, vue d’ensemble", "Nævus avec échelle", "Bords irréguliers, détail"}
	case TrunkRash:
		return [3]string{"Erupción maculopapular en la espalda", "Erupción con escala", "Detalle de las pápulas"}
	default:
		return [3]string{}
	}
}
