package accesslog

import "math/bits"

// jsonReader reads one JSON object and notes where the values of the wanted
// keys are. It accepts and rejects what encoding/json does for an object, with
// one limit of its own (maxDepth), and it agrees with it on every value: the
// last of duplicate keys wins, keys are compared after unescaping.
//
// Speed comes from prediction, not from leaving out checks. A log's records
// have the same keys in nearly the same order, so the reader remembers the
// bytes between two values (`,"EdgeColoCode":`, a piece) and which piece came
// after which four; four tell producers with orders of their own apart. Where
// the next bytes equal the predicted piece, and that is all but always, they
// need no parsing. Every other byte is checked: strings for their end, escapes
// and control bytes, eight bytes at a time; numbers, literals and nested values
// against the grammar; nothing but white space may follow the object.
// Not checked is that strings are valid UTF-8: encoding/json puts U+FFFD for
// bytes that are not, this reader hands them out as they are.
//
// A piece is learned once, with an allocation; when there are too many, all are
// forgotten. Predictions are never trusted, so what was learned cannot change a result.
type jsonReader struct {
	line    []byte
	wanted  []string // the index + 1 is the slot; slot 0 is for all other keys
	values  [maxSlots]value
	scratch []byte // unescaped strings of this record

	pieces  [256]piece
	used    int
	opening [1 << openBits]uint8  // the piece that last began an object, by the hash of its first 24 bytes: producers differ in their first key
	after   [1 << afterBits]uint8 // the piece that last came after four others, by the hash of their indices; never one that begins an object
	table   [512]uint8            // open addressing: hash of a piece's text to its index, 0 for none
}

// value is where a value lies in the line: a string without its quotes.
type value struct {
	start, end int32
	kind       kind
}

type kind uint8

const (
	absent  kind = iota // no such key, or null
	plain               // a string that needs no unescaping
	escaped             // a string that does
	number
	other // true, false, object or array
)

// piece is the text from the end of one value to the start of the next, or to the end of the object.
type piece struct {
	n      int    // length; more than any line if the piece must never match
	head   uint64 // its first eight bytes
	tail   uint64 // its last
	second uint64 // those after head
	penult uint64 // those before tail
	slot   uint8
	text   string
}

// Pieces with a fixed place in jsonReader.pieces.
const (
	noPiece   = iota
	unlearned // for the one piece that is too long to learn
	closing   // "}"
	firstLearned
)

const (
	maxSlots    = 32
	noSlot      = maxSlots - 1 // never holds a value
	closingSlot = 255
	afterBits   = 12
	openBits    = 6
	maxPiece    = 256 // bytes; longer keys are read, not remembered
	never       = int(^uint(0) >> 2)
)

func newJSONReader(wanted ...string) *jsonReader {
	if len(wanted) >= noSlot {
		panic("BUG: too many wanted keys for a jsonReader")
	}
	r := &jsonReader{wanted: wanted}
	r.forget()
	return r
}

// forget drops every learned piece.
func (r *jsonReader) forget() {
	clear(r.pieces[:])
	clear(r.table[:])
	clear(r.after[:])
	clear(r.opening[:])
	r.pieces[noPiece].n = never
	r.pieces[unlearned].n = never
	r.pieces[closing] = piece{n: never, slot: closingSlot}
	r.used = firstLearned
}

// read reads line, which must be one JSON object. It says whether it is.
func (r *jsonReader) read(line []byte) bool {
	r.values = [maxSlots]value{}
	r.line, r.scratch = line, r.scratch[:0]
	i, context := 0, uint32(0)
	expected := &r.opening[openingOf(line)]
	for {
		at := *expected
		p := &r.pieces[at]
		n := p.n
		end := i + n
		if n < 8 || end > len(line) ||
			checked64(line, i) != p.head || checked64(line, end-8) != p.tail ||
			n > 16 && (checked64(line, i+8) != p.second || checked64(line, end-16) != p.penult || n > 32 && string(line[i+16:end-16]) != p.text[16:n-16]) {
			if at, end = r.turn(expected, i); end < 0 {
				return false
			}
			if p = &r.pieces[at]; p.slot == closingSlot {
				return spaces(line, end) == len(line)
			}
		}
		if i = r.values[p.slot%maxSlots].read(line, end); i < 0 {
			return false
		}
		context = context<<8 | uint32(at)
		expected = &r.after[context*0x9E3779B1>>(32-afterBits)]
	}
}

// openingOf is where the piece that begins a line is remembered.
func openingOf(line []byte) int {
	if len(line) < 24 {
		return 0
	}
	h := (checked64(line, 0) + checked64(line, 8)*3 + checked64(line, 16)*5) * 0x9E3779B97F4A7C15
	return int(h >> (64 - openBits))
}

