// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"encoding/json"
	"errors"
	"fmt"
)

// decodeWelcome reads a program's first line.
func decodeWelcome(line []byte) (Welcome, error) {
	var w Welcome
	switch err := json.Unmarshal(line, &w); {
	case err != nil:
		return Welcome{}, fmt.Errorf("its first line %.80q: %w", line, err)
	case w.Type != "hello" || w.Protocol != Protocol:
		return Welcome{}, fmt.Errorf("its first line %.80q is no hello of protocol %s", line, Protocol)
	case w.Version != Version:
		return Welcome{}, fmt.Errorf("it speaks version %d of protocol %s, not %d", w.Version, Protocol, Version)
	}
	return w, nil
}

// decodeAnswer reads the answer to the point with the id.
func decodeAnswer(line []byte, id int64) (Answer, error) {
	var a Answer
	switch err := json.Unmarshal(line, &a); {
	case err != nil:
		return Answer{}, fmt.Errorf("its answer %.80q: %w", line, err)
	case a.ID != id:
		return Answer{}, fmt.Errorf("its answer is to point %d, not %d", a.ID, id)
	case a.Reliable && a.Error != "":
		return Answer{}, errors.New("its answer is reliable, but has an error")
	case !a.Reliable && a.Error == "":
		a.Error = "it calls the trace unreliable, and doesn't say why"
	}
	return a, nil
}
