package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestPicturesAreFilesOfTheirOwnThatTheMarkdownShows(t *testing.T) {
	d := hostile()
	d.Charts = "my charts"
	text := written(t, "md", d)
	pictures := Pictures(d)
	if len(pictures) < 4 {
		t.Fatalf("%d pictures, want at least 4", len(pictures))
	}
	for _, p := range pictures {
		if !strings.Contains(text, "](<my charts/"+p.File+">)") {
			t.Errorf("the Markdown does not show %s", p.File)
		}
		decoder := xml.NewDecoder(bytes.NewReader(p.SVG))
		for {
			if _, err := decoder.Token(); err != nil {
				if err != io.EOF {
					t.Errorf("%s: %v", p.File, err)
				}
				break
			}
		}
		for _, want := range []string{`xmlns="http://www.w3.org/2000/svg"`, "prefers-color-scheme: dark", ".line {"} {
			if !bytes.Contains(p.SVG, []byte(want)) {
				t.Errorf("%s has no %q", p.File, want)
			}
		}
	}
	if plain := written(t, "md", outage()); strings.Contains(plain, "![") {
		t.Error("a report without files of charts shows some")
	}
}

func TestWhatWasUsualIsDrawnThroughTheWholeCurveIfTheHourBeforeIsKnown(t *testing.T) {
	d := outage()
	page := written(t, "html", d)
	if n := strings.Count(page, `class="mean"`); n != 4 {
		t.Errorf("%d lines of the hour before, want traffic and errors of the fleet and of the first service", n)
	}
	d.Evidence.Usual.Windows, d.Evidence.Normal.Windows = 9, 0
	if page = written(t, "html", d); strings.Contains(page, `class="mean"`) || strings.Contains(page, "the hour before: its mean") {
		t.Error("an hour of nine windows says what is usual")
	}
}
