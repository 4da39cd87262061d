package wire

import (
	"fmt"
	"strings"

	"fovea/clinical"
)

// Advice is something about a picture that is worth a look while it can still be
// taken again. Nothing is refused for it.
type Advice struct {
	Code  clinical.Reason  `json:"code" doc:"soft, moved, dark, bright, burnt, black, alike, no-scale or no-face; later versions may add to them"`
	Value float64          `json:"value" doc:"what was measured: pixels (soft, moved), a share of 1 (dark, bright, burnt, black), a correlation (alike), a count (no-scale, no-face)"`
	Limit float64          `json:"limit" doc:"what it is beyond"`
	Usual float64          `json:"usual,omitempty" doc:"what is usual in the studio, where that is known"`
	Like  clinical.AssetID `json:"like,omitzero" doc:"the other picture, of alike"`
	Words string           `json:"words" doc:"the same for a person, in English"`
}

// ToAdvice converts for the wire.
func ToAdvice(list []clinical.Advice) []Advice {
	out := make([]Advice, 0, len(list))
	for _, a := range list {
		out = append(out, Advice{Code: a.Code, Value: a.Value, Limit: a.Limit, Usual: a.Usual, Like: a.Like, Words: AdviceWords(a, "en")})
	}
	return out
}

// AdviceWords says advice to a person, in English, French (fr) or Spanish (es).
func AdviceWords(a clinical.Advice, lang string) string {
	n := func(v float64, format string) string {
		s := fmt.Sprintf(format, v)
		if lang == "fr" || lang == "es" {
			s = strings.ReplaceAll(s, ".", ",")
		}
		return s
	}
	value, limit := n(a.Value, "%.1f"), n(a.Limit, "%.1f")
	switch a.Code {
	case clinical.AdviceDark, clinical.AdviceBright, clinical.AdviceBurnt, clinical.AdviceBlack:
		value, limit = n(100*a.Value, "%.0f"), n(100*a.Limit, "%.0f")
	case clinical.AdviceAlike:
		value, limit = n(a.Value, "%.2f"), n(a.Limit, "%.2f")
	default: // in pixels, or without figures
	}
	words := adviceSentences(lang)[a.Code]
	if words == "" {
		return string(a.Code)
	}
	usual := ""
	if a.Usual > 0 {
		usual = strings.ReplaceAll(adviceSentences(lang)["usual"], "{usual}", n(a.Usual, "%.1f"))
	}
	return strings.NewReplacer("{value}", value, "{limit}", limit, "{usual}", usual).Replace(words)
}

func adviceSentences(lang string) map[clinical.Reason]string {
	switch lang {
	case "fr":
		return map[clinical.Reason]string{
			"usual":                " ({usual} d’habitude ici)",
			clinical.AdviceSoft:    "Peut-être floue : ses contours les plus nets s’étalent sur {value} px ; jusqu’à {limit} px, c’est net{usual}.",
			clinical.AdviceMoved:   "Peut-être bougée : dans une direction, les contours s’étalent sur {value} px ; jusqu’à {limit} px, c’est net{usual}.",
			clinical.AdviceDark:    "Peut-être trop sombre : ses parties claires n’atteignent que {value} % ; à partir de {limit} %, c’est bon.",
			clinical.AdviceBright:  "Peut-être trop claire : ses parties sombres sont à {value} % ; jusqu’à {limit} %, c’est bon.",
			clinical.AdviceBurnt:   "Brûlée : dans une couleur, {value} % des pixels n’ont plus de détail ; jusqu’à {limit} %, c’est bon.",
			clinical.AdviceBlack:   "Bouchée : dans une couleur, {value} % des pixels n’ont plus de détail ; jusqu’à {limit} %, c’est bon.",
			clinical.AdviceAlike:   "Presque la même qu’une autre de la série (similitude {value}, à partir de {limit}) : gardez la meilleure.",
			clinical.AdviceNoScale: "La vue demande une échelle et aucune n’est tracée : tracez-la le long de la règle, ou reprenez la photo avec une règle.",
			clinical.AdviceNoFace:  "La vue est celle d’un visage et aucun n’est trouvé avec certitude : vérifiez la vue.",
		}
	case "es":
		return map[clinical.Reason]string{
			"usual":                " ({usual} es lo habitual aquí)",
			clinical.AdviceSoft:    "Quizá desenfocada: sus bordes más nítidos ocupan {value} px; hasta {limit} px es nítida{usual}.",
			clinical.AdviceMoved:   "Quizá movida: en una dirección los bordes ocupan {value} px; hasta {limit} px es nítida{usual}.",
			clinical.AdviceDark:    "Quizá demasiado oscura: sus partes claras solo llegan al {value} %; desde el {limit} % está bien.",
			clinical.AdviceBright:  "Quizá demasiado clara: sus partes oscuras están al {value} %; hasta el {limit} % está bien.",
			clinical.AdviceBurnt:   "Quemada: en un color, el {value} % de los píxeles ya no tiene detalle; hasta el {limit} % está bien.",
			clinical.AdviceBlack:   "Empastada: en un color, el {value} % de los píxeles ya no tiene detalle; hasta el {limit} % está bien.",
			clinical.AdviceAlike:   "Casi igual que otra de la serie (parecido {value}, desde {limit}): quédese con la mejor.",
			clinical.AdviceNoScale: "La vista pide una escala y no hay ninguna trazada: trácela a lo largo de la regla, o repita la foto con una regla.",
			clinical.AdviceNoFace:  "La vista es de una cara y no se encuentra ninguna con certeza: compruebe la vista.",
		}
	default:
		return map[clinical.Reason]string{
			"usual":                " ({usual} is usual here)",
			clinical.AdviceSoft:    "May be out of focus: its sharpest edges spread over {value} px; up to {limit} px is sharp{usual}.",
			clinical.AdviceMoved:   "Camera or patient may have moved: in one direction edges spread over {value} px; up to {limit} px is sharp{usual}.",
			clinical.AdviceDark:    "May be too dark: its light parts reach {value} % only; from {limit} % on is fine.",
			clinical.AdviceBright:  "May be too light: its dark parts are at {value} %; up to {limit} % is fine.",
			clinical.AdviceBurnt:   "Burnt out: in one colour, {value} % of the pixels hold no detail; up to {limit} % is fine.",
			clinical.AdviceBlack:   "Blocked up: in one colour, {value} % of the pixels hold no detail; up to {limit} % is fine.",
			clinical.AdviceAlike:   "Nearly the same as another of the series (likeness {value}, from {limit} on): keep the better one.",
			clinical.AdviceNoScale: "The view asks for a scale and none is drawn: draw its bar along the ruler, or take the picture again with one.",
			clinical.AdviceNoFace:  "The view is of a face and none is found for certain: look whether the view is right.",
		}
	}
}
