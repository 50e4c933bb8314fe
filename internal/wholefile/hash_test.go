// SPDX-License-Identifier: GPL-2.0-only

package wholefile

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

func TestSHA256(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if _, err := SHA256(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
	if err := Bytes(name, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	// FIPS 180-4's example
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got, err := SHA256(name); got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
