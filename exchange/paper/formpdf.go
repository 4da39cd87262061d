package paper

import (
	"iter"
	"strings"

	"fovea/clinical"
)

// printedForm is a form on its way to paper.
type printedForm struct {
	*doc
	Form
	grant *clinical.Grant
}

// tick draws a box and its words from x on, the words within mm, and returns
// how much further than one line they go. The pen stays on the first line.
func (p printedForm) tick(x, mm float64, on bool, words string) float64 {
	y := p.GetY()
	p.SetDrawColor(0, 0, 0)
	p.SetLineWidth(.3)
	p.Rect(x, y+.9, 3.4, 3.4, "D")
	if on {
		p.Line(x+.6, y+2.6, x+1.5, y+3.7)
		p.Line(x+1.5, y+3.7, x+3, y+1.3)
	}
	p.font("go", "", 9, 20)
	further := 0.0
	for i, line := range p.SplitText(p.tied(words), mm-6) {
		further = float64(i) * 4.4
		p.SetXY(x+5, y+further)
		p.CellFormat(mm-6, 5.2, line, "", 0, "L", false, 0, "")
	}
	p.SetXY(left, y)
	return further
}

func (p printedForm) patient(f FormToFill) {
	l := p.lang
	if f.Patient.ID.IsZero() {
		p.blank(l.pick("Patient", "Patient", "Paciente"))
		p.blank(l.pick("Born", "Né(e) le", "Fecha de nacimiento"))
	} else {
		p.fact(l.pick("Patient", "Patient", "Paciente"), f.Patient.DisplayName())
		p.fact(l.pick("Born", "Né(e) le", "Fecha de nacimiento"), l.day(f.Patient.Born))
		var numbers []string
		for _, i := range f.Patient.Identifiers {
			numbers = append(numbers, i.System+" "+i.Value)
		}
		p.fact(l.pick("Number", "Numéro", "Número"), strings.Join(numbers, ", "))
	}
	p.fact(l.pick("Session", "Séance", "Sesión"), f.Number)
	if f.Place != nil {
		one := l.pick("one finding alone", "une seule lésion", "una sola lesión")
		if f.Place.Site != "" {
			one += l.pick(": ", " : ", ": ") + f.Place.Site
		}
		if side := l.side(f.Place.Side); side != "" {
			one += ", " + side
		}
		p.fact(l.pick("For", "Pour", "Para"), one)
	}
}

// pictures shows what is meant, as large as six fit across a page's width.
func (p printedForm) pictures(all iter.Seq2[Picture, error]) error {
	if all == nil {
		return nil
	}
	const across, side, high = 5, width / 5, 38.0
	p.heading(p.Pictures)
	y := p.GetY()
	n := 0
	for pic, err := range all {
		if err != nil {
			return err
		}
		if n == maxPictures {
			return tooMany()
		}
		if n%across == 0 {
			if n > 0 {
				y += high
			}
			if y+high > bottom {
				p.AddPage()
				y = top
			}
		}
		if err := p.shown(pic, left+float64(n%across)*side, y, side-3); err != nil {
			return err
		}
		n++
	}
	p.SetXY(left, y+high)
	p.need(8)
	p.Ln(7 + p.tick(left, width, p.grant != nil && p.grant.ImagesShown, p.Seen))
	return nil
}

func (p printedForm) shown(pic Picture, x, y, w float64) error {
	if pic.Content != nil {
		if err := p.picture(pic, box{x, y, w, 27}); err != nil {
			return err
		}
	}
	p.SetXY(x, y+28)
	p.font("go", "", 7.5, 60)
	p.CellFormat(w, 4, p.fit(firstText(pic.Caption, pic.Name), w), "", 0, "L", false, 0, "")
	return nil
}

