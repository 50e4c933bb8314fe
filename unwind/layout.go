// SPDX-License-Identifier: GPL-2.0-only

package unwind

// RegsLayout is the layout of struct pt_regs, offsets and size in bytes (arch/arm64/include/asm/ptrace.h). An exception
// entry builds one below the SP that it finds, and points X29 at the frame record in it:
//
//	high  +----------------------------+ <- SP of the interrupted code
//	+312  | type: 1 FINAL, 2 PT_REGS   |  \
//	+304  | 0                          |   > metadata record (since 6.13)
//	+296  | 0                          |  /  <- X29: FrameRecord
//	      | sdei_ttbr1, pmr, syscallno |
//	+272  | orig_x0                    |
//	+264  | pstate                     |
//	+256  | pc                         |  PC
//	+248  | sp                         |  SP
//	+240  | x30                        |  X30
//	+232  | x29                        |  X29
//	      | x28 ... x1                 |
//	low   | x0                         | <- SP in the exception handler
//	      +----------------------------+
//
// The numbers are those of 6.18; take them from a kernel's own types (BTF or DWARF).
//
// Kernels before 6.13 have an ordinary frame record in that place: {X29, PC} of the interrupted code.
type RegsLayout struct {
	Size        uint64
	X29, X30    uint64
	SP, PC      uint64
	FrameRecord uint64 // the record that the exception entry makes the top of the chain
}

// Every word of a frame record is a little-endian 64-bit word (arch/arm64/include/asm/stacktrace/frame.h):
//
//	ordinary record                      metadata record
//
//	    +---------------------+              +---------------------+
//	+8  | lr: return address  |         +16  | type                |
//	    +---------------------+              +---------------------+
//	+0  | fp: caller's record |          +8  | 0                   |
//	    +---------------------+ <- X29       +---------------------+
//	                                     +0  | 0                   |
//	                                         +---------------------+ <- X29
//
// A record whose two words are zero is therefore a metadata record, and has a third.
const (
	RecordSize     = 16 // bytes of an ordinary record
	MetaRecordSize = 24 // bytes of a metadata record
)

// Types of a metadata record.
const (
	MetaFinal  = 1 // the outermost: valid only in the task's own pt_regs
	MetaPtRegs = 2 // inside the pt_regs of an exception
)

// A GraphGeneration is a way to lay out the shadow stack of the function graph tracer.
type GraphGeneration uint8

const (
	// GraphStructs: an array of struct ftrace_ret_stack; curr_ret_stack is the index of the newest, -1 when empty.
	// Until 6.10.
	GraphStructs GraphGeneration = iota
	// GraphWords: an array of words; curr_ret_stack is the index of the first free word, 0 when empty. The word below
	// it says in its low ten bits how many words further down the newest struct begins. Since 6.11.
	GraphWords
)

// A GraphLayout says where the function graph tracer keeps what it took away, as offsets in bytes. It comes from a
// kernel's own types (BTF or DWARF). A task's shadow stack, in the second generation, with two traced calls
// (kernel/trace/fgraph.c):
//
//	| (free: dead words)    |
//	+-----------------------+ <- ret_stack + 8 * curr_ret_stack
//	| top word              |   distance in words back to the struct; bitmap of the tracers to call
//	| data, data tag        |   of tracers that reserved some
//	| ftrace_ret_stack      |   ret, func, retp, ...: the newest traced call
//	+-----------------------+
//	| top word              |
//	| ftrace_ret_stack      |   the traced call before it
//	+-----------------------+ <- ret_stack
//
// The stack grows upwards. Words at and above the first free one are dead.
type GraphLayout struct {
	Generation   GraphGeneration
	RetStack     uint64 // task_struct.ret_stack, a pointer
	CurrRetStack uint64 // task_struct.curr_ret_stack, a 32-bit signed integer
	EntrySize    uint64 // sizeof(struct ftrace_ret_stack)
	Ret          uint64 // ftrace_ret_stack.ret: the address that the traced function would have returned to
	Func         uint64 // ftrace_ret_stack.func: the traced function
	Retp         uint64 // ftrace_ret_stack.retp: on arm64, X29 at the traced function's entry
}

// A KretprobeLayout says where a task's kretprobe instances are, as offsets in bytes; it comes from a kernel's own
// types (kernel/kprobes.c, include/linux/kprobes.h). They are a list, newest first:
//
//	task_struct                kretprobe_instance         kretprobe_instance
//	+---------------------+    +---------------+          +---------------+
//	| kretprobe_instances |--->| llist.next    |--------->| llist.next    |---> 0
//	+---------------------+    | ret_addr, fp  |          | ret_addr, fp  |
//	                           +---------------+          +---------------+
type KretprobeLayout struct {
	Instances uint64 // task_struct.kretprobe_instances, a pointer to the first node
	Node      uint64 // kretprobe_instance.llist, the node within an instance; the pointer to the next is its first word
	RetAddr   uint64 // kretprobe_instance.ret_addr: the address that the probed function would have returned to
	FP        uint64 // kretprobe_instance.fp: on arm64, X29 at the probed function's entry
}
