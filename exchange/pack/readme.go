package pack

import (
	"fmt"
	"strings"

	"fovea/clinical"
	"fovea/exchange/paper"
)

// readme tells the recipient what the files are, what they may be used for, and
// how to check them. Lines end as every system reads them.
func readme(r clinical.Release, pictures int, by paper.Issuer) []byte {
	t := readmeText(by.Language)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", by.Site)
	line(t.what, pictures)
	line("")
	line("%s: %s", t.release, r.ID)
	for _, f := range [][2]string{{t.authority, r.Authority}, {t.recipient, r.Recipient}, {t.useBy, r.UseBy.String()}, {t.contact, by.Contact}} {
		if f[1] != "" {
			line("%s: %s", f[0], strings.Join(strings.Fields(f[1]), " "))
		}
	}
	line("\n%s", t.care)
	line("\n%s\n\n    sha256sum -c SHA256SUMS\n", t.check)
	if r.Format == clinical.Evidential {
		line("%s", t.evidence)
		for _, s := range paper.Verifying(by.Language) {
			line("%s", s)
		}
	}
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

type readmeWords struct {
	what, release, authority, recipient, useBy, contact, care, check, evidence string
}

func readmeText(l paper.Language) readmeWords {
	switch l {
	case paper.French:
		return readmeWords{
			"%d photographies médicales, remises à la personne désignée et à nulle autre.",
			"Communication", "Fondement", "Destinataire", "À utiliser avant le", "Contact",
			"Ne les copiez pas, ne les transmettez pas ; détruisez-les après usage. Leur remise est inscrite au registre de l’hôpital.",
			"Pour vérifier qu’aucun fichier n’a changé :",
			"originals/ contient les originaux intacts. custody-report dit qui les a vus ou copiés. proof/ contient des entrées du registre, chacune avec sa preuve. Pour les vérifier sans notre serveur :",
		}
	case paper.Spanish:
		return readmeWords{
			"%d fotografías clínicas, entregadas a la persona indicada y a nadie más.",
			"Entrega", "Autoridad", "Destinatario", "Usar antes del", "Contacto",
			"No las copie ni las reenvíe; destrúyalas tras su uso. Su entrega consta en el registro del hospital.",
			"Para comprobar que ningún archivo ha cambiado:",
			"originals/ contiene los originales intactos. custody-report dice quién los ha visto o copiado. proof/ contiene entradas del registro, cada una con su prueba. Para comprobarlas sin nuestro servidor:",
		}
	default:
		return readmeWords{
			"%d clinical photographs, handed to the person named below and to nobody else.",
			"Release", "Authority", "Recipient", "Use by", "Contact",
			"Do not copy or forward them; destroy them after use. That they were handed over is in the hospital's ledger.",
			"To check that no file has changed:",
			"originals/ holds the untouched originals. custody-report says who has seen or copied them. proof/ holds entries of the ledger, each with its proof. To check them without our server:",
		}
	}
}
