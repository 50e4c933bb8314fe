// SPDX-License-Identifier: GPL-2.0-only

package generated

// body emits so many pieces of work. X9 to X12 are scratch, X0 is the argument and the result.
func (e *emitter) body(pieces int) {
	for range pieces {
		e.piece()
	}
}

func (e *emitter) piece() {
	f := &e.frame
	switch e.src.Choose(9) {
	case 0:
		e.emit(addImm(x9, x9, uint32(e.src.Choose(100))))
	case 1: // local data; SP has moved away from it in a dynamic frame
		if len(f.Locals) > 0 && !f.Dynamic {
			at := uint32(f.Locals[e.src.Choose(len(f.Locals))])
			e.emit(str(x9, sp, at), ldr(x9+1, sp, at))
		}
	case 2: // what is saved may be used
		if n := 2 * len(f.Saved); n > 0 {
			e.emit(mov(x19+uint32(e.src.Choose(n)), x9))
		}
	case 3: // so may LR, once it is in the record
		if f.Record {
			e.emit(mov(lr, x9))
		}
	case 4: // a branch over something
		at := e.here()
		e.emit(0, addImm(x9+2, x9+2, 1))
		e.program.Code[e.start+at] = cbz(x9+1, e.here()-at)
	case 5, 6:
		e.call()
	case 7, 8: // a call in a loop
		if len(f.Saved) == 0 {
			return
		}
		before := e.steps
		e.emit(movz(x19, 2))
		loop := e.here()
		e.call()
		e.emit(subImm(x19, x19, 1), cbnz(x19, 0))
		e.program.Code[len(e.program.Code)-1] = cbnz(x19, loop-e.here()+1)
		e.steps += e.steps - before
	}
}

// call calls a function, with an argument that it may take its early way out for.
func (e *emitter) call() {
	if !e.frame.Record {
		return
	}
	callee := e.callee()
	if callee < 0 {
		return
	}
	e.emit(movz(x0, uint32(e.src.Choose(2))))
	e.emit(bl(e.distance(callee)))
	e.steps += e.program.Functions[callee].steps
}
