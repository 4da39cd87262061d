package paper

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"fovea/clinical"
)

// WritePDF writes the certificate as a PDF. The proof, the entry of the ledger,
// the checkpoint, the public key and the JSON edition are attached to it as
// files, so that the one file is enough to verify.
func (c Certificate) WritePDF(w io.Writer) error { return WriteCertificates(w, []Certificate{c}) }

// WriteCertificates writes certificates of one edition and language as one PDF,
// each from a page of its own on: an act that took back the pictures of several
// records has one for each.
func WriteCertificates(w io.Writer, all []Certificate) error {
	if len(all) == 0 {
		return clinical.Errorf(clinical.Invalid, "paper: no certificate to write")
	}
	foot := []string{editionLine(all[0].lang, all[0].Edition)}
	for _, c := range all {
		foot = append(foot, c.Number)
	}
	d := open(all[0].lang, all[0].zone, all[0].title(), strings.Join(foot, " · "))
	var attached []fpdf.Attachment
	for i, c := range all {
		if i > 0 {
			d.AddPage()
		}
		c.draw(d)
		files, err := attachments(c.WriteJSON, c.Proof)
		if err != nil {
			return err
		}
		for _, f := range files {
			attached = attach(attached, f)
		}
	}
	return d.finish(w, attached)
}

// attach adds a file, once, under a name that no other has.
func attach(to []fpdf.Attachment, f fpdf.Attachment) []fpdf.Attachment {
	stem, ext, _ := strings.Cut(f.Filename, ".")
	for n := 2; ; n++ {
		i := slices.IndexFunc(to, func(o fpdf.Attachment) bool { return o.Filename == f.Filename })
		if i < 0 {
			return append(to, f)
		}
		if bytes.Equal(to[i].Content, f.Content) {
			return to
		}
		f.Filename = stem + "-" + strconv.Itoa(n) + "." + ext
	}
}

func (c Certificate) title() string {
	l := c.lang
	switch clinical.RecallCause(c.Cause) {
	case clinical.RecallRefile:
		return l.pick("Correction of a wrong patient: certificate", "Correction d’une erreur d’identité : certificat",
			"Corrección de un paciente equivocado: certificado")
	case clinical.RecallErasure:
		return l.pick("Pictures taken back: certificate", "Images retirées : certificat", "Imágenes retiradas: certificado")
	default:
		return l.pick("Withdrawal of consent: certificate", "Retrait du consentement : certificat", "Retirada del consentimiento: certificado")
	}
}

func (c Certificate) draw(d *doc) {
	d.head(c.Site, c.title())
	d.para(c.sentence())
	c.figures(d)
	if c.Settled.IsZero() {
		c.notYet(d)
	} else {
		c.uses(d)
		c.readers(d)
		c.outstanding(d)
	}
	c.care(d)
	proofPart(d, c.Proof)
}

// notYet says that who had the pictures is not known yet, and when it will be.
func (c Certificate) notYet(d *doc) {
	l := c.lang
	d.heading(l.pick("Who had received them", "Qui les avait reçues", "Quién las había recibido"))
	d.para(fmt.Sprintf(l.pick(
		"This is still being found, with what was published. This paper therefore says nothing of it yet. Print the certificate again after %s.",
		"La recherche est en cours, de même que celle des publications. Ce document n’en dit donc rien encore. Éditez de nouveau le certificat après le %s.",
		"Aún se está averiguando, así como lo publicado. Por eso este documento todavía no dice nada de ello. Imprima de nuevo el certificado después del %s."),
		l.instant(c.AskAgain, d.zone)))
}

// editionLine says for whom a certificate is made.
func editionLine(l Language, edition string) string {
	if edition == ForGovernance.String() {
		return l.pick("Governance copy: names staff, not for the patient", "Exemplaire de la gouvernance : nomme du personnel, à ne pas remettre",
			"Copia de gobernanza: nombra al personal, no entregar")
	}
	return l.pick("Patient’s copy", "Exemplaire du patient", "Copia del paciente")
}

