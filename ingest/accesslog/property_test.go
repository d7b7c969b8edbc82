package accesslog

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// One decoder reads the records of eight producers, whole and damaged, and
// agrees with encoding/json on each.
func TestMixedAndDamagedRecordsAreReadAsByEncodingJSON(t *testing.T) {
	used := newCloudflare()
	reference := byJSON(refCloudflare)
	r := rand.New(rand.NewPCG(9, 10))
	const bytes = "\"\\{}[]:, \t0123456789-.eEtfn\x00\xffaZ"
	for _, line := range mixedLogpushLines()[:1500] {
		compare(t, used, "cloudflare", line, reference)
		damaged := slices.Clone(line)
		for range 1 + r.IntN(2) {
			at := r.IntN(len(damaged))
			switch r.IntN(3) {
			case 0:
				damaged[at] = bytes[r.IntN(len(bytes))]
			case 1:
				damaged = slices.Insert(damaged, at, bytes[r.IntN(len(bytes))])
			case 2:
				damaged = slices.Delete(damaged, at, min(at+1+r.IntN(3), len(damaged)))
			}
		}
		compare(t, used, "cloudflare", damaged, reference)
	}
}

func TestCombinedLinesAreReadAsByRegexp(t *testing.T) {
	used := newCombined()
	for _, line := range combinedLines()[:1000] {
		compare(t, used, "combined", line, refCombined)
	}
}

func TestNginxJSONLinesAreReadAsByEncodingJSON(t *testing.T) {
	used := newNginxJSON()
	for _, line := range nginxJSONLines()[:1000] {
		compare(t, used, "nginx_json", line, byJSON(refNginxJSON))
	}
}
