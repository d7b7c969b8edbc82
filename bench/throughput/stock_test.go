//go:build wire && bench

package throughput

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"time"
)

// stock makes the lines of the generator again and again, with other hosts,
// pops and times put into them, and allocates nothing.
type stock struct {
	lines  []stencil
	picks  []pick
	random *rand.Rand
	end    int64 // after the last record, Unix nanoseconds
}

// stencil is a line with the places of what changes.
type stencil struct {
	line             []byte
	host, pop, stamp int
	form             byte // the last digit's place in a Unix time, or the quote of an RFC 3339 one
}

type pick struct {
	service uint32
	pop     uint16
}

const stockSize, stockPicks = 4096, 1 << 20

// stencilAt is the time in a stencil: its fraction has all its digits.
var stencilAt = begin.Add(123456789)

func newStock(s shape) *stock {
	r := rand.New(rand.NewPCG(3, 4))
	g := &generator{random: r, host: rand.NewZipf(r, 1.2, 2, 0), pop: rand.NewZipf(r, 1.2, 4, 0), hosts: []string{"shop-######.example.com"}, pops: []string{"###"}}
	k := &stock{random: r, end: begin.Add(time.Duration(s.Records)*time.Second/growthRate + 3*time.Second).UnixNano()}
	for range stockSize {
		line, _ := g.lineAt(stencilAt)
		stamp := bytes.Index(line, []byte(`"EdgeStartTimestamp":`)) + len(`"EdgeStartTimestamp":`)
		k.lines = append(k.lines, stencil{line: line, stamp: stamp, form: formOf(line[stamp:]),
			host: bytes.Index(line, []byte("shop-######")) + len("shop-"), pop: bytes.Index(line, []byte(`"###"`)) + 1})
	}
	services, pops := rand.NewZipf(r, 1.2, 2, uint64(s.Services-1)), rand.NewZipf(r, 1.2, 4, uint64(s.Pops-1))
	for range stockPicks {
		k.picks = append(k.picks, pick{uint32(services.Uint64()), uint16(pops.Uint64())})
	}
	return k
}

func formOf(stamp []byte) byte {
	if stamp[0] == '"' {
		return '"'
	}
	return byte(bytes.IndexByte(stamp, ',') - 1)
}

// put makes the n-th line in buf: up to 2 s out of order, as the generator's.
func (k *stock) put(buf []byte, n int) []byte {
	t, p := &k.lines[k.random.IntN(stockSize)], k.picks[k.random.IntN(stockPicks)]
	buf = append(buf[:0], t.line...)
	digits(buf[t.host:t.host+6], int64(p.service))
	digits(buf[t.pop:t.pop+3], int64(p.pop))
	at := begin.UnixNano() + int64(n)*int64(time.Second)/growthRate + k.random.Int64N(int64(2*time.Second))
	switch stamp := buf[t.stamp:]; t.form {
	case '"':
		time.Unix(0, at).UTC().AppendFormat(stamp[1:1], "2006-01-02T15:04:05.000000000")
	case 18:
		strconv.AppendInt(stamp[:0], at, 10)
	default:
		strconv.AppendInt(stamp[:0], at/int64(time.Second), 10)
	}
	return buf
}

// digits writes v with leading zeros over all of b.
func digits(b []byte, v int64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
}
