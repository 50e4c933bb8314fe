// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// noAckRequest ends the acknowledging of packets.
const noAckRequest = "QStartNoAckMode"

// query answers the packets that begin with q.
func (s *Stub) query(p string) reply {
	name, args, _ := strings.Cut(p, ":")
	switch name {
	case "qSupported":
		return answer(s.supported(args))
	case "qXfer":
		return s.transfer(args)
	case "qAttached": // so that gdb detaches when it is left, and doesn't kill
		return answer("1")
	case "qC":
		return answer("QC1")
	case "qfThreadInfo":
		return answer("m1")
	case "qsThreadInfo":
		return answer("l")
	case "qSymbol":
		return answer("OK")
	}
	if command, ok := strings.CutPrefix(p, "qRcmd,"); ok {
		return s.monitor(command)
	}
	if strings.HasPrefix(p, "qThreadExtraInfo,") {
		return answer(hex.EncodeToString([]byte(s.Point.Target.String())))
	}
	return unknown
}

// supported agrees upon features with gdb.
func (s *Stub) supported(theirs string) string {
	for feature := range strings.SplitSeq(theirs, ";") {
		if feature == "swbreak+" {
			s.sayWhy = true
		}
	}
	ours := fmt.Sprintf("PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;ReverseStep+;ReverseContinue+;"+
		"vContSupported+;swbreak+;hwbreak+", maxPacket)
	if s.ProgramPath != "" {
		ours += ";qXfer:exec-file:read+"
	}
	return ours
}

// transfer answers qXfer:object:read:annex:offset,length with a part of an object: "m" and a part if there is more
// after it, else "l" and the last part.
func (s *Stub) transfer(args string) reply {
	object, rest, _ := strings.Cut(args, ":read:")
	annex, place, _ := strings.Cut(rest, ":")
	text := ""
	switch object {
	case "features":
		if annex != "target.xml" {
			return answer("E00")
		}
		text = description
	case "exec-file": // the annex is a process, or nothing for the present one
		text = s.ProgramPath
	default:
		return unknown
	}
	offset, length, err := twoNumbers(place, ",")
	if err != nil {
		return refuse("%v", err)
	}
	// A character may need two on the wire, and the letter one.
	length = min(length, maxPacket/2-1)
	text = text[min(offset, uint64(len(text))):]
	if length < uint64(len(text)) {
		return answer("m" + text[:length])
	}
	return answer("l" + text)
}
