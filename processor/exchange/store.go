package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/ingest"
)

// ErrFenced says that a newer owner has the snapshots: stop, write nothing more.
var ErrFenced = errors.New("exchange: another worker has become the judge")

// Store keeps the judge's snapshots in a compacted topic of one partition.
//
// An owner begins by appending a claim of an epoch higher than all before, and
// then reads the log up to its claim. A save is acknowledged only if no higher
// epoch stands before it in the log. So of a former owner's saves each is
// either seen by the next owner, or refused with ErrFenced.
type Store struct {
	log   topicLog
	limit int // bytes of a record
	zip   *zstd.Encoder

	epoch, seq int64
	next       int64               // end of the log as far as it was seen
	highest    int64               // epoch in it
	pieces     map[string]piece    // while loading
	stale      map[string]struct{} // keys of lower epochs, to be removed
	safe       int                 // slot of the newest snapshot; the other one is written next
	slots      [2]int              // chunks each slot of this epoch may have

	// Torn is how many snapshots the last Load or Own passed over because parts were missing or damaged.
	Torn int
}

// NewStore makes a store in a topic.
func NewStore(c *ingest.Cluster, topic string) *Store {
	return newStore(c.Client(), topic, Default().MaxMessageBytes)
}

func newStore(client *kafka.Client, topic string, maxMessageBytes int) *Store {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic("BUG: exchange: zstd: " + err.Error())
	}
	return &Store{log: newTopicLog(client, topic), limit: maxMessageBytes, zip: zip, stale: map[string]struct{}{}}
}

// OnRetry has f called before each pause after a failed attempt, to tell a stalled broker.
func (s *Store) OnRetry(f func(err error, wait time.Duration)) { s.log.onRetry = f }

// Load reads the newest whole snapshot without becoming its owner; false when there is none.
func (s *Store) Load(ctx context.Context) (Snapshot, bool, error) {
	defer s.loaded()
	if err := s.readAll(ctx); err != nil {
		return Snapshot{}, false, err
	}
	return s.newest()
}

// Own claims a new epoch, at least as high as the owner's group generation,
// and gives the newest whole snapshot before it; false when there is none.
func (s *Store) Own(ctx context.Context, generation int64) (Snapshot, bool, error) {
	defer s.loaded()
	s.epoch = 0
	if err := s.readAll(ctx); err != nil {
		return Snapshot{}, false, err
	}
	for {
		epoch := max(s.highest+1, generation)
		base, err := s.log.append(ctx, []pair{{claimKey(epoch), []byte{pieceVersion}}})
		if err != nil {
			return Snapshot{}, false, err
		}
		if err := s.readTo(ctx, base); err != nil {
			return Snapshot{}, false, err
		}
		lost := s.highest >= epoch
		s.learn(base, claimKey(epoch), []byte{pieceVersion})
		s.next = base + 1
		if lost {
			continue
		}
		delete(s.stale, claimKey(epoch))
		s.epoch, s.seq, s.safe, s.slots = epoch, 0, 1, [2]int{}
		return s.newest()
	}
}

// readAll reads the whole log as it is now, and keeps its pieces.
func (s *Store) readAll(ctx context.Context) error {
	first, end, err := s.log.bounds(ctx)
	if err != nil {
		return err
	}
	s.pieces, s.next, s.highest = map[string]piece{}, first, 0
	return s.readTo(ctx, end)
}

func (s *Store) loaded() { s.pieces = nil }

// Save writes a snapshot; when it returns nil, the snapshot survives. Once
// the first of an epoch is safe, what former owners left is removed.
func (s *Store) Save(ctx context.Context, offset int64, state []byte) error {
	if s.epoch == 0 {
		panic("BUG: exchange: Store.Save before Own")
	}
	s.seq++
	slot := 1 - s.safe
	pairs := split(pieceID{s.epoch, s.seq}, slot, offset, s.zip.EncodeAll(state, nil), s.limit)
	if len(pairs) > maxPieces {
		return fmt.Errorf("exchange: a snapshot of %d bytes does not fit %d records of %d bytes: raise max_message_bytes", len(state), maxPieces, s.limit)
	}
	used := s.slots[slot]
	s.slots[slot] = max(used, len(pairs))
	for _, p := range pairs {
		delete(s.stale, p.key)
		if err := s.append(ctx, p); err != nil {
			return err
		}
	}
	s.safe, s.slots[slot] = slot, len(pairs)
	for i := len(pairs); i < used; i++ {
		s.stale[chunkKey(s.epoch, slot, i)] = struct{}{}
	}
	return s.sweep(ctx)
}

// append writes records unless a higher epoch came before them.
func (s *Store) append(ctx context.Context, pairs ...pair) error {
	if s.highest > s.epoch {
		return s.fenced()
	}
	base, err := s.log.append(ctx, pairs)
	if err != nil {
		return err
	}
	if err := s.readTo(ctx, base); err != nil { // others' records, if any
		return err
	}
	s.next = base + int64(len(pairs))
	if s.highest > s.epoch {
		return s.fenced()
	}
	return nil
}

func (s *Store) fenced() error {
	return fmt.Errorf("%w: its epoch is %d, ours %d", ErrFenced, s.highest, s.epoch)
}

// sweep puts tombstones on the keys that are of no use any more.
func (s *Store) sweep(ctx context.Context) error {
	const most = 1000
	for len(s.stale) > 0 {
		var tombstones []pair
		for key := range s.stale {
			if tombstones = append(tombstones, pair{key: key}); len(tombstones) == most {
				break
			}
		}
		if err := s.append(ctx, tombstones...); err != nil {
			return err
		}
		for _, t := range tombstones {
			delete(s.stale, t.key)
		}
	}
	return nil
}

// readTo reads the log up to an offset and learns the epochs, keys and pieces in it.
func (s *Store) readTo(ctx context.Context, end int64) error {
	if err := s.log.read(ctx, s.next, end, s.learn); err != nil {
		return err
	}
	s.next = max(s.next, end)
	return nil
}

func (s *Store) learn(_ int64, key string, value []byte) {
	epoch, ours := epochOf(key)
	if !ours {
		return
	}
	fenced := epoch < s.highest
	s.highest = max(s.highest, epoch)
	if value == nil {
		delete(s.stale, key)
		delete(s.pieces, key)
		return
	}
	if s.epoch == 0 || epoch < s.epoch {
		s.stale[key] = struct{}{}
	}
	if s.pieces == nil {
		return
	}
	if p, readable := parsePiece(key, value); readable && !fenced {
		s.pieces[key] = p
	} else {
		delete(s.pieces, key)
	}
}

// newest unpacks the newest whole snapshot that was read.
func (s *Store) newest() (Snapshot, bool, error) {
	pieces, torn := newest(s.pieces)
	s.Torn = torn
	if pieces == nil {
		return Snapshot{}, false, nil
	}
	var packed []byte
	for _, p := range pieces {
		packed = append(packed, p.data...)
	}
	const most = 4 << 30
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(most))
	if err != nil {
		panic("BUG: exchange: zstd: " + err.Error())
	}
	defer unzip.Close()
	state, err := unzip.DecodeAll(packed, nil)
	if err != nil {
		return Snapshot{}, false, fmt.Errorf("exchange: topic %s: snapshot %d of epoch %d: %w", s.log.topic, pieces[0].id.seq, pieces[0].id.epoch, err)
	}
	return Snapshot{Epoch: pieces[0].id.epoch, Seq: pieces[0].id.seq, Offset: pieces[0].offset, State: state}, true, nil
}
