package demo

import (
	"testing"
	"time"
)

// all runs a generator to its end.
func all(g *Generator, f func(line []byte, m Meta)) {
	var line []byte
	for {
		var m Meta
		var ok bool
		if line, m, ok = g.Next(line[:0]); !ok {
			return
		}
		f(line, m)
	}
}

func TestLinesComeInOrderOfArrivalWithinTheJitter(t *testing.T) {
	last, disorder, lateOnes := int64(0), 0, 0
	newest := int64(0)
	all(part(t, 5, func(o *Options) { o.Late = 0.01 }), func(_ []byte, m Meta) {
		if m.Arrival/1e6 < last/1e6 {
			t.Fatalf("arrival %d after %d", m.Arrival, last)
		}
		last = m.Arrival
		behind := time.Duration(m.Arrival - m.Event)
		switch {
		case m.Late && (behind < earliestLate || behind > latest+4*time.Second):
			t.Fatalf("a late record is %v behind", behind)
		case !m.Late && (behind < 0 || behind > 4*time.Second):
			t.Fatalf("a record is %v behind", behind)
		}
		if m.Late {
			lateOnes++
		}
		if m.Event < newest {
			disorder++
		}
		newest = max(newest, m.Event)
	})
	if disorder == 0 || lateOnes == 0 {
		t.Errorf("%d out of order, %d late", disorder, lateOnes)
	}
}

func TestAKeyKeepsItsPartitionAndRoundRobinSpreadsEvenly(t *testing.T) {
	type key struct{ service, pop string }
	home := map[key]int32{}
	all(part(t, 5, func(o *Options) { o.Partitions = 8 }), func(_ []byte, m Meta) {
		k := key{m.Service, m.Pop}
		if p, known := home[k]; known && p != m.Partition {
			t.Fatalf("%v is in partitions %d and %d", k, p, m.Partition)
		}
		home[k] = m.Partition
	})
	var n [8]int
	all(part(t, 5, func(o *Options) { o.Partitions, o.RoundRobin = 8, true }), func(_ []byte, m Meta) { n[m.Partition]++ })
	for p := range n {
		if n[p] < n[0]-1 || n[p] > n[0]+1 {
			t.Errorf("partition %d has %d, the first %d", p, n[p], n[0])
		}
	}
}

func faulty(t *testing.T, f Fault) *Generator {
	return part(t, 8, func(o *Options) {
		o.Partitions, o.Late = 4, 0
		f.From, f.To = o.Start.Add(2*time.Minute), o.Start.Add(4*time.Minute)
		o.Faults = []Fault{f}
	})
}

func since(g *Generator, t int64) time.Duration {
	return time.Duration(t - g.options.Start.UnixNano())
}

func TestASilentPartitionBringsNothingAndNothingIsLost(t *testing.T) {
	plain, silent := 0, 0
	all(faulty(t, Fault{Partition: 2}), func([]byte, Meta) { plain++ })
	g := faulty(t, Fault{Partition: 2, Silent: true})
	all(g, func(_ []byte, m Meta) {
		silent++
		if at := since(g, m.Event); m.Partition == 2 && at >= 2*time.Minute && at < 4*time.Minute {
			t.Fatalf("partition 2 has a record of %v", at)
		}
	})
	if plain != silent {
		t.Errorf("%d records, without the fault %d", silent, plain)
	}
}

func TestADelayedPartitionBringsAllItsRecordsInOrder(t *testing.T) {
	n, held, newest := 0, 0, time.Duration(0)
	g := faulty(t, Fault{Partition: 1, Delay: 3 * time.Minute})
	all(g, func(_ []byte, m Meta) {
		n++
		if m.Partition != 1 {
			return
		}
		at := since(g, m.Event)
		if newest-at > 5*time.Second {
			t.Fatalf("a record of %v after one of %v", at, newest)
		}
		newest = max(newest, at)
		if since(g, m.Arrival)-at > 2*time.Minute {
			held++
		}
	})
	plain := 0
	all(faulty(t, Fault{Partition: 1}), func([]byte, Meta) { plain++ })
	if n != plain || held == 0 {
		t.Errorf("%d records, without the fault %d; %d held up", n, plain, held)
	}
}

func TestAJumpedClockIsInTheTruthOfTheWindowItStates(t *testing.T) {
	g := faulty(t, Fault{Partition: 0, Jump: time.Hour})
	jumped, counted := uint64(0), uint64(0)
	g.Tally().Window = func(w WindowTruth) error {
		if since(g, w.Start) > 50*time.Minute {
			w.Each(func(_, _ string, c Count) { counted += c.Requests })
		}
		return nil
	}
	all(g, func(_ []byte, m Meta) {
		if since(g, m.Event) > 50*time.Minute {
			jumped++
		}
	})
	if jumped == 0 || jumped != counted || jumped != g.Tally().Jumped {
		t.Errorf("%d jumped, %d in later windows, %d in the tally", jumped, counted, g.Tally().Jumped)
	}
}

func TestAShiftMovesAllTimesAndNothingElse(t *testing.T) {
	const shift = 100 * time.Hour
	var plain []Meta
	all(part(t, 2, nil), func(_ []byte, m Meta) { plain = append(plain, m) })
	i := 0
	all(part(t, 2, func(o *Options) { o.Shift = shift + 3*time.Second }), func(_ []byte, m Meta) {
		want := plain[i]
		want.Event, want.Arrival = want.Event+int64(shift), want.Arrival+int64(shift)
		if m != want {
			t.Fatalf("record %d is %+v, expected %+v", i, m, want)
		}
		i++
	})
	if i != len(plain) {
		t.Errorf("%d records, expected %d", i, len(plain))
	}
}

func TestWrongOptionsAreToldAllAtOnce(t *testing.T) {
	_, err := New(find(t, "steady"), Options{Format: "xml", Late: 2, Partitions: -1, Timestamps: []Timestamp{"julian"}, Faults: []Fault{{Partition: 9, Delay: 100 * time.Hour}}})
	const want = `share of late records is 2: give a number from 0 to 1
partitions is -1: give 1 to 32768
unknown format "xml": choose cloudflare, combined or nginx_json
unknown timestamp form "julian": choose from unixnano, unix, rfc3339, rfc3339ms
fault of partition 9: there are partitions 0 to -2
fault of partition 9 delays by 100h0m0s: give 0 to 6h0m0s`
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nexpected\n%s", err, want)
	}
}