// read notes the value at i and is the index after it, -1 if there is none.
func (v *value) read(line []byte, i int) int {
	if i+8 >= len(line) {
		return v.readAny(line, i)
	}
	if line[i] != '"' {
		n := bits.TrailingZeros64(nonDigits(checked64(line, i))) >> 3
		if n == 8 {
			n = digits(line, i+8) - i
		}
		if n == 0 || n > 1 && line[i] == '0' || i+n == len(line) || line[i+n] != ',' && line[i+n] != '}' {
			return v.readAny(line, i)
		}
		*v = value{int32(i), int32(i + n), number}
		return i + n
	}
	i++
	// Two words a step: most strings end in them, and the choice between the two needs no branch.
	for j := i; j+16 <= len(line); j += 16 {
		m, m2 := notPlain(checked64(line, j)), notPlain(checked64(line, j+8))
		if m|m2 == 0 {
			continue
		}
		n := bits.TrailingZeros64(m)
		if m == 0 {
			n = bits.TrailingZeros64(m2) + 64
		}
		j += n >> 3
		if line[j] == '"' {
			*v = value{int32(i), int32(j), plain}
			return j + 1
		}
		end, _ := stringRest(line, j)
		if end < 0 {
			return -1
		}
		*v = value{int32(i), int32(end), escaped}
		return end + 1
	}
	return v.readAny(line, i-1)
}

// notPlain marks with 0x80 the bytes of w that end a string's plain text:
// quotes, backslashes and control bytes. The lowest mark is exact.
func notPlain(w uint64) uint64 {
	// Exclusive or with 2 puts the quote (0x22) just above the control bytes.
	return (((w ^ 2*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones)) &^ w & highs
}

// turn finds the piece at i where the prediction failed, and predicts it from now on.
func (r *jsonReader) turn(expected *uint8, i int) (at uint8, end int) {
	if i > 0 && i < len(r.line) && r.line[i] == '}' {
		return closing, i + 1
	}
	if at, end = r.pieceAt(i); end >= 0 && at >= firstLearned {
		*expected = at
	}
	return at, end
}

// pieceAt reads the piece at i: the opening brace or a comma, a key, a colon,
// or the closing brace, with the white space around them.
func (r *jsonReader) pieceAt(i int) (p uint8, end int) {
	line := r.line
	key := spaces(line, i)
	if key == len(line) {
		return 0, -1
	}
	first := i == 0
	switch c := line[key]; {
	case first && c == '{':
		key = spaces(line, key+1)
		if key < len(line) && line[key] == '}' {
			r.pieces[unlearned].slot = closingSlot // not closing: it must never be the first piece
			return unlearned, key + 1
		}
	case !first && c == ',':
		key = spaces(line, key+1)
	case !first && c == '}':
		return closing, key + 1
	default:
		return 0, -1
	}
	quote, esc := stringEnd(line, key)
	if end = keyEnd(line, key); end < 0 {
		return 0, -1
	}
	end = spaces(line, end)
	return r.learned(line[i:end], line[key+1:quote], esc), end
}

// learned is the index of the piece with this text, which is added if it is new.
func (r *jsonReader) learned(text, key []byte, esc bool) uint8 {
	if len(text) > maxPiece {
		r.pieces[unlearned].slot = r.slot(key, esc)
		return unlearned
	}
	at := hash(text) % uint64(len(r.table))
	for ; r.table[at] != 0; at = (at + 1) % uint64(len(r.table)) {
		if p := r.table[at]; r.pieces[p].text == string(text) {
			return p
		}
	}
	if r.used == len(r.pieces) {
		r.forget()
		at = hash(text) % uint64(len(r.table))
	}
	p := uint8(r.used)
	r.used++
	r.table[at] = p
	r.pieces[p] = newPiece(string(text), r.slot(key, esc))
	return p
}

func newPiece(text string, slot uint8) piece {
	b := []byte(text)
	p := piece{n: len(b), slot: slot, text: text}
	if len(b) >= 8 {
		p.head, p.tail = load64(b, 0), load64(b, len(b)-8)
	}
	if len(b) >= 16 {
		p.second, p.penult = load64(b, 8), load64(b, len(b)-16)
	}
	return p
}

func hash(text []byte) uint64 {
	n := len(text)
	if n < 8 {
		h := uint64(n)
		for _, c := range text {
			h = h<<8 | uint64(c)
		}
		return h * 0x9E3779B97F4A7C15 >> 32
	}
	h := load64(text, 0)*0x9E3779B97F4A7C15 ^ load64(text, n-8)*0xC2B2AE3D27D4EB4F ^ load64(text, n/2-4)*0x165667B19E3779F9
	return (h ^ h>>29) * 0x9E3779B97F4A7C15 >> 32
}

// slot is where the value of key goes.
func (r *jsonReader) slot(key []byte, esc bool) uint8 {
	if esc {
		key = unescape(nil, key)
	}
	for i, name := range r.wanted {
		if name == string(key) {
			return uint8(i + 1)
		}
	}
	return 0
}
