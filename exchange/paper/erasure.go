package paper

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// Erasing is everything a certificate of erasure is made from.
type Erasing struct {
	Erasure clinical.Erasure
	Patient clinical.Patient // zero: the paper names nobody
	// People resolve who took and who decided the request; used in the
	// governance edition alone.
	People []clinical.Person
	Index  IndexKey
	Proof  Proof
}

// IndexKey is what became of the key under which the search index held words
// about what was erased. It dies after the pictures' own: the index is first
// made anew under another.
type IndexKey struct {
	Destroyed time.Time // zero: not yet
	Due       time.Time // when it will have been, at the latest; read while it is not
}

// ErasureCertificate says in one edition what became of a request to erase. Its
// JSON is version 1 of the format described in docs/formats/certificate.md.
//
// It promises no more than is true: a copy of the store that was made earlier
// holds the bytes, unreadable once every copy of the keyring and of the recovery
// keys that is older than the erasure's epoch is destroyed; and a copy of the
// search index the words, until the same holds of the index's key.
type ErasureCertificate struct {
	Fovea     string    `json:"fovea"` // "erasure-certificate"
	Version   int       `json:"v"`
	Edition   string    `json:"edition"`
	Number    string    `json:"number"` // the request's ID
	Site      string    `json:"site,omitempty"`
	Patient   string    `json:"patient,omitempty"`
	Issued    time.Time `json:"issued"`
	Asked     time.Time `json:"asked"`
	OnBehalf  string    `json:"onBehalf"`
	Decided   time.Time `json:"decided"`
	Outcome   string    `json:"outcome"`
	Words     string    `json:"words"`               // the reason of the decision
	Requested int       `json:"requested,omitempty"` // pictures; left out: all of the patient's
	Assets    []string  `json:"assets,omitempty"`    // governance only
	AskedBy   *Who      `json:"askedBy,omitempty"`   // governance only
	DecidedBy *Who      `json:"decidedBy,omitempty"` // governance only
	Reason    string    `json:"reason,omitempty"`    // of the request; governance only
	Done      time.Time `json:"done,omitzero"`       // zero: not carried out yet
	Pictures  int       `json:"pictures,omitempty"`  // how many it came to concern
	Copies    *Copies   `json:"copies,omitempty"`    // of shredded pictures alone
	Proof     ProofText `json:"proof"`

	erasing Erasing
	contact string
	lang    Language
	zone    *time.Location
}

// Copies say from when on what was erased is unreadable in copies made earlier:
// once every copy of the keyring and every recovery copy older than the instant
// is destroyed. A zero instant is not known.
type Copies struct {
	Store time.Time `json:"storeOlderThan,omitzero"` // the pictures and their records
	Index time.Time `json:"indexOlderThan,omitzero"` // the words of the search index
	// IndexPending: the index's key from before the erasure still exists. There
	// is no date yet; a certificate made after AskAgain has one.
	IndexPending bool      `json:"indexPending,omitempty"`
	AskAgain     time.Time `json:"askAgainAfter,omitzero"`
}

// NewErasureCertificate makes a certificate in one edition. It is Invalid before
// the request is decided.
func NewErasureCertificate(e Erasing, edition Edition, by Issuer) (ErasureCertificate, error) {
	x := e.Erasure
	if x.ID.IsZero() || x.Outcome == "" {
		return ErasureCertificate{}, clinical.Refuse(clinical.Invalid, "undecided", "This request is not decided yet. Decide it, then print the certificate.")
	}
	c := ErasureCertificate{
		Fovea: "erasure-certificate", Version: 1, Edition: edition.String(), Number: x.ID.String(), Site: by.Site, Issued: by.Now.UTC(),
		Asked: x.RequestedAt.UTC(), OnBehalf: x.OnBehalf, Decided: x.DecidedAt.UTC(), Outcome: string(x.Outcome), Words: x.Words,
		Requested: len(x.Assets), Done: utc(x.Done), Pictures: x.Pictures, Proof: e.Proof.text(),
		erasing: e, contact: by.Contact, lang: by.Language, zone: by.Zone,
	}
	if e.Patient.Family+e.Patient.Given != "" {
		c.Patient = e.Patient.DisplayName()
	}
	if x.Outcome == clinical.EraseShred && !x.Done.IsZero() {
		c.Copies = &Copies{Store: utc(x.Epoch), Index: utc(e.Index.Destroyed)}
		if e.Index.Destroyed.IsZero() {
			c.Copies.IndexPending, c.Copies.AskAgain = true, utc(e.Index.Due)
		}
	}
	if edition == ForGovernance {
		v := viewer{Withdrawal: Withdrawal{People: e.People}, edition: edition}
		asked, decided := v.who(x.RequestedBy), v.who(x.DecidedBy)
		c.Assets, c.AskedBy, c.DecidedBy, c.Reason = texts(x.Assets), &asked, &decided, x.Reason
	}
	return c, nil
}

