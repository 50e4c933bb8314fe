// SPDX-License-Identifier: GPL-2.0-only

// Sbom adds to a list of components in CycloneDX's JSON what a generator for Go doesn't see, the C libraries that are
// linked in, and sets the time to that of the commit, so that the same commit gives the same bytes.
//
//	sbom -time SECONDS FILE NAME=VERSION=LICENCE...
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	seconds := flag.Int64("time", 0, "`seconds` since 1970")
	flag.Parse()
	if flag.NArg() < 1 {
		fmt.Fprintln(os.Stderr, "sbom: the name of the file is missing")
		os.Exit(2)
	}
	if err := change(flag.Arg(0), time.Unix(*seconds, 0).UTC(), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func change(file string, at time.Time, libraries []string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var bom map[string]any
	if err := json.Unmarshal(text, &bom); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	metadata, ok1 := bom["metadata"].(map[string]any)
	components, ok2 := bom["components"].([]any)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s: it has no metadata or no components", file)
	}
	metadata["timestamp"] = at.Format(time.RFC3339)
	for _, l := range libraries {
		f := strings.SplitN(l, "=", 3)
		if len(f) != 3 || f[1] == "" {
			return fmt.Errorf("%q is not NAME=VERSION=LICENCE", l)
		}
		components = append(components, map[string]any{
			"bom-ref": "c:" + f[0], "type": "library", "name": f[0], "version": f[1], "scope": "required",
			"licenses": []any{map[string]any{"license": map[string]any{"id": f[2]}}},
		})
	}
	bom["components"] = components
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(bom); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
