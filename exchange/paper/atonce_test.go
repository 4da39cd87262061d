package paper_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"fovea/exchange/paper"
)

// Papers are drawn at once by several doors; each comes out as if it were alone.
func TestPapersThatAreDrawnAtOnceShareNothing(t *testing.T) {
	by := paper.Issuer{Site: "Hôpital", Language: paper.French, Zone: time.UTC, Now: time.Unix(0, 0)}
	draw := func() []byte {
		var b bytes.Buffer
		if err := paper.WriteForm(&b, paper.FormToFill{}, by); err != nil {
			t.Error(err)
		}
		return b.Bytes()
	}
	alone := draw()
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if !bytes.Equal(draw(), alone) {
				t.Error("a paper differs from the one that was drawn alone")
			}
		})
	}
	running.Wait()
}
