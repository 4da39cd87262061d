package darkroom

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"fovea/clinical"
	"fovea/darkroom/gauge"
)

const (
	// burst is how far apart two frames are at most that may be one picture taken
	// twice.
	burst = time.Minute
	// usualOf is how many of a studio's latest pictures say what is usual, and
	// usualFrom how many there must be.
	usualOf, usualFrom = 200, 12
	// idle is how often somebody looks whether all renditions are made.
	idle = 100 * time.Millisecond
)

// measurer keeps what the Follower must know to have every picture measured,
// once, after its thumbnail. It works alone, behind the renditions and behind
// whoever waits for one, and begins with the newest. Guarded by Follower.mu.
type measurer struct {
	todo   []clinical.AssetID
	later  []clinical.AssetID // what failed for now
	wake   chan struct{}      // holds a token when todo grew
	groups map[[16]byte][]clinical.AssetID
	blurs  map[clinical.StudioID][]float64 // of the latest pictures
	blind  bool                            // this program looks for no faces
}

// subject is what matters of one asset to whoever measures it.
type subject struct {
	at      time.Time // taken
	camera  string
	studio  clinical.StudioID
	group   [16]byte // pictures of one group may be of one burst
	passed  bool     // not to be measured
	face    bool     // the view is of a face
	rev     uint64   // of the record, and what it says
	program uint32
	sought  bool
	like    clinical.AssetID
	alike   float64
	queued  bool
}

func newMeasurer() measurer {
	return measurer{
		wake: make(chan struct{}, 1), groups: map[[16]byte][]clinical.AssetID{}, blurs: map[clinical.StudioID][]float64{},
	}
}

// takeSubjects takes in what concerns the measuring; the caller holds mu.
func (f *Follower) takeSubjects(d clinical.Delta) {
	touched := map[clinical.AssetID]bool{}
	for _, a := range d.Assets {
		if k := f.asset(a.ID); a.Rev >= k.rev {
			f.measurer.place(a, &k.subject)
			touched[a.ID] = true
		}
	}
	for _, r := range d.Renditions {
		if r.Kind == clinical.Thumbnail {
			touched[r.Asset] = true
		}
	}
	for _, q := range d.Qualities {
		s := &f.asset(q.Asset).subject
		if q.Rev < s.rev {
			continue
		}
		s.rev, s.program, s.sought, s.like, s.alike = q.Rev, q.Program, q.Sought, q.Like, q.Likeness
		if q.Edges {
			list := f.measurer.blurs[s.studio]
			list = append(list, q.Blur)
			f.measurer.blurs[s.studio] = list[max(0, len(list)-usualOf):]
		}
		touched[q.Asset] = true
	}
	for id := range touched {
		if k := f.assets[id]; f.unmeasuredSubject(k) && !k.subject.queued {
			k.subject.queued = true
			f.measurer.queue(id)
		}
	}
}

// place says to which group a picture belongs: that of its session, else of its
// run, else of its patient.
func (m *measurer) place(a clinical.Asset, s *subject) {
	group := [16]byte(a.Session)
	if a.Session.IsZero() {
		if group = [16]byte(a.Run); a.Run.IsZero() {
			group = [16]byte(a.Patient)
		}
	}
	if group != s.group {
		if old := slices.DeleteFunc(m.groups[s.group], func(id clinical.AssetID) bool { return id == a.ID }); len(old) > 0 {
			m.groups[s.group] = old
		} else {
			delete(m.groups, s.group)
		}
		if group != [16]byte{} {
			m.groups[group] = append(m.groups[group], a.ID)
		}
	}
	s.at, s.camera, s.studio, s.group = a.Capture.At, a.Capture.Make+a.Capture.Model+a.Capture.Serial, a.Studio, group
	s.passed, s.face = a.IDShot || a.Form, a.View.Face()
}

// queue adds work; the caller holds Follower.mu.
func (m *measurer) queue(id clinical.AssetID) {
	m.todo = append(m.todo, id)
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// unmeasuredSubject reports whether a picture is to be measured: what cannot be
// drawn cannot be measured either.
func (f *Follower) unmeasuredSubject(k *known) bool {
	thumb, s := k.made[clinical.Thumbnail], k.subject
	return !k.gone && !s.passed && !thumb.Blob.ID.IsZero() && thumb.Failed == "" &&
		(s.program != gauge.Version || s.face && !s.sought && !f.measurer.blind)
}

// measureAll measures what waits until ctx ends.
func (f *Follower) measureAll(ctx context.Context) error {
	again := time.NewTicker(f.opt.Retry)
	defer again.Stop()
	look := time.NewTicker(idle)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
			f.mu.Lock()
			for _, id := range f.measurer.later {
				f.measurer.queue(id)
			}
			f.measurer.later = nil
			f.mu.Unlock()
		case <-f.measurer.wake:
			for f.nextSubject(ctx, look.C) {
			}
		}
	}
}

// nextSubject measures the newest picture that waits; false: there is none.
func (f *Follower) nextSubject(ctx context.Context, look <-chan time.Time) bool {
	for {
		if err := f.group.yield(ctx); err != nil {
			return false
		}
		f.mu.Lock()
		busy := len(f.todo) > 0
		f.mu.Unlock()
		if !busy {
			break
		}
		select {
		case <-look:
		case <-ctx.Done():
			return false
		}
	}
	f.mu.Lock()
	last := len(f.measurer.todo) - 1
	if last < 0 {
		f.mu.Unlock()
		return false
	}
	id := f.measurer.todo[last]
	f.measurer.todo = f.measurer.todo[:last]
	k := f.assets[id]
	k.subject.queued = false
	wanted, now, others := f.unmeasuredSubject(k), *k, f.neighbours(id, k)
	f.mu.Unlock()
	if !wanted {
		return true
	}
	if err := f.measureOne(ctx, now, others); err != nil && ctx.Err() == nil {
		f.opt.Log.Warn("picture not measured", "asset", id, "reason", clinical.ReasonOf(err), "failure", clinical.KindOf(err))
		f.mu.Lock()
		if kind := clinical.KindOf(err); kind == clinical.Unavailable || kind == clinical.Conflict {
			k.subject.queued = true
			f.measurer.later = append(f.measurer.later, id)
		}
		f.mu.Unlock()
	}
	return true
}

