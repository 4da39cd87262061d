package policy

import (
	"slices"

	"fovea/clinical"
)

// Words says a decision's reason to a set's owner or to governance, as a short
// fact that ends with what to do where something can be done. It names nobody.
func Words(why clinical.Reason) string {
	for _, words := range []map[clinical.Reason]string{reachWords(), pictureWords(), consentWords()} {
		if w, ok := words[why]; ok {
			return w
		}
	}
	return "Not shown. Ask governance to explain this picture."
}

// reachWords say what the rules 0 to 2 object to.
func reachWords() map[clinical.Reason]string {
	return map[clinical.Reason]string{
		"":                    "Shown.",
		"absent":              "The picture is not there any more. Take it out of the set.",
		"gone":                "The picture was destroyed. Take it out of the set.",
		"no-patient":          "The patient's record is not there. Ask governance.",
		"quarantined":         "Nobody has said yet whose picture this is. File it first.",
		"provisional":         "The picture waits for its run to be confirmed. Confirm the run.",
		"no-use":              "The request does not say what the picture is for.",
		"audience-of-purpose": "This purpose has another audience.",
		"rendition":           "This form of the picture does not leave for this purpose.",
		"nobody":              "Nobody known asked.",
		"inactive":            "The account is not active.",
		"role":                "The role does not include this purpose or this way out.",
		"need-to-know":        "No need to know: not the treating team, the specialty, or the photographer of the job.",
		"care-team-only":      "For the treating team only, not for the whole specialty.",
		"no-set":              "No set that reaches the person holds the picture.",
		"set-purpose":         "The set is for another purpose.",
		"set-audience":        "The set is shown to a larger audience than was asked for.",
		"not-in-set":          "The picture is not in the set.",
		"not-on-roster":       "The person is not on the roster.",
		"outside-term":        "The person's term has not begun, or is over.",
		"shared-account":      "The patient can be recognised, and several people use this account. Mount it with one of your own.",
		"set-closed":          "The set is not published, or outside its dates.",
		"not-yet-published":   "Added after the set was published. Publish it again.",
		"second-person":       "A second person has to publish this picture. Submit the set.",
		"no-release":          "No release names the picture for this purpose.",
	}
}

// pictureWords say what the rules 3 object to.
func pictureWords() map[clinical.Reason]string {
	return map[clinical.Reason]string{
		"form":                  "This is the scan of a form. It opens from the consent that it belongs to.",
		"id-shot":               "An ID shot never leaves care.",
		"unclassified":          "Nobody has said what is in the picture. Classify it.",
		"safeguarding":          "A safeguarding picture stays on the screens of care.",
		"safeguarding-search":   "A safeguarding picture is found by named people only.",
		"child-intimate":        "An intimate picture of a child stays on the screens of care.",
		"child-intimate-search": "An intimate picture of a child is found by named people only.",
		"vip":                   "For named people only.",
		"vip-mount":             "A picture for named people only is never on a drive.",
		"photography-refused":   "The patient refused photography.",
		"child-capacity":        "The patient was a child: a parent's or a mature minor's consent is needed. Ask for it.",
		"child-review":          "The consent for a child is due for review. Review it.",
		"both-parents":          "One parent has consented: here both are asked. Ask the other.",
		"came-of-age":           "The patient is 18, and a parent's consent has ended. Ask the patient.",
		"intimate-audience":     "An intimate picture goes to small groups only, unless the patient ticked more.",
		"deceased":              "The patient has died: a consent in that capacity is needed. Ask the family, and record it.",
		"family-not-asked":      "The patient has died, and the family has not answered yet. Finish the task of asking them.",
		"family-objected":       "The patient has died, and the family objects.",
	}
}

// consentWords say what the rules 4 and 5 object to.
func consentWords() map[clinical.Reason]string {
	return map[clinical.Reason]string{
		"refused":                 "The patient refused. Do not ask again.",
		"no-consent":              "No consent for this purpose. Ask the patient, or take the picture out.",
		"withdrawn":               "The patient withdrew consent.",
		"asked":                   "Asked, waiting for the patient's answer.",
		"pending":                 "A consent was recorded offline and has not arrived yet. Wait until it is synced.",
		"consent-ended":           "Consent has ended. Ask again, or take the picture out.",
		"consent-not-begun":       "Consent has not begun yet.",
		"consent-open-ended":      "Consent for research has no end date. Record one.",
		"consent-review":          "The consent is due for review. Review it.",
		"not-covered":             "The consent covers other pictures than this one.",
		"mode":                    "This kind of consent does not reach so far. Have a form signed.",
		"ceiling-audience":        "Consent stops at a smaller audience than this set's.",
		"ceiling-identifiability": "The consent does not say how far the patient may be recognised. Record one that does.",
		"no-rendition":            "Only a masked or anonymised copy may be shown, and none is made. Classify it as without identifying feature if that is so.",
		"ceiling-channel":         "Consent does not include this way of showing it.",
		"images-not-shown":        "The patient was not shown the pictures before consenting.",
		"named-use":               "Consent names another publication.",
		"study":                   "Consent names another study, or its ethics reference is missing.",
		"no-authority":            "No authority is recorded for this release.",
		"identity-hold":           "It is being checked whose picture this is. Named team only.",
		"legal-hold":              "A legal hold keeps the picture from leaving, for a court too. Governance lifts it, the copy is released, and governance places it again.",
	}
}

// Reasons returns every reason for which something is refused, sorted.
func Reasons() []clinical.Reason {
	var out []clinical.Reason
	for _, words := range []map[clinical.Reason]string{reachWords(), pictureWords(), consentWords()} {
		for why := range words {
			if why != "" {
				out = append(out, why)
			}
		}
	}
	slices.Sort(out)
	return out
}