// WriteJSON writes the JSON edition.
func (c ErasureCertificate) WriteJSON(w io.Writer) error { return writeJSON(w, c) }

// WritePDF writes the certificate as a PDF, to which the JSON edition and the
// files of the proof are attached.
func (c ErasureCertificate) WritePDF(w io.Writer) error {
	l := c.lang
	title := l.pick("Erasure: certificate", "Effacement : certificat", "Supresión: certificado")
	d := open(l, c.zone, title, editionLine(l, c.Edition)+" · "+c.Number)
	d.head(c.Site, title)
	d.para(erasureSentence(l, c.erasing))
	d.Ln(2)
	d.fact(l.pick("Certificate", "Certificat", "Certificado"), c.Number)
	d.fact(l.pick("Asked", "Demandé", "Solicitado"), l.instant(c.Asked, d.zone))
	d.fact(l.pick("On behalf of", "Au nom de", "En nombre de"), c.OnBehalf)
	d.fact(l.pick("Decided", "Décidé", "Decidido"), l.instant(c.Decided, d.zone))
	if c.AskedBy != nil {
		d.fact(l.pick("Taken by", "Recueilli par", "Recogido por"), c.AskedBy.Name)
		d.fact(l.pick("Decided by", "Décidé par", "Decidido por"), c.DecidedBy.Name)
		d.fact(l.pick("Reason of the request", "Motif de la demande", "Motivo de la solicitud"), c.Reason)
	}
	d.fact(l.pick("Reason of the decision", "Motif de la décision", "Motivo de la decisión"), c.Words)
	c.shredded(d)
	if c.contact != "" {
		d.para(l.pick("Questions: ", "Questions : ", "Preguntas: ") + c.contact)
	}
	d.fact(l.pick("Printed on", "Édité le", "Impreso el"), l.instant(c.Issued, d.zone))
	proofPart(d, c.Proof)
	attached, err := attachments(c.WriteJSON, c.Proof)
	if err != nil {
		return err
	}
	return d.finish(w, attached)
}

// shredded says what was destroyed, and from when on copies are unreadable.
func (c ErasureCertificate) shredded(d *doc) {
	if c.Copies == nil {
		return
	}
	l := d.lang
	d.fact(l.pick("Keys destroyed", "Clés détruites", "Claves destruidas"), l.instant(c.Done, d.zone))
	d.fact(l.pick("Pictures", "Images", "Imágenes"), strconv.Itoa(c.Pictures))
	d.heading(l.pick("Copies of our store", "Copies de notre stockage", "Copias de nuestro almacén"))
	d.para(HonestDate(l, c.Copies.Store, d.zone))
	d.para(c.Copies.index(l, d.zone))
	d.para(l.pick("What had left before, on paper, by download or by publication, is not reached by this erasure; the certificate of the recall says who was asked to destroy it.",
		"Ce qui était sorti auparavant, sur papier, par téléchargement ou par publication, n’est pas atteint par cet effacement ; le certificat de rappel indique à qui la destruction a été demandée.",
		"Lo que había salido antes, en papel, por descarga o por publicación, no queda alcanzado por esta supresión; el certificado de retirada indica a quién se pidió destruirlo."))
}

// index says the same of the search index, or that it cannot be said yet.
func (c Copies) index(l Language, z *time.Location) string {
	if !c.IndexPending {
		return fmt.Sprintf(l.pick(
			"The search index held words about the pictures under a key of its own. That key was destroyed later: in copies of the index the words are unreadable once every copy of the keyring and every recovery copy older than %s is destroyed.",
			"L’index de recherche contenait des mots sur les images, sous une clé distincte. Cette clé a été détruite ensuite : dans les copies de l’index, ces mots sont illisibles dès que toute copie du trousseau et toute copie de secours antérieures au %s sont détruites.",
			"El índice de búsqueda contenía palabras sobre las imágenes, bajo una clave propia. Esa clave se destruyó después: en las copias del índice esas palabras son ilegibles en cuanto se destruya toda copia del llavero y toda copia de recuperación anteriores al %s."),
			l.instant(c.Index, zone(z)))
	}
	return fmt.Sprintf(l.pick(
		"The search index is still being renewed: the key under which it held words about the pictures still exists, and no date can be given for copies of the index. Print this certificate again after %s.",
		"L’index de recherche est en cours de renouvellement : la clé sous laquelle il contenait des mots sur les images existe encore, et aucune date ne peut être donnée pour les copies de l’index. Imprimez de nouveau ce certificat après le %s.",
		"El índice de búsqueda aún se está renovando: la clave bajo la que contenía palabras sobre las imágenes todavía existe, y no puede darse fecha para las copias del índice. Imprima de nuevo este certificado después del %s."),
		l.instant(c.AskAgain, zone(z)))
}

