package paper

import (
	"io"
	"iter"
	"strings"

	"fovea/clinical"
)

// Form is the text of a consent form as data, so that the page at the bedside
// and the paper say the same. A text that changes in meaning gets a new
// Version, which is what clinical.Grant.FormVersion records.
type Form struct {
	Version  string
	Language Language
	Title    string
	Intro    []string
	Pictures string // over the pictures that are meant
	Seen     string // the patient has seen all of them
	Purposes []FormPurpose
	Limits   []string // how far any use goes: what the ceilings mean
	Levels   []FormLevel
	Channels []FormChannel
	Promises []FormPromise
	Signing  []string // lines to fill in
	Copy     FormCopy
}

// FormPurpose is one use to tick or to refuse.
type FormPurpose struct {
	Purpose   clinical.Purpose
	Words     string
	Audiences []clinical.Audience // what may be ticked; none: nothing is asked
	Blank     string              // what has to be written beside it, such as the named use
	OptOut    bool                // done unless ticked: the tick says no
}

// FormLevel is how much of the person may be recognised.
type FormLevel struct {
	Level clinical.Identifiability
	Words string
}

// FormChannel is a way in which pictures may reach somebody.
type FormChannel struct {
	Channel clinical.Channel
	Words   string
}

// FormPromise is something that a form must say; Key is stable over languages.
type FormPromise struct {
	Key   string
	Words string
}

// FormCopy is the text around the patient's own copy.
type FormCopy struct {
	Title, Words, Code, Contact string
}

// The version of every text; a change in meaning of any language raises all.
const formEdition = "fovea-1"

// ConsentForm returns the text in one language. Its Version is fovea-1-en,
// fovea-1-fr or fovea-1-es.
func ConsentForm(l Language) Form {
	f := Form{
		Version: formEdition + "-" + l.tag(), Language: LanguageOf(l.tag()), Title: l.pick("Consent to clinical photographs", "Consentement aux photographies médicales",
			"Consentimiento para fotografías clínicas"),
		Intro: []string{
			l.pick("Photographs are part of your care record. Beyond your care they are used only as you allow here.",
				"Les photographies font partie de votre dossier médical. Au-delà de vos soins, elles ne servent qu’à ce que vous permettez ici.",
				"Las fotografías forman parte de su historia clínica. Más allá de su asistencia solo se usan como usted permita aquí."),
			l.pick("You may ask for an interpreter; this form exists in English, French and Spanish. Take the time you need.",
				"Vous pouvez demander un interprète ; ce formulaire existe en anglais, en français et en espagnol. Prenez le temps qu’il vous faut.",
				"Puede pedir un intérprete; este formulario existe en inglés, francés y español. Tómese el tiempo que necesite."),
		},
		Pictures: l.pick("These are the pictures we mean", "Voici les images dont il s’agit", "Estas son las imágenes de que se trata"),
		Seen: l.pick("I have seen all of these pictures. One that I do not want used is crossed out.",
			"J’ai vu toutes ces images. Celle que je ne veux pas voir utilisée est barrée.",
			"He visto todas estas imágenes. La que no quiero que se use está tachada."),
		Purposes: formPurposes(l), Limits: formLimits(l), Levels: formLevels(l), Channels: formChannels(l), Promises: formPromises(l),
		Signing: formSigning(l),
		Copy: FormCopy{
			Title: l.pick("Your copy", "Votre exemplaire", "Su copia"),
			Words: l.pick("You can change your mind at any time, without giving a reason and without asking anybody: point a telephone at this code, or type the address and the code. The page first shows what would be withdrawn; nothing happens before you confirm. The code can only withdraw, never allow.",
				"Vous pouvez changer d’avis à tout moment, sans motif et sans rien demander : visez ce code avec un téléphone, ou saisissez l’adresse et le code. La page montre d’abord ce qui serait retiré ; rien ne se fait avant votre confirmation. Le code permet seulement de retirer, jamais d’autoriser.",
				"Puede cambiar de opinión en cualquier momento, sin dar motivos y sin preguntar a nadie: apunte con un teléfono a este código, o escriba la dirección y el código. La página muestra antes lo que se retiraría; nada ocurre hasta que confirme. El código solo permite retirar, nunca autorizar."),
			Code:    l.pick("Withdrawal code", "Code de retrait", "Código de retirada"),
			Contact: l.pick("Or ask", "Ou adressez-vous à", "O pregunte a"),
		},
	}
	return f
}

// ConsentForms returns the text in every language.
func ConsentForms() []Form {
	var out []Form
	for _, l := range Languages() {
		out = append(out, ConsentForm(l))
	}
	return out
}

// FormToFill is what a form is printed with. Nothing about the patient is
// needed for an empty one.
type FormToFill struct {
	Patient  clinical.Patient // zero: lines to write on
	Number   string           // the job's or session's number
	Pictures iter.Seq2[Picture, error]
	// Grant, where given, prints what was decided in place of empty boxes.
	Grant *clinical.Grant
	Place *clinical.Place // of the one lesion that the grant is for
	Copy  PatientCopy
}

// PatientCopy is what makes the last page the patient's own.
type PatientCopy struct {
	URL    string // https, with the code or without; shown as QR code
	Secret string // the code in groups, to be typed
}

// WriteForm prints a consent form as a PDF. With a copy the last page is the
// patient's own, with the code to withdraw; its URL must be https.
func WriteForm(w io.Writer, f FormToFill, by Issuer) error {
	if f.Copy.URL != "" && !strings.HasPrefix(f.Copy.URL, "https://") {
		return clinical.Refuse(clinical.Invalid, "code-url", "The address of a withdrawal code begins with https://. Set the server's public address.")
	}
	text := ConsentForm(by.Language)
	d := open(by.Language, by.Zone, text.Title, text.Version+" · "+by.Site)
	p := printedForm{doc: d, Form: text, grant: f.Grant}
	d.head(by.Site, text.Title)
	for _, s := range text.Intro {
		d.para(s)
	}
	p.patient(f)
	if err := p.pictures(f.Pictures); err != nil {
		return err
	}
	p.purposes()
	p.limits()
	p.promises()
	p.signatures()
	if err := p.copy(f.Copy, by); err != nil {
		return err
	}
	return d.finish(w, nil)
}
