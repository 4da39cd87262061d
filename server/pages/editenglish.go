package pages

import "fovea/clinical"

func englishEdit() editWords {
	return editWords{
		Title: "Edit a picture", ThePicture: "The picture", FromVersion: "from version", FromOriginal: "from the original",
		StageEdit: "Edit", StageSave: "Save", StageLook: "Looked at 1:1 by another person",
		Tools: "Tools", NoFlip: "Pictures are never flipped: left stays left.",
		Keys:      "Choose a tool, then draw on the picture. By keyboard: the tool’s letter, arrows to move the cross, Space to set and again to end, Esc to leave.",
		DrawAgain: "Draw again", NoSize: "Nothing says how large the picture is, so nothing can be placed in it.",
		NoPicture: "A browser cannot show this kind of file as it was taken. Place shapes by their numbers, save, and look at the copy.",
		ClickAlt:  "Mask this place: adds a mask at its middle", ClickHint: "Whole lines are filled in the copy, dashed ones are not ticked. Light and colour are shown here by the browser; the copy is the server’s own rendering.",
		Fit: "Fit", Before: "Before", Undo: "Undo",

		Masks: "Masks", Mask: "Mask", EyeBar: "A bar over the eyes makes nobody anonymous (ICMJE): nobody can attest this version. Mask the whole face.",
		NoFinder:       "This server looks for no faces. Mark them by hand.",
		LookedForFaces: "Faces, writing and codes were looked for; what a detector is sure of is ticked. Masks:", MissesSome: "It misses some, and looks for nothing else: tattoos, jewellery and the background are yours to see.",
		NoMasks: "Nothing is masked yet.", NoBlur: "Every pixel that a mask touches is replaced. There is no blur, because blur can be undone.",
		Shape: "Shape", Ellipse: "Ellipse", Polygon: "Polygon", Brush: "Brush", Size: "Size", Small: "small", Middle: "middle", Large: "large",
		AddMask: "Add", FindFaces: "Look for faces and labels", Suggested: "suggested,", Remove: "Remove", Hides: "hides", By: "by", Solid: "one colour", Noise: "noise",
		MiddleX: "Middle x", MiddleY: "Middle y", WidthWord: "Width", HeightWord: "Height", Angle: "Angle °", Points: "Points x,y", Radius: "Radius",

		Tone: "Light and colour", Exposure: "Exposure", Contrast: "Contrast", WhiteFrom: "White balance from a grey patch", ChartFrom: "Colours from a chart", WasBefore: "before",
		GreyPatch: "Grey patch", PatchHint: "left, top, width, height", Chart: "Colour chart: middles of its corner patches",
		ChartHint: "A ColorChecker Classic of 24 patches, clicked in this order: dark brown, bluish green, black, white. It takes the place of white balance and exposure.", Measure: "Measure",
		Crop: "Crop, turn, side", Turn: "Turn", Side: "Side label", NoSide: "none", Straighten: "Straighten °", CropHint: "An empty width is the whole picture.",
		Scale: "Scale bar", RulerLine: "Line along a ruler", LengthMM: "Its length, mm", Bar: "Bar", BarFits: "what fits", Corner: "Corner",
		ScaleHint: "Draw along as much of the ruler as you can: the longer the line, the surer the scale. It holds where the ruler lies.", PerMillimetre: "px per mm",
		Marks: "Annotations", Kind: "Kind", Arrow: "Arrow", TextWord: "Text", Outline: "Outline", AddMark: "Add", MarkHint: "A text is drawn into the picture for everybody who sees it: name nobody.", Ink: "Colour",

		Save: "Save", Note: "A word on it", SaveHint: "The original stays as it is. Sets that show the version before lose it until a second person has looked at this one.",
		SaveVersion: "Save this version", WhatIf: "What if?",
		Versions: "Versions", EachStays: "each stays as it was", SideBySide: "versions stand side by side: two people’s answers. The last saved is shown.", ShownNow: "shown", Head: "stands alone",
		Recognisable: "still recognisable", NotAttested: "not attested", BeginFrom: "Begin from it", NoChange: "Changes nothing.", LookAtCopy: "Look at the copy", BeginOriginal: "Begin from the original",
		NoVersions: "None: the picture is shown as it was taken.",
		CopyTo:     "Copy to other pictures", CopyWhat: "What", NoCode: "No view code", OtherPicture: "Another picture’s reference",
		NeverAcross: "Masks, annotations, scale and side are never copied to another patient.", CopyButton: "Copy to these",

		Waiting: "Copies to look at", WaitingLead: "masked by others, and shown by no set before a second person has looked", NoWaiting: "No copy waits for you.",
		NoWaitingMore: "When somebody masks a picture of a patient whom you treat or photograph, it appears here. What you masked yourself waits for somebody else.",
		Oldest:        "Longest waiting first", Newest: "Newest first", Since: "Since", Patient: "Patient", Who: "Masked by", What: "Masks",

		ToolList: []tool{
			{"ellipse", "M", "Ellipse", "Drag from the middle of what is to be hidden."},
			{"polygon", "P", "Polygon", "Click the corners; Enter or a double click ends."},
			{"brush", "B", "Brush", "Paint over it; [ and ] change the width."},
			{"crop", "R", "Crop", "Drag over what is to be kept."},
			{"white", "W", "White balance", "Drag inside a grey card, then Measure."},
			{"chart", "K", "Colour chart", "Click dark brown, bluish green, black, white, then Measure."},
			{"scale", "L", "Scale bar", "Draw along the ruler, then type its length."},
			{"arrow", "A", "Arrow", "Draw from its tail to its head."},
			{"text", "T", "Text", "Click where it begins, then type it."},
			{"outline", "O", "Outline", "Click its points; Enter or a double click ends."},
		},
		Corners: []choice{{"lower-right", "lower right"}, {"lower-left", "lower left"}, {"upper-right", "upper right"}, {"upper-left", "upper left"}},
		Inks:    []choice{{"yellow", "yellow"}, {"white", "white"}, {"cyan", "cyan"}, {"black", "black"}},
		Parts:   []choice{{"tone", "light and colour"}, {"frame", "crop"}, {"turn", "turn"}, {"masks", "masks"}, {"marks", "annotations"}, {"scale", "scale bar"}, {"side", "side label"}},
		Causes: map[clinical.MaskCause]string{
			clinical.HidesFace: "face", clinical.HidesEyes: "eyes", clinical.HidesTattoo: "tattoo", clinical.HidesJewellery: "jewellery",
			clinical.HidesLabel: "label", clinical.HidesBackground: "background", clinical.HidesOther: "something else",
		},
		Was: "; before: ",
	}
}
