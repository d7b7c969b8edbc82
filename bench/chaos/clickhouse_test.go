//go:build wire

package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// mood is how the proxy before ClickHouse treats requests.
type mood int32

const (
	fair    mood = iota
	refuses      // answers 500
	isFull       // answers as ClickHouse does with no space on its disk
	isLate       // lets ClickHouse do the work, and answers when nobody waits any more
	isCut        // drops connections
)

// front is the HTTP proxy between the workers and ClickHouse.
type front struct {
	sync.Mutex // held by the fault that strikes it
	target     string
	mood       atomic.Int32
	late       atomic.Uint64 // answers kept back
	listener   net.Listener
	server     *http.Server
}

func newFront(target string) (*front, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{target: target, listener: listener}
	f.server = &http.Server{Handler: f}
	go f.server.Serve(listener)
	return f, nil
}

func (f *front) addr() string { return f.listener.Addr().String() }
func (f *front) set(m mood)   { f.mood.Store(int32(m)) }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch mood(f.mood.Load()) {
	case refuses:
		http.Error(w, "refused by the campaign", http.StatusInternalServerError)
	case isFull:
		w.Header().Set("X-ClickHouse-Exception-Code", "243")
		http.Error(w, "Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)", http.StatusInternalServerError)
	case isCut:
		panic(http.ErrAbortHandler)
	default:
		f.pass(w, r)
	}
}

// pass has ClickHouse do the work even if the client goes away meanwhile.
func (f *front) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	u := *r.URL
	u.Scheme, u.Host = "http", f.target
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, u.String(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = r.Header.Clone()
	answer, err := plain.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if mood(f.mood.Load()) == isLate {
		f.late.Add(1)
		select {
		case <-r.Context().Done():
		case <-time.After(2 * insertTimeout):
		}
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	w.Write(text)
}

// plain passes bodies on as they are.
var plain = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}

// database asks ClickHouse directly, past the proxy, as curl does.
type database struct{ addr string }

func (d database) ask(ctx context.Context, query string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.addr+"/?query="+url.QueryEscape(query), nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return string(text), err
}

// rows asks for tab-separated rows.
func (d database) rows(ctx context.Context, query string) (rows [][]string, err error) {
	text, err := d.ask(ctx, query+" FORMAT TSV")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows, nil
}

func (d database) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := d.ask(ctx, "SELECT 1")
	return err == nil
}
