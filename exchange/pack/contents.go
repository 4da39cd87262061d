package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// Picture is a picture on its way out with what is known of it. Asset may be
// the zero Asset where nothing is to be told.
type Picture struct {
	*clinical.Served
	Asset clinical.Asset
}

// extensions names a file by what is in it.
func extension(mime string) string {
	switch mime {
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/tiff":
		return ".tif"
	case "image/heic", "image/heif":
		return ".heic"
	case "image/x-adobe-dng":
		return ".dng"
	case "application/dicom":
		return ".dcm"
	case "video/mp4":
		return ".mp4"
	case "video/quicktime":
		return ".mov"
	default:
		return ".bin"
	}
}

// name returns what the nth picture, from 1, is called: nothing but its number.
func name(stem string, n int, mime string) string {
	return fmt.Sprintf("%s-%03d%s", stem, n, extension(mime))
}

// sums adds the SHA-256 of what has been read, in the form of sha256sum.
type sums struct{ lines []byte }

// text returns a small file that is summed already.
func (s *sums) text(name string, at time.Time, content []byte) File {
	sum := sha256.Sum256(content)
	s.add(name, sum[:])
	return File{Name: name, Size: int64(len(content)), Modified: at, Content: bytes.NewReader(content)}
}

func (s *sums) add(name string, sum []byte) {
	s.lines = append(s.lines, hex.EncodeToString(sum)+"  "+name+"\n"...)
}

// file returns the manifest itself, which is always the last file.
func (s *sums) file(at time.Time) File {
	return File{Name: "SHA256SUMS", Size: int64(len(s.lines)), Modified: at, Content: bytes.NewReader(s.lines)}
}

// summed hashes a picture while it is read.
type summed struct {
	r io.Reader
	h hash.Hash
}

func (s summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	return n, err
}

// picture yields one picture under name and adds its sum once it is read.
// want, where not zero, is what the vault knows of the bytes: Corrupt when they
// are others.
func (s *sums) picture(yield func(File, error) bool, f File, want [32]byte) bool {
	h := summed{r: f.Content, h: sha256.New()}
	f.Content = h
	if !yield(f, nil) {
		return false
	}
	got := h.h.Sum(nil)
	if want != [32]byte{} && !bytes.Equal(got, want[:]) {
		yield(File{}, clinical.Errorf(clinical.Corrupt, "pack: an original is not the one that was kept"))
		return false
	}
	s.add(f.Name, got)
	return true
}

// Copy returns the contents of a copy that leaves: the pictures in their order,
// a README in the issuer's language, and SHA256SUMS. A consumer has to read each
// Content whole before it asks for the next file.
func Copy(r clinical.Release, pictures []Picture, by paper.Issuer) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		var s sums
		for i, p := range pictures {
			f := File{Name: name("picture", i+1, p.MIME), Size: p.Size(), Modified: r.At, Content: p.Content}
			if !s.picture(yield, f, [32]byte{}) {
				return
			}
		}
		if yield(s.text("README.txt", r.At, readme(r, len(pictures), by)), nil) {
			yield(s.file(r.At), nil)
		}
	}
}

// Bundle is everything an evidential copy is made from.
type Bundle struct {
	Release  clinical.Release
	Pictures []Picture // originals, each with its Asset
	Events   []clinical.Recorded
	People   []clinical.Person
	Proofs   []paper.Proof // entries that show when originals were kept and released; the last is of Exhibits
}

// Exhibits lists the originals of an evidential copy as sha256sum does: under
// the names that they have in it, with the SHA-256 recorded when each was kept.
// The ledger has the SHA-256 of this list, so that what it proves is of these
// very files.
func Exhibits(pictures []Picture) []byte {
	var s sums
	for i, p := range pictures {
		s.add(exhibit(i, p), p.Asset.Original.SHA256[:])
	}
	return s.lines
}

func exhibit(i int, p Picture) string { return "originals/" + name("exhibit", i+1, p.MIME) }

