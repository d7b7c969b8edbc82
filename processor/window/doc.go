// Package window aggregates edge requests into tumbling windows of event time:
// a Folder per source partition turns records into partials, the Merger turns
// the partials of all sources into results. Both are pure: no clock, no I/O,
// no goroutine; whoever owns one calls it from one goroutine.
//
// The rules that make the results exact whatever crashes are those of
// ARCHITECTURE.md ("A partial only grows").
package window
