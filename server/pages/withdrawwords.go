package pages

import (
	"strings"
	"time"

	"fovea/clinical"
)

// withdrawWords is what a patient reads who has no account: spoken to, in their
// own language, without a word of ours.
type withdrawWords struct {
	Title, Enter, Code, CodeHint, Show   string
	Asks, Nothing, Would, Given, Until   string
	Care, Copies, Once, Withdraw, Leave  string
	Done, DoneWords, Certificate, Hour   string
	Unknown, UnknownWords, Try           string
	Later, LaterWords, Sorry, SorryWords string
	Busy, BusyWords                      string

	Purposes  map[clinical.Purpose]string
	Sides     map[clinical.Laterality]string
	One       string // finding alone
	Audiences map[clinical.Audience]string
	Layout    string // of a day
	And       string
	Colon     string
}

// day writes a day as the language does.
func (w withdrawWords) day(d clinical.Date) string { return d.Start(time.UTC).Format(w.Layout) }

// consent says what a consent allows.
func (w withdrawWords) consent(c clinical.CodeConsent) string {
	var what []string
	for _, p := range c.Purposes {
		if p == clinical.P0 && len(c.Purposes) > 1 {
			continue // care is not what is withdrawn
		}
		words := w.Purposes[p]
		if p == clinical.P4 && c.NamedUse != "" {
			words += " (" + c.NamedUse + ")"
		}
		what = append(what, words)
	}
	out := strings.Join(what, ", ")
	if n := len(what); n > 1 {
		out = strings.Join(what[:n-1], ", ") + w.And + what[n-1]
	}
	if aud := w.Audiences[c.Audience]; aud != "" {
		out += w.Colon + aud
	}
	if c.Place != nil {
		out += w.place(*c.Place)
	}
	if first := []rune(out); len(first) > 0 {
		out = strings.ToUpper(string(first[:1])) + string(first[1:])
	}
	return out
}

// place says of which finding a consent for one alone is: where, and not what.
func (w withdrawWords) place(p clinical.Place) string {
	out := "; " + w.One
	if p.Site != "" {
		out += w.Colon + p.Site
	}
	if side := w.Sides[p.Side]; side != "" {
		out += ", " + side
	}
	return out
}

func wordsIn(lang string) withdrawWords {
	switch lang {
	case "fr":
		return french()
	case "es":
		return spanish()
	default:
		return english()
	}
}

func english() withdrawWords {
	return withdrawWords{
		Title: "Withdraw my consent", Enter: "Withdraw what I agreed to", Code: "The code on your copy", CodeHint: "Eight groups of four letters and digits",
		Show: "Show what it withdraws", Asks: "Do you want to withdraw this?", Nothing: "Nothing that you agreed to with this form stands any more. There is nothing left to withdraw.",
		Would: "With one press nobody sees these pictures any more, except those who treat you:", Given: "agreed on", Until: "until",
		Care: "Your care stays the same. The pictures stay in your medical record.", Copies: "Everybody who may have a copy is asked to destroy it. What was printed or published cannot be called back.",
		Once: "You can agree again at any time: ask where you were treated. This code works once.", Withdraw: "Withdraw my consent", Leave: "To change nothing, close this page.",
		Done: "It is withdrawn", DoneWords: "From now on nobody sees these pictures, except those who treat you. Everybody who may have a copy is being asked to destroy it.",
		Certificate: "Keep the certificate (PDF)", Hour: "You can open it here for an hour. Later the hospital prints it for you.",
		Unknown: "This code opens nothing", UnknownWords: "It is not known, or it was used already. If you used it, your consent is withdrawn. It may also be mistyped, or replaced by a newer one: type it again, or ask where you were treated: they can withdraw for you at once.",
		Try: "Type the code again", Later: "Too many attempts", LaterWords: "Wait a few minutes, then try again. Or ask where you were treated: they can withdraw for you at once.",
		Busy: "The certificate is not ready yet", BusyWords: "Your consent is withdrawn; that stays so. Others are having papers made right now: try again in a minute.",
		Sorry: "Not possible right now", SorryWords: "Nothing was changed. Try again in a few minutes, or ask where you were treated: they can withdraw for you at once.",
		Purposes: map[clinical.Purpose]string{
			clinical.P0: "my care", clinical.P1: "quality checks", clinical.P2: "teaching", clinical.P2b: "showing another patient", clinical.P3: "research",
			clinical.P4: "publication", clinical.P5: "website or press", clinical.P6: "legal use", clinical.P7: "training of medical devices",
		},
		Audiences: map[clinical.Audience]string{
			clinical.A0: "those who treat me", clinical.A1: "one person", clinical.A2: "a small group", clinical.A3: "a class", clinical.A4: "the whole hospital",
			clinical.A5: "professionals elsewhere", clinical.A6: "anyone",
		},
		One: "pictures of one finding alone", Sides: map[clinical.Laterality]string{clinical.Left: "left", clinical.Right: "right", clinical.BothSides: "both sides"},
		Layout: "2 January 2006", And: " and ", Colon: ": ",
	}
}

