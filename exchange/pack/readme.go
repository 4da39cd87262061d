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
	line("\n%s %s", t.careOf(r.Kind), t.handed)
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
	what, release, authority, recipient, useBy, contact string

	own, exhibits, lent string // what the recipient is asked to do with the files
	handed              string
	check, evidence     string
}

// careOf asks for what the recipient of a kind can be asked: a patient's own
// pictures are the patient's to keep, and an exhibit is not to be destroyed.
func (t readmeWords) careOf(k clinical.ReleaseKind) string {
	switch k {
	case clinical.SubjectAccess:
		return t.own
	case clinical.ToSolicitor, clinical.ToPolice, clinical.ToCourt:
		return t.exhibits
	default:
		return t.lent
	}
}

func readmeText(l paper.Language) readmeWords {
	switch l {
	case paper.French:
		return readmeWords{
			"Photographies médicales : %d. Remises à la personne désignée et à nulle autre.",
			"Communication", "Fondement", "Destinataire", "À utiliser avant le", "Contact",
			"Ces images sont celles de la personne qui les a demandées, ou pour qui elles l’ont été : gardez-les là où personne d’autre ne les voit.",
			"Elles servent à la procédure désignée ci-dessus : gardez les fichiers tels quels, et ne les montrez qu’à ceux qui doivent les voir.",
			"Ne les copiez pas, ne les transmettez pas ; détruisez-les après usage.",
			"Leur remise est inscrite au registre de l’hôpital.",
			"Pour vérifier qu’aucun fichier n’a changé :",
			"originals/ contient les originaux intacts. custody-report dit qui les a vus ou copiés. proof/ contient des entrées du registre, chacune avec sa preuve ; la dernière porte (sha256) l’empreinte de exhibits.sha256, qui énumère les originaux : elle vaut donc pour ces fichiers mêmes. Pour les vérifier sans notre serveur :",
		}
	case paper.Spanish:
		return readmeWords{
			"Fotografías clínicas: %d. Entregadas a la persona indicada y a nadie más.",
			"Entrega", "Autoridad", "Destinatario", "Usar antes del", "Contacto",
			"Estas imágenes son de la persona que las pidió, o para quien se pidieron: guárdelas donde nadie más las vea.",
			"Sirven al procedimiento indicado arriba: conserve los archivos tal como están y muéstrelos solo a quien deba verlos.",
			"No las copie ni las reenvíe; destrúyalas tras su uso.",
			"Su entrega consta en el registro del hospital.",
			"Para comprobar que ningún archivo ha cambiado:",
			"originals/ contiene los originales intactos. custody-report dice quién los ha visto o copiado. proof/ contiene entradas del registro, cada una con su prueba; la última lleva (sha256) el resumen de exhibits.sha256, que enumera los originales: vale, pues, para estos mismos archivos. Para comprobarlas sin nuestro servidor:",
		}
	default:
		return readmeWords{
			"Clinical photographs: %d. Handed to the person named below and to nobody else.",
			"Release", "Authority", "Recipient", "Use by", "Contact",
			"These pictures are of the person who asked for them, or for whom they were asked for: keep them where nobody else sees them.",
			"They are for the proceedings named above: keep the files as they are, and show them to those alone who have to see them.",
			"Do not copy or forward them; destroy them after use.",
			"That they were handed over is in the hospital's ledger.",
			"To check that no file has changed:",
			"originals/ holds the untouched originals. custody-report says who has seen or copied them. proof/ holds entries of the ledger, each with its proof; the last one has (sha256) the SHA-256 of exhibits.sha256, which lists the originals: so it is of these very files. To check them without our server:",
		}
	}
}
