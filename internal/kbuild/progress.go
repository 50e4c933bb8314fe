// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// What a build of a whole kernel takes, as it was measured for the base configuration, of about 1,700 files.
const (
	filesOfBuild   = 1700
	secondsPerFile = 0.36     // of one CPU
	treeBytes      = 1.6 * gb // a build tree with DWARF
	copyBytes      = 1.9 * gb // a source
	gb             = 1 << 30
)

// fileCounter passes on what is written, and counts the lines that make has for a file: "  CC      kernel/fork.o". What
// compilers and assemblers say begins in other ways.
type fileCounter struct {
	to    io.Writer
	begin []byte // of the current line, as far as it matters
	n     atomic.Int64
}

func (c *fileCounter) Write(p []byte) (int, error) {
	for _, b := range p {
		switch {
		case b == '\n':
			c.begin = c.begin[:0]
			continue
		case len(c.begin) == 3:
			continue
		}
		if c.begin = append(c.begin, b); len(c.begin) == 3 && c.begin[0] == ' ' && c.begin[1] == ' ' && b >= 'A' &&
			b <= 'Z' {
			c.n.Add(1)
		}
	}
	return c.to.Write(p)
}

// progress says now and then how many files make has made, and how long the rest may take.
// total is how many are expected; 0 if nothing is known.
func (b *builder) progress(files *fileCounter, total int, done <-chan struct{}) {
	started := time.Now()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			b.say("%s", remaining(int(files.n.Load()), total, time.Since(started)))
		}
	}
}

// remaining says how far a build is that has done n of about total files in a time.
func remaining(n, total int, took time.Duration) string {
	if n < 20 || total <= n { // too early to tell, or more than the last time
		return fmt.Sprintf("%d files", n)
	}
	left := took * time.Duration(total-n) / time.Duration(n)
	return fmt.Sprintf("%d of about %d files, %s left", n, total, left.Round(10*time.Second))
}

// expected is how many files make is to make: as many as the last time that it made all of this tree, less those that
// a build that was stopped has made since.
func (b *builder) expected() int {
	total := filesOfBuild
	for _, path := range []string{b.tree() + ".lines", filepath.Join(b.dir, "build", "lines")} {
		if text, err := os.ReadFile(path); err == nil {
			if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && n > 0 {
				total = n
				break
			}
		}
	}
	return max(0, total-b.begun())
}

// begun is how many objects the tree has already.
func (b *builder) begun() (n int) {
	filepath.WalkDir(b.tree(), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".o") {
			n++
		}
		return nil
	})
	return n
}

// remember keeps how many objects a complete build has.
func (b *builder) remember() {
	text := []byte(fmt.Sprintln(b.begun()))
	os.WriteFile(b.tree()+".lines", text, 0o644)                      // only what is said depends on it
	os.WriteFile(filepath.Join(b.dir, "build", "lines"), text, 0o644) // a guess for others
}

// announce says what a build is going to take, and fails if there is no room for it.
func (b *builder) announce() error {
	left := b.expected()
	need := 0.0
	if b.begun() == 0 {
		need += treeBytes
	}
	minutes := float64(left) * secondsPerFile / float64(b.Jobs) / 60
	free := freeBytes(b.dir)
	b.say("about %.0f minutes of %d jobs, and %.1f GB in %s, where %.1f GB are free", max(1, minutes), b.Jobs, need/gb,
		b.dir, free/gb)
	return room(b.dir, need)
}

// room fails if a folder's file system has not that many bytes left.
func room(dir string, need float64) error {
	if free := freeBytes(dir); free < need {
		return fmt.Errorf("%s has %.1f GB free, and %.1f GB are needed: 'stacksweep kernel remove' makes room", dir,
			free/gb, need/gb)
	}
	return nil
}

// freeBytes is what the file system of a folder, or of what is above it, has left.
func freeBytes(dir string) float64 {
	for {
		var s syscall.Statfs_t
		if syscall.Statfs(dir, &s) == nil {
			return float64(s.Bavail) * float64(s.Bsize)
		}
		if dir == filepath.Dir(dir) {
			return 0
		}
		dir = filepath.Dir(dir)
	}
}
