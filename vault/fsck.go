package vault

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"time"

	"fovea/clinical"
	"fovea/vault/ledger"
)

// findingsMax bounds a Report; Counts go on.
const findingsMax = 1000

// probeStep is how far apart fsck touches stored bytes without reading them:
// no driver keeps larger pieces.
const probeStep = 1 << 20

// FsckOptions say how thorough a check is.
type FsckOptions struct {
	// Deep also decrypts and hashes every blob.
	Deep bool
	// After skips blobs up to and including this one in the deep part: the Next
	// of a Report that was interrupted.
	After clinical.BlobID
	// Progress is called after each blob of the deep part with its plaintext
	// size. It may wait, to leave the disk to others; its error ends the check.
	Progress func(ctx context.Context, id clinical.BlobID, size int64) error
}

// Finding is one thing that is not as it should be: IDs and codes alone.
type Finding struct {
	What   string // record, asset, rendition, blob, journal, ledger, keyring, unique
	ID     string
	Reason clinical.Reason
}

// Report is what a check counted and found.
type Report struct {
	Records, Entries, Leaves, Blobs int64
	Slots, Destroyed                int64 // slots in use or spent; those whose key is gone
	Unreferenced                    int64 // stored bytes that nothing names; the sweeper's
	Verified, VerifiedBytes         int64 // deep
	Faults                          int64 // all, also those beyond the listed
	Findings                        []Finding
	// Next is where a deep check that ctx ended goes on (FsckOptions.After);
	// zero: it reached the end.
	Next clinical.BlobID
}

// Clean reports whether nothing was found.
func (r *Report) Clean() bool { return r.Faults == 0 }

func (r *Report) add(what, id string, reason clinical.Reason) {
	r.Faults++
	if len(r.Findings) < findingsMax {
		r.Findings = append(r.Findings, Finding{what, id, reason})
	}
}

// Fsck checks that everything in the vault agrees with everything else: head,
// journal and records; assets, manifests, stored bytes and keyring; unique
// keys; the ledger's tree. Destroyed slots must stay destroyed. What it finds
// is in the Report; the error is for a check that could not be finished, and
// the Report is good as far as it went. The vault may be in use.
func (v *Vault) Fsck(ctx context.Context, o FsckOptions) (Report, error) {
	f := &fsck{v: v, opt: o, destroyed: v.keys.destroyed()} // counted before the records are
	err := v.opt.Store.View(ctx, func(r Reader) error { return f.quick(ctx, r) })
	if err == nil {
		err = f.ledger(ctx)
	}
	if err == nil {
		err = f.unreferenced(ctx)
	}
	if err == nil && o.Deep {
		err = f.deep(ctx)
	}
	return f.report, err
}

type fsck struct {
	v      *Vault
	opt    FsckOptions
	report Report
	head   head
	// destroyed is how many slots' keys were gone when the check began.
	destroyed int64
}

func (f *fsck) quick(ctx context.Context, r Reader) error {
	h, err := f.v.readHead(r)
	if err != nil {
		f.report.add("head", "", reasonFor(err))
		return nil
	}
	f.head = h
	for _, step := range []func(context.Context, Reader) error{f.journal, f.records, f.manifests, f.unique, f.pending} {
		if err := step(ctx, r); err != nil {
			return err
		}
	}
	f.keyring()
	return nil
}

// reasonFor turns an error into a code.
func reasonFor(err error) clinical.Reason {
	if r := clinical.ReasonOf(err); r != "" {
		return r
	}
	switch clinical.KindOf(err) {
	case clinical.NotFound:
		return "missing"
	case clinical.Corrupt:
		return "corrupt"
	default:
		return "unreadable"
	}
}