// sentence says in one breath what happened.
func (c Certificate) sentence() string {
	l := c.lang
	at := l.instant(c.At, zone(c.zone))
	whose := l.whose(c.Patient)
	wanted := make([]string, 0, len(c.purposes))
	for _, p := range c.purposes {
		wanted = append(wanted, l.purpose(p))
	}
	uses := cmp.Or(strings.Join(wanted, ", "), l.pick("uses beyond care", "des usages au-delà des soins", "usos más allá de la asistencia"))
	switch clinical.RecallCause(c.Cause) {
	case clinical.RecallRefile:
		return fmt.Sprintf(l.pick("On %s pictures that had been filed under the wrong patient were taken back from every reader.",
			"Le %s, des images classées sous un autre patient ont été retirées à tous les lecteurs.",
			"El %s se retiraron a todos los lectores imágenes archivadas bajo otro paciente."), at)
	case clinical.RecallErasure:
		return fmt.Sprintf(l.pick("On %s the pictures %s were taken back from every reader after a request to erase them.",
			"Le %s, les images %s ont été retirées à tous les lecteurs à la suite d’une demande d’effacement.",
			"El %s se retiraron a todos los lectores las imágenes %s tras una solicitud de supresión."), at, whose)
	default:
		said := fmt.Sprintf(l.pick(
			"On %s the consent %s to the use of pictures for %s was withdrawn. From that moment no reader was shown one on the strength of it.",
			"Le %s, le consentement %s à l’usage des images pour %s a été retiré. Depuis cet instant, aucun lecteur n’en a vu une au titre de ce consentement.",
			"El %s se retiró el consentimiento %s al uso de las imágenes para %s. Desde ese instante ningún lector vio una en virtud de él."),
			at, whose, uses)
		if c.Again.IsZero() {
			return said
		}
		return said + " " + fmt.Sprintf(l.pick(
			"Consent was given again on %s: what readers were shown since then rests on that one.",
			"Un nouveau consentement a été donné le %s : ce que des lecteurs ont vu depuis repose sur celui-ci.",
			"Se dio un nuevo consentimiento el %s: lo que los lectores vieron desde entonces se basa en este."), l.instant(c.Again, zone(c.zone)))
	}
}

// whose says that something is the patient's, of whom no name may be known.
func (l Language) whose(name string) string {
	if name == "" {
		return l.pick("of the patient", "du patient", "del paciente")
	}
	return l.pick("of ", "de ", "de ") + name
}

func (c Certificate) figures(d *doc) {
	l := c.lang
	d.Ln(2)
	d.fact(l.pick("Certificate", "Certificat", "Certificado"), c.Number)
	d.fact(l.pick("Instant", "Instant", "Instante"), l.instant(c.At, d.zone))
	d.fact(l.pick("Asked by", "Demandé par", "Solicitado por"), c.asker())
	d.fact(l.pick("Pictures", "Images", "Imágenes"), strconv.Itoa(c.Pictures))
	if c.Tasks != nil {
		c.counts(d)
	}
	d.fact(l.pick("Printed on", "Édité le", "Impreso el"), l.instant(c.Issued, d.zone))
}

// counts says in which sets readers had seen the pictures, and how many copies are
// to be destroyed.
func (c Certificate) counts(d *doc) {
	l := c.lang
	d.fact(l.pick("Seen in teaching sets", "Vues en série d’enseignement", "Vistas en series docentes"), strconv.Itoa(len(c.Sets)))
	for _, s := range c.Sets {
		d.fact("", strings.Join(some(s.Title, l.purpose(s.purpose), l.audience(s.audience)), " · "))
	}
	d.fact(l.pick("Asked to destroy copies", "Destruction de copies demandée", "Destrucción de copias pedida"),
		strconv.Itoa(c.Tasks.Asked))
	d.fact(l.pick("– confirmed", "– confirmées", "– confirmadas"), strconv.Itoa(c.Tasks.Confirmed))
	d.fact(l.pick("– not possible", "– impossibles", "– imposibles"), strconv.Itoa(c.Tasks.Cannot))
	d.fact(l.pick("– outstanding", "– en attente", "– pendientes"), strconv.Itoa(c.Tasks.Outstanding))
}