func french() withdrawWords {
	return withdrawWords{
		Title: "Retirer mon accord", Enter: "Retirer ce que j’ai accepté", Code: "Le code de votre exemplaire", CodeHint: "Huit groupes de quatre lettres et chiffres",
		Show: "Montrer ce qu’il retire", Asks: "Voulez-vous retirer ceci ?", Nothing: "Rien de ce que vous avez accepté avec ce formulaire n’est plus en vigueur. Il n’y a plus rien à retirer.",
		Would: "En appuyant une fois, plus personne ne voit ces images, sauf ceux qui vous soignent :", Given: "accepté le", Until: "jusqu’au",
		Care: "Vos soins restent les mêmes. Les images restent dans votre dossier médical.", Copies: "Quiconque peut en avoir une copie est prié de la détruire. Ce qui a été imprimé ou publié ne peut être rappelé.",
		Once: "Vous pouvez accepter de nouveau à tout moment : demandez là où vous avez été soigné. Ce code ne sert qu’une fois.", Withdraw: "Retirer mon accord", Leave: "Pour ne rien changer, fermez cette page.",
		Done: "C’est retiré", DoneWords: "Dès maintenant personne ne voit ces images, sauf ceux qui vous soignent. Quiconque peut en avoir une copie est prié de la détruire.",
		Certificate: "Garder l’attestation (PDF)", Hour: "Vous pouvez l’ouvrir ici pendant une heure. Ensuite l’hôpital l’imprime pour vous.",
		Unknown: "Ce code n’ouvre rien", UnknownWords: "Il n’est pas connu, ou il a déjà servi. Si vous l’avez utilisé, votre accord est retiré. Il peut aussi être mal saisi, ou remplacé par un autre : saisissez-le de nouveau, ou demandez là où vous avez été soigné : on peut le retirer pour vous aussitôt.",
		Try: "Saisir de nouveau le code", Later: "Trop d’essais", LaterWords: "Attendez quelques minutes, puis réessayez. Ou demandez là où vous avez été soigné : on peut le retirer pour vous aussitôt.",
		Busy: "L’attestation n’est pas encore prête", BusyWords: "Votre accord est retiré, et le reste. D’autres font établir des documents en ce moment : réessayez dans une minute.",
		Sorry: "Impossible pour le moment", SorryWords: "Rien n’a été changé. Réessayez dans quelques minutes, ou demandez là où vous avez été soigné : on peut le retirer pour vous aussitôt.",
		Purposes: map[clinical.Purpose]string{
			clinical.P0: "mes soins", clinical.P1: "contrôle de la qualité", clinical.P2: "enseignement", clinical.P2b: "présentation à un autre patient", clinical.P3: "recherche",
			clinical.P4: "publication", clinical.P5: "site internet ou presse", clinical.P6: "usage juridique", clinical.P7: "entraînement d’appareils médicaux",
		},
		Audiences: map[clinical.Audience]string{
			clinical.A0: "ceux qui me soignent", clinical.A1: "une personne", clinical.A2: "un petit groupe", clinical.A3: "une classe", clinical.A4: "tout l’hôpital",
			clinical.A5: "des professionnels d’ailleurs", clinical.A6: "tout le monde",
		},
		One: "les images d’une seule lésion", Sides: map[clinical.Laterality]string{clinical.Left: "à gauche", clinical.Right: "à droite", clinical.BothSides: "des deux côtés"},
		Layout: "02/01/2006", And: " et ", Colon: " : ",
	}
}

