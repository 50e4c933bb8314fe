// SPDX-License-Identifier: GPL-2.0-only

package archtest

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"strconv"
	"testing"
)

// mostLines is how long a function may be.
const mostLines = 80

// isTable reports whether a function does nothing but return a value, such as a list.
func isTable(f *ast.FuncDecl) bool {
	if f.Body == nil || len(f.Body.List) != 1 {
		return false
	}
	_, returns := f.Body.List[0].(*ast.ReturnStmt)
	return returns
}

func TestFunctionsAreShort(t *testing.T) {
	functions := 0
	sources(t, false, func(name string, fset *token.FileSet, file *ast.File) {
		for _, d := range file.Decls {
			f, _ := d.(*ast.FuncDecl)
			if f == nil {
				continue
			}
			functions++
			lines := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1
			if lines > mostLines && !isTable(f) {
				t.Errorf("%s:%d: %s has %d lines", name, fset.Position(f.Pos()).Line, f.Name.Name, lines)
			}
		}
	})
	if functions < 2000 {
		t.Errorf("found %d functions only", functions)
	}
}

// variables calls visit with each variable that a file declares inside of functions, parameters and results included.
func variables(file *ast.File, visit func(*ast.Ident)) {
	list := func(fields *ast.FieldList) {
		if fields == nil {
			return
		}
		for _, f := range fields.List {
			for _, name := range f.Names {
				visit(name)
			}
		}
	}
	identifier := func(e ast.Expr) {
		if name, ok := e.(*ast.Ident); ok {
			visit(name)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			list(n.Recv)
		case *ast.FuncType:
			list(n.Params)
			list(n.Results)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					identifier(e)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				identifier(n.Key)
				identifier(n.Value)
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				visit(name)
			}
		}
		return true
	})
}

// No variable hides a package that its file imports, or what Go declares for all.
func TestNothingIsHidden(t *testing.T) {
	sources(t, true, func(name string, fset *token.FileSet, file *ast.File) {
		imports := map[string]bool{}
		for _, i := range file.Imports {
			if value, err := strconv.Unquote(i.Path.Value); err == nil && i.Name == nil {
				imports[path.Base(value)] = true
			}
		}
		variables(file, func(v *ast.Ident) {
			if imports[v.Name] || types.Universe.Lookup(v.Name) != nil {
				t.Errorf("%s: %s hides what has this name", fset.Position(v.Pos()), v.Name)
			}
		})
	})
}
