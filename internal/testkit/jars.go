//go:build wire

package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
)

// pom asks for the broker and the logger that it needs.
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>spikeline</groupId><artifactId>testkit-kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + kafkaVersion + `</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

// jars returns the broker's class path. Maven brings the jars once, and checks
// the hashes that the repository publishes; their SHA-256 is written down beside them
// and compared at each later use.
func jars(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "spikeline", "kafka-"+kafkaVersion)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer lock(t, filepath.Join(dir, "lock"))()
	lib, sums := filepath.Join(dir, "lib"), filepath.Join(dir, "SHA256SUMS")
	written, err := os.ReadFile(sums)
	if err != nil {
		download(t, dir, lib)
		if err := os.WriteFile(sums, []byte(sumsOf(t, lib)), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if now := sumsOf(t, lib); now != string(written) {
		t.Fatalf("the jars in %s are not those that were downloaded: remove the directory to get them anew", dir)
	}
	return filepath.Join(lib, "*")
}

func download(t testing.TB, dir, lib string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "pom.xml"), []byte(pom), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(lib); err != nil {
		t.Fatal(err)
	}
	mvn := exec.Command("mvn", "-q", "-B", "--strict-checksums", "dependency:copy-dependencies", "-DoutputDirectory="+lib)
	mvn.Dir = dir
	if out, err := mvn.CombinedOutput(); err != nil {
		t.Fatalf("mvn could not bring Kafka %s: %v\n%s", kafkaVersion, err, out)
	}
}

// sumsOf lists the hashes of lib's jars, by name.
func sumsOf(t testing.TB, lib string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(lib, "*.jar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no jars in %s (%v): remove its parent to get them anew", lib, err)
	}
	sort.Strings(names)
	var list strings.Builder
	for _, name := range names {
		hash, err := sum(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&list, "%s  %s\n", hash, filepath.Base(name))
	}
	return list.String()
}

// lock lets one test process at a time fill the cache.
func lock(t testing.TB, path string) (unlock func()) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}
