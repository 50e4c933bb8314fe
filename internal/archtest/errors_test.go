// SPDX-License-Identifier: GPL-2.0-only

package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const root = "../.."

// sources calls visit with each Go file of the module, or only those that are not tests.
func sources(t *testing.T, tests bool, visit func(path string, fset *token.FileSet, file *ast.File)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go" || !tests && strings.HasSuffix(path, "_test.go"):
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files++
		visit(filepath.ToSlash(name), fset, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 300 {
		t.Errorf("found %d Go files only", files)
	}
}

// errorText returns the text, or the format, that a call makes an error or a panic of.
func errorText(call *ast.CallExpr) (text string, panics, ok bool) {
	argument := 0
	switch f := call.Fun.(type) {
	case *ast.Ident:
		if f.Name != "panic" {
			return "", false, false
		}
		panics = true
	case *ast.SelectorExpr:
		of, _ := f.X.(*ast.Ident)
		if of == nil {
			return "", false, false
		}
		switch of.Name + "." + f.Sel.Name {
		case "errors.New", "fmt.Errorf":
		case "usage.Errorf":
			argument = 1
		default:
			return "", false, false
		}
	default:
		return "", false, false
	}
	if len(call.Args) <= argument {
		return "", false, false
	}
	literal, _ := call.Args[argument].(*ast.BasicLit)
	if literal == nil || literal.Kind != token.STRING {
		return "", false, false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, panics, err == nil
}

// errorFault says what is wrong with the text of an error of a package, "" if nothing is.
func errorFault(pkg, text string, panics bool) string {
	prefixed := strings.HasPrefix(text, pkg+":")
	first, _ := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[min(len(text), utf8.RuneLen(first)):])
	switch {
	case panics && !prefixed:
		return "a panic begins with the name of its package"
	case panics:
		return ""
	case prefixed:
		return "an error doesn't begin with the name of its package"
	case strings.ContainsRune(text, '\n'):
		return "an error is one line"
	case unicode.IsUpper(first) && unicode.IsLower(second):
		return "an error doesn't begin with a capital letter"
	case strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "..."), strings.HasSuffix(text, "!"):
		return "an error has no full stop"
	}
	return ""
}

// Error texts follow the rule of CONTRIBUTING.md.
func TestErrorTexts(t *testing.T) {
	texts := 0
	sources(t, false, func(path string, fset *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, _ := n.(*ast.CallExpr)
			if call == nil {
				return true
			}
			if text, panics, ok := errorText(call); ok {
				texts++
				if fault := errorFault(file.Name.Name, text, panics); fault != "" {
					t.Errorf("%s:%d: %s: %q", path, fset.Position(call.Pos()).Line, fault, text)
				}
			}
			return true
		})
	})
	if texts < 500 {
		t.Errorf("found %d texts of errors only", texts)
	}
}

func TestErrorFault(t *testing.T) {
	for _, tt := range []struct {
		text   string
		panics bool
		ok     bool
	}{
		{"no such section", false, true},
		{"FDE 3 at 0x1c: %w", false, true},
		{"%w: version %d", false, true},
		{"emu: no such section", false, false},
		{"No such section", false, false},
		{"no such section.", false, false},
		{"no such section\n", false, false},
		{"emu: a cursor without steps", true, true},
		{"a cursor without steps", true, false},
	} {
		if fault := errorFault("emu", tt.text, tt.panics); (fault == "") != tt.ok {
			t.Errorf("%q: %q", tt.text, fault)
		}
	}
}
