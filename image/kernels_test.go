// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
)

// realKernels returns the kernels of Debian that were fetched, or skips the test.
func realKernels(t testing.TB) []kernels.Entry {
	t.Helper()
	list := testkit.Kernels(t)
	return list
}

// knownKernel is what one release is known to have: what the kernel did when it ran with these offsets, and what the
// first reader of these Images found.
type knownKernel struct {
	base    uint64
	symbols int
	rela    int // pointers that RELA fills in
	packed  int // pointers that RELR lists
	offsets map[string]uint64
	sizes   map[string]uint64
	absent  []string // members that came later or are gone
}

var knownKernels = map[string]knownKernel{
	"6.1.0-56-cloud-arm64": {
		base: 0xffff800008000000, symbols: 44722, rela: 129661, packed: 0,
		offsets: map[string]uint64{
			"task_struct.curr_ret_stack": 0xae8, "task_struct.curr_ret_depth": 0xaec, "task_struct.ret_stack": 0xaf0,
			"task_struct.stack": 0x20, "task_struct.stack_canary": 0x550, "task_struct.kretprobe_instances": 0xbb0,
			"task_struct.thread": 0xbc0, "thread_info.cpu": 16, "pt_regs.stackframe": 304, "ftrace_ops.func_hash": 88,
		},
		sizes: map[string]uint64{"thread_info": 24, "pt_regs": 336, "ftrace_ret_stack": 40, "fgraph_ops": 16,
			"ftrace_ops": 184, "ftrace_regs": 336, "kretprobe": 176, "kretprobe_instance": 48, "cpu_context": 104},
		absent: []string{"ftrace_ops.direct_call", "fgraph_ops.ops"},
	},
	"6.12.117+deb12-cloud-arm64": {
		base: 0xffff800080000000, symbols: 115539, rela: 172683, packed: 0,
		offsets: map[string]uint64{
			"task_struct.curr_ret_stack": 0xaf0, "task_struct.curr_ret_depth": 0xaf4, "task_struct.ret_stack": 0xaf8,
			"task_struct.stack": 0x20, "task_struct.stack_canary": 0x568, "task_struct.kretprobe_instances": 0xbc8,
			"task_struct.thread": 0xbd0, "thread_info.cpu": 16, "pt_regs.stackframe": 304, "fgraph_ops.ops": 16,
			"ftrace_ops.func_hash": 88, "ftrace_ops.direct_call": 208,
		},
		sizes: map[string]uint64{"thread_info": 24, "pt_regs": 336, "ftrace_ret_stack": 40, "fgraph_ops": 256,
			"ftrace_ops": 216, "__arch_ftrace_regs": 112, "kretprobe": 168, "kretprobe_instance": 48,
			"cpu_context": 104},
	},
	"6.18.15+deb13-cloud-arm64": {
		base: 0xffff800080000000, symbols: 127110, rela: 7, packed: 234032,
		offsets: map[string]uint64{
			"task_struct.curr_ret_stack": 0xc60, "task_struct.curr_ret_depth": 0xc64, "task_struct.ret_stack": 0xc68,
			"task_struct.stack": 0x20, "task_struct.stack_canary": 0x6b8, "task_struct.kretprobe_instances": 0xd38,
			"task_struct.thread": 0xd40, "thread_info.cpu": 16, "pt_regs.stackframe": 296, "fgraph_ops.ops": 16,
			"ftrace_ops.func_hash": 88, "ftrace_ops.direct_call": 208,
		},
		sizes: map[string]uint64{"thread_info": 24, "pt_regs": 320, "frame_record_meta": 24, "ftrace_ret_stack": 32,
			"fgraph_ops": 256, "ftrace_ops": 216, "__arch_ftrace_regs": 112, "kretprobe": 160, "kretprobe_instance": 48,
			"cpu_context": 104},
	},
	"7.3.4+deb13-cloud-arm64": {
		base: 0xffff800080000000, symbols: 187455, rela: 7, packed: 342064,
		offsets: map[string]uint64{
			"task_struct.curr_ret_stack": 0xd50, "task_struct.curr_ret_depth": 0xd54, "task_struct.ret_stack": 0xd58,
			"task_struct.stack": 0x28, "task_struct.stack_canary": 0x760, "task_struct.kretprobe_instances": 0xe28,
			"task_struct.thread": 0xe30, "thread_info.cpu": 24, "pt_regs.stackframe": 296, "fgraph_ops.ops": 16,
			"ftrace_ops.func_hash": 80, "ftrace_ops.direct_call": 192,
		},
		sizes: map[string]uint64{"thread_info": 32, "pt_regs": 320, "frame_record_meta": 24, "ftrace_ret_stack": 32,
			"fgraph_ops": 240, "ftrace_ops": 200, "__arch_ftrace_regs": 112, "kretprobe": 160, "kretprobe_instance": 48,
			"cpu_context": 104},
	},
}

// kernelCode are functions that every kernel has.
var kernelCode = strings.Fields(`return_to_handler ftrace_return_to_handler ftrace_caller ftrace_graph_func
	prepare_ftrace_return ftrace_graph_ret_addr __kretprobe_trampoline __kretprobe_trampoline_handler vectors el1h_64_irq
	el1h_64_irq_handler call_on_irq_stack cpu_switch_to ret_to_kernel __sdei_asm_handler __sdei_handler arch_stack_walk
	ftrace_stub ftrace_stub_graph int_sqrt __pi_strlen __pi_memcpy __pi_memset copy_page clear_page
	__arch_copy_from_user __arch_copy_to_user __arch_clear_user`)

