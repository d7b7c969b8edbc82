package config

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares a text with a file's and gives the latter.
func golden(t *testing.T, file string, got []byte) []byte {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the text differs from %s (go test ./internal/config -update writes it):\n%s", file, got)
	}
	return want
}

func TestPrintedDefaultIsTheGoldenTextAndPassesItsOwnCheck(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, Default()); err != nil {
		t.Fatal(err)
	}
	want := golden(t, "testdata/default.yaml", out.Bytes())
	back, err := Parse("testdata/default.yaml", want)
	if err != nil {
		t.Fatalf("the printed default does not pass its own check:\n%v", err)
	}
	var again bytes.Buffer
	if err := Print(&again, back); err != nil || again.String() != string(want) {
		t.Errorf("what was printed reads back as something else (%v):\n%s", err, again.String())
	}
}

func TestEveryKeySaysWhatItDoesAndWhy(t *testing.T) {
	var walk func(reflect.Type, string)
	walk = func(rt reflect.Type, key string) {
		for _, f := range fieldsOf(rt) {
			path := join(key, f.name)
			ft := rt.FieldByIndex(f.index).Type
			for ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice || ft.Kind() == reflect.Map {
				ft = ft.Elem()
			}
			if f.why == "" && kindOf(ft) != reflect.Struct {
				t.Errorf("%s has no why", path)
			}
			if kindOf(ft) == reflect.Struct {
				walk(ft, path)
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
}

func TestEveryFaultIsToldAtOnceWithItsLine(t *testing.T) {
	_, err := Load("testdata/faults.yaml")
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("told %v", err)
	}
	golden(t, "testdata/faults.txt", []byte(err.Error()+"\n"))
}

func TestBrokenYAMLIsToldWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"window: [\n":                 `f:1: not readable as YAML: sequence end token ']' not found`,
		"log:\n  level: a: b\n":       `f:2: not readable as YAML: mapping value is not allowed in this context`,
		"log: {}\nlog: {}\n":          `f:2: not readable as YAML: mapping key "log" already defined at [1:1]`,
		"log: {}\n---\nhttp: {}\n":    `f:3: a second YAML document; one file holds one configuration`,
		"log: &a {level: info}\n":     `f:1: log = &a {level: info}: anchors, aliases and tags are not allowed here; write the value out`,
		"- 1\n":                       `f:1: a section of keys is wanted: `,
		"log:\n  level:\n":            `f:2: log.level: no value; write one, or leave the key out for the default`,
		"http:\n  profiling: maybe\n": `f:2: http.profiling = maybe: true or false is wanted`,
	} {
		_, err := Parse("f", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q\n told  %v\n wanted %s", text, err, want)
		}
	}
}

