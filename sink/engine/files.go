package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
)

// setting is one element of a ClickHouse configuration file.
type setting struct {
	name  string
	value any
}

// writeFiles lays the engine's folder: config.xml, users.xml and data. sign is
// the path of HTTP by which an engine of this configuration is told from others.
func writeFiles(c Config, sign string) (configFile string, err error) {
	root, err := filepath.Abs(c.Path)
	if err != nil {
		return "", fmt.Errorf("engine path %s: %w", c.Path, err)
	}
	for _, dir := range []string{"data", "tmp", "user_files"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o750); err != nil {
			return "", fmt.Errorf("engine path: %w", err)
		}
	}
	configFile = filepath.Join(root, "config.xml")
	for file, text := range map[string]string{configFile: configXML(c, root, sign), filepath.Join(root, "users.xml"): usersXML(c)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("engine path: %w", err)
		}
	}
	return configFile, nil
}

func configXML(c Config, root, sign string) string {
	settings := []setting{
		{"path", filepath.Join(root, "data") + "/"},
		{"tmp_path", filepath.Join(root, "tmp") + "/"},
		{"user_files_path", filepath.Join(root, "user_files") + "/"},
		{"users_config", filepath.Join(root, "users.xml")},
		{"listen_host", c.Host},
		{"http_port", c.HTTPPort},
	}
	if c.NativePort != 0 {
		settings = append(settings, setting{"tcp_port", c.NativePort})
	}
	settings = append(settings,
		setting{"max_server_memory_usage", c.MemoryBytes},
		setting{"mark_cache_size", c.MemoryBytes / 16},
		setting{"uncompressed_cache_size", 0},
		setting{"mlock_executable", false},
	)
	if c.Binary != "" {
		settings = append(settings, setting{"timezone", "UTC"})
	}
	var b bytes.Buffer
	b.WriteString("<clickhouse>\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "    <%s>%s</%s>\n", s.name, escape(fmt.Sprint(s.value)), s.name)
	}
	fmt.Fprintf(&b, "    <http_handlers><rule><url>%s</url><handler><type>static</type><status>200</status>"+
		"<response_content>ours</response_content></handler></rule><defaults/></http_handlers>\n", sign)
	b.WriteString("</clickhouse>\n")
	return b.String()
}

// usersXML gives user default all rights, and user reader the right to read.
// User default has no password, since clickhouse local itself must log in as it;
// that is why the engine listens on loopback alone.
// Grants rather than readonly=2 alone keep the reader from table functions
// such as file() and url(), which would read this machine's files and network.
func usersXML(c Config) string {
	var b bytes.Buffer
	b.WriteString("<clickhouse>\n    <profiles>\n        <default/>\n" +
		"        <reader><readonly>2</readonly><max_execution_time>60</max_execution_time></reader>\n    </profiles>\n" +
		"    <quotas><default/></quotas>\n    <users>\n")
	writeUser(&b, "default", "default", "", "")
	if c.Reader {
		writeUser(&b, "reader", "reader", c.ReaderPassword, "<grants><query>GRANT SELECT ON spikeline.*</query>"+
			"<query>GRANT SELECT ON system.*</query></grants>")
	}
	b.WriteString("    </users>\n</clickhouse>\n")
	return b.String()
}

func writeUser(b *bytes.Buffer, name, profile, password, grants string) {
	secret := "<password/>"
	if password != "" {
		sum := sha256.Sum256([]byte(password))
		secret = "<password_sha256_hex>" + hex.EncodeToString(sum[:]) + "</password_sha256_hex>"
	}
	fmt.Fprintf(b, "        <%s>%s<networks><ip>::/0</ip></networks><profile>%s</profile><quota>default</quota>%s</%s>\n", name, secret, profile, grants, name)
}

func escape(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic("BUG: escape into memory: " + err.Error())
	}
	return b.String()
}
