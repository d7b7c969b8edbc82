package accesslog

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamerTakesTheNameFromWhereItIsTold(t *testing.T) {
	record := &Record{Service: []byte("api.example.com"), Zone: []byte("example.com"), Path: []byte("/v1/items/7")}
	for _, c := range []struct {
		config ServiceConfig
		want   string
	}{
		{DefaultService(), "api.example.com"},
		{ServiceConfig{From: "zone"}, "example.com"},
		{ServiceConfig{From: "path:1"}, "/v1"},
		{ServiceConfig{From: "path:2"}, "/v1/items"},
		{ServiceConfig{From: "path:8"}, "/v1/items/7"},
		{ServiceConfig{From: "constant:shop"}, "shop"},
		{ServiceConfig{From: "host", Rewrite: []Rewrite{{`^([a-z]+)\.example\.com$`, "$1"}}}, "api"},
		{ServiceConfig{From: "host", Rewrite: []Rewrite{{`^www`, "web"}, {`api`, "first"}, {`example`, "second"}}}, "first"},
		{ServiceConfig{From: "host", Rewrite: []Rewrite{{`^www`, "web"}}}, "api.example.com"},
		{ServiceConfig{From: "host", Fallback: "rest", Rewrite: []Rewrite{{`.*`, " \n"}}}, "rest"},
	} {
		n, err := NewNamer(c.config)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := string(n.Name(record)); got != c.want {
				t.Errorf("%+v: %q, want %q", c.config, got, c.want)
			}
		}
	}
}

func TestRecordsWithoutANameGetTheFallback(t *testing.T) {
	n, err := NewNamer(ServiceConfig{From: "host", Fallback: "edge"})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(n.Name(&Record{})); got != "edge" {
		t.Errorf("got %q", got)
	}
}

func TestNamerRefusesAllFaultsAtOnce(t *testing.T) {
	_, err := NewNamer(ServiceConfig{From: "path:0", Rewrite: []Rewrite{{"ok", ""}, {"(", ""}}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`service.from "path:0"`, "constant:NAME", `service.rewrite[1].match "("`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestNamesAreBoundedAndCleanWhateverTheSenderInvents(t *testing.T) {
	n, err := NewNamer(ServiceConfig{From: "path:1"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * namesKept {
		path := fmt.Sprintf("/%d\x00\xff%s", i, strings.Repeat("é", i%400))
		name := n.Name(&Record{Path: []byte(path)})
		if len(name) > maxName || len(name) == 0 || !utf8.Valid(name) || strings.ContainsRune(string(name), 0) {
			t.Fatalf("name %q of %q", name, path)
		}
	}
	if kept := len(n.recent) + len(n.older); kept > 2*namesKept {
		t.Errorf("%d names kept, want at most %d", kept, 2*namesKept)
	}
}

func TestNamingDoesNotAllocate(t *testing.T) {
	n, err := NewNamer(ServiceConfig{From: "host", Rewrite: []Rewrite{{`^([a-z]+)\.`, "$1"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := &Record{Service: []byte("api.example.com")}
	if allocs := testing.AllocsPerRun(1000, func() { n.Name(r) }); allocs != 0 {
		t.Errorf("%v allocations a record", allocs)
	}
}
