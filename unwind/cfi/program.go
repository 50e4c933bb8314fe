// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"math"
	"slices"
)

const (
	// maxRemembered bounds the stack of DW_CFA_remember_state. Compilers nest it once or twice.
	maxRemembered = 1024

	// maxRows bounds the table of one function, maxRuleCopies the rules in it: rows share their rules until one
	// changes. The largest functions of real programs have a few thousand rows and some twenty rules.
	maxRows       = 1 << 16
	maxRuleCopies = 1 << 18
)

// A table is a function's program, evaluated.
type table struct {
	rows []Row
	err  error
	jump bool // a location is given as an address, not as a distance
}

// state is what the instructions of a program describe: the row being built.
type state struct {
	cfa       CFA
	rules     []RegisterRule // sorted by register
	raState   RAState
	signingPC uint64
}

// A machine runs the programs of a CIE and of an FDE.
type machine struct {
	jump    bool       // DW_CFA_set_loc was executed
	reader             // of the program
	fde     *FDE       // whose table is wanted
	at      int        // section offset of the current instruction
	op      opcode     // of the current instruction
	loc     uint64     // address where the current row starts
	state   state      // of the current row
	initial state      // after the CIE's instructions: what DW_CFA_restore goes back to
	inCIE   bool       // the CIE's program is being run
	saved   []state    // by DW_CFA_remember_state
	rows    []Row      // the finished ones
	shared  bool       // something else refers to state.rules: copy before a change
	copies  int        // rules copied so far
	arena   *ruleArena // for the copies; nil: each has memory of its own
}

// evaluate runs an FDE's program.
func (f *FDE) evaluate() *table {
	m := machine{fde: f, loc: f.Start}
	if err := m.evaluate(); err != nil {
		return &table{err: err}
	}
	return &table{rows: slices.Clip(m.rows), jump: m.jump}
}

// evaluate runs the programs of the CIE and of the FDE.
func (m *machine) evaluate() error {
	f := m.fde
	m.inCIE = true
	if err := m.run(f.CIE.begin, f.CIE.end); err != nil {
		return err
	}
	m.initial, m.shared, m.inCIE, m.saved = m.state, true, false, nil
	if err := m.run(f.begin, f.end); err != nil {
		return err
	}
	m.closeRow(f.End)
	return m.err
}

// run executes the instructions between two section offsets.
func (m *machine) run(begin, end int) error {
	m.reader = reader{sec: m.fde.sec, off: begin, end: end}
	for !m.done() {
		m.at = m.off
		m.step()
	}
	return m.err
}

// reject ends the program at the current instruction.
func (m *machine) reject(err error) { m.fail(m.at, err) }

// step executes one instruction (DWARF 5, section 6.4.2; aadwarf64, "Call frame instructions").
func (m *machine) step() {
	var low uint8 // the operand in the opcode's byte
	m.op, low = split(m.u8("instruction"))
	switch m.op {
	case cfaNop:

	case cfaSetLoc:
		m.jump = true
		m.moveTo(m.pointer(m.fde.CIE.enc, "location"))
	case cfaAdvanceLoc:
		m.advance(uint64(low))
	case cfaAdvanceLoc1:
		m.advance(uint64(m.u8("delta")))
	case cfaAdvanceLoc2:
		m.advance(uint64(m.u16("delta")))
	case cfaAdvanceLoc4:
		m.advance(uint64(m.u32("delta")))
	case cfaMIPSAdvanceLoc8:
		m.advance(m.u64("delta"))

	case cfaDefCFA:
		m.state.cfa = CFA{Kind: CFARegister, Reg: m.register("register"), Offset: m.offset()}
	case cfaDefCFASF:
		m.state.cfa = CFA{Kind: CFARegister, Reg: m.register("register"), Offset: m.factoredSigned()}
	case cfaDefCFARegister:
		m.registerCFA().Reg = m.register("register")
	case cfaDefCFAOffset:
		m.registerCFA().Offset = m.offset()
	case cfaDefCFAOffsetSF:
		m.registerCFA().Offset = m.factoredSigned()
	case cfaDefCFAExpression:
		m.state.cfa = CFA{Kind: CFAExpression, Expr: m.expression()}

	case cfaOffset:
		m.set(Register(low), Rule{Kind: Offset, Offset: m.factored()})
	case cfaOffsetExtended:
		m.set(m.register("register"), Rule{Kind: Offset, Offset: m.factored()})
	case cfaOffsetExtendedSF:
		m.set(m.register("register"), Rule{Kind: Offset, Offset: m.factoredSigned()})
	case cfaGNUNegativeOffsetExtended:
		m.set(m.register("register"), Rule{Kind: Offset, Offset: m.factor(-m.offset())})
	case cfaValOffset:
		m.set(m.register("register"), Rule{Kind: ValOffset, Offset: m.factored()})
	case cfaValOffsetSF:
		m.set(m.register("register"), Rule{Kind: ValOffset, Offset: m.factoredSigned()})
	case cfaRegister:
		m.set(m.register("register"), Rule{Kind: InRegister, Reg: m.register("register")})
	case cfaUndefined:
		m.set(m.register("register"), Rule{Kind: Undefined})
	case cfaSameValue:
		m.set(m.register("register"), Rule{Kind: SameValue})
	case cfaExpression:
		m.set(m.register("register"), Rule{Kind: Expression, Expr: m.expression()})
	case cfaValExpression:
		m.set(m.register("register"), Rule{Kind: ValExpression, Expr: m.expression()})
	case cfaRestore:
		m.restore(Register(low))
	case cfaRestoreExtended:
		m.restore(m.register("register"))

	case cfaRememberState:
		m.remember()
	case cfaRestoreState:
		m.recall()

	case cfaAArch64NegateRAState:
		m.toggleRAState(RASignedSP)
	case cfaAArch64NegateRAStateWithPC:
		m.toggleRAState(RASignedSPPC)
	case cfaAArch64SetRAState:
		m.setRAState()

	case cfaGNUArgsSize:
		m.uleb("size of the arguments") // which only exception handling needs

	default:
		m.reject(unsupported("instruction %v", m.op))
	}
}

