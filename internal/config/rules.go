package config

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// validator is a section that knows its own limits. Its errors begin with the key they are about.
type validator interface{ Validate() error }

// checker collects faults and finds the line of each: that of the first of its keys that stands in the file.
type checker struct {
	config Config
	lines  map[string]int
	faults Faults
}

func (c Config) check(lines map[string]int) Faults {
	k := &checker{config: c, lines: lines}
	k.secretNames(reflect.ValueOf(c), "")
	k.sections()
	k.relations()
	return k.faults
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// secretNames refuses what cannot be the name of an environment variable, since it may be the secret itself.
func (k *checker) secretNames(section reflect.Value, key string) {
	for _, f := range fieldsOf(section.Type()) {
		v, path := section.FieldByIndex(f.index), join(key, f.name)
		if kindOf(v.Type()) == reflect.Struct {
			k.secretNames(v, path)
			continue
		}
		if strings.HasSuffix(f.name, "_env") && v.Kind() == reflect.String && v.String() != "" && !variableName.MatchString(v.String()) {
			k.faults = append(k.faults, Fault{Line: k.line(path), Key: path, Want: "not the name of an environment variable (A-Z a-z 0-9 _); if it is the secret itself, take it out of this file"})
		}
	}
}

// sections lets each section check itself.
func (k *checker) sections() {
	root := reflect.ValueOf(k.config)
	for _, f := range fieldsOf(root.Type()) {
		section, ok := root.FieldByIndex(f.index).Interface().(validator)
		if !ok {
			continue
		}
		for _, err := range split(section.Validate()) {
			k.told(f.name, err)
		}
	}
}

// told turns an error that begins with a key of the section ("width: …",
// "detect.width is …") into a fault at that key; another one is about the section.
func (k *checker) told(section string, err error) {
	text := strings.TrimPrefix(err.Error(), section+".")
	key := leadingKey.FindString(text)
	path := join(section, key)
	field, _, _ := strings.Cut(path, "[")
	if _, known := lookup(reflect.ValueOf(k.config), field); key == "" || !known {
		k.faults = append(k.faults, Fault{Line: k.line(section), Key: section, Want: err.Error()})
		return
	}
	if strings.HasSuffix(field, "_env") && slices.ContainsFunc(k.faults, func(f Fault) bool { return f.Key == path }) {
		return // its value is not to be repeated
	}
	at, text := path, text[len(key):]
	if quoted, err := strconv.QuotedPrefix(strings.TrimPrefix(text, "[")); err == nil && strings.HasPrefix(text, "["+quoted+"]") { // an entry by its name
		name, _ := strconv.Unquote(quoted)
		at, path, text = join(path, name), path+"["+quoted+"]", text[len(quoted)+2:]
	}
	f := Fault{Line: k.line(at), Key: path, Want: strings.TrimPrefix(strings.TrimLeft(text, ": "), "is ")}
	if strings.HasPrefix(f.Want, "and ") { // it is about two keys
		f.Key, f.Want = section, key+text
	}
	k.faults = append(k.faults, f)
}

var leadingKey = regexp.MustCompile(`^[a-z0-9_]+(\[\d+\])?(\.[a-z0-9_]+(\[\d+\])?)*`)

func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, split(e)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// want records a fault about keys unless ok. The first key that the user wrote is the one to blame.
func (k *checker) want(ok bool, allowed string, keys ...string) {
	if ok {
		return
	}
	blamed := keys[0]
	for _, key := range keys {
		if k.lines[key] > 0 {
			blamed = key
			break
		}
	}
	v, known := lookup(reflect.ValueOf(k.config), blamed)
	if !known {
		panic("BUG: a rule about an unknown key: " + blamed)
	}
	value := shown(v)
	if k.lines[blamed] == 0 {
		value += " (default)"
	}
	k.faults = append(k.faults, Fault{Line: k.line(blamed), Key: blamed, Value: value, Want: allowed})
}

// line gives where a key stands, or its nearest section.
func (k *checker) line(key string) int {
	for key != "" {
		if n := k.lines[key]; n > 0 {
			return n
		}
		key = key[:max(strings.LastIndexByte(key, '.'), 0)]
	}
	return 0
}

func shown(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	return scalar(v)
}

const topicRule = "a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -"

// relations are what no section can see alone.
func (k *checker) relations() {
	c := k.config
	for _, t := range c.Source.Topics {
		k.want(t != c.Exchange.PartialsTopic, "a source topic cannot be the exchange's too", "exchange.partials_topic", "source.topics")
		k.want(t != c.Exchange.StateTopic, "a source topic cannot be the exchange's too", "exchange.state_topic", "source.topics")
	}
	k.want(validTopic(c.Exchange.PartialsTopic), topicRule, "exchange.partials_topic")
	k.want(validTopic(c.Exchange.StateTopic), topicRule, "exchange.state_topic")

	taken := append([]string{c.Exchange.PartialsTopic, c.Exchange.StateTopic}, c.Source.Topics...)
	k.want(c.Alerts.Topic == "" || !slices.Contains(taken, c.Alerts.Topic), "a source topic or one of the exchange's cannot be the alerts' too", "alerts.topic")

	w := c.Window
	k.want(w.IdleAfter < w.ReleaseAfter, "window.release_after ("+duration(w.ReleaseAfter)+") must be longer than window.idle_after ("+duration(w.IdleAfter)+"): a partition is idle before it is released", "window.idle_after", "window.release_after")
	k.want(c.Exchange.Retention > w.AllowedLateness+w.ReleaseAfter, "exchange.retention ("+duration(c.Exchange.Retention)+") must be longer than window.allowed_lateness + window.release_after ("+duration(w.AllowedLateness+w.ReleaseAfter)+"): the judge re-reads the partials of windows that are still open", "exchange.retention", "window.release_after", "window.allowed_lateness")
	k.incident()
	k.secretInDSN()
}

// secretInDSN refuses a password in the file, without repeating it. One that a flag gave is the caller's own affair.
func (k *checker) secretInDSN() {
	line := k.lines["sink.dsn"]
	u, err := url.Parse(k.config.Sink.DSN)
	if line == 0 || err != nil || u.User == nil {
		return
	}
	if _, given := u.User.Password(); given {
		k.faults = append(k.faults, Fault{Line: line, Key: "sink.dsn", Want: "a secret does not belong in this file; name the environment variable or the file that holds the password: sink.password_env or sink.password_file"})
	}
}

// incident checks what package incident takes as given.
func (k *checker) incident() {
	c := k.config.Incident
	k.want(c.Near >= 0, "0s or more", "incident.near")
	k.want(c.Quiet > 0, "more than 0s", "incident.quiet")
	k.want(c.QuietLimit >= c.Quiet, "incident.quiet_limit ("+duration(c.QuietLimit)+") must be at least incident.quiet ("+duration(c.Quiet)+")", "incident.quiet_limit", "incident.quiet")
	k.want(c.Precursor >= 0, "0s or more", "incident.precursor")
	k.want(c.Silence > c.QuietLimit, "incident.silence ("+duration(c.Silence)+") must be longer than incident.quiet_limit ("+duration(c.QuietLimit)+")", "incident.silence", "incident.quiet_limit")
	k.want(c.ResidualLimit > 0, "more than 0s", "incident.residual_limit")
	k.want(c.CascadeEvents >= 1, "1 or more", "incident.cascade_events")
	k.want(c.LargeFleet >= 1, "1 or more", "incident.large_fleet")
	k.want(c.TrafficServices >= 1, "1 or more", "incident.traffic_services")
	k.want(c.MaxServices >= 1, "1 or more", "incident.max_services")
	k.want(c.MaxMembers >= 1, "1 or more", "incident.max_members")
	k.want(c.MaxOpen >= 1, "1 or more", "incident.max_open")
	k.want(c.MaxPoints >= 16, "16 or more", "incident.max_points")
	k.want(c.Objective > 0 && c.Objective < 1, "between 0 and 1, such as 0.999", "incident.objective")
	for _, glob := range slices.Sorted(maps.Keys(c.Objectives)) {
		fault := Fault{Line: k.line("incident.objectives." + glob), Key: fmt.Sprintf("incident.objectives[%q]", glob)}
		if v := c.Objectives[glob]; !(v > 0 && v < 1) {
			fault.Value, fault.Want = strconv.FormatFloat(v, 'g', -1, 64), "between 0 and 1, such as 0.999"
			k.faults = append(k.faults, fault)
		}
		if _, err := path.Match(glob, ""); err != nil {
			fault.Value, fault.Want = "", fmt.Sprintf("not a glob (%v); escape [ and \\ with a backslash", err)
			k.faults = append(k.faults, fault)
		}
	}
}

func validTopic(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return name != "" && len(name) <= 249 && strings.Trim(name, letters) == "" && name != "." && name != ".."
}
