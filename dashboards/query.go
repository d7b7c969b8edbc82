package dashboards

import (
	"reflect"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// ClickHouseType is the id of the official data source; PrometheusType that of Prometheus.
const (
	ClickHouseType = "grafana-clickhouse-datasource"
	PrometheusType = "prometheus"
)

// The formats of a query: the data source takes numbers, and answers a name with an error.
const (
	Series = 0 // ascending by time; strings become labels
	Rows   = 1
)

// Query is one SQL query for the ClickHouse data source.
type Query struct {
	RefID      string               `json:"refId"`
	Datasource common.DataSourceRef `json:"datasource"`
	EditorType string               `json:"editorType"` // "sql"; without it the editor opens its builder
	QueryType  string               `json:"queryType"`
	Format     int                  `json:"format"`
	RawSQL     string               `json:"rawSql"`
}

// ImplementsDataqueryVariant makes a Query a target of the SDK's panels.
func (Query) ImplementsDataqueryVariant() {}

// DataqueryType names the data source.
func (Query) DataqueryType() string { return ClickHouseType }

// Validate has nothing to check: the tests run every query.
func (Query) Validate() error { return nil }

// Equals tells whether two queries are the same.
func (q Query) Equals(other variants.Dataquery) bool { return reflect.DeepEqual(q, other) }

func ref(kind, uid string) common.DataSourceRef {
	return common.DataSourceRef{Type: &kind, Uid: &uid}
}

// clickhouse is the data source that the viewer has chosen.
func clickhouse() common.DataSourceRef { return ref(ClickHouseType, "${ds}") }

func query(format int, sql string) Query {
	kind := "table"
	if format == Series {
		kind = "timeseries"
	}
	return Query{RefID: "A", Datasource: clickhouse(), EditorType: "sql", QueryType: kind, Format: format, RawSQL: strings.TrimSpace(sql)}
}

// lines is a query for time series, rows one for tables.
func lines(sql string) variants.Dataquery { return query(Series, sql) }
func rows(sql string) variants.Dataquery  { return query(Rows, sql) }

// promql is a query for Prometheus.
func promql(expr, legend string) variants.Dataquery {
	q, err := prometheus.NewDataqueryBuilder().Expr(expr).LegendFormat(legend).RefId("A").Range().
		Datasource(ref(PrometheusType, "${prom}")).Build()
	must(err)
	return q
}

// named gives targets the letters A, B, C ...
func named(targets []variants.Dataquery) []variants.Dataquery {
	for i, t := range targets {
		letter := string(rune('A' + i))
		switch q := t.(type) {
		case Query:
			q.RefID = letter
			targets[i] = q
		case prometheus.Dataquery:
			q.RefId = cog.ToPtr(letter)
			targets[i] = q
		}
	}
	return targets
}

// must panics on an error of the SDK's builders: the dashboards are constants, and a test builds them all.
func must(err error) {
	if err != nil {
		panic("BUG: " + err.Error())
	}
}

// Build makes a Query its own builder, as the SDK's annotations want.
func (q Query) Build() (variants.Dataquery, error) { return q, nil }
