// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDeclares(t *testing.T) {
	source := t.TempDir()
	for name, text := range map[string]string{
		"Kconfig":             "menuconfig TOP\n\tbool \"top\"\n# config NOT_THIS\n",
		"kernel/Kconfig.hz":   "if TOP\n    config\tINNER \n\tint\nendif\nconfig LONGER_NAME\n",
		"kernel/configs.text": "config ELSEWHERE\n",
	} {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for option, want := range map[string]bool{
		"TOP": true, "INNER": true, "LONGER_NAME": true, "LONGER": false, "NAME": false, "NOT_THIS": false,
		"ELSEWHERE": false, "T.P": false,
	} {
		if got := declares(source, option); got != want {
			t.Errorf("%s: %v, want %v", option, got, want)
		}
	}
}
