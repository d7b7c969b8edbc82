package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// digest is the hash of a scenario's first n lines.
func digest(t *testing.T, script *Scenario, o Options, n int) string {
	t.Helper()
	g, err := New(script, o)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	var line []byte
	for range n {
		var ok bool
		if line, _, ok = g.Next(line[:0]); !ok {
			break
		}
		h.Write(append(line, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func find(t testing.TB, name string) *Scenario {
	t.Helper()
	s, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSameSeedGivesTheSameLines(t *testing.T) {
	s := find(t, "cloudflare-2025-11-18")
	o := Default()
	one, again := digest(t, s, o, 20_000), digest(t, s, o, 20_000)
	o.Seed++
	other := digest(t, s, o, 20_000)
	if one != again || one == other {
		t.Errorf("seed 1 gave %s and %s, seed 2 %s", one, again, other)
	}
}
