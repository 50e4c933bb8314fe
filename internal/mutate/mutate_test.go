// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/arch/arm64/arm64asm"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/kunwind"
)

// harness is one for some scenarios.
func harness(t *testing.T, names ...string) *Harness {
	t.Helper()
	all := verdict.Targets(corpus.All())
	targets := slices.DeleteFunc(slices.Clone(all), func(t verdict.Target) bool {
		return !slices.Contains(names, t.String())
	})
	if len(targets) != len(names) {
		t.Fatalf("%d of %v are there", len(targets), names)
	}
	o := sweep.Options{Modes: []verdict.Mode{verdict.Sync, verdict.Blocked, verdict.IRQ}}
	var err error
	if o.Walkers, err = registry.Find("v6.12,v6.17,sframe,sframe-detect,sframe-recover,cfi"); err != nil {
		t.Fatal(err)
	}
	if o.Expect, err = verdict.BuiltinExpectations(); err != nil {
		t.Fatal(err)
	}
	h, err := New(t.Context(), targets, all, o, 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Every field of a profile is a rule that has mutants, and every value of its type is one that a mutant has.
func TestEveryRuleHasMutants(t *testing.T) {
	known := map[string]bool{"Name": true, "Doc": true, "Ref": true}
	constants := kunwindConstants(t)
	profile := reflect.TypeFor[kunwind.Profile]()
	for _, p := range kunwind.Profiles() {
		values := map[string]map[any]bool{} // of each field, mutants included
		for _, r := range rules {
			others := r.others(p)
			if len(others) == 0 {
				t.Errorf("%s: no other %s", p.Name, r.name)
			}
			for _, other := range append(others, p) {
				field := reflect.ValueOf(other).FieldByName(r.name)
				if !field.IsValid() {
					t.Fatalf("%s is no field", r.name)
				}
				if values[r.name] == nil {
					values[r.name] = map[any]bool{}
				}
				values[r.name][field.Interface()] = true
				reflect.ValueOf(&other).Elem().FieldByName(r.name).Set(reflect.ValueOf(p).FieldByName(r.name))
				if !reflect.DeepEqual(other, p) {
					t.Errorf("%s: a mutant of %s changes something else, too", p.Name, r.name)
				}
			}
		}
		for i := range profile.NumField() {
			f := profile.Field(i)
			if known[f.Name] {
				continue
			}
			want := constants[f.Type.Name()]
			if f.Type.Kind() == reflect.Bool {
				want = 2
			}
			if len(values[f.Name]) < max(2, want) {
				t.Errorf("%s: %s has %d values in the profile and its mutants, its type %d", p.Name, f.Name,
					len(values[f.Name]), want)
			}
		}
	}
}

// kunwindConstants counts the constants of each type in package kunwind.
func kunwindConstants(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	files, err := filepath.Glob("../../unwind/kunwind/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			kind := ""
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				if id, ok := v.Type.(*ast.Ident); ok {
					kind = id.Name
				} else if v.Values != nil {
					kind = ""
				}
				counts[kind] += len(v.Names)
			}
		}
	}
	if counts["Boundary"] < 2 {
		t.Fatalf("no constants are found: %v", counts)
	}
	return counts
}

// A change of an instruction is another instruction of the same form.
func TestChanges(t *testing.T) {
	const next = 0xd503201f // NOP
	for _, tt := range []struct {
		word uint32
		want []string
	}{
		{0xa9bf7bfd,
			[]string{"STP X29, X30, [SP,#-16]!", "dropped: NOP", "swapped with the next: NOP; STP X29, X30, [SP,#-16]!",
				"another register: STP X28, X30, [SP,#-16]!", "another offset: STP X29, X30, [SP,#-8]!"}},
		{0x910003fd, []string{"MOV X29, SP", "dropped: NOP", "swapped with the next: NOP; MOV X29, SP",
			"another register: MOV X28, SP", "another offset: ADD X29, SP, #0x10"}},
		{0xf9400be9, []string{"LDR X9, [SP,#16]", "dropped: NOP", "swapped with the next: NOP; LDR X9, [SP,#16]",
			"another register: LDR X8, [SP,#16]", "another offset: LDR X9, [SP,#24]"}},
		{0xd65f03c0, []string{"RET X30", "dropped: NOP"}},
		{0x94000001, []string{"BL .+0x4", "dropped: NOP"}},
		{0xb4000040, []string{"CBZ X0, .+0x8", "dropped: NOP"}},
		{0xd2800520, []string{"MOV X0, #0x29", "dropped: NOP", "swapped with the next: NOP; MOV X0, #0x29",
			"another register: MOV X1, #0x29", "another offset: MOV X0, #0x2a"}},
	} {
		got := []string{text(t, tt.word)}
		for _, c := range changes(tt.word, next) {
			var words []string
			for _, w := range c.words {
				words = append(words, text(t, w))
			}
			got = append(got, c.name+": "+strings.Join(words, "; "))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%#x: %s", tt.word, diff)
		}
	}
}

func text(t *testing.T, word uint32) string {
	t.Helper()
	i, err := arm64asm.Decode([]byte{byte(word), byte(word >> 8), byte(word >> 16), byte(word >> 24)})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(i.String())
}
