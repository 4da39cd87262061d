package ingest

import (
	"maps"
	"slices"

	"fovea/clinical"
)

// Why a file was quarantined or ignored. The codes are in receipts, landings
// and assets for ever: add, never rename.
const (
	// The file itself.
	reasonTruncated  clinical.Reason = "truncated"
	reasonEmpty      clinical.Reason = "empty"
	reasonTypeLies   clinical.Reason = "type-lies"
	reasonTypeOther  clinical.Reason = "type-unknown"
	reasonPixels     clinical.Reason = "too-many-pixels"
	reasonTooLarge   clinical.Reason = "too-large"
	reasonUnreadable clinical.Reason = "unreadable"

	// The darkroom's: found when the picture is rendered.
	reasonUndecodable clinical.Reason = "undecodable"

	// The studio's folder, in its status only.
	reasonNotReached  clinical.Reason = "not-reached"
	reasonNotWritable clinical.Reason = "not-writable"
	reasonDiskFull    clinical.Reason = "disk-full" // the vault's own

	// Never opened.
	reasonLitter  clinical.Reason = "litter"
	reasonLink    clinical.Reason = "link"
	reasonNotFile clinical.Reason = "not-a-file"
	reasonTooDeep clinical.Reason = "too-deep"

	// Tickets.
	reasonTicket             clinical.Reason = "ticket" // the ticket itself, consumed
	reasonNoTicket           clinical.Reason = "no-ticket"
	reasonTicketInvalid      clinical.Reason = "ticket-invalid"
	reasonTicketTooLarge     clinical.Reason = "ticket-too-large"
	reasonTicketOrphan       clinical.Reason = "ticket-orphan"
	reasonTicketStale        clinical.Reason = "ticket-stale"
	reasonTicketLesion       clinical.Reason = "ticket-lesion"
	reasonTicketPhotographer clinical.Reason = "ticket-photographer"

	// Who it is.
	reasonUnidentified  clinical.Reason = "unidentified"
	reasonNameUnmatched clinical.Reason = "name-unmatched"
	reasonUnknownJob    clinical.Reason = "unknown-job"
	reasonUnknownPerson clinical.Reason = "unknown-patient"
	reasonIdentifier    clinical.Reason = "identifier-form"
	reasonCheckDigit    clinical.Reason = "check-digit"
	reasonAmbiguous     clinical.Reason = "identifier-ambiguous"
	reasonJobClosed     clinical.Reason = "job-closed"
	reasonRefused       clinical.Reason = "photography-refused"
	reasonDisagree      clinical.Reason = "sources-disagree"

	// ID shots and runs.
	reasonNoLabel       clinical.Reason = "no-label"
	reasonTwoLabels     clinical.Reason = "two-labels"
	reasonLabelUnknown  clinical.Reason = "label-unknown"
	reasonNoSerial      clinical.Reason = "no-serial"
	reasonNoCaptureTime clinical.Reason = "no-capture-time"
	reasonGap           clinical.Reason = "gap"
	reasonTie           clinical.Reason = "tie"
	reasonOrder         clinical.Reason = "order"
	reasonAfterEnd      clinical.Reason = "after-end-label"
	reasonEndUnmatched  clinical.Reason = "end-label-unmatched"
	reasonAfterBlind    clinical.Reason = "after-unreadable"
	reasonInFiledRun    clinical.Reason = "in-filed-run"
	reasonLabelInFiled  clinical.Reason = "label-in-filed-run"
	reasonAfterTicket   clinical.Reason = "after-ticket"
)

// Words returns what a person reads about a reason: what happened, and what to
// do. It never says anything about a patient. Codes of others get words that
// are true of any quarantined file.
func Words(r clinical.Reason) string {
	if w, ok := words()[r]; ok {
		return w
	}
	return "This file could not be filed. Open Arrivals in Fovea, look at it, and file it under its patient or reject it."
}

// byHand ends the messages whose remedy is a person's decision.
const byHand = " Open Arrivals in Fovea, find this picture in the quarantine, and file it under its patient or reject it."

