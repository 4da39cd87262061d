package fhir

import (
	"time"

	"fovea/clinical"
)

// field is one member of a grant that R4 has no place for. The same list
// writes and reads, so that the two cannot part.
type field struct {
	name     string
	modifier bool // narrows what is allowed: a stranger must not overlook it
	get      func(*writer) extension
	set      func(*clinical.Grant, extension) error
}

// fields lists every extension, in the order in which they are written.
func fields() []field {
	return append(whatFields(), whoFields()...)
}

// whatFields say what was allowed.
func whatFields() []field {
	return []field{
		code("status", false, func(g *clinical.Grant) *clinical.GrantStatus { return &g.Status }),
		code("mode", false, func(g *clinical.Grant) *clinical.Mode { return &g.Mode }),
		flag("covers-all", func(g *clinical.Grant) *bool { return &g.Covers.All }),
		onlyVoid(moment("valid-from", func(g *clinical.Grant) *time.Time { return &g.ValidFrom }), (*writer).void),
		onlyVoid(moment("course-from", func(g *clinical.Grant) *time.Time { return &g.Covers.CourseFrom }), (*writer).courseVoid),
		flag("intimate-beyond-a2", func(g *clinical.Grant) *bool { return &g.IntimateBeyondA2 }),
		words("named-use", true, func(g *clinical.Grant) *string { return &g.NamedUse }),
		words("study", true, func(g *clinical.Grant) *string { return &g.Study }),
		words("ethics", true, func(g *clinical.Grant) *string { return &g.Ethics }),
		{
			name: "review-at", modifier: true,
			get: func(w *writer) extension { return extension{ValueDate: w.g.ReviewAt.String()} },
			set: func(g *clinical.Grant, e extension) (err error) {
				g.ReviewAt, err = clinical.ParseDate(e.ValueDate)
				return err
			},
		},
		code("assent", true, func(g *clinical.Grant) *clinical.Assent { return &g.Assent }),
	}
}

// whoFields say by whom, how, and what became of it.
func whoFields() []field {
	return []field{
		code("capacity", false, func(g *clinical.Grant) *clinical.Capacity { return &g.Capacity }),
		flag("temporary-incapacity", func(g *clinical.Grant) *bool { return &g.Temporary }),
		words("relationship", false, func(g *clinical.Grant) *string { return &g.Relationship }),
		words("witness", false, func(g *clinical.Grant) *string { return &g.Witness }),
		words("interpreter", false, func(g *clinical.Grant) *string { return &g.Interpreter }),
		code("language", false, func(g *clinical.Grant) *string { return &g.Language }),
		flag("taken-before-photo", func(g *clinical.Grant) *bool { return &g.TakenBeforePhoto }),
		flag("images-shown", func(g *clinical.Grant) *bool { return &g.ImagesShown }),
		flag("copy-given", func(g *clinical.Grant) *bool { return &g.CopyGiven }),
		link("recorded-by", "Practitioner", "person", func(g *clinical.Grant) *clinical.PersonID { return &g.RecordedBy }),
		link("supersedes", "Consent", "grant", func(g *clinical.Grant) *clinical.GrantID { return &g.Supersedes }),
		moment("withdrawn-at", func(g *clinical.Grant) *time.Time { return &g.WithdrawnAt }),
		link("withdrawn-by", "Practitioner", "person", func(g *clinical.Grant) *clinical.PersonID { return &g.WithdrawnBy }),
		words("withdrawal-reason", false, func(g *clinical.Grant) *string { return &g.WithdrawalReason }),
	}
}

func code[S ~string](name string, modifier bool, at func(*clinical.Grant) *S) field {
	return field{
		name: name, modifier: modifier,
		get: func(w *writer) extension { return extension{ValueCode: string(*at(&w.g))} },
		set: func(g *clinical.Grant, e extension) error { *at(g) = S(e.ValueCode); return nil },
	}
}

func words(name string, modifier bool, at func(*clinical.Grant) *string) field {
	return field{
		name: name, modifier: modifier,
		get: func(w *writer) extension { return extension{ValueString: *at(&w.g)} },
		set: func(g *clinical.Grant, e extension) error { *at(g) = e.ValueString; return nil },
	}
}

func flag(name string, at func(*clinical.Grant) *bool) field {
	return field{
		name: name,
		get: func(w *writer) extension {
			if !*at(&w.g) {
				return extension{}
			}
			yes := true
			return extension{ValueBoolean: &yes}
		},
		set: func(g *clinical.Grant, e extension) error {
			*at(g) = e.ValueBoolean != nil && *e.ValueBoolean
			return nil
		},
	}
}

func moment(name string, at func(*clinical.Grant) *time.Time) field {
	return field{
		name: name,
		get:  func(w *writer) extension { return extension{ValueDateTime: instant(*at(&w.g))} },
		set: func(g *clinical.Grant, e extension) (err error) {
			*at(g), err = readInstant(e.ValueDateTime)
			return err
		},
	}
}

// onlyVoid writes a field only where its place in the standard cannot hold it.
func onlyVoid(f field, void func(*writer) bool) field {
	always := f.get
	f.get = func(w *writer) extension {
		if !void(w) {
			return extension{}
		}
		return always(w)
	}
	return f
}

func link[K any](name, resource, kind string, at func(*clinical.Grant) *clinical.ID[K]) field {
	return field{
		name: name,
		get: func(w *writer) extension {
			if at(&w.g).IsZero() {
				return extension{}
			}
			return extension{ValueReference: ref(resource, kind, *at(&w.g))}
		},
		set: func(g *clinical.Grant, e extension) error {
			if e.ValueReference == nil {
				return nil
			}
			id, err := readRef[K](*e.ValueReference, kind)
			*at(g) = id
			return err
		},
	}
}

func (w writer) extensions() []extension { return w.list(false) }

func (w writer) modifiers() []extension { return w.list(true) }

func (w writer) list(modifier bool) []extension {
	var out []extension
	for _, f := range fields() {
		if f.modifier != modifier {
			continue
		}
		if e := f.get(&w); e != (extension{}) {
			e.URL = Base + "StructureDefinition/" + f.name
			out = append(out, e)
		}
	}
	return out
}
