package main

import (
	"context"
	"io"

	"fovea/clinical"
	"fovea/darkroom"
	"fovea/server/wire"
	"fovea/vault"
)

// operations are the long acts of the machine's owner.
type operations struct{ s *system }

// Import takes files in through the same pipeline as a watch folder.
func (o operations) Import(ctx context.Context, in wire.ImportFiles, progress func(done, total int)) (any, error) {
	if err := o.s.openPipeline(ctx); err != nil {
		return nil, err
	}
	r, err := o.s.ingest.Import(ctx, in.Studio, in.Paths, progress)
	if err == nil {
		err = o.s.index.WaitFor(ctx, o.s.vault.Head())
	}
	if err != nil {
		return nil, err
	}
	return wire.Counts{Found: r.Found, Kept: r.Kept, Duplicate: r.Duplicate, Quarantined: r.Quarantined, Ignored: r.Ignored}, nil
}

// Fsck checks that everything kept is whole. Damage that it finds is its report,
// not its failure.
func (o operations) Fsck(ctx context.Context, deep bool, progress func(done, total int)) (any, error) {
	done := 0
	r, err := o.s.vault.Fsck(ctx, vault.FsckOptions{Deep: deep, Progress: func(ctx context.Context, _ clinical.BlobID, _ int64) error {
		done++
		progress(done, 0)
		return ctx.Err()
	}})
	if err != nil {
		return nil, err
	}
	outside, err := o.s.outside(ctx)
	if err != nil {
		return nil, err
	}
	return inspected{&r, outside}, nil
}

// indexed is how many pictures a new index holds.
type indexed struct {
	Pictures int `json:"indexed"`
}

// Reindex builds the search index anew.
func (o operations) Reindex(ctx context.Context, progress func(done, total int)) (any, error) {
	err := o.s.index.Rebuild(ctx, o.s.vault, func(done, total uint64) { progress(int(done), int(total)) })
	if err != nil {
		return nil, err
	}
	n, err := o.s.index.Count()
	if err != nil {
		return nil, err
	}
	return indexed{n}, nil
}

// droppedRenditions is how many renditions lost their bytes.
type droppedRenditions struct {
	Dropped int `json:"dropped"`
}

// DropRenditions gives up the bytes of all renditions. A server makes them again,
// this one or the next.
func (o operations) DropRenditions(ctx context.Context, c clinical.Caller, progress func(done, total int)) (any, error) {
	n, err := darkroom.Drop(ctx, o.s.vault, o.s.vault, c, progress)
	if err != nil {
		return nil, err
	}
	return droppedRenditions{n}, nil
}

// renditions makes them when they are asked for; where no server runs there is
// nobody to make them.
type renditions struct{ s *system }

// Ensure returns a rendition whose bytes are there.
func (r renditions) Ensure(ctx context.Context, id clinical.AssetID, kind clinical.RenditionKind) (clinical.Rendition, error) {
	if r.s.dark == nil {
		return clinical.Rendition{}, clinical.ErrNotFound
	}
	return r.s.dark.Ensure(ctx, id, kind)
}

// ExportAudit writes the ledger.
func (o operations) ExportAudit(ctx context.Context, w io.Writer) error {
	return o.s.vault.ExportAudit(ctx, w)
}

// proven is a proof and the key it verifies with.
type proven struct {
	Proof string `json:"proof"`
	Key   string `json:"key"`
}

// Prove proves a change, or the one behind a recall.
func (o operations) Prove(ctx context.Context, seq uint64, recall clinical.RecallID) (any, error) {
	if !recall.IsZero() {
		r, err := o.s.vault.Recall(ctx, recall)
		if err != nil {
			return nil, err
		}
		if r.Settled.IsZero() {
			return nil, clinical.Refuse(clinical.Unavailable, "not-settled", "Who had these pictures is still being found. Try again in a moment.")
		}
		seq = r.Seq
	}
	text, err := o.s.vault.ProveSeq(ctx, seq)
	return o.proven(text, err)
}

// ProvePaper proves that a paper was issued as it is.
func (o operations) ProvePaper(ctx context.Context, sum string) (any, error) {
	text, err := o.s.vault.ProvePaper(ctx, sum)
	if clinical.KindOf(err) == clinical.NotFound {
		return nil, clinical.Refuse(clinical.NotFound, "never-issued", "No paper with these very bytes was ever issued here. Take the file as it was handed out: one that was printed, scanned or saved anew is another.")
	}
	return o.proven(text, err)
}

func (o operations) proven(text []byte, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return proven{Proof: string(text), Key: o.s.vault.AuditKey()}, nil
}
