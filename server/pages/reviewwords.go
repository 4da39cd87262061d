package pages

import "fovea/clinical"

// reviewWords is what a second person reads who looks at a copy.
type reviewWords struct {
	Title, Version, By, Recognisable, AttestedAs, NotAttested, Region, CopyAlt, Scroll string
	Making, Reload, Does, DoesWords, Own, With                                         string
	Found, Each, What, None, Masked, Shown, NoneHint                                   string
	Left, I1, I1Hint, I2, I2Hint, I0, I0Hint, Words, Attest, WhatIf, NotRight, Correct string

	Looked map[clinical.Feature][2]string
}

func reviewWordsIn(lang string) reviewWords {
	switch lang {
	case "fr":
		return frenchReview()
	case "es":
		return spanishReview()
	default:
		return englishReview()
	}
}

func englishReview() reviewWords {
	return reviewWords{
		Title: "Look at the copy", Version: "version", By: "by", Recognisable: "Still recognisable", AttestedAs: "Attested as", NotAttested: "Not attested",
		Region: "The flattened copy at its full size; scroll through all of it", CopyAlt: "The flattened copy of version", Scroll: "each as it is. Scroll through all of it.",
		Making: "The copy of this version is being made.", Reload: "Reload in a moment. If it stays so, the masks do not fit the picture: save the version again.",
		Does: "What attesting does", DoesWords: "You say that you looked at these very pixels. Your name, the time and the SHA-256 stand in the ledger. From then on, where consent does not let the picture be shown because the patient could be recognised, this copy is shown instead. What hides for other reasons stays hidden.",
		Own: "You made this version yourself. Ask a second person to look at it.", With: "With no identifying feature:",
		Found: "What you found", Each: "I looked for each of these", What: "What", None: "None", Masked: "Masked", Shown: "Still shown",
		NoneHint: "None: there is nothing of the kind in the picture. Masked: there was, and the copy shows nothing of it. No detector answers for you.",
		Left:     "What is left", I1: "No identifying feature (I1)", I1Hint: "Nothing in it shows who it is.", I2: "Anonymised (I2)", I2Hint: "Nobody could tell whose it is, by the finding neither. Say what you looked for.",
		I0: "Still recognisable (I0)", I0Hint: "No set shows it. Say what was missed.", Words: "In your words", Attest: "Attest", WhatIf: "What if?", NotRight: "Not right yet?", Correct: "Correct the masks",
		Looked: map[clinical.Feature][2]string{
			"face": {"Face", "whole, in part, from the side, in a mirror or a window"}, "eyes": {"Eyes", "alone, too"}, "tattoo": {"Tattoos, scars, birthmarks", "that somebody would know"},
			"jewellery": {"Jewellery and clothes", "a ring, a necklace, a uniform"}, "label": {"Labels and screens", "names, numbers, barcodes, a wristband"},
			"background": {"Background", "people, a room, a photograph on a wall"}, clinical.RareFinding: {"The finding itself", "so rare, or so well known, that it names the patient"},
		},
	}
}

