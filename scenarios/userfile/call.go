// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stacksweep/image"
	"stacksweep/scenarios"
)

// Reasons why a file or a call can't be used, for errors.Is.
var (
	// ErrPlace says that a file is linked for addresses that something else is at.
	ErrPlace = errors.New("address in use")
	// ErrCall says that a call is not of the form FUNC(ARG,...).
	ErrCall = errors.New("malformed call")
	// ErrNoFunction says that the file has no such function.
	ErrNoFunction = errors.New("no such function")
)

// maxArguments is how many arguments are passed in registers, X0 to X7 (AAPCS64, "Parameter passing").
const maxArguments = 8

// An argument is a number, or lies in memory.
type argument struct {
	number uint64
	symbol string // its address is the argument
	data   []byte // the address of these bytes is
	inData bool
}

// parseCall reads FUNC(ARG,...). FUNC alone has no arguments. An argument is
//
//	42, -1, 0x1000   a number
//	"text"           the address of the text, which ends in a NUL; with the escapes of Go
//	buf:N            the address of N bytes of zero
//	&symbol          the address of a symbol
func parseCall(text string) (function string, args []argument, err error) {
	function, rest, found := strings.Cut(strings.TrimSpace(text), "(")
	function = strings.TrimSpace(function)
	if function == "" {
		return "", nil, fmt.Errorf("%w %q: it has no function", ErrCall, text)
	}
	if !found {
		return function, nil, nil
	}
	if rest = strings.TrimSpace(rest); rest == ")" {
		return function, nil, nil
	}
	for {
		if len(args) == maxArguments {
			return "", nil, fmt.Errorf("%w %q: more than %d arguments: only those in registers can be passed", ErrCall,
				text, maxArguments)
		}
		var a argument
		if a, rest, err = parseArgument(strings.TrimSpace(rest)); err != nil {
			return "", nil, fmt.Errorf("%w %q: argument %d: %w", ErrCall, text, len(args)+1, err)
		}
		args = append(args, a)
		if rest = strings.TrimSpace(rest); rest == ")" {
			break
		}
		comma := false
		if rest, comma = strings.CutPrefix(rest, ","); !comma {
			return "", nil, fmt.Errorf("%w %q: %q follows argument %d, not a comma or the closing parenthesis", ErrCall,
				text, rest, len(args))
		}
	}
	return function, args, nil
}

// parseArgument reads the argument that text begins with.
func parseArgument(text string) (a argument, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return a, "", errors.New("a text without its closing quote, or with an unknown escape")
		}
		content, err := strconv.Unquote(quoted)
		return argument{data: append([]byte(content), 0), inData: true}, text[len(quoted):], err
	}
	end := strings.IndexAny(text, ",)")
	if end < 0 {
		end = len(text)
	}
	word, rest := strings.TrimSpace(text[:end]), text[end:]
	if name, ok := strings.CutPrefix(word, "&"); ok && name != "" {
		return argument{symbol: name}, rest, nil
	}
	if size, ok := strings.CutPrefix(word, "buf:"); ok {
		n, err := strconv.ParseUint(size, 0, 64)
		if err != nil || n > argumentsSize {
			return a, "", fmt.Errorf("%q is no size of a buffer, which can have up to %d bytes", size, argumentsSize)
		}
		return argument{data: make([]byte, n), inData: true}, rest, nil
	}
	if n, err := strconv.ParseUint(word, 0, 64); err == nil {
		return argument{number: n}, rest, nil
	}
	if n, err := strconv.ParseInt(word, 0, 64); err == nil {
		return argument{number: uint64(n)}, rest, nil
	}
	return a, "", fmt.Errorf(`%q is none of: number, "text", buf:N, &symbol`, word)
}

// Functions lists the file's functions by name: those that other files can call, if it has any.
func (f *File) Functions() []string {
	var global, local []string
	for s := range f.user.Symbols.All() {
		switch {
		case s.Kind != image.Func || !f.executable(s):
		case s.Global:
			global = append(global, s.Name)
		default:
			local = append(local, s.Name)
		}
	}
	if len(global) == 0 {
		global = local
	}
	slices.Sort(global)
	return slices.Compact(global)
}

func (f *File) executable(s image.Symbol) bool {
	seg, ok := f.user.Segment(s.Addr)
	return ok && seg.Perm&image.Exec != 0
}

// Scenario makes a scenario of a call of one of the file's functions, FUNC(ARG,...). Its name is image/FUNC, with .2
// and so on if there already is one of the same function. Errors wrap [ErrCall] or [ErrNoFunction].
//
// An argument is a number (42, -1, 0x10), a "text", buf:N for N bytes of zero or &symbol. Texts and buffers are in
// memory of their own, and followed by an unmapped page.
func (f *File) Scenario(text string) (*scenarios.Scenario, error) {
	function, args, err := parseCall(text)
	if err != nil {
		return nil, err
	}
	target, ok := f.user.Symbols.Lookup(function)
	if !ok || target.Kind == image.Object || !f.executable(target) {
		return nil, fmt.Errorf("%w: %s has no function %q", ErrNoFunction, f.user.Name, function)
	}
	c := &call{file: f, function: target.Addr}
	if target.IFunc {
		if c.function, err = f.resolve(target.Addr); err != nil {
			return nil, err
		}
	}
	for i, a := range args {
		value, err := c.place(a)
		if err != nil {
			return nil, fmt.Errorf("%w %q: argument %d: %w", ErrCall, text, i+1, err)
		}
		c.args = append(c.args, value)
	}
	name := "image/" + function
	f.names[name]++
	if n := f.names[name]; n > 1 {
		name = fmt.Sprintf("%s.%d", name, n)
	}
	return c.scenario(name, strings.TrimSpace(text)+" of "+f.user.Name), nil
}

// Call makes a scenario of a call of the function at an address, with arguments that are numbers.
func (f *File) Call(name, doc string, function uint64, args ...uint64) *scenarios.Scenario {
	return (&call{file: f, function: function, args: args}).scenario(name, doc)
}

func (c *call) scenario(name, doc string) *scenarios.Scenario {
	return scenarios.New(name, doc, []scenarios.Variant{{Name: "user", Doc: "as the file has it"}},
		func(_ string, o scenarios.Options) (*scenarios.Run, error) {
			return c.build(o)
		})
}

// place gives an argument its value, and its data their place in memory.
func (c *call) place(a argument) (uint64, error) {
	switch {
	case a.symbol != "":
		s, ok := c.file.user.Symbols.Lookup(a.symbol)
		if !ok {
			return 0, fmt.Errorf("%s has no symbol %q", c.file.user.Name, a.symbol)
		}
		return s.Addr, nil
	case a.inData:
		at := (len(c.data) + 15) &^ 15
		if at+len(a.data) > argumentsSize {
			return 0, fmt.Errorf("more than %d bytes of arguments", argumentsSize)
		}
		c.data = append(append(c.data, make([]byte, at-len(c.data))...), a.data...)
		return userArguments + uint64(at), nil
	}
	return a.number, nil
}
