package plugin

import (
	"context"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// oldestSchema is the migration that made the newest column this plugin reads.
// Later ones only add, so any schema from there on will do.
const oldestSchema = 24

// CheckHealth tries what every query needs, and says in words what fails.
func (d *DataSource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	message, err := d.examine(ctx)
	if err != nil {
		return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: err.Error()}, nil
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: message}, nil
}

func (d *DataSource) examine(ctx context.Context) (string, error) {
	if d.fault != nil {
		return "", d.fault
	}
	server, err := d.database.read(ctx, &statement{text: "SELECT version() AS version"})
	if err != nil {
		return "", fmt.Errorf("%s", explain(err))
	}
	schema, err := d.database.read(ctx, &statement{text: "SELECT max(version) AS version FROM spikeline.schema_migrations"})
	if err != nil {
		return "", fmt.Errorf("%s", explain(err))
	}
	if at, _ := number(schema.Fields[0], 0); at < oldestSchema {
		return "", fmt.Errorf("the tables are at migration %.0f, this plugin reads columns of migration %d: any from %d on will do. Run: spikeline schema apply", at, oldestSchema, oldestSchema)
	}
	state, err := d.database.read(ctx, &statement{text: `SELECT (SELECT max(closed_to) FROM spikeline.progress) AS closed_to,
  (SELECT count() FROM spikeline.incidents WHERE status = 'open') AS open`})
	if err != nil {
		return "", fmt.Errorf("%s", explain(err))
	}
	open, _ := number(state.Fields[1], 0)
	reach := "no window has closed yet"
	if closed := moment(state, 0, 0); !closed.IsZero() {
		reach = "windows have closed up to " + closed.Format(time.DateTime) + " UTC"
	}
	message := fmt.Sprintf("ClickHouse %s: %s, open incidents: %.0f.", text(server, 0, 0), reach, open)
	if d.settings.worker != nil {
		if err := d.reach(ctx); err != nil {
			return "", fmt.Errorf("%s But the worker of the reports does not answer: %w; check the Worker URL", message, err)
		}
	}
	return message, nil
}
