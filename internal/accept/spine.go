package main

// spine is the path of a photo, from a studio's folder to the drives that its patient allows.
func spine() []promise {
	return []promise{
		{"demo", demoStarts},
		{"cameras", camerasAgree},
		{"fuzzed", fuzzedFilesDoNoHarm},
		{"upright", orientationsComeOutUpright},
		{"search", onlyThoseWhoTreatFind},
		{"doors", refusedIsAbsent},
		{"walk", nobodyUnderAnotherPatient},
		{"clocks", camerasWithClocksApart},
		{"late-label", labelComesLate},
		{"withdrawal", withdrawnWithinOneRequest},
		{"refile", refiledOnALiveMount},
		{"mounts", realClientsMount},
		{"race", listingsRaceWithdrawals},
		{"kill", killedAtAnyInstant},
		{"sealed", nothingInPlain},
		{"bad-input", badInputDoesNoHarm},
		{"share", shareGoesAndComesBack},
		{"full-disk", fullDiskPausesAndResumes},
		{"audit", logProvesItAll},
		{"throughput", bulkIsTakenIn},
		{"durable", durableBesideFiles},
		{"search-speed", searchIsFast},
		{"memory", memoryStaysBounded},
	}
}
