package cli

import (
	"fmt"
	"time"
)

// shortDuration gives the two largest parts: 3d4h, 5h46m, 12m30s, 45s.
func shortDuration(d time.Duration) string {
	d = d.Round(time.Second)
	switch days := d / (24 * time.Hour); {
	case days > 0:
		return parts(days, "d", d%(24*time.Hour)/time.Hour, "h")
	case d >= time.Hour:
		return parts(d/time.Hour, "h", d%time.Hour/time.Minute, "m")
	case d >= time.Minute:
		return parts(d/time.Minute, "m", d%time.Minute/time.Second, "s")
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

func parts(large time.Duration, unit string, small time.Duration, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", large, unit)
	}
	return fmt.Sprintf("%d%s%d%s", large, unit, small, smallUnit)
}

// grouped writes a number with its thousands apart: 1,234,567.
func grouped(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
