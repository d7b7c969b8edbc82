package plugin

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// settings is one data source as its configuration page or provisioning file gives it.
type settings struct {
	server   *url.URL // of ClickHouse's HTTP port
	username string
	password string
	worker   *url.URL // of a worker that serves reports; nil without
	tls      *tls.Config
	timeout  time.Duration // of one query
	cacheFor time.Duration // 0 asks ClickHouse every time
	rowLimit int
}

// Bounds of the settings.
const (
	defaultTimeout  = 30 * time.Second
	defaultCacheFor = 3 * time.Second
	defaultRowLimit = 50_000
	maxRowLimit     = 1_000_000
)

// options is jsonData, field by field what the configuration page stores.
type options struct {
	Username       string   `json:"username"`
	WorkerURL      string   `json:"workerUrl"`
	TimeoutSeconds *float64 `json:"timeoutSeconds"`
	CacheSeconds   *float64 `json:"cacheSeconds"`
	RowLimit       *int     `json:"rowLimit"`
	TLSSkipVerify  bool     `json:"tlsSkipVerify"`
}

// parseSettings checks everything and tells all faults at once.
func parseSettings(from backend.DataSourceInstanceSettings) (settings, error) {
	var o options
	if len(from.JSONData) > 0 {
		if err := json.Unmarshal(from.JSONData, &o); err != nil {
			return settings{}, fmt.Errorf("jsonData: %w", err)
		}
	}
	s := settings{username: o.Username, password: from.DecryptedSecureJSONData["password"],
		timeout: defaultTimeout, cacheFor: defaultCacheFor, rowLimit: defaultRowLimit}
	var faults []error
	note := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	var err error
	s.server, err = parseURL("URL", from.URL)
	note(err)
	if o.WorkerURL != "" {
		s.worker, err = parseURL("Worker URL", o.WorkerURL)
		note(err)
	}
	note(seconds("Query timeout", o.TimeoutSeconds, 1, 600, &s.timeout))
	note(seconds("Cache", o.CacheSeconds, 0, 60, &s.cacheFor))
	if o.RowLimit != nil {
		s.rowLimit = *o.RowLimit
		if s.rowLimit < 1 || s.rowLimit > maxRowLimit {
			note(fmt.Errorf("row limit is %d; allowed are 1 to %d", s.rowLimit, maxRowLimit))
		}
	}
	if s.server != nil && s.server.Scheme == "https" {
		s.tls, err = tlsConfig(o.TLSSkipVerify, from.DecryptedSecureJSONData["tlsCACert"])
		note(err)
	}
	return s, errors.Join(faults...)
}

func parseURL(name, text string) (*url.URL, error) {
	if text == "" {
		return nil, fmt.Errorf("%s is empty; give the HTTP address, such as http://clickhouse:8123", name)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s %q cannot be read; give the HTTP address, such as http://clickhouse:8123: %w", name, text, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s is %q; it must begin with http:// or https:// and name a host", name, text)
	}
	if u.User != nil {
		return nil, fmt.Errorf("%s holds a user name; give user and password in their own fields", name)
	}
	return u, nil
}

func seconds(name string, value *float64, least, most float64, into *time.Duration) error {
	if value == nil {
		return nil
	}
	if !(*value >= least && *value <= most) {
		return fmt.Errorf("%s is %v seconds; allowed are %v to %v", name, *value, least, most)
	}
	*into = time.Duration(*value * float64(time.Second))
	return nil
}

func tlsConfig(skipVerify bool, authority string) (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: skipVerify} // the administrator's choice on the configuration page
	if authority == "" {
		return c, nil
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM([]byte(authority)) {
		return nil, errors.New("CA certificate holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
	}
	return c, nil
}
