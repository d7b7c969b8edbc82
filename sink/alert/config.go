package alert

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

// Config says who is told of what.
type Config struct {
	Webhooks  []Webhook     `yaml:"webhooks" why:"who gets incidents by HTTP POST; none by default, see docs/alerts.md"`
	Topic     string        `yaml:"topic" why:"Kafka topic for incident events and for signals that open or end, as JSON, such as spikeline.signals; empty for none, and created with one partition if it is missing"`
	Quiet     []Quiet       `yaml:"quiet" why:"rules for what webhooks are not told; the topic gets it all the same, marked quiet"`
	BaseURL   string        `yaml:"base_url" why:"where people reach this worker's pages: links to an incident begin with it; empty for no links"`
	Queue     int           `yaml:"queue" why:"most messages that wait for one target; beyond it the oldest is dropped, counted and logged, since the newest says how things stand"`
	RetryFor  time.Duration `yaml:"retry_for" why:"how long one message is tried before it is given up; longer than a restart of the receiver takes"`
	LateAfter time.Duration `yaml:"late_after" why:"an event this far behind the clock is old news, as when a worker was away: webhooks then get only the newest of each incident"`
	LateEvery time.Duration `yaml:"late_every" why:"how long old news is gathered, at most, before the newest of each incident is sent"`
}

// Webhook is one receiver.
type Webhook struct {
	Name        string        `yaml:"name" why:"its name in logs and metrics; the URL's host by default"`
	URL         string        `yaml:"url" why:"where to POST, http:// or https://"`
	URLEnv      string        `yaml:"url_env" why:"environment variable that holds the URL, for a URL that is a secret itself; needs a name"`
	URLFile     string        `yaml:"url_file" why:"file that holds the URL; needs a name"`
	SecretEnv   string        `yaml:"secret_env" why:"environment variable that holds the key for the signature; without a key messages are not signed"`
	SecretFile  string        `yaml:"secret_file" why:"file that holds the key for the signature"`
	Events      []string      `yaml:"events" why:"which events are sent; all of them by default"`
	MinSeverity string        `yaml:"min_severity" why:"incidents below it are not sent until they reach it: minor (the default), major or critical"`
	Timeout     time.Duration `yaml:"timeout" why:"how long the receiver may take to answer; 10s by default"`
}

// Default tells nobody.
func Default() Config {
	return Config{BaseURL: "http://127.0.0.1:9464", Queue: 10_000, RetryFor: 15 * time.Minute, LateAfter: 5 * time.Minute, LateEvery: time.Minute}
}

// Enabled says that somebody is to be told.
func (c Config) Enabled() bool { return len(c.Webhooks) > 0 || c.Topic != "" }

// Raised is the event sent when an incident that was below min_severity, or quiet, no longer is.
const Raised = "raised"

// Note is the event of a remark in an incident's story.
const note = "note"

// Events are the names that webhooks[].events may hold.
func Events() (names []string) {
	for p := range incident.Phases {
		names = append(names, p.String())
	}
	return append(names, note)
}

var severities = []string{"minor", "major", "critical"}

// Validate tells every fault of the settings. It reads no secret.
func (c Config) Validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	names := map[string]int{}
	for i, w := range c.Webhooks {
		key := fmt.Sprintf("webhooks[%d]", i)
		faults = append(faults, w.check(key)...)
		name := w.name()
		first, taken := names[name]
		fault(taken && name != "", "%s.name: %q is webhooks[%d] too; give each a name of its own", key, name, first)
		fault(name == topicName(c.Topic), "%s.name: %q is how the topic is called; choose another", key, name)
		if !taken {
			names[name] = i
		}
	}
	for i, q := range c.Quiet {
		faults = append(faults, q.check(fmt.Sprintf("quiet[%d]", i))...)
	}
	fault(c.Topic != "" && !topicRule.MatchString(c.Topic), "topic: %q; a topic's name is 1 to 249 of a-z A-Z 0-9 . _ -", c.Topic)
	fault(c.BaseURL != "" && !isHTTP(c.BaseURL), "base_url: %q; write it like http://spikeline.example:9464, or leave it empty", c.BaseURL)
	fault(c.Queue < 1 || c.Queue > 1_000_000, "queue: %d, allowed is 1 to 1000000", c.Queue)
	fault(c.RetryFor < time.Second || c.RetryFor > 24*time.Hour, "retry_for: %v, allowed is 1s to 24h", c.RetryFor)
	fault(c.LateAfter < time.Minute, "late_after: %v, allowed is 1m and more: windows close some seconds after their end", c.LateAfter)
	fault(c.LateEvery < time.Second || c.LateEvery > time.Hour, "late_every: %v, allowed is 1s to 1h", c.LateEvery)
	return errors.Join(faults...)
}

