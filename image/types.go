// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"errors"
	"fmt"
	"sync"

	"stacksweep/internal/member"

	"github.com/cilium/ebpf/btf"
)

// Reasons that a type can't be asked about, for errors.Is.
var (
	ErrNoTypes  = errors.New("no type information")
	ErrNoType   = errors.New("no such type")
	ErrNoMember = member.ErrNoMember
)

// Types answers questions about the layout of structs and unions, from the kernel's BTF.
type Types struct {
	mu   sync.Mutex // the spec decodes types when they are asked for
	spec *btf.Spec
}

// Types returns the types of the image, which are read when first asked for. The error is ErrNoTypes if there are none.
func (im *Image) Types() (*Types, error) {
	if im.types == nil {
		return nil, fmt.Errorf("%s: %w", im.Name, ErrNoTypes)
	}
	return im.types()
}

// setTypes says how to read the types.
func (im *Image) setTypes(read func() (*Types, error)) { im.types = sync.OnceValues(read) }

// Size returns the size of a struct or union ("pt_regs") in bytes.
func (t *Types) Size(name string) (uint64, error) {
	c, err := t.composite(name)
	if err != nil {
		return 0, err
	}
	return uint64(c.size), nil
}

// Offset returns how many bytes a member is from the start of a struct. A member of a member is named as in C,
// "thread.cpu_context.sp"; members of anonymous structs and unions are members of what is around them.
func (t *Types) Offset(name, path string) (uint64, error) {
	c, err := t.composite(name)
	if err != nil {
		return 0, err
	}
	offset, err := member.Offset(c.fields, path)
	if err != nil {
		return 0, fmt.Errorf("struct %s: %w", name, err)
	}
	return offset, nil
}

// Has reports whether a struct has a member. See Offset.
func (t *Types) Has(name, path string) bool {
	_, err := t.Offset(name, path)
	return err == nil
}

// composite is a struct or union.
type composite struct {
	size    uint32
	members []btf.Member
}

// composite finds a struct or union by its name, or by a typedef's for it. If there are several they must be the same
// in size and members.
func (t *Types) composite(name string) (composite, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all, err := t.spec.AnyTypesByName(name)
	if err != nil && !errors.Is(err, btf.ErrNotFound) {
		return composite{}, fmt.Errorf("struct %s: %w", name, err)
	}
	var found []composite
	for _, typ := range all {
		c, ok := compositeOf(typ)
		if !ok {
			continue
		}
		if len(found) > 0 && !found[0].same(c) {
			return composite{}, fmt.Errorf("struct %s: several types have this name", name)
		}
		found = append(found, c)
	}
	if len(found) == 0 {
		return composite{}, fmt.Errorf("struct %s: %w", name, ErrNoType)
	}
	return found[0], nil
}

// compositeOf looks through typedefs and qualifiers.
func compositeOf(typ btf.Type) (composite, bool) {
	switch typ := btf.UnderlyingType(typ).(type) {
	case *btf.Struct:
		return composite{typ.Size, typ.Members}, true
	case *btf.Union:
		return composite{typ.Size, typ.Members}, true
	}
	return composite{}, false
}

// same reports whether two types have members of the same names at the same places.
func (c composite) same(d composite) bool {
	if c.size != d.size || len(c.members) != len(d.members) {
		return false
	}
	for i, m := range c.members {
		if n := d.members[i]; m.Name != n.Name || m.Offset != n.Offset {
			return false
		}
	}
	return true
}

// fields lists the members.
func (c composite) fields(visit func(member.Member) bool) {
	for _, m := range c.members {
		found := member.Member{Name: m.Name, Bits: uint64(m.Offset)}
		if inner, ok := compositeOf(m.Type); ok {
			found.Fields = inner.fields
		}
		if !visit(found) {
			return
		}
	}
}
