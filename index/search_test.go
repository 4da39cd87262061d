package index_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fovea/clinical"
)

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 10, 0, 0, 0, time.UTC)
}

// library is a small catalogue whose ordinals the tests name.
func library(j *journal) {
	dupont := patient(j, "Dupont", "Hélène", "1850575123456", "9434765919")
	obrien := patient(j, "O'Brien", "Seán", "9434765870")
	nunez := patient(j, "Núñez Ibáñez", "José María", "MRN00412")
	j.commit(clinical.Delta{Patients: []clinical.Patient{dupont, obrien, nunez}})
	job := clinical.Job{ID: clinical.Mint[clinical.Job](j.mint), Number: "26-1187", Patient: dupont.ID}
	j.commit(clinical.Delta{Jobs: []clinical.Job{job}})
	add := func(a clinical.Asset, taken time.Time, site, code string) {
		a.Capture.At, a.Capture.Local = taken, taken
		a.View = clinical.View{Site: site, Code: code}
		j.commit(clinical.Delta{Assets: []clinical.Asset{a}})
	}
	a := asset(j, dupont.ID, "Ulcères veineux de la jambe gauche", "ulcère", "greffe") // 0
	a.Job, a.Name, a.Specialty = job.ID, "IMG_0042.JPG", "dermatology"
	add(a, day(2024, 5, 1), "leg", "L-LEG ANT")
	a = asset(j, obrien.ID, "Venous ulcer of the left leg, before grafting", "ulcer") // 1
	a.Name, a.Studio = "DSC_9001.NEF", "studio-b"
	add(a, day(2025, 6, 2), "leg", "L-LEG LAT")
	a = asset(j, nunez.ID, "Úlceras venosas en la pierna izquierda", "úlcera") // 2
	add(a, day(2026, 1, 3), "leg", "")
	a = asset(j, dupont.ID, "Burns on both hands", "burn", "hand") // 3
	add(a, day(2026, 2, 4), "hand", "HAND DOR")
	a = asset(j, obrien.ID, "Cicatrice du front; sans rapport", "scar") // 4
	add(a, time.Time{}, "head", "")
}

func TestPeopleFindPicturesInThreeLanguages(t *testing.T) {
	j := newJournal()
	library(j)
	x := open(t, t.TempDir())
	follow(t, x, j)
	wait(t, x, uint64(len(j.changes)))
	scope := j.everything()
	for text, want := range map[string][]uint32{
		"":                           {0, 1, 2, 3, 4},
		"   ":                        {0, 1, 2, 3, 4},
		"ulcère":                     {0, 1, 2},    // one letter apart in every language
		"ULCERES":                    {0, 1, 2},    // plural, case, accents
		"úlcera pierna":              {2},          // words are joined by AND
		"pierna úlceras":             {2},          // in any order
		"veineuses jambes":           {0},          // French forms
		"burned hand":                nil,          // every word counts
		"burn hand":                  {3},          // English singular for plural
		"cicatrices":                 {4},          //
		"cic":                        {4},          // search as you type
		"vanous":                     {1},          // one letter wrong
		"venuos ulcer":               {1},          // two neighbours swapped
		"vonuas ulcer":               nil,          // two letters wrong
		"legs":                       {0, 1, 2},    // the body site
		`"jambe gauche"`:             {0},          // a phrase
		`"gauche jambe"`:             nil,          // in this order
		`"left leg" before`:          {1},          //
		`"hands burn"`:               nil,          // a phrase does not reach from caption into keywords
		`"hand`:                      {3},          // an open quote closes itself
		"l'ulcère de la jambe":       {0},          // articles are not asked for
		"Dupont":                     {0, 3},       // the patient's name
		"dup":                        {0, 3},       //
		"dupond":                     {0, 3},       // one letter wrong in a name
		"helene dupont":              {0, 3},       //
		`"Dupont Hélène"`:            {0, 3},       // either way round
		`"hélène dupont"`:            {0, 3},       //
		"o'brien":                    {1, 4},       //
		"obrien":                     {1, 4},       //
		"O’Brien":                    {1, 4},       // a printer's apostrophe
		"nuñez ibanez":               {2},          //
		"9434765919":                 {0, 3},       // a patient's number
		"943 476 5919":               {0, 3},       // as it is printed
		"943-476-5919":               {0, 3},       //
		"9434":                       {0, 1, 3, 4}, // its first four figures, of two people
		"943":                        nil,          // three are too few
		"943476591":                  {0, 3},       //
		"mrn00412":                   {2},          //
		"MRN0":                       {2},          //
		"26-1187":                    {0},          // the job
		"261187":                     {0},          //
		"img_0042.jpg":               {0},          // the file
		"0042":                       {0},          //
		"L-LEG ANT":                  {0},          // the view
		"studio b":                   {1},          //
		"derma":                      {0},          // the specialty
		"!!! ~ * ? : ( ) [ ] ^ \\":   nil,          // signs ask for nothing
		"caption:burn":               nil,          // no field syntax
		"burn OR ulcer":              nil,          // no operators
		"-burn":                      {3},          //
		"bur*":                       {3},          // the star means nothing; the beginning of a word does
		"/.*/":                       nil,          //
		"zzzzz":                      nil,          //
		"the":                        {1},          // a common word alone is still a word
		strings.Repeat("ulcer ", 16): {0, 1, 2},
	} {
		got := find(t, x, clinical.Query{Text: text}, scope)
		slices.Sort(got.Ordinals)
		if diff := cmp.Diff(want, got.Ordinals); diff != "" || got.Total != len(want) {
			t.Errorf("%q: total %d (-want +got)\n%s", text, got.Total, diff)
		}
	}
}

