// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/testkit"
)

// gdb sees the symbols of the kernel that runs, at their places, and can ask the kernel's own unwinder.
func TestKernelInGDB(t *testing.T) {
	gdb := testkit.Tool(t, "gdb-multiarch")
	k := newestKernel(t)
	im, err := image.Load(k.Image)
	if err != nil {
		t.Fatal(err)
	}
	hook, ok := im.Symbols.Lookup("return_to_handler")
	if !ok {
		t.Fatal("the kernel has no return_to_handler")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"kernel/" + k.Series + "/fgraph-return@return_to_handler+0x1c",
		"-image " + k.Image + " kernel/own/fgraph-return@return_to_handler+0x1c",
	} {
		cmd := exec.CommandContext(t.Context(), gdb, "-q", "-nx", "-batch", "-iex", "set debuginfod enabled off",
			"-iex", "set remotetimeout 60",
			"-ex", fmt.Sprintf("target remote | %s=1 %s gdb -stdio -walker image -mode sync %s", runHere, self, args),
			"-ex", "info symbol $pc", "-ex", "print &return_to_handler", "-ex", "print &stub_caller",
			"-ex", "break return_to_handler", "-ex", "reverse-continue", "-ex", "info symbol $pc", "-ex",
			"monitor walk image sync",
			"-ex", "backtrace 9")
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cacheWithKernels(t))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{
			"return_to_handler + 28 in section", fmt.Sprintf("%#x <return_to_handler>", hook.Addr), "<stub_caller>",
			"\nreturn_to_handler in section",
		} {
			if !bytes.Contains(out, []byte(want)) {
				t.Errorf("%s: no %q in\n%s", args, want, out)
			}
		}
		if bytes.Contains(out, []byte("#1 ")) {
			t.Errorf("%s: the return handler has a caller:\n%s", args, out)
		}
		if strings.Contains(string(out), "chain_") || strings.Contains(string(out), "no walker") {
			t.Errorf("%s: gdb says\n%s", args, out)
		}
	}
}

// cacheWithKernels is a cache folder of the test's own that has the kernels of the user's.
func cacheWithKernels(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(folder+"/stacksweep", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cache+"/stacksweep/kernels", folder+"/stacksweep/kernels"); err != nil {
		t.Fatal(err)
	}
	return folder
}