// neighbour is a picture that may be of the same burst as another.
type neighbour struct {
	asset clinical.AssetID
	apart time.Duration
	thumb clinical.BlobID
}

// neighbours lists the pictures of the same camera and group that were taken
// about when k was, the nearest first; the caller holds mu.
func (f *Follower) neighbours(id clinical.AssetID, k *known) []neighbour {
	var out []neighbour
	for _, other := range f.measurer.groups[k.subject.group] {
		o := f.assets[other]
		thumb, apart := o.made[clinical.Thumbnail], o.subject.at.Sub(k.subject.at).Abs()
		if other == id || o.gone || o.subject.passed || thumb.Blob.ID.IsZero() || apart > burst || o.subject.camera != k.subject.camera || k.subject.at.IsZero() {
			continue
		}
		out = append(out, neighbour{other, apart, thumb.Blob.ID})
	}
	slices.SortFunc(out, func(a, b neighbour) int { return cmp.Or(cmp.Compare(a.apart, b.apart), a.asset.Compare(b.asset)) })
	return out[:min(len(out), maxOthers)]
}

// measureOne measures a picture and records it.
func (f *Follower) measureOne(ctx context.Context, k known, others []neighbour) error {
	rec := clinical.Quality{
		Asset: k.owner.Asset, Patient: k.owner.Patient, Rev: k.subject.rev, Source: k.original.ID, Program: gauge.Version, MeasuredAt: f.opt.Now(), Usual: f.usual(k.subject.studio),
	}
	opt := MeasureOptions{Faces: k.subject.face}
	for _, o := range others {
		b, err := f.thumbnail(ctx, o.thumb)
		if err != nil {
			return err
		}
		opt.Others = append(opt.Others, b)
	}
	c, err := f.opt.Opener.Open(ctx, k.original.ID)
	if err != nil {
		return clinical.Errorf(clinical.KindOf(err), "darkroom: open original: %w", err)
	}
	defer c.Close() //nolint:errcheck // only read from
	m, err := f.opt.Renderer.Measure(ctx, Source{Reader: c, Size: c.Size(), MIME: k.original.MIME}, opt, true)
	switch {
	case hopeless(err):
		rec.Failed = clinical.ReasonOf(err)
	case err != nil:
		return err
	default:
		m.fill(&rec)
		for i, v := range m.Alike {
			if v >= clinical.LikenessLimit && v > rec.Likeness {
				rec.Like, rec.Likeness = others[i].asset, v
			}
		}
	}
	if opt.Faces && !rec.Sought && rec.Failed == "" {
		f.mu.Lock()
		f.measurer.blind = true
		f.mu.Unlock()
	}
	return f.record(ctx, rec)
}

// fill writes what was measured into a record.
func (m Measured) fill(to *clinical.Quality) {
	q, l := m.Figures, m.Figures.Light
	to.Width, to.Height = m.Width, m.Height
	to.Edges, to.Blur, to.Smear, to.Still = q.Edges, q.Blur, q.Smear, q.Still
	to.Median, to.Low, to.High = l.Median, l.Low, l.High
	to.Burnt, to.Black, to.White, to.Dark = l.Burnt, l.Black, l.White, l.Dark
	to.Sought, to.Faces = m.Sought, m.Faces
}

// thumbnail reads a picture that is compared with; none where its bytes are gone:
// they are made again, and the next measuring has them.
func (f *Follower) thumbnail(ctx context.Context, id clinical.BlobID) ([]byte, error) {
	c, err := f.opt.Opener.Open(ctx, id)
	if kind := clinical.KindOf(err); err != nil && (kind == clinical.NotFound || kind == clinical.Corrupt) {
		return nil, nil
	}
	if err != nil {
		return nil, clinical.Errorf(clinical.KindOf(err), "darkroom: open thumbnail: %w", err)
	}
	defer c.Close() //nolint:errcheck // only read from
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(c, maxOther+1)); err != nil {
		return nil, clinical.Errorf(clinical.Unavailable, "darkroom: read thumbnail: %w", err)
	}
	return b.Bytes(), nil
}

// usual is the median blur of a studio's latest pictures, 0 where there are too
// few to say.
func (f *Follower) usual(studio clinical.StudioID) float64 {
	f.mu.Lock()
	list := slices.Clone(f.measurer.blurs[studio])
	f.mu.Unlock()
	if len(list) < usualFrom {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// record commits what was measured, under the darkroom's own name.
func (f *Follower) record(ctx context.Context, rec clinical.Quality) error {
	done, err := f.opt.Keeper.Commit(ctx, clinical.Change{
		Event: clinical.Event{
			At: f.opt.Now(), Act: clinical.ActMeasured, Caller: clinical.Caller{Door: clinical.DoorDarkroom},
			Patient: rec.Patient, Assets: []clinical.AssetID{rec.Asset},
		},
		Delta: clinical.Delta{Qualities: []clinical.Quality{rec}},
	})
	if err != nil {
		return clinical.Errorf(clinical.KindOf(err), "darkroom: record what was measured of %s: %w", rec.Asset, err)
	}
	f.apply(done.Delta)
	return nil
}
