// SPDX-License-Identifier: GPL-2.0-only

package htmlreport_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// read reads a JSON file.
func read(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// wantedPackages are those that a folder's package.json names, and their versions.
func wantedPackages(t *testing.T, web string) map[string]string {
	t.Helper()
	var own struct{ DevDependencies map[string]string }
	read(t, filepath.Join(web, "package.json"), &own)
	if len(own.DevDependencies) == 0 {
		t.Fatal("package.json names no packages")
	}
	return own.DevDependencies
}

// installed reports whether the packages are there, in the versions that are wanted now.
func installed(t *testing.T, web string) bool {
	t.Helper()
	for name, version := range wantedPackages(t, web) {
		var p struct{ Version string }
		file := filepath.Join(web, "node_modules", name, "package.json")
		if _, err := os.Stat(file); err != nil {
			return false
		}
		if read(t, file, &p); p.Version != version {
			return false
		}
	}
	return true
}

// The packages that the script is built and tested with are content with the node of Debian 12.
func TestPackagesOfDebiansNode(t *testing.T) {
	const major = 18
	var lock struct {
		Packages map[string]struct{ Engines map[string]string }
	}
	read(t, filepath.Join("web", "package-lock.json"), &lock)
	for name := range wantedPackages(t, "web") {
		p, ok := lock.Packages["node_modules/"+name]
		if !ok {
			t.Errorf("%s is not in package-lock.json", name)
			continue
		}
		least, _, _ := strings.Cut(strings.TrimPrefix(p.Engines["node"], ">="), ".")
		if n, err := strconv.Atoi(least); err != nil || n > major {
			t.Errorf("%s wants node %s; Debian 12 has %d", name, p.Engines["node"], major)
		}
	}
}
