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

// The packages that the script is built and tested with are content with the node of Debian 12.
func TestPackagesOfDebiansNode(t *testing.T) {
	const major = 18
	var own struct{ DevDependencies map[string]string }
	var lock struct {
		Packages map[string]struct{ Engines map[string]string }
	}
	for name, v := range map[string]any{"package.json": &own, "package-lock.json": &lock} {
		text, err := os.ReadFile(filepath.Join("web", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if len(own.DevDependencies) == 0 {
		t.Fatal("package.json names no packages")
	}
	for name := range own.DevDependencies {
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
