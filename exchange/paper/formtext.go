package paper

import "fovea/clinical"

func formPurposes(l Language) []FormPurpose {
	small := []clinical.Audience{clinical.A1, clinical.A2, clinical.A3, clinical.A4}
	return []FormPurpose{
		{Purpose: clinical.P0, Words: l.pick("My own care: nothing to tick. Only those who treat me see them.",
			"Mes propres soins : rien à cocher. Seuls ceux qui me soignent les voient.",
			"Mi propia asistencia: nada que marcar. Solo las ven quienes me atienden.")},
		{Purpose: clinical.P1, OptOut: true, Words: l.pick("No: not for audit and quality here, which otherwise use them without my name",
			"Non : pas pour l’évaluation et la qualité ici, qui sinon les utilisent sans mon nom",
			"No: no para auditoría y calidad aquí, que si no las usan sin mi nombre")},
		{Purpose: clinical.P2, Audiences: small, Words: l.pick("Teaching", "Enseignement", "Enseñanza")},
		{Purpose: clinical.P2b, Audiences: []clinical.Audience{clinical.A1}, Words: l.pick("Showing one other patient, on our screen, in the room",
			"Présentation à un autre patient, sur notre écran, dans la pièce", "Mostrarlas a otro paciente, en nuestra pantalla, en la sala")},
		{
			Purpose: clinical.P3, Audiences: []clinical.Audience{clinical.A5}, Words: l.pick("A research study", "Une étude de recherche", "Un estudio de investigación"),
			Blank: l.pick("Study, ethics reference, last day", "Étude, référence éthique, dernier jour", "Estudio, referencia ética, último día"),
		},
		{
			Purpose: clinical.P4, Audiences: []clinical.Audience{clinical.A5}, Words: l.pick("One medical journal or conference", "Une revue médicale ou un congrès", "Una revista médica o un congreso"),
			Blank: l.pick("Its name. What is printed cannot be taken back", "Son nom. Ce qui est imprimé ne peut être repris",
				"Su nombre. Lo impreso no puede retirarse"),
		},
		{Purpose: clinical.P5, Audiences: []clinical.Audience{clinical.A6}, Words: l.pick("Website, press, anyone", "Site internet, presse, tout public",
			"Sitio web, prensa, cualquiera")},
		{
			Purpose: clinical.P7, Audiences: []clinical.Audience{clinical.A5}, Words: l.pick("Training of medical devices or software",
				"Entraînement d’appareils ou de logiciels médicaux", "Entrenamiento de aparatos o programas médicos"),
			Blank: l.pick("By whom, for what", "Par qui, pour quoi", "Por quién, para qué"),
		},
	}
}

func formLimits(l Language) []string {
	return []string{
		l.pick("A use without a tick is refused, and nobody will ask you again unless you want it.",
			"Un usage non coché est refusé, et personne ne vous le redemandera sauf si vous le souhaitez.",
			"Un uso sin marcar queda denegado, y nadie volverá a preguntárselo salvo que usted quiera."),
		l.pick("An intimate picture goes to a group of 12 at most, unless ticked here: further",
			"Une image intime est montrée à 12 personnes au plus, sauf si vous cochez ici : au-delà",
			"Una imagen íntima se muestra a 12 personas como máximo, salvo que marque aquí: más allá"),
	}
}

func formLevels(l Language) []FormLevel {
	return []FormLevel{
		{clinical.I2, l.pick("Anonymised: covered, without my name or any other detail", "Anonymisées : masquées, sans mon nom ni autre détail",
			"Anonimizadas: cubiertas, sin mi nombre ni otro dato")},
		{clinical.I1, l.pick("So that nobody can recognise me", "De façon que personne ne puisse me reconnaître", "De modo que nadie pueda reconocerme")},
		{clinical.I0, l.pick("I may be recognised. A bar over the eyes does not prevent it", "Je peux être reconnu(e). Un bandeau sur les yeux ne l’empêche pas",
			"Se me puede reconocer. Una banda sobre los ojos no lo impide")},
	}
}