// Evidence returns the contents of an evidential copy: untouched originals,
// custody report, form of a statement, proofs of the ledger with the public key,
// README and SHA256SUMS. Corrupt: an original is not the one that was kept. A
// consumer has to read each Content whole before it asks for the next file.
func Evidence(b Bundle, by paper.Issuer) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		var s sums
		at := b.Release.At
		custody := paper.Custody{Release: b.Release, Events: b.Events, People: b.People}
		for i, p := range b.Pictures {
			f := File{Name: exhibit(i, p), Size: p.Size(), Modified: at, Content: p.Content}
			if p.Asset.Original.SHA256 == [32]byte{} || p.Asset.ID != p.Served.Asset {
				yield(File{}, clinical.Errorf(clinical.Invalid, "pack: evidence: exhibit %d without the record of its original", i+1))
				return
			}
			if !s.picture(yield, f, p.Asset.Original.SHA256) {
				return
			}
			custody.Exhibits = append(custody.Exhibits, paper.Exhibit{
				Name: f.Name, Asset: p.Asset.ID, SHA256: p.Asset.Original.SHA256, Size: f.Size, Captured: p.Asset.Capture.At, Kept: p.Asset.KeptAt,
			})
		}
		documents, err := b.documents(custody, by)
		if err != nil {
			yield(File{}, err)
			return
		}
		for _, d := range documents {
			if !yield(s.text(d.name, at, d.content), nil) {
				return
			}
		}
		yield(s.file(at), nil)
	}
}

type document struct {
	name    string
	content []byte
}

// documents makes what goes beside the originals.
func (b Bundle) documents(c paper.Custody, by paper.Issuer) ([]document, error) {
	var report, statement, table bytes.Buffer
	if err := paper.CustodyReport(&report, c, by); err != nil {
		return nil, err
	}
	if err := paper.Statement(&statement, c, by); err != nil {
		return nil, err
	}
	if err := custodyTable(&table, c); err != nil {
		return nil, err
	}
	out := []document{
		{"exhibits.sha256", Exhibits(b.Pictures)},
		{"custody-report.pdf", report.Bytes()},
		{"custody-report.csv", table.Bytes()},
		{"statement.pdf", statement.Bytes()},
		{"README.txt", readme(b.Release, len(b.Pictures), by)},
	}
	for i, p := range b.Proofs {
		dir := fmt.Sprintf("proof/%03d/", i+1)
		out = append(out, document{dir + "leaf.json", p.Leaf}, document{dir + "leaf.tlog-proof", p.Tlog},
			document{dir + "checkpoint.txt", p.Checkpoint}, document{dir + "key.txt", []byte(p.Key + "\n")})
	}
	return out, nil
}

// custodyTable writes the entries of the ledger for a program.
func custodyTable(w io.Writer, c paper.Custody) error {
	names := map[clinical.PersonID]string{}
	for _, p := range c.People {
		names[p.ID] = p.Name
	}
	t := csv.NewWriter(w)
	t.UseCRLF = true
	rows := [][]string{{"entry", "at", "person", "person_id", "door", "act", "use", "denied", "assets"}}
	for _, e := range c.Events {
		var assets []string
		for _, a := range e.Event.Assets {
			assets = append(assets, a.String())
		}
		use := ""
		if e.Use.Valid() {
			use = strings.Join([]string{e.Use.Purpose.String(), e.Use.Audience.String(), e.Use.Channel.String()}, "/")
		}
		rows = append(rows, []string{
			strconv.FormatUint(e.Leaf, 10), e.At.UTC().Format(time.RFC3339Nano), paper.Cell(names[e.Caller.Person]), idText(e.Caller.Person),
			string(e.Caller.Door), string(e.Act), use, strconv.FormatBool(e.Denied), strings.Join(assets, " "),
		})
	}
	if err := t.WriteAll(rows); err != nil {
		return clinical.Errorf(clinical.Internal, "pack: custody: %w", err)
	}
	return nil
}

func idText(id clinical.PersonID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
