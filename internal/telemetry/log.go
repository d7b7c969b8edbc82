package telemetry

import (
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"
)

// Logger writes the program's log to w: text for people, JSON for machines.
// The settings are expected to be valid.
func Logger(w io.Writer, c LogConfig) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		panic("BUG: a log level that was not validated: " + c.Level)
	}
	if c.Format == "text" || c.Format == "auto" && Terminal(w) {
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: shortTime}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// shortTime drops the date, which a person at a terminal knows.
func shortTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.String(a.Key, a.Value.Time().UTC().Format(time.TimeOnly+"Z"))
	}
	return a
}

// Terminal says that a person reads w as it is written.
func Terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
