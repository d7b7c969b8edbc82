package report

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// Picture is a chart as a file of its own, light or dark as its reader likes.
type Picture struct {
	File string
	SVG  []byte
}

// Pictures are the charts of a report, for a wiki, slides or a mail.
func Pictures(d Data) (list []Picture) {
	for _, f := range d.figures() {
		list = append(list, Picture{f.file(), f.picture()})
	}
	return list
}

func (f figure) file() string { return f.Name + ".svg" }

// picture is the chart with its own style sheet, and the legend beneath.
func (f figure) picture() []byte {
	var width, height float64
	head, body, _ := strings.Cut(string(f.Picture), ">")
	if _, err := fmt.Sscanf(head, `<svg role="img" viewBox="0 0 %f %f"`, &width, &height); err != nil {
		panic("BUG: a chart without its measures: " + head)
	}
	body = strings.TrimSuffix(strings.TrimSpace(body), "</svg>")
	legend, lines := f.legend(height + 14)
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %.0f %.0f" width="%.0f">`, width, height+float64(lines)*legendLine+4, width)
	fmt.Fprintf(&out, "\n<style>\n%ssvg { background: var(--panel); }\n.legend .phase { fill-opacity: .6; }\n</style>%s%s</svg>\n", sheet("chart.css"), body, legend)
	return out.Bytes()
}

// The measures of a legend; letters are taken for as wide as the widest fonts have them.
const (
	legendLine   = 18.0
	legendLetter = 6.4
	legendSwatch = 16.0
)

// legend writes the keys from a height downward, and says how many lines it took.
func (f figure) legend(y float64) (svg string, lines int) {
	if len(f.Legend) == 0 {
		return "", 0
	}
	var out strings.Builder
	out.WriteString(`<g class="legend">`)
	x := left
	lines = 1
	for _, k := range f.Legend {
		wants := legendSwatch + legendLetter*float64(len([]rune(k.Text))) + 12
		if x > left && x+wants > right {
			x, y, lines = left, y+legendLine, lines+1
		}
		fmt.Fprintf(&out, `<rect x="%.1f" y="%.1f" width="11" height="8" class="%s"/><text x="%.1f" y="%.1f" class="label">%s</text>`, x, y-8, k.Class, x+legendSwatch, y, html.EscapeString(k.Text))
		x += wants
	}
	out.WriteString("</g>\n")
	return out.String(), lines
}