func words() map[clinical.Reason]string {
	return map[clinical.Reason]string{
		reasonTruncated:  "The file ends before its picture does: the copy was cut off. Copy it again from the card, then reject this one in Arrivals.",
		reasonEmpty:      "The file has no content, so nothing was kept of it. Copy it again from the card over this one, or remove it from the folder.",
		reasonTypeLies:   "The content is not what the file's name says it is. Look at it on the workstation that wrote it; if it is a picture, give it the right extension and drop it again, then reject this one in Arrivals.",
		reasonTypeOther:  "This is not a picture or film that Fovea knows. If it belongs to a patient, deliver it another way; then reject this one in Arrivals.",
		reasonPixels:     "The picture has more pixels than Fovea opens. Export it smaller, drop it again, then reject this one in Arrivals.",
		reasonTooLarge:   "The file is larger than Fovea takes in and was left where it is. Export it smaller, or ask your administrator to raise the limit.",
		reasonUnreadable: "The file is damaged so that its details cannot be read. Copy it again from the card; if it stays so, file this one by hand in Arrivals or reject it.",

		reasonUndecodable: "The pixels of this picture cannot be decoded." + byHand + " If you have the card, copy the file again first.",

		reasonNotWritable: "Fovea may not write into the watch folder, so nothing is taken out of it. Give Fovea's account the right to write there.",
		reasonDiskFull:    "The vault's disk is full. Files are safe where they lie and will be read when there is room. Make room on the server.",
		reasonNotReached:  "The watch folder does not answer. Files there are safe and will be read when it returns. Check the share or the network.",

		reasonLitter:  "A system's or program's own file, not a picture. Nothing to do.",
		reasonLink:    "This is a link, not a file, and Fovea opens no links. Copy the file itself into the folder.",
		reasonNotFile: "This is a device or a pipe, not a file. Remove it from the folder.",
		reasonTooDeep: "The folder lies more than 20 levels deep. Move it higher up.",

		reasonTicket:             "A job ticket that was read. Nothing to do.",
		reasonNoTicket:           "No job ticket lay beside this file." + byHand + " Next time put ticket.json or ticket.csv into the folder with the pictures.",
		reasonTicketInvalid:      "The job ticket beside this file cannot be read." + byHand + " Then correct the ticket against the studio guide before the next drop.",
		reasonTicketTooLarge:     "The job ticket beside this file is larger than 1 MB, which no ticket is." + byHand + " Then write a new ticket before the next drop.",
		reasonTicketOrphan:       "A ticket or data file without the picture it is named after. Remove it, or rename it after its picture.",
		reasonTicketStale:        "The job ticket beside this file had waited too long for its pictures, and may be about somebody else." + byHand + " Then remove the old ticket, and write a new one before the next drop.",
		reasonTicketLesion:       "The job ticket names a lesion that this patient does not have." + byHand + " Then correct the ticket.",
		reasonTicketPhotographer: "The job ticket names a photographer who is not known or does not work in this studio." + byHand + " Then correct the ticket.",

		reasonUnidentified:  "Nothing said whose picture this is: no ticket, no ID shot, no file name that follows the pattern." + byHand,
		reasonNameUnmatched: "The file's name does not follow this studio's pattern." + byHand + " Then rename the files before the next drop.",
		reasonUnknownJob:    "The job number is not known." + byHand + " If the job is new, have it entered first.",
		reasonUnknownPerson: "The patient number is not known. Have the patient registered first." + byHand,
		reasonIdentifier:    "The number that was read is not written like any of this hospital's numbers, so nothing was guessed." + byHand,
		reasonCheckDigit:    "The check digit of the number is wrong: it was misread or mistyped, so nothing was guessed. Compare it with the notes." + byHand,
		reasonAmbiguous:     "The number could belong to more than one numbering system, so nothing was guessed." + byHand + " Next time name the system on the ticket.",
		reasonJobClosed:     "The job was refused or the patient did not attend, so no picture was expected. Check the job number." + byHand,
		reasonRefused:       "This patient refused photography. Do not take more. Ask the person who requested the pictures, then file or reject this one in Arrivals.",
		reasonDisagree:      "Two things that say whose picture this is disagree, such as the ticket and the ID shot. Find out which is right." + byHand,

		reasonNoLabel:       "No ID shot came before this frame." + byHand + " Next time photograph the label first.",
		reasonTwoLabels:     "Two different labels are in one frame, so neither was believed." + byHand + " Next time frame one label alone.",
		reasonLabelUnknown:  "The code in the ID shot is no job number and no patient number of this hospital." + byHand,
		reasonNoSerial:      "The camera did not write its serial number, so its frames cannot be put in order." + byHand + " Use a job ticket with this camera.",
		reasonNoCaptureTime: "The file does not say when it was taken, so it cannot be put in order." + byHand + " Use a job ticket for such files.",
		reasonGap:           "The pause since the frame before is too long to go on under the same ID shot." + byHand,
		reasonTie:           "This frame and an ID shot were taken at the same instant, and nothing says which came first." + byHand,
		reasonOrder:         "The camera's clock and its file numbers tell different stories: the clock was changed." + byHand + " Then set the clock.",
		reasonAfterEnd:      "This frame was taken after the closing ID shot and before a new one." + byHand,
		reasonEndUnmatched:  "This closing ID shot does not belong to the frames before it: the opening one is missing or too long ago." + byHand,
		reasonAfterBlind:    "The frame before this one cannot be read and may have been an ID shot." + byHand,
		reasonInFiledRun:    "This frame arrived late: the frames around it are filed already." + byHand,
		reasonAfterTicket:   "The frames before this one on the camera are another job's by their own ticket or name, and this one has none." + byHand + " Next time photograph the label first, or put the ticket beside every picture.",
		reasonLabelInFiled:  "This ID shot arrived late, in the middle of frames that are filed under another label. Check those frames now and refile the wrong ones." + byHand,
	}
}

// Reasons returns every code that has words, in order.
func Reasons() []clinical.Reason { return slices.Sorted(maps.Keys(words())) }
