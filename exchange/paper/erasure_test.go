package paper_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/clinical/clinicaltest"
	"fovea/exchange/paper"
)

func erasing() paper.Erasing {
	now := clinicaltest.Now()
	return paper.Erasing{
		Patient: clinical.Patient{ID: clinicaltest.ID[clinical.Patient]("adult"), Family: "Muñoz", Given: "Íñigo"}, People: clinicaltest.Hospital().People,
		Erasure: clinical.Erasure{
			ID: clinicaltest.ID[clinical.Erasure]("e"), Outcome: clinical.EraseShred, OnBehalf: "el paciente", Reason: "lo pide", Words: "sin retención",
			RequestedBy: clinicaltest.ID[clinical.Person]("greta"), DecidedBy: clinicaltest.ID[clinical.Person]("adam"), RequestedAt: now,
			DecidedAt: now, Done: now, Pictures: 14, Epoch: now.AddDate(0, 0, 1),
		},
		Index: paper.IndexKey{Destroyed: now.AddDate(0, 0, 2)},
	}
}

func erasure(t *testing.T, e paper.Erasing, edition paper.Edition, l paper.Language) (string, paper.ErasureCertificate) {
	t.Helper()
	c, err := paper.NewErasureCertificate(e, edition, issuer(l))
	if err != nil {
		t.Fatal(err)
	}
	var pdf bytes.Buffer
	if err := c.WritePDF(&pdf); err != nil {
		t.Fatal(err)
	}
	return text(t, pdf.Bytes()), c
}

func TestErasureStatesTheConditionsUnderWhichCopiesAreUnreadable(t *testing.T) {
	e := erasing()
	for l, want := range map[paper.Language][2]string{
		paper.English: {
			"unreadable once every copy of the keyring and every recovery copy older than 24 November 2026, 10:00:00 (+01:00) is destroyed",
			"in copies of the index the words are unreadable once every copy of the keyring and every recovery copy older than 25 November 2026, 10:00:00 (+01:00)",
		},
		paper.French: {
			"toute copie du trousseau et toute copie de secours antérieures au 24 novembre 2026, 10:00:00 (+01:00) sont détruites",
			"L’index de recherche contenait des mots sur les images",
		},
		paper.Spanish: {
			"toda copia del llavero y toda copia de recuperación anteriores al 24 de noviembre de 2026, 10:00:00 (+01:00)",
			"toda copia del llavero y toda copia de recuperación anteriores al 25 de noviembre de 2026, 10:00:00 (+01:00)",
		},
	} {
		got, _ := erasure(t, e, paper.ForPatient, l)
		mustHold(t, got, want[0], want[1], "MUÑOZ, Íñigo", "14")
		mustNotHold(t, got, "Invented")
		got, _ = erasure(t, e, paper.ForGovernance, l)
		mustHold(t, got, "Invented greta", "Invented adam", "lo pide")
	}
	// Of a record that was erased whole, its ID may be all that is left.
	e.Patient = clinical.Patient{ID: e.Patient.ID}
	for l, want := range map[paper.Language]string{
		paper.English: "all pictures of the patient of this request, since erased.",
		paper.French:  "toutes les images de la personne visée par cette demande, effacée depuis, a été demandé",
		paper.Spanish: "todas las imágenes de la persona de esta solicitud, suprimida.",
	} {
		got, _ := erasure(t, e, paper.ForPatient, l)
		mustHold(t, got, want)
	}
}

// Without a name the sentence is one of its language.
func TestErasureWithoutANameIsWrittenAsPeopleDo(t *testing.T) {
	e := erasing()
	e.Erasure.Outcome = clinical.EraseRestrict
	numbered := clinical.Patient{Identifiers: []clinical.Identifier{{System: "hospital", Value: "8014552K"}}}
	for l, want := range map[paper.Language]string{
		paper.English: "A request was made to erase all pictures of the patient",
		paper.French:  "L’effacement de toutes les images du patient",
		paper.Spanish: "Se solicitó suprimir todas las imágenes del paciente",
	} {
		e.Patient = clinical.Patient{}
		got, _ := erasure(t, e, paper.ForPatient, l)
		mustHold(t, got, want)
		e.Patient = numbered
		got, _ = erasure(t, e, paper.ForPatient, l)
		mustHold(t, got, want+" hospital 8014552K")
	}
}

// While the key of the old search index exists there is no date for its copies,
// and the paper gives none.
func TestErasureGivesNoDateForTheIndexBeforeItsKeyIsDestroyed(t *testing.T) {
	e := erasing()
	e.Index = paper.IndexKey{Due: clinicaltest.Now().Add(time.Hour)}
	for l, want := range map[paper.Language]string{
		paper.English: "no date can be given for copies of the index. Print this certificate again after 23 November 2026, 11:00:00 (+01:00)",
		paper.French:  "aucune date ne peut être donnée pour les copies de l’index. Imprimez de nouveau ce certificat après le 23 novembre 2026, 11:00:00 (+01:00)",
		paper.Spanish: "no puede darse fecha para las copias del índice. Imprima de nuevo este certificado después del 23 de noviembre de 2026, 11:00:00 (+01:00)",
	} {
		got, c := erasure(t, e, paper.ForPatient, l)
		mustHold(t, got, want)
		mustNotHold(t, got, "held words about the pictures under a key of its own. That key was destroyed")
		if c.Copies == nil || !c.Copies.IndexPending || !c.Copies.Index.IsZero() {
			t.Errorf("%s: %+v", l, c.Copies)
		}
	}
	e.Erasure.Outcome = clinical.EraseRestrict
	got, c := erasure(t, e, paper.ForPatient, paper.English)
	mustNotHold(t, got, "search index", "keyring")
	if c.Copies != nil {
		t.Errorf("nothing was destroyed, and there are dates: %+v", c.Copies)
	}
}

func TestErasureAsJSONHoldsWhatItsEditionMayShow(t *testing.T) {
	e := erasing()
	e.Proof = withdrawal().Proof
	for _, edition := range []paper.Edition{paper.ForPatient, paper.ForGovernance} {
		_, c := erasure(t, e, edition, paper.English)
		var b bytes.Buffer
		if err := c.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if want, err := os.ReadFile(filepath.Join("testdata", "erasure-"+edition.String()+".json")); err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s: not the vector: %v\n%s", edition, err, b.Bytes())
		}
		var back paper.ErasureCertificate
		d := json.NewDecoder(bytes.NewReader(b.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&back); err != nil || back.Number != e.Erasure.ID.String() {
			t.Errorf("read back: %+v, %v", back, err)
		}
		if named := strings.Contains(b.String(), "Invented greta"); named != (edition == paper.ForGovernance) {
			t.Errorf("%s names who took it: %v", edition, named)
		}
	}
}
