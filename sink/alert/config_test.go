package alert

import (
	"strings"
	"testing"
)

func TestTheDefaultIsValidAndTellsNobody(t *testing.T) {
	if c := Default(); c.Validate() != nil || c.Enabled() {
		t.Errorf("%v, enabled %v", c.Validate(), c.Enabled())
	}
}

func TestEveryFaultIsToldAtOnce(t *testing.T) {
	c := Config{
		Topic: "s p", BaseURL: "spikeline.example",
		Webhooks: []Webhook{
			{URL: "ftp://a.example", Events: []string{"first_spik"}, MinSeverity: "high", Timeout: 1},
			{URL: "http://me:hunter2@a.example/", SecretEnv: "hunter-2!"},
			{Name: "a.example", URL: "http://b.example", URLEnv: "URL", SecretEnv: "A", SecretFile: "b"},
			{URLEnv: "URL"},
		},
		Quiet: []Quiet{
			{Services: []string{"["}, Kinds: []string{"errors"}, Days: []string{"monday"}, From: "25:00", To: "6", Timezone: "Mars/North"},
			{From: "06:00"},
		},
	}
	golden(t, "testdata/faults.txt", c.Validate().Error()+"\n")
	if strings.Contains(c.Validate().Error(), "hunter") {
		t.Error("a secret is repeated")
	}
}