func (p printedForm) purposes() {
	l := p.lang
	p.heading(l.pick("What may they be used for, and how far?", "À quoi peuvent-elles servir, et jusqu’où ?", "¿Para qué pueden usarse, y hasta dónde?"))
	for _, u := range p.Purposes {
		p.need(24)
		if u.OptOut {
			no := p.grant != nil && p.grant.Status == clinical.GrantRefused && p.grant.HasPurpose(u.Purpose)
			p.Ln(7 + p.tick(left, width, no, u.Words))
			continue
		}
		if len(u.Audiences) == 0 {
			p.para(u.Words)
			continue
		}
		on := p.grant != nil && p.grant.Status == clinical.GrantGiven && p.grant.HasPurpose(u.Purpose)
		p.Ln(5.6 + p.tick(left, width, on, u.Words))
		x, further := left+7, 0.0
		for _, a := range u.Audiences {
			further = max(further, p.tick(x, 40, on && p.grant.Audience == a, l.audience(a)))
			x += 41
		}
		p.Ln(6 + further)
		if u.Blank != "" {
			p.font("go", "", 8.5, 80)
			p.SetX(left + 7)
			p.CellFormat(75, 5, p.fit(u.Blank, 74), "", 0, "L", false, 0, "")
			p.Line(left+83, p.GetY()+5, right, p.GetY()+5)
			if on {
				p.CellFormat(width-82, 5, p.fit(named(*p.grant, u.Purpose), width-84), "", 0, "L", false, 0, "")
			}
			p.Ln(6.5)
		}
	}
}

// named is what a grant says beside a purpose.
func named(g clinical.Grant, p clinical.Purpose) string {
	if p == clinical.P3 {
		return strings.Join(some(g.Study, g.Ethics, g.Expires.String()), ", ")
	}
	return g.NamedUse
}

func (p printedForm) limits() {
	l := p.lang
	given := p.grant != nil && p.grant.Status == clinical.GrantGiven
	p.heading(l.pick("How may I be seen, and in which ways?", "Comment puis-je être vu(e), et par quelles voies ?", "¿Cómo se me puede ver, y por qué vías?"))
	for _, v := range p.Levels {
		p.need(7)
		p.Ln(5.8 + p.tick(left, width, given && p.grant.Level == v.Level, v.Words))
	}
	p.Ln(2)
	for _, c := range p.Channels {
		p.need(7)
		p.Ln(5.8 + p.tick(left, width, given && p.grant.Channels.Has(c.Channel), c.Words))
	}
	p.Ln(2)
	for i, s := range p.Limits {
		if i == len(p.Limits)-1 {
			p.need(12)
			p.Ln(6 + p.tick(left, width, given && p.grant.IntimateBeyondA2, s))
			continue
		}
		p.para(s)
	}
}

func (p printedForm) promises() {
	l := p.lang
	p.heading(l.pick("What the hospital tells you", "Ce que l’hôpital vous dit", "Lo que le dice el hospital"))
	for _, s := range p.Promises {
		p.need(12)
		p.para("– " + s.Words)
	}
}

func (p printedForm) signatures() {
	p.need(float64(len(p.Signing))*11 + 16)
	p.heading(p.lang.pick("Signatures", "Signatures", "Firmas"))
	for _, s := range p.Signing {
		p.blank(s)
	}
}

// copy is the patient's own page.
func (p printedForm) copy(c PatientCopy, by Issuer) error {
	if c.URL == "" && c.Secret == "" {
		return nil
	}
	p.AddPage()
	p.head(by.Site, p.Copy.Title)
	p.para(p.Copy.Words)
	if c.URL != "" {
		y := p.GetY() + 3
		if err := p.code(c.URL, left, y, 60); err != nil {
			return err
		}
		p.SetXY(left, y+64)
		p.mono(c.URL)
	}
	p.font("go", "B", 11, 0)
	p.CellFormat(width, 7, p.fit(p.Copy.Code, width), "", 1, "L", false, 0, "")
	p.font("mono", "", 15, 0)
	p.MultiCell(width, 8, p.clean(c.Secret), "", "L", false)
	p.Ln(3)
	p.fact(p.Copy.Contact, by.Contact)
	p.fact(p.lang.pick("Form", "Formulaire", "Formulario"), p.Version)
	for _, s := range p.Promises {
		if s.Key != "copy" {
			p.need(12)
			p.para("– " + s.Words)
		}
	}
	return nil
}
