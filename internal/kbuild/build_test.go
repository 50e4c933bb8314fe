// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
)

// kernelMakefile makes something of two sources the way a kernel's makefiles do: out of tree, with a configuration
// first. Each step leaves a line in the file trace; second.o waits as long as there is a file named wait.
const kernelMakefile = `
all:
tinyconfig:
	sed -n 's/^[!]*\([A-Z0-9_a-z]*=[^ ]*\).*/CONFIG_\1/p' $(BASE) /dev/null | grep -v '=n' >$(O)/.config; echo CONFIG_TINY=y >>$(O)/.config
olddefconfig:
	grep -v LOST $(O)/.config >$(O)/.config.new; mv $(O)/.config.new $(O)/.config
	echo config >>$(O)/trace
vmlinux: $(O)/first.o $(O)/second.o
	cat $^ >$(O)/vmlinux
	mkdir -p $(O)/include/config && echo 7.3.4 >$(O)/include/config/kernel.release
Image: vmlinux
	mkdir -p $(O)/arch/arm64/boot && cp $(O)/vmlinux $(O)/arch/arm64/boot/Image
$(O)/first.o: first.c
	cp first.c $@; echo first >>$(O)/trace
$(O)/second.o: second.S $(O)/stacksweep.h
	echo second began >>$(O)/trace
	while test -e $(O)/wait; do sleep 0.05; done
	if grep broken second.S; then echo "second.S:1: Error: no such instruction" >&2; exit 1; fi
	cat second.S $(O)/stacksweep.h >$@; echo second >>$(O)/trace
.DELETE_ON_ERROR:
`

