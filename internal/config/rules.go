package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
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
	k.sections()
	k.relations()
	return k.faults
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

// told turns "key: what is wrong" into a fault at that key.
func (k *checker) told(section string, err error) {
	key, rest, found := strings.Cut(err.Error(), ": ")
	key = strings.TrimPrefix(key, section+".")
	path, _, _ := strings.Cut(join(section, key), "[")
	if _, ok := lookup(reflect.ValueOf(k.config), path); !found || !ok {
		k.faults = append(k.faults, Fault{Line: k.line(section), Key: section, Want: err.Error()})
		return
	}
	k.faults = append(k.faults, Fault{Line: k.line(path), Key: join(section, key), Want: rest})
}

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

// relations are what no section can see alone.
func (k *checker) relations() {
	c := k.config
	k.want(len(c.Source.Topics) > 0, "at least one topic", "source.topics")
	k.want(c.Source.Group != "", "a consumer group's name", "source.group")
	k.want(c.Exchange.Group != "", "a consumer group's name", "exchange.group")
	k.want(c.Exchange.Group != c.Source.Group, "the judge needs a group of its own, not the workers' "+c.Source.Group, "exchange.group", "source.group")
	k.want(c.Exchange.Partials != c.Exchange.State, "two topics are needed, since one is compacted and the other is not", "exchange.state", "exchange.partials")
	for _, t := range c.Source.Topics {
		k.want(validTopic(t), "a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -", "source.topics")
		k.want(t != c.Exchange.Partials && t != c.Exchange.State, "a source topic cannot be one of the exchange's", "source.topics", "exchange.partials", "exchange.state")
	}
	k.want(validTopic(c.Exchange.Partials), "a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -", "exchange.partials")
	k.want(validTopic(c.Exchange.State), "a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -", "exchange.state")
	k.want(c.Window.IdleAfter < c.Window.ReleaseAfter || c.Window.IdleAfter < time.Second, "less than window.release_after, "+duration(c.Window.ReleaseAfter)+"; a partition is released after it is idle", "window.idle_after", "window.release_after")
}

func validTopic(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return name != "" && len(name) <= 249 && strings.Trim(name, letters) == "" && name != "." && name != ".."
}