func TestAnEmptyFileAndEmptySectionsKeepTheDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "window:\n", "window:\n  # width: 1s\n", "---\n"} {
		c, err := Parse("f", []byte(text))
		if err != nil || !reflect.DeepEqual(c, Default()) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestARelationBrokenByADefaultIsBlamedOnTheKeyThatWasWritten(t *testing.T) {
	_, err := Parse("f", []byte("\nwindow:\n  release_after: 23h59m\n"))
	const want = "f:3: window.release_after = 23h59m: exchange.retention (24h) must be longer than window.allowed_lateness + window.release_after (24h): the judge re-reads the partials of windows that are still open"
	if err == nil || err.Error() != want {
		t.Errorf("told %v", err)
	}
}

func TestTheDetectorFollowsTheWidthOfTheWindow(t *testing.T) {
	c, err := Parse("f", []byte("window: {width: 30s}\n"))
	if err != nil || c.Detect.Width != 30*time.Second {
		t.Errorf("width %v, %v", c.Detect.Width, err)
	}
	if _, err = Parse("f", []byte("detect: {width: 30s}\n")); err == nil {
		t.Error("a second width passed")
	}
}

func TestAFaultOfAFlagHasNoFile(t *testing.T) {
	c := Default()
	c.Source.Topics = nil
	if err := c.Validate(); err == nil || err.Error() != "source.topics: none; name at least one" {
		t.Errorf("told %v", err)
	}
}

func TestASecretInTheFileIsRefusedAndNotRepeated(t *testing.T) {
	var target struct {
		User        string `yaml:"user"`
		PasswordEnv string `yaml:"password_env"`
		TokenFile   string `yaml:"token_file"`
	}
	_, faults := decode("f", []byte("user: me\npassword: hunter2\ntoken: hunter3\n"), &target)
	got := faults.Error()
	const want = `f:2: password: a secret does not belong in this file; name the environment variable or the file that holds it: password_env
f:3: token: a secret does not belong in this file; name the environment variable or the file that holds it: token_file`
	if got != want {
		t.Errorf("told:\n%s", got)
	}
}

func TestASecretInPlaceOfAVariablesNameIsRefusedAndNotRepeated(t *testing.T) {
	_, err := Parse("f", []byte("sink:\n  password_env: hunter-2!\nkafka:\n  sasl: {mechanism: plain, user: me, password_env: $ecret}\n"))
	const want = `f:2: sink.password_env: not the name of an environment variable (A-Z a-z 0-9 _); if it is the secret itself, take it out of this file
f:4: kafka.sasl.password_env: not the name of an environment variable (A-Z a-z 0-9 _); if it is the secret itself, take it out of this file`
	if err == nil || err.Error() != want {
		t.Errorf("told:\n%v", err)
	}
}

func TestEveryKindOfValueIsReadAndPrintedBack(t *testing.T) {
	type inner struct {
		From string `yaml:"from"`
		To   string `yaml:"to"`
	}
	type all struct {
		Text   string           `yaml:"text"`
		Flag   bool             `yaml:"flag"`
		Small  int8             `yaml:"small"`
		Big    uint64           `yaml:"big"`
		Share  float64          `yaml:"share"`
		Wait   time.Duration    `yaml:"wait"`
		List   []string         `yaml:"list"`
		Rules  []inner          `yaml:"rules"`
		Map    map[string]int   `yaml:"map"`
		Maybe  *inner           `yaml:"maybe"`
		Groups map[string]inner `yaml:"groups"`
		Hidden string
	}
	want := all{Text: "a: \"b\" # c\n\tdé", Flag: true, Small: -7, Big: 1 << 63, Share: 1e-9, Wait: 90 * time.Minute, List: []string{"x", "yes", "1", ""},
		Rules: []inner{{`^(.+)\.example$`, "$1"}, {"b", "c"}}, Map: map[string]int{"a b": 1, "true": 2}, Maybe: &inner{"q", "r"},
		Groups: map[string]inner{"g": {"s", "t"}}}
	var text bytes.Buffer
	printSection(&text, reflect.ValueOf(want), 0)
	var got all
	if _, faults := decode("f", text.Bytes(), &got); len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, text.String())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back\n%+v\nof\n%s", got, text.String())
	}
}

func TestNumbersThatDoNotFitAreRefused(t *testing.T) {
	var target struct {
		Small int8   `yaml:"small"`
		Port  uint16 `yaml:"port"`
		Count uint   `yaml:"count"`
		Share int    `yaml:"share"`
	}
	_, faults := decode("f", []byte("small: 200\nport: 65536\ncount: -1\nshare: 1.5\n"), &target)
	const want = `f:1: small = 200: too large; at most 127 is possible
f:2: port = 65536: too large; at most 65535 is possible
f:3: count = -1: a whole number, 0 or more, is wanted
f:4: share = 1.5: a whole number is wanted`
	if faults.Error() != want {
		t.Errorf("told:\n%v", faults)
	}
}

func TestTheNearestKeyIsSuggestedAndAFarOneIsNot(t *testing.T) {
	known := []string{"width", "services", "allowed_lateness"}
	for name, want := range map[string]string{"widht": "width", "service": "services", "allowed_latness": "allowed_lateness", "colour": "", "": ""} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: %q, wanted %q", name, got, want)
		}
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	_, err := Load("testdata/none.yaml")
	if err == nil || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "testdata/none.yaml") {
		t.Errorf("told %v", err)
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	golden, err := os.ReadFile("testdata/default.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte("a: &x [*x]\n<<: *x\n? {a: b}\n: c"))
	f.Add([]byte("window: {width: !!int 5, ? a : b}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("f", text)
		if err == nil && c.Validate() != nil {
			t.Error("a configuration passed the file's check and fails its own")
		}
	})
}
