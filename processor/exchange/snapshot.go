package exchange

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A snapshot is stored in chunks under the keys "epoch/slot/chunk", of two
// alternating slots an epoch, so that a write that is torn leaves the one
// before it whole, and a former owner writes to keys of its own only. An
// epoch begins with a record under "epoch/claim".

// Snapshot is the judge's whole state at one place of the partials topic.
type Snapshot struct {
	Epoch  int64 // grows with each owner
	Seq    int64 // grows with each save an owner tries
	Offset int64 // of the partials topic, to read on from
	State  []byte
}

const claim = "claim"

func claimKey(epoch int64) string { return fmt.Sprintf("%d/%s", epoch, claim) }

func chunkKey(epoch int64, slot, chunk int) string {
	return fmt.Sprintf("%d/%d/%d", epoch, slot, chunk)
}

// epochOf reads the epoch out of any key of ours.
func epochOf(key string) (int64, bool) {
	first, _, found := strings.Cut(key, "/")
	epoch, err := strconv.ParseInt(first, 10, 64)
	return epoch, found && err == nil && epoch > 0
}

// piece is one chunk of a packed snapshot, as it is stored.
type piece struct {
	id     pieceID
	offset int64
	sum    uint32 // checksum over all pieces of the snapshot
	of     int    // pieces of the snapshot
	index  int
	data   []byte
}

type pieceID struct{ epoch, seq int64 }

const (
	pieceVersion = 1
	pieceHeader  = 1 + 8 + 8 + 8 + 4 + 4 + 4
	maxPieces    = 4096
)

// split cuts a packed state into records of at most limit bytes.
func split(id pieceID, slot int, offset int64, packed []byte, limit int) []pair {
	size := limit - pieceHeader - 64 // the key
	n := max(1, (len(packed)+size-1)/size)
	sum := crc32.Checksum(packed, castagnoli)
	pairs := make([]pair, n)
	for i := range pairs {
		b := append(make([]byte, 0, pieceHeader+size), pieceVersion)
		b = binary.LittleEndian.AppendUint64(b, uint64(id.epoch))
		b = binary.LittleEndian.AppendUint64(b, uint64(id.seq))
		b = binary.LittleEndian.AppendUint64(b, uint64(offset))
		b = binary.LittleEndian.AppendUint32(b, sum)
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
		b = append(b, packed[i*size:min((i+1)*size, len(packed))]...)
		pairs[i] = pair{chunkKey(id.epoch, slot, i), b}
	}
	return pairs
}

// parsePiece reads a stored chunk; false is one that cannot be read, or stands under a key that is not its own.
func parsePiece(key string, b []byte) (piece, bool) {
	if len(b) < pieceHeader || b[0] != pieceVersion {
		return piece{}, false
	}
	p := piece{
		id:     pieceID{int64(binary.LittleEndian.Uint64(b[1:])), int64(binary.LittleEndian.Uint64(b[9:]))},
		offset: int64(binary.LittleEndian.Uint64(b[17:])),
		sum:    binary.LittleEndian.Uint32(b[25:]),
		of:     int(binary.LittleEndian.Uint32(b[29:])),
		index:  int(binary.LittleEndian.Uint32(b[33:])),
		data:   b[pieceHeader:],
	}
	own := key == chunkKey(p.id.epoch, 0, p.index) || key == chunkKey(p.id.epoch, 1, p.index)
	return p, own && p.of <= maxPieces && p.index < p.of
}

// newest gives the pieces of the highest epoch and seq that are all there, and
// how many snapshots above it are torn.
func newest(stored map[string]piece) (whole []piece, torn int) {
	sets := map[pieceID][]piece{}
	for _, p := range stored {
		sets[p.id] = append(sets[p.id], p)
	}
	ids := slices.SortedFunc(maps.Keys(sets), func(a, b pieceID) int {
		return cmp.Or(cmp.Compare(b.epoch, a.epoch), cmp.Compare(b.seq, a.seq))
	})
	for i, id := range ids {
		if complete(sets[id]) {
			return sets[id], i
		}
	}
	return nil, len(ids)
}

// complete sorts the pieces of one snapshot and says whether they are all there and undamaged.
func complete(pieces []piece) bool {
	slices.SortFunc(pieces, func(a, b piece) int { return a.index - b.index })
	sum := uint32(0)
	for i, p := range pieces {
		if p.index != i || p.of != len(pieces) || p.sum != pieces[0].sum || p.offset != pieces[0].offset {
			return false
		}
		sum = crc32.Update(sum, castagnoli, p.data)
	}
	return sum == pieces[0].sum
}
