package paper

import (
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"time"

	"fovea/clinical"
)

// Exhibit is one file handed over as evidence.
type Exhibit struct {
	Name     string // in the bundle
	Asset    clinical.AssetID
	SHA256   [32]byte
	Size     int64
	Captured time.Time
	Kept     time.Time
}

// Custody is what a custody report is made from: what was handed over, and
// every entry of the ledger about it, in order.
type Custody struct {
	Release  clinical.Release
	Exhibits []Exhibit
	Events   []clinical.Recorded
	People   []clinical.Person
}

// CustodyReport writes who did what with each exhibit and when, from the day it
// was kept to the day it was handed over.
func CustodyReport(w io.Writer, c Custody, by Issuer) error {
	l := by.Language
	title := l.pick("Custody report", "Rapport de conservation", "Informe de custodia")
	d := open(l, by.Zone, title, title+" · "+c.Release.ID.String())
	d.head(by.Site, title)
	releaseFacts(d, c.Release)
	d.para(l.pick("The files are the originals as they came from the camera: no byte was changed. Times are those of this server.",
		"Les fichiers sont les originaux tels que sortis de l’appareil : aucun octet n’a été modifié. Les heures sont celles de ce serveur.",
		"Los archivos son los originales tal como salieron de la cámara: no se cambió ningún octeto. Las horas son las de este servidor."))
	d.exhibits(c.Exhibits)
	d.heading(l.pick("Entries of the ledger", "Entrées du registre", "Entradas del registro"))
	v := viewer{Withdrawal: Withdrawal{People: c.People}, edition: ForGovernance}
	rows := make([][]string, 0, len(c.Events))
	for _, e := range c.Events {
		rows = append(rows, []string{
			strconv.FormatUint(e.Leaf, 10), e.At.In(d.zone).Format("2006-01-02 15:04:05 -07:00"), v.actor(e.Caller, l), l.act(e.Act, e.Denied),
			string(e.Caller.Door), exhibitsOf(e.Event.Assets, c.Exhibits),
		})
	}
	d.table([]float64{16, 42, 42, 38, 16, 16}, []string{
		l.pick("Entry", "Entrée", "Entrada"), l.pick("When", "Quand", "Cuándo"), l.pick("Who", "Qui", "Quién"),
		l.pick("What", "Quoi", "Qué"), l.pick("Door", "Accès", "Acceso"), l.pick("Exhibit", "Pièce", "Pieza"),
	}, rows)
	return d.finish(w, nil)
}

// actor is who acted; a person whose record is gone has none.
func (v viewer) actor(c clinical.Caller, l Language) string {
	if c.Person.IsZero() {
		return string(c.Door)
	}
	p := v.person(c.Person)
	name := firstText(p.Name, c.Person.String())
	if c.Operator != "" {
		name += l.pick(" (by operator)", " (par l’exploitant)", " (por el operador)")
	}
	return name + ", " + l.role(p.Role, false)
}

// exhibitsOf numbers the exhibits that an entry is about.
func exhibitsOf(assets []clinical.AssetID, all []Exhibit) string {
	var out []string
	for i, x := range all {
		for _, a := range assets {
			if a == x.Asset {
				out = append(out, strconv.Itoa(i+1))
				break
			}
		}
	}
	return strings.Join(out, " ")
}

// act says what was done; the ledger's own code for what is rare.
func (l Language) act(a clinical.Act, denied bool) string {
	if a == clinical.ActDenied {
		return l.pick("asked for, denied", "demandé, refusé", "pedido, denegado")
	}
	s := string(a)
	if w, ok := actWords()[a]; ok {
		s = l.pick(w[0], w[1], w[2])
	}
	if denied {
		s += l.pick(", denied", ", refusé", ", denegado")
	}
	return s
}

// actWords are the acts as a court reads them, in English, French and Spanish.
func actWords() map[clinical.Act][3]string {
	filed := [3]string{"filed under the patient", "classé au dossier", "archivado en la historia"}
	return map[clinical.Act][3]string{
		clinical.ActAssetKept:        {"kept", "conservé", "conservado"},
		clinical.ActRunConfirmed:     filed,
		clinical.ActQuarantineFiled:  filed,
		clinical.ActClassified:       {"classified", "classé par sensibilité", "clasificado"},
		clinical.ActRefiled:          {"moved to the right patient", "rattaché au bon patient", "pasado al paciente correcto"},
		clinical.ActViewed:           {"seen on screen", "vu à l’écran", "visto en pantalla"},
		clinical.ActServed:           {"copied out", "copié", "copiado"},
		clinical.ActHoldPlaced:       {"held", "gelé", "retenido"},
		clinical.ActReleaseMade:      {"release registered", "communication inscrite", "entrega registrada"},
		clinical.ActReleaseDelivered: {"handed over", "remis", "entregado"},
		clinical.ActReleaseEnded:     {"release ended", "communication close", "entrega cerrada"},
		clinical.ActRendered:         {"smaller copy made", "copie réduite établie", "copia reducida hecha"},
		clinical.ActMeasured:         {"measured", "mesuré", "medido"},
		clinical.ActDescribed:        {"described", "décrit", "descrito"},
		clinical.ActSetItemsAdded:    {"put into a teaching set", "mis dans une série d’enseignement", "puesto en una serie docente"},
		clinical.ActSetItemsRemoved:  {"taken out of a teaching set", "retiré d’une série d’enseignement", "sacado de una serie docente"},
		clinical.ActSetPublished:     {"teaching set published", "série d’enseignement publiée", "serie docente publicada"},
		clinical.ActAuditRead:        {"ledger read", "registre lu", "registro leído"},
		clinical.ActPaperIssued:      {"list of exhibits issued", "liste des pièces établie", "lista de piezas emitida"},
		clinical.ActExplained:        {"asked who may see it", "consulté : qui peut la voir", "consultado: quién puede verla"},
	}
}

