// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
	"stacksweep/internal/vmlinux"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/sframe"
)

// A vmlinux tells the same as the Image that is made of it: every walker that needs no tables says the same at every
// point of the same scenarios; and its tables are found.
func TestVmlinux(t *testing.T) {
	im := newestImage(t)
	flat, err := kernel.New("own", im)
	if err != nil {
		t.Fatal(err)
	}
	linked := parseKernel(t, vmlinux.Make(im, im.Base+tableGap, table(t, im, sframe.V3)))
	// Scenarios about tables come on top.
	if diff := cmp.Diff(names(flat), slices.DeleteFunc(names(linked), func(n string) bool {
		return slices.Contains([]string{"kernel/own/assembly", "kernel/own/self-walk"}, n)
	})); diff != "" {
		t.Fatalf("scenarios of Image (-) and vmlinux (+) differ:\n%s", diff)
	}
	for name, variant := range map[string]string{"fgraph-return": "empty", "fgraph-cycle": "empty",
		"kretprobe": "handler"} {
		var results [2][]sweep.Summary
		for i, k := range []*kernel.Kernel{flat, linked} {
			sweepTarget(t, find(t, k, name, variant), verdict.StepModes(), "v6.1,v6.17,fp", func(r *sweep.RunResult) {
				results[i] = slices.Clone(r.Summaries)
			})
		}
		if diff := cmp.Diff(results[0], results[1]); diff != "" {
			t.Errorf("%s:%s: Image (-) and vmlinux (+) differ:\n%s", name, variant, diff)
		}
	}
	// The Image has no table to look anything up in; in the vmlinux the described function is found across an
	// interrupt.
	for k, want := range map[*kernel.Kernel]bool{flat: false, linked: true} {
		sweepTarget(t, find(t, k, "fgraph-return", "nested"), []verdict.Mode{verdict.IRQ}, "sframe",
			func(r *sweep.RunResult) {
				walked := slices.ContainsFunc(r.Points, func(p sweep.Point) bool {
					s, _ := r.Symbols.At(p.PC)
					return s.Name == described && !p.Trace.Failure.Failed()
				})
				if walked != want {
					t.Errorf("sframe walks across an interrupt in %s: %t, want %t", described, walked, want)
				}
			})
	}
}

// names lists a kernel's scenarios.
func names(k *kernel.Kernel) (list []string) {
	for _, s := range k.Scenarios() {
		list = append(list, s.Name)
	}
	return list
}

// Only a kernel is taken for one.
func TestIs(t *testing.T) {
	if kernel.Is(corpus.Image()) {
		t.Error("the corpus, which has functions of a kernel's names, is taken for a kernel")
	}
}

// A table of a version that the kernel doesn't take is none to it, and the reason is kept. A damaged table is an error
// that names the section.
func TestVmlinuxBadTable(t *testing.T) {
	im := newestImage(t)
	link := func(section []byte) *image.Image {
		linked, err := image.Parse("vmlinux", vmlinux.Make(im, im.Base+tableGap, section))
		if err != nil {
			t.Fatal(err)
		}
		return linked
	}
	old := link(table(t, im, sframe.V2))
	if _, err := kernel.New("own", old); err != nil {
		t.Errorf("a section of version 2: %v", err)
	}
	tables, err := guest.OpenTables(old)
	if err != nil || tables.SFrame != nil || !errors.Is(tables.Refused, sframe.ErrUnsupported) ||
		!strings.Contains(tables.Refused.Error(), ".sframe") {
		t.Errorf("a section of version 2: %v, refused for %v", err, tables.Refused)
	}
	whole := table(t, im, sframe.V3)
	_, err = kernel.New("own", link(whole[:len(whole)-1]))
	var bad *image.Error
	if !errors.As(err, &bad) || !strings.Contains(bad.What, ".sframe") {
		t.Errorf("a section that is cut short: %v", err)
	}
}

// described is the function that table describes.
const described = "ftrace_return_to_handler"

// tableGap is the distance of the table from the kernel's start: beyond its end.
const tableGap = 100 << 20

// table makes an SFrame section for one function, which says of all of it what is true of its first instruction: the
// CFA is SP, and the return address in LR.
func table(t *testing.T, im *image.Image, v sframe.Version) []byte {
	t.Helper()
	f, ok := im.Symbols.Lookup(described)
	if !ok {
		t.Fatalf("%s has no %s", im.Name, described)
	}
	s := sframe.NewSection(v, sframe.AArch64LE, im.Base+tableGap)
	s.Flags |= sframe.FuncStartPCRel | sframe.FDESorted
	s.FDEs = []sframe.FDE{{Start: f.Addr, Size: uint32(f.Size),
		FREs: []sframe.FRE{{Base: sframe.SP, Words: []int32{0}}}}}
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newestImage(t *testing.T) *image.Image {
	t.Helper()
	cached := testkit.Kernels(t)
	cached = slices.DeleteFunc(cached, func(c kernels.Entry) bool { return filepath.Base(c.Image) == "vmlinux" })
	im, err := image.Load(cached[len(cached)-1].Image)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func parseKernel(t *testing.T, file []byte) *kernel.Kernel {
	t.Helper()
	im, err := image.Parse("vmlinux", file)
	if err != nil {
		t.Fatal(err)
	}
	if !kernel.Is(im) {
		t.Fatal("not taken for a kernel")
	}
	k, err := kernel.New("own", im)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
