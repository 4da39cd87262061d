package vault_test

import (
	"bytes"
	"io"
	"sync"
	"testing"

	"fovea/clinical"
)

// Streams that come to their end give their buffers to others. Those of many pictures that are read at once, to the end,
// only in part, and over again, give each its own bytes.
func TestStreamsThatShareBuffersKeepApart(t *testing.T) {
	b := newBench(t)
	p := b.patient(t, "1000")
	type kept struct {
		id   clinical.BlobID
		data []byte
	}
	var all []kept
	for i := range 6 {
		data := picture(150_000+i*100_000, byte(i))
		all = append(all, kept{b.mustKeep(t, b.owner(p.ID), data).Original.ID, data})
	}
	read := func(k kept, from int64) {
		c, err := b.Vault.Open(t.Context(), k.id)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for range 2 {
			if _, err := c.Seek(from, io.SeekStart); err != nil {
				t.Error(err)
			}
			some := make([]byte, 1000)
			if _, err := io.ReadFull(c, some); err != nil || !bytes.Equal(some, k.data[from:from+1000]) {
				t.Errorf("1000 bytes from %d: %v", from, err)
			}
		}
		if _, err := c.Seek(0, io.SeekStart); err != nil {
			t.Error(err)
		}
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, k.data) {
			t.Errorf("%d bytes of %d, %v", len(got), len(k.data), err)
		}
	}
	var readers sync.WaitGroup
	for i := range 48 {
		readers.Go(func() {
			for k := range all {
				read(all[(i+k)%len(all)], int64(1000*(i+1)))
			}
		})
	}
	readers.Wait()
}
