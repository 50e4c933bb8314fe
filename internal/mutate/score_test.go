// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The score that the README gives is the sum of the table in docs/mutation.md.
func TestScoreInReadme(t *testing.T) {
	table, err := os.ReadFile("../../docs/mutation.md")
	if err != nil {
		t.Fatal(err)
	}
	var sums [5]int // mutants, caught, equivalent, survived, unreached
	row := regexp.MustCompile(`(?m)^\| (?:code|table|walker|oracle) \|(.*)\|$`)
	rows := row.FindAllStringSubmatch(string(table), -1)
	for _, found := range rows {
		for i, cell := range strings.Split(found[1], "|") {
			n, _ := strconv.Atoi(strings.TrimSpace(cell)) // an empty one is 0
			sums[i] += n
		}
	}
	if len(rows) != 4 || sums[0] != sums[1]+sums[2]+sums[3]+sums[4] {
		t.Fatalf("the table has %d rows, which add up to %v", len(rows), sums)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(readme)), " ")
	for _, want := range []string{
		fmt.Sprintf("Of %d breaks in `fgraph` and `kretprobe` %d are caught, %d make no difference", sums[0], sums[1],
			sums[2]),
		fmt.Sprintf("%d are of rows that no walker asks for, and %d survive", sums[4], sums[3]),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the README does not say %q", want)
		}
	}
}