func frenchReview() reviewWords {
	return reviewWords{
		Title: "Regarder la copie", Version: "version", By: "par", Recognisable: "Encore reconnaissable", AttestedAs: "Attestée", NotAttested: "Non attestée",
		Region: "La copie aplatie en taille réelle ; parcourez-la en entier", CopyAlt: "La copie aplatie de la version", Scroll: "chacun tel quel. Parcourez-la en entier.",
		Making: "La copie de cette version est en préparation.", Reload: "Rechargez dans un instant. Si rien ne change, les masques ne conviennent pas à l’image : enregistrez de nouveau la version.",
		Does: "Ce que fait l’attestation", DoesWords: "Vous dites avoir regardé ces pixels mêmes. Votre nom, l’heure et le SHA-256 sont inscrits au registre. Dès lors, là où le consentement ne permet pas de montrer l’image parce que le patient pourrait être reconnu, cette copie est montrée à sa place. Ce qui est caché pour d’autres raisons le reste.",
		Own: "Vous avez fait cette version vous-même. Demandez à une deuxième personne de la regarder.", With: "Sans trait identifiant :",
		Found: "Ce que vous avez trouvé", Each: "J’ai cherché chacune de ces choses", What: "Quoi", None: "Rien", Masked: "Masqué", Shown: "Encore visible",
		NoneHint: "Rien : l’image n’en contient pas. Masqué : il y en avait, et la copie n’en montre rien. Aucun détecteur ne répond pour vous.",
		Left:     "Ce qui reste", I1: "Aucun trait identifiant (I1)", I1Hint: "Rien n’y montre de qui il s’agit.", I2: "Anonymisée (I2)", I2Hint: "Personne ne pourrait dire de qui elle est, pas même par la lésion. Dites ce que vous avez cherché.",
		I0: "Encore reconnaissable (I0)", I0Hint: "Aucune série ne la montre. Dites ce qui manque.", Words: "Dans vos mots", Attest: "Attester", WhatIf: "Et si ?", NotRight: "Pas encore juste ?", Correct: "Corriger les masques",
		Looked: map[clinical.Feature][2]string{
			"face": {"Visage", "entier, en partie, de profil, dans un miroir ou une vitre"}, "eyes": {"Yeux", "seuls aussi"}, "tattoo": {"Tatouages, cicatrices, taches de naissance", "que quelqu’un reconnaîtrait"},
			"jewellery": {"Bijoux et vêtements", "une bague, un collier, un uniforme"}, "label": {"Étiquettes et écrans", "noms, numéros, codes-barres, un bracelet"},
			"background": {"Arrière-plan", "des gens, une pièce, une photo au mur"}, clinical.RareFinding: {"La lésion elle-même", "si rare, ou si connue, qu’elle nomme le patient"},
		},
	}
}

func spanishReview() reviewWords {
	return reviewWords{
		Title: "Mirar la copia", Version: "versión", By: "por", Recognisable: "Aún reconocible", AttestedAs: "Certificada como", NotAttested: "Sin certificar",
		Region: "La copia aplanada a tamaño real; recórrala entera", CopyAlt: "La copia aplanada de la versión", Scroll: "cada uno tal cual. Recórrala entera.",
		Making: "La copia de esta versión se está haciendo.", Reload: "Recargue en unos segundos. Si sigue así, las máscaras no encajan en la imagen: guarde la versión otra vez.",
		Does: "Qué hace certificar", DoesWords: "Usted dice que miró estos mismos píxeles. Su nombre, la hora y el SHA-256 constan en el registro. Desde entonces, donde el consentimiento no permite mostrar la imagen porque podría reconocerse al paciente, se muestra esta copia. Lo oculto por otras razones sigue oculto.",
		Own: "Usted hizo esta versión. Pida a otra persona que la mire.", With: "Sin rasgo que identifique:",
		Found: "Qué encontró", Each: "Busqué cada una de estas cosas", What: "Qué", None: "Nada", Masked: "Oculto", Shown: "Aún visible",
		NoneHint: "Nada: la imagen no tiene nada así. Oculto: lo había, y la copia no lo muestra. Ningún detector responde por usted.",
		Left:     "Qué queda", I1: "Ningún rasgo que identifique (I1)", I1Hint: "Nada muestra de quién es.", I2: "Anonimizada (I2)", I2Hint: "Nadie podría decir de quién es, tampoco por el hallazgo. Diga qué buscó.",
		I0: "Aún reconocible (I0)", I0Hint: "Ninguna serie la muestra. Diga qué se pasó por alto.", Words: "Con sus palabras", Attest: "Certificar", WhatIf: "¿Y si…?", NotRight: "¿Todavía no está bien?", Correct: "Corregir las máscaras",
		Looked: map[clinical.Feature][2]string{
			"face": {"Cara", "entera, en parte, de perfil, en un espejo o una ventana"}, "eyes": {"Ojos", "también solos"}, "tattoo": {"Tatuajes, cicatrices, marcas de nacimiento", "que alguien conocería"},
			"jewellery": {"Joyas y ropa", "un anillo, un collar, un uniforme"}, "label": {"Etiquetas y pantallas", "nombres, números, códigos de barras, una pulsera"},
			"background": {"Fondo", "personas, una habitación, una foto en la pared"}, clinical.RareFinding: {"El hallazgo mismo", "tan raro, o tan conocido, que nombra al paciente"},
		},
	}
}
