// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"fmt"
	"strings"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
)

// userMemory is where user space has a page, and nothing around it.
const userMemory = 0x400000

// tcrSizes is TCR_EL1 with T0SZ and T1SZ of 16: 48 bits of address in either half. The fault handler asks it how far
// user space reaches.
const tcrSizes = 16<<16 | 16

// uaccess copies to and from user memory that ends too early: the kernel's own routines, vectors, fault handler and
// exception table.
func (k *Kernel) uaccess() *scenarios.Scenario {
	variants := []scenarios.Variant{{Name: "plain", Doc: "as the Image has them, for a CPU without extensions"}}
	doc := "copies to and from user memory that ends too early: faults, and what the exception table makes of them"
	return k.scenario("uaccess", doc, variants, func(b *builder, _ string) {
		b.run.Config.Vectors, b.run.Config.DataAborts = b.Symbol("vectors"), true
		b.run.Fixups = b.fixups()
		b.run.Config.TCREL1 = tcrSizes
		b.Map("user memory", userMemory, guest.PageSize)
		r := &routines{b}
		for i, n := range []int{1, 15, 65, 128} {
			for _, room := range []int{n + i, n / 2} { // all of it is there, or half

				r.copyUser("__arch_copy_to_user", n, room)
				r.copyUser("__arch_copy_from_user", n, room)
				r.copyUser("__arch_clear_user", n, room)
			}
		}
	})
}

// copyUser calls a routine for n bytes of user memory, of which there is room for some before the page ends, if the
// kernel has it. What is not there can't have been copied, so the number of bytes left over is positive.
func (r *routines) copyUser(name string, n, room int) {
	if room < 0 {
		return
	}
	f, ok := r.lookup(name)
	if !ok {
		return
	}
	sign := 0
	if room < n {
		sign = 1
	}
	user, ours := uint64(userMemory+guest.PageSize-room), r.place(room%16, make([]byte, n))
	switch {
	case strings.HasSuffix(name, "to_user"):
		r.expectSign(sign, name, user, ours, uint64(n))
	case strings.HasSuffix(name, "from_user"):
		r.expectSign(sign, name, ours, user, uint64(n))
	default:
		r.check(name, r.builder.call(r.Symbol("stub_compare"), user, uint64(n), 0, f), uint64(sign))
	}
}

// hasFixups reports whether the kernel says where its exception table is: some keep no symbols for data.
func (k *Kernel) hasFixups() bool {
	_, start := k.lookup("__start___ex_table")
	_, stop := k.lookup("__stop___ex_table")
	return start && stop
}

// fixups reads the exception table. Its entries have two halfwords more, about what else is to be done, since 5.16.
func (b *builder) fixups() map[uint64]uint64 {
	const entrySize = 12
	start, stop := b.Symbol("__start___ex_table"), b.Symbol("__stop___ex_table")
	table, _ := b.image.Bytes(start, stop-start)
	fixups, err := image.ExceptionTable(start, table, entrySize)
	if err != nil {
		b.Fail(fmt.Errorf("%s: %w", b.image.Name, err))
	}
	return fixups
}