// offset reads an unsigned offset in bytes, or the factor of one.
func (m *machine) offset() int64 {
	v := m.uleb("offset")
	if int64(v) < 0 {
		m.reject(malformed("%v: offset %#x has more than 63 bits", m.op, v))
		return 0
	}
	return int64(v)
}

// factored reads an unsigned offset that is a multiple of the data alignment factor.
func (m *machine) factored() int64 { return m.factor(m.offset()) }

// factoredSigned is factored for the instructions whose names end in _sf.
func (m *machine) factoredSigned() int64 { return m.factor(m.sleb("offset")) }

// factor multiplies with the data alignment factor.
func (m *machine) factor(n int64) int64 {
	align := m.fde.CIE.DataAlign
	product := n * align
	if align == -1 && n == math.MinInt64 || align != 0 && product/align != n {
		m.reject(malformed("%v: offset %d × %d has more than 64 bits", m.op, n, align))
		return 0
	}
	return product
}

// expression reads a DWARF expression, as its bytes.
func (m *machine) expression() []byte {
	return m.bytes(m.uleb("length of an expression"), "expression")
}

// advance moves the location by a multiple of the code alignment factor.
func (m *machine) advance(delta uint64) {
	align := m.fde.CIE.CodeAlign
	if bytes := delta * align; align == 0 || bytes/align == delta && m.loc+bytes >= m.loc {
		m.moveTo(m.loc + bytes)
		return
	}
	m.reject(malformed("%v: %#x × %d leaves the address space", m.op, delta, align))
}

// moveTo starts a new row at a location. GNU as lets a row start at the very end of a function, where it covers
// nothing; no location is beyond that.
func (m *machine) moveTo(loc uint64) {
	switch {
	case m.err != nil:
	case m.inCIE:
		m.reject(malformed("%v in a CIE", m.op))
	case loc < m.loc:
		m.reject(malformed("%v goes back from %#x to %#x", m.op, m.loc, loc))
	case loc > m.fde.End:
		m.reject(malformed("%v goes to %#x, past the end of the function at %#x", m.op, loc, m.fde.End))
	default:
		m.closeRow(loc)
		m.loc = loc
	}
}

// closeRow ends the current row at an address. A row that covers nothing is dropped.
func (m *machine) closeRow(end uint64) {
	if end == m.loc {
		return
	}
	if len(m.rows) == maxRows {
		m.reject(unsupported("the function has more than %d rows", maxRows))
		return
	}
	row := Row{
		Start: m.loc, End: end, FDE: m.fde,
		CFA: m.state.cfa, Rules: m.state.rules,
		RAState: m.state.raState, SigningPC: m.state.signingPC,
	}
	row.RA, row.FP = row.Rule(m.fde.CIE.ReturnRegister), row.Rule(FP)
	m.rows = append(m.rows, row)
	m.shared = true
}