func spanish() withdrawWords {
	return withdrawWords{
		Title: "Retirar mi consentimiento", Enter: "Retirar lo que acepté", Code: "El código de su copia", CodeHint: "Ocho grupos de cuatro letras y cifras",
		Show: "Mostrar lo que retira", Asks: "¿Quiere retirar esto?", Nothing: "Nada de lo que aceptó con este formulario sigue en vigor. No queda nada que retirar.",
		Would: "Con pulsar una vez, nadie más ve estas imágenes, salvo quienes le atienden:", Given: "aceptado el", Until: "hasta el",
		Care: "Su asistencia será la misma. Las imágenes siguen en su historia clínica.", Copies: "Se pide a quien pueda tener una copia que la destruya. Lo impreso o publicado no puede retirarse.",
		Once: "Puede volver a aceptar cuando quiera: pregunte donde le atendieron. Este código sirve una sola vez.", Withdraw: "Retirar mi consentimiento", Leave: "Para no cambiar nada, cierre esta página.",
		Done: "Está retirado", DoneWords: "Desde ahora nadie ve estas imágenes, salvo quienes le atienden. Se pide a quien pueda tener una copia que la destruya.",
		Certificate: "Guardar el certificado (PDF)", Hour: "Puede abrirlo aquí durante una hora. Después el hospital se lo imprime.",
		Unknown: "Este código no abre nada", UnknownWords: "No se conoce, o ya se usó. Si lo usó usted, su consentimiento está retirado. También puede estar mal escrito o sustituido por otro: escríbalo otra vez, o pregunte donde le atendieron: pueden retirarlo por usted de inmediato.",
		Try: "Escribir otra vez el código", Later: "Demasiados intentos", LaterWords: "Espere unos minutos y vuelva a intentarlo. O pregunte donde le atendieron: pueden retirarlo por usted de inmediato.",
		Busy: "El certificado aún no está listo", BusyWords: "Su consentimiento está retirado, y así sigue. Ahora se hacen documentos para otras personas: vuelva a intentarlo en un minuto.",
		Sorry: "Ahora no es posible", SorryWords: "No se ha cambiado nada. Vuelva a intentarlo en unos minutos, o pregunte donde le atendieron: pueden retirarlo por usted de inmediato.",
		Purposes: map[clinical.Purpose]string{
			clinical.P0: "mi asistencia", clinical.P1: "control de calidad", clinical.P2: "enseñanza", clinical.P2b: "mostrarlas a otro paciente", clinical.P3: "investigación",
			clinical.P4: "publicación", clinical.P5: "sitio web o prensa", clinical.P6: "uso legal", clinical.P7: "entrenamiento de aparatos médicos",
		},
		Audiences: map[clinical.Audience]string{
			clinical.A0: "quienes me atienden", clinical.A1: "una persona", clinical.A2: "un grupo pequeño", clinical.A3: "una clase", clinical.A4: "todo el hospital",
			clinical.A5: "profesionales de otros lugares", clinical.A6: "cualquiera",
		},
		One: "imágenes de una sola lesión", Sides: map[clinical.Laterality]string{clinical.Left: "izquierda", clinical.Right: "derecha", clinical.BothSides: "ambos lados"},
		Layout: "02/01/2006", And: " y ", Colon: ": ",
	}
}
