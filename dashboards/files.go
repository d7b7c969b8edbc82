package dashboards

import (
	"bytes"
	"encoding/json"
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
	return files
}

func encode(d dashboard.Dashboard) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	must(e.Encode(d))
	return b.Bytes()
}
