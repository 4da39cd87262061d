package vault_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fovea/clinical"
	"fovea/vault"
	"fovea/vault/ledger"
)

// entries is the size of the ledger that the promises are about.
const entries = 200_000

// meter tells the vault's own share of its transactions from the driver's.
type meter struct {
	vault.Store
	own time.Duration
}

type meteredTxn struct {
	vault.Txn
	driver *time.Duration
}

func (m *meter) Update(ctx context.Context, f func(vault.Txn) error) error {
	return m.Store.Update(ctx, func(t vault.Txn) error {
		var driver time.Duration
		began := time.Now()
		err := f(meteredTxn{t, &driver})
		m.own += time.Since(began) - driver
		return err
	})
}

func (t meteredTxn) since(began time.Time) { *t.driver += time.Since(began) }

func (t meteredTxn) Get(key []byte) ([]byte, error) {
	defer t.since(time.Now())
	return t.Txn.Get(key)
}

func (t meteredTxn) Set(key, value []byte) error {
	defer t.since(time.Now())
	return t.Txn.Set(key, value)
}

// BenchmarkLedger appends 200,000 reads by group commit, as a night of a drive
// in use does, each naming a person, a patient, a picture and a set; asks for
// one picture's; exports; and verifies the export offline. own-µs is what an
// entry costs beyond the transaction, append-µs with its share of it, its sync
// included.
func BenchmarkLedger(b *testing.B) {
	v, _ := onDisk(b)
	if err := v.Close(); err != nil {
		b.Fatal(err)
	}
	m := &meter{Store: v.opt.Store}
	v.opt.Store, v.opt.Blobs = m, apart{v.opt.Blobs}
	v.open(b)
	w := &world{bench: v, start: time.Now()}
	for range 1000 {
		w.assets = append(w.assets, clinical.Mint[clinical.Asset](v.mint))
	}
	look := v.event(clinical.ActServed)
	look.Patient, look.Set = clinical.Mint[clinical.Patient](v.mint), clinical.Mint[clinical.TeachingSet](v.mint)
	look.Use = clinical.Use{Purpose: clinical.P2, Audience: clinical.A2, Channel: clinical.Mount}
	path := filepath.Join(b.TempDir(), "ledger.export")
	var write, ask, export, verify time.Duration
	for b.Loop() {
		write += timed(b, func() error {
			for i := range entries {
				look.Assets = []clinical.AssetID{w.assets[i%len(w.assets)]}
				v.NoteLater(look)
				if i%4000 == 3999 { // no more than the queue holds
					w.events(b, clinical.EventQuery{Person: v.photo, Limit: 1})
				}
			}
			return nil
		})
		ask += timed(b, func() error {
			w.events(b, clinical.EventQuery{Assets: w.assets[:1], Limit: 10_000})
			return nil
		})
		export += timed(b, func() error { return exportTo(b, v, path) })
		verify += timed(b, func() error { return verifyFile(path, v.AuditKey()) })
	}
	n := float64(b.N)
	b.ReportMetric(float64(m.own.Nanoseconds())/1000/entries/n, "own-µs")
	b.ReportMetric(float64(write.Nanoseconds())/1000/entries/n, "append-µs")
	b.ReportMetric(float64(ask.Microseconds())/1000/n, "asset-ms")
	b.ReportMetric(export.Seconds()/n, "export-s")
	b.ReportMetric(verify.Seconds()/n, "verify-s")
}

func timed(b *testing.B, f func() error) time.Duration {
	b.Helper()
	began := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

func exportTo(b *testing.B, v *bench, path string) error {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := v.ExportAudit(b.Context(), f); err != nil {
		return err
	}
	return f.Close()
}

func verifyFile(path, key string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = ledger.Verify(f, ledger.Trust{Keys: []string{key}})
	return err
}
