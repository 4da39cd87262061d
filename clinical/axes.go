package clinical

import "strings"

// Purpose says what a picture is wanted for. The zero Purpose is invalid.
type Purpose uint8

// The purposes. A child purpose (P2b) needs its own grant.
const (
	NoPurpose   Purpose = iota
	P0                  // care, incl. MDT, referral, second opinion
	P1                  // local audit and quality
	P2                  // teaching
	P2b                 // showing another patient: own tick, A1, view only, never mounted
	P3                  // research
	P4                  // professional publication or conference: one named use
	P5                  // public or online
	P6                  // medico-legal: authority, not consent
	P7                  // device or AI training
	maxPurposes         // keeps the tables honest
)

// Purposes returns every valid purpose in order.
func Purposes() []Purpose {
	out := make([]Purpose, 0, maxPurposes-1)
	for p := P0; p < maxPurposes; p++ {
		out = append(out, p)
	}
	return out
}

func purposeNames() [maxPurposes]string {
	return [maxPurposes]string{"", "P0", "P1", "P2", "P2b", "P3", "P4", "P5", "P6", "P7"}
}

func (p Purpose) String() string {
	if p >= maxPurposes {
		return ""
	}
	return purposeNames()[p]
}

// Valid reports whether p is one of the purposes.
func (p Purpose) Valid() bool { return p > NoPurpose && p < maxPurposes }

// MarshalText writes the code, such as P2b.
func (p Purpose) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the code; an empty text is the invalid zero Purpose.
func (p *Purpose) UnmarshalText(b []byte) error {
	for i, n := range purposeNames() {
		if strings.EqualFold(n, string(b)) {
			*p = Purpose(i)
			return nil
		}
	}
	return Refuse(Invalid, "purpose", "The purposes are P0, P1, P2, P2b, P3, P4, P5, P6 and P7. Choose one of these.")
}

// Audience is the largest group a picture is shown to, ordered. It is stored
// off by one so that the zero Audience is not A0 but "nobody".
type Audience uint8

// The audiences, from none to the public.
const (
	Nobody Audience = iota
	A0              // treating team
	A1              // one learner or patient
	A2              // small group, ≤ 12 by default
	A3              // cohort, ≤ 40 by default
	A4              // hall or institution
	A5              // external professionals
	A6              // public
)

func (a Audience) String() string {
	if a == Nobody || a > A6 {
		return ""
	}
	return "A" + string('0'+rune(a-A0))
}

// Valid reports whether a is one of A0 … A6.
func (a Audience) Valid() bool { return a >= A0 && a <= A6 }

// MarshalText writes A0 … A6, nothing for Nobody.
func (a Audience) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads A0 … A6; an empty text is Nobody.
func (a *Audience) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Nobody
		return nil
	}
	if len(b) == 2 && (b[0] == 'A' || b[0] == 'a') && b[1] >= '0' && b[1] <= '6' {
		*a = A0 + Audience(b[1]-'0')
		return nil
	}
	return Refuse(Invalid, "audience", "The audiences are A0 to A6. Choose one of these.")
}

// Identifiability orders how much of the person may be recognised. A ceiling
// of I1 admits renditions at I1 and I2. The zero value admits nothing.
type Identifiability uint8

// The levels, from nothing to identifiable. As a ceiling a larger value admits
// more; as a level of a rendition a larger value shows more.
const (
	NoIdentifiability Identifiability = iota
	I2                                // anonymised
	I1                                // no identifying feature
	I0                                // identifiable
)

func (i Identifiability) String() string {
	switch i {
	case I0:
		return "I0"
	case I1:
		return "I1"
	case I2:
		return "I2"
	default:
		return ""
	}
}

// Valid reports whether i is one of I0, I1, I2.
func (i Identifiability) Valid() bool { return i >= I2 && i <= I0 }

// MarshalText writes I0, I1 or I2, nothing for the zero value.
func (i Identifiability) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (i *Identifiability) UnmarshalText(b []byte) error {
	switch strings.ToUpper(string(b)) {
	case "":
		*i = NoIdentifiability
	case "I0":
		*i = I0
	case "I1":
		*i = I1
	case "I2":
		*i = I2
	default:
		return Refuse(Invalid, "identifiability", "The levels are I0, I1 and I2. Choose one of these.")
	}
	return nil
}

// Channel is a way a picture reaches somebody; a set of bits.
type Channel uint8

// The channels. Mount implies download, and the consent form says so.
const (
	ViewOnScreen Channel = 1 << iota
	Mount
	Download
	Print
	Online
)

func channelNames() []string { return []string{"view", "mount", "download", "print", "online"} }

// Has reports whether every channel of o is in c; no channel is in none.
func (c Channel) Has(o Channel) bool { return o != 0 && c&o == o }

func (c Channel) String() string {
	var out []string
	for i, n := range channelNames() {
		if c&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, ",")
}

// MarshalText writes the names joined by commas.
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (c *Channel) UnmarshalText(b []byte) error {
	*c = 0
	if len(b) == 0 {
		return nil
	}
next:
	for name := range strings.SplitSeq(string(b), ",") {
		for i, n := range channelNames() {
			if n == strings.TrimSpace(name) {
				*c |= 1 << i
				continue next
			}
		}
		return Refuse(Invalid, "channel", "The channels are view, mount, download, print and online. Choose among these.")
	}
	return nil
}
