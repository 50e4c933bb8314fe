// SPDX-License-Identifier: GPL-2.0-only

// Package member finds members of C structs and unions by path, whatever describes the types: BTF or DWARF.
package member

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoMember says that a struct has no such member.
var ErrNoMember = errors.New("no such member")

// A Member is a named or anonymous member of a struct or union.
type Member struct {
	Name   string // "" if it is anonymous
	Bits   uint64 // its offset in the struct
	Fields Fields // of the struct or union that it is; nil if it is something else
}

// Fields calls visit with each member of a struct or union in turn, until visit returns false.
type Fields func(visit func(Member) bool)

// maxNesting bounds how deep anonymous members may lie in each other.
const maxNesting = 32

// Offset returns how many bytes a member is from the start of a struct. A path names a member of a member as in C,
// "thread.cpu_context.sp"; members of anonymous structs and unions are members of what is around them. The error is an
// ErrNoMember, or says that the member is a bit field.
func Offset(fields Fields, path string) (bytes uint64, err error) {
	for step := range strings.SplitSeq(path, ".") {
		m, ok := find(fields, step, maxNesting)
		switch {
		case !ok:
			return 0, fmt.Errorf("%w %s", ErrNoMember, path)
		case m.Bits%8 != 0:
			return 0, fmt.Errorf("member %s is a bit field", path)
		}
		bytes += m.Bits / 8
		fields = m.Fields
		if fields == nil {
			fields = func(func(Member) bool) {}
		}
	}
	return bytes, nil
}

// find finds a member by its name, with its offset from the start of the outermost struct.
func find(fields Fields, name string, depth int) (found Member, ok bool) {
	if name == "" {
		return Member{}, false
	}
	for m := range fields {
		if m.Name == name {
			return m, true
		}
		if m.Name != "" || m.Fields == nil || depth == 0 {
			continue
		}
		if inner, ok := find(m.Fields, name, depth-1); ok {
			inner.Bits += m.Bits
			return inner, true
		}
	}
	return Member{}, false
}
