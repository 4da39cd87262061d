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

// papers is the desk as the pages ask it: every paper whole, in memory.
func (d *desk) papers() pages.Papers {
	return pages.Papers{
		Certificate: func(ctx context.Context, c clinical.Caller, id clinical.RecallID, p pages.Print) ([]byte, error) {
			return printed(func(w io.Writer) error { return d.Certificate(ctx, c, id, asked(p), w) })
		},
		OwnCertificate: func(ctx context.Context, ch clinical.Change, p pages.Print) ([]byte, error) {
			return printed(func(w io.Writer) error { return d.OwnCertificate(ctx, ch, asked(p), w) })
		},
		ErasureCertificate: func(ctx context.Context, c clinical.Caller, id clinical.ErasureID, p pages.Print) ([]byte, error) {
			return printed(func(w io.Writer) error { return d.ErasureCertificate(ctx, c, id, asked(p), w) })
		},
		ConsentForm: func(ctx context.Context, c clinical.Caller, f pages.Form) ([]byte, error) {
			form := wire.PrintForm{Patient: f.Patient, Grant: f.Grant, Language: f.Language, Code: f.Secret, URL: f.URL}
			return printed(func(w io.Writer) error { return d.ConsentForm(ctx, c, form, w) })
		},
		ContactSheet: func(ctx context.Context, c clinical.Caller, id clinical.SetID) ([]byte, error) {
			return printed(func(w io.Writer) error { return d.ContactSheet(ctx, c, id, w) })
		},
		ReleasePassword: func() (string, error) { return pack.Password(rand.Reader) },
		ReleaseContent: func(ctx context.Context, c clinical.Caller, r pages.Handover) error {
			return d.HandOver(ctx, c, r.Release, r.Password, r.To)
		},
	}
}

func asked(p pages.Print) wire.Paper {
	return wire.Paper{Edition: p.Edition, Language: p.Language, JSON: p.Format == "json"}
}

// ContactSheet prints a set as the caller sees it on screen.
func (d *desk) ContactSheet(ctx context.Context, c clinical.Caller, id clinical.SetID, w io.Writer) error {
	f, err := d.s.gate.Folder(ctx, c, id, clinical.ViewOnScreen)
	if err != nil {
		return err
	}
	small := &cells{kept: map[string][]byte{}}
	open := func(e clinical.Entry) (io.ReadCloser, error) {
		return d.s.gate.Open(ctx, c, policy.OpenRequest{Use: clinical.Use{Channel: clinical.ViewOnScreen}, Set: id, Asset: e.Asset, Kind: clinical.Teaching})
	}
	by := d.s.cfg.issuer("", time.Now())
	return paper.ContactSheet(w, paper.Contact{Set: f.Set, Pictures: small.pictures(f.Entries, open)}, by)
}
