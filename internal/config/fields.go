package config

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// field is one key of a section, read off a struct's tags.
type field struct {
	name  string
	why   string
	index []int
}

// fieldsOf lists a struct's keys in their order. A field without a yaml tag is not configuration.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "-" || name == "" || strings.Contains(options, "inline") {
			continue
		}
		out = append(out, field{name: name, why: f.Tag.Get("why"), index: f.Index})
	}
	return out
}

func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// kindOf is how a value is written in YAML: types that read themselves from text are scalars, whatever they are in Go.
func kindOf(t reflect.Type) reflect.Kind {
	if reflect.PointerTo(t).Implements(textType) {
		return reflect.String
	}
	return t.Kind()
}

// lookup finds the value of a dotted key.
func lookup(v reflect.Value, key string) (reflect.Value, bool) {
	name, rest, deeper := strings.Cut(key, ".")
	for _, f := range fieldsOf(v.Type()) {
		if f.name != name {
			continue
		}
		found := v.FieldByIndex(f.index)
		if !deeper {
			return found, true
		}
		return lookup(found, rest)
	}
	return reflect.Value{}, false
}
