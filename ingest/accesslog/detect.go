package accesslog

import (
	"bytes"
	"fmt"
)

// Detect finds the format of the first lines of a log, and says in plain words
// why. Both are empty when no format reads more than half of them.
func Detect(lines [][]byte) (name, why string) {
	best, bestScore, seen := format{}, 0, 0
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) > 0 && line[0] != '#' {
			seen++
		}
	}
	for _, f := range formats {
		if score := f.score(lines); score > bestScore {
			best, bestScore = f, score
		}
	}
	if bestScore*2 <= seen {
		return "", ""
	}
	return best.name, fmt.Sprintf("%d of %d lines are %s", bestScore, seen, best.marks)
}

// score is how many of the lines have the marks of f and decode as f.
func (f format) score(lines [][]byte) int {
	d, n := f.make(), 0
	var r Record
	for _, line := range lines {
		if reason := d.Decode(line, &r); reason == OK && f.has(line) {
			n++
		}
	}
	return n
}

// has says whether line has every one of the texts that tell f from the other formats.
func (f format) has(line []byte) bool {
	for _, s := range f.texts {
		if !bytes.Contains(line, []byte(s)) {
			return false
		}
	}
	return true
}
