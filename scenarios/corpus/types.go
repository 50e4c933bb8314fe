// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"debug/dwarf"
	"fmt"
	"strings"
	"sync"
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
	offset := uint64(0)
	for part := range strings.SplitSeq(path, ".") {
		if s == nil {
			return 0, fmt.Errorf("struct %s: %s goes into something that is no struct", name, path)
		}
		f, at := member(s, part)
		if f == nil {
			return 0, fmt.Errorf("struct %s has no member %s", name, path)
		}
		offset += at
		s, _ = f.Type.(*dwarf.StructType)
	}
	return offset, nil
}

// member finds a member by name, looking into anonymous members, with its offset in s.
func member(s *dwarf.StructType, name string) (*dwarf.StructField, uint64) {
	for _, f := range s.Field {
		if f.Name == name {
			return f, uint64(f.ByteOffset)
		}
		if inner, ok := f.Type.(*dwarf.StructType); ok && f.Name == "" {
			if g, at := member(inner, name); g != nil {
				return g, uint64(f.ByteOffset) + at
			}
		}
	}
	return nil, 0
}
