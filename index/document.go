package index

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	bleveapi "github.com/blevesearch/bleve_index_api"

	"fovea/clinical"
)

// The fields of a document. Names are short: they are in every file, sealed like the rest.
const (
	fieldWord    = "w" // folded words, with positions for phrases
	fieldStem    = "s" // stems of what describes the picture
	fieldNumber  = "n" // patient numbers and the job number, whole
	fieldOrdinal = "o" // the ordinal, as a column for the filter
	fieldRow     = "r" // the encoded row, stored only
)

// sourceGap parts the sources of one document, so that no phrase reaches from one into the next.
const sourceGap = 100

// maxText bounds what is indexed of one text, in bytes: a caption is a sentence or two.
const maxText = 8 << 10

// docID is an ordinal in the form in which documents are named and columns hold it.
func docID(ordinal uint32) string { return fmt.Sprintf("%08x", ordinal) }

// subject is what an asset is joined with.
type subject struct {
	patients []clinical.Patient // the owner, then whom it was merged into: none, one or two
	job      clinical.Job
}

// joined are the revisions of what s holds.
func (s subject) joined() joined {
	var j joined
	for i, p := range s.patients {
		j[min(i, 1)] = p.Rev
	}
	j[2] = s.job.Rev
	return j
}

// rowOf is the row of a joined with s.
func rowOf(a clinical.Asset, s subject) row {
	r := row{
		asset: a.ID, ordinal: a.Ordinal, rev: a.Rev, joined: s.joined(),
		patient: a.Patient, session: a.Session, job: a.Job, taken: a.Capture.At,
		view: bound(a.View.Code), site: bound(a.View.Site),
		specialty: bound(string(a.Specialty)), studio: bound(string(a.Studio)),
	}
	if len(s.patients) > 1 {
		r.survivor = s.patients[1].ID
	}
	switch {
	case !a.Capture.Local.IsZero():
		r.year = fmt.Sprintf("%04d", a.Capture.Local.Year())
	case !a.Capture.At.IsZero():
		r.year = fmt.Sprintf("%04d", a.Capture.At.UTC().Year())
	}
	for _, k := range a.Keywords {
		if k = bound(strings.TrimSpace(k)); k != "" && len(r.keywords) < maxKeywords && !slices.Contains(r.keywords, k) {
			r.keywords = append(r.keywords, k)
		}
	}
	return r
}

func bound(s string) string {
	if len(s) > maxRowString {
		s = strings.ToValidUTF8(s[:maxRowString], "")
	}
	return s
}

// documentOf turns an asset and what it is joined with into what Bleve indexes.
func (x *Index) documentOf(a clinical.Asset, s subject, r row) *document.Document {
	described := append([]string{a.Caption, a.View.Site, string(a.Specialty)}, r.keywords...)
	named := []string{a.View.Code, a.Name, string(a.Studio), s.job.Number}
	var numbers []string
	if s.job.Number != "" {
		numbers = append(numbers, number(s.job.Number))
	}
	for _, p := range s.patients {
		named = append(named, p.Given+" "+p.Family+" "+p.Given)
		for _, id := range p.Identifiers {
			numbers = append(numbers, number(id.Value))
		}
	}
	var word, stem analysis.TokenStream
	at := 0
	for _, text := range described {
		word, stem, at = x.tokens(text, word, stem, at)
	}
	for _, text := range named {
		word, _, at = x.tokens(text, word, nil, at)
	}
	doc := document.NewDocument(docID(a.Ordinal))
	doc.AddField(field(fieldWord, word, bleveapi.IndexField|bleveapi.IncludeTermVectors))
	doc.AddField(field(fieldStem, stem, bleveapi.IndexField|bleveapi.SkipFreqNorm))
	doc.AddField(field(fieldNumber, whole(numbers...), bleveapi.IndexField|bleveapi.SkipFreqNorm))
	doc.AddField(field(fieldOrdinal, whole(docID(a.Ordinal)), bleveapi.IndexField|bleveapi.DocValues|bleveapi.SkipFreqNorm))
	doc.AddField(document.NewTextFieldCustom(fieldRow, nil, r.encode(), bleveapi.StoreField, nil))
	return doc
}

// tokens appends the words of text to word and, where wanted, their stems to stem, and returns where the next text
// begins.
func (x *Index) tokens(text string, word, stem analysis.TokenStream, at int) (w, s analysis.TokenStream, next int) {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	for _, t := range words(text) {
		at += t.step
		word = append(word, &analysis.Token{Term: []byte(t.text), Position: at})
		for _, base := range x.stem.stems(t.text) {
			stem = append(stem, &analysis.Token{Term: []byte(base), Position: at})
		}
	}
	return word, stem, at + sourceGap
}

func whole(terms ...string) analysis.TokenStream {
	var out analysis.TokenStream
	for i, t := range terms {
		if t != "" {
			out = append(out, &analysis.Token{Term: []byte(clip(t)), Position: i + 1})
		}
	}
	return out
}

// read is an analyzer that has done its work already: the words of a document come from several texts.
type read struct{ stream analysis.TokenStream }

func (r read) Analyze([]byte) analysis.TokenStream { return r.stream }

func field(name string, stream analysis.TokenStream, options bleveapi.FieldIndexingOptions) *document.TextField {
	return document.NewTextFieldCustom(name, nil, nil, options, read{stream})
}
