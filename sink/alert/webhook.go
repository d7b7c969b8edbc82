package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// The headers of a webhook's request beside the usual ones.
const (
	SignatureHeader = "Spikeline-Signature"
	IDHeader        = "Spikeline-Id"
)

// Sign gives the signature of a body sent at a time: t is Unix seconds, v1 the
// hex HMAC-SHA256 of t, a dot and the body.
func Sign(secret, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// webhook is one receiver, reached by POST.
type webhook struct {
	url      string
	secret   []byte // none: not signed
	client   *http.Client
	now      func() time.Time
	retryFor time.Duration
	pause    time.Duration // before the second try; it doubles
	notify   func(error, time.Duration)
}

const (
	firstPause    = 500 * time.Millisecond
	longestPause  = time.Minute
	answerTimeout = 10 * time.Second
)

func newWebhook(w Webhook, key string, retryFor time.Duration, now func() time.Time, notify func(error, time.Duration)) (*webhook, error) {
	target, secret, err := w.open(key)
	if err != nil {
		return nil, err
	}
	timeout := w.Timeout
	if timeout == 0 {
		timeout = answerTimeout
	}
	client := &http.Client{
		Timeout:       timeout,
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a POST does not survive it
	}
	return &webhook{url: target, secret: secret, client: client, now: now, retryFor: retryFor, pause: firstPause, notify: notify}, nil
}

func (w *webhook) most() int { return 1 }

// send tries one message until it is taken, refused, or retryFor is over.
func (w *webhook) send(ctx context.Context, messages []*Message) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = w.pause, longestPause, 2
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := w.once(ctx, messages[0])
		if err != nil {
			last = err
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(w.retryFor), backoff.WithNotify(w.notify))
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w; last fault: %w", ctx.Err(), last)
	}
	return err
}

// RefusedError is an answer that trying again does not change.
type RefusedError struct {
	Status string // such as 403 Forbidden
	Body   string // how the answer begins
	Advice string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused: %s, %q; %s", e.Status, e.Body, e.Advice)
}

// once tries one message one time.
func (w *webhook) once(ctx context.Context, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return backoff.Permanent(fmt.Errorf("BUG: a message is no JSON: %w", err))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(errors.New("the URL cannot be used")) // err holds the URL, which may be a secret
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "spikeline")
	request.Header.Set(IDHeader, m.ID)
	if w.secret != nil {
		request.Header.Set(SignatureHeader, Sign(w.secret, body, w.now()))
	}
	answer, err := w.client.Do(request)
	if err != nil {
		return withoutURL(err)
	}
	defer answer.Body.Close()
	begin, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection serves again
	return verdict(answer, string(begin))
}

// verdict says what an answer means: nil is taken.
func verdict(answer *http.Response, begin string) error {
	code := answer.StatusCode
	refused := &RefusedError{Status: answer.Status, Body: begin}
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && s > 0 {
			return later{backoff.RetryAfterError{Duration: min(time.Duration(s)*time.Second, longestPause)}, answer.Status}
		}
		return fmt.Errorf("answered %s, %q", answer.Status, begin)
	case code == http.StatusRequestTimeout || code >= 500:
		return fmt.Errorf("answered %s, %q", answer.Status, begin)
	case code >= 300 && code < 400:
		refused.Advice = "it redirects: write its real address into url"
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		refused.Advice = "check the URL, and that both sides have the same secret"
	case code == http.StatusNotFound || code == http.StatusMethodNotAllowed || code == http.StatusGone:
		refused.Advice = "check the URL"
	default:
		refused.Advice = "check that the receiver expects what docs/alerts.md describes"
	}
	return backoff.Permanent(refused)
}

// later is a receiver's wish for a pause, told with its status.
type later struct {
	backoff.RetryAfterError
	status string
}

func (e later) Error() string {
	return fmt.Sprintf("answered %s: again in %v", e.status, e.Duration)
}
func (e later) Unwrap() error { return &e.RetryAfterError }

// withoutURL leaves out a request's address, which may be a secret.
func withoutURL(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}