// asker says who took the pictures back, by name where the edition has it.
func (c Certificate) asker() string {
	if c.By.PatientCode {
		return c.lang.pick("the patient’s own code", "le code personnel du patient", "el código propio del paciente")
	}
	return strings.Join(some(c.By.Name, c.lang.role(c.By.role, false)), ", ")
}

func (c Certificate) uses(d *doc) {
	l := c.lang
	d.heading(l.pick("Cannot be recalled", "Ne peut être rappelé", "No puede retirarse"))
	if len(c.Published) == 0 {
		d.para(l.pick("No published use is on record.", "Aucune publication n’est enregistrée.", "No consta ninguna publicación."))
		return
	}
	d.para(l.pick("What was printed or published before stays where it is:", "Ce qui a été imprimé ou publié auparavant demeure :",
		"Lo impreso o publicado antes permanece:"))
	for _, u := range c.Published {
		d.para("– " + strings.Join(some(u.Recipient, l.release(u.kind), l.day(dayOf(u.At, d.zone)), u.ID), ", "))
	}
}

// release says what a way out was for.
func (l Language) release(k clinical.ReleaseKind) string {
	switch k {
	case clinical.ToJournal:
		return l.pick("journal", "revue", "revista")
	case clinical.ToConference:
		return l.pick("conference", "congrès", "congreso")
	case clinical.ToPublic:
		return l.pick("public or online", "public ou internet", "público o internet")
	case clinical.PrintOut:
		return l.pick("print", "impression", "impresión")
	case clinical.ToStudy:
		return l.pick("research study", "étude de recherche", "estudio de investigación")
	case clinical.ToDevice:
		return l.pick("device or software", "appareil ou logiciel", "aparato o programa")
	default:
		return ""
	}
}

func (c Certificate) readers(d *doc) {
	l := c.lang
	d.heading(l.pick("Who had received them", "Qui les avait reçues", "Quién las había recibido"))
	if len(c.Reach) == 0 {
		d.para(l.pick("Nobody, as far as the ledger knows.", "Personne, d’après le registre.", "Nadie, según el registro."))
		return
	}
	last := l.pick("Last", "Dernier accès", "Último acceso")
	pictures := l.pick("Pictures", "Images", "Imágenes")
	how := l.pick("How", "Comment", "Cómo")
	next := l.pick("Next", "Suite", "Siguiente")
	rows := make([][]string, 0, len(c.Reach))
	named := c.Edition == ForGovernance.String()
	for _, r := range c.Reach {
		who := strconv.Itoa(r.People) + " " + l.role(r.role, r.People > 1)
		if named {
			who = cmp.Or(r.Name, r.ID) + ", " + l.role(r.role, false)
		}
		rows = append(rows, []string{
			who, strings.Join(some(r.Through, l.way(r.Way), l.wanted(r.purpose), l.channel(r.channel)), ", "),
			strconv.Itoa(r.Pictures), r.Last.In(d.zone).Format(time.DateOnly), l.next(r.Task),
		})
	}
	who := l.pick("Who", "Qui", "Quién")
	d.table([]float64{41, 60, 18, 25, 26}, []string{who, how, pictures, last, next}, rows)
	d.note(l.pick("A drive or a download leaves a copy on the reader’s computer; each such reader was asked to destroy it and to confirm.",
		"Un lecteur réseau ou un téléchargement laisse une copie sur l’ordinateur du lecteur ; sa destruction et sa confirmation ont été demandées.",
		"Una unidad de red o una descarga deja una copia en el ordenador del lector; se le pidió destruirla y confirmarlo."))
}

