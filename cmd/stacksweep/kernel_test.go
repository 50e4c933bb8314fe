package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"stacksweep/internal/kernels"
)

// With a kernel in the cache: it is listed, described, swept as known, and shown, by its name
// or as a file of the user's; its unwinder agrees with the model.
func TestKernelCommands(t *testing.T) {
	cached, err := kernels.Fetched()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel is in the cache: 'stacksweep kernel fetch' gets some")
	}
	newest := cached[len(cached)-1]
	name := "kernel/" + newest.Series
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"kernel", "list"}, []string{newest.Release, newest.Image}},
		{[]string{"kernel", "info", newest.Series}, []string{newest.SHA256, "struct pt_regs", "shadow stack", "PREEMPT_LAZY"}},
		{[]string{"sweep", "-walker", "v6.17", name + "/fgraph-return"}, []string{name + "/fgraph-return:nested", " 0 regressions"}},
		{[]string{"sweep", "-agree", "fp,image-walk", name + "/kretprobe"}, []string{"fp and image-walk differ at 0 of "}},
		{[]string{"sweep", "-agree", "v6.17,image", name + "/fgraph-c*:refused"}, []string{name + "/fgraph-cycle:refused", "differ at 0 of "}},
		{[]string{"sweep", "-image", newest.Image, "-mode", "sync", "-walker", "v6.17", "kernel/own/fgraph-return:nested"}, []string{"stacksweep show -image " + newest.Image + " -mode sync", " 0 regressions"}},
		{[]string{"show", "-mode", "sync", "-walker", "v6.17,image", name + "/fgraph-return@return_to_handler+0x1c"}, []string{"stub_caller+0xc"}},
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

// With kernels that were built here: they are listed as such and described, swept as known, and the static check finds
// the annotations wrong that are.
func TestBuiltKernelCommands(t *testing.T) {
	cached, err := kernels.BuiltHere()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel that was built here is in the cache: 'stacksweep kernel build' builds some")
	}
	type command struct {
		args []string
		code int
		want []string
	}
	for _, k := range cached {
		if k.Built.Compiler != cached[0].Built.Compiler && os.Getenv("STACKSWEEP_ALL_BUILDS") == "" {
			continue
		}
		commands := []command{
			{[]string{"kernel", "list"}, exitOK, []string{k.Release, "built of " + k.Package}},
			{[]string{"sweep", "-walker", "v6.17,sframe", "-mode", "all", "kernel/" + k.Series + "/fgraph-return"}, exitOK, []string{"/fgraph-return:nested", " 0 regressions"}},
		}
		switch k.Built.Variant {
		case "":
			commands = append(commands, command{[]string{"kernel", "info", k.Series}, exitOK, []string{"built by", "the kernel as it is", "arch_stack_walk_reliable"}})
		case "annotate-all":
			commands = append(commands, command{[]string{"leaf", "-asm", "-summary", k.Image}, exitUnexpected, []string{"leaf annotations are wrong"}})
		case "annotate-leaf":
			commands = append(commands, command{[]string{"leaf", "-asm", "-summary", k.Image}, exitOK, []string{" leaf "}})
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