// newBuilder returns a builder of that.
func newBuilder(t *testing.T) *builder {
	t.Helper()
	testkit.Tool(t, "make")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	base, err := filepath.Abs("configs/base.txt") // all that a kernel must have is had
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BASE", base)
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(dir, "source", "linux-source-7.3")
	b := &builder{
		Request: Request{Jobs: 1, Log: &strings.Builder{}},
		dir:     dir,
		source: source{Package: "linux-source-7.3", Series: "7.3", Version: "7.3.4-1",
			tree: tree{filepath.Join(home, "tree"), filepath.Join(home, "original")}},
		tools: tools{compiler: "/nowhere/gcc", binutils: "/nowhere", pahole: "/nowhere/pahole", short: "gcc12",
			versions: "gcc 12.2.0\n"},
		header:  header(AnnotateNone, nil),
		options: []option{{name: "TINY", value: "y"}, {name: "SWEPT", value: "y"}},
		started: time.Now(),
	}
	for name, text := range map[string]string{"Makefile": kernelMakefile, "first.c": "1\n", "second.S": "2\n"} {
		if err := os.MkdirAll(b.source.tree.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.source.tree.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// trace returns what make has done since the last time.
func trace(t *testing.T, b *builder) []string {
	t.Helper()
	path := filepath.Join(b.tree(), "trace")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	os.Remove(path)
	return strings.Fields(strings.ReplaceAll(string(text), " ", "_"))
}

// A build that is stopped goes on where it was; one that is complete is not begun again; another variant costs what it
// changes, and is installed next to it.
func TestProduce(t *testing.T) {
	b := newBuilder(t)
	wait := filepath.Join(b.tree(), "wait")
	if err := os.MkdirAll(b.tree(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(wait, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer stop()
		for range 200 {
			if text, _ := os.ReadFile(filepath.Join(b.tree(), "trace")); strings.Contains(string(text),
				"second began") {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	_, err := b.produce(ctx, "key")
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "goes on from here") {
		t.Fatalf("error %v, want one that says that it was stopped", err)
	}
	if diff := cmp.Diff([]string{"config", "first", "second_began"}, trace(t, b)); diff != "" {
		t.Fatalf("until it was stopped (-want +got):\n%s", diff)
	}
	if cached, _ := kernels.List(); len(cached) > 0 {
		t.Errorf("a build that was stopped is in the list: %v", cached)
	}
	os.Remove(wait)
	k, err := b.produce(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"second_began", "second"}, trace(t, b)); diff != "" {
		t.Errorf("after it was stopped (-want +got):\n%s", diff)
	}
	if got, err := os.ReadFile(k.Image); err != nil || string(got) != "1\n2\n"+b.header {
		t.Errorf("the kernel is %q, %v", got, err)
	}
	if k.Series != "7.3-sframe-gcc12" || k.Release != "7.3.4-sframe-gcc12" || k.Built == nil || k.Built.Key != "key" {
		t.Errorf("it is called %+v", k)
	}
	if _, err := b.produce(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	if got := trace(t, b); len(got) > 0 {
		t.Errorf("a complete build did %q again", got)
	}
	b.changes = map[string]content{"second.S": {text: []byte("3\n")}}
	if _, err := b.produce(t.Context(), "key of the edit"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"second_began", "second"}, trace(t, b)); diff != "" {
		t.Errorf("for the edit (-want +got):\n%s", diff)
	}
	// And back.
	b.changes = nil
	if k, err = b.produce(t.Context(), "key"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(k.Image); string(got) != "1\n2\n"+b.header {
		t.Errorf("without the edit the kernel is %q", got)
	}
	cached, err := kernels.BuiltHere()
	if err != nil || len(cached) != 1 {
		t.Errorf("%d kernels in the list, %v", len(cached), err)
	}
	if fetched, err := kernels.Fetched(); err != nil || len(fetched) != 0 {
		t.Errorf("%d kernels are taken for a distribution's, %v", len(fetched), err)
	}
}

// What make complains about is in the error, and so is an option that did not survive.
func TestProduceErrors(t *testing.T) {
	b := newBuilder(t)
	b.changes = map[string]content{"second.S": {text: []byte("broken\n")}}
	if _, err := b.produce(t.Context(), "key"); err == nil ||
		!strings.Contains(err.Error(), "second.S:1: Error: no such instruction") ||
		!strings.Contains(err.Error(), b.tree()+".log") {
		t.Errorf("error %v, want the assembler's, and the file with all of them", err)
	}
	b = newBuilder(t)
	b.options = append(b.options, option{name: "LOST", value: "y"})
	if _, err := b.produce(t.Context(), "key"); err == nil ||
		!strings.Contains(err.Error(), "LOST is in no Kconfig file") {
		t.Errorf("error %v, want one that names the option", err)
	}
	if got := trace(t, b); len(got) != 1 {
		t.Errorf("%q was done with a configuration that isn't right", got)
	}
}

// Without a mirror and with an empty cache nothing can be built, and the error says so.
func TestBuildUnavailable(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir()) // no apt
	_, err := Build(t.Context(), Request{Compiler: Compilers()[0], Variant: Variants()[0], Jobs: 1,
		Log: &strings.Builder{}})
	if !errors.Is(err, debian.ErrUnavailable) {
		t.Errorf("error %v, want %v", err, debian.ErrUnavailable)
	}
	if err := checkHost(t.Context()); !errors.Is(err, ErrHostTools) || !strings.Contains(err.Error(), "flex") ||
		!strings.Contains(err.Error(), "libelf-dev") {
		t.Errorf("error %v, want one that names what is missing", err)
	}
}

// Of a build that fails the line is shown that says why.
func TestWhatFailed(t *testing.T) {
	for _, tt := range []struct{ name, output, want string }{
		{"compiler", "  CC      a.o\na.c:3:1: error: expected ';'\nmake[2]: *** [Makefile:1: a.o] Error 1\n",
			"a.c:3:1: error: expected ';'"},
		{"linker", "  LD      vmlinux\nld: a.o: undefined reference to `f'\nmake: *** [vmlinux] Error 1\n",
			"ld: a.o: undefined reference to `f'"},
		{"missing program", "  GEN     a.h\n/usr/bin/env: 'python3': No such file or directory\nmake[5]: *** " +
			"[Makefile:156: a.h] Error 127\n", "/usr/bin/env: 'python3': No such file or directory"},
		{"make alone", "  GEN     a.h\nmake[5]: *** [Makefile:156: a.h] Error 127\nmake: *** [b] Error 2\n",
			"make[5]: *** [Makefile:156: a.h] Error 127"},
		{"nothing", "  CC      a.o\n", ""},
	} {
		if got := whatFailed(tt.output); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Variants of a configuration are built in one tree, which the kernel's name leads to; another configuration has
// another.
func TestTreeOfVariants(t *testing.T) {
	b := newBuilder(t)
	option, err := OptionFragment("EXTRA=y")
	if err != nil {
		t.Fatal(err)
	}
	b.Config.Fragments = []Fragment{option}
	plain := b.tree()
	k := kernels.Entry{Series: b.name(), Built: &kernels.Built{}}
	for _, v := range Variants() {
		b.Variant = v
		k.Series, k.Built.Variant = b.name(), v.Name
		found, err := TreeOf(k)
		if err != nil {
			t.Fatal(err)
		}
		if b.tree() != plain || filepath.Base(found) != filepath.Base(plain) {
			t.Errorf("%s is built in %s, not in %s; %s is found", k.Series, b.tree(), plain, found)
		}
	}
	b.Config.Fragments = nil
	if b.tree() == plain {
		t.Error("another configuration is built there, too")
	}
}