func TestHitsComeBestFirst(t *testing.T) {
	j := newJournal()
	p := patient(j, "Marin", "Luz")
	j.commit(clinical.Delta{Patients: []clinical.Patient{p}})
	for i, caption := range []string{"grafted area", "grafts", "graft", "craft", "graft"} {
		a := asset(j, p.ID, caption)
		a.Capture.At = day(2020+i, 1, 1)
		j.commit(clinical.Delta{Assets: []clinical.Asset{a}})
	}
	x := open(t, t.TempDir())
	follow(t, x, j)
	wait(t, x, uint64(len(j.changes)))
	for sort, want := range map[string][]uint32{
		"":       {4, 2, 1, 3, 0}, // as written, newest first; another form; then one letter wrong and beginnings
		"newest": {4, 3, 2, 1, 0},
		"oldest": {0, 1, 2, 3, 4},
	} {
		got := find(t, x, clinical.Query{Text: "graft", Sort: sort}, j.everything()).Ordinals
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("sort %q (-want +got)\n%s", sort, diff)
		}
		var paged []uint32
		for offset := range 6 {
			paged = append(paged, find(t, x, clinical.Query{Text: "graft", Sort: sort, Offset: offset, Limit: 1}, j.everything()).Ordinals...)
		}
		if diff := cmp.Diff(want, paged); diff != "" {
			t.Errorf("sort %q, page by page (-want +got)\n%s", sort, diff)
		}
	}
}

