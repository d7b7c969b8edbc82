package accesslog

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMaskHidesAddressesAndLittleElse(t *testing.T) {
	for in, want := range map[string]string{
		`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000]`: `203.0.113.x - - [18/Nov/2025:11:28:04 +0000]`,
		`{"ClientIP":"203.0.113.7","n":1.25}`:          `{"ClientIP":"203.0.113.x","n":1.25}`,
		`10.0.3.17:8080, 10.0.3.18`:                    `10.0.3.x:8080, 10.0.3.x`,
		`2001:db8:85a3:8d3:1319:8a2e:370:7348 x`:       `2001:db8:x x`,
		`[2001:db8::1]:443`:                            `[2001:db8:x]:443`,
		`::ffff:203.0.113.7`:                           `::x`,
		`203.0.113.7::`:                                `203.0.113.x::x`,
		`2025-11-18T11:28:04Z`:                         `2025-11-18T11:28:04Z`,
		"a\tb\x00c\x7f\u0085d":                         "a b c  d",
		"caf\xe9":                                      "caf\uFFFD",
		`Chrome/126.0.6478.127`:                        `Chrome/126.0.6478.127`,
		``:                                             ``,
	} {
		if got := string(Mask(nil, []byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMaskAppends(t *testing.T) {
	dst := []byte(strings.Repeat("é", 200))
	if got := string(Mask(dst, []byte("1.2.3.4"))); got != string(dst)+"1.2.3.x" {
		t.Errorf("got %q", got)
	}
}

func FuzzMask(f *testing.F) {
	for _, s := range []string{"203.0.113.7", "2001:db8::1", strings.Repeat("é", 200), strings.Repeat("x", 255) + "é", strings.Repeat("1.2.3.4 ", 50), strings.Repeat("f", 300) + "::1", "\xff\xfe"} {
		f.Add(s)
	}
	address := regexp.MustCompile(`(^|[^0-9.])([0-9]{1,3}\.){3}[0-9]{1,3}($|[^0-9.x])`)
	f.Fuzz(func(t *testing.T, line string) {
		got := Mask(nil, []byte(line))
		if len(got) > MaxSample || !utf8.Valid(got) || strings.ContainsFunc(string(got), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
			t.Fatalf("%q: %q is too long or not clean", line, got)
		}
		if len(line) < MaxSample/4 && address.Match(got) {
			t.Fatalf("%q: an address is left in %q", line, got)
		}
	})
}
