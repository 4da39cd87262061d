package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fovea/clinical"
)

// keeper is where assets are kept; *vault.Vault is one.
type keeper interface {
	Put(ctx context.Context, owner clinical.Owner, r io.Reader, build func(clinical.Blob) (clinical.Change, error)) (clinical.Change, error)
	Commit(ctx context.Context, c clinical.Change) (clinical.Change, error)
	Verify(ctx context.Context, id clinical.BlobID) error
}

// register answers who somebody is; *vault.Vault is one.
type register interface {
	FindPatient(ctx context.Context, id clinical.Identifier) (clinical.Patient, error)
	FindJob(ctx context.Context, number string) (clinical.Job, error)
	Patient(ctx context.Context, id clinical.PatientID) (clinical.Patient, error)
	Job(ctx context.Context, id clinical.JobID) (clinical.Job, error)
}

// archive answers what was kept before; *vault.Vault is one.
type archive interface {
	FindLanding(ctx context.Context, source string) (clinical.Landing, error)
	Asset(ctx context.Context, id clinical.AssetID) (clinical.Asset, error)
}

// journal is followed for what others do to runs and quarantine; *vault.Vault
// is one.
type journal interface {
	Load(ctx context.Context, f func(clinical.Delta) error) (seq uint64, err error)
	Changes(ctx context.Context, after uint64, limit int) ([]clinical.Change, error)
}

// ReadCapture returns what the camera wrote into a file. ext is the extension
// of its true type, such as "jpg". What the file does not state stays zero.
// An error other than ctx's or clinical.Unavailable means that the file cannot
// be read, which is no fault of identification.
type ReadCapture func(ctx context.Context, src io.ReaderAt, size int64, ext string) (clinical.Capture, error)

// ReadLabels returns the text of every machine-readable label in a picture,
// none where there is none. An error means that the pixels could not be looked
// at, and so that a label may be hidden in them.
type ReadLabels func(ctx context.Context, src io.ReaderAt, size int64, mime string) ([]string, error)

// Options is what an Ingest is given. Keeper, Register, Archive and Journal are
// usually one vault. Zero durations and sizes take their defaults.
type Options struct {
	Studios  []Studio
	Keeper   keeper
	Register register
	Archive  archive
	Journal  journal
	// Capture is required. Labels is required where a studio has RuleIDShot.
	Capture ReadCapture
	Labels  ReadLabels
	// Rules are the identifier systems of the site, for tickets, labels and names.
	Rules []clinical.IdentifierRule
	// SourceKey keys the hash of Landing.Source; rotation must not change it.
	SourceKey [32]byte
	Zone      *time.Location // the site's zone; nil: UTC
	Now       func() time.Time
	Mint      *clinical.Minter
	Log       *slog.Logger
	Timing    Timing
	Workers   int   // files kept side by side; 0: 3
	MaxFile   int64 // bytes; 0: 4 GiB
	// NoEvents turns fsnotify off and leaves reconciling alone.
	NoEvents bool
}

func (o Options) withDefaults() Options {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Mint == nil {
		o.Mint = clinical.NewMinter(o.Now, nil)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Workers <= 0 {
		o.Workers = 3
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 4 << 30
	}
	o.Timing = o.Timing.withDefaults()
	studios := make([]Studio, len(o.Studios))
	for i, s := range o.Studios {
		studios[i] = s.withDefaults()
	}
	o.Studios = studios
	return o
}

// check reports every fault at once.
func (o Options) check() error {
	faults := []error{checkStudios(o.Studios)}
	if o.Keeper == nil || o.Register == nil || o.Archive == nil || o.Journal == nil || o.Capture == nil {
		faults = append(faults, clinical.Errorf(clinical.Invalid, "ingest: Keeper, Register, Archive, Journal and Capture are required"))
	}
	for _, s := range o.Studios {
		if s.has(RuleIDShot) && o.Labels == nil {
			faults = append(faults, clinical.Errorf(clinical.Invalid, "ingest: studio %q identifies by ID shots, and nothing reads labels", s.ID))
		}
	}
	return errors.Join(faults...)
}

// keepSessions is how long a session may be continued after it was made.
const keepSessions = 7 * 24 * time.Hour

// Ingest receives files for all studios.
type Ingest struct {
	opt      Options
	memory   *memory
	stations []*station
	slots    chan struct{} // one for each file under way, over all studios
	sessions sync.Mutex    // held while a session's first frame is kept
}

// New checks opt and returns an Ingest that does nothing until Run or Import.
func New(opt Options) (*Ingest, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	opt = opt.withDefaults()
	var filed *marks
	if slices.ContainsFunc(opt.Studios, func(s Studio) bool { return s.has(RuleIDShot) }) {
		filed = newMarks()
	}
	in := &Ingest{opt: opt, memory: newMemory(opt.Now().Add(-keepSessions), filed), slots: make(chan struct{}, opt.Workers)}
	for _, s := range opt.Studios {
		in.stations = append(in.stations, newStation(in, s, folder(s.Folder)))
	}
	return in, nil
}

// Run watches every studio until ctx ends, which is no error. A studio whose
// folder is not there, or a vault that is full, is waited for.
func (in *Ingest) Run(ctx context.Context) error {
	if err := in.memory.load(ctx, in.opt.Journal); err != nil {
		return ended(ctx, err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return in.memory.follow(ctx, in.opt.Journal, in.wake) })
	for _, s := range in.stations {
		g.Go(func() error { return s.run(ctx) })
	}
	return ended(ctx, g.Wait())
}

// wake makes every station look at its folder again.
func (in *Ingest) wake() {
	for _, s := range in.stations {
		s.nudge()
	}
}

// station returns the station of a studio.
func (in *Ingest) station(id clinical.StudioID) (*station, error) {
	for _, s := range in.stations {
		if s.studio.ID == id {
			return s, nil
		}
	}
	return nil, clinical.Refuse(clinical.NotFound, "studio", "There is no studio of this name. Choose one that the configuration names.")
}

// ended turns the error of a stop that was asked for into none.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
