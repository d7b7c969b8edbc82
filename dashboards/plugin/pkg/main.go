// Command gpx_spikeline is the back end of the Grafana data source
// spikeline-datasource. Grafana starts it and speaks to it over gRPC.
package main

import (
	"os"

	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/spikeline/spikeline/dashboards/plugin/pkg/plugin"
)

func main() {
	if err := datasource.Manage("spikeline-datasource", plugin.New, datasource.ManageOpts{}); err != nil {
		log.DefaultLogger.Error("spikeline-datasource ends", "error", err)
		os.Exit(1)
	}
}