// journal checks that entries are dense and readable, and that no record is
// older than an entry that names it.
func (f *fsck) journal(ctx context.Context, r Reader) error {
	next := uint64(1)
	err := r.Scan([]byte{prefixJournal}, nil, func(key, value []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		f.report.Entries++
		seq := binary.BigEndian.Uint64(key[1:])
		for ; next < seq; next++ {
			f.report.add("journal", number(next), "missing")
		}
		next = seq + 1
		_, refs, err := f.v.openEntry(key, value)
		if err != nil {
			f.report.add("journal", number(seq), reasonFor(err))
			return true, nil
		}
		for _, ref := range refs {
			f.entryRef(r, seq, ref)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for ; next <= f.head.seq; next++ {
		f.report.add("journal", number(next), "missing")
	}
	if next > f.head.seq+1 {
		f.report.add("journal", number(next-1), "beyond-head")
	}
	return nil
}

func (f *fsck) entryRef(r Reader, seq uint64, ref ref) {
	value, err := r.Get(recordKey(ref.kind, ref.id))
	if err != nil {
		f.report.add("record", recordName(ref.kind, ref.id), reasonFor(err))
		return
	}
	if e, err := decodeEnvelope(value); err == nil && e.rev < seq {
		f.report.add("record", recordName(ref.kind, ref.id), "older-than-journal")
	}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func recordName(k kind, id [16]byte) string {
	return string(rune(k)) + "/" + clinical.AssetID(id).String()
}

// records opens every record and checks what it points at.
func (f *fsck) records(ctx context.Context, r Reader) error {
	for _, k := range kinds() {
		err := r.Scan([]byte{prefixRecord, byte(k)}, nil, func(key, value []byte) (bool, error) {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			f.report.Records++
			if len(key) != 2+16 {
				f.report.add("record", "", "bad-key")
				return true, nil
			}
			f.record(ctx, r, k, [16]byte(key[2:]))
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *fsck) record(ctx context.Context, r Reader, k kind, id [16]byte) {
	name := recordName(k, id)
	s, err := f.v.readRecord(r, k, id)
	if err != nil {
		switch {
		case clinical.ReasonOf(err) != "erased":
			f.report.add("record", name, reasonFor(err))
		case k == kindPatient || k == kindAsset || k == kindEdits || k == kindRendition || k == kindQuality:
			f.report.add("record", name, olderThanErasure) // or it would be a tombstone
		}
		return
	}
	if s.env.rev > f.head.seq || !f.named(r, s, k, id) {
		f.report.add("record", name, "not-in-journal")
	}
	switch x := s.rec.body.(type) {
	case *clinical.Asset:
		f.asset(ctx, r, x, s.env.slot)
	case *clinical.Rendition:
		if _, err := r.Get(renditionKey(x.Asset, x.ID)); err != nil {
			f.report.add("rendition", x.ID.String(), "not-listed")
		}
		f.blobOf(r, "rendition", x.ID.String(), x.Blob.ID, x.Asset)
	case *clinical.Erasure:
		f.erasure(r, x)
	}
	if what := k.subject(); what != "" {
		if who, err := f.v.named(r, f.v.Pseudonym(what, id)); err != nil || who != id {
			f.report.add("record", name, "not-named")
		}
	}
	claims, err := f.v.claims(s.rec)
	if err != nil {
		return // an erased owner's claims are noise by design
	}
	for _, c := range claims {
		who, err := f.v.holder(r, c.key)
		if err != nil || who != c.holder {
			f.report.add("unique", name, "not-held")
		}
	}
}

// named reports whether the journal entry of a record's revision names it.
func (f *fsck) named(r Reader, s stored, k kind, id [16]byte) bool {
	key := numberKey(prefixJournal, s.env.rev)
	value, err := r.Get(key)
	if err != nil {
		return false
	}
	_, refs, err := f.v.openEntry(key, value)
	if err != nil {
		return true // reported by the journal's own check
	}
	for _, ref := range refs {
		if ref.kind == k && ref.id == id {
			return true
		}
	}
	return false
}

func (f *fsck) asset(ctx context.Context, r Reader, a *clinical.Asset, slot uint64) {
	f.report.Slots++
	_, err := f.v.keys.slot(slot)
	destroyedSlot := clinical.ReasonOf(err) == "erased"
	if destroyedSlot {
		f.report.Destroyed++
	}
	switch {
	case a.State.Gone() && !destroyedSlot:
		f.report.add("asset", a.ID.String(), "slot-alive")
	case a.State.Gone():
		if _, err := r.Get(manifestKey(a.Original.ID)); !a.Original.ID.IsZero() && !isNotFound(err) {
			f.report.add("asset", a.ID.String(), "manifest-alive")
		}
	case destroyedSlot && !f.goneNow(ctx, a.ID):
		f.report.add("asset", a.ID.String(), olderThanErasure)
	case err != nil && !f.goneNow(ctx, a.ID):
		f.report.add("asset", a.ID.String(), "slot-lost")
	case err == nil:
		f.blobOf(r, "asset", a.ID.String(), a.Original.ID, a.ID)
	}
}

// olderThanErasure is what a record is whose key was destroyed and that does
// not know it: an old copy of the store was put back.
const olderThanErasure clinical.Reason = "older-than-erasure"

// erasure checks that what a decision says is gone stays gone.
func (f *fsck) erasure(r Reader, x *clinical.Erasure) {
	if x.Outcome != clinical.EraseShred {
		return
	}
	for _, id := range x.Assets {
		s, err := f.v.readRecord(r, kindAsset, id)
		if a, ok := s.rec.body.(*clinical.Asset); err != nil || !ok || a.State != clinical.Erased {
			f.report.add("asset", id.String(), "erased-came-back")
		}
	}
	if len(x.Assets) > 0 {
		return
	}
	s, err := f.v.readRecord(r, kindPatient, x.Patient)
	if p, ok := s.rec.body.(*clinical.Patient); err != nil || !ok || p.Erased.IsZero() {
		f.report.add("record", recordName(kindPatient, x.Patient), "erased-came-back")
	}
}

// goneNow looks again outside the snapshot: an asset may have been erased
// while the check was running.
func (f *fsck) goneNow(ctx context.Context, id clinical.AssetID) bool {
	a, err := f.v.Asset(ctx, id)
	return err == nil && a.State.Gone()
}

// blobOf checks that a record's blob has a manifest that is the asset's.
func (f *fsck) blobOf(r Reader, what, id string, blob clinical.BlobID, asset clinical.AssetID) {
	if blob.IsZero() {
		return
	}
	m, err := f.v.readManifest(r, blob)
	switch {
	case err != nil:
		f.report.add(what, id, "manifest-"+reasonFor(err))
	case m.asset != asset:
		f.report.add(what, id, "manifest-of-another")
	}
}

// manifests opens every manifest and touches every piece of its bytes.
func (f *fsck) manifests(ctx context.Context, r Reader) error {
	return r.Scan([]byte{prefixManifest}, nil, func(key, value []byte) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		f.report.Blobs++
		if len(key) != 1+16 {
			f.report.add("blob", "", "bad-key")
			return true, nil
		}
		id := clinical.BlobID(key[1:])
		if reason := f.manifest(ctx, r, id, value); reason != "" && f.stillNamed(ctx, id) {
			f.report.add("blob", id.String(), reason)
		}
		return true, nil
	})
}

func (f *fsck) stillNamed(ctx context.Context, id clinical.BlobID) bool {
	err := f.v.opt.Store.View(ctx, func(r Reader) error {
		_, err := r.Get(manifestKey(id))
		return err
	})
	return !isNotFound(err)
}

func (f *fsck) manifest(ctx context.Context, r Reader, id clinical.BlobID, value []byte) clinical.Reason {
	m, err := decodeManifest(value)
	if err != nil {
		return reasonFor(err)
	}
	if !m.asset.IsZero() {
		s, err := f.v.readRecord(r, kindAsset, m.asset)
		if err != nil || !s.found {
			return "asset-missing"
		}
		if s.env.slot != m.slot || s.env.owner != m.owner {
			return "other-owner"
		}
	}
	dek, err := f.v.unwrap(m, id)
	if err != nil {
		return "key-" + reasonFor(err)
	}
	facts, err := openFacts(dek, m, id)
	if err != nil || facts.Sealed != sealedSize(facts.Size) {
		return "facts-corrupt"
	}
	return f.probe(ctx, id, facts.Sealed)
}

// probe reads one byte of every piece, the last byte, and none beyond.
func (f *fsck) probe(ctx context.Context, id clinical.BlobID, size int64) clinical.Reason {
	one := make([]byte, 1)
	for off := int64(0); off < size+probeStep; off += probeStep {
		at := min(off, size-1)
		if n, err := f.v.opt.Blobs.ReadBlobAt(ctx, id, one, at); n != 1 {
			return "bytes-" + reasonFor(errors.Join(err, io.ErrUnexpectedEOF))
		}
	}
	if n, _ := f.v.opt.Blobs.ReadBlobAt(ctx, id, one, size); n != 0 {
		return "bytes-too-many"
	}
	return ""
}

// unique checks that whoever holds a unique value is there.
func (f *fsck) unique(ctx context.Context, r Reader) error {
	return r.Scan([]byte{prefixUnique}, nil, func(key, value []byte) (bool, error) {
		who, err := f.v.holder(r, key)
		if err != nil {
			f.report.add("unique", "", reasonFor(err))
			return true, ctx.Err()
		}
		for _, k := range []kind{kindPatient, kindAsset, kindJob, kindPerson, kindSet, kindLanding} {
			if _, err := r.Get(recordKey(k, who)); err == nil {
				return true, ctx.Err()
			}
		}
		f.report.add("unique", clinical.AssetID(who).String(), "holder-missing")
		return true, ctx.Err()
	})
}

// pending reports erasures that have not been carried out.
func (f *fsck) pending(_ context.Context, r Reader) error {
	return r.Scan([]byte{prefixIntent}, nil, func(key, _ []byte) (bool, error) {
		n := binary.BigEndian.Uint64(key[1:])
		alive := func() error { _, err := f.v.keys.slot(n); return err }
		if n&ownerBit != 0 {
			n &^= ownerBit
			alive = func() error { _, _, err := f.v.keys.ownerNumbered(n); return err }
		}
		if clinical.ReasonOf(alive()) != "erased" {
			f.report.add("keyring", number(n), "erasure-pending")
		}
		return true, nil
	})
}

func (f *fsck) keyring() {
	if f.head.slot > f.v.keys.slots() {
		f.report.add("keyring", number(f.head.slot), "older-than-store")
	}
	if f.head.epoch > f.v.keys.epoch() {
		f.report.add("keyring", number(f.head.epoch), "older-than-store")
	}
	// Each key that was destroyed was some picture's: fewer pictures than such
	// keys are those of an older store.
	if missing := f.destroyed - f.report.Destroyed; missing > 0 {
		f.report.add("keyring", number(uint64(missing)), olderThanErasure)
	}
}

// ledger computes the tree anew from its leaves and compares every checkpoint
// that was ever signed.
func (f *fsck) ledger(ctx context.Context) error {
	var changes, seen uint64
	err := f.v.exportAudit(ctx, io.Discard, func(r Reader, n uint64, text []byte) error {
		f.report.Leaves++
		f.nodes(r, n, text)
		l, err := ledger.DecodeLeaf(text)
		f.listed(r, l)
		if l.Seq != 0 {
			changes++
			seen = max(seen, l.Seq)
		}
		return err
	})
	switch clinical.KindOf(err) {
	case clinical.Corrupt:
		f.report.add("ledger", number(uint64(f.report.Leaves)), "corrupt")
		return nil
	case clinical.Internal:
		if err != nil {
			return err
		}
	default:
		return err
	}
	if changes != seen || seen < f.head.seq {
		f.report.add("ledger", number(seen), "change-without-entry")
	}
	return nil
}

// nodes compares the nodes of the tree that a leaf completes with those that
// are stored: later checkpoints and proofs are made from them.
func (f *fsck) nodes(r Reader, n uint64, text []byte) {
	stored := hashReader(r)
	first, want, err := ledger.Append(int64(n), text, stored)
	if err != nil {
		f.report.add("ledger", number(n), "node-missing")
		return
	}
	for i, hash := range want {
		if got, err := stored([]int64{first + int64(i)}); err != nil || got[0] != hash {
			f.report.add("ledger", number(n), "node-changed")
		}
	}
}

// listed checks that an entry is found under everybody whom it names.
func (f *fsck) listed(r Reader, l ledger.Leaf) {
	for _, key := range eventKeys(l) {
		if _, err := r.Get(key); err != nil {
			f.report.add("ledger", number(uint64(l.N)), "not-listed")
		}
	}
}

func (f *fsck) unreferenced(ctx context.Context) error {
	return f.v.opt.Blobs.EachBlob(ctx, func(id clinical.BlobID, _ time.Time) error {
		if !f.stillNamed(ctx, id) {
			f.report.Unreferenced++
		}
		return ctx.Err()
	})
}
