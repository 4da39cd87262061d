package main

// consent is that what a patient allows is shown, and nothing else is, to the letter.
func consent() []promise {
	return []promise{
		{"under-load", withdrawnUnderLoad},
		{"large-world", withdrawnAmongMany},
		{"ledger", entriesAreCheap},
	}
}
