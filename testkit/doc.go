// SPDX-License-Identifier: GPL-2.0-only

// Package testkit judges an unwinder against test vectors that stacksweep has exported: interrupted arm64 code with its
// registers and memory, and the call stack that a walk must find. It needs neither stacksweep, nor an emulator, nor
// cgo.
//
//	f, err := testkit.Open("fgraph_return.vectors")
//	if err != nil { ... }
//	report, err := testkit.Judge(f, func(p *testkit.Point) testkit.Answer {
//		frames, complete := myUnwinder(p.Regs, p.Memory)
//		return testkit.Answer{Frames: frames, Reliable: complete}
//	})
//	if report.Unsound() > 0 { ... }
//
// # The file
//
// All numbers are little-endian. A file is a header and records, one after the other.
//
//	header   0   "SSVECTOR"
//	         8   version, 32 bits: 1
//	         12  zero, 32 bits
//
//	record   0   kind, 32 bits
//	         4   size of the payload in bytes, 32 bits
//	         8   payload, then zeros up to a multiple of 8
//
//	kind     payload
//	1 info   text, a key=value per line: scenario, variant, arch, made_by, image_sha256
//	2 image  an ELF file with the code, its symbols and its unwind information; at most one
//	3 patch  address (64 bits), bytes: where code in memory differs from the file
//	4 hooks  addresses to which functions are made to return instead of to their caller, 64 bits each
//	5 memory address (64 bits), bytes: what memory holds from here on
//	6 point  see below
//	7 end    number of points (64 bits), SHA-256 of all bytes of the file before this record
//
//	point    0    step of the run, 64 bits
//	         8    mode, 32 bits: 0 sync, 1 blocked, 2 irq, 3 nmi
//	         12   zero, 32 bits
//	         16   address of the task_struct
//	         24   address of the pt_regs at the bottom of the task's stack
//	         32   where the kernel's unwinder would start: PC, X29
//	         48   X0 to X30, SP, PC of the context to be walked
//	         312  number of stacks, number of true frames, 32 bits each
//	         320  stacks: low, high (exclusive), 64 bits each; the first is the task's
//	              true frames, innermost first: address, and the other address by which the frame may be reported or 0
//
// Memory records before the first point lay out all that may be read besides the image: stacks, the task_struct, the
// shadow stack of the function graph tracer and the list of kretprobe instances. Those between points say what has
// changed since the point before.
//
// A frame has two addresses if an exception returned elsewhere than to the instruction that it interrupted, as a
// fixed-up fault does: a walk within the exception's handler finds the instruction, and is right.
//
// A version is a promise about the meaning of what is there. Records of other kinds may be added without a new one;
// readers pass over them.
package testkit
