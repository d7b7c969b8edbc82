package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func TestWhoAsksTheSameAtTheSameTimeSharesOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, fetches := newCache(3*time.Second), 0
		fetch := func(context.Context) (*data.Frame, error) {
			fetches++
			time.Sleep(time.Second)
			return data.NewFrame("x"), nil
		}
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if f, err := c.get(t.Context(), "k", fetch); err != nil || f.Name != "x" {
					t.Error(f, err)
				}
			})
		}
		all.Wait()
		time.Sleep(2 * time.Second)
		_, _ = c.get(t.Context(), "k", fetch)
		if fetches != 1 {
			t.Errorf("%d fetches while the answer is fresh", fetches)
		}
		time.Sleep(2 * time.Second)
		_, _ = c.get(t.Context(), "k", fetch)
		if fetches != 2 {
			t.Errorf("%d fetches after it is stale", fetches)
		}
	})
}

func TestAFetchEndsWhenTheLastWhoWaitsHasGoneAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(time.Second)
		var ended error
		fetch := func(ctx context.Context) (*data.Frame, error) {
			<-ctx.Done()
			ended = ctx.Err()
			return nil, ctx.Err()
		}
		one, leaveOne := context.WithCancel(t.Context())
		two, leaveTwo := context.WithCancel(t.Context())
		go func() { _, _ = c.get(one, "k", fetch) }()
		go func() { _, _ = c.get(two, "k", fetch) }()
		synctest.Wait()
		leaveOne()
		synctest.Wait()
		if ended != nil {
			t.Error("it ended while one still waits")
		}
		leaveTwo()
		synctest.Wait()
		if !errors.Is(ended, context.Canceled) {
			t.Error("it goes on though nobody waits")
		}
	})
}

func TestAFaultIsNotKept(t *testing.T) {
	c, fault := newCache(time.Hour), errors.New("down")
	if _, err := c.get(t.Context(), "k", func(context.Context) (*data.Frame, error) { return nil, fault }); err != fault {
		t.Error(err)
	}
	if _, err := c.get(t.Context(), "k", func(context.Context) (*data.Frame, error) { return data.NewFrame(""), nil }); err != nil {
		t.Error(err)
	}
}

func TestTheCacheKeepsABoundedNumberOfAnswers(t *testing.T) {
	c := newCache(time.Hour)
	for i := range 3 * maxCached {
		_, _ = c.get(t.Context(), fmt.Sprint(i), func(context.Context) (*data.Frame, error) { return data.NewFrame(""), nil })
	}
	if len(c.entries) > maxCached {
		t.Errorf("%d answers", len(c.entries))
	}
}
