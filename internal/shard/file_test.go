// SPDX-License-Identifier: GPL-2.0-only

package shard_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/blind"
	"stacksweep/internal/shard"
	"stacksweep/internal/testkit/corpustest"
	"stacksweep/sweep"
)

// Parts of another image are not taken for those of the image that is here.
func TestAnotherImage(t *testing.T) {
	targets, o := corpustest.Targets(t, "stale/register:right"), options(t, "irq")
	p, err := sweep.SweepPart(context.Background(), targets[0], o, sweep.Slice{})
	if err != nil {
		t.Fatal(err)
	}
	p.Image = strings.Repeat("0", len(p.Image))
	if _, err := sweep.Assemble(targets[0], o, []*sweep.Part{p}); !errors.Is(err, sweep.ErrOtherParts) ||
		!strings.Contains(err.Error(), "another image") {
		t.Errorf("%v", err)
	}
}

// No change of a byte goes unnoticed: a file is read as it was written, or it is an error.
func TestCorruptFile(t *testing.T) {
	targets, o := corpustest.Targets(t, "stale/register:right"), options(t, "irq")
	o.Keep = nil
	name := shards(t, 1, targets, o)[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for range 400 {
		spoilt := slices.Clone(whole)
		at, bit := rand.IntN(len(whole)-1), byte(1)<<rand.IntN(8)
		spoilt[at] ^= bit
		if err := os.WriteFile(name, spoilt, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := set(t, []string{name})
		if err != nil {
			continue
		}
		want := reports(t, sweep.Sweep, targets, o)
		if got := reports(t, s.Report, targets, o); got != want {
			t.Fatalf("bit %#x of byte %d of %d, %q, goes unnoticed", bit, at, len(whole), whole[max(0, at-20):at+1])
		}
	}
}

// A file has one writer.
func TestBusyFile(t *testing.T) {
	targets, o := corpustest.Targets(t, "stale/register:right"), options(t, "irq")
	name := filepath.Join(t.TempDir(), "parts")
	f, err := shard.Create(name, header(targets, o, shard.Shard{}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := shard.Create(name, header(targets, o, shard.Shard{})); !errors.Is(err, shard.ErrBusy) {
		t.Errorf("%v", err)
	}
}

// What is not a file of parts is not overwritten.
func TestCreateSparesOtherFiles(t *testing.T) {
	targets, o := corpustest.Targets(t, "stale/register:right"), options(t, "irq")
	name := filepath.Join(t.TempDir(), "notes.txt")
	for _, text := range []string{"hello", "hello\n", "stacksweep-parts 2 0 0\n", "stacksweep-parts 1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := shard.Create(name, header(targets, o, shard.Shard{})); err == nil {
			t.Errorf("%q is taken for a file of parts", text)
		}
		if got, _ := os.ReadFile(name); string(got) != text {
			t.Errorf("%q is now %q", text, got)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"", "3", "0/4", "5/4", "-1/4", "1/0", "a/b", "1/2/3", "1/99999"} {
		if s, err := shard.Parse(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
	if s, err := shard.Parse("3/16"); err != nil || s != (shard.Shard{Index: 3, Of: 16}) {
		t.Errorf("3/16 is %v, %v", s, err)
	}
}

// Whatever a file of parts contains, reading it ends, and every part that it is said to have can be read or is an
// error.
func FuzzOpen(f *testing.F) {
	targets, o := corpustest.Targets(f, "stale/register:right"), options(f, "irq")
	o.Keep = nil
	whole, err := os.ReadFile(shards(f, 1, targets, o)[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("stacksweep-parts 1 00000000 \n"))
	name := filepath.Join(f.TempDir(), "parts")
	blind.Fuzz(f, func(t *testing.T, text []byte) {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := shard.Open(name)
		if err != nil {
			return
		}
		defer file.Close()
		have, all := file.Count()
		if have > all {
			t.Fatalf("%d of %d parts", have, all)
		}
	})
}
