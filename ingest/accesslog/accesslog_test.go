package accesslog

import (
	"os"
	"strings"
	"testing"
)

// testdata/golden.txt is a list of cases: a line "format | line", then the
// record that must come of it. A case may follow from the one before: a
// decoder is used for all the cases of its format.
func TestEveryFormatReadsItsLinesAsTheGoldenFileSays(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	decoders := map[string]Decoder{}
	seen := map[string]int{}
	for _, c := range strings.Split(strings.TrimSpace(string(data)), "\n\n") {
		head, want, _ := strings.Cut(c, "\n")
		name, line, _ := strings.Cut(head, " | ")
		if decoders[name] == nil {
			if decoders[name], err = New(name); err != nil {
				t.Fatal(err)
			}
		}
		line = strings.ReplaceAll(line, "<TAB>", "\t")
		seen[name]++
		var r Record
		reason := decoders[name].Decode([]byte(line), &r)
		if got := text(&r, reason); got != want {
			t.Errorf("%s reads %s\n got %s\nwant %s", name, line, got, want)
		}
	}
	for _, name := range Formats() {
		if seen[name] < 2 {
			t.Errorf("format %s has %d cases in testdata/golden.txt, want at least 2", name, seen[name])
		}
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	for name, lines := range samples {
		d, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		decode := func() {
			for _, line := range lines {
				d.Decode([]byte(line), &r)
			}
		}
		bytes := make([][]byte, len(lines))
		for i, line := range lines {
			bytes[i] = []byte(line)
		}
		decode()
		if n := testing.AllocsPerRun(100, func() {
			for _, line := range bytes {
				d.Decode(line, &r)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for %d lines", name, n, len(lines))
		}
	}
	d := newCloudflare()
	var r Record
	lines := mixedLogpushLines()
	i := 0
	if n := testing.AllocsPerRun(len(lines), func() { d.Decode(lines[i%len(lines)], &r); i++ }); n != 0 {
		t.Errorf("mixed Logpush records: %v allocations each", n)
	}
}

func TestUnknownFormatIsRefusedWithTheKnownOnes(t *testing.T) {
	_, err := New("squid")
	if err == nil || !strings.Contains(err.Error(), `"squid"`) || !strings.Contains(err.Error(), "cloudflare") {
		t.Errorf("got %v", err)
	}
}

func TestDetectNamesTheFormatOfItsSamples(t *testing.T) {
	for name, lines := range samples {
		var bytes [][]byte
		for _, line := range lines {
			bytes = append(bytes, []byte(line))
		}
		got, why := Detect(bytes)
		if got != name || !strings.Contains(why, "lines") {
			t.Errorf("%s: detected %q (%s)", name, got, why)
		}
	}
}

func TestDetectIsSilentAboutOtherText(t *testing.T) {
	for _, text := range []string{"", "hello\nworld", `{"a":1}`, "a\tb\tc", "# only\n# comments", `{"status":200}`} {
		var lines [][]byte
		for line := range strings.Lines(text) {
			lines = append(lines, []byte(strings.TrimSuffix(line, "\n")))
		}
		if name, why := Detect(lines); name != "" || why != "" {
			t.Errorf("%q: detected %q (%s)", text, name, why)
		}
	}
}

func TestLinesTooLongAreRefusedUnread(t *testing.T) {
	for _, name := range Formats() {
		d, _ := New(name)
		var r Record
		if got := d.Decode(make([]byte, MaxLine+1), &r); got != TooLarge {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDeepNestingIsMalformedAndHarmless(t *testing.T) {
	d := newCloudflare()
	var r Record
	for _, n := range []int{maxDepth, maxDepth + 1, 100000} {
		line := `{"EdgeStartTimestamp":1763465284,"EdgeResponseStatus":200,"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
		want := OK
		if n > maxDepth {
			want = Malformed
		}
		if got := d.Decode([]byte(line), &r); got != want {
			t.Errorf("depth %d: %v, want %v", n, got, want)
		}
	}
}

// A producer that invents a key a record must neither grow the decoder nor confuse it.
func TestEndlessNewKeysAreForgotten(t *testing.T) {
	d := newCloudflare()
	var r Record
	for i := range 5000 {
		key := strings.Repeat("k", i%300) + string(rune('a'+i%26)) + strings.Repeat("x", i%7)
		line := `{"EdgeStartTimestamp":1763465284,"` + key + `":1,"EdgeResponseStatus":503,"` + key + `2":"x"}`
		if got := d.Decode([]byte(line), &r); got != OK || r.Status != 503 {
			t.Fatalf("record %d: %v, status %d", i, got, r.Status)
		}
	}
}

// Every cut of a record must be seen, or records would be counted with half of their fields.
func TestEveryTruncationOfAJSONRecordIsMalformed(t *testing.T) {
	for name, lines := range samples {
		if lines[0][0] != '{' {
			continue
		}
		d, _ := New(name)
		var r Record
		for _, line := range lines {
			d.Decode([]byte(line), &r)
			for n := 1; n < len(line); n++ {
				if got := d.Decode([]byte(line[:n]), &r); got != Malformed {
					t.Fatalf("%s: %v for %s", name, got, line[:n])
				}
			}
			if got := d.Decode([]byte(line+"x"), &r); got != Malformed {
				t.Fatalf("%s: trailing garbage is %v", name, got)
			}
		}
	}
}
