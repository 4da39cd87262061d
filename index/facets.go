package index

import (
	"cmp"
	"slices"
	"strings"

	"fovea/clinical"
)

// maxFacetValues is how many values of a facet are listed; the hits of the rest are counted under Other.
const maxFacetValues = 100

// count counts the values of the wanted facets among hits. It reads nothing but the hits.
func (c *columns) count(wantedFacets []string, hits []uint32) ([]clinical.Facet, error) {
	var out []clinical.Facet
	for _, name := range wantedFacets {
		facet, err := facetNumber(name)
		if err != nil {
			return nil, err
		}
		counts := make([]int, len(c.facets[facet].value))
		for _, o := range hits {
			e := &c.entries[o]
			if facet != facetKeyword {
				counts[e.facets[facet]]++
				continue
			}
			for _, k := range e.keywords {
				counts[k]++
			}
		}
		out = append(out, c.facet(facet, counts, hits))
	}
	return out, nil
}

// facet lists the counted values, most frequent first.
func (c *columns) facet(facet int, counts []int, hits []uint32) clinical.Facet {
	f := clinical.Facet{Name: facetSlice()[facet]}
	var order []uint32
	for i := 1; i < len(counts); i++ {
		if counts[i] > 0 {
			order = append(order, uint32(i))
		}
	}
	value := c.facets[facet].value
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(value[a], value[b]))
	})
	var rest []uint32
	if len(order) > maxFacetValues {
		order, rest = order[:maxFacetValues], order[maxFacetValues:]
	}
	for _, i := range order {
		f.Values = append(f.Values, clinical.FacetValue{Value: value[i], Count: counts[i]})
	}
	if len(rest) > 0 {
		f.Other = c.having(facet, rest, hits)
	}
	return f
}

// having counts the hits with at least one of values.
func (c *columns) having(facet int, values, hits []uint32) int {
	set := make(map[uint32]bool, len(values))
	for _, v := range values {
		set[v] = true
	}
	n := 0
	for _, o := range hits {
		e := &c.entries[o]
		if (facet != facetKeyword && set[e.facets[facet]]) ||
			(facet == facetKeyword && slices.ContainsFunc(e.keywords, func(k uint32) bool { return set[k] })) {
			n++
		}
	}
	return n
}
