package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Version is the release of the chdb packages that Fetch takes from npm; it holds ClickHouse 26.7.
const Version = "26.7.3-stable.1"

// library is chdb's package for one platform.
type library struct {
	platform  string // GOOS/GOARCH
	pkg       string // npm package
	file      string // in the package's folder
	integrity string // of the packed package, as in the registry's metadata; empty: not known to this release
}

// libraries lists the platforms for which chdb is published. A platform
// without a hash is refused by Fetch: nothing unchecked is ever loaded.
var libraries = []library{
	{"linux/amd64", "@chdb/lib-linux-x64-gnu", "libchdb.so", "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=="},
	{"linux/arm64", "@chdb/lib-linux-arm64-gnu", "libchdb.so", ""},
	{"darwin/amd64", "@chdb/lib-darwin-x64", "libchdb.so", ""},
	{"darwin/arm64", "@chdb/lib-darwin-arm64", "libchdb.so", ""},
}

// thisLibrary is the one for the platform we run on.
func thisLibrary() (library, error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	for _, l := range libraries {
		if l.platform == platform {
			return l, nil
		}
	}
	return library{}, fmt.Errorf("embedded ClickHouse is not published for %s: set engine.binary to a clickhouse executable, or use a ClickHouse server", platform)
}

// name is the package with its version, as npm wants it.
func (l library) name() string { return l.pkg + "@" + Version }

// folder is where the library is kept once fetched.
func (l library) folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder for the embedded ClickHouse: %w", err)
	}
	return filepath.Join(cache, "spikeline", "chdb-"+Version+"-"+runtime.GOOS+"-"+runtime.GOARCH), nil
}
