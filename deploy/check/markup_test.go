// SPDX-License-Identifier: GPL-2.0-only

package check

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

// TestNamesAreNoMarkup sweeps an object with a function whose name is full of markup and commands for GitHub, and
// compares it with a better one: there is no markup but ours in the summary and the comment, as a renderer of Markdown
// shows them, and no command but ours in the log.
func TestNamesAreNoMarkup(t *testing.T) {
	program := stacksweep(t)
	const name = "e`v|<img src=x>**%@all\n::error title=x::y,[a](b)"
	dir := t.TempDir()
	source := "__attribute__((noinline)) int f(int *p) { return *p + 1; }\n" +
		"__attribute__((noinline)) int g(int a) { int x = a; return f(&x) + x; }\n" +
		"int h(int a) { return g(a) * g(a + 1); }\n"
	compile := func(object, flag string) {
		t.Helper()
		for _, c := range []*exec.Cmd{
			exec.Command("aarch64-linux-gnu-gcc", "-O2", "-fno-optimize-sibling-calls", flag, "-c", "-x", "c", "-",
				"-o", object),
			exec.Command("aarch64-linux-gnu-objcopy", "--redefine-sym", "g="+name, object),
		} {
			c.Dir, c.Stdin = dir, strings.NewReader(source)
			if out, err := c.CombinedOutput(); err != nil {
				t.Skipf("SKIP: aarch64-linux-gnu-gcc: %v %s", err, out)
			}
		}
	}
	compile("old.o", "-fno-omit-frame-pointer")
	compile("new.o", "-fomit-frame-pointer")
	for _, which := range []string{"old", "new"} {
		status, out := sh(t, dir, program+" sweep -walker cfi -mode irq -format github -format text="+which+
			".txt -format jsonl="+which+".jsonl -image "+which+".o -call 'h(3)'", "GITHUB_STEP_SUMMARY="+which+".md")
		if want := map[string]int{"old": 0, "new": 1}[which]; status != want {
			t.Fatalf("%s.o: exit status %d, want %d\n%s", which, status, want, out)
		}
		ours := regexp.MustCompile(`(?m)^::(error title=image/h%3Auser%3A irq cfi|notice title=stacksweep)::`)
		commands := regexp.MustCompile(`(?m)^::`).FindAllString(out, -1)
		if len(commands) == 0 || len(commands) != len(ours.FindAllString(out, -1)) {
			t.Errorf("there are no commands, or others than ours, in\n%s", out)
		}
		for line := range strings.Lines(string(read(t, filepath.Join(dir, which+".txt")))) {
			if strings.HasPrefix(line, "::") {
				t.Errorf("the text report has a command: %s", line)
			}
		}
	}
	status, comment := sh(t, dir, program+" diff -format markdown old.jsonl new.jsonl 2>/dev/null")
	if status != 1 {
		t.Fatalf("diff: exit status %d\n%s", status, comment)
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	for what, text := range map[string][]byte{"summary": read(t, filepath.Join(dir, "new.md")),
		"comment": []byte(comment)} {
		var html bytes.Buffer
		if err := md.Convert(text, &html); err != nil {
			t.Fatal(err)
		}
		shown := html.String()
		if !strings.Contains(shown, "<code>e`v|&lt;img src=x&gt;**%@all\\n::error title=x::y,[a](b)+0x") {
			t.Errorf("%s: the name is not shown unchanged in\n%s", what, shown)
		}
		rest := regexp.MustCompile(`<code>[^<]*</code>`).ReplaceAllString(shown, "")
		if found := regexp.MustCompile("(?i)<img|<a |e`v|@all").FindString(rest); found != "" {
			t.Errorf("%s: there is %q in\n%s", what, found, shown)
		}
	}
}
