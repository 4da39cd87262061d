package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
)

// readTicket is a ticket as it was last read, or why it could not be.
type readTicket struct {
	entry
	ticket ticket
	fault  clinical.Reason // why it cannot be read
	used   bool            // a file it is about has an outcome
}

// isTicket reports whether k is a ticket: a folder's, or a file's of its name.
func (s *station) isTicket(k *track) bool {
	if k.strange != "" || !s.studio.has(RuleTicket) {
		return false
	}
	name := strings.ToLower(k.name())
	return name == ticketJSON || name == ticketCSV || extOf(name) == "json"
}

// ticketKey returns the name by which the ticket at rel is found: extensions and
// the names of folders' tickets in lower case, as cameras and Windows mix them.
func ticketKey(rel string) string {
	dir, name := path.Split(rel)
	if lower := strings.ToLower(name); lower == ticketJSON || lower == ticketCSV {
		return dir + lower
	}
	return dir + strings.TrimSuffix(name, path.Ext(name)) + ".json"
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
	t, found := s.ticketFor(k.rel)
	return found && t.fault == ""
}

// ticketFor returns what the tickets of a file say together: its own, and those
// of the nearest folder that has any.
func (s *station) ticketFor(rel string) (t joinedTicket, found bool) {
	folder := ""
	for _, name := range ticketNames(rel) {
		r, ok := s.tickets[name]
		own := name == rel+".json"
		if !ok || (folder != "" && path.Dir(name) != folder) {
			continue
		}
		if r.fault != "" {
			return joinedTicket{fault: r.fault}, true
		}
		if !own {
			folder = path.Dir(name)
		}
		t.join(r.ticket.about(path.Base(rel)), r.ticket.Photographer)
		found = true
	}
	return t, found
}

// joinedTicket is what the tickets of one file say together. Everybody they name
// is in who, and has to be the same.
type joinedTicket struct {
	note
	photographer string
	who          []note
	fault        clinical.Reason // why one of them cannot be believed
}

// join adds what a further ticket says, where the nearer ones are silent.
func (t *joinedTicket) join(n note, photographer string) {
	if n.names() {
		t.who = append(t.who, n)
	}
	t.note = t.note.over(n)
	if t.photographer == "" {
		t.photographer = photographer
	}
}

// readTickets reads the tickets that are settled and changed since last time.
// They are few; a folder's ticket is read once for all its files.
func (s *station) readTickets(ctx context.Context, now time.Time) {
	if !s.studio.has(RuleTicket) {
		return
	}
	for key, r := range s.tickets {
		if k, ok := s.tracker.tracks[r.rel]; !ok || !k.same(r.entry) {
			delete(s.tickets, key)
		}
	}
	s.pending = map[string]bool{}
	for rel, k := range s.tracker.tracks {
		key := ticketKey(rel)
		if _, known := s.tickets[key]; !s.isTicket(k) || known {
			continue
		}
		s.pending[key] = true
		if !s.once && !s.tracker.settled(k, now) {
			continue
		}
		t, err := s.readTicket(ctx, k)
		if err == nil {
			err = s.fresh(ctx, k)
		}
		fault, ok := refused(err)
		if err != nil && !ok {
			continue // gone, or being written: the next look tells
		}
		s.tickets[key] = readTicket{entry: k.entry, ticket: t, fault: fault, used: s.tooLate(rel)}
		delete(s.pending, key)
		k.phase = waiting
	}
}

// tooLate reports whether files that the ticket at rel is about were filed by
// their names just before it came. It then is spent with this drop, so that
// nobody's later files are believed to be what it says.
func (s *station) tooLate(rel string) bool {
	if s.pattern == nil {
		return false
	}
	for dir := range s.batch.emptied {
		if covers(rel, dir+"/") {
			return true
		}
	}
	return false
}

// ticketPending reports whether a ticket that is looked at for rel is there and
// not read yet.
func (s *station) ticketPending(rel string) bool {
	return len(s.pending) > 0 && slices.ContainsFunc(ticketNames(rel), func(name string) bool { return s.pending[name] })
}

// fresh refuses a ticket that was given up by an earlier run of the program.
func (s *station) fresh(ctx context.Context, k *track) error {
	if s.once {
		return nil
	}
	src := source{entry: k.entry}
	l, err := s.in.opt.Archive.FindLanding(ctx, src.landingSource(s.in.opt.SourceKey, s.studio.ID, 0))
	switch {
	case errors.Is(err, clinical.ErrNotFound):
		return nil
	case err != nil:
		return err
	case l.Reason == reasonTicketOrphan:
		return refusal(reasonTicketStale)
	default:
		return nil
	}
}

func (s *station) readTicket(ctx context.Context, k *track) (ticket, error) {
	if k.size > maxTicket {
		return ticket{}, refusal(reasonTicketTooLarge)
	}
	src, err := s.place.open(ctx, k.entry)
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
	var claims []claim
	for _, n := range t.who {
		c, err := id.named(ctx, n.Job, n.Patient)
		if err != nil {
			return claim{}, err
		}
		claims = append(claims, c)
	}
	c, err := agree(claims)
	if err != nil {
		return claim{}, err
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
		t, read := s.tickets[ticketKey(rel)]
		if k.phase == finished || !read || t.rel != rel || s.needed(rel) {
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
			t.fault = reasonTicketStale
			s.tickets[ticketKey(rel)] = t
			s.finish(k, clinical.OutcomeIgnored, reasonTicketOrphan)
		}
	}
	return nil
}

// needed reports whether a file without an outcome may still use the ticket.
func (s *station) needed(rel string) bool {
	key := ticketKey(rel)
	if name := path.Base(key); name != ticketJSON && name != ticketCSV {
		o, there := s.tracker.tracks[strings.TrimSuffix(key, ".json")]
		return there && o.phase != finished
	}
	for other, o := range s.tracker.tracks {
		if o.phase != finished && !s.isTicket(o) && !litter(o.name()) && covers(rel, other) {
			return true
		}
	}
	return false
}

// covers reports whether the folder's ticket at rel is looked at for the file
// other.
func covers(rel, other string) bool {
	dir := path.Dir(rel)
	return dir == "." || strings.HasPrefix(other, dir+"/")
}

// String keeps a ticket, which names a patient, out of formatted text.
func (t ticket) String() string { return fmt.Sprintf("ticket about %d files", len(t.Files)) }

// String keeps a note, which names a patient, out of formatted text.
func (n note) String() string { return "note" }
