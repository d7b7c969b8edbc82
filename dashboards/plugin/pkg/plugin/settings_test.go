package plugin

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

func TestSettingsHaveDefaultsAndBounds(t *testing.T) {
	s, err := parseSettings(backend.DataSourceInstanceSettings{URL: "http://ch:8123", JSONData: []byte(`{"cacheSeconds":0}`)})
	if err != nil || s.timeout != 30*time.Second || s.cacheFor != 0 || s.rowLimit != defaultRowLimit {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = parseSettings(backend.DataSourceInstanceSettings{URL: "ch", JSONData: []byte(`{"timeoutSeconds":0,"rowLimit":-1,"workerUrl":"http://u:p@w"}`)})
	for _, want := range []string{"must begin with http://", "Query timeout is 0 seconds", "row limit is -1", "holds a user name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func TestAServersRefusalIsExplained(t *testing.T) {
	for code, want := range map[int32]string{516: "password", 164: "readonly = 2", 60: "schema apply", 47: "older than this plugin", 159: "took too long", 1: "ClickHouse: "} {
		err := fmt.Errorf("query: %w", &clickhouse.Exception{Code: code, Message: "m"})
		if got := explain(err); !strings.Contains(got, want) {
			t.Errorf("%d: %q lacks %q", code, got, want)
		}
	}
	if got := explain(errors.New("failed to query server hello info: sendQuery: [HTTP 404] response body: \"<!DOCTYPE html>")); !strings.Contains(got, "not ClickHouse (HTTP status 404)") {
		t.Error(got)
	}
	if got := explain(errors.New("[HTTP 403] response body: \"Code: 516. DB::Exception: no\"")); !strings.Contains(got, "password") {
		t.Error(got)
	}
}