// HonestDate says from when on copies of the store cannot show what was
// erased: a condition, not a promise. Without an epoch it says so.
func HonestDate(l Language, epoch time.Time, z *time.Location) string {
	if epoch.IsZero() {
		return l.pick(
			"The pictures are unreadable here. Whether a copy of the store is readable depends on copies of the keyring and of the recovery keys; their date is not on record.",
			"Les images sont illisibles ici. La lisibilité d’une copie du stockage dépend des copies du trousseau et des clés de secours ; leur date n’est pas enregistrée.",
			"Las imágenes son ilegibles aquí. Que una copia del almacén sea legible depende de las copias del llavero y de las claves de recuperación; su fecha no consta.")
	}
	return fmt.Sprintf(l.pick(
		"The pictures are unreadable here from the instant above. In copies of the store they are unreadable once every copy of the keyring and every recovery copy older than %s is destroyed.",
		"Les images sont illisibles ici depuis l’instant ci-dessus. Dans les copies du stockage, elles le sont dès que toute copie du trousseau et toute copie de secours antérieures au %s sont détruites.",
		"Las imágenes son ilegibles aquí desde el instante indicado. En las copias del almacén lo son en cuanto se destruya toda copia del llavero y toda copia de recuperación anteriores al %s."),
		l.instant(epoch, zone(z)))
}

func erasureSentence(l Language, e Erasing) string {
	which := l.pick("all pictures", "toutes les images", "todas las imágenes")
	if n := len(e.Erasure.Assets); n > 0 {
		which = strconv.Itoa(n) + " " + l.pick("pictures", "images", "imágenes")
	}
	var what string
	switch e.Erasure.Outcome {
	case clinical.EraseRestrict:
		what = l.pick("Nothing was destroyed: they are now seen for care by a named team alone.",
			"Rien n’a été détruit : elles ne sont plus vues que pour les soins, par une équipe désignée.",
			"No se destruyó nada: ahora solo las ve, para la asistencia, un equipo designado.")
	case clinical.EraseCopies:
		what = l.pick("They were taken out of teaching sets, releases and derived pictures; the care record stays.",
			"Elles ont été retirées des séries, des communications et des images dérivées ; le dossier médical demeure.",
			"Se retiraron de series, entregas e imágenes derivadas; la historia clínica permanece.")
	case clinical.EraseShred:
		what = l.pick("Their keys were destroyed, and with them the pictures.",
			"Leurs clés ont été détruites, et avec elles les images.", "Se destruyeron sus claves y, con ellas, las imágenes.")
		if e.Erasure.Done.IsZero() {
			what = l.pick("It was decided to destroy their keys; this is not done yet.",
				"La destruction de leurs clés est décidée ; elle n’est pas encore faite.",
				"Se decidió destruir sus claves; aún no se ha hecho.")
		}
	case clinical.EraseRefuse:
		what = l.pick("The request was refused for the reason below.", "La demande a été refusée pour le motif ci-dessous.",
			"La solicitud se denegó por el motivo que sigue.")
	}
	return fmt.Sprintf(l.pick("A request was made to erase %s %s.", "L’effacement de %s %s a été demandé.", "Se solicitó suprimir %s %s."),
		which, ofErased(l, e)) + " " + strings.TrimSpace(what)
}

// ofErased says whose the pictures are by what is still known: the record itself
// may be gone with them.
func ofErased(l Language, e Erasing) string {
	var numbers []string
	for _, i := range e.Patient.Identifiers {
		numbers = append(numbers, i.System+" "+i.Value)
	}
	x := e.Erasure
	name := e.Patient.DisplayName()
	switch {
	case name != "":
		return l.whose(name)
	case len(numbers) > 0:
		return l.whose("") + " " + strings.Join(numbers, ", ")
	case x.Outcome == clinical.EraseShred && !x.Done.IsZero() && len(x.Assets) == 0:
		return l.pick("of the patient of this request, since erased", "de la personne visée par cette demande, effacée depuis,", "de la persona de esta solicitud, suprimida")
	default:
		return l.whose("")
	}
}
