// SPDX-License-Identifier: GPL-2.0-only

package sframe

import "fmt"

// A Row is what a section says about one program counter.
type Row struct {
	FDEStart uint64 // address of the function
	FDESize  uint32 // of the function, in bytes
	Start    uint32 // where the row starts, in bytes from FDEStart (Mask: from the start of the repeated block)

	CFABase   Base   // register to which CFAOffset is added
	CFAReg    uint32 // its DWARF number
	CFAOffset int64
	CFADeref  bool // the sum is not the CFA but the address where it is stored (flexible rows)

	RA Rule // return address
	FP Rule // caller's frame pointer

	Mangled   bool // AArch64: the return address is signed
	BKey      bool // AArch64: with key B, else key A
	Signal    bool // the function is a signal frame
	Outermost bool // the RA is undefined: the stack ends here; CFA and FP are not described
}

// RuleKind is a way to recover a register of the caller.
type RuleKind uint8

const (
	// Retained: the register still holds the caller's value.
	Retained RuleKind = iota
	// AtCFA: the value is stored at CFA + Offset.
	AtCFA
	// IsCFA: the value is CFA + Offset itself (flexible rows).
	IsCFA
	// AtReg: the value is stored at register Reg + Offset (flexible rows).
	AtReg
	// IsReg: the value is register Reg + Offset (flexible rows; V2 on s390x).
	IsReg
	// Undefined: there is no caller.
	Undefined
)

// A Rule says how to recover the return address or the frame pointer.
type Rule struct {
	Kind   RuleKind
	Reg    uint32 // DWARF number; AtReg and IsReg only
	Offset int64
}

// String spells the rule as [Dump] does: u (retained), c-16 (stored at CFA-16), r9+0 (register 9), (r9+8) (stored at
// register 9 + 8).
func (r Rule) String() string {
	switch r.Kind {
	case Retained:
		return "u"
	case AtCFA:
		return fmt.Sprintf("c%+d", r.Offset)
	case IsCFA:
		return fmt.Sprintf("=c%+d", r.Offset)
	case AtReg:
		return fmt.Sprintf("(r%d%+d)", r.Reg, r.Offset)
	case IsReg:
		return fmt.Sprintf("r%d%+d", r.Reg, r.Offset)
	default:
		return "undefined"
	}
}

// interpreter holds what the meaning of a row's data words depends on besides the words.
type interpreter struct {
	version          Version
	abi              ABI
	fixedFP, fixedRA int8
	kernel           bool
}

// Row says what row j of FDE i means. It fails with an error that wraps [ErrMalformed] or [ErrUnsupported] where the
// data words don't suit the ABI.
func (s *Section) Row(i, j int) (Row, error) {
	f := &s.FDEs[i]
	r := &f.FREs[j]
	in := interpreter{version: s.Version, abi: s.ABI, fixedFP: s.FixedFP, fixedRA: s.FixedRA}
	row := Row{FDEStart: f.Start, FDESize: f.Size, Start: r.Start, Mangled: r.Mangled, BKey: f.BKey, Signal: f.Signal}
	if err := in.interpret(&row, r.Base, r.Words, f.Type); err != nil {
		return Row{}, fmt.Errorf("FDE %d row %d: %w", i, j, err)
	}
	return row, nil
}

// interpret fills in the rules of a row from its data words (specification, "Interpretation of SFrame FREs").
func (in *interpreter) interpret(row *Row, base Base, words []int32, t FDEType) error {
	switch {
	case len(words) == 0:
		if in.version == V1 {
			return errWordCount // erratum 2 of V2 gave it a meaning
		}
		row.setOutermost()
		return nil
	case t == Flexible:
		return in.flexible(row, words)
	case t == Default:
		return in.standard(row, base, words)
	default:
		return errFDEType
	}
}

func (row *Row) setOutermost() {
	row.Outermost = true
	row.RA = Rule{Kind: Undefined}
}

// fixed is the rule for a value that the header locates for the whole section.
func fixed(offset int8) Rule {
	if offset == 0 {
		return Rule{Kind: Retained}
	}
	return Rule{Kind: AtCFA, Offset: int64(offset)}
}

// standard interprets the words of a Default FDE: CFA, then RA and FP unless the header fixes them.
func (in *interpreter) standard(row *Row, base Base, words []int32) error {
	row.CFABase = base
	row.CFAReg = in.abi.FP()
	if base == SP {
		row.CFAReg = in.abi.SP()
	}
	row.CFAOffset = cfaOffset(in.abi, words[0])
	// On AArch64 the specification expects RA and FP both or neither. GNU as also writes an RA alone, and readers take
	// it.
	words = words[1:]
	row.RA = fixed(in.fixedRA)
	if in.fixedRA == 0 && len(words) > 0 {
		row.RA = in.stored(words[0], in.kernel || in.abi == S390X)
		words = words[1:]
	}
	row.FP = fixed(in.fixedFP)
	if in.fixedFP == 0 && len(words) > 0 {
		row.FP = in.stored(words[0], in.kernel)
		words = words[1:]
	}
	if len(words) > 0 {
		return errWordCount
	}
	return nil
}

// stored is the rule for a value saved at an offset from the CFA. Where zeroIsPadding, offset 0 says that it isn't
// saved. V2 on s390x uses odd offsets for register numbers.
func (in *interpreter) stored(offset int32, zeroIsPadding bool) Rule {
	switch {
	case offset == 0 && zeroIsPadding:
		return Rule{Kind: Retained}
	case in.abi == S390X && in.version < V3 && offset&1 != 0:
		return Rule{Kind: IsReg, Reg: uint32(offset) >> 1}
	default:
		return Rule{Kind: AtCFA, Offset: int64(offset)}
	}
}

// flexible interprets the words of a Flexible FDE: pairs of control word and offset for CFA, RA and FP.
func (in *interpreter) flexible(row *Row, words []int32) error {
	cfa := ControlWord(words[0])
	if len(words) < 2 || !cfa.UsesReg() {
		return errControl
	}
	row.CFAReg, row.CFAOffset, row.CFADeref = cfa.Reg(), cfaOffset(in.abi, words[1]), cfa.Deref()
	switch row.CFAReg {
	case in.abi.SP():
		row.CFABase = SP
	case in.abi.FP():
		row.CFABase = FP
	default:
		row.CFABase = Other
	}
	var err error
	words = words[2:]
	if row.RA, words, err = pair(words, in.fixedRA); err != nil {
		return err
	}
	if row.FP, words, err = pair(words, in.fixedFP); err != nil {
		return err
	}
	if len(words) > 0 {
		return errWordCount
	}
	return nil
}

// pair takes a control word and its offset off words. Where there is neither or only padding, the header's fixed offset
// applies.
func pair(words []int32, fixedOffset int8) (Rule, []int32, error) {
	if len(words) == 0 {
		return fixed(fixedOffset), nil, nil
	}
	c := ControlWord(words[0])
	if c == 0 {
		return fixed(fixedOffset), words[1:], nil
	}
	if len(words) < 2 {
		return Rule{}, nil, errControl
	}
	r := Rule{Offset: int64(words[1])}
	switch {
	case c.UsesReg() && c.Deref():
		r.Kind, r.Reg = AtReg, c.Reg()
	case c.UsesReg():
		r.Kind, r.Reg = IsReg, c.Reg()
	case c.Deref():
		r.Kind = AtCFA
	default:
		r.Kind = IsCFA
	}
	return r, words[2:], nil
}
