// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stacksweep/emu/remote"
	"stacksweep/emu/remote/remotetest"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios/kernel"
)

// anyKernel loads the newest kernel of the cache, which is not booted.
func anyKernel(t *testing.T) *kernel.Kernel {
	t.Helper()
	cached, err := kernels.Fetched()
	if err != nil || len(cached) == 0 {
		t.Skip("SKIP: no kernel is in the cache")
	}
	k, err := kernel.Load(cached[len(cached)-1].Series, cached[len(cached)-1].Image)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// runningKernel is a stub whose target says that it runs a kernel: it has the memory of its Image, and its vectors.
func runningKernel(t *testing.T, k *kernel.Kernel) *remotetest.Fake {
	t.Helper()
	layout, err := k.LiveLayout()
	if err != nil {
		t.Fatal(err)
	}
	f := remotetest.New("VBAR_EL1", "SP_EL0", "TCR_EL1", "TPIDR_EL1", "ESR_EL1")
	f.System["VBAR_EL1"] = layout.Vectors
	f.Regs.PC = layout.EntryCall
	f.Memory = func(addr uint64, p []byte) bool {
		data, ok := k.Image().Bytes(addr, uint64(len(p)))
		copy(p, data)
		return ok
	}
	return f
}

// attachTo connects to a stub by a socket.
func attachTo(t *testing.T, k *kernel.Kernel, f *remotetest.Fake) (*Session, error) {
	t.Helper()
	address := filepath.Join(t.TempDir(), "gdb")
	l, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			f.Serve(c)
		}
	}()
	return Attach(context.Background(), k, address)
}

// TestAttachRefuses: what is not a target of the Image, or can't be recorded, is refused in one line that says what it
// is.
func TestAttachRefuses(t *testing.T) {
	k := anyKernel(t)
	for name, c := range map[string]struct {
		spoil func(f *remotetest.Fake)
		want  error
	}{
		"KASLR is on": {func(f *remotetest.Fake) {
			const by = 0x1df951800000
			f.System["VBAR_EL1"] += by
			f.Regs.PC += by
			f.Memory = moved(f.Memory, by)
		}, ErrKASLR},
		"another kernel, moved": {func(f *remotetest.Fake) {
			f.System["VBAR_EL1"] += 0x2a3b0000
			f.Memory = flip(moved(f.Memory, 0x2a3b0000))
		}, ErrOtherImage},
		"another kernel":    {func(f *remotetest.Fake) { f.System["VBAR_EL1"] += 0x10800 }, ErrOtherImage},
		"before any kernel": {func(f *remotetest.Fake) { f.System["VBAR_EL1"] = 0 }, ErrOtherImage},
		"no memory there": {func(f *remotetest.Fake) {
			f.Memory = func(uint64, []byte) bool { return false }
		}, ErrOtherImage},
		"the next build": {func(f *remotetest.Fake) { f.Memory = flip(f.Memory) }, ErrOtherImage},
		"another CPU": {func(f *remotetest.Fake) {
			f.Description = strings.ReplaceAll(f.Description, "aarch64", "riscv")
		}, remote.ErrArchitecture},
		"no stepping":       {func(f *remotetest.Fake) { f.VCont = "vCont;c;C" }, remote.ErrNoStep},
		"gone in user code": {func(f *remotetest.Fake) { f.Regs.PState, f.Stopped = 0, "W00" }, remote.ErrGone},
		"stays in user code": {func(f *remotetest.Fake) {
			f.Regs.PState, f.Stopped = 0, "T05thread:01;"
		}, remote.ErrUser},
		"a stub without VBAR": {func(f *remotetest.Fake) {
			f.Description = strings.ReplaceAll(f.Description, "VBAR_EL1", "OTHER")
		}, ErrNoVectors},
	} {
		t.Run(name, func(t *testing.T) {
			f := runningKernel(t, k)
			c.spoil(f)
			s, err := attachTo(t, k, f)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q, not one line of %q", err, c.want)
			}
		})
	}
	s, err := attachTo(t, k, runningKernel(t, k))
	if err != nil {
		t.Fatalf("a good one: %v", err)
	}
	s.Close()
}

// moved gives memory that is further up.
func moved(memory func(uint64, []byte) bool, by uint64) func(uint64, []byte) bool {
	return func(addr uint64, p []byte) bool { return memory(addr-by, p) }
}

// flip gives memory with a bit changed in each byte.
func flip(memory func(uint64, []byte) bool) func(uint64, []byte) bool {
	return func(addr uint64, p []byte) bool {
		ok := memory(addr, p)
		for i := range p {
			p[i] ^= 1
		}
		return ok
	}
}

// TestTargetThatDoesNotStep: a target that says that it has stepped, and stands where it was, ends the recording; there
// is nothing to be kept of it.
func TestTargetThatDoesNotStep(t *testing.T) {
	k := anyKernel(t)
	layout, err := k.LiveLayout()
	if err != nil {
		t.Fatal(err)
	}
	f := runningKernel(t, k)
	const number, task, stack, irqStack = 63, 0xffff_8000_9100_0000, 0xffff_8000_9200_0000, 0xffff_8000_9300_0000
	f.Regs.SP = stack + 0x3000
	words := map[uint64]uint64{f.Regs.SP + layout.X8: number, task + layout.Stack: stack, layout.IRQStackPtr: irqStack}
	image := f.Memory
	f.Memory = func(addr uint64, p []byte) bool { // of what the Image doesn't have, all is zero but these words
		image(addr, p)
		if w, ok := words[addr]; ok && len(p) == 8 {
			binary.LittleEndian.PutUint64(p, w)
		}
		return true
	}
	f.System["ESR_EL1"] = 0x15 << 26
	f.System["SP_EL0"] = task
	f.Stopped = "T05thread:01;"
	f.Step = func(*remotetest.Fake) (string, bool) { return "T05thread:01;", true }
	s, err := attachTo(t, k, f)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.wait = time.Second
	rec, err := s.Run(context.Background(), Plan{SystemCall: number, Limit: 100})
	if !errors.Is(err, remote.ErrNoStep) || rec != nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, %v", rec, err)
	}
}
