package main

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"fovea/clinical"
	"fovea/exchange/pack"
	"fovea/exchange/paper"
	"fovea/policy"
	"fovea/server/pages"
	"fovea/server/wire"
)

// papers is the desk as the pages ask it: small papers whole, in memory, and what may be large as it is sent.
func (p press) papers() pages.Papers {
	return pages.Papers{
		Certificate: func(ctx context.Context, c clinical.Caller, id clinical.RecallID, how pages.Print) ([]byte, error) {
			return printed(func(w io.Writer) error { return p.Certificate(ctx, c, id, asked(how), w) })
		},
		OwnCertificate: func(ctx context.Context, ch clinical.Change, how pages.Print) ([]byte, error) {
			return printed(func(w io.Writer) error { return p.OwnCertificate(ctx, ch, asked(how), w) })
		},
		ErasureCertificate: func(ctx context.Context, c clinical.Caller, id clinical.ErasureID, how pages.Print) ([]byte, error) {
			return printed(func(w io.Writer) error { return p.ErasureCertificate(ctx, c, id, asked(how), w) })
		},
		ConsentForm: func(ctx context.Context, c clinical.Caller, f pages.Form) ([]byte, error) {
			form := wire.PrintForm{Patient: f.Patient, Grant: f.Grant, Language: f.Language, Code: f.Secret, URL: f.URL}
			return printed(func(w io.Writer) error { return p.ConsentForm(ctx, c, form, w) })
		},
		ContactSheet:    p.ContactSheet,
		ReleasePassword: func() (string, error) { return pack.Password(rand.Reader) },
		ReleaseContent: func(ctx context.Context, c clinical.Caller, r pages.Handover) error {
			return p.HandOver(ctx, c, r.Release, r.Password, r.To)
		},
	}
}

func asked(p pages.Print) wire.Paper {
	return wire.Paper{Edition: p.Edition, Language: p.Language, JSON: p.Format == "json"}
}

// contactSheet prints a set as the caller sees it on screen. It may be had for
// as long as they see there what is on it.
func (d *desk) contactSheet(ctx context.Context, c clinical.Caller, id clinical.SetID, w io.Writer) (permit, error) {
	was, err := d.s.gate.Folder(ctx, c, id, clinical.ViewOnScreen)
	if err != nil {
		return permit{}, err
	}
	small := &cells{kept: map[string][]byte{}}
	open := func(e clinical.Entry) (io.ReadCloser, error) {
		return d.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Use{Channel: clinical.ViewOnScreen}, Set: id, Asset: e.Asset, Kind: clinical.Teaching})
	}
	by := d.s.cfg.issuer("", time.Now())
	err = paper.ContactSheet(w, paper.Contact{Set: was.Set, Pictures: small.pictures(was.Entries, open)}, by)
	return permit{still: func() error {
		now, err := d.s.gate.Folder(ctx, c, id, clinical.ViewOnScreen)
		if err != nil {
			return err
		}
		return allShown(was.Entries, now.Entries)
	}}, err
}

// allShown says NotFound unless the pictures of a folder are in it still, as they were.
func allShown(was, now []clinical.Entry) error {
	if len(was) == len(now) && (len(was) == 0 || &was[0] == &now[0]) {
		return nil // the same snapshot
	}
	shown := make(map[clinical.AssetID]string, len(now))
	for _, e := range now {
		shown[e.Asset] = e.ETag
	}
	for _, e := range was {
		if etag, ok := shown[e.Asset]; !ok || etag != e.ETag {
			return clinical.ErrNotFound
		}
	}
	return nil
}
