// SPDX-License-Identifier: GPL-2.0-only

// Package external puts unwinders to the test that live in other programs: a debugger, a profiler, a library in
// another language.
//
// A [Walker] starts a program and talks to it in lines of JSON. The program learns once what code it is about, is then
// shown one point after another, each a snapshot of registers and memory, and answers each with the frames that it
// finds. It needs to know nothing of kernels, emulators or verdicts:
//
//	→ {"type":"hello","protocol":"stacksweep-walker","version":1,"arch":"aarch64",…}
//	← {"type":"hello","protocol":"stacksweep-walker","version":1,"name":"gdb 13.1","keeps_memory":true}
//	→ {"type":"point","id":1,"kind":"exception","regs":{…},"memory":[…],…}
//	← {"id":1,"frames":["0xffff800080010098","0xffff80008001010c"],"reliable":true}
//
// [Hello], [Welcome], [Point] and [Answer] are the messages, and their fields' comments are the protocol. A program
// written in Go can leave the talking to [Serve].
//
// A program is not trusted. It has a limited time to answer and a limited length of answer; when it crashes, is late
// or talks nonsense, the point is refused, the program is ended and another one is started for the next point. After
// [MaxFailures] such points in a row the walker gives up for good, and Close tells why.
package external
