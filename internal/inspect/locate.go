// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Locate finds the address that a person means: a symbol, a register (x0 … x30, fp, lr, sp, pc), or a number in
// hexadecimal; each with an offset, as in return_to_handler+0x1c or sp-16.
func (in *Inspector) Locate(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	base, offset := text, int64(0)
	if i := strings.LastIndexAny(text, "+-"); i > 0 {
		n, err := strconv.ParseInt(text[i:], 0, 64)
		if err != nil {
			return 0, fmt.Errorf("%q: %q is not an offset", text, text[i:])
		}
		base, offset = text[:i], n
	}
	addr, ok := in.base(base)
	if !ok {
		return 0, fmt.Errorf("%q is no symbol, register or address", base)
	}
	return addr + uint64(offset), nil
}

func (in *Inspector) base(name string) (uint64, bool) {
	if s, ok := in.Run.Image.Symbols.Lookup(name); ok {
		return s.Addr, true
	}
	switch name {
	case "fp":
		name = "x29"
	case "lr":
		name = "x30"
	}
	for _, r := range in.registers() {
		if r.Name == name {
			return r.Value, true
		}
	}
	digits, prefixed := strings.CutPrefix(name, "0x")
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil && (prefixed || len(digits) == 16)
}

// isRegister reports whether a place is named by a register.
func isRegister(place string) bool {
	name, _, _ := strings.Cut(strings.ReplaceAll(place, "-", "+"), "+")
	switch name {
	case "fp", "lr", "sp", "pc":
		return true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(name, "x"))
	return err == nil && strings.HasPrefix(name, "x") && n >= 0 && n <= 30
}

// ParseWatch reads what to watch: a place as Locate takes it, with a size in bytes after a slash unless it is 8, or
// curr_ret_stack for the task's position on the shadow stack.
func (in *Inspector) ParseWatch(text string) (Watch, error) {
	text = strings.TrimSpace(text)
	if text == "curr_ret_stack" && in.Run.Kernel.Graph != nil {
		return Watch{Name: text, Addr: in.Run.Task.Struct + in.Run.Kernel.Graph.CurrRetStack, Size: 4}, nil
	}
	place, size, found := strings.Cut(text, "/")
	w := Watch{Name: text, Size: 8}
	if found {
		n, err := strconv.Atoi(size)
		if err != nil || !slices.Contains([]int{1, 2, 4, 8}, n) {
			return Watch{}, fmt.Errorf("%q: a size is 1, 2, 4 or 8", size)
		}
		w.Size = uint64(n)
	}
	var err error
	if w.Addr, err = in.Locate(place); err != nil {
		return Watch{}, err
	}
	if isRegister(place) { // which will have another value elsewhere
		where := in.Describe(w.Addr)
		if where == "" {
			where = fmt.Sprintf("%#x", w.Addr)
		}
		w.Name += " [" + where + "]"
	}
	if _, ok := in.Value(w); !ok {
		return Watch{}, fmt.Errorf("there is no memory at %#x", w.Addr)
	}
	return w, nil
}

// Complete lists the executed functions whose names begin with a prefix.
func (in *Inspector) Complete(prefix string) []string {
	names := map[string]bool{}
	var list []string
	for pc := range in.visits {
		s, ok := in.Run.Image.Symbols.At(pc)
		if ok && strings.HasPrefix(s.Name, prefix) && !names[s.Name] {
			names[s.Name] = true
			list = append(list, s.Name)
		}
	}
	slices.Sort(list)
	return list
}

// Search finds the nearest step whose instruction, or its symbol+offset, contains a text.
func (in *Inspector) Search(text string, from int, d Direction) (step int, ok bool) {
	for pc := range in.visits {
		if !strings.Contains(in.Name(pc)+" "+in.instruction(pc), text) {
			continue
		}
		s, found := in.Execution(pc, from, d)
		if found && (!ok || (step-s)*int(d) > 0) {
			step, ok = s, true
		}
	}
	return step, ok
}
