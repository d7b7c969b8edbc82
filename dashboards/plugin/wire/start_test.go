//go:build wire

package wire

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// server is what all tests of this package share: the engine with the outage, and the plugin's process.
var server struct {
	address  string
	data     grpcplugin.DataClient
	health   grpcplugin.DiagnosticsClient
	resource grpcplugin.ResourceClient
	stream   grpcplugin.StreamClient
	context  func() backend.PluginContext
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "spikeline-plugin")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	spikeline, gpx := filepath.Join(dir, "spikeline"), filepath.Join(dir, "gpx_spikeline")
	if err := command("../../..", "go", "build", "-o", spikeline, "."); err != nil {
		return 0, err
	}
	if err := command("..", "go", "build", "-o", gpx, "./pkg"); err != nil {
		return 0, err
	}
	stop, err := startEngine(spikeline, dir)
	if err != nil {
		return 0, err
	}
	defer stop()
	if err := fill(spikeline, filepath.Join(dir, "edge.log")); err != nil {
		return 0, err
	}
	end, err := startPlugin(gpx)
	if err != nil {
		return 0, err
	}
	defer end()
	return m.Run(), nil
}

func command(dir, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// startEngine runs the embedded ClickHouse as users run it.
func startEngine(spikeline, dir string) (stop func(), err error) {
	c := exec.Command(spikeline, "clickhouse", "--path", filepath.Join(dir, "data"), "--http-port", "0")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the engine printed no address: %w", err)
	}
	server.address = strings.TrimSpace(strings.TrimPrefix(line, "http "))
	return func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}, nil
}

// fill replays the first hour of an outage into the engine.
func fill(spikeline, log string) error {
	if err := command(".", spikeline, "simulate", "--scenario", "cloudflare-2025-11-18", "--total", "60",
		"--from", from.Format(time.RFC3339), "--to", to.Format(time.RFC3339), "-o", log); err != nil {
		return err
	}
	if err := command(".", spikeline, "schema", "apply", "--clickhouse", server.address); err != nil {
		return err
	}
	return command(".", spikeline, "replay", log, "--clickhouse", server.address)
}

// startPlugin does what Grafana does: handshake with the magic cookie, then gRPC.
func startPlugin(gpx string) (end func(), err error) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: grpcplugin.ProtocolVersion,
			MagicCookieKey: grpcplugin.MagicCookieKey, MagicCookieValue: grpcplugin.MagicCookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{grpcplugin.ProtocolVersion: {
			"data": &grpcplugin.DataGRPCPlugin{}, "diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"resource": &grpcplugin.ResourceGRPCPlugin{}, "stream": &grpcplugin.StreamGRPCPlugin{}}},
		Cmd: exec.Command(gpx), AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Logger: hclog.NewNullLogger(),
	})
	rpc, err := client.Client()
	if err != nil {
		return nil, fmt.Errorf("start the plugin: %w", err)
	}
	for name, take := range map[string]func(any){
		"data":        func(c any) { server.data = c.(grpcplugin.DataClient) },
		"diagnostics": func(c any) { server.health = c.(grpcplugin.DiagnosticsClient) },
		"resource":    func(c any) { server.resource = c.(grpcplugin.ResourceClient) },
		"stream":      func(c any) { server.stream = c.(grpcplugin.StreamClient) },
	} {
		raw, err := rpc.Dispense(name)
		if err != nil {
			client.Kill()
			return nil, fmt.Errorf("the plugin does not serve %s: %w", name, err)
		}
		take(raw)
	}
	server.context = func() backend.PluginContext { return instance(server.address, "reader", "", `{"username":"reader"}`) }
	return client.Kill, nil
}

// instance is the data source as Grafana hands it over with each request.
func instance(url, user, password, jsonData string) backend.PluginContext {
	if jsonData == `{}` {
		jsonData = fmt.Sprintf(`{"username":%q}`, user)
	}
	return backend.PluginContext{OrgID: 1, PluginID: "spikeline-datasource", DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
		ID: int64(len(url) + len(user)*100 + len(password)*10_000 + len(jsonData)*1_000_000), UID: "spikeline", URL: url, JSONData: []byte(jsonData),
		DecryptedSecureJSONData: map[string]string{"password": password}, Updated: time.Unix(int64(hash(url+user+password+jsonData)), 0)}}
}

