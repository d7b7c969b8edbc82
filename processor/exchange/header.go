package exchange

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/spikeline/spikeline/processor/window"
)

// formatVersion is raised by every change that an older reader would misread.
const formatVersion = 1

// maxChunks bounds how many messages one partial may take.
const maxChunks = 4096

// header is what a value says beside its rows.
type header struct {
	kind      kind
	source    window.Source
	sources   int32
	position  int64
	watermark int64
	idle      bool
	behind    bool

	start, through int64  // of a partial
	chunk, chunks  int    // 1 to chunks; 1 of 1 when the partial is whole
	content        uint32 // checksum over all rows of a partial in chunks: only chunks of the same content join
}

func (h *header) metadata() arrow.Metadata {
	keys := make([]string, 0, 14)
	values := make([]string, 0, 14)
	put := func(key, value string) { keys, values = append(keys, key), append(values, value) }
	number := func(key string, n int64) { put(key, strconv.FormatInt(n, 10)) }
	number("format", formatVersion)
	put("kind", string(h.kind))
	put("topic", h.source.Topic)
	number("partition", int64(h.source.Partition))
	number("partitions", int64(h.sources))
	number("position", h.position)
	if h.watermark != window.NoTime {
		number("watermark", h.watermark)
	}
	if h.idle {
		put("idle", "true")
	}
	if h.behind {
		put("behind", "true")
	}
	if h.kind == partialKind {
		number("window_start", h.start)
		number("through", h.through)
	}
	if h.chunks > 1 {
		number("chunk", int64(h.chunk))
		number("chunks", int64(h.chunks))
		number("content", int64(h.content))
	}
	return arrow.NewMetadata(keys, values)
}

// parseHeader reads and checks a header.
func parseHeader(md arrow.Metadata) (header, error) {
	p := metaParser{md: md}
	if v := p.number("format", 0, 1<<31); p.err != nil || v != formatVersion {
		if p.err == nil {
			p.err = fmt.Errorf("message has format version %d, this program reads version %d: run the same version everywhere", v, formatVersion)
		}
		return header{}, p.err
	}
	h := header{
		kind:      kind(p.text("kind")),
		source:    window.Source{Topic: p.text("topic"), Partition: int32(p.number("partition", 0, 1<<31-1))},
		sources:   int32(p.number("partitions", 0, 1<<31-1)),
		position:  p.number("position", minTime, maxTime),
		watermark: window.NoTime,
		chunk:     1,
		chunks:    1,
	}
	if p.has("watermark") {
		h.watermark = p.number("watermark", minTime, maxTime)
	}
	h.idle = p.has("idle") && p.text("idle") == "true"
	h.behind = p.has("behind") && p.text("behind") == "true"
	if h.kind == partialKind {
		h.start, h.through = p.number("window_start", minTime, maxTime), p.number("through", -1, maxTime)
	}
	if h.kind == partialKind && p.has("chunks") {
		h.chunks = int(p.number("chunks", 2, maxChunks))
		h.chunk = int(p.number("chunk", 1, int64(h.chunks)))
		h.content = uint32(p.number("content", 0, 1<<32-1))
	}
	if _, known := schemas[h.kind]; !known && p.err == nil {
		p.err = fmt.Errorf("message has kind %q, allowed are partial, ledger, rejects and progress", h.kind)
	}
	return h, p.err
}

const (
	minTime = window.NoTime + 1
	maxTime = 1<<63 - 1
)

// metaParser reads metadata and keeps the first error.
type metaParser struct {
	md  arrow.Metadata
	err error
}

func (p *metaParser) has(key string) bool { return p.md.FindKey(key) >= 0 }

func (p *metaParser) text(key string) string {
	i := p.md.FindKey(key)
	if i < 0 {
		if p.err == nil {
			p.err = fmt.Errorf("message has no %q in its metadata", key)
		}
		return ""
	}
	return p.md.Values()[i]
}

func (p *metaParser) number(key string, least, most int64) int64 {
	s := p.text(key)
	if p.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		p.err = fmt.Errorf("message has %s %.40q, allowed is %d to %d", key, s, least, most)
		return 0
	}
	return n
}
