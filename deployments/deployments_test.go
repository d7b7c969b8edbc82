package deployments

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/internal/config"
)

type composition struct {
	Services map[string]struct {
		Image     string         `yaml:"image"`
		Command   []string       `yaml:"command"`
		Ports     []string       `yaml:"ports"`
		Volumes   []string       `yaml:"volumes"`
		DependsOn map[string]any `yaml:"depends_on"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

func compose(t *testing.T) (c composition) {
	t.Helper()
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCompositionHasEveryPartAndEachIsPinned(t *testing.T) {
	c := compose(t)
	pinned := regexp.MustCompile(`^[a-z/-]+:v?[0-9]+\.[0-9.]+$`)
	for _, name := range []string{"kafka", "topic", "clickhouse", "spikeline", "simulator", "prometheus", "grafana"} {
		s, ok := c.Services[name]
		if !ok {
			t.Errorf("no service %s", name)
		}
		if s.Image != "spikeline:local" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned to a version", name, s.Image)
		}
	}
}

func TestServicesDependOnServicesThatExistAndMountFilesThatExist(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		for other := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if !strings.HasPrefix(source, "./") {
				if _, ok := c.Volumes[source]; !ok {
					t.Errorf("%s: volume %s is not declared", name, source)
				}
				continue
			}
			if _, err := os.Stat(source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestEveryPortIsPublishedOnLoopbackAlone(t *testing.T) {
	for name, s := range compose(t).Services {
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s", name, p)
			}
		}
	}
}

func TestSpikelineUnderstandsTheCommandsThatTheCompositionGives(t *testing.T) {
	for name, s := range compose(t).Services {
		if s.Image != "spikeline:local" {
			continue
		}
		var stdout, stderr bytes.Buffer
		if status := cli.Main(append(s.Command, "--help"), &stdout, &stderr); status != 0 {
			t.Errorf("%s: %v: exit status %d: %s", name, s.Command, status, stderr.String())
		}
	}
}

func TestTheConfigurationPassesTheCheck(t *testing.T) {
	t.Setenv("CLICKHOUSE_PASSWORD", "any")
	if _, err := config.Load("spikeline.yaml"); err != nil {
		t.Error(err)
	}
}

func TestEveryYAMLFileReads(t *testing.T) {
	files, err := filepath.Glob("grafana/provisioning/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v: %v", files, err)
	}
	for _, f := range append(files, "../.golangci.yml") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var any map[string]any
		if err := yaml.UnmarshalWithOptions(text, &any, yaml.Strict()); err != nil || len(any) == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
}
