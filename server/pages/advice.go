package pages

import (
	"slices"
	"time"

	"fovea/clinical"
	"fovea/server/wire"
)

// look is a picture that is worth a look, and why.
type look struct {
	Asset clinical.AssetID
	At    time.Time
	Words []string
	Like  clinical.AssetID // another of its series that is nearly the same
}

// worth lists the pictures that are worth a look, in their order. Nothing is
// refused for what is said of them.
func worth(lang string, list ...clinical.Shown) []look {
	var out []look
	for _, s := range list {
		one := look{Asset: s.Asset.ID, At: s.Asset.Capture.At}
		for _, a := range s.Advice {
			one.Words = append(one.Words, wire.AdviceWords(a, lang))
			if !a.Like.IsZero() {
				one.Like = a.Like
			}
		}
		if len(one.Words) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// worthNew is worth of what was kept within a day: of older pictures their own
// page tells.
func (d *door) worthNew(lang string, list []clinical.Shown) []look {
	since := d.Now().AddDate(0, 0, -1)
	return worth(lang, slices.DeleteFunc(slices.Clone(list), func(s clinical.Shown) bool { return s.Asset.KeptAt.Before(since) })...)
}

// worthTitle heads what worth lists.
func worthTitle(lang string) string {
	switch lang {
	case "fr":
		return "À revoir tant que le patient est là"
	case "es":
		return "Conviene mirarlo mientras el paciente está aquí"
	default:
		return "Worth a look while the patient is here"
	}
}

// worthMore says what the advice is not.
func worthMore(lang string) string {
	switch lang {
	case "fr":
		return "Des conseils tirés de mesures : rien n’est refusé."
	case "es":
		return "Son consejos a partir de medidas: nada se rechaza."
	default:
		return "Advice from measurements: nothing is refused for it."
	}
}

// worthOther is the link to a picture's double.
func worthOther(lang string) string {
	switch lang {
	case "fr":
		return "Voir l’autre"
	case "es":
		return "Ver la otra"
	default:
		return "See the other"
	}
}
