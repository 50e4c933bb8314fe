// SPDX-License-Identifier: GPL-2.0-only

// Package elfcore writes an ELF core file of a stopped arm64 machine, for debuggers and unwinders that read those: gdb,
// lldb, elfutils and their libraries.
//
// The file holds one thread with its general registers, and the memory that it is given. All numbers are little-endian:
//
//	0     ELF header (ET_CORE, EM_AARCH64), 64 bytes
//	64    program headers, 56 bytes each: one PT_NOTE, then a PT_LOAD per segment
//	      notes: CORE NT_PRSTATUS, CORE NT_PRPSINFO, VMCOREINFO, each name and content padded to 4 bytes
//	      memory, each segment at a page boundary
//
// NT_PRSTATUS is struct elf_prstatus of 64-bit arm64 (include/linux/elfcore.h, arch/arm64/include/asm/elf.h):
//
//	0    si_signo, si_code, si_errno   32 bits each
//	12   pr_cursig                     16 bits
//	16   pr_sigpend, pr_sighold        64 bits each
//	32   pr_pid, ppid, pgrp, sid       32 bits each
//	48   pr_utime, stime, cutime, cstime   16 bytes each
//	112  pr_reg: X0 to X30, SP, PC, PSTATE   64 bits each
//	384  pr_fpvalid                    32 bits
//	392  end
//
// VMCOREINFO is text, a KEY=VALUE per line, as the kernel's crash dumps have it (kernel/vmcore_info.c).
package elfcore
