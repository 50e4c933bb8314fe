// SPDX-License-Identifier: GPL-2.0-only

package archtest

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"testing"
)

// tables are files that have encodings in columns, for a disassembler.
var tables = map[string]bool{"internal/disasm/supplement.go": true}

// words returns the instruction words that internal/arm64 names.
func words(t *testing.T) map[uint64]string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, root+"/internal/arm64/words.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	// What its functions need of other files is missing, which doesn't matter to constants.
	check := types.Config{Error: func(error) {}}
	pkg, _ := check.Check("arm64", fset, []*ast.File{file}, nil)
	names := map[uint64]string{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || strings.HasSuffix(name, "Mask") {
			continue
		}
		if v, ok := constant.Uint64Val(constant.ToInt(c.Val())); ok {
			names[v] = name
		}
	}
	if len(names) < 20 {
		t.Fatalf("internal/arm64 names %d words only", len(names))
	}
	return names
}

// decodes reports whether an expression is word&0x... == 0x..., which looks for a class of instructions by its bits.
func decodes(n ast.Node) bool {
	equal, _ := n.(*ast.BinaryExpr)
	if equal == nil || equal.Op != token.EQL {
		return false
	}
	masked, _ := equal.X.(*ast.BinaryExpr)
	if masked == nil || masked.Op != token.AND {
		return false
	}
	_, literal := masked.Y.(*ast.BasicLit)
	return literal
}

// A word of an instruction that internal/arm64 has a name for goes by that name.
func TestInstructionWords(t *testing.T) {
	names := words(t)
	sources(t, false, func(path string, fset *token.FileSet, file *ast.File) {
		if strings.HasPrefix(path, "internal/arm64/") || tables[path] {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if decodes(n) {
				return false
			}
			literal, _ := n.(*ast.BasicLit)
			if literal == nil || literal.Kind != token.INT {
				return true
			}
			if v, err := strconv.ParseUint(literal.Value, 0, 64); err == nil && names[v] != "" {
				t.Errorf("%s:%d: %s is arm64.%s", path, fset.Position(n.Pos()).Line, literal.Value, names[v])
			}
			return true
		})
	})
}
