package demo

import (
	"fmt"
	"slices"
	"time"
)

// group is a list of services of one kind.
type group struct {
	kind  string
	names []string
}

// fleet makes services of all sizes: their rates fall as a power of their
// rank (names in turn from every group) and add up to total requests per
// second. Latencies lie between 15 and 250 ms, error rates between 1e-5 and 5e-3.
func fleet(total, power float64, groups ...group) []Service {
	var services []Service
	for i := 0; ; i++ {
		before := len(services)
		for _, g := range groups {
			if i < len(g.names) {
				services = append(services, Service{Name: g.names[i], Kind: g.kind})
			}
		}
		if len(services) == before {
			break
		}
	}
	sum := 0.0
	for i := range services {
		s := &services[i]
		draw := newStream(hash(s.Name), hash("service"))
		s.Rate = exp(-power * log(float64(i)+1.5))
		s.Latency = time.Duration(15*exp(draw.unit()*log(250.0/15))*1000) * time.Microsecond
		s.ErrorRate = 1e-5 * exp(draw.unit()*log(500))
		sum += s.Rate
	}
	for i := range services {
		services[i].Rate *= total / sum
	}
	return services
}

// numbered makes names such as shop-07.example.
func numbered(prefix string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%02d.example", prefix, i+1))
	}
	return names
}

func popsExcept(pops []Pop, but ...string) (codes []string) {
	for _, p := range pops {
		if !slices.Contains(but, p.Code) {
			codes = append(codes, p.Code)
		}
	}
	return codes
}
