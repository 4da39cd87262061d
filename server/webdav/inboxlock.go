package webdav

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

const (
	maxLocks     = 1024             // in one inbox
	defaultLease = 10 * time.Minute // of a lock for which no time is asked
	maxLease     = time.Hour
)

// lock is one write lock (RFC 4918, 6).
type lock struct {
	token  string // urn:uuid:…
	root   string // key of the path that was locked
	deep   bool   // everything below root too
	shared bool
	owner  string // the client's own XML
	person clinical.PersonID
	lease  time.Duration
	until  time.Time
}

// covers reports whether a path is under the lock.
func (l *lock) covers(key string) bool { return l.root == key || (l.deep && below(l.root, key)) }

// below reports whether key is a path under root.
func below(root, key string) bool {
	return key != "" && (root == "" || strings.HasPrefix(key, root+"/"))
}

// locks are the locks of one inbox. Whoever uses them holds the tray's mu.
type locks struct {
	now  func() time.Time
	by   map[string]*lock   // by token
	at   map[string][]*lock // by root: every file of an inbox is asked about each second
	next time.Time          // no lock ends before this
}

func newLocks(now func() time.Time) *locks {
	return &locks{now: now, by: map[string]*lock{}, at: map[string][]*lock{}}
}

// expire forgets locks whose time is over.
func (s *locks) expire() {
	now := s.now()
	if now.Before(s.next) {
		return
	}
	s.next = now.Add(maxLease)
	for _, l := range s.by {
		if !now.Before(l.until) {
			s.remove(l)
		} else if l.until.Before(s.next) {
			s.next = l.until
		}
	}
}

// remove forgets a lock.
func (s *locks) remove(l *lock) {
	delete(s.by, l.token)
	s.at[l.root] = slices.DeleteFunc(s.at[l.root], func(other *lock) bool { return other == l })
	if len(s.at[l.root]) == 0 {
		delete(s.at, l.root)
	}
}

// extend has a lock last for its lease from now on.
func (s *locks) extend(l *lock) {
	l.until = s.now().Add(l.lease)
	if l.until.Before(s.next) {
		s.next = l.until
	}
}

// conflict returns a lock that stands in the way of a new one, nil where none does.
func (s *locks) conflict(want *lock) *lock {
	s.expire()
	for _, l := range s.by {
		if (l.shared && want.shared) || (!l.covers(want.root) && !(want.deep && below(want.root, l.root))) {
			continue
		}
		return l
	}
	return nil
}

// add grants a lock.
func (s *locks) add(l *lock) error {
	if len(s.by) >= maxLocks {
		return clinical.Refuse(clinical.Unavailable, "inbox-full", "There are too many locks.")
	}
	l.token = newToken()
	s.by[l.token] = l
	s.at[l.root] = append(s.at[l.root], l)
	s.extend(l)
	return nil
}

// newToken returns a random urn:uuid (RFC 9562, version 4).
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: crypto/rand
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// held returns the lock of a token if it is the person's and covers key.
func (s *locks) held(token, key string, p clinical.PersonID) *lock {
	s.expire()
	if l := s.by[token]; l != nil && l.person == p && l.covers(key) {
		return l
	}
	return nil
}

// on returns the locks that cover a path, those of the path itself first.
func (s *locks) on(key string) (out []*lock) {
	s.expire()
	for root := key; ; root = parentKey(root) {
		for _, l := range s.at[root] {
			if l.covers(key) {
				out = append(out, l)
			}
		}
		if root == "" {
			return out
		}
	}
}

// touch is what a request is about to do to a path.
type touch struct {
	key   string
	deep  bool // everything below it as well
	entry bool // it comes into being, or goes: the folder it is in changes too
}

// allows reports whether a person who submits tokens may do something, as far as locks go. Of several shared locks on
// one path, one of the person's own is enough.
func (s *locks) allows(t touch, p clinical.PersonID, tokens []string) bool {
	s.expire()
	open := map[string]bool{} // by the path of a lock that concerns this: whether it is opened
	for _, l := range s.by {
		concerns := l.covers(t.key) || (t.deep && below(t.key, l.root)) || (t.entry && l.covers(parentKey(t.key)))
		if concerns {
			open[l.root] = open[l.root] || (l.person == p && slices.Contains(tokens, l.token))
		}
	}
	for _, opened := range open {
		if !opened {
			return false
		}
	}
	return true
}

// parentKey is the path of the folder that a path is in.
func parentKey(key string) string { return key[:max(0, strings.LastIndexByte(key, '/'))] }

// clear forgets the locks on a path and below it: what they were on is gone.
func (s *locks) clear(key string) {
	for _, l := range s.by {
		if l.root == key || below(key, l.root) {
			s.remove(l)
		}
	}
}

// any reports whether something is locked on a path or around it.
func (s *locks) any(key string) bool { return len(s.on(key)) > 0 }

// lease reads a Timeout header (RFC 4918, 10.7): the first time in it, within bounds.
func lease(header string) time.Duration {
	first, _, _ := strings.Cut(header, ",")
	first = strings.TrimSpace(first)
	if strings.EqualFold(first, "Infinite") {
		return maxLease
	}
	seconds, found := strings.CutPrefix(first, "Second-")
	n, err := strconv.ParseUint(seconds, 10, 32)
	if !found || err != nil || n == 0 {
		return defaultLease
	}
	return min(time.Duration(n)*time.Second, maxLease)
}

// appendLock writes an activelock element (RFC 4918, 14.1).
func (l *lock) append(b []byte, root string, now time.Time) []byte {
	scope, depth := "exclusive", "0"
	if l.shared {
		scope = "shared"
	}
	if l.deep {
		depth = "infinity"
	}
	b = append(b, `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:`+scope+`/></D:lockscope><D:depth>`+depth+`</D:depth>`...)
	if l.owner != "" {
		b = append(b, `<D:owner>`+l.owner+`</D:owner>`...)
	}
	left := max(0, int64((l.until.Sub(now)+time.Second-1)/time.Second))
	b = strconv.AppendInt(append(b, `<D:timeout>Second-`...), left, 10)
	b = append(b, `</D:timeout><D:locktoken><D:href>`+l.token+`</D:href></D:locktoken><D:lockroot><D:href>`...)
	return append(append(b, root...), `</D:href></D:lockroot></D:activelock>`...)
}
