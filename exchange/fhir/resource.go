package fhir

import "encoding/json"

// Base begins every URL that this project gives a meaning: extensions, code
// systems and identifier systems. It names; nothing has to answer there.
const Base = "https://fovea.example/fhir/"

// The code systems of others.
const (
	scopes        = "http://terminology.hl7.org/CodeSystem/consentscope"
	loinc         = "http://loinc.org"
	participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
)

// consent is the part of a Consent resource that a grant fills, in the order of
// the standard. Any other member is refused on import.
type consent struct {
	ResourceType      string          `json:"resourceType"`
	ID                string          `json:"id"`
	Meta              *meta           `json:"meta,omitempty"`
	Text              json.RawMessage `json:"text,omitempty"` // a server's own words; not read
	Extension         []extension     `json:"extension,omitempty"`
	ModifierExtension []extension     `json:"modifierExtension,omitempty"`
	Identifier        []identifier    `json:"identifier"`
	Status            string          `json:"status"`
	Scope             concept         `json:"scope"`
	Category          []concept       `json:"category"`
	Patient           reference       `json:"patient"`
	DateTime          string          `json:"dateTime,omitempty"`
	Performer         []reference     `json:"performer,omitempty"`
	SourceReference   *reference      `json:"sourceReference,omitempty"`
	Policy            []policy        `json:"policy"`
	PolicyRule        *concept        `json:"policyRule,omitempty"`
	Provision         root            `json:"provision"`
}

// meta is what servers write about a resource; only the version is ours.
type meta struct {
	VersionID   string          `json:"versionId,omitempty"`
	LastUpdated string          `json:"lastUpdated,omitempty"`
	Source      string          `json:"source,omitempty"`
	Profile     json.RawMessage `json:"profile,omitempty"`
	Security    json.RawMessage `json:"security,omitempty"`
	Tag         json.RawMessage `json:"tag,omitempty"`
}

// root is the rule that holds the others; R4 gives it no type.
type root struct {
	Period     *period     `json:"period,omitempty"`
	DataPeriod *period     `json:"dataPeriod,omitempty"`
	Data       []data      `json:"data,omitempty"`
	Provision  []provision `json:"provision"`
}

// provision is one use: what is permitted, or expressly not.
type provision struct {
	Type          string    `json:"type"`
	Actor         []actor   `json:"actor,omitempty"`
	Action        []concept `json:"action,omitempty"`
	SecurityLabel []coding  `json:"securityLabel,omitempty"`
	Purpose       []coding  `json:"purpose,omitempty"`
}

type actor struct {
	Role      concept   `json:"role"`
	Reference reference `json:"reference"`
}

type data struct {
	Meaning   string    `json:"meaning"`
	Reference reference `json:"reference"`
}

type period struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

type policy struct {
	URI string `json:"uri"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type reference struct {
	Extension  []extension `json:"extension,omitempty"`
	Type       string      `json:"type,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

// extension holds one value of the kinds in use.
type extension struct {
	URL            string     `json:"url"`
	ValueBoolean   *bool      `json:"valueBoolean,omitempty"`
	ValueCode      string     `json:"valueCode,omitempty"`
	ValueDate      string     `json:"valueDate,omitempty"`
	ValueDateTime  string     `json:"valueDateTime,omitempty"`
	ValueString    string     `json:"valueString,omitempty"`
	ValueReference *reference `json:"valueReference,omitempty"`
}

// bundle is a collection of consents.
type bundle struct {
	ResourceType string  `json:"resourceType"`
	Type         string  `json:"type"`
	Entry        []entry `json:"entry,omitempty"`
}

type entry struct {
	FullURL  string          `json:"fullUrl"`
	Resource json.RawMessage `json:"resource"`
}
