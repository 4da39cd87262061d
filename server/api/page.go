package api

import (
	"errors"
	"strconv"
	"strings"

	"fovea/clinical"
	"fovea/server/wire"
)

// Page is how every listing is asked for.
type Page struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"as given in next"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"0: 200"`
}

// span is which part of a listing a page is.
type span struct {
	from, to int
	next     string // cursor of the page after it; empty at the end
}

func (p Page) bounds(total int) (span, error) {
	var at span
	limit := p.Limit
	if limit == 0 {
		limit = 200
	}
	if p.Cursor != "" {
		from, err := strconv.Atoi(p.Cursor)
		if err != nil || from < 0 {
			return span{}, clinical.Refuse(clinical.Invalid, "cursor", "This cursor is not one of ours. Begin again without it.")
		}
		at.from = min(from, total)
	}
	at.to = min(at.from+limit, total)
	if at.to < total {
		at.next = strconv.Itoa(at.to)
	}
	return at, nil
}

// paged cuts one page out of a listing and converts it.
func paged[C, W any](in *Page, all []C, convert func(C) W) (wire.List[W], error) {
	at, err := in.bounds(len(all))
	out := wire.List[W]{Items: []W{}, Next: at.next, Total: len(all)}
	if err != nil {
		return out, err
	}
	for _, c := range all[at.from:at.to] {
		out.Items = append(out.Items, convert(c))
	}
	return out, nil
}

// ifMatch reads the revision an edit was based on.
func ifMatch(header string) (uint64, error) {
	if header == "" {
		return 0, clinical.Refuse(clinical.Invalid, "if-match-missing", "An edit says which version it was made from. Send If-Match with the rev that you read.")
	}
	rev, err := strconv.ParseUint(strings.Trim(header, `"`), 10, 64)
	if err != nil || rev == 0 {
		return 0, clinical.Refuse(clinical.Invalid, "if-match", "If-Match is the rev that you read, in quotes. Read the record again and send its rev.")
	}
	return rev, nil
}

func asError(err error) (*clinical.Error, bool) { return errors.AsType[*clinical.Error](err) }
