package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Files gives every generated file by its path in the repository. The JSON is
// there twice: on its own, and in the folder that Grafana is provisioned from, which works when copied alone.
func Files() map[string][]byte {
	const provisioning = "deployments/grafana/provisioning"
	files := map[string][]byte{provisioning + "/alerting/spikeline-rules.yaml": AlertFile()}
	for _, d := range All() {
		text := encode(d)
		files[path.Join("dashboards/json", *d.Uid+".json")] = text
		files[path.Join(provisioning, "dashboards/spikeline", *d.Uid+".json")] = text
	}
	files["dashboards/README.md"] = contents()
	return files
}

// contents is the list of all panels with the questions that they answer.
func contents() []byte {
	var b bytes.Buffer
	b.WriteString("# Dashboards and alert rules\n\nMade by `make dashboards` from the Go in this folder; so is this page. How to start\nGrafana on them: [deployments/grafana](../deployments/grafana/README.md). Each panel's\ntitle is the question that it answers. The data source without SQL is in [plugin](plugin).\n")
	for _, d := range All() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| question | panel | how to read it |\n| --- | --- | --- |\n", *d.Title, *d.Description)
		for _, p := range d.Panels {
			if p.Panel != nil {
				entry(&b, *p.Panel)
				continue
			}
			fmt.Fprintf(&b, "| **%s** | row | |\n", *p.RowPanel.Title)
			for _, inner := range p.RowPanel.Panels {
				entry(&b, inner)
			}
		}
	}
	b.WriteString("\n## Alert rules\n\n| rule | fires | why it matters |\n| --- | --- | --- |\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| %s | %s, after %s | %s |\n", r.Title, r.Severity, r.For, r.More)
	}
	return b.Bytes()
}

func entry(b *bytes.Buffer, p dashboard.Panel) {
	fmt.Fprintf(b, "| %s | %s | %s |\n", *p.Title, p.Type, *p.Description)
}

func encode(d dashboard.Dashboard) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	must(e.Encode(d))
	return b.Bytes()
}
