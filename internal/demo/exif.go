package demo

import (
	"bytes"
	"encoding/binary"
	"time"

	"fovea/clinical"
)

// Tags of Exif 2.32 (CIPA DC-008-2019) and TIFF 6.0.
const (
	tagMake             = 0x010F
	tagModel            = 0x0110
	tagOrientation      = 0x0112
	tagXResolution      = 0x011A
	tagYResolution      = 0x011B
	tagResolutionUnit   = 0x0128
	tagDateTime         = 0x0132
	tagYCbCrPositioning = 0x0213
	tagExifIFD          = 0x8769
	tagExposureTime     = 0x829A
	tagFNumber          = 0x829D
	tagISO              = 0x8827
	tagExifVersion      = 0x9000
	tagDateTimeOriginal = 0x9003
	tagOffsetOriginal   = 0x9011
	tagComponents       = 0x9101
	tagFocalLength      = 0x920A
	tagFlashpix         = 0xA000
	tagColorSpace       = 0xA001
	tagWidth            = 0xA002
	tagHeight           = 0xA003
	tagBodySerial       = 0xA431
)

const (
	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeUndefined = 7
)

// maxExifText bounds each text of a camera; the whole segment then fits its 64 KiB many times over.
const maxExifText = 64

// tag is one entry of an IFD. An entry of up to four bytes lies in the entry itself.
type tag struct {
	id, kind uint16
	count    uint32
	data     []byte
}

func text(id uint16, s string) tag {
	return tag{id, typeASCII, uint32(len(s) + 1), append([]byte(s), 0)}
}

func short(id uint16, v int) tag {
	return tag{id, typeShort, 1, binary.LittleEndian.AppendUint16(nil, uint16(v))}
}

func long(id uint16, v int) tag {
	return tag{id, typeLong, 1, binary.LittleEndian.AppendUint32(nil, uint32(v))}
}

func ratio(id uint16, num, den uint32) tag {
	return tag{id, typeRational, 1, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, num), den)}
}

// exif builds an APP1 segment, marker included. Texts that are too long or not printable ASCII are Invalid.
func exif(o Options, width, height int) ([]byte, error) {
	for _, s := range []string{o.Camera.Make, o.Camera.Model, o.Camera.Serial} {
		if len(s) > maxExifText || bytes.ContainsFunc([]byte(s), func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, clinical.Errorf(clinical.Invalid, "demo: a camera's texts are printable ASCII of at most %d bytes", maxExifText)
		}
	}
	const stamp = "2006:01:02 15:04:05"
	taken := o.Taken.Add(o.Camera.Clock)
	first := []tag{
		short(tagOrientation, o.Orientation), ratio(tagXResolution, 300, 1), ratio(tagYResolution, 300, 1),
		short(tagResolutionUnit, 2), text(tagDateTime, taken.Format(stamp)), short(tagYCbCrPositioning, 1),
	}
	if o.Camera.Make != "" {
		first = append([]tag{text(tagMake, o.Camera.Make), text(tagModel, o.Camera.Model)}, first...)
	}
	second := []tag{
		ratio(tagExposureTime, 1, 125), ratio(tagFNumber, 11, 1), short(tagISO, 200),
		{tagExifVersion, typeUndefined, 4, []byte("0232")},
		text(tagDateTimeOriginal, taken.Format(stamp)),
	}
	if !o.Camera.NoOffset {
		second = append(second, text(tagOffsetOriginal, taken.Format("-07:00")))
	}
	second = append(second,
		tag{tagComponents, typeUndefined, 4, []byte{1, 2, 3, 0}}, ratio(tagFocalLength, 105, 1),
		tag{tagFlashpix, typeUndefined, 4, []byte("0100")}, short(tagColorSpace, 1), long(tagWidth, width), long(tagHeight, height))
	if o.Camera.Serial != "" {
		second = append(second, text(tagBodySerial, o.Camera.Serial))
	}
	return segment(first, second), nil
}

// segment lays out the TIFF structure: header, first IFD with a pointer to the second, second IFD.
func segment(first, second []tag) []byte {
	const header = 8
	at := header + sizeOf(append(first, long(tagExifIFD, 0)))
	first = append(first, long(tagExifIFD, at))
	tiff := []byte{'I', 'I', 42, 0, header, 0, 0, 0}
	tiff = appendIFD(tiff, first)
	tiff = appendIFD(tiff, second)
	out := []byte{0xFF, 0xE1}
	out = binary.BigEndian.AppendUint16(out, uint16(2+6+len(tiff)))
	out = append(out, "Exif\x00\x00"...)
	return append(out, tiff...)
}

// sizeOf is what appendIFD will append.
func sizeOf(tags []tag) int {
	n := 2 + 12*len(tags) + 4
	for _, t := range tags {
		if len(t.data) > 4 {
			n += len(t.data) + len(t.data)&1
		}
	}
	return n
}

// appendIFD appends tags, which must ascend, and then the values that do not fit their entries.
func appendIFD(tiff []byte, tags []tag) []byte {
	values := len(tiff) + 2 + 12*len(tags) + 4
	var after []byte
	tiff = binary.LittleEndian.AppendUint16(tiff, uint16(len(tags)))
	for _, t := range tags {
		tiff = binary.LittleEndian.AppendUint16(tiff, t.id)
		tiff = binary.LittleEndian.AppendUint16(tiff, t.kind)
		tiff = binary.LittleEndian.AppendUint32(tiff, t.count)
		if len(t.data) <= 4 {
			tiff = append(tiff, append(bytes.Clone(t.data), 0, 0, 0, 0)[:4]...)
			continue
		}
		tiff = binary.LittleEndian.AppendUint32(tiff, uint32(values+len(after)))
		after = append(after, t.data...)
		if len(t.data)&1 == 1 {
			after = append(after, 0)
		}
	}
	tiff = append(tiff, 0, 0, 0, 0) // no next IFD
	return append(tiff, after...)
}

// Camera is what one camera says of itself.
type Camera struct {
	Make, Model string
	Serial      string        // empty: it does not say
	Clock       time.Duration // how far its clock is ahead
	NoOffset    bool          // it does not state its zone
}
