package index

import (
	"slices"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
)

// stemmer takes a folded word to its stems. A caption does not say its language and neither does a query, so both are
// read in all three and meet wherever one reading agrees. The stemmers are the light ones: plural and gender, hardly
// more, so that "mole" and "molar" stay apart.
type stemmer struct{ filters []analysis.TokenFilter }

func newStemmer() stemmer {
	return stemmer{filters: []analysis.TokenFilter{
		fr.NewFrenchLightStemmerFilter(),
		en.NewEnglishPluralStemmerFilter(),
		es.NewSpanishLightStemmerFilter(),
	}}
}

// stems returns the distinct stems of w, one to three, never empty ones.
func (s stemmer) stems(w string) []string {
	out := make([]string, 0, len(s.filters))
	for _, f := range s.filters {
		stream := f.Filter(analysis.TokenStream{{Term: []byte(w)}})
		if len(stream) != 1 || len(stream[0].Term) == 0 {
			continue
		}
		if t := string(stream[0].Term); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
