package index

import (
	"context"
	"errors"
	"runtime/debug"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/blevesearch/bleve/v2/search/searcher"
	bleveapi "github.com/blevesearch/bleve_index_api"

	"fovea/clinical"
)

// The bounds on a page of hits.
const (
	defaultLimit = 50
	maxLimit     = 500
)

// Search answers q with ordinals inside scope, best first. Total and facets count what is inside scope alone, and no
// ordinal outside it influences the order either.
//
// Words are joined by AND; each is found as written, as another form of the same word in French, English or Spanish,
// as the beginning of a word, or with one letter wrong, and ranked in that order, newest first among equals. A query
// that is too long or names an unknown facet or order is Invalid.
func (x *Index) Search(ctx context.Context, q clinical.Query, scope clinical.Scope) (clinical.Found, error) {
	limit, err := page(q)
	if err != nil {
		return clinical.Found{}, err
	}
	items, err := parse(q.Text)
	if err != nil {
		return clinical.Found{}, err
	}
	g, err := x.acquire()
	if err != nil {
		return clinical.Found{}, err
	}
	defer g.release()
	g.mu.RLock()
	defer g.mu.RUnlock()
	n, err := g.columns.narrow(q)
	if err != nil {
		return clinical.Found{}, err
	}
	f := finder{g: g, scope: scope, narrow: n, stem: x.stem}
	var hits []uint32
	var rank func(uint32) int
	if strings.TrimSpace(q.Text) == "" {
		hits, rank = f.everything(), func(uint32) int { return 0 }
	} else {
		hits, rank, err = f.find(ctx, items, q.Sort == "")
	}
	if err != nil {
		return clinical.Found{}, err
	}
	facets, err := g.columns.count(q.Facets, hits)
	if err != nil {
		return clinical.Found{}, err
	}
	best := g.columns.best(hits, order{sort: q.Sort, rank: rank}, q.Offset, limit)
	return clinical.Found{Total: len(hits), Ordinals: best, Facets: facets}, nil
}

// page checks the parts of q that need no index and returns how many hits are wanted.
func page(q clinical.Query) (int, error) {
	switch q.Sort {
	case "", "newest", "oldest":
	default:
		return 0, clinical.Refuse(clinical.Invalid, "sort", "The orders are newest and oldest, or none for the best first. Choose one of these.")
	}
	if q.Limit < 0 || q.Limit > maxLimit || q.Offset < 0 {
		return 0, clinical.Refuse(clinical.Invalid, "page", "A page holds 1 to 500 hits and begins at 0 or later. Ask for another page.")
	}
	if q.Limit == 0 {
		return defaultLimit, nil
	}
	return q.Limit, nil
}

// finder is one search on one generation.
type finder struct {
	g      *generation
	scope  clinical.Scope
	narrow narrowing
	stem   stemmer
}

// admits is the one test that every hit passes before it is seen, ranked or counted.
func (f *finder) admits(ordinal uint32) bool {
	if !f.scope.Allows(ordinal) {
		return false
	}
	e := f.g.columns.at(ordinal)
	return e != nil && f.narrow.admits(e)
}

func (f *finder) everything() []uint32 {
	hits := make([]uint32, 0, min(f.scope.Len(), f.g.columns.live))
	f.scope.Each(func(o uint32) bool {
		if f.admits(o) {
			hits = append(hits, o)
		}
		return true
	})
	return hits
}

// How strictly a word is read, from strict to loose. Each finds what the ones before it find.
const (
	asWritten = iota
	sameWord
	anyReading
)

// find runs the items and, where ranked, asks again more strictly to learn how good each hit is. What is stored may be
// damaged in ways that its seal does not cover (lengths and offsets): a reader that stumbles over them is Corrupt, not
// the end of the process.
func (f *finder) find(ctx context.Context, items []item, ranked bool) (hits []uint32, rank func(uint32) int, err error) {
	rank = func(uint32) int { return 0 }
	if len(items) == 0 {
		return nil, rank, nil // signs only: nothing was asked for
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			hits, err = nil, clinical.Errorf(clinical.Corrupt, "index: a stored segment cannot be read")
		}
	}()
	reader, err := f.g.reader()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	admitted, err := f.admitted(reader)
	if err != nil {
		return nil, nil, err
	}
	hits, err = f.run(ctx, reader, f.query(items, anyReading), admitted.look)
	if err != nil || !ranked || len(hits) == 0 {
		return hits, rank, err
	}
	ranks := make(map[uint32]int, len(hits))
	for _, strict := range []int{sameWord, asWritten} {
		better, err := f.run(ctx, reader, f.query(items, strict), admitted.again)
		if err != nil {
			return nil, nil, err
		}
		for _, o := range better {
			ranks[o] = anyReading - strict
		}
	}
	return hits, func(o uint32) int { return ranks[o] }, nil
}

// admissions remember which documents of one reader were let in, and under which ordinal.
type admissions struct {
	f      *finder
	values bleveapi.DocValueReader
	in     map[uint64]uint32
}

func (f *finder) admitted(reader bleveapi.IndexReader) (*admissions, error) {
	values, err := reader.DocValueReader([]string{fieldOrdinal})
	if err != nil {
		return nil, failed(err)
	}
	return &admissions{f: f, values: values, in: map[uint64]uint32{}}, nil
}

