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
	Proof  Proof
}

// Erasure writes the certificate of what became of a request to erase. It is
// Invalid before the request is decided.
//
// It promises no more than is true: a copy of the store that was made earlier
// holds the bytes, unreadable once every copy of the keyring and of the recovery
// keys that is older than the erasure's epoch is destroyed.
func Erasure(w io.Writer, e Erasing, edition Edition, by Issuer) error {
	x := e.Erasure
	if x.ID.IsZero() || x.Outcome == "" {
		return clinical.Refuse(clinical.Invalid, "undecided", "This request is not decided yet. Decide it, then print the certificate.")
	}
	l := by.Language
	title := l.pick("Erasure: certificate", "Effacement : certificat", "Supresión: certificado")
	d := open(l, by.Zone, title, l.pick("Erasure", "Effacement", "Supresión")+" · "+x.ID.String())
	d.head(by.Site, title)
	d.para(erasureSentence(l, e))
	d.Ln(2)
	d.fact(l.pick("Certificate", "Certificat", "Certificado"), x.ID.String())
	d.fact(l.pick("Asked", "Demandé", "Solicitado"), l.instant(x.RequestedAt, d.zone))
	d.fact(l.pick("On behalf of", "Au nom de", "En nombre de"), x.OnBehalf)
	d.fact(l.pick("Decided", "Décidé", "Decidido"), l.instant(x.DecidedAt, d.zone))
	if edition == ForGovernance {
		v := viewer{Withdrawal: Withdrawal{People: e.People}, edition: edition}
		d.fact(l.pick("Taken by", "Recueilli par", "Recogido por"), v.who(x.RequestedBy).Name)
		d.fact(l.pick("Decided by", "Décidé par", "Decidido por"), v.who(x.DecidedBy).Name)
		d.fact(l.pick("Reason of the request", "Motif de la demande", "Motivo de la solicitud"), x.Reason)
	}
	d.fact(l.pick("Reason of the decision", "Motif de la décision", "Motivo de la decisión"), x.Words)
	if x.Outcome == clinical.EraseShred && !x.Done.IsZero() {
		shredded(d, x)
	}
	if by.Contact != "" {
		d.para(l.pick("Questions: ", "Questions : ", "Preguntas: ") + by.Contact)
	}
	d.fact(l.pick("Printed on", "Édité le", "Impreso el"), l.instant(by.Now, d.zone))
	p := ProofText{
		Seq: e.Proof.Seq, Leaf: string(e.Proof.Leaf), Tlog: string(e.Proof.Tlog), Checkpoint: string(e.Proof.Checkpoint), Key: e.Proof.Key,
	}
	proofPart(d, p)
	return d.finish(w, p.attachments())
}

// shredded says what was destroyed, and from when on copies are unreadable.
func shredded(d *doc, x clinical.Erasure) {
	l := d.lang
	d.fact(l.pick("Keys destroyed", "Clés détruites", "Claves destruidas"), l.instant(x.Done, d.zone))
	d.fact(l.pick("Pictures", "Images", "Imágenes"), strconv.Itoa(x.Pictures))
	d.heading(l.pick("Copies of our store", "Copies de notre stockage", "Copias de nuestro almacén"))
	d.para(HonestDate(l, x.Epoch, d.zone))
	d.para(l.pick("What had left before, on paper, by download or by publication, is not reached by this erasure; the certificate of the recall says who was asked to destroy it.",
		"Ce qui était sorti auparavant, sur papier, par téléchargement ou par publication, n’est pas atteint par cet effacement ; le certificat de rappel indique à qui la destruction a été demandée.",
		"Lo que había salido antes, en papel, por descarga o por publicación, no queda alcanzado por esta supresión; el certificado de retirada indica a quién se pidió destruirlo."))
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
	who := erasedPatient(l, e)
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
	return fmt.Sprintf(l.pick("A request was made to erase %s of %s.", "L’effacement de %s de %s a été demandé.", "Se solicitó suprimir %s de %s."),
		which, who) + " " + strings.TrimSpace(what)
}

// erasedPatient names the patient by what is still known: the record itself may
// be gone with its pictures.
func erasedPatient(l Language, e Erasing) string {
	var numbers []string
	for _, i := range e.Patient.Identifiers {
		numbers = append(numbers, i.System+" "+i.Value)
	}
	x := e.Erasure
	switch {
	case e.Patient.Family+e.Patient.Given != "":
		return e.Patient.DisplayName()
	case len(numbers) > 0:
		return l.pick("the patient ", "le patient ", "el paciente ") + strings.Join(numbers, ", ")
	case x.Outcome == clinical.EraseShred && !x.Done.IsZero() && len(x.Assets) == 0:
		return l.pick("the patient of this request, erased", "la personne visée par cette demande, effacée depuis,", "la persona de esta solicitud, suprimida")
	default:
		return l.pick("the patient", "le patient", "el paciente")
	}
}
