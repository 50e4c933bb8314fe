// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"encoding/binary"
	stdhex "encoding/hex"
	"fmt"

	"stacksweep/image"
	"stacksweep/internal/cover"
	"stacksweep/sweep"
)

// code is the code of a function. It comes before the first function that refers to it.
type code struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Symbol string `json:"symbol"`
	Words  string `json:"words"` // instructions, each as eight hexadecimal digits, most significant first
}

// function is a function of which a target has executed something.
type function struct {
	Type     string   `json:"type"`
	Scenario string   `json:"scenario"`
	Variant  string   `json:"variant"`
	Symbol   string   `json:"symbol"`
	Code     string   `json:"code"`     // the ID of its code
	Executed []string `json:"executed"` // offsets of instructions, or ranges of them: "0x0..0x1c"
}

// functions writes what a comparison of two reports needs to know about the code: which functions a target has
// executed, and how they looked.
func (w *JSONLines) functions(r *sweep.RunResult) error {
	if r.Visited == nil {
		return nil
	}
	im, covered := r.Image, cover.Of(r.Image, r.Visited)
	for _, f := range covered.Functions() {
		id, err := w.code(im, f.Symbol)
		if err != nil {
			return err
		}
		o := function{Type: "function", Scenario: r.Scenario, Variant: r.Variant, Symbol: f.Symbol.Name, Code: id}
		start := int64(-1)
		for off := uint64(0); off <= f.Symbol.Size; off += 4 {
			switch done := off+4 <= f.Symbol.Size && covered.Executed(f.Symbol.Addr+off); {
			case done && start < 0:
				start = int64(off)
			case !done && start >= 0:
				o.Executed = append(o.Executed, offsetRange(uint64(start), off-4))
				start = -1
			}
		}
		if err := w.enc.Encode(o); err != nil {
			return err
		}
	}
	return nil
}

func offsetRange(from, to uint64) string {
	if from == to {
		return hex(from)
	}
	return hex(from) + ".." + hex(to)
}

// code writes the code of a function unless the report has it, and returns its ID.
func (w *JSONLines) code(im *image.Image, s image.Symbol) (id string, err error) {
	b, _ := im.Bytes(s.Addr, s.Size&^3)
	words := make([]byte, 0, len(b))
	for ; len(b) >= 4; b = b[4:] {
		words = binary.BigEndian.AppendUint32(words, binary.LittleEndian.Uint32(b))
	}
	text := stdhex.EncodeToString(words)
	if w.codes == nil {
		w.codes = map[string]string{}
	}
	if id, ok := w.codes[text]; ok {
		return id, nil
	}
	id = fmt.Sprintf("%s.%d", s.Name, len(w.codes))
	w.codes[text] = id
	return id, w.enc.Encode(code{"code", id, s.Name, text})
}