func hash(s string) (h uint32) {
	for _, c := range []byte(s) {
		h = h*31 + uint32(c)
	}
	return h
}

func request(p backend.PluginContext, kind, q string) *pluginv2.QueryDataRequest {
	return backend.ToProto().QueryDataRequest(&backend.QueryDataRequest{PluginContext: p, Queries: []backend.DataQuery{{
		RefID: "A", QueryType: kind, MaxDataPoints: 1000, Interval: 10 * time.Second,
		TimeRange: backend.TimeRange{From: from, To: to}, JSON: []byte(q)}}})
}

func query(t *testing.T, p backend.PluginContext, kind, q string) backend.DataResponse {
	t.Helper()
	answer, err := server.data.QueryData(t.Context(), request(p, kind, q))
	if err != nil {
		t.Fatal(err)
	}
	got, err := backend.FromProto().QueryDataResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	return got.Responses["A"]
}

// ask gives the one frame of a query that must not fail.
func ask(t *testing.T, kind, q string) *data.Frame {
	t.Helper()
	r := query(t, server.context(), kind, q)
	if r.Error != nil || len(r.Frames) != 1 {
		t.Fatalf("%s %s: %d frames, %v", kind, q, len(r.Frames), r.Error)
	}
	return r.Frames[0]
}

func health(t *testing.T, p backend.PluginContext) string {
	t.Helper()
	r, err := server.health.CheckHealth(t.Context(), &pluginv2.CheckHealthRequest{PluginContext: backend.ToProto().PluginContext(p)})
	if err != nil {
		t.Fatal(err)
	}
	return r.Message
}

func resource(t *testing.T, p backend.PluginContext, address string) (status int32, kind, body string) {
	t.Helper()
	path, _, _ := strings.Cut(address, "?")
	c, err := server.resource.CallResource(t.Context(), &pluginv2.CallResourceRequest{
		PluginContext: backend.ToProto().PluginContext(p), Path: path, Method: "GET", Url: address})
	if err != nil {
		t.Fatal(err)
	}
	for {
		part, err := c.Recv()
		if err == io.EOF {
			return status, kind, body
		}
		if err != nil {
			t.Fatal(err)
		}
		if part.Code != 0 {
			status = part.Code
		}
		if h := part.Headers["Content-Type"]; h != nil {
			kind = strings.Join(h.Values, ",")
		}
		body += string(part.Body)
	}
}

// stream subscribes, runs the channel and gives its first frame.
func stream(t *testing.T, path, q string) *data.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p := backend.ToProto().PluginContext(server.context())
	joined, err := server.stream.SubscribeStream(ctx, &pluginv2.SubscribeStreamRequest{PluginContext: p, Path: path, Data: []byte(q)})
	if err != nil || joined.Status != pluginv2.SubscribeStreamResponse_OK {
		t.Fatalf("subscribe: %v %v", joined, err)
	}
	c, err := server.stream.RunStream(ctx, &pluginv2.RunStreamRequest{PluginContext: p, Path: path, Data: []byte(q)})
	if err != nil {
		t.Fatal(err)
	}
	packet, err := c.Recv()
	if err != nil {
		t.Fatal(err)
	}
	f := &data.Frame{}
	if err := f.UnmarshalJSON(packet.Data); err != nil {
		t.Fatal(err)
	}
	return f
}

func assertSorted(t *testing.T, f *data.Frame) {
	t.Helper()
	for i := 1; i < f.Rows(); i++ {
		if f.At(0, i).(time.Time).Before(f.At(0, i-1).(time.Time)) {
			t.Fatalf("row %d goes back in time", i)
		}
	}
}

func values(f *data.Field) (all []float64) {
	for i := range f.Len() {
		if !f.NilAt(i) {
			v, _ := f.FloatAt(i)
			all = append(all, v)
		}
	}
	return all
}

func highest(f *data.Field) float64 {
	if v := values(f); len(v) > 0 {
		return slices.Max(v)
	}
	return 0
}

func sum(fields []*data.Field) (total float64) {
	for _, f := range fields {
		for _, v := range values(f) {
			total += v
		}
	}
	return total
}
