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
	small      uint32 // the number itself, of that kind
	kind       kind
}

type kind uint8

const (
	absent  kind = iota // no such key, or null
	plain               // a string that needs no unescaping
	escaped             // a string that does
	small               // a natural number of fewer than eight digits
	number              // any other
	other               // true, false, object or array
)

// piece is the text from the end of one value to the start of the next, or to the end of the object.
type piece struct {
	n      int    // length, eight or more; more than any line if the piece must never match
	head   uint64 // its first eight bytes
	tail   uint64 // its last
	second uint64 // those after head, as far as there are
	penult uint64 // those before tail, likewise
	inner  int    // where second begins, and how far before tail penult does: 8 where there is room
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
		if end > len(line) ||
			(checked64(line, i)^p.head)|(checked64(line, i+p.inner)^p.second)|(checked64(line, end-8-p.inner)^p.penult)|(checked64(line, end-8)^p.tail) != 0 ||
			n > 32 && string(line[i+16:end-16]) != p.text[16:n-16] {
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
		w := checked64(line, i)
		n := bits.TrailingZeros64(nonDigits(w)) >> 3
		if n == 8 {
			n = digits(line, i+8) - i
		}
		if n == 0 || n > 1 && line[i] == '0' || i+n == len(line) || line[i+n] != ',' && line[i+n] != '}' {
			return v.readAny(line, i)
		}
		*v = value{start: int32(i), end: int32(i + n), kind: number}
		if n < 8 {
			// The digits to the top of the word, zeros in front of them.
			pad := 64 - 8*uint(n)
			v.small, v.kind = uint32(eightDigits(w<<(pad&63)|zeros&(1<<(pad&63)-1))), small
		}
		return i + n
	}
	i++
	// Two words a step: most strings end in them, and the choice between the two needs no branch.
	j := i
	for ; j+16 <= len(line); j += 16 {
		m, m2 := notPlain(checked64(line, j)), notPlain(checked64(line, j+8))
		if m|m2 == 0 {
			continue
		}
		n := bits.TrailingZeros64(m)
		if m == 0 {
			n = bits.TrailingZeros64(m2) + 64
		}
		if j += n >> 3; line[j] == '"' {
			*v = value{start: int32(i), end: int32(j), kind: plain}
			return j + 1
		}
		break
	}
	return v.readRest(line, i, j)
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
	n := len(b)
	p := piece{n: never, slot: slot, text: text}
	if n >= 8 {
		p.n, p.inner = n, min(n-8, 8)
		p.head, p.second = load64(b, 0), load64(b, p.inner)
		p.penult, p.tail = load64(b, n-8-p.inner), load64(b, n-8)
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
