package darkroom

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fovea/clinical"
	"fovea/internal/sandbox"
)

// ReasonVideoCodec is why a video cannot be copied without what it tells: its
// compressed frames may hold text that only the two common codecs are known to
// be freed from.
const ReasonVideoCodec clinical.Reason = "video-codec"

const (
	ffprobePath = "/usr/bin/ffprobe"
	shellPath   = "/usr/bin/sh"
	// maxVideo is the longest copy that is made, in bytes: it is held in memory to
	// be checked before anybody gets it.
	maxVideo = 256 << 20
	// codecUnknown is the status that the script below ends with.
	codecUnknown = 3
)

// remuxScript copies the frames, without sound (voices are people), data
// streams, subtitles, chapters, tags, cover pictures, and without the
// supplemental messages (SEI: dates, places, text) between the frames.
const remuxScript = `codec=$(ffprobe -v quiet -protocol_whitelist file,pipe -select_streams V:0 -show_entries stream=codec_name -of csv=p=0 "$0" | head -n 1)
case "${codec%%,*}" in
h264) types=6 tag=avc1 ;;
hevc) types=39-40 tag=hvc1 ;;
*) exit 3 ;;
esac
exec ffmpeg -v quiet -nostdin -threads 1 -protocol_whitelist file,pipe -i "$0" -map 0:V:0 -an -sn -dn \
	-c:v copy -bsf:v "filter_units=remove_types=$types" -tag:v "$tag" \
	-map_metadata -1 -map_metadata:s:v -1 -map_chapters -1 -fflags +bitexact -flags:v +bitexact \
	-movflags +frag_keyframe+empty_moov+default_base_moof -f mp4 pipe:1`

