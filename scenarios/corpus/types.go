// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"debug/dwarf"
	"fmt"
	"sync"

	"stacksweep/internal/member"
)

// Types tells the layout of the corpus's structs, as its DWARF has it.
type Types struct{}

// structs finds every named struct of the corpus.
var structs = sync.OnceValue(func() map[string]*dwarf.StructType {
	all := map[string]*dwarf.StructType{}
	r := debugInfo().Reader()
	for {
		e, err := r.Next()
		if err != nil {
			panic(err) // the file is part of the program
		}
		if e == nil {
			return all
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		if e.Tag != dwarf.TagStructType || name == "" || all[name] != nil {
			continue
		}
		t, err := debugInfo().Type(e.Offset)
		if err != nil {
			panic(err)
		}
		if s, ok := t.(*dwarf.StructType); ok && !s.Incomplete {
			all[name] = s
		}
	}
})

// Size returns the size of a struct in bytes.
func (Types) Size(name string) (uint64, error) {
	s, ok := structs()[name]
	if !ok {
		return 0, fmt.Errorf("no struct %s", name)
	}
	return uint64(s.ByteSize), nil
}

// Offset returns the offset in bytes of a member, which may be a path ("stackframe.type") and may lie in an anonymous
// struct or union.
func (Types) Offset(name, path string) (uint64, error) {
	s, ok := structs()[name]
	if !ok {
		return 0, fmt.Errorf("no struct %s", name)
	}
	offset, err := member.Offset(fields(s), path)
	if err != nil {
		return 0, fmt.Errorf("struct %s: %w", name, err)
	}
	return offset, nil
}

// fields lists the members of a struct, none of which is a bit field.
func fields(s *dwarf.StructType) member.Fields {
	return func(visit func(member.Member) bool) {
		for _, f := range s.Field {
			m := member.Member{Name: f.Name, Bits: uint64(f.ByteOffset) * 8}
			if inner, ok := f.Type.(*dwarf.StructType); ok {
				m.Fields = fields(inner)
			}
			if !visit(m) {
				return
			}
		}
	}
}
