// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
	"stacksweep/internal/vmlinux"
)

// newestKernel returns the newest of Debian's kernels in the cache.
func newestKernel(t *testing.T) kernels.Entry {
	t.Helper()
	cached := testkit.Kernels(t)
	return cached[len(cached)-1]
}

// ofAlternatives finds what 'leaf' says of alternatives, of which an Image can't tell where they are.
var ofAlternatives = regexp.MustCompile(`(?m)^.*alternatives are patched in.*\n`)

// A vmlinux is swept as the Image that is made of it, its own unwinder included, and the points that are named can be
// shown; its functions are classed by leaf in the same way.
func TestVmlinux(t *testing.T) {
	k := newestKernel(t)
	im, err := image.Load(k.Image)
	if err != nil {
		t.Fatal(err)
	}
	elf := filepath.Join(t.TempDir(), "vmlinux")
	if err := os.WriteFile(elf, vmlinux.Make(im, 0, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"sweep", "-mode", "all", "-walker", "v6.17,sframe,image", "-image", "FILE", "kernel/own/fgraph-return:nested",
			"kernel/own/kretprobe:pac"},
		{"show", "-mode", "sync", "-walker", "image", "-image", "FILE",
			"kernel/own/fgraph-return:nested@return_to_handler+0x1c"},
		{"leaf", "-confirm", "FILE", "__pi_str*", "copy_page", "return_to_handler"},
	} {
		var outputs [2]string
		for i, file := range []string{k.Image, elf} {
			concrete := slices.Clone(args)
			concrete[slices.Index(args, "FILE")] = file
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), concrete, nil, &stdout, &stderr); code != exitOK {
				t.Errorf("%v: exit status %d: %s", concrete, code, &stderr)
			}
			outputs[i] = ofAlternatives.ReplaceAllString(strings.ReplaceAll(stdout.String(), file, "FILE"), "")
		}
		if diff := cmp.Diff(outputs[0], outputs[1]); diff != "" || len(outputs[0]) < 100 {
			t.Errorf("%v: Image (-) and vmlinux (+) differ:\n%s", args, diff)
		}
	}
}

// With a kernel in the cache: it is listed, described, swept as known, and shown, by its name
// or as a file of the user's; its unwinder agrees with the model.
func TestKernelCommands(t *testing.T) {
	newest := newestKernel(t)
	name := "kernel/" + newest.Series
	config := "PREEMPT_LAZY"
	if newest.Config == "" {
		config = "configuration  "
	}
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"kernel", "list"}, []string{newest.Release, newest.Image}},
		{[]string{"kernel", "info", newest.Series},
			[]string{newest.SHA256, "struct pt_regs", "shadow stack", "modelled by", config}},
		{[]string{"kernel", "info", newest.Image},
			[]string{"kernel Image", "struct pt_regs", "modelled by", "shadow call stack"}},
		{[]string{"sweep", "-v", "-walker", "v6.17", name + "/fgraph-return"},
			[]string{name + "/fgraph-return:nested", " 0 unexpected"}},
		{[]string{"sweep", "-agree", "fp,image-walk", name + "/kretprobe"},
			[]string{"fp and image-walk differ at 0 of "}},
		{[]string{"sweep", "-mode", "all", "-agree", "model,image", name + "/fgraph-c*:refused"},
			[]string{name + "/fgraph-cycle:refused", "differ at 0 of "}},
		{[]string{"sweep", "-mode", "all", "-agree", "auto,image", name + "/fgraph-return:nested"},
			[]string{"v6.17 is nearest to image", "differs at 0 of ", "DIFFERS FROM IMAGE AT"}},
		{[]string{"sweep", "-v", "-image", newest.Image, "-mode", "sync", "-walker", "v6.17",
			"kernel/own/fgraph-return:nested"}, []string{"stacksweep show -image " + newest.Image + " -mode sync",
			" 0 unexpected"}},
		{[]string{"show", "-mode", "sync", "-walker", "v6.17,image", name + "/fgraph-return@return_to_handler+0x1c"},
			[]string{"stub_caller+0xc"}},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), tt.args, nil, &stdout, &stderr); code != exitOK {
			t.Errorf("%v: exit status %d: %s", tt.args, code, &stderr)
		}
		for _, want := range tt.want {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%v: no %q in\n%s", tt.args, want, &stdout)
			}
		}
	}
}

// ownBuild matches the names of kernels that are built of Debian's source as they come along, but for the variant's.
var ownBuild = regexp.MustCompile(`^\d+\.\d+-sframe-gcc\d+$`)