var (
	topicRule    = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func isHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// name is how logs and metrics call the webhook: never by its URL, which may be a secret.
func (w Webhook) name() string {
	if w.Name != "" {
		return w.Name
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

func (w Webhook) check(key string) (faults []error) {
	fault := func(bad bool, field, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(key+field+": "+format, args...))
		}
	}
	given := 0
	for _, way := range []string{w.URL, w.URLEnv, w.URLFile} {
		if way != "" {
			given++
		}
	}
	fault(given != 1, "", "give exactly one of url, url_env and url_file")
	fault(w.URL != "" && !isHTTP(w.URL), ".url", "not a URL that begins with http:// or https:// and names a host")
	if u, err := url.Parse(w.URL); err == nil {
		fault(u.User != nil, ".url", "a secret does not belong in this file; put the whole URL into url_env or url_file")
	}
	fault(w.URL == "" && w.Name == "", ".name", "empty; a webhook whose URL is not in this file needs one")
	fault(w.SecretEnv != "" && w.SecretFile != "", "", "secret_env and secret_file are both given; choose one")
	for _, v := range []struct{ field, name string }{{".url_env", w.URLEnv}, {".secret_env", w.SecretEnv}} {
		fault(v.name != "" && !variableName.MatchString(v.name), v.field, "not the name of an environment variable (A-Z a-z 0-9 _); if it is the secret itself, take it out of this file")
	}
	for _, e := range w.Events {
		fault(!slices.Contains(Events(), e), ".events", "%q, allowed are %s", e, strings.Join(Events(), ", "))
	}
	fault(w.MinSeverity != "" && !slices.Contains(severities, w.MinSeverity), ".min_severity", "%q, allowed are %s", w.MinSeverity, strings.Join(severities, ", "))
	fault(w.Timeout != 0 && (w.Timeout < 100*time.Millisecond || w.Timeout > 5*time.Minute), ".timeout", "%v, allowed is 100ms to 5m", w.Timeout)
	return faults
}

// open reads the URL and the key of the signature. key names the webhook in errors.
func (w Webhook) open(key string) (target string, secret []byte, err error) {
	target = w.URL
	if w.URLEnv != "" || w.URLFile != "" {
		if target, err = secretText(key+".url", w.URLEnv, w.URLFile); err != nil {
			return "", nil, err
		}
		if !isHTTP(target) {
			return "", nil, fmt.Errorf("%s: what url_env or url_file holds is not a URL that begins with http:// or https://", key)
		}
	}
	if w.SecretEnv == "" && w.SecretFile == "" {
		return target, nil, nil
	}
	text, err := secretText(key+".secret", w.SecretEnv, w.SecretFile)
	return target, []byte(text), err
}

func secretText(key, variable, file string) (string, error) {
	if variable != "" {
		text := os.Getenv(variable)
		if text == "" {
			return "", fmt.Errorf("%s_env: the environment variable %s is empty or not set", key, variable)
		}
		return text, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_file: %w", key, err)
	}
	text := strings.TrimRight(string(content), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s_file: %s is empty", key, file)
	}
	return text, nil
}
