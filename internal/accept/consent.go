package main

// consent is that what a patient allows is shown, and nothing else is, to the letter.
func consent() []promise {
	return []promise{
		{"under-load", withdrawnUnderLoad},
		{"large-world", withdrawnAmongMany},
		{"denied", deniedIsAbsent},
		{"certificate", withdrawalIsCertified},
		{"code", patientsOwnCode},
		{"glass", glassIsBroken},
		{"erasure", erasedStaysErased},
		{"releases", releasesLeave},
		{"record", sessionsReachTheRecord},
		{"merge", partedIsFrozen},
		{"cohort", cohortsHaveTerms},
		{"fhir", consentsTravel},
		{"consistent", logsAgree},
		{"ledger", entriesAreCheap},
	}
}
