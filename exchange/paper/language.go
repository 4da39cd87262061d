package paper

import (
	"fmt"
	"strings"
	"time"

	"fovea/clinical"
)

// Language is one in which paper is printed. The zero Language is English.
type Language string

// The languages.
const (
	English Language = "en"
	French  Language = "fr"
	Spanish Language = "es"
)

// Languages returns every language in the order in which they are offered.
func Languages() []Language { return []Language{English, French, Spanish} }

// LanguageOf returns the language of a BCP 47 tag such as fr-CA; English for
// one that is not printed.
func LanguageOf(tag string) Language {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	for _, l := range Languages() {
		if string(l) == primary {
			return l
		}
	}
	return English
}

// pick returns the text of the language.
func (l Language) pick(en, fr, es string) string {
	switch l {
	case French:
		return fr
	case Spanish:
		return es
	default:
		return en
	}
}

// tag returns what a PDF states as its language.
func (l Language) tag() string { return l.pick("en", "fr", "es") }

// day writes a date as people do: 3 March 2026, 1er mars 2026, 3 de marzo de
// 2026; nothing for the zero date.
func (l Language) day(d clinical.Date) string {
	if d.IsZero() || d.Month < 1 || d.Month > 12 {
		return ""
	}
	month := l.months()[d.Month-1]
	switch {
	case l == Spanish:
		return fmt.Sprintf("%d de %s de %d", d.Day, month, d.Year)
	case l == French && d.Day == 1:
		return fmt.Sprintf("1er %s %d", month, d.Year)
	default:
		return fmt.Sprintf("%d %s %d", d.Day, month, d.Year)
	}
}

// instant writes a moment to the second with its offset, which alone makes it
// unmistakable; nothing for the zero time.
func (l Language) instant(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(zone)
	return l.day(clinical.DateOf(t)) + ", " + t.Format("15:04:05 (-07:00)")
}

func (l Language) months() [12]string {
	switch l {
	case French:
		return [12]string{
			"janvier", "février", "mars", "avril", "mai", "juin",
			"juillet", "août", "septembre", "octobre", "novembre", "décembre",
		}
	case Spanish:
		return [12]string{
			"enero", "febrero", "marzo", "abril", "mayo", "junio",
			"julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
		}
	default:
		return [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		}
	}
}

// purpose says what a picture is wanted for.
func (l Language) purpose(p clinical.Purpose) string {
	switch p {
	case clinical.P0:
		return l.pick("care", "les soins", "la asistencia")
	case clinical.P1:
		return l.pick("audit and quality", "l’évaluation et la qualité", "la auditoría y la calidad")
	case clinical.P2:
		return l.pick("teaching", "l’enseignement", "la enseñanza")
	case clinical.P2b:
		return l.pick("showing one other patient", "la présentation à un autre patient", "mostrarla a otro paciente")
	case clinical.P3:
		return l.pick("research", "la recherche", "la investigación")
	case clinical.P4:
		return l.pick("one named publication or conference", "une publication ou un congrès désigné",
			"una publicación o un congreso determinado")
	case clinical.P5:
		return l.pick("the public or online", "le public ou l’internet", "el público o internet")
	case clinical.P6:
		return l.pick("a legal procedure", "une procédure judiciaire", "un procedimiento legal")
	case clinical.P7:
		return l.pick("training of devices or software", "l’entraînement d’appareils ou de logiciels",
			"el entrenamiento de aparatos o programas")
	default:
		return l.pick("a purpose that is not stated", "une finalité non précisée", "una finalidad no indicada")
	}
}

// audience says who at most sees a picture. The numbers are the default limits.
func (l Language) audience(a clinical.Audience) string {
	switch a {
	case clinical.A0:
		return l.pick("those who treat the patient", "l’équipe soignante", "el equipo que atiende al paciente")
	case clinical.A1:
		return l.pick("one learner or patient", "un apprenant ou un patient", "un alumno o un paciente")
	case clinical.A2:
		return l.pick("a group of up to 12", "un groupe de 12 au plus", "un grupo de hasta 12")
	case clinical.A3:
		return l.pick("a class of up to 40", "une classe de 40 au plus", "una clase de hasta 40")
	case clinical.A4:
		return l.pick("the whole institution", "tout l’établissement", "toda la institución")
	case clinical.A5:
		return l.pick("professionals elsewhere", "des professionnels extérieurs", "profesionales de otros centros")
	case clinical.A6:
		return l.pick("anyone", "tout public", "cualquier persona")
	default:
		return l.pick("nobody", "personne", "nadie")
	}
}

// channel says how a picture reached somebody, the furthest first: what was
// mounted or downloaded has been copied.
func (l Language) channel(c clinical.Channel) string {
	var out []string
	for _, k := range []struct {
		c    clinical.Channel
		word string
	}{
		{clinical.Online, l.pick("online", "en ligne", "en línea")},
		{clinical.Print, l.pick("print", "impression", "impresión")},
		{clinical.Download, l.pick("download", "téléchargement", "descarga")},
		{clinical.Mount, l.pick("mounted drive", "lecteur réseau", "unidad de red")},
		{clinical.ViewOnScreen, l.pick("on screen", "à l’écran", "en pantalla")},
	} {
		if c.Has(k.c) {
			out = append(out, k.word)
		}
	}
	return strings.Join(out, ", ")
}

// role says what somebody does in the hospital, of so many people.
func (l Language) role(r clinical.Role, many bool) string {
	one := func(singular, plural string) string {
		if many {
			return plural
		}
		return singular
	}
	switch r {
	case clinical.Photographer:
		return l.pick(one("photographer", "photographers"), one("photographe", "photographes"), one("fotógrafo", "fotógrafos"))
	case clinical.Clinician:
		return l.pick(one("clinician", "clinicians"), one("clinicien", "cliniciens"), one("clínico", "clínicos"))
	case clinical.Educator:
		return l.pick(one("educator", "educators"), one("enseignant", "enseignants"), one("docente", "docentes"))
	case clinical.Student:
		return l.pick(one("student", "students"), one("étudiant", "étudiants"), one("estudiante", "estudiantes"))
	case clinical.Governance:
		return l.pick("governance", "gouvernance", "gobernanza")
	case clinical.Nurse:
		return l.pick(one("nurse", "nurses"), one("infirmier", "infirmiers"), one("enfermero", "enfermeros"))
	case clinical.StudioAccount:
		return l.pick("studio", "studio", "estudio")
	case clinical.Admin, clinical.Operator:
		return l.pick("administration", "administration", "administración")
	case clinical.Exchange, clinical.Ingest, clinical.Darkroom:
		return l.pick("the system itself", "le système lui-même", "el propio sistema")
	default:
		return l.pick("staff", "personnel", "personal")
	}
}

// side says which side of the patient a picture shows.
func (l Language) side(s clinical.Laterality) string {
	switch s {
	case clinical.Right:
		return l.pick("RIGHT", "DROITE", "DERECHA")
	case clinical.Left:
		return l.pick("LEFT", "GAUCHE", "IZQUIERDA")
	case clinical.BothSides:
		return l.pick("BOTH SIDES", "DEUX CÔTÉS", "AMBOS LADOS")
	default:
		return ""
	}
}
