// SPDX-License-Identifier: GPL-2.0-only

package unwind

import "fmt"

// A Reason is a way in which a walk fails. The kernel says -EINVAL to nearly all of them; telling them apart is what
// makes a refused point explainable.
type Reason uint8

const (
	None              Reason = iota
	Misaligned               // a frame record or CFA isn't aligned
	OffStack                 // a frame record isn't wholly on an accessible stack
	Unreadable               // memory that the walker needs can't be read
	BadMetaType              // a metadata record of unknown type
	FinalElsewhere           // a FINAL record that isn't the task's own
	ExceptionBoundary        // an exception frame was met, and the walker doesn't vouch for what lies below
	GraphLost                // a return address is return_to_handler, and the shadow stack has no entry for it
	KretprobeLost            // a return address is the kretprobe trampoline, and no instance belongs to it
	InTrampoline             // a frame's PC is inside a return trampoline
	NoTable                  // no unwind row covers the PC
	Outermost                // the unwind row says that there is no caller
	BadCFA                   // the CFA that the row gives can't be right
	UnsupportedRule          // the row uses a rule that the walker doesn't evaluate
	TooManyFrames            // more frames than any stack can hold
	NoRoom                   // the consumer's buffer is full
	NoRegs                   // the registers of the exception are not known any more
	ForeignFailure           // an unwinder outside this program failed
	// the unwinder, which is code that is executed, did not come to its end: it has said nothing
	NotRun
)

var reasons = [...]string{
	None:              "none",
	Misaligned:        "misaligned frame",
	OffStack:          "frame is not on an accessible stack",
	Unreadable:        "memory can't be read",
	BadMetaType:       "metadata record of unknown type",
	FinalElsewhere:    "FINAL record that is not the task's own",
	ExceptionBoundary: "exception boundary",
	GraphLost:         "no shadow-stack entry for a return to return_to_handler",
	KretprobeLost:     "no instance for a return to the kretprobe trampoline",
	InTrampoline:      "inside a return trampoline",
	NoTable:           "no unwind information",
	Outermost:         "unwind information says outermost",
	BadCFA:            "impossible CFA",
	UnsupportedRule:   "unsupported unwind rule",
	TooManyFrames:     "too many frames",
	NoRoom:            "no room for more frames",
	NoRegs:            "the exception's registers are lost",
	ForeignFailure:    "the external unwinder failed",
	NotRun:            "the unwinder could not be run to its end",
}

func (r Reason) String() string { return reasons[r] }

// A Failure is an error of a walk. It is a value, not a pointer, so that a refused walk allocates nothing.
type Failure struct {
	Reason Reason
	Addr   uint64 // the address that the reason is about: a frame record, a CFA, a PC
	Detail string // what an external unwinder said; usually empty
}

func (f Failure) Error() string {
	if f.Detail != "" {
		return fmt.Sprintf("%s: %s", f.Reason, f.Detail)
	}
	return fmt.Sprintf("%s: %#x", f.Reason, f.Addr)
}

// Failed reports whether there is a failure at all.
func (f Failure) Failed() bool { return f.Reason != None }