func TestRealKernels(t *testing.T) {
	for _, actual := range realKernels(t) {
		t.Run(actual.Release, func(t *testing.T) {
			im, err := Load(actual.Image)
			if err != nil {
				t.Fatal(err)
			}
			checkImage(t, nil, im, nil)
			for _, name := range kernelCode {
				s := mustLookup(t, im, name)
				at, ok := im.Symbols.At(s.Addr)
				if s.Kind != Func || !ok || at.Addr != s.Addr {
					t.Errorf("%s is %+v, the code there %+v", name, s, at)
				}
			}
			if s := mustLookup(t, im, "_stext"); s.Addr != im.Base+0x10000 {
				t.Errorf("_stext is at 0x%x", s.Addr)
			}
			if s := mustLookup(t, im, "vectors"); s.Addr%2048 != 0 {
				t.Errorf("vectors at 0x%x are not aligned to 2 KiB", s.Addr)
			}
			checkCalls(t, im)
			checkData(t, im, actual)
			if known, ok := knownKernels[actual.Release]; ok {
				checkKnown(t, im, known)
			} else {
				t.Log("the offsets of this release are not known")
			}
		})
	}
}

// checkCalls decodes the calls in some assembler code: symbols are right if calls meet the beginnings of functions.
func checkCalls(t *testing.T, im *Image) {
	t.Helper()
	calls := map[string]bool{}
	for _, name := range []string{"return_to_handler", "el1h_64_irq", "ret_to_kernel"} {
		s := mustLookup(t, im, name)
		code, ok := im.Bytes(s.Addr, s.Size)
		if !ok {
			t.Fatalf("no code of %s", name)
		}
		for off := 0; off+4 <= len(code); off += 4 {
			w := le.Uint32(code[off:])
			if w>>26 != 0x25 { // BL
				continue
			}
			target := s.Addr + uint64(off) + uint64(int64(int32(w<<6)>>4))
			to, ok := im.Symbols.At(target)
			if !ok || to.Addr != target {
				t.Errorf("%s+0x%x calls 0x%x, in the middle of %+v", name, off, target, to)
			}
			calls[to.Name] = true
		}
	}
	for _, name := range []string{"ftrace_return_to_handler", "el1h_64_irq_handler"} {
		if !calls[name] {
			t.Errorf("nothing calls %s, only %v", name, calls)
		}
	}
}

// checkData looks at what data symbols name, where the kernel has them: 6.1 keeps those of code only.
func checkData(t *testing.T, im *Image, actual kernels.Entry) {
	t.Helper()
	banner, ok := im.Symbols.Lookup("linux_banner")
	if !ok {
		return
	}
	text, ok := im.Bytes(banner.Addr, 100)
	want := "Linux version " + actual.Release + " "
	if !ok || !bytes.HasPrefix(text, []byte(want)) {
		t.Errorf("linux_banner is %q, not %q", text, want)
	}
	table := mustLookup(t, im, "sys_call_table")
	entry, _ := im.Bytes(table.Addr, 8)
	if s, ok := im.Symbols.At(le.Uint64(entry)); !ok || s.Name != "__arm64_sys_io_setup" || s.Addr != le.Uint64(entry) {
		t.Errorf("system call 0 is %+v at 0x%x", s, le.Uint64(entry))
	}
	if s := mustLookup(t, im, "_end"); s.Addr != im.Segments[0].End() {
		t.Errorf("_end is at 0x%x, the end of the image at 0x%x", s.Addr, im.Segments[0].End())
	}
}

func checkKnown(t *testing.T, im *Image, known knownKernel) {
	t.Helper()
	if im.Base != known.base || im.Symbols.Len() != known.symbols {
		t.Errorf("base 0x%x, %d symbols", im.Base, im.Symbols.Len())
	}
	types, err := im.Types()
	if err != nil {
		t.Fatal(err)
	}
	offsets, sizes := map[string]uint64{}, map[string]uint64{}
	for path := range known.offsets {
		name, member, _ := strings.Cut(path, ".")
		if offsets[path], err = types.Offset(name, member); err != nil {
			t.Error(err)
		}
	}
	for name := range known.sizes {
		if sizes[name], err = types.Size(name); err != nil {
			t.Error(err)
		}
	}
	if d := gocmp.Diff(known.offsets, offsets); d != "" {
		t.Errorf("offsets (-want +got):\n%s", d)
	}
	if d := gocmp.Diff(known.sizes, sizes); d != "" {
		t.Errorf("sizes (-want +got):\n%s", d)
	}
	for _, path := range known.absent {
		if name, member, _ := strings.Cut(path, "."); types.Has(name, member) {
			t.Errorf("%s is there", path)
		}
	}
	// The registers are members of an anonymous struct in an anonymous union.
	for member, want := range map[string]uint64{"regs": 0, "sp": 248, "pc": 256, "pstate": 264} {
		if got, err := types.Offset("pt_regs", member); got != want || err != nil {
			t.Errorf("pt_regs.%s = %d, %v", member, got, err)
		}
	}
	if got, err := types.Offset("task_struct", "thread.cpu_context.sp"); err != nil ||
		got < known.offsets["task_struct.thread"] {
		t.Errorf("task_struct.thread.cpu_context.sp = 0x%x, %v", got, err)
	}
}

// BenchmarkLoadKernel reads each kernel, from the file to the symbols; the types are read with them in a second round.
func BenchmarkLoadKernel(b *testing.B) {
	for _, actual := range realKernels(b) {
		for _, types := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/types=%v", actual.Series, types), func(b *testing.B) {
				b.SetBytes(actual.Size)
				for b.Loop() {
					im, err := Load(actual.Image)
					if err != nil {
						b.Fatal(err)
					}
					if !types {
						continue
					}
					if _, err := im.Types(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
