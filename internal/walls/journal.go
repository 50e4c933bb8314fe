// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What a line of a journal begins with.
const (
	beginLine = "begin "
	endLine   = "end "
	fileLine  = "file "
	limitLine = "limit "
	exitLine  = "exit "
)

// A journal is what a child has told of itself.
type journal struct {
	flying []string // targets that it has begun and not ended, sorted
	files  []string // that are to be gone if it dies
	limit  string   // which limit it has reached
	exited bool
	status int
}

// readJournal reads a child's journal. A last line that isn't complete was never written.
func readJournal(dir string) (journal, error) {
	text, err := os.ReadFile(filepath.Join(dir, journalName))
	return parseJournal(string(text)), err
}

func parseJournal(text string) (j journal) {
	for line := range strings.Lines(text) {
		line, whole := strings.CutSuffix(line, "\n")
		if !whole {
			break
		}
		if target, ok := strings.CutPrefix(line, beginLine); ok {
			j.flying = append(j.flying, target)
		} else if target, ok := strings.CutPrefix(line, endLine); ok {
			if i := slices.Index(j.flying, target); i >= 0 {
				j.flying = slices.Delete(j.flying, i, i+1)
			}
		} else if name, ok := strings.CutPrefix(line, fileLine); ok {
			j.files = append(j.files, name)
		} else if text, ok := strings.CutPrefix(line, limitLine); ok {
			j.limit = text
		} else if text, ok := strings.CutPrefix(line, exitLine); ok {
			status, err := strconv.Atoi(text)
			j.exited, j.status = err == nil, status
		}
	}
	// Several parts of a target may be under way.
	slices.Sort(j.flying)
	j.flying = slices.Compact(j.flying)
	return j
}