// look asks Scope and restrictions about a document.
func (a *admissions) look(id bleveapi.IndexInternalID) (uint32, bool, error) {
	ordinal, err := ordinalOf(a.values, id)
	if err != nil || !a.f.admits(ordinal) {
		return 0, false, err
	}
	a.in[id.Value()] = ordinal
	return ordinal, true, nil
}

// again asks only whether look let the document in.
func (a *admissions) again(id bleveapi.IndexInternalID) (uint32, bool, error) {
	ordinal, ok := a.in[id.Value()]
	return ordinal, ok, nil
}

// run collects the ordinals of the documents that match q and are let in.
func (f *finder) run(ctx context.Context, reader bleveapi.IndexReader, q query.Query,
	let func(bleveapi.IndexInternalID) (uint32, bool, error),
) (hits []uint32, err error) {
	found, err := q.Searcher(ctx, reader, f.g.bleve.Mapping(), search.SearcherOptions{Score: "none"})
	if err != nil {
		return nil, failed(err)
	}
	var fault error
	filtered := searcher.NewFilteringSearcher(ctx, found, func(_ *search.SearchContext, d *search.DocumentMatch) bool {
		ordinal, ok, err := let(d.IndexInternalID)
		if err != nil {
			fault = err
			return true // end the walk: the caller looks at fault first
		}
		return ok && keep(&hits, ordinal)
	})
	defer func() { err = errors.Join(err, filtered.Close()) }()
	sctx := &search.SearchContext{
		DocumentMatchPool: search.NewDocumentMatchPool(filtered.DocumentMatchPoolSize()+1, 0),
		IndexReader:       reader,
	}
	for n := 1; ; n++ {
		d, err := filtered.Next(sctx)
		switch {
		case fault != nil:
			return nil, fault
		case err != nil:
			return nil, failed(err)
		case d == nil:
			return hits, nil
		case n%1024 == 0 && ctx.Err() != nil:
			return nil, ctx.Err()
		}
		sctx.DocumentMatchPool.Put(d)
	}
}

func keep(hits *[]uint32, ordinal uint32) bool {
	*hits = append(*hits, ordinal)
	return true
}

func ordinalOf(values bleveapi.DocValueReader, id bleveapi.IndexInternalID) (uint32, error) {
	var ordinal uint64
	err := clinical.Errorf(clinical.Corrupt, "index: a document has no ordinal")
	if verr := values.VisitDocValues(id, func(_ string, term []byte) {
		ordinal, err = strconv.ParseUint(string(term), 16, 32)
	}); verr != nil {
		return 0, failed(verr)
	}
	if err != nil {
		return 0, clinical.Errorf(clinical.Corrupt, "index: a document has no ordinal that can be read")
	}
	return uint32(ordinal), nil
}

// query is the conjunction of the items under one reading.
func (f *finder) query(items []item, reading int) query.Query {
	all := make([]query.Query, 0, len(items))
	for _, it := range items {
		switch {
		case len(it.phrase) > 0:
			all = append(all, query.NewPhraseQuery(it.phrase, fieldWord))
		case it.word != "":
			all = append(all, query.NewDisjunctionQuery(f.readings(it.word, reading)))
		default:
			all = append(all, f.numbered(it, reading))
		}
	}
	return query.NewConjunctionQuery(all)
}

// readings are the ways in which one word may be met.
func (f *finder) readings(w string, reading int) []query.Query {
	ways := []query.Query{term(w, fieldWord)}
	if reading >= sameWord {
		for _, s := range f.stem.stems(w) {
			ways = append(ways, term(s, fieldStem))
		}
	}
	if reading < anyReading {
		return ways
	}
	letters := utf8.RuneCountInString(w)
	digits := strings.ContainsFunc(w, unicode.IsDigit)
	if (digits && letters >= minDigitPrefix) || (!digits && letters >= minPrefix) {
		ways = append(ways, prefix(w, fieldWord))
	}
	if !digits && letters >= minFuzzy {
		fuzzy := query.NewFuzzyQuery(w)
		fuzzy.SetField(fieldWord)
		fuzzy.SetFuzziness(1)
		ways = append(ways, fuzzy)
	}
	if n := number(w); len(n) >= minNumberPrefix {
		ways = append(ways, prefix(clip(n), fieldNumber))
	}
	return ways
}

// numbered is a number of a patient or a job, or else its pieces as words.
func (f *finder) numbered(it item, reading int) query.Query {
	var ways []query.Query
	if it.number != "" {
		ways = append(ways, term(clip(it.number), fieldNumber))
		if reading == anyReading && len(it.number) >= minNumberPrefix {
			ways = append(ways, prefix(clip(it.number), fieldNumber))
		}
	}
	pieces := make([]query.Query, 0, len(it.pieces))
	for _, p := range it.pieces {
		pieces = append(pieces, query.NewDisjunctionQuery(f.readings(p, reading)))
	}
	if len(pieces) > 0 {
		ways = append(ways, query.NewConjunctionQuery(pieces))
	}
	return query.NewDisjunctionQuery(ways)
}

func term(w, field string) query.Query {
	t := query.NewTermQuery(w)
	t.SetField(field)
	return t
}

func prefix(w, field string) query.Query {
	p := query.NewPrefixQuery(w)
	p.SetField(field)
	return p
}

// failed classifies an error of Bleve's: ours keep their kind, a stopped search stays one, anything else is a fault.
func failed(err error) error {
	if _, ok := errors.AsType[*clinical.Error](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return clinical.Errorf(clinical.Internal, "index: search: %w", err)
}
