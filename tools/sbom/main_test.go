// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bom.json")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const before = `{"bomFormat": "CycloneDX", "metadata": {"timestamp": "now"}, "components": [{"name": "a"}]}`
	write(before)
	if err := change(file, time.Unix(0, 0).UTC(), []string{"libunicorn=2.0.1=GPL-2.0-only"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"bomFormat": "CycloneDX"`, `"timestamp": "1970-01-01T00:00:00Z"`, `"name": "a"`,
		`"name": "libunicorn"`, `"version": "2.0.1"`, `"id": "GPL-2.0-only"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, bad := range []string{"libunicorn", "libunicorn==GPL-2.0-only"} {
		write(before)
		if err := change(file, time.Unix(0, 0), []string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	write("[]")
	if err := change(file, time.Unix(0, 0), nil); err == nil {
		t.Error("a list is taken")
	}
}
