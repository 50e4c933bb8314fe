// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"fmt"
	"strconv"
	"strings"
)

// Protocol and Version are what both sides say first. A version is a promise about the meaning of what is there:
// fields may be added without a new one, and a receiver ignores fields that it doesn't know.
const (
	Protocol = "stacksweep-walker"
	Version  = 1
)

// Limits of what a program may answer.
const (
	MaxFrames = 1024     // of one answer
	MaxAnswer = 64 << 10 // bytes of one line
)

// Hex is an address or a register. In JSON it is a string such as "0xffff800080010000", because many readers of JSON
// keep numbers as floating point, which rounds 64-bit ones.
type Hex uint64

// MarshalText implements [encoding.TextMarshaler].
func (h Hex) MarshalText() ([]byte, error) {
	return strconv.AppendUint([]byte("0x"), uint64(h), 16), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *Hex) UnmarshalText(text []byte) error {
	digits, found := strings.CutPrefix(string(text), "0x")
	n, err := strconv.ParseUint(digits, 16, 64)
	if !found || err != nil {
		return fmt.Errorf("%.40q is not an address such as \"0x1f00\"", text)
	}
	*h = Hex(n)
	return nil
}

// Hello is the first line that a program reads: what all points have in common.
type Hello struct {
	Type      string `json:"type"` // "hello"
	Protocol  string `json:"protocol"`
	Version   int    `json:"version"`
	Arch      string `json:"arch"`       // "aarch64"
	ByteOrder string `json:"byte_order"` // "little"
	Image
}

// Image is the code that is executed.
type Image struct {
	Path     string    `json:"image"`    // an ELF file with symbols and unwind information; "" if there is none
	Segments []Segment `json:"segments"` // where it is loaded
	Patches  []Bytes   `json:"patches"`  // where code in memory isn't what the file says, as with traced functions
	// Hooks are the addresses to which functions are made to return instead of their caller (return_to_handler). They
	// are not frames: in place of a hook's address, the caller that the hook returns to is wanted.
	Hooks []Hex `json:"hooks"`
}

// Segment is a range of addresses of the image.
type Segment struct {
	Name string `json:"name"`
	Addr Hex    `json:"addr"`
	Size uint64 `json:"size"` // in bytes
}

// Bytes is a piece of memory.
type Bytes struct {
	Addr Hex    `json:"addr"`
	Data []byte `json:"data"` // base64 (RFC 4648, with padding)
}

// Welcome is the first line that a program writes.
type Welcome struct {
	Type     string `json:"type"` // "hello"
	Protocol string `json:"protocol"`
	Version  int    `json:"version"`
	Name     string `json:"name"` // of the program and its version, for people
	// KeepsMemory says that the program remembers Point.Memory from point to point, so that only changes are sent.
	KeepsMemory bool `json:"keeps_memory"`
}

// Kind is the way in which a point's walk came about.
type Kind string

const (
	// Exception: the code was interrupted before the instruction at PC, with the registers as they are.
	Exception Kind = "exception"
	// Call: the code has called the unwinder. PC is the return address; registers are those at the call.
	Call Kind = "call"
	// Blocked: as with Call, but it is the scheduler that was called, and another task that walks.
	Blocked Kind = "blocked"
)

// Point is a snapshot of the moment at which a walk is wanted.
type Point struct {
	Type   string    `json:"type"` // "point"
	ID     int64     `json:"id"`   // to be repeated in the answer
	Kind   Kind      `json:"kind"`
	Regs   Registers `json:"regs"`
	Start  Start     `json:"start"`
	Task   Hex       `json:"task"`    // address of the task_struct
	PtRegs Hex       `json:"pt_regs"` // address of the pt_regs at the bottom of the task's stack
	Stacks []Stack   `json:"stacks"`  // the first is the task's own
	// Memory is all that may be read besides the image: stacks, the task_struct and the tracer's shadow stack.
	// To a program that keeps memory only what has changed since the last point is sent.
	Memory []Bytes `json:"memory"`
}

// Registers are the general registers of the context to be walked.
type Registers struct {
	X  [31]Hex `json:"x"` // X29 is the frame pointer, X30 the link register
	SP Hex     `json:"sp"`
	PC Hex     `json:"pc"`
}

// Start is where the kernel's own unwinder starts, for programs that model it: at an exception in the exception entry
// code, whose frame record lies in a pt_regs below SP.
type Start struct {
	PC Hex `json:"pc"`
	FP Hex `json:"fp"`
}

// Stack is a range of addresses that holds frames.
type Stack struct {
	Name string `json:"name"`
	Low  Hex    `json:"low"`
	High Hex    `json:"high"` // exclusive
}

// Answer is what a program writes for a point.
type Answer struct {
	ID int64 `json:"id"`
	// Frames are the PC of the point's registers and then, outwards, the return addresses of its callers, without
	// signatures (PAC).
	Frames []Hex `json:"frames"`
	// Reliable is the program's claim that the frames are right and that none is missing. Only the claim can be
	// unsound; a program that isn't sure does well to say false.
	Reliable bool   `json:"reliable"`
	Error    string `json:"error,omitempty"` // why the walk ended early or isn't reliable, in a line
}
