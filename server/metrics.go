package server

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"fovea/clinical"
)

// meter counts requests by route, never by path.
type meter struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	running  prometheus.Gauge
	panics   prometheus.Counter
}

func newMeter(registry *prometheus.Registry) (*meter, error) {
	m := &meter{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fovea_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fovea_http_request_seconds", Help: "From a request's header to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
		}, []string{"route"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "fovea_http_sent_bytes_total", Help: "Bytes of answers, without headers.",
		}, []string{"route"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "fovea_http_requests_running", Help: "Requests being answered.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "fovea_http_panics_total", Help: "Requests that failed by a fault of the program.",
		}),
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.bytes, m.running, m.panics} {
		errs = append(errs, registry.Register(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, clinical.Errorf(clinical.Internal, "server: metrics: %w", err)
	}
	return m, nil
}

func (m *meter) count(route, method string, p *reply, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(p.status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
	m.bytes.WithLabelValues(route).Add(float64(p.bytes))
}