func formChannels(l Language) []FormChannel {
	return []FormChannel{
		{clinical.ViewOnScreen, l.pick("Shown on a screen", "Montrées sur un écran", "Mostradas en una pantalla")},
		{clinical.Mount, l.pick("On a drive of the readers’ computers; this makes copies there", "Sur un lecteur réseau des utilisateurs ; cela y fait des copies",
			"En una unidad de los ordenadores de los lectores; eso crea copias en ellos")},
		{clinical.Download, l.pick("Downloaded", "Téléchargées", "Descargadas")},
		{clinical.Print, l.pick("Printed", "Imprimées", "Impresas")},
		{clinical.Online, l.pick("Online", "En ligne", "En línea")},
	}
}

func formPromises(l Language) []FormPromise {
	return []FormPromise{
		{"care-unaffected", l.pick("If I say no, or change my mind, my care stays the same.",
			"Si je refuse, ou si je change d’avis, mes soins restent les mêmes.", "Si digo que no, o cambio de opinión, mi asistencia será la misma.")},
		{"withdraw-any-time", l.pick("I can withdraw at any time. From that moment the hospital shows these pictures to nobody beyond my care, and asks everybody who has a copy to destroy it.",
			"Je peux retirer mon accord à tout moment. Dès lors, l’hôpital ne montre plus ces images à personne au-delà de mes soins et demande à quiconque en a une copie de la détruire.",
			"Puedo retirarlo en cualquier momento. Desde entonces el hospital no muestra estas imágenes a nadie más allá de mi asistencia y pide a quien tenga una copia que la destruya.")},
		{"print-cannot-be-recalled", l.pick("What has been printed, published or put online cannot be recalled.",
			"Ce qui a été imprimé, publié ou mis en ligne ne peut être rappelé.", "Lo impreso, publicado o puesto en línea no puede retirarse.")},
		{"mount-copies", l.pick("A picture on a reader’s drive is copied to their computer. The hospital can take the drive back at once, and can only ask for the copy.",
			"Une image sur le lecteur réseau d’un utilisateur est copiée sur son ordinateur. L’hôpital peut retirer le lecteur aussitôt ; pour la copie, il ne peut que demander.",
			"Una imagen en la unidad de un lector se copia en su ordenador. El hospital puede retirar la unidad de inmediato; la copia solo puede pedirla.")},
		{"ends", l.pick("This consent ends on the day written below, or when I turn 18 if a parent gave it. It covers the pictures shown here, no others.",
			"Ce consentement prend fin au jour inscrit ci-dessous, ou à mes 18 ans s’il a été donné par un parent. Il couvre les images montrées ici, et aucune autre.",
			"Este consentimiento termina el día indicado abajo, o cuando cumpla 18 años si lo dio un progenitor. Abarca las imágenes mostradas aquí y ninguna otra.")},
		{"copy", l.pick("I am given a copy of this form, with whom to ask and a code to withdraw.",
			"Je reçois un exemplaire de ce formulaire, avec un contact et un code de retrait.", "Recibo una copia de este formulario, con un contacto y un código de retirada.")},
	}
}

func formSigning(l Language) []string {
	return []string{
		l.pick("Valid until (day)", "Valable jusqu’au (jour)", "Válido hasta (día)"),
		l.pick("Name of who consents", "Nom de la personne qui consent", "Nombre de quien consiente"),
		l.pick("As: patient, parent, other", "En qualité de : patient, parent, autre", "Como: paciente, progenitor, otro"),
		l.pick("Second parent, where asked", "Second parent, si demandé", "Segundo progenitor, si procede"),
		l.pick("The child says (yes / no)", "L’enfant dit (oui / non)", "El niño dice (sí / no)"),
		l.pick("Interpreter, language", "Interprète, langue", "Intérprete, idioma"),
		l.pick("Witness (if spoken)", "Témoin (si oral)", "Testigo (si es verbal)"),
		l.pick("Asked by (name, role)", "Recueilli par (nom, fonction)", "Recogido por (nombre, función)"),
		l.pick("Signature, date, time", "Signature, date, heure", "Firma, fecha, hora"),
	}
}
