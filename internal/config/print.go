package config

import (
	"bufio"
	"encoding"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Print writes a configuration as YAML that Parse reads back, each key under a comment that says what it does and why.
func Print(w io.Writer, c Config) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "# Spikeline's configuration. Every key may be left out: the values here are the ones in force without it.")
	fmt.Fprintln(b, "# Durations carry their unit (500ms, 10s, 1h). Secrets stay outside: name an environment variable or a file.")
	printSection(b, reflect.ValueOf(c), 0)
	return b.Flush()
}

func printSection(w io.Writer, v reflect.Value, depth int) {
	indent := strings.Repeat("  ", depth)
	for _, f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.index)
		if depth == 0 {
			fmt.Fprintln(w)
		}
		for _, line := range wrap(sentence(f.why), 110-len(indent)) {
			fmt.Fprintf(w, "%s# %s\n", indent, line)
		}
		fmt.Fprintf(w, "%s%s:", indent, f.name)
		printValue(w, value, depth)
	}
}

// printValue writes what follows "key:", up to its line end.
func printValue(w io.Writer, v reflect.Value, depth int) {
	switch kindOf(v.Type()) {
	case reflect.Struct:
		fmt.Fprintln(w)
		printSection(w, v, depth+1)
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(v.Type().Elem())
		}
		printValue(w, v.Elem(), depth)
	case reflect.Slice:
		printList(w, v, depth)
	case reflect.Map:
		printMap(w, v, depth)
	default:
		fmt.Fprintf(w, " %s\n", scalar(v))
	}
}

func printList(w io.Writer, v reflect.Value, depth int) {
	if v.Len() == 0 || kindOf(v.Type().Elem()) != reflect.Struct {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = scalar(v.Index(i))
		}
		fmt.Fprintf(w, " [%s]\n", strings.Join(items, ", "))
		return
	}
	fmt.Fprintln(w)
	indent := strings.Repeat("  ", depth+1)
	for i := range v.Len() {
		mark := "- "
		for _, f := range fieldsOf(v.Type().Elem()) {
			fmt.Fprintf(w, "%s%s%s:", indent, mark, f.name)
			printValue(w, v.Index(i).FieldByIndex(f.index), depth+2)
			mark = "  "
		}
	}
}

func printMap(w io.Writer, v reflect.Value, depth int) {
	if v.Len() == 0 {
		fmt.Fprintln(w, " {}")
		return
	}
	fmt.Fprintln(w)
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	for _, k := range keys {
		fmt.Fprintf(w, "%s%s:", strings.Repeat("  ", depth+1), quoted(k.String()))
		printValue(w, v.MapIndex(k), depth+1)
	}
}

func scalar(v reflect.Value) string {
	if v.Type() == durationType {
		return duration(time.Duration(v.Int()))
	}
	if t, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := t.MarshalText()
		if err != nil {
			panic("BUG: a configuration value cannot be printed: " + err.Error())
		}
		return quoted(string(text))
	}
	if v.Kind() == reflect.String {
		return quoted(v.String())
	}
	if v.CanFloat() {
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return fmt.Sprint(v.Interface())
}

// duration leaves out the zero parts that Go prints: 1m, not 1m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var (
	bare     = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*$`)
	notAText = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)
)

func quoted(s string) string {
	if bare.MatchString(s) && !notAText.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// sentence gives a why its capital and its full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// wrap breaks a text into lines of at most width letters, between words.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
