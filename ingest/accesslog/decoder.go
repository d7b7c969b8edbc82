package accesslog

import (
	"fmt"
	"strings"
)

// A format is one file of this package.
type format struct {
	name  string
	make  func() Decoder
	marks string   // what its lines are, in plain words
	texts []string // what tells a line from those of other formats
}

// The order matters to Detect: of two formats that fit as well, the first is taken.
var formats = []format{
	{"cloudflare", newCloudflare, `JSON objects with "EdgeResponseStatus"`, []string{`"EdgeResponseStatus"`}},
	{"akamai", newAkamai, `JSON objects with "reqTimeSec" and "statusCode"`, []string{`"reqTimeSec"`}},
	{"gcp", newGCP, `JSON objects with "httpRequest"`, []string{`"httpRequest"`}},
	{"vercel", newVercel, `JSON objects with "proxy" and its "statusCode"`, []string{`"proxy"`}},
	{"envoy_json", newEnvoyJSON, `JSON objects with "start_time" and "response_code"`, []string{`"response_code"`}},
	{"fastly", newFastly, `JSON objects with "time_elapsed" and a status`, []string{`"time_elapsed"`}},
	{"traefik", newTraefik, `JSON objects with "DownstreamStatus"`, []string{`"DownstreamStatus"`}},
	{"caddy", newCaddy, `JSON objects of Caddy's access logger: "ts", "request", "status"`, []string{`"request"`, `"ts"`}},
	{"nginx_json", newNginxJSON, `JSON objects with "status" and a time as nginx names them`, []string{`"status"`}},
	{"envoy", newEnvoy, `in Envoy's text format: [time], "request", code, flags, numbers, five quoted fields`, nil},
	{"alb", newALB, `in the format of AWS's Application Load Balancers: type, time, balancer, addresses, times, codes, sizes, "request"`, nil},
	{"traefik_clf", newTraefikCLF, `in Traefik's text format: the combined log format, then a count, "router", "server", milliseconds`, nil},
	{"combined", newCombined, `in the combined log format: address, [time], "request", status, bytes`, nil},
	{"cloudfront", newCloudfront, `tab-separated with CloudFront's fields`, []string{"\t"}},
	{"iis", newIIS, `in the W3C extended format of IIS, with as many values as its fields`, []string{" "}},
}

// Formats lists the names that New takes.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// New makes the decoder of a format, for one goroutine.
func New(name string) (Decoder, error) {
	for _, f := range formats {
		if f.name == name {
			return f.make(), nil
		}
	}
	return nil, fmt.Errorf("format %q is not known; use one of: %s", name, strings.Join(Formats(), ", "))
}