// With kernels that were built here: they are listed as such and described, swept as known, and the static check finds
// the annotations wrong that are.
func TestBuiltKernelCommands(t *testing.T) {
	cached := testkit.BuiltKernels(t)
	type command struct {
		args []string
		code int
		want []string
	}
	compiler := "" // of the first one
	for _, k := range cached {
		if !ownBuild.MatchString(strings.TrimSuffix(k.Series, "-"+k.Built.Variant)) {
			continue // of the user's source, patches or configuration: nothing is expected of it
		}
		if compiler == "" {
			compiler = k.Built.Compiler
		}
		if k.Built.Compiler != compiler && os.Getenv("STACKSWEEP_ALL_BUILDS") == "" {
			continue
		}
		commands := []command{
			{[]string{"kernel", "list"}, exitOK, []string{k.Release, "built of " + k.Package}},
			{[]string{"sweep", "-v", "-walker", "v6.17,sframe", "-mode", "all",
				"kernel/" + k.Series + "/fgraph-return"}, exitOK, []string{"/fgraph-return:nested", " 0 unexpected"}},
		}
		switch k.Built.Variant {
		case "":
			commands = append(commands, command{[]string{"kernel", "info", k.Series}, exitOK,
				[]string{"built by", "the unmodified kernel", "arch_stack_walk_reliable"}})
		case "annotate-all":
			commands = append(commands, command{[]string{"leaf", "-asm", "-summary", k.Image}, exitUnexpected,
				[]string{"leaf annotations are wrong"}})
		case "annotate-leaf":
			commands = append(commands, command{[]string{"leaf", "-asm", "-summary", k.Image}, exitOK,
				[]string{" leaf "}})
		}
		for _, c := range commands {
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), c.args, nil, &stdout, &stderr); code != c.code {
				t.Errorf("%v: exit status %d, want %d: %s", c.args, code, c.code, &stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("%v: no %q in\n%s", c.args, want, &stdout)
				}
			}
		}
	}
}

// Every verb knows the scenarios of kernels in the cache. That step refuses for want of a terminal says that it has
// found the point.
func TestKernelScenariosInEveryVerb(t *testing.T) {
	point := "kernel/" + newestKernel(t).Series + "/fgraph-return@32"
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"step", point}, strings.NewReader(""), &stdout, &stderr); code != exitUsage ||
		!strings.Contains(stderr.String(), "needs a terminal") {
		t.Errorf("step: exit status %d: %s", code, &stderr)
	}
	stderr.Reset()
	if code := run(t.Context(), []string{"step", "kernel/" + newestKernel(t).Series + "/fgraph-retrun"},
		strings.NewReader(""), &stdout, &stderr); code != exitUsage ||
		!strings.Contains(stderr.String(), "/fgraph-return") {
		t.Errorf("a mistyped scenario of a kernel: exit status %d: %s", code, &stderr)
	}
}

// A kernel that was built has line tables, and its source is found where it was built of an unchanged one.
func TestBuiltKernelHasSource(t *testing.T) {
	k := testkit.BuiltKernels(t)[0]
	var stdout, stderr bytes.Buffer
	args := []string{"show", "-walker", "fp", "kernel/" + k.Series + "/fgraph-return@ftrace_return_to_handler"}
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Fatalf("%v: exit status %d: %s", args, code, &stderr)
	}
	const file = "kernel/trace/fgraph.c"
	if !strings.Contains(stdout.String(), file+":") {
		t.Errorf("no line of %s in\n%s", file, &stdout)
	}
	if folders := builtOf(k.Series); len(folders) > 0 {
		if _, err := os.Stat(filepath.Join(folders[1], file)); err != nil {
			return // it was removed
		}
		gdb := []string{"gdb", "-stdio", "kernel/" + k.Series + "/fgraph-return@ftrace_return_to_handler"}
		stderr.Reset()
		if code := run(t.Context(), gdb, strings.NewReader(""), &stdout, &stderr); code != exitOK ||
			!strings.Contains(
				stderr.String(),
				"for C source, in gdb: symbol-file "+k.Image+"; directory "+folders[0]+":",
			) {
			t.Errorf("%v: exit status %d: %s", gdb, code, &stderr)
		}
		data, err := newSourceFinder("", "", "kernel/"+k.Series+"/fgraph-return").read(file)
		if err != nil || !bytes.Contains(data, []byte("ftrace_return_to_handler")) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