func (l Language) way(way string) string {
	switch way {
	case "set":
		return l.pick("teaching set", "série d’enseignement", "serie docente")
	case "release":
		return l.pick("release", "communication", "entrega")
	case "care":
		return l.pick("care", "soins", "asistencia")
	default:
		return l.pick("library", "photothèque", "fototeca")
	}
}

// wanted says for which purpose something was seen; nothing where it is not told.
func (l Language) wanted(p clinical.Purpose) string {
	if p == clinical.NoPurpose {
		return ""
	}
	return l.purpose(p)
}

func (l Language) next(task bool) string {
	if task {
		return l.pick("destroy copy", "détruire", "destruir")
	}
	return l.pick("nothing kept", "rien gardé", "nada guardado")
}

func (c Certificate) outstanding(d *doc) {
	if len(c.Open) == 0 {
		return
	}
	l := c.lang
	d.heading(l.pick("Tasks outstanding", "Tâches en attente", "Tareas pendientes"))
	rows := make([][]string, 0, len(c.Open))
	for _, t := range c.Open {
		due := ""
		if !t.Due.IsZero() {
			due = t.Due.In(d.zone).Format(time.DateOnly)
		}
		rows = append(rows, []string{
			strings.Join(some(cmp.Or(t.Name, t.ID), l.role(t.role, false)), ", "), l.task(clinical.TaskKind(t.Kind)), t.Raised.In(d.zone).Format(time.DateOnly), due,
		})
	}
	d.table([]float64{70, 50, 25, 25}, []string{
		l.pick("Who", "Qui", "Quién"), l.pick("Task", "Tâche", "Tarea"),
		l.pick("Since", "Depuis", "Desde"), l.pick("Due", "Échéance", "Plazo"),
	}, rows)
}

// task says what somebody was asked to do.
func (l Language) task(k clinical.TaskKind) string {
	switch k {
	case clinical.DestroyCopy:
		return l.pick("destroy copies", "détruire les copies", "destruir las copias")
	case clinical.CorrectionNotice:
		return l.pick("tell where it was delivered", "prévenir le destinataire", "avisar al destinatario")
	case clinical.VerifyWithdrawal:
		return l.pick("confirm with the patient", "confirmer auprès du patient", "confirmar con el paciente")
	default:
		return string(k)
	}
}

func (c Certificate) care(d *doc) {
	l := c.lang
	if c.Cause != string(clinical.RecallWithdrawal) {
		return
	}
	d.heading(l.pick("Your care", "Vos soins", "Su asistencia"))
	d.para(l.pick("Care is not affected. The pictures stay in the care record, where only those who treat the patient see them; the consent and this withdrawal are both kept.",
		"Les soins ne sont pas modifiés. Les images restent dans le dossier médical, vues des seuls soignants ; le consentement et ce retrait sont tous deux conservés.",
		"La asistencia no cambia. Las imágenes siguen en la historia clínica, donde solo las ve quien atiende al paciente; se conservan el consentimiento y esta retirada."))
	if c.contact != "" {
		d.para(l.pick("Questions: ", "Questions : ", "Preguntas: ") + c.contact)
	}
}

