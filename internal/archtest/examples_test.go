// SPDX-License-Identifier: GPL-2.0-only

package archtest

import (
	"go/ast"
	"go/doc"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// meantForImport reports whether a folder's package is part of the module's interface. The packages below
// scenarios/kernel are its helpers, and those whose names end in test are for tests.
func meantForImport(folder string) bool {
	elements := strings.Split(folder, "/")
	return !slices.Contains(elements, "internal") && !strings.HasSuffix(folder, "test") &&
		!strings.HasPrefix(folder, "scenarios/kernel/") &&
		!slices.Contains([]string{"cmd", "deploy", "examples", "tools"}, elements[0])
}

// Every package that is meant for import shows in an example how it is used. Examples with output are run as tests.
func TestExamples(t *testing.T) {
	hasExample := map[string]bool{}
	sources(t, true, func(name string, _ *token.FileSet, file *ast.File) {
		folder := path.Dir(name)
		if !meantForImport(folder) || file.Name.Name == "main" {
			return
		}
		hasExample[folder] = hasExample[folder] || slices.ContainsFunc(doc.Examples(file), func(e *doc.Example) bool {
			return e.Output != ""
		})
	})
	if len(hasExample) < 20 {
		t.Errorf("found %d packages only", len(hasExample))
	}
	for folder, has := range hasExample {
		if !has {
			t.Errorf("%s has no example that is run", folder)
		}
	}
}
