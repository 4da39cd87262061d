package clinical

// Acts lists every act that an entry of the ledger may be about: who asks for
// one that is not among them has mistyped it.
func Acts() []Act {
	return []Act{
		ActInit, ActPersonAdded, ActPersonChanged, ActPatientAdded, ActPatientChanged, ActEncounterOpened,
		ActJobAdded, ActJobChanged, ActAssetKept, ActAssetQuarantined, ActLanding, ActRunConfirmed, ActRunResolved,
		ActQuarantineFiled, ActQuarantineReject, ActClassified, ActReviewed, ActDescribed, ActRefiled, ActDiscarded,
		ActRendered, ActConsentRecorded, ActConsentWithdrawn, ActConsentMistaken, ActHoldPlaced, ActHoldLifted,
		ActSetCreated, ActSetChanged, ActSetItemsAdded, ActSetItemsRemoved, ActSetSubmitted, ActSetPublished,
		ActSetClosed, ActSessionChanged, ActFormKept, ActPatientsMerged, ActPatientsUnmerged, ActCodeIssued,
		ActCodeRevoked, ActRecallSettled, ActTaskRaised, ActTaskDone, ActGlassBroken, ActGlassReviewed,
		ActReleaseMade, ActReleaseDelivered, ActReleaseFailed, ActReleaseEnded, ActErasureAsked, ActErasureDecided,
		ActErasureDone, ActRetentionDecided, ActSubjectsNamed, ActLesionOpened, ActLesionChanged, ActEdited,
		ActAttested, ActMeasured, ActRenditionsDropped, ActViewed, ActServed, ActListed, ActSearched, ActPatientSeen, ActDenied,
		ActStreamCut, ActSignedIn, ActSignInFailed, ActSignedOut, ActPasswordSet, ActAppIssued, ActAppRevoked,
		ActAuditExported, ActAuditRead, ActExplained, ActSimulated, ActGapDeclared, ActPaperIssued, ActUploaded,
		ActUploadRead, ActUploadRemoved,
	}
}