// proofPart tells how to verify without us.
func proofPart(d *doc, p ProofText) {
	l := d.lang
	d.heading(l.pick("Proof", "Preuve", "Prueba"))
	if p.Tlog == "" {
		d.para(l.pick("No proof is attached to this paper. Ask for one that was made after the act was settled.",
			"Aucune preuve n’est jointe. Demandez un document édité après la fin du traitement.",
			"No se adjunta prueba. Pida un documento emitido una vez concluido el trámite."))
		return
	}
	d.fact(l.pick("Journal entry", "Entrée du journal", "Entrada del diario"), strconv.FormatUint(p.Seq, 10))
	d.para(l.pick("Files are attached to this PDF: the ledger’s entry (leaf.json), its proof (leaf.tlog-proof), a signed checkpoint (checkpoint.txt) and the public key (key.txt). Anybody can check them on their own computer, without our server:",
		"Des fichiers sont joints à ce PDF : l’entrée du registre (leaf.json), sa preuve (leaf.tlog-proof), un point de contrôle signé (checkpoint.txt) et la clé publique (key.txt). Chacun peut les vérifier sur son ordinateur, sans notre serveur :",
		"Este PDF lleva archivos adjuntos: la entrada del registro (leaf.json), su prueba (leaf.tlog-proof), un punto de control firmado (checkpoint.txt) y la clave pública (key.txt). Cualquiera puede comprobarlos en su ordenador, sin nuestro servidor:"))
	for _, s := range Verifying(l) {
		d.para(s)
	}
	d.note(l.pick("Checkpoint", "Point de contrôle", "Punto de control"))
	d.mono(p.Checkpoint)
	d.note(l.pick("Public key", "Clé publique", "Clave pública"))
	d.mono(p.Key)
}

// Verifying returns the steps of an offline verification, for paper and for the
// README of a bundle.
func Verifying(l Language) []string {
	return []string{
		l.pick("1. Compare the public key with the one that the hospital publishes or that you were given earlier.",
			"1. Comparez la clé publique à celle que l’hôpital publie ou que vous avez reçue auparavant.",
			"1. Compare la clave pública con la que el hospital publica o con la que recibió antes."),
		l.pick("2. The SHA-256 of a zero byte followed by the bytes of leaf.json is the leaf’s hash (RFC 6962).",
			"2. Le SHA-256 d’un octet nul suivi des octets de leaf.json est l’empreinte de la feuille (RFC 6962).",
			"2. El SHA-256 de un octeto nulo seguido de los octetos de leaf.json es el resumen de la hoja (RFC 6962)."),
		l.pick("3. Any verifier of c2sp.org/tlog-proof accepts leaf.tlog-proof with that hash and that key; its checkpoint is signed by the key.",
			"3. Tout vérificateur de c2sp.org/tlog-proof accepte leaf.tlog-proof avec cette empreinte et cette clé ; son point de contrôle est signé par la clé.",
			"3. Cualquier verificador de c2sp.org/tlog-proof acepta leaf.tlog-proof con ese resumen y esa clave; su punto de control lleva la firma de la clave."),
		l.pick("With Fovea’s own program, on any computer: fovea audit verify-proof leaf.tlog-proof --key KEY",
			"Avec le programme Fovea, sur tout ordinateur : fovea audit verify-proof leaf.tlog-proof --key CLÉ",
			"Con el programa de Fovea, en cualquier ordenador: fovea audit verify-proof leaf.tlog-proof --key CLAVE"),
	}
}

// attachments are a certificate's JSON edition and the files of its proof.
func attachments(writeJSON func(io.Writer) error, p ProofText) ([]fpdf.Attachment, error) {
	var j bytes.Buffer
	if err := writeJSON(&j); err != nil {
		return nil, err
	}
	return append([]fpdf.Attachment{{Content: j.Bytes(), Filename: "certificate.json"}}, p.attachments()...), nil
}

// attachments are the files of a proof; none where there is no proof.
func (p ProofText) attachments() []fpdf.Attachment {
	if p.Tlog == "" {
		return nil
	}
	return []fpdf.Attachment{
		{Content: []byte(p.Leaf), Filename: "leaf.json"},
		{Content: []byte(p.Tlog), Filename: "leaf.tlog-proof"},
		{Content: []byte(p.Checkpoint), Filename: "checkpoint.txt"},
		{Content: []byte(p.Key + "\n"), Filename: "key.txt"},
	}
}

// some leaves out what is empty.
func some(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

func zone(z *time.Location) *time.Location {
	if z == nil {
		return time.UTC
	}
	return z
}

func dayOf(t time.Time, z *time.Location) clinical.Date {
	if t.IsZero() {
		return clinical.Date{}
	}
	return clinical.DateOf(t.In(z))
}
