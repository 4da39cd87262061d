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
