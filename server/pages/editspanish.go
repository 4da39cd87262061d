package pages

import "fovea/clinical"

func spanishEdit() editWords {
	return editWords{
		Title: "Retocar una imagen", ThePicture: "La imagen", FromVersion: "a partir de la versión", FromOriginal: "a partir del original",
		StageEdit: "Retocar", StageSave: "Guardar", StageLook: "Vista a 1:1 por otra persona",
		Tools: "Herramientas", NoFlip: "Una imagen nunca se invierte: la izquierda sigue a la izquierda.",
		Keys:      "Elija una herramienta y dibuje sobre la imagen. Con el teclado: la letra de la herramienta, flechas para mover la cruz, Espacio para empezar y terminar, Esc para salir.",
		DrawAgain: "Dibujar de nuevo", NoSize: "No se sabe el tamaño de la imagen, así que nada puede colocarse en ella.",
		NoPicture: "Un navegador no puede mostrar este tipo de archivo. Coloque las formas por sus números, guarde y mire la copia.",
		ClickAlt:  "Ocultar este lugar: añade una máscara en su centro", ClickHint: "Las líneas continuas se rellenan en la copia, las discontinuas no están marcadas. El navegador muestra aquí la luz y el color; la copia la calcula el servidor.",
		Fit: "Ajustar", Before: "Antes", Undo: "Deshacer",

		Masks: "Máscaras", Mask: "Máscara", EyeBar: "Una banda sobre los ojos no hace anónimo a nadie (ICMJE): nadie puede certificar esta versión. Oculte toda la cara.",
		NoFinder:       "Este servidor no busca caras. Márquelas a mano.",
		LookedForFaces: "Se buscaron caras, escritura y códigos; está marcado lo que un detector da por seguro. Máscaras:", MissesSome: "Se le escapan algunas, y no busca nada más: tatuajes, joyas y fondo le toca verlos a usted.",
		NoMasks: "Todavía no hay nada oculto.", NoBlur: "Cada píxel que toca una máscara se sustituye. No hay desenfoque, porque puede deshacerse.",
		Shape: "Forma", Ellipse: "Elipse", Polygon: "Polígono", Brush: "Pincel", Size: "Tamaño", Small: "pequeña", Middle: "mediana", Large: "grande",
		AddMask: "Añadir", FindFaces: "Buscar caras y etiquetas", Suggested: "sugerida,", Remove: "Quitar", Hides: "oculta", By: "con", Solid: "un color", Noise: "ruido",
		MiddleX: "Centro x", MiddleY: "Centro y", WidthWord: "Ancho", HeightWord: "Alto", Angle: "Ángulo °", Points: "Puntos x,y", Radius: "Radio",

		Tone: "Luz y color", Exposure: "Exposición", Contrast: "Contraste", WhiteFrom: "Balance de blancos de un gris", ChartFrom: "Colores de una carta", WasBefore: "antes",
		GreyPatch: "Zona gris", PatchHint: "izquierda, arriba, ancho, alto", Chart: "Carta de color: centros de sus parches de esquina",
		ChartHint: "Una ColorChecker Classic de 24 parches, pulsados en este orden: marrón oscuro, verde azulado, negro, blanco. Sustituye al balance de blancos y a la exposición.", Measure: "Medir",
		Crop: "Recorte, giro, lado", Turn: "Girar", Side: "Lado", NoSide: "ninguno", Straighten: "Enderezar °", CropHint: "Un ancho vacío es la imagen entera.",
		Scale: "Escala", RulerLine: "Línea a lo largo de una regla", LengthMM: "Su longitud, mm", Bar: "Barra", BarFits: "la que quepa", Corner: "Esquina",
		ScaleHint: "Trace sobre la regla cuanto pueda: cuanto más larga la línea, más segura la escala. Vale donde está la regla.", PerMillimetre: "px por mm",
		Marks: "Anotaciones", Kind: "Tipo", Arrow: "Flecha", TextWord: "Texto", Outline: "Contorno", AddMark: "Añadir", MarkHint: "El texto se dibuja en la imagen para todos los que la ven: no nombre a nadie.", Ink: "Color",

		Save: "Guardar", Note: "Una nota", SaveHint: "El original queda como está. Las series que muestran la versión anterior la pierden hasta que otra persona haya mirado esta.",
		SaveVersion: "Guardar esta versión", WhatIf: "¿Y si…?",
		//nolint:misspell // Spanish
		Versions: "Versiones", EachStays: "cada una queda como estaba", SideBySide: "versiones lado a lado: respuestas de dos personas. Se muestra la última guardada.", ShownNow: "mostrada", Head: "aislada",
		Recognisable: "aún reconocible", NotAttested: "sin certificar", BeginFrom: "Partir de ella", NoChange: "No cambia nada.", LookAtCopy: "Mirar la copia", BeginOriginal: "Partir del original",
		NoVersions: "Ninguna: la imagen se muestra como se tomó.",
		CopyTo:     "Copiar a otras imágenes", CopyWhat: "Qué", NoCode: "Sin código de vista", OtherPicture: "Referencia de otra imagen",
		NeverAcross: "Máscaras, anotaciones, escala y lado nunca se copian a otro paciente.", CopyButton: "Copiar a estas",

		Waiting: "Copias por mirar", WaitingLead: "ocultadas por otros, y que ninguna serie muestra antes de que las mire otra persona", NoWaiting: "Ninguna copia le espera.",
		NoWaitingMore: "Cuando alguien oculta algo en la imagen de un paciente a quien usted atiende o fotografía, aparece aquí. Lo que ocultó usted espera a otra persona.",
		Oldest:        "La más antigua primero", Newest: "La más reciente primero", Since: "Desde", Patient: "Paciente", Who: "Ocultada por", What: "Máscaras",

		ToolList: []tool{
			{"ellipse", "M", "Elipse", "Arrastre desde el centro de lo que hay que ocultar."},
			{"polygon", "P", "Polígono", "Pulse las esquinas; Intro o doble clic termina."},
			{"brush", "B", "Pincel", "Pinte encima; [ y ] cambian el ancho."},
			{"crop", "R", "Recorte", "Arrastre sobre lo que debe quedar."},
			{"white", "W", "Balance de blancos", "Arrastre dentro de una carta gris y pulse Medir."},
			{"chart", "K", "Carta de color", "Pulse marrón oscuro, verde azulado, negro, blanco, y Medir."},
			{"scale", "L", "Escala", "Trace sobre la regla y escriba su longitud."},
			{"arrow", "A", "Flecha", "Trace de la cola a la punta."},
			{"text", "T", "Texto", "Pulse donde empieza y escríbalo."},
			{"outline", "O", "Contorno", "Pulse sus puntos; Intro o doble clic termina."},
		},
		Corners: []choice{{"lower-right", "abajo a la derecha"}, {"lower-left", "abajo a la izquierda"}, {"upper-right", "arriba a la derecha"}, {"upper-left", "arriba a la izquierda"}},
		Inks:    []choice{{"yellow", "amarillo"}, {"white", "blanco"}, {"cyan", "cian"}, {"black", "negro"}},
		Parts:   []choice{{"tone", "luz y color"}, {"frame", "recorte"}, {"turn", "giro"}, {"masks", "máscaras"}, {"marks", "anotaciones"}, {"scale", "escala"}, {"side", "lado"}},
		Causes: map[clinical.MaskCause]string{
			clinical.HidesFace: "cara", clinical.HidesEyes: "ojos", clinical.HidesTattoo: "tatuaje", clinical.HidesJewellery: "joya",
			clinical.HidesLabel: "etiqueta", clinical.HidesBackground: "fondo", clinical.HidesOther: "otra cosa",
		},
		Was: "; antes: ",
	}
}
