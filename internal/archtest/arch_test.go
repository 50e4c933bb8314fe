// SPDX-License-Identifier: GPL-2.0-only

// Package archtest holds the packages of this module to their layout: see layers.txt.
package archtest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"go/ast"
	"go/token"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

//go:embed layers.txt
var layers string

// A rule says what the packages that match may import.
type rule struct {
	packages *regexp.Regexp
	imports  []*regexp.Regexp
	line     string
	used     bool
}

func parse(t *testing.T, text string) (rules []*rule) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, imports, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("no colon in %q", line)
		}
		r := &rule{packages: pattern(strings.TrimSpace(name)), line: line}
		for _, p := range strings.Fields(imports) {
			r.imports = append(r.imports, pattern(p))
		}
		rules = append(rules, r)
	}
	return rules
}

// pattern makes an expression of a path in which * is one element and ** any number.
func pattern(path string) *regexp.Regexp {
	e := regexp.QuoteMeta(path)
	e = strings.ReplaceAll(e, `/\*\*`, `(/.+)?`)
	e = strings.ReplaceAll(e, `\*`, `[^/]+`)
	return regexp.MustCompile("^" + e + "$")
}

// violations lists the imports that no rule allows, and packages without a rule.
func violations(rules []*rule, name string, imports []string) (found []string) {
	for _, r := range rules {
		if !r.packages.MatchString(name) {
			continue
		}
		r.used = true
		for _, i := range imports {
			allowed := false
			for _, p := range r.imports {
				allowed = allowed || p.MatchString(i)
			}
			if !allowed {
				found = append(found, name+" must not import "+i)
			}
		}
		return found
	}
	return []string{name + ": layers.txt has no line for it"}
}

func TestLayers(t *testing.T) {
	rules := parse(t, layers)
	list := exec.Command("go", "list", "-json=ImportPath,Imports,Module", "./...")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p struct {
			ImportPath string
			Imports    []string
			Module     struct{ Path string }
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var imports []string
		for _, i := range p.Imports {
			if local, ok := strings.CutPrefix(i, p.Module.Path+"/"); ok {
				imports = append(imports, local)
			}
		}
		name := strings.TrimPrefix(p.ImportPath, p.Module.Path+"/")
		for _, v := range violations(rules, name, imports) {
			t.Error(v)
		}
	}
	if packages < 30 {
		t.Errorf("go list names %d packages only", packages)
	}
	for _, r := range rules {
		if !r.used {
			t.Errorf("no package matches %q", r.line)
		}
	}
}

// The check itself notices what it is there for.
func TestViolationsAreNoticed(t *testing.T) {
	for _, tt := range []struct {
		name, imports string
		ok            bool
	}{
		{"unwind/kunwind", "unwind/fgraph", true},
		{"unwind/kunwind", "emu", false},
		{"unwind", "emu", false},
		{"emu", "unwind", false},
		{"emu", "image", false},
		{"sweep/truth", "sweep/verdict", false},
		{"sweep/truth", "scenarios", false},
		{"sweep", "sweep/session", false},
		{"scenarios/kernel", "internal/kernels", false},
		{"scenarios", "unwind/kunwind", false},
		{"internal/report", "cmd/stacksweep", false},
		{"elsewhere", "unwind", false},
	} {
		if found := violations(parse(t, layers), tt.name, []string{tt.imports}); (len(found) == 0) != tt.ok {
			t.Errorf("%s -> %s: %q", tt.name, tt.imports, found)
		}
	}
}

// The comparisons of go-cmp are for tests: what it prints differs from run to run on purpose, and it may panic.
func TestProgramsCompareByThemselves(t *testing.T) {
	sources(t, false, func(path string, _ *token.FileSet, file *ast.File) {
		for _, i := range file.Imports {
			if strings.HasPrefix(i.Path.Value, `"github.com/google/go-cmp/`) && !helpsTests(path) {
				t.Errorf("%s imports %s", path, i.Path.Value)
			}
		}
	})
}

// helpsTests reports whether a file is in a package that only tests import.
func helpsTests(path string) bool {
	for _, folder := range []string{"internal/testkit/", "examples/", "testkit/"} {
		if strings.HasPrefix(path, folder) {
			return true
		}
	}
	return false
}
