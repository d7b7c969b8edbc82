package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decoder lays a YAML document over a struct that already holds the defaults.
// It goes on after a fault, so that all of them are told at once.
type decoder struct {
	file   string
	lines  map[string]int // where each key of the document stands
	faults Faults
}

// decode fills the struct behind target. The returned lines serve later checks.
func decode(file string, text []byte, target any) (map[string]int, Faults) {
	d := &decoder{file: file, lines: map[string]int{}}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		d.faults = append(d.faults, syntaxFault(file, err))
		return d.lines, d.faults
	}
	bodies := 0
	for _, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		if bodies++; bodies > 1 {
			d.fault(doc.Body, "", "a second YAML document; one file holds one configuration")
			break
		}
		d.value(reflect.ValueOf(target).Elem(), doc.Body, "")
	}
	return d.lines, d.faults
}

var syntaxPosition = regexp.MustCompile(`^\[(\d+):\d+\] (.*)`)

func syntaxFault(file string, err error) Fault {
	first, _, _ := strings.Cut(err.Error(), "\n")
	f := Fault{File: file, Want: "not readable as YAML: " + first}
	if m := syntaxPosition.FindStringSubmatch(first); m != nil {
		_, _ = fmt.Sscan(m[1], &f.Line)
		f.Want = "not readable as YAML: " + m[2]
	}
	return f
}

func (d *decoder) fault(n ast.Node, key, want string) {
	d.faults = append(d.faults, Fault{File: d.file, Line: n.GetToken().Position.Line, Key: key, Want: want})
}

func (d *decoder) faultValue(n ast.Node, key, want string) {
	d.fault(n, key, want)
	if n.Type() != ast.NullType {
		d.faults[len(d.faults)-1].Value = written(n)
	}
}

// written gives a value as it stands in the file, shortened.
func written(n ast.Node) string {
	const most = 60
	s := strings.Join(strings.Fields(n.String()), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (d *decoder) value(v reflect.Value, n ast.Node, key string) {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		d.faultValue(n, key, "anchors, aliases and tags are not allowed here; write the value out")
		return
	}
	switch kindOf(v.Type()) {
	case reflect.Struct:
		d.section(v, n, key)
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		d.value(fresh.Elem(), n, key)
		v.Set(fresh)
	case reflect.Slice:
		d.list(v, n, key)
	case reflect.Map:
		d.dictionary(v, n, key)
	default:
		if err := setScalar(v, n); err != nil {
			d.faultValue(n, key, err.Error())
		}
	}
}

func (d *decoder) section(v reflect.Value, n ast.Node, key string) {
	if n.Type() == ast.NullType {
		return // "window:" with all its keys commented out keeps the defaults
	}
	pairs, ok := pairsOf(n)
	fields := fieldsOf(v.Type())
	if !ok {
		d.faultValue(n, key, "a section of keys is wanted: "+strings.Join(names(fields), ", "))
		return
	}
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		path := join(key, name)
		d.lines[path] = pair.Key.GetToken().Position.Line
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			d.unknown(pair, path, name, fields)
			continue
		}
		d.value(v.FieldByIndex(fields[i].index), pair.Value, path)
	}
}

// unknown tells a literal secret from a misspelt key. A secret's value is never repeated.
func (d *decoder) unknown(pair *ast.MappingValueNode, path, name string, fields []field) {
	known := names(fields)
	var doors []string
	for _, suffix := range []string{"_env", "_file"} {
		if slices.Contains(known, name+suffix) {
			doors = append(doors, name+suffix)
		}
	}
	if len(doors) > 0 {
		d.fault(pair.Key, path, "a secret does not belong in this file; name the environment variable or the file that holds it: "+strings.Join(doors, " or "))
		return
	}
	if near := nearest(name, known); near != "" {
		d.fault(pair.Key, path, fmt.Sprintf("unknown key; did you mean %q?", near))
		return
	}
	d.fault(pair.Key, path, "unknown key; known here: "+strings.Join(known, ", "))
}

func (d *decoder) list(v reflect.Value, n ast.Node, key string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.faultValue(n, key, "a list is wanted: ["+written(n)+"]")
		return
	}
	fresh := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		d.value(fresh.Index(i), item, fmt.Sprintf("%s[%d]", key, i))
	}
	v.Set(fresh)
}

func (d *decoder) dictionary(v reflect.Value, n ast.Node, key string) {
	pairs, ok := pairsOf(n)
	if !ok {
		d.faultValue(n, key, "a section of name: value pairs is wanted")
		return
	}
	fresh := reflect.MakeMap(v.Type())
	for _, pair := range pairs {
		name := pair.Key.GetToken().Value
		path := join(key, name)
		d.lines[path] = pair.Key.GetToken().Position.Line
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(item, pair.Value, path)
		fresh.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), item)
	}
	v.Set(fresh)
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

var errNull = errors.New("no value; write one, or leave the key out for the default")
