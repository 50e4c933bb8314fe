// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The findings in the documents are those of the code as it is.
func TestFindingsAreCurrent(t *testing.T) {
	want, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := Write(t.Context(), &got, 2); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("docs/findings.md differs from what the sweep finds; run 'make findings' (-document +sweep):\n%s",
			diff)
	}
}
