// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

// recipe returns the code blocks of a section of CONTRIBUTING.md in a language, without the indentation of their list.
func recipe(t *testing.T, section, language string) (blocks []string) {
	t.Helper()
	data, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(data), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("CONTRIBUTING.md has no section %q", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	block := regexp.MustCompile("(?ms)^( *)```" + language + "\n(.*?)^ *```$")
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")[1:])
	}
	return blocks
}

// A scratch is a copy of the sources of this module in which a recipe is carried out.
type scratch struct {
	*testing.T
	folder string
}

func newScratch(t *testing.T) *scratch {
	t.Helper()
	s := &scratch{t, t.TempDir()}
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && strings.HasPrefix(d.Name(), ".") ||
				slices.Contains([]string{"bin", "testdata", "docs", "deploy"}, d.Name()) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(s.folder, name), 0o755)
		}
		if d.Type().IsRegular() && !strings.HasSuffix(name, "_test.go") {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(s.folder, name), data, 0o644)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write makes a file.
func (s *scratch) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
}

// appendTo adds an element to the list that begins with a line of a file.
func (s *scratch) appendTo(name, list, element string) {
	s.Helper()
	data, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil {
		s.Fatal(err)
	}
	before, after, ok := strings.Cut(string(data), list+"\n")
	if !ok {
		s.Fatalf("%s has no %q", name, list)
	}
	s.write(name, before+list+"\n"+element+after)
}

// run runs a command in the copy and returns what it prints.
func (s *scratch) run(name string, args ...string) string {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), name, args...)
	cmd.Dir = s.folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// The recipes of CONTRIBUTING.md for a scenario, a walker and a kernel edit work as they are written.
func TestRecipes(t *testing.T) {
	testkit.Tools(t, "aarch64-linux-gnu-gcc", "make")
	tools := testkit.Binutils(t, "sid")
	s := newScratch(t)

	s.write("scenarios/corpus/src/recipe.c", recipe(t, "Add a scenario", "c")[0])
	s.run("make", "-s", "-C", "scenarios/corpus/src", "TOOLS="+tools, "OUT="+filepath.Join(s.folder, "bin/corpus"))
	s.run("cp", "bin/corpus/corpus.elf", "scenarios/corpus/corpus.elf")
	s.appendTo("scenarios/corpus/chain.go", "var chainScenarios = []template{", recipe(t, "Add a scenario", "go")[0])
	s.appendTo("unwind/kunwind/profiles.go", "\treturn []Profile{", recipe(t, "Add a walker", "go")[0])
	s.write("internal/kbuild/edits/recipe.edit", recipe(t, "Add a kernel edit", "")[0])
	s.appendTo("internal/kbuild/variants.go", "\treturn []Variant{", recipe(t, "Add a kernel edit", "go")[0])
	if unformatted := s.run("gofmt", "-l", "scenarios", "unwind", "internal/kbuild"); unformatted != "" {
		t.Errorf("gofmt would change %s", unformatted)
	}
	s.run("go", "build", "-buildvcs=false", "-o", "stacksweep", "./cmd/stacksweep")

	for _, command := range []string{"sweep chain/recipe", "sweep -walker v6.17-unbounded chain/plain"} {
		if out := s.run("./stacksweep", strings.Fields(command)...); !strings.Contains(out, ", 0 unexpected") {
			t.Errorf("stacksweep %s:\n%s", command, out)
		}
	}
	if out := s.run("./stacksweep", "list", "recipe"); !strings.Contains(out, "a loop that calls a leaf") {
		t.Errorf("stacksweep list recipe:\n%s", out)
	}
	s.run("go", "-C", "examples/module", "test", "./...")
	t.Run("kernel patch", s.patches)
}

// patches makes the patch of the recipe's edit, of the source of a kernel that was built.
func (s *scratch) patches(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	sources, err := os.ReadDir(filepath.Join(cache, "stacksweep", "kernel-build", "source"))
	if err != nil || len(sources) == 0 {
		t.Skip("no kernel source is in the cache ('stacksweep kernel build' gets it)")
	}
	if out := s.run("./stacksweep", "kernel", "patch", "recipe"); !strings.Contains(out, "\n+\t.balign 16\n") {
		t.Errorf("stacksweep kernel patch recipe:\n%s", out)
	}
}
