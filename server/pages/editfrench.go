package pages

import "fovea/clinical"

func frenchEdit() editWords {
	return editWords{
		Title: "Retoucher une image", ThePicture: "L’image", FromVersion: "d’après la version", FromOriginal: "d’après l’original",
		StageEdit: "Retoucher", StageSave: "Enregistrer", StageLook: "Vue à 1:1 par une autre personne",
		Tools: "Outils", NoFlip: "Une image n’est jamais inversée : la gauche reste à gauche.",
		Keys:      "Choisissez un outil, puis dessinez sur l’image. Au clavier : la lettre de l’outil, les flèches pour déplacer la croix, Espace pour commencer puis finir, Échap pour quitter.",
		DrawAgain: "Redessiner", NoSize: "La taille de l’image n’est pas connue : rien ne peut y être placé.",
		NoPicture: "Un navigateur ne peut montrer ce type de fichier. Placez les formes par leurs nombres, enregistrez, et regardez la copie.",
		ClickAlt:  "Masquer cet endroit : ajoute un masque en son milieu", ClickHint: "Les traits pleins sont remplis dans la copie, les tirets ne sont pas cochés. La lumière et les couleurs sont montrées ici par le navigateur ; la copie est calculée par le serveur.",
		Fit: "Ajuster", Before: "Avant", Undo: "Annuler",

		Masks: "Masques", Mask: "Masque", EyeBar: "Un bandeau sur les yeux ne rend personne anonyme (ICMJE) : personne ne peut attester cette version. Masquez tout le visage.",
		NoFinder:       "Ce serveur ne cherche pas de visages. Marquez-les à la main.",
		LookedForFaces: "Visages, écritures et codes ont été cherchés ; ce dont un détecteur est sûr est coché. Masques :", MissesSome: "Il en manque, et ne cherche rien d’autre : tatouages, bijoux et arrière-plan sont à vous de voir.",
		NoMasks: "Rien n’est encore masqué.", NoBlur: "Chaque pixel qu’un masque touche est remplacé. Il n’y a pas de flou, car un flou peut être défait.",
		Shape: "Forme", Ellipse: "Ellipse", Polygon: "Polygone", Brush: "Pinceau", Size: "Taille", Small: "petite", Middle: "moyenne", Large: "grande",
		AddMask: "Ajouter", FindFaces: "Chercher visages et étiquettes", Suggested: "suggéré,", Remove: "Enlever", Hides: "cache", By: "par", Solid: "une couleur", Noise: "du bruit",
		MiddleX: "Milieu x", MiddleY: "Milieu y", WidthWord: "Largeur", HeightWord: "Hauteur", Angle: "Angle °", Points: "Points x,y", Radius: "Rayon",

		Tone: "Lumière et couleur", Exposure: "Exposition", Contrast: "Contraste", WhiteFrom: "Balance des blancs sur une plage grise", ChartFrom: "Couleurs d’après une mire", WasBefore: "avant",
		GreyPatch: "Plage grise", PatchHint: "gauche, haut, largeur, hauteur", Chart: "Mire : milieux de ses plages d’angle",
		ChartHint: "Une ColorChecker Classic de 24 plages, cliquées dans cet ordre : brun foncé, vert bleuté, noir, blanc. Elle remplace balance des blancs et exposition.", Measure: "Mesurer",
		Crop: "Cadre, rotation, côté", Turn: "Tourner", Side: "Côté", NoSide: "aucun", Straighten: "Redresser °", CropHint: "Une largeur vide garde toute l’image.",
		Scale: "Échelle", RulerLine: "Trait le long d’une règle", LengthMM: "Sa longueur, mm", Bar: "Barre", BarFits: "ce qui convient", Corner: "Coin",
		ScaleHint: "Tracez le plus long possible le long de la règle : plus le trait est long, plus l’échelle est sûre. Elle vaut là où la règle est posée.", PerMillimetre: "px par mm",
		Marks: "Annotations", Kind: "Genre", Arrow: "Flèche", TextWord: "Texte", Outline: "Contour", AddMark: "Ajouter", MarkHint: "Un texte est dessiné dans l’image pour tous ceux qui la voient : ne nommez personne.", Ink: "Couleur",

		Save: "Enregistrer", Note: "Un mot à son sujet", SaveHint: "L’original reste tel quel. Les séries qui montrent la version précédente la perdent jusqu’à ce qu’une deuxième personne ait regardé celle-ci.",
		SaveVersion: "Enregistrer cette version", WhatIf: "Et si ?",
		Versions: "Versions", EachStays: "chacune reste telle quelle", SideBySide: "versions côte à côte : les réponses de deux personnes. La dernière enregistrée est montrée.", ShownNow: "montrée", Head: "isolée",
		Recognisable: "encore reconnaissable", NotAttested: "non attestée", BeginFrom: "Partir d’elle", NoChange: "Ne change rien.", LookAtCopy: "Regarder la copie", BeginOriginal: "Partir de l’original",
		NoVersions: "Aucune : l’image est montrée telle que prise.",
		CopyTo:     "Copier vers d’autres images", CopyWhat: "Quoi", NoCode: "Sans code de vue", OtherPicture: "Référence d’une autre image",
		NeverAcross: "Masques, annotations, échelle et côté ne sont jamais copiés vers un autre patient.", CopyButton: "Copier vers celles-ci",

		Waiting: "Copies à regarder", WaitingLead: "masquées par d’autres, et montrées par aucune série avant qu’une deuxième personne ait regardé", NoWaiting: "Aucune copie ne vous attend.",
		NoWaitingMore: "Quand quelqu’un masque une image d’un patient que vous soignez ou photographiez, elle apparaît ici. Ce que vous avez masqué attend quelqu’un d’autre.",
		Oldest:        "La plus ancienne d’abord", Newest: "La plus récente d’abord", Since: "Depuis", Patient: "Patient", Who: "Masquée par", What: "Masques",

		ToolList: []tool{
			{"ellipse", "M", "Ellipse", "Tirez depuis le milieu de ce qui doit être caché."},
			{"polygon", "P", "Polygone", "Cliquez les angles ; Entrée ou un double clic termine."},
			{"brush", "B", "Pinceau", "Peignez dessus ; [ et ] changent la largeur."},
			{"crop", "R", "Cadre", "Tirez sur ce qui doit rester."},
			{"white", "W", "Balance des blancs", "Tirez dans une carte grise, puis Mesurer."},
			{"chart", "K", "Mire", "Cliquez brun foncé, vert bleuté, noir, blanc, puis Mesurer."},
			{"scale", "L", "Échelle", "Tracez le long de la règle, puis tapez sa longueur."},
			{"arrow", "A", "Flèche", "Tracez de la queue à la pointe."},
			{"text", "T", "Texte", "Cliquez où il commence, puis tapez-le."},
			{"outline", "O", "Contour", "Cliquez ses points ; Entrée ou un double clic termine."},
		},
		Corners: []choice{{"lower-right", "en bas à droite"}, {"lower-left", "en bas à gauche"}, {"upper-right", "en haut à droite"}, {"upper-left", "en haut à gauche"}},
		Inks:    []choice{{"yellow", "jaune"}, {"white", "blanc"}, {"cyan", "cyan"}, {"black", "noir"}},
		Parts:   []choice{{"tone", "lumière et couleur"}, {"frame", "cadre"}, {"turn", "rotation"}, {"masks", "masques"}, {"marks", "annotations"}, {"scale", "échelle"}, {"side", "côté"}},
		Causes: map[clinical.MaskCause]string{
			clinical.HidesFace: "visage", clinical.HidesEyes: "yeux", clinical.HidesTattoo: "tatouage", clinical.HidesJewellery: "bijou",
			clinical.HidesLabel: "étiquette", clinical.HidesBackground: "arrière-plan", clinical.HidesOther: "autre chose",
		},
		Was: " ; avant : ",
	}
}
