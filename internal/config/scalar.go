package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// setScalar sets v, or says what is wanted in place of n.
func setScalar(v reflect.Value, n ast.Node) error {
	if n.Type() == ast.NullType {
		return errNull
	}
	if v.Type() == durationType {
		return setDuration(v, n)
	}
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return t.UnmarshalText([]byte(plain(n)))
	}
	switch v.Kind() {
	case reflect.String:
		return setString(v, n)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			return fmt.Errorf("true or false is wanted")
		}
		v.SetBool(b.Value)
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt(v, n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setUint(v, n)
	case reflect.Float32, reflect.Float64:
		return setFloat(v, n)
	}
	panic("BUG: a configuration field of a kind that cannot be written in YAML: " + v.Type().String())
}

func plain(n ast.Node) string {
	if l, ok := n.(*ast.LiteralNode); ok {
		return l.Value.Value
	}
	return n.GetToken().Value
}

func setString(v reflect.Value, n ast.Node) error {
	switch n.Type() {
	case ast.StringType, ast.LiteralType:
		v.SetString(plain(n))
		return nil
	case ast.MappingType, ast.MappingValueType, ast.SequenceType:
		return fmt.Errorf("one text is wanted")
	}
	return fmt.Errorf("text is wanted; put it in quotes: %q", plain(n))
}

func setDuration(v reflect.Value, n ast.Node) error {
	text := plain(n)
	d, err := time.ParseDuration(text)
	if err == nil && text != "0" {
		v.SetInt(int64(d))
		return nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return fmt.Errorf("a duration needs its unit: %ss, %sm or %sh", text, text, text)
	}
	return fmt.Errorf("a duration is wanted, such as 500ms, 10s, 5m or 1h30m")
}

func setInt(v reflect.Value, n ast.Node) error {
	i, err := strconv.ParseInt(plain(n), 0, 64)
	if n.Type() != ast.IntegerType || err != nil {
		return fmt.Errorf("a whole number is wanted")
	}
	if v.OverflowInt(i) {
		return fmt.Errorf("too large; at most %d is possible", int64(1)<<(v.Type().Bits()-1)-1)
	}
	v.SetInt(i)
	return nil
}

func setUint(v reflect.Value, n ast.Node) error {
	u, err := strconv.ParseUint(plain(n), 0, 64)
	if n.Type() != ast.IntegerType || err != nil {
		return fmt.Errorf("a whole number, 0 or more, is wanted")
	}
	if v.OverflowUint(u) {
		return fmt.Errorf("too large; at most %d is possible", uint64(1)<<v.Type().Bits()-1)
	}
	v.SetUint(u)
	return nil
}

func setFloat(v reflect.Value, n ast.Node) error {
	f, err := strconv.ParseFloat(plain(n), 64)
	switch t := n.GetToken().Type; {
	case t == token.SingleQuoteType || t == token.DoubleQuoteType, err != nil, math.IsNaN(f), math.IsInf(f, 0):
		return fmt.Errorf("a number is wanted")
	}
	v.SetFloat(f)
	return nil
}
