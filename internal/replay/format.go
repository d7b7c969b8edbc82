package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// Understood says which format the lines of a file were taken for, and why. An empty file has none.
type Understood struct{ File, Format, Why string }

const empty = "it is empty"

// headBytes of a file are looked at to find its format.
const headBytes = 64 << 10

// head gives the first lines of a file, which stay to be read.
func (f *file) head() (lines [][]byte, err error) {
	head, err := f.opened.plain.Peek(headBytes)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s breaks off in its first line (%w): fetch it again", f.name, err)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		f.cut = err
	}
	for line := range strings.Lines(string(head)) {
		if strings.HasSuffix(line, "\n") || len(head) < headBytes {
			lines = append(lines, []byte(strings.TrimRight(line, "\r\n")))
		}
	}
	return lines, nil
}

// detect finds the format of the first lines.
func (f *file) detect(lines [][]byte) (format, why string, err error) {
	if len(lines) == 0 {
		return accesslog.Formats()[0], empty, nil
	}
	if format, why = accesslog.Detect(lines); format == "" {
		return "", "", f.stranger(lines)
	}
	return format, why, nil
}

// zoneless are times of day with a date and without a zone.
var zoneless = regexp.MustCompile(`(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)(\])|(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?)(["\s]|$)`)

func addZone(match []byte) []byte {
	last := len(match) - 1
	switch match[last] {
	case ']':
		return append(bytes.Clone(match[:last]), " +0000]"...)
	case '"', ' ', '\t':
		return append(append(asISO(match[:last]), 'Z'), match[last])
	}
	return append(asISO(match), 'Z')
}

// asISO writes 2025/11/18 11:28:04 as 2025-11-18T11:28:04.
func asISO(at []byte) []byte {
	return bytes.Replace(bytes.ReplaceAll(at, []byte("/"), []byte("-")), []byte(" "), []byte("T"), 1)
}

func firstText(lines [][]byte) []byte {
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) > 0 && !isComment(line) {
			return line
		}
	}
	return nil
}

func (o *Options) tellFormats(files []*file) {
	var found []Understood
	for _, f := range files {
		switch f.why {
		case "":
		case empty:
			found = append(found, Understood{f.name, "", empty})
		default:
			found = append(found, Understood{f.name, f.format, f.why})
		}
	}
	if len(found) > 0 && o.Detected != nil {
		o.Detected(found)
	}
}

// Of the malformed lines of a file some are kept, to tell what they are.
const (
	strangersKept = 64
	strangerBytes = 8 << 10
)

func (f *file) keepStranger(line []byte) {
	f.malformed++
	if len(f.strangers) < strangersKept && len(line) <= strangerBytes {
		f.strangers = append(f.strangers, bytes.Clone(line))
	}
}

// tellMixture says that the malformed lines of a file are of another format, where they are.
func (f *file) tellMixture() {
	format, why := accesslog.Detect(f.strangers)
	f.strangers = nil
	if format != "" && format != f.format && f.Mixed != nil {
		f.Mixed(f.name, f.malformed, Understood{f.name, format, why})
	}
}
