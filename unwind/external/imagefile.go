// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"stacksweep/internal/wholefile"
)

// imageFile makes sure that there is a file with the contents in the user's cache folder, and returns its path, which
// tells the contents. The file comes into being in one go, since walkers of several goroutines want it.
func imageFile(contents []byte) (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the image's file: %w", err)
	}
	folder := filepath.Join(cache, "stacksweep")
	path = filepath.Join(folder, fmt.Sprintf("image-%.8x.elf", sha256.Sum256(contents)))
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, contents) {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return path, wholefile.Bytes(path, contents)
}
