package incident

import (
	"fmt"
	"testing"
)

func TestSketch(t *testing.T) {
	w := newWorld(t, "AMS", "FRA", "SIN")
	w.service("challenges.example", 300)
	w.service("cdn.example", 2000)
	w.service("dash.example", 20)
	w.fails("challenges.example", "11:28", "11:34", flat(0.6), 500, true)
	w.fails("cdn.example", "11:28:30", "11:34", flat(0.4), 500, true)
	w.fails("", "11:34", "11:40", ramp(0.4, 0.05), 500, true)
	w.fails("", "11:40", "12:20", ramp(0.03, 0.001), 500, true)
	p := w.play(Default(), "11:00", "13:00")
	fmt.Println(p.text())
	for _, l := range p.log {
		fmt.Println(l)
	}
}
