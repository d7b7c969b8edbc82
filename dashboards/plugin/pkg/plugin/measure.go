package plugin

import (
	"maps"
	"slices"
)

// measure is one thing that windows tell, over any number of them.
type measure struct {
	text      string // SQL over the windows of a point; {seconds} is how long it spans
	unit      string // as Grafana names it
	name      string // of the field
	zero      bool   // no row means none, not unknown
	kinds     []string
	perWindow bool // the values of its signals are requests a window, not rates
}

const (
	perSecond = "reqps"
	percent   = "percentunit"
)

var measures = map[string]measure{
	"error_rate":        {text: "sum(errors) / sum(requests)", unit: percent, name: "error rate", kinds: []string{"error_surge"}},
	"edge_error_rate":   {text: "sum(edge_errors) / sum(requests)", unit: percent, name: "edge error rate"},
	"origin_error_rate": {text: "sum(origin_errors) / sum(requests)", unit: percent, name: "origin error rate"},
	"client_error_rate": {text: "sum(client_errors) / sum(requests)", unit: percent, name: "client error rate", kinds: []string{"client_error_surge"}},
	"abort_rate":        {text: "sum(aborts) / sum(requests)", unit: percent, name: "abort rate"},
	"cache_hit_rate":    {text: "sum(cache_hits) / sum(requests)", unit: percent, name: "cache hit rate"},
	"requests":          {text: "sum(requests) / {seconds}", unit: perSecond, name: "requests", zero: true, kinds: []string{"traffic_surge", "traffic_drop"}, perWindow: true},
	"errors":            {text: "sum(errors) / {seconds}", unit: perSecond, name: "errors", zero: true},
	"bytes":             {text: "sum(bytes) / {seconds}", unit: "Bps", name: "bytes", zero: true},
	"late":              {text: "sum(late) / {seconds}", unit: perSecond, name: "late requests", zero: true},
	"p50":               {text: latency("0.5"), unit: "ms", name: "p50"},
	"p95":               {text: latency("0.95"), unit: "ms", name: "p95"},
	"p99":               {text: latency("0.99"), unit: "ms", name: "p99"},
}

// latency merges the sketches of all windows: quantiles are never averaged.
func latency(quantile string) string {
	return "quantileExactWeightedArray(" + quantile + ")(mapKeys(latency), mapValues(latency)) / 1000"
}

func measureNames() []string { return slices.Sorted(maps.Keys(measures)) }
