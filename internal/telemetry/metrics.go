// Package telemetry is how Spikeline tells of itself: the log, the metrics, and
// health. The rooms keep plain atomic counters and know nothing of Prometheus;
// the wiring gives this package functions that read them when a scrape asks.
package telemetry

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is a registry of its own: nothing global is exported. Its methods are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	mu       sync.Mutex
	read     map[string]bool
}

// NewMetrics gives a registry that already tells of the Go runtime and of the process.
func NewMetrics() *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Metrics{registry: r, read: map[string]bool{}}
}

// Number is what an atomic counter or gauge holds.
type Number interface {
	~int | ~int32 | ~int64 | ~uint | ~uint32 | ~uint64 | ~float64
}

// Read exports a metric without labels: read is called at every scrape and must be safe from any goroutine.
func Read[N Number](m *Metrics, metric Metric, read func() N) {
	m.ReadEach(metric, func(emit Emit) { emit(float64(read())) })
}

// Emit gives one value of a metric, with its label values in the order of the metric's Labels.
type Emit func(value float64, labels ...string)

// ReadEach exports a metric with labels: each is called at every scrape and
// emits one value for each set of labels, each set once. It must be safe from any goroutine.
func (m *Metrics) ReadEach(metric Metric, each func(Emit)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read[metric.Name] {
		panic("BUG: two readers for the metric " + metric.Name)
	}
	m.read[metric.Name] = true
	m.registry.MustRegister(&reader{metric: metric, each: each,
		desc: prometheus.NewDesc(metric.Name, metric.Help, metric.Labels, nil)})
}

// Unread lists the metrics of the catalogue that nobody feeds: a promise not kept.
func (m *Metrics) Unread() (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, metric := range Catalogue {
		if !m.read[metric.Name] {
			names = append(names, metric.Name)
		}
	}
	return names
}

// Handler serves the metrics in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// reader is a prometheus.Collector over a function.
type reader struct {
	metric Metric
	desc   *prometheus.Desc
	each   func(Emit)
}

func (r *reader) Describe(out chan<- *prometheus.Desc) { out <- r.desc }

func (r *reader) Collect(out chan<- prometheus.Metric) {
	kind := prometheus.CounterValue
	if r.metric.gauge {
		kind = prometheus.GaugeValue
	}
	r.each(func(value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(r.desc, kind, value, labels...)
	})
}
