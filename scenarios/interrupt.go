package scenarios

import (
	"encoding/binary"
	"fmt"

	"stacksweep/emu/image"
	"stacksweep/unwind/kunwind"
)

// An Entry is a way into an exception and out of it: addresses of code.
type Entry struct {
	Vector uint64 // where the exception enters
	Frame  uint64 // where the C handler returns to, in the entry code
	Return uint64 // the ERET
}

// irqSlot is the offset, in exception vectors, of an interrupt that is taken in EL1 with its own stack pointer.
const irqSlot = 0x280

// insnERET is the exception return.
const insnERET = 0xd69f03e0

// FindEntry looks an entry up in an image: the vector, the function behind it, which calls the C handler with the first
// of its BL, and the function with the ERET.
func FindEntry(im *image.Image, vector uint64, entry, exit string) (Entry, error) {
	e := Entry{Vector: vector}
	isBL := func(w uint32) bool { return w&0xfc000000 == insnBL }
	call, err := findInstruction(im, entry, "BL", isBL)
	if err != nil {
		return Entry{}, err
	}
	e.Frame = call + 4
	e.Return, err = findInstruction(im, exit, "ERET", func(w uint32) bool { return w == insnERET })
	if err != nil {
		return Entry{}, err
	}
	return e, nil
}

// findInstruction returns the address of a function's first instruction of a kind.
func findInstruction(im *image.Image, function, what string, is func(uint32) bool) (uint64, error) {
	s, ok := im.Symbols.Lookup(function)
	if !ok {
		return 0, fmt.Errorf("%s has no function %s", im.Name, function)
	}
	code, _ := im.Bytes(s.Addr, s.Size)
	for off := 0; off+4 <= len(code); off += 4 {
		if is(binary.LittleEndian.Uint32(code[off:])) {
			return s.Addr + uint64(off), nil
		}
	}
	return 0, fmt.Errorf("%s: %s has no %s", im.Name, function, what)
}

// interrupts says how interrupts are taken in the corpus.
func (b *builder) interrupts(run *Run) {
	var err error
	run.IRQ, err = FindEntry(b.image, b.symbol("vectors")+irqSlot, "el1h_64_irq", "ret_to_kernel")
	b.fail(err)
	run.PlainIRQ, err = FindEntry(b.image, b.symbol("vectors_plain")+irqSlot, "el1h_64_irq_plain", "ret_to_kernel")
	b.fail(err)
	run.ExceptionFrame = run.IRQ.Frame
	run.Handler = b.symbol("handle_irq")
	run.HandlerOutput = []kunwind.Range{b.object("irq_count")}
}
