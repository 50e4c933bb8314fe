// SPDX-License-Identifier: GPL-2.0-only

package archtest

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	mostColumns   = 120 // with tabs of 4
	mostFileLines = 300
	licence       = "SPDX-License-Identifier: GPL-2.0-only"
)

// text is what can be said of a source file without parsing it.
type text struct {
	licensed  bool
	lines     int
	tooLong   []int // numbers of lines
	generated bool
}

// read looks at a source file. Lines in raw are data, and may be long.
func read(source string, raw map[int]bool) text {
	found := text{generated: strings.Contains(source, "\n// Code generated ")}
	number := 0
	for line := range strings.Lines(source) {
		number++
		if number <= 2 && strings.Contains(line, licence) {
			found.licensed = true
		}
		columns := utf8.RuneCountInString(strings.TrimRight(line, "\r\n")) + 3*strings.Count(line, "\t")
		if columns > mostColumns && !raw[number] {
			found.tooLong = append(found.tooLong, number)
		}
	}
	found.lines = number
	return found
}

// rawLines returns the numbers of those lines of Go code on which a raw string stands at the last column that is
// allowed: what such strings hold can't be wrapped.
func rawLines(source string) map[int]bool {
	raw := map[int]bool{}
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(source))
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	lines := strings.Split(source, "\n")
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return raw
		}
		if tok != token.STRING || literal[0] != '`' {
			continue
		}
		at := file.Position(pos)
		column := utf8.RuneCountInString(lines[at.Line-1][:at.Column-1]) +
			3*strings.Count(lines[at.Line-1][:at.Column-1], "\t")
		for i, part := range strings.Split(literal, "\n") {
			if i > 0 {
				column = 0
			}
			end := column + utf8.RuneCountInString(part) + 3*strings.Count(part, "\t")
			raw[at.Line+i] = raw[at.Line+i] || column <= mostColumns && end >= mostColumns
		}
	}
}

// texts calls visit with each source file in Go, and with those in C and assembly of the engine and of the test kit.
func texts(t *testing.T, visit func(path string, found text)) {
	t.Helper()
	open := func(path string) string {
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	sources(t, true, func(path string, _ *token.FileSet, _ *ast.File) {
		source := open(path)
		visit(path, read(source, rawLines(source)))
	})
	native := 0
	for _, folder := range []string{"emu/internal/uc", "testkit/c"} {
		for _, ext := range []string{".c", ".h", ".S"} {
			names, err := filepath.Glob(filepath.Join(root, folder, "*"+ext))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				path := folder + "/" + filepath.Base(name)
				visit(path, read(open(path), nil))
				native++
			}
		}
	}
	if native < 15 {
		t.Errorf("found %d C files only", native)
	}
}

func TestLinesAndFiles(t *testing.T) {
	texts(t, func(path string, found text) {
		if !found.licensed && !found.generated {
			t.Errorf("%s:1: %q is missing", path, licence)
		}
		for _, line := range found.tooLong {
			t.Errorf("%s:%d: more than %d columns", path, line, mostColumns)
		}
		if found.lines > mostFileLines && !found.generated {
			t.Errorf("%s has %d lines, more than %d", path, found.lines, mostFileLines)
		}
	})
}

func TestLongLinesAreNoticed(t *testing.T) {
	long := strings.Repeat("x", mostColumns-3)
	for _, tt := range []struct {
		source string
		want   []int
	}{
		{"package p\n\n// " + long + "\n", nil},
		{"package p\n\n// " + long + "y\n", []int{3}},
		{"package p\n\n\t//" + long + "\n", []int{3}},
		{"package p\n\nvar a = \"" + long + "\"\n", []int{3}},
		{"package p\n\nvar a = `" + long + "`\n", nil},
		{"package p\n\nvar a = `\n" + long + long + "\n" + long + "y` + \"xxxxx\"\n", []int{5}},
		{"package p\n\nvar a = `a` // " + long + "\n", []int{3}},
		{"package p\n\nvar ä = \"" + strings.Repeat("ä", mostColumns-10) + "\"\n", nil},
	} {
		if got := read(tt.source, rawLines(tt.source)).tooLong; !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, want %v", tt.source, got, tt.want)
		}
	}
}
