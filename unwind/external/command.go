// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Prefix is how the name of a walker begins whose rest is a command.
const Prefix = "exec:"

// A Command is a program with its arguments.
type Command struct {
	text string
	args []string
}

// ParseCommand splits a command as a shell does, without being one: words are separated by blanks; 'single quotes' keep
// everything, "double quotes" and a backslash keep the character after it. Variables, patterns and pipes
// mean nothing. The program must exist, in PATH unless its name has a slash.
func ParseCommand(text string) (Command, error) {
	args, err := split(text)
	if err != nil {
		return Command{}, fmt.Errorf("command %.80q: %w", text, err)
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return Command{}, fmt.Errorf("command %.80q: %w", text, err)
	}
	return Command{text, args}, nil
}

// Name is the walker's name: [Prefix] and the command.
func (c Command) Name() string { return Prefix + c.text }

// split returns the words of a command, at least one.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, escaped := false, false
	quote := rune(0) // the quote that is open
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case strings.ContainsRune(" \t\r\n", r):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	switch {
	case quote != 0:
		return nil, fmt.Errorf("the quote %c is never closed", quote)
	case escaped:
		return nil, errors.New("nothing after the last backslash")
	case inWord:
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("no program is named")
	}
	return words, nil
}
