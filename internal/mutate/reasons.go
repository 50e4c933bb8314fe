// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed reasons.txt
var reasonsText string

// readReasons reads why survivors are left alone. A line is the name of a mutant, " -- " and the reason; empty lines
// and lines that begin with # are ignored.
func readReasons() (map[string]string, error) {
	reasons := map[string]string{}
	n := 0
	for line := range strings.Lines(reasonsText) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, " -- ")
		if !ok || reason == "" || reasons[name] != "" {
			return nil, fmt.Errorf("reasons.txt:%d: a name, \" -- \" and a reason are needed, once for each mutant", n)
		}
		reasons[name] = reason
	}
	return reasons, nil
}