func releaseFacts(d *doc, r clinical.Release) {
	l := d.lang
	d.fact(l.pick("Release", "Communication", "Entrega"), r.ID.String())
	d.fact(l.pick("Authority", "Fondement", "Autoridad"), r.Authority)
	d.fact(l.pick("Recipient", "Destinataire", "Destinatario"), r.Recipient)
	d.fact(l.pick("Registered", "Inscrite le", "Registrada"), l.instant(r.At, d.zone))
	d.fact(l.pick("Use by", "À utiliser avant le", "Usar antes del"), l.day(r.UseBy))
}

func (d *doc) exhibits(all []Exhibit) {
	l := d.lang
	d.heading(l.pick("Exhibits", "Pièces", "Piezas"))
	for i, x := range all {
		d.need(22)
		d.fact(strconv.Itoa(i+1), x.Name)
		d.fact(l.pick("– bytes", "– octets", "– octetos"), strconv.FormatInt(x.Size, 10))
		d.fact(l.pick("– captured", "– prise", "– captada"), l.instant(x.Captured, d.zone))
		d.fact(l.pick("– kept", "– conservée", "– conservada"), l.instant(x.Kept, d.zone))
		d.font("mono", "", 8, 30)
		d.CellFormat(width, 4.5, "SHA-256 "+hex.EncodeToString(x.SHA256[:]), "", 1, "L", false, 0, "")
		d.Ln(1.5)
	}
}

// Statement writes the form of a statement for whoever produces the exhibits:
// to be filled in, read and signed by that person. It states nothing for them.
func Statement(w io.Writer, c Custody, by Issuer) error {
	l := by.Language
	title := l.pick("Statement of a witness", "Attestation de témoin", "Declaración de testigo")
	d := open(l, by.Zone, title, title+" · "+c.Release.ID.String())
	d.head(by.Site, title)
	d.para(l.pick("A form. Strike out what does not apply, and check it against the rules of the court that asks for it.",
		"Formulaire. Rayez ce qui ne convient pas et vérifiez les règles de la juridiction qui le demande.",
		"Formulario. Tache lo que no proceda y compruebe las reglas del tribunal que lo solicita."))
	for _, blank := range []string{
		l.pick("Name", "Nom", "Nombre"), l.pick("Occupation and employer", "Profession et employeur", "Profesión y empleador"),
		l.pick("Over 18 (if not, age)", "Majeur (sinon, âge)", "Mayor de edad (si no, edad)"),
		l.pick("Relation to the parties", "Lien avec les parties", "Relación con las partes"),
	} {
		d.blank(blank)
	}
	releaseFacts(d, c.Release)
	for _, s := range statementWords(l, len(c.Exhibits)) {
		d.para(s)
	}
	d.exhibits(c.Exhibits)
	d.need(50) // nobody signs a page that holds nothing else
	d.heading(l.pick("Declaration", "Déclaration", "Declaración"))
	d.para(l.pick("This statement is true to the best of my knowledge and belief. I make it knowing that a false statement may be prosecuted.",
		"J’atteste l’exactitude de ce qui précède, établi pour être produit en justice ; je sais qu’une fausse attestation m’expose à des sanctions pénales.",
		"Declaro que lo anterior es cierto según mi leal saber y entender, y sé que una declaración falsa puede ser perseguida."))
	d.blank(l.pick("Signature", "Signature", "Firma"))
	d.blank(l.pick("Place and date", "Lieu et date", "Lugar y fecha"))
	return d.finish(w, nil)
}

func statementWords(l Language, files int) []string {
	n := strconv.Itoa(files)
	return []string{
		l.pick("1. I produce the files listed below with their SHA-256, "+n+" in number. I copied them, or had them copied, from the hospital’s store of clinical photographs.",
			"1. Je produis les fichiers énumérés ci-dessous avec leur SHA-256, au nombre de "+n+". Je les ai copiés, ou fait copier, depuis la photothèque médicale de l’hôpital.",
			"1. Aporto los archivos enumerados abajo con su SHA-256, en número de "+n+". Los copié, o los hice copiar, del archivo de fotografía clínica del hospital."),
		l.pick("2. The store keeps each original as it came from the camera. The custody report lists who has seen or copied it since.",
			"2. La photothèque garde chaque original tel que sorti de l’appareil. Le rapport de conservation énumère qui l’a vu ou copié depuis.",
			"2. El archivo guarda cada original tal como salió de la cámara. El informe de custodia enumera quién lo ha visto o copiado desde entonces."),
		l.pick("3. I took / did not take the photographs myself. Conditions, equipment and anything unusual:",
			"3. J’ai / Je n’ai pas pris les photographies moi-même. Conditions, matériel et particularités :",
			"3. Tomé / No tomé yo las fotografías. Condiciones, equipo y particularidades:"),
		strings.Repeat(". ", 150),
	}
}

// blank is a line to write on.
func (d *doc) blank(name string) {
	const column = 62.0
	d.need(11)
	d.Ln(4)
	d.font("go", "", 10, 90)
	d.CellFormat(column, 6, d.fit(name, column-2), "", 0, "L", false, 0, "")
	d.SetDrawColor(120, 120, 120)
	d.SetLineWidth(.2)
	d.Line(left+column, d.GetY()+6, right, d.GetY()+6)
	d.Ln(7)
}
