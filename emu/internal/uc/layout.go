// SPDX-License-Identifier: GPL-2.0-only

package uc

// #include "recorder.h"
import "C"

import "unsafe"

// The recorder fills Go slices as if they were arrays of its own structs. These assignments compile only while size
// and offsets agree.
var (
	_ [unsafe.Sizeof(C.struct_store{})]byte               = [unsafe.Sizeof(Store{})]byte{}
	_ [unsafe.Offsetof(C.struct_store{}.size)]byte        = [unsafe.Offsetof(Store{}.Size)]byte{}
	_ [unsafe.Offsetof(C.struct_store{}.addr)]byte        = [unsafe.Offsetof(Store{}.Addr)]byte{}
	_ [unsafe.Offsetof(C.struct_store{}.old_value)]byte   = [unsafe.Offsetof(Store{}.Old)]byte{}
	_ [unsafe.Offsetof(C.struct_store{}.new_value)]byte   = [unsafe.Offsetof(Store{}.New)]byte{}
	_ [unsafe.Sizeof(C.struct_frame_regs{})]byte          = [unsafe.Sizeof(FrameRegs{})]byte{}
	_ [unsafe.Offsetof(C.struct_frame_regs{}.pstate)]byte = [unsafe.Offsetof(FrameRegs{}.PState)]byte{}
	_ [unsafe.Offsetof(C.struct_frame_regs{}.sp)]byte     = [unsafe.Offsetof(FrameRegs{}.SP)]byte{}
	_ [unsafe.Offsetof(C.struct_frame_regs{}.fp)]byte     = [unsafe.Offsetof(FrameRegs{}.FP)]byte{}
	_ [unsafe.Offsetof(C.struct_frame_regs{}.lr)]byte     = [unsafe.Offsetof(FrameRegs{}.LR)]byte{}
	_ [unsafe.Sizeof(C.struct_transfer{})]byte            = [unsafe.Sizeof(Transfer{})]byte{}
	_ [unsafe.Offsetof(C.struct_transfer{}.kind)]byte     = [unsafe.Offsetof(Transfer{}.Kind)]byte{}
	_ [unsafe.Offsetof(C.struct_transfer{}.to)]byte       = [unsafe.Offsetof(Transfer{}.To)]byte{}
	_ [unsafe.Offsetof(C.struct_transfer{}.sp)]byte       = [unsafe.Offsetof(Transfer{}.SP)]byte{}
	_ [unsafe.Offsetof(C.struct_transfer{}.fp)]byte       = [unsafe.Offsetof(Transfer{}.FP)]byte{}
	_ [unsafe.Offsetof(C.struct_transfer{}.lr)]byte       = [unsafe.Offsetof(Transfer{}.LR)]byte{}
	_ [unsafe.Sizeof(C.struct_regs{})]byte                = [unsafe.Sizeof(Regs{})]byte{}
	_ [unsafe.Offsetof(C.struct_regs{}.sp)]byte           = [unsafe.Offsetof(Regs{}.SP)]byte{}
	_ [unsafe.Offsetof(C.struct_regs{}.pc)]byte           = [unsafe.Offsetof(Regs{}.PC)]byte{}
	_ [unsafe.Offsetof(C.struct_regs{}.pstate)]byte       = [unsafe.Offsetof(Regs{}.PState)]byte{}
)
