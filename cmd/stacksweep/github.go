// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"os"
)

// stepSummary appends Markdown to the summary of the step of a workflow on GitHub in which the program runs, if it
// does.
func stepSummary(markdown string) error {
	name := os.Getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(markdown)
	return errors.Join(err, f.Close())
}
