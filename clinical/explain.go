package clinical

import "time"

// Question is what is asked of the rules: may this person see this picture for
// this use, now or at another moment?
type Question struct {
	Person PersonID
	Use    Use
	Set    SetID
	Asset  AssetID
	Kind   RenditionKind
	At     time.Time // zero: now
}

// Explanation answers a Question rule by rule.
type Explanation struct {
	Question
	Decision Decision
	Words    string
	Rules    []RuleAnswer // every rule of the table, in its order
}

// RuleAnswer is what one rule says: nothing, or that it objects and why.
type RuleAnswer struct {
	Rule    string // stable code
	Title   string // what the rule is, in plain words
	Reason  Reason // empty: it does not object
	Words   string // the reason in plain words
	Decided bool   // the first that objects decides
}
