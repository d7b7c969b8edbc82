package exchange

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/ingest"
)

func storeOf(c *ingest.Cluster) *Store {
	return newStore(c.Client(), Default().StateTopic, 2_000)
}

func own(t *testing.T, s *Store, generation int64) (Snapshot, bool) {
	t.Helper()
	got, ok, err := s.Own(t.Context(), generation)
	if err != nil {
		t.Fatal(err)
	}
	return got, ok
}

func save(t *testing.T, s *Store, offset int64, state []byte) {
	t.Helper()
	if err := s.Save(t.Context(), offset, state); err != nil {
		t.Fatal(err)
	}
}

// noise does not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

func TestTheNewestSnapshotIsFound(t *testing.T) {
	c, _ := withTopics(t)
	s := storeOf(c)
	if _, ok := own(t, s, 5); ok {
		t.Fatal("a snapshot in an empty topic")
	}
	for i := range int64(7) {
		save(t, s, 100+i, noise(int(9_000-i*1_000)))
	}
	got, ok, err := storeOf(c).Load(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if got.Epoch != 5 || got.Seq != 7 || got.Offset != 106 || !bytes.Equal(got.State, noise(3_000)) {
		t.Fatalf("got epoch %d, seq %d, offset %d, %d bytes", got.Epoch, got.Seq, got.Offset, len(got.State))
	}
	save(t, s, 107, nil)
	if got, _, _ = storeOf(c).Load(t.Context()); got.Offset != 107 || len(got.State) != 0 {
		t.Fatalf("an empty state came back as offset %d, %d bytes", got.Offset, len(got.State))
	}
}

func TestATornSnapshotLeavesTheOneBeforeIt(t *testing.T) {
	c, _ := withTopics(t)
	s := storeOf(c)
	own(t, s, 1)
	save(t, s, 1, noise(5_000))
	save(t, s, 2, noise(6_000))
	next := split(pieceID{s.epoch, s.seq + 1}, 1-s.safe, 3, s.zip.EncodeAll(noise(5_000), nil), s.limit)
	if _, err := s.log.append(t.Context(), next[:2]); err != nil { // the owner dies here
		t.Fatal(err)
	}
	heir := storeOf(c)
	got, ok := own(t, heir, 1)
	if !ok || got.Offset != 2 || !bytes.Equal(got.State, noise(6_000)) || heir.Torn == 0 {
		t.Fatalf("got %v, offset %d, torn %d; want offset 2", ok, got.Offset, heir.Torn)
	}
}

func TestADamagedSnapshotIsPassedOver(t *testing.T) {
	c, _ := withTopics(t)
	s := storeOf(c)
	own(t, s, 1)
	save(t, s, 1, noise(5_000))
	bad := split(pieceID{s.epoch, 2}, 1-s.safe, 2, s.zip.EncodeAll(noise(5_000), nil), s.limit)
	bad[1].value[pieceHeader+5] ^= 1
	if _, err := s.log.append(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	if got, ok := own(t, storeOf(c), 1); !ok || got.Offset != 1 {
		t.Fatalf("got %v, offset %d; want offset 1", ok, got.Offset)
	}
}

func TestAFormerOwnerIsFencedAndOverwritesNothing(t *testing.T) {
	c, broker := withTopics(t)
	zombie := newStore(connect(t, broker).Client(), Default().StateTopic, 2_000)
	own(t, zombie, 3)
	save(t, zombie, 10, noise(5_000))

	heir := storeOf(c)
	if got, ok := own(t, heir, 4); !ok || got.Offset != 10 {
		t.Fatalf("the heir got %v, offset %d", ok, got.Offset)
	}
	if err := zombie.Save(t.Context(), 11, noise(8_000)); !errors.Is(err, ErrFenced) {
		t.Fatalf("the zombie's save gave %v, want ErrFenced", err)
	}
	save(t, heir, 20, noise(4_000))
	if err := zombie.Save(t.Context(), 12, noise(8_000)); !errors.Is(err, ErrFenced) {
		t.Fatalf("the zombie's second save gave %v, want ErrFenced", err)
	}
	got, ok, err := storeOf(c).Load(t.Context())
	if err != nil || !ok || got.Offset != 20 || got.Epoch != 4 {
		t.Fatalf("loaded %v %v, epoch %d, offset %d; want the heir's", ok, err, got.Epoch, got.Offset)
	}
}

func TestOwnersWhoClaimAtOnceGetDifferentEpochs(t *testing.T) {
	c, _ := withTopics(t)
	const owners = 6
	epochs := make(chan int64, owners)
	for range owners {
		go func() {
			s := storeOf(c)
			if _, _, err := s.Own(context.Background(), 1); err != nil {
				t.Error(err)
			}
			epochs <- s.epoch
		}()
	}
	var got []int64
	for range owners {
		got = append(got, <-epochs)
	}
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != owners {
		t.Fatalf("epochs %v", got)
	}
}

func TestFormerOwnersKeysAreRemovedOnceTheFirstSnapshotIsSafe(t *testing.T) {
	c, _ := withTopics(t)
	for generation := range int64(3) {
		s := storeOf(c)
		own(t, s, generation+1)
		save(t, s, generation, noise(5_000))
		save(t, s, generation, noise(9_000))
	}
	s := storeOf(c)
	own(t, s, 1)
	before := live(readTopic(t, c, Default().StateTopic))
	save(t, s, 9, noise(3_000))
	save(t, s, 9, noise(9_000))
	save(t, s, 9, noise(1_000))
	after := live(readTopic(t, c, Default().StateTopic))
	const want = "4/0/0 4/1/0 4/1/1 4/1/2 4/1/3 4/1/4 4/claim"
	if got := strings.Join(after, " "); got != want {
		t.Fatalf("before the first save: %s\nafter: %s\nwant:  %s", before, got, want)
	}
	if !slices.Contains(before, "3/0/0") {
		t.Fatalf("the former owner's snapshot was gone before the heir's first save: %s", before)
	}
	if got, ok := own(t, storeOf(c), 1); !ok || got.Epoch != 4 || got.Seq != 3 {
		t.Fatalf("got %v, epoch %d, seq %d", ok, got.Epoch, got.Seq)
	}
}

// live gives the keys that compaction would keep, sorted.
func live(all []stored) []string {
	values := map[string][]byte{}
	for _, s := range all {
		values[s.key] = s.value
	}
	var keys []string
	for k, v := range values {
		if v != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// Owners come, save, are torn and overtaken in any order: a save that was
// acknowledged is never lost to the next owner.
func TestNoAcknowledgedSaveIsLost(t *testing.T) {
	for seed := range uint64(6) {
		noAcknowledgedSaveIsLost(t, rand.New(rand.NewPCG(seed, 4)))
	}
}

func noAcknowledgedSaveIsLost(t *testing.T, r *rand.Rand) {
	c, _ := withTopics(t)
	var owners []*Store
	acknowledged := int64(-1)
	for step := range int64(120) {
		switch {
		case len(owners) == 0 || r.IntN(6) == 0:
			s := storeOf(c)
			got, ok := own(t, s, r.Int64N(4))
			if ok != (acknowledged >= 0) || ok && got.Offset != acknowledged {
				t.Fatalf("step %d: the new owner got %v, offset %d; acknowledged is %d", step, ok, got.Offset, acknowledged)
			}
			owners = append(owners, s)
		case r.IntN(5) == 0: // torn
			s := owners[len(owners)-1]
			s.seq++
			pairs := split(pieceID{s.epoch, s.seq}, 1-s.safe, -7, s.zip.EncodeAll(noise(4_000), nil), s.limit)
			s.slots[1-s.safe] = max(s.slots[1-s.safe], len(pairs))
			if _, err := s.log.append(t.Context(), pairs[:r.IntN(len(pairs)-1)+1]); err != nil {
				t.Fatal(err)
			}
		default:
			i := r.IntN(len(owners))
			err := owners[i].Save(t.Context(), step, noise(r.IntN(9_000)))
			if newest := i == len(owners)-1; newest != (err == nil) || !newest && !errors.Is(err, ErrFenced) {
				t.Fatalf("step %d: owner %d of %d saved: %v", step, i, len(owners), err)
			}
			if err == nil {
				acknowledged = step
			}
		}
	}
}
