package incident

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// tenThatFail is a world of chance in which ten services are down for twenty minutes.
func tenThatFail(t *testing.T, seed uint64) *world {
	w := newWorld(t, "AMS", "FRA")
	w.chance = rand.New(rand.NewPCG(seed, 3))
	for i := range 10 {
		w.service(fmt.Sprintf("s%d.example", i), 100)
		w.services[i].base = 0.0001
	}
	w.fails("", "11:00", "11:20", flat(0.5), 500, true)
	return w
}

// endsAt says that the one incident of a world ended within a minute of a time.
func (w *world) endsAt(name, at string) {
	w.t.Helper()
	p := w.judged(Default(), "09:30", "12:30")
	p.check(w.t)
	for _, in := range p.incidents {
		if off := time.Duration(in.EndedAt - w.at(at)); off.Abs() > time.Minute {
			w.t.Errorf("%s: it ended %v after its errors did\n%s", name, off, p.text())
		}
	}
	if len(p.incidents) != 1 {
		w.t.Errorf("%s: %d incidents", name, len(p.incidents))
	}
}

// One request in 1,700 fails for four minutes more: less than any service shows, and
// less than would be told, but six times what comes after.
func TestATailThatOnlyAllMembersShowTogetherBelongsToTheIncident(t *testing.T) {
	for seed := range uint64(8) {
		w := tenThatFail(t, seed)
		w.fails("", "11:20", "11:24", flat(0.0006), 500, true)
		w.endsAt(fmt.Sprintf("seed %d", seed), "11:24")
	}
}

func TestTheErrorsOfOneMemberAreNotTheTailOfAll(t *testing.T) {
	for seed := range uint64(8) {
		w := tenThatFail(t, seed)
		w.fails("s3.example", "11:23", "11:23:50", flat(0.002), 500, false) // a deploy
		w.endsAt(fmt.Sprintf("seed %d", seed), "11:20")
	}
}

func TestOneWindowOfErrorsAfterACalmIsNotTheOutage(t *testing.T) {
	for seed := range uint64(4) {
		w := tenThatFail(t, seed)
		for _, at := range []string{"11:24", "11:30", "11:36"} { // a quarter of an hour apart they would hold it open for long
			w.fails("s3.example", at, at+":10", flat(0.15), 500, false)
		}
		w.endsAt(fmt.Sprintf("seed %d", seed), "11:20")
	}
}

func TestErrorsThatComeBackAreTheOutageHoweverShort(t *testing.T) {
	w := tenThatFail(t, 1)
	w.fails("", "11:28", "11:28:10", flat(0.5), 500, true)
	w.fails("s3.example", "11:36", "11:36:30", flat(0.2), 500, true)
	w.endsAt("twice", "11:36:30")
}
