// Package dashboards is Spikeline in Grafana: dashboards and alert rules as
// code. Its output is checked in (json, deployments/grafana) and made anew by
// go generate; a test keeps it fresh.
//
// A panel's title is the question that it answers, its description says how to
// read it, and its empty state says why there is nothing. Queries are plain SQL
// for the official ClickHouse data source and use only macros that every version
// since 4.14 has. They read the views alone, so that a user who may only SELECT
// (or has readonly = 2) can look at everything.
package dashboards

//go:generate go run ./generate
