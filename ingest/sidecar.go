package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"fovea/clinical"
)

// readTicket is a ticket as it was last read, or why it could not be.
type readTicket struct {
	entry
	ticket ticket
	err    error
	used   bool // a file it is about has an outcome
}

// isTicket reports whether k is a ticket: a folder's, or a file's of its name.
func (s *station) isTicket(k *track) bool {
	if k.strange != "" || !s.studio.has(RuleTicket) {
		return false
	}
	name := strings.ToLower(k.name())
	return name == ticketJSON || name == ticketCSV || extOf(name) == "json"
}

// ticketNames are where the ticket of rel is looked for, nearest first: its own,
// then its folder's, then those of the folders above.
func ticketNames(rel string) []string {
	names := []string{rel + ".json"}
	for dir := path.Dir(rel); ; dir = path.Dir(dir) {
		names = append(names, path.Join(dir, ticketJSON), path.Join(dir, ticketCSV))
		if dir == "." {
			return names
		}
	}
}

// hasTicket reports whether a ticket that can be read lies there for k.
func (s *station) hasTicket(k *track) bool {
	_, found, err := s.ticketFor(k.rel)
	return found && err == nil
}

// ticketFor returns the ticket of a file. Its own and its folder's are joined;
// where both say who it is, both are returned in one and checked to agree.
func (s *station) ticketFor(rel string) (t joinedTicket, found bool, err error) {
	for _, name := range ticketNames(rel) {
		r, ok := s.tickets[name]
		if !ok {
			continue
		}
		if r.err != nil {
			return joinedTicket{}, true, r.err
		}
		n := r.ticket.about(path.Base(rel))
		if !found {
			t = joinedTicket{note: n, photographer: r.ticket.Photographer}
			found = true
			if name == rel+".json" {
				continue // the folder's ticket is heard as well
			}
			return t, true, nil
		}
		if t.names() && n.names() {
			t.other = n
		}
		t.note = t.note.over(n)
		if t.photographer == "" {
			t.photographer = r.ticket.Photographer
		}
		return t, true, nil
	}
	return t, found, nil
}

// joinedTicket is what the tickets of one file say together.
type joinedTicket struct {
	note
	photographer string
	other        note // the folder's word where the file's own ticket has one too
}

// readTickets reads the tickets that are settled and changed since last time.
// They are few; a folder's ticket is read once for all its files.
func (s *station) readTickets(ctx context.Context, now time.Time) {
	if !s.studio.has(RuleTicket) {
		return
	}
	for rel, r := range s.tickets {
		if k, ok := s.tracker.tracks[rel]; !ok || !k.same(r.entry) {
			delete(s.tickets, rel)
		}
	}
	for rel, k := range s.tracker.tracks {
		if _, known := s.tickets[rel]; known || !s.isTicket(k) || (!s.once && !s.tracker.settled(k, now)) {
			continue
		}
		t, err := s.readTicket(ctx, k)
		if _, ok := refused(err); err != nil && !ok {
			continue // gone, or being written: the next look tells
		}
		s.tickets[rel] = readTicket{entry: k.entry, ticket: t, err: err}
		k.phase = waiting
	}
}

func (s *station) readTicket(ctx context.Context, k *track) (ticket, error) {
	if k.size > maxTicket {
		return ticket{}, refusal(reasonTicketTooLarge)
	}
	src, err := openSource(s.root, k.entry)
	if err != nil {
		return ticket{}, err
	}
	defer src.close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(contextReader{ctx, src.reader()})
	if err != nil {
		return ticket{}, fileError("read ticket", err)
	}
	if err := src.unchanged(); err != nil {
		return ticket{}, err
	}
	return parseTicket(b, extOf(k.name()) == "csv")
}

// ticketClaim returns who the ticket names and puts what else it says into a.
func (s *station) ticketClaim(ctx context.Context, id identifier, t joinedTicket, a *arrival) (claim, error) {
	c, err := id.named(ctx, t.Job, t.Patient)
	if err != nil {
		return claim{}, err
	}
	if t.other.names() {
		o, err := id.named(ctx, t.other.Job, t.other.Patient)
		if err != nil {
			return claim{}, err
		}
		if c, err = agree([]claim{c, o}); err != nil {
			return claim{}, err
		}
	}
	c.by = RuleTicket
	a.details = details{view: t.View.clinical(), keywords: t.Keywords, caption: t.Caption}
	if t.photographer != "" {
		p, ok := s.in.memory.person(t.photographer)
		if !ok || !p.In(s.studio.ID) || p.Disabled {
			return claim{}, refusal(reasonTicketPhotographer)
		}
		a.details.photographer = p
	}
	if t.Lesion != "" {
		lesion, ok := s.in.memory.lesion(c.patient.ID, t.Lesion)
		if !ok {
			return claim{}, refusal(reasonTicketLesion)
		}
		a.details.lesion = lesion
	}
	return c, nil
}

// ticketLife is how long a ticket may wait for the files it is about: never until
// the next day.
const ticketLife = 12 * time.Hour

// spendTickets disposes of the tickets whose files all have an outcome, so that
// none is ever believed about tomorrow's files. A ticket that nothing came for
// is given up after ticketLife.
func (s *station) spendTickets(now time.Time) error {
	for rel, k := range s.tracker.tracks {
		t, read := s.tickets[rel]
		if k.phase == finished || !read || s.needed(rel) {
			continue
		}
		switch {
		case t.used, s.stale[rel]:
			if err := s.dispose(&source{entry: k.entry}); err != nil {
				if errors.Is(err, errChanged) {
					continue
				}
				return err
			}
			s.batch.emptied[path.Dir(rel)] = true
			s.finish(k, clinical.OutcomeIgnored, reasonTicket)
		case s.once || now.Sub(k.since) >= ticketLife:
			s.finish(k, clinical.OutcomeIgnored, reasonTicketOrphan)
		}
	}
	return nil
}

// needed reports whether a file without an outcome may still use the ticket.
func (s *station) needed(rel string) bool {
	for other, o := range s.tracker.tracks {
		if o.phase != finished && !s.isTicket(o) && !litter(o.name()) && covers(rel, other) {
			return true
		}
	}
	return false
}

// covers reports whether the ticket at rel is looked at for the file other.
func covers(rel, other string) bool {
	if name := path.Base(rel); name != ticketJSON && name != ticketCSV {
		return rel == other+".json"
	}
	dir := path.Dir(rel)
	return dir == "." || strings.HasPrefix(other, dir+"/")
}

// String keeps a ticket, which names a patient, out of formatted text.
func (t ticket) String() string { return fmt.Sprintf("ticket about %d files", len(t.Files)) }

// String keeps a note, which names a patient, out of formatted text.
func (n note) String() string { return "note" }
