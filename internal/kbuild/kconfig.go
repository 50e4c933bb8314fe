// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// declares reports whether a Kconfig file in the source has an entry for the option: a line "config NAME" or
// "menuconfig NAME" (Documentation/kbuild/kconfig-language.rst). A file that can't be read is passed over: what hangs
// on the answer is a hint.
func declares(source, option string) bool {
	entry := regexp.MustCompile(`(?m)^\s*(menu)?config[ \t]+` + regexp.QuoteMeta(option) + `\s*$`)
	found := false
	filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), "Kconfig") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && bytes.Contains(text, []byte(option)) && entry.Match(text) {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}