// Remux copies the frames of a video of H.264 or HEVC into a fresh MP4 that
// carries nothing else, sound included, and has it read by ffprobe and by
// [BareVideo] before returning it. What is seen in the frames stays as it is:
// nothing is masked. Other codecs are Invalid with ReasonVideoCodec, what is no
// video with ReasonUndecodable.
func (r *Renderer) Remux(ctx context.Context, src Source, background bool) ([]byte, error) {
	if r.box == nil || !r.box.Has(ffmpegPath) || !r.box.Has(ffprobePath) || src.Size > maxSource {
		return nil, undecodable(sandbox.ErrMissing)
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := r.box.Run(limited, sandbox.Command{
		Path: shellPath, Args: []string{"-c", remuxScript, sandbox.DataPath}, Input: sandbox.File(src),
		Limits:     sandbox.Limits{CPU: time.Minute, Memory: 3 << 30, Output: maxVideo, Input: maxSource},
		Background: background,
	})
	if exit, ok := errors.AsType[*sandbox.ExitError](err); ok && exit.Code == codecUnknown {
		return nil, clinical.Refuse(clinical.Invalid, ReasonVideoCodec,
			"This video cannot be freed of what it tells besides its pictures. Convert it to H.264 and file that, or release still pictures of it.")
	}
	if err == nil && len(out) == 0 {
		err = errNoOutput
	}
	if err != nil {
		return nil, blame(ctx, err)
	}
	if err := r.checkVideo(limited, out); err != nil {
		return nil, err
	}
	return out, nil
}

// checkVideo has a copy read by two readers that share no code.
func (r *Renderer) checkVideo(ctx context.Context, b []byte) error {
	if err := BareVideo(b); err != nil {
		return clinical.Errorf(clinical.Internal, "darkroom: check video: %w", err)
	}
	text, err := r.box.Run(ctx, sandbox.Command{
		Path: ffprobePath, Args: []string{
			"-v", "quiet", "-protocol_whitelist", "file,pipe", "-show_format", "-show_streams", "-show_chapters", "-of", "json", sandbox.DataPath,
		}, Input: sandbox.File(bytes.NewReader(b)), Limits: sandbox.Limits{CPU: time.Minute, Memory: 3 << 30, Output: 1 << 20, Input: maxVideo},
	})
	if err != nil {
		return blame(ctx, err)
	}
	var seen struct {
		Format   struct{ Tags map[string]string }
		Streams  []struct{ Tags map[string]string }
		Chapters []json.RawMessage
	}
	if err := json.Unmarshal(text, &seen); err != nil || len(seen.Streams) != 1 || len(seen.Chapters) != 0 {
		return clinical.Errorf(clinical.Internal, "darkroom: check video: %w", errCarries)
	}
	allowed := []string{"major_brand", "minor_version", "compatible_brands", "language", "handler_name", "vendor_id"}
	for _, tags := range []map[string]string{seen.Format.Tags, seen.Streams[0].Tags} {
		for name := range tags {
			if !slices.Contains(allowed, name) {
				return clinical.Errorf(clinical.Internal, "darkroom: check video: %w: a tag", errCarries)
			}
		}
	}
	return nil
}

// emptyList is the list of no tags that ffmpeg always writes.
const emptyList = "\x00\x00\x00\x35meta\x00\x00\x00\x00" +
	"\x00\x00\x00\x21hdlr\x00\x00\x00\x00\x00\x00\x00\x00mdirappl\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x08ilst"

// BareVideo tells whether b is one MP4 of one video track that carries nothing
// else: no box but those that players need, no date, no name (ISO/IEC 14496-12).
func BareVideo(b []byte) error {
	tracks := 0
	err := boxes(b, "", func(path string, body []byte) error {
		switch path[strings.LastIndexByte(path, '/')+1:] {
		case "trak":
			tracks++
		case "udta":
			if string(body) != emptyList {
				return fmt.Errorf("%w: user data", errCarries)
			}
		case "mvhd", "tkhd", "mdhd":
			if err := undated(body); err != nil {
				return err
			}
		case "hdlr":
			if len(body) < 24 || string(body[8:12]) != "vide" || string(bytes.TrimRight(body[24:], "\x00")) != "VideoHandler" {
				return fmt.Errorf("%w: handler", errCarries)
			}
		}
		return nil
	})
	if err == nil && tracks != 1 {
		err = fmt.Errorf("%w: %d tracks", errCarries, tracks)
	}
	return err
}

// undated refuses a header that holds a time of creation or change.
func undated(body []byte) error {
	n := 8 // two dates of four bytes
	if len(body) > 0 && body[0] == 1 {
		n = 16
	}
	if len(body) < 4+n || len(bytes.Trim(body[4:4+n], "\x00")) != 0 {
		return fmt.Errorf("%w: a date", errCarries)
	}
	return nil
}

// boxes walks the boxes of b, each shown with its path, and refuses any that a
// bare video has no use for.
func boxes(b []byte, path string, visit func(path string, body []byte) error) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return errNotVideo
		}
		size, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		if size == 1 && len(b) >= 16 {
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size < head || size > uint64(len(b)) {
			return errNotVideo
		}
		name := path + "/" + string(b[4:8])
		body := b[head:size]
		inner, leaf := bareBoxes(name)
		if !inner && !leaf {
			return fmt.Errorf("%w: a box", errCarries)
		}
		if err := visit(name, body); err != nil {
			return err
		}
		if inner {
			if err := boxes(body, name, visit); err != nil {
				return err
			}
		}
		b = b[size:]
	}
	return nil
}

// errNotVideo: the boxes do not fit into one another.
var errNotVideo = errors.New("not a whole MP4")

// bareBoxes tells whether a box belongs into a bare video, with boxes in it or
// without.
func bareBoxes(path string) (inner, leaf bool) {
	const tables = "/moov/trak/mdia/minf/stbl"
	inner = slices.Contains([]string{
		"/moov", "/moov/trak", "/moov/trak/mdia", "/moov/trak/mdia/minf", "/moov/trak/mdia/minf/dinf", tables, "/moov/trak/edts", "/moov/mvex",
		"/moof", "/moof/traf", "/mfra",
	}, path)
	leaf = slices.Contains([]string{
		"/ftyp", "/mdat", "/moov/mvhd", "/moov/udta", "/moov/trak/tkhd", "/moov/trak/edts/elst", "/moov/trak/mdia/mdhd", "/moov/trak/mdia/hdlr",
		"/moov/trak/mdia/minf/vmhd", "/moov/trak/mdia/minf/dinf/dref", tables + "/stsd", tables + "/stts", tables + "/ctts", tables + "/stsc",
		tables + "/stsz", tables + "/stco", tables + "/co64", tables + "/stss", tables + "/sgpd", tables + "/sbgp",
		"/moov/mvex/mehd", "/moov/mvex/trex", "/moof/mfhd", "/moof/traf/tfhd", "/moof/traf/tfdt", "/moof/traf/trun", "/mfra/tfra", "/mfra/mfro",
	}, path)
	return inner, leaf
}
