// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/sweep/verdict"
)

// TestSwitchedOutInProbe: a task is switched out in a function with a kretprobe, which a traced function has branched
// to. The kernel's own walk of it in the stopped machine, its code on the recorded memory, and our model say the same:
// they report the trampoline as a function and lose the caller of the traced one. If everything is to be booted, the
// oldest kernel that has such functions is, too; one without a reliable unwinder isn't asked.
func TestSwitchedOutInProbe(t *testing.T) {
	all := bootables(t)
	chosen := all[:1]
	if os.Getenv("STACKSWEEP_BOOT") == "all" {
		older := slices.DeleteFunc(slices.Clone(all[1:]), func(k *Bootable) bool { return probed(k) == nil })
		chosen = append(chosen, older[max(0, len(older)-1):]...)
	}
	for _, k := range chosen {
		t.Run(k.Name, func(t *testing.T) {
			k.Log = testLog{t}
			pair := probed(k)
			if pair == nil {
				t.Skip("SKIP: no such pair of functions is in the kernel")
			}
			r, run := recorded(t, k, "kretprobe-in-fgraph", pair.Outer+"-resched")
			if len(r.Gaps) == 0 {
				t.Fatal("the task wasn't switched out")
			}
			symbols, walked := run.Image.Symbols, 0
			for _, p := range points(t, run, "image,model", verdict.Blocked) {
				if p.Step != r.Gaps[0]-1 { // the call of the context switch
					continue
				}
				walked++
				if !contains(symbols, p.Truth, pair.Inner) || !contains(symbols, p.Truth, pair.Callee) {
					t.Errorf("switched out elsewhere: %#x", p.Truth)
				}
				got := frames(&p.Trace)
				hook, _ := symbols.Lookup("return_to_handler")
				if p.Verdict != verdict.Wrong || !slices.Contains(got, hook.Addr) ||
					contains(symbols, got, "sysfs_kf_bin_read") {
					t.Errorf("%s: %v, %#x", p.Walker, p.Verdict, got)
				}
				if !contains(symbols, p.Truth, "sysfs_kf_bin_read") {
					t.Error("the traced function isn't called by sysfs_kf_bin_read")
				}
				if len(r.Walks) == 0 {
					continue
				}
				if diff := cmp.Diff(r.Walks[0].Frames, got); diff != "" {
					t.Errorf("%s (-booted +%s):\n%s", p.Walker, p.Walker, diff)
				}
			}
			if walked != 2 {
				t.Errorf("%d walks of the task that is switched out, not 2", walked)
			}
		})
	}
}

// probed returns a pair of functions of which the inner one can be left by a context switch, nil if there is none.
func probed(k *Bootable) *Pair {
	for _, p := range Pairs(k.Kernel.Image()) {
		if p.Callee != "" {
			return &p
		}
	}
	return nil
}

func (k *Bootable) layoutOf(t *testing.T) (l struct{ CurrRetStack uint64 }) {
	live, err := k.LiveLayout()
	if err != nil {
		t.Fatal(err)
	}
	l.CurrRetStack = live.CurrRetStack
	return l
}
