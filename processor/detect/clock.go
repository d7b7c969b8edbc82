package detect

import "time"

const (
	binWidth   = 15 * time.Minute
	binsADay   = 96
	binsAWeek  = 7 * binsADay
	minutesDay = 24 * 60
)

// clock is where a window lies in the local day and week.
type clock struct {
	day      int64 // local day, counted from 1970
	weekday  int32
	bin      int32   // of the day
	left     int32   // bin whose centre is at or before the middle of the window; -1 is yesterday's last
	part     float64 // of the way from there to the next centre
	minute   int32   // of the day
	newDay   bool    // compared with the window before
	newBin   bool
	newTick  bool  // a new minute, or a new window where windows are longer
	lastTick int32 // minute of the day of the tick that ended
	lastBin  int32 // bin of the week that ended
	gap      bool  // windows are missing before this one
}

func clockAt(start, end int64, zone *time.Location) clock {
	middle := time.Unix(0, start+(end-start)/2).In(zone)
	_, offset := middle.Zone()
	local := middle.Unix() + int64(offset)
	second := int32(((local % 86400) + 86400) % 86400)
	day := (local - int64(second)) / 86400
	pos := float64(second)/binWidth.Seconds() - 0.5
	left := int32(pos + 1)
	return clock{
		day:     day,
		weekday: int32(((day+4)%7 + 7) % 7),
		bin:     second / int32(binWidth.Seconds()),
		left:    left - 1,
		part:    pos + 1 - float64(left),
		minute:  second / 60,
	}
}

// after marks what began since the window before.
func (c clock) after(last clock) clock {
	c.newDay = c.day != last.day
	c.newBin = c.newDay || c.bin != last.bin
	c.newTick = c.newDay || c.minute != last.minute
	c.lastTick = last.minute
	c.lastBin = last.weekday*binsADay + last.bin
	return c
}

func (c *clock) weekBin() int32 { return c.weekday*binsADay + c.bin }
