// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/testkit"
)

// TestPatchSites makes sure that NOPs count as ftrace's where the compiler has noted them, in objects and in what is
// linked of them, and nowhere else: not in assembly, and not in a function right after one that is patched.
func TestPatchSites(t *testing.T) {
	gcc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
	dir := t.TempDir()
	source := filepath.Join(dir, "sites.c")
	text := `
int traced(int x) { return x; }
__attribute__((section(".text.other"))) int elsewhere(int x) { return x + 1; }
__attribute__((patchable_function_entry(0))) int untraced(int x) { return x + 2; }
__asm__(".text\n.globl nops\n.type nops, %function\nnops: nop\nnop\nret\n.size nops, .-nops");
`
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	object, shared := filepath.Join(dir, "sites.o"), filepath.Join(dir, "sites.so")
	for _, args := range [][]string{
		{"-O2", "-fpatchable-function-entry=4,2", "-c", "-o", object, source},
		{"-O2", "-fpatchable-function-entry=4,2", "-fpic", "-shared", "-nostdlib", "-o", shared, source},
	} {
		if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, path := range []string{object, shared} {
		im, err := image.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Classify(im, 2)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for i := range r.Functions {
			got[r.Functions[i].Symbol.Name] = r.Functions[i].Flow.Class.Patchable
		}
		want := map[string]bool{"traced": true, "elsewhere": true, "untraced": false, "nops": false}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: patched by ftrace, -want +got:\n%s", filepath.Base(path), diff)
		}
	}
}
