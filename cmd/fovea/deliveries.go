package main

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fovea/exchange/epr"
	"fovea/vault"
)

// delivered is the shelf that remembers what was written for the patient record.
const delivered = "epr"

// inspected is what fsck found: in the vault, and outside it.
type inspected struct {
	*vault.Report
	// Outside are deliveries to the patient record that were taken back and are
	// not gone yet, or not known to be: no damage, and somebody has to see to it.
	Outside []epr.Outside `json:",omitempty"`
}

// outside says them in words.
func (i inspected) outside(w io.Writer, stamp func(time.Time) string) {
	if len(i.Outside) == 0 {
		return
	}
	put(w, "Taken back from the patient record, and not gone yet. See to it there, and have it acknowledged:")
	for _, o := range i.Outside {
		put(w, "  %s\t%s\tsince %s", o.Release, o.Reason, stamp(o.Since))
	}
	if slices.ContainsFunc(i.Outside, func(o epr.Outside) bool { return o.Reason == epr.FaultUnseen }) {
		put(w, "For %s, start the server with the folder in place: it removes or cancels what lies there.", epr.FaultUnseen)
	}
}

// outside lists what was taken back and is not gone; it needs no follower.
func (s *system) outside(ctx context.Context) ([]epr.Outside, error) {
	return epr.Left(ctx, s.gate, s.vault.Shelf(delivered))
}

// meters is what /metrics shows beside what the server counts itself.
func (s *system) meters() *prometheus.Registry {
	all := prometheus.NewRegistry()
	if s.epr != nil {
		all.MustRegister(recordFault{s.epr, prometheus.NewDesc("fovea_patient_record_fault",
			"1 while deliveries to the patient record wait, or something that was taken back is still outside; by reason.", []string{"reason"}, nil)})
	}
	return all
}

// recordFault tells monitoring what the deliverer's fault is, while it has one.
type recordFault struct {
	follower *epr.Follower
	what     *prometheus.Desc
}

// Describe is a prometheus.Collector's.
func (r recordFault) Describe(to chan<- *prometheus.Desc) { to <- r.what }

// Collect is a prometheus.Collector's.
func (r recordFault) Collect(to chan<- prometheus.Metric) {
	if fault, _ := r.follower.Fault(); fault != "" {
		to <- prometheus.MustNewConstMetric(r.what, prometheus.GaugeValue, 1, string(fault))
	}
}