func TestQueryNarrowsByDatesFacetsAndRecords(t *testing.T) {
	j := newJournal()
	library(j)
	x := open(t, t.TempDir())
	follow(t, x, j)
	wait(t, x, uint64(len(j.changes)))
	first := j.changes[2].Delta.Assets[0]
	type taken = struct{ From, To time.Time }
	for name, c := range map[string]struct {
		q    clinical.Query
		want []uint32
	}{
		"from":          {clinical.Query{Taken: taken{From: day(2026, 1, 3)}}, []uint32{2, 3}},
		"to, half open": {clinical.Query{Taken: taken{To: day(2025, 6, 2)}}, []uint32{0}},
		"between":       {clinical.Query{Text: "ulcer", Taken: taken{From: day(2025, 1, 1), To: day(2026, 1, 1)}}, []uint32{1}},
		"patient":       {clinical.Query{Patient: first.Patient}, []uint32{0, 3}},
		"studio":        {clinical.Query{Studio: "studio-b"}, []uint32{1}},
		"no such":       {clinical.Query{Studio: "studio-z"}, nil},
		"session":       {clinical.Query{Session: clinical.Mint[clinical.Session](j.mint)}, nil},
		"one value":     {clinical.Query{Terms: map[string][]string{"keyword": {"burn"}}}, []uint32{3}},
		"any value":     {clinical.Query{Terms: map[string][]string{"year": {"2024", "2026"}}}, []uint32{0, 2, 3}},
		"two facets":    {clinical.Query{Terms: map[string][]string{"year": {"2026"}, "site": {"leg"}}}, []uint32{2}},
		"unknown value": {clinical.Query{Terms: map[string][]string{"view": {"nowhere"}}}, nil},
	} {
		got := find(t, x, c.q, j.everything()).Ordinals
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	for name, q := range map[string]clinical.Query{
		"facet":  {Facets: []string{"patient"}},
		"term":   {Terms: map[string][]string{"caption": {"x"}}},
		"sort":   {Sort: "caption"},
		"limit":  {Limit: 501},
		"offset": {Offset: -1},
		"long":   {Text: strings.Repeat("é", 513)},
		"words":  {Text: strings.Repeat("word ", 17)},
	} {
		if _, err := x.Search(t.Context(), q, j.everything()); clinical.KindOf(err) != clinical.Invalid {
			t.Errorf("%s: want Invalid, got %v", name, err)
		}
	}
}

// TestNothingOutsideTheScopeIsFoundCountedOrRanked searches random catalogues inside random scopes and compares with
// the whole answer, filtered by hand.
func TestNothingOutsideTheScopeIsFoundCountedOrRanked(t *testing.T) {
	facets := []string{"keyword", "view", "site", "specialty", "studio", "year"}
	vocabulary := []string{"ulcer", "ulcers", "burn", "scar", "graft", "skin", "left", "arm", "jambe", "úlcera"}
	rapid.Check(t, func(r *rapid.T) {
		j := newJournal()
		p := patient(j, "Test", "Ada")
		var d clinical.Delta
		d.Patients = append(d.Patients, p)
		n := rapid.IntRange(1, 40).Draw(r, "pictures")
		for range n {
			some := rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 4)
			a := asset(j, p.ID, strings.Join(some.Draw(r, "caption"), " "), some.Draw(r, "keywords")...)
			a.View.Site = rapid.SampledFrom([]string{"", "arm", "leg"}).Draw(r, "site")
			a.Capture.At = day(2020+rapid.IntRange(0, 3).Draw(r, "year"), 1, 1)
			d.Assets = append(d.Assets, a)
		}
		j.commit(d)
		x := open(t, t.TempDir())
		ctx := t.Context()
		if err := x.Rebuild(ctx, j, nil); err != nil {
			r.Fatal(err)
		}
		scope := clinical.NewScope(0, time.Time{}, uint32(n))
		for i := range uint32(n) {
			if rapid.Bool().Draw(r, "allowed") {
				scope.Allow(i)
			}
		}
		for range 4 {
			text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 2).Draw(r, "text"), " ")
			q := clinical.Query{Text: text, Limit: 500, Facets: facets}
			all := find(t, x, q, j.everything())
			got := find(t, x, q, scope)
			want := slices.DeleteFunc(slices.Clone(all.Ordinals), func(o uint32) bool { return !scope.Allows(o) })
			if !slices.Equal(want, got.Ordinals) || got.Total != len(want) {
				r.Fatalf("%q: want %v, got %v of %d", text, want, got.Ordinals, got.Total)
			}
			for _, f := range got.Facets {
				for _, v := range f.Values {
					only := q
					only.Terms = map[string][]string{f.Name: {v.Value}}
					if m := len(find(t, x, only, scope).Ordinals); m != v.Count {
						r.Fatalf("%q: facet %s=%s counts %d, %d are found", text, f.Name, v.Value, v.Count, m)
					}
				}
			}
		}
		if got := find(t, x, clinical.Query{Facets: facets}, clinical.Scope{}); got.Total != 0 || len(got.Facets[0].Values) != 0 {
			r.Fatalf("the zero Scope sees %+v", got)
		}
		if err := x.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

func TestManyFacetValuesAreCountedUnderOther(t *testing.T) {
	j := newJournal()
	p := patient(j, "Test", "Ada")
	d := clinical.Delta{Patients: []clinical.Patient{p}}
	for i := range 150 {
		name := "k" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		d.Assets = append(d.Assets, asset(j, p.ID, "", name), asset(j, p.ID, "", "common", name))
	}
	j.commit(d)
	x := open(t, t.TempDir())
	follow(t, x, j)
	wait(t, x, 1)
	f := find(t, x, clinical.Query{Facets: []string{"keyword"}}, j.everything()).Facets[0]
	if f.Values[0] != (clinical.FacetValue{Value: "common", Count: 150}) || len(f.Values) != 100 || f.Other != 2*51 {
		t.Errorf("first %v, %d values, other %d", f.Values[0], len(f.Values), f.Other)
	}
}
