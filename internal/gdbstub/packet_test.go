// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

// readAll returns the events of a stream and the error that ends it.
func readAll(t testing.TB, stream []byte) (events []event, err error) {
	t.Helper()
	r := newPacketReader(bytes.NewReader(stream))
	for {
		e, err := r.next()
		if err != nil {
			if e != (event{}) {
				t.Errorf("an event with an error: %+v", e)
			}
			return events, err
		}
		events = append(events, e)
		if len(events) > len(stream) {
			t.Fatal("more events than bytes")
		}
	}
}

var compareEvents = cmp.AllowUnexported(event{})

func packetOf(payload string) event { return event{packet, payload} }

func TestPacketReader(t *testing.T) {
	long := strings.Repeat("a", maxPacket)
	for _, c := range []struct {
		name, stream string
		want         []event
		err          error
	}{
		{"nothing", "", nil, io.EOF},
		{"empty packet", "$#00", []event{packetOf("")}, io.EOF},
		{"packet", "$g#67", []event{packetOf("g")}, io.EOF},
		{"checksum in capitals", "$m0,4#FD", []event{packetOf("m0,4")}, io.EOF},
		{"acknowledged", "+$g#67-", []event{{kind: ack}, packetOf("g"), {kind: nak}}, io.EOF},
		{"noise between packets", "\r\nhello $g#67 bye", []event{packetOf("g")}, io.EOF},
		{"Ctrl-C", "\x03$c#63\x03", []event{{kind: interrupt}, packetOf("c"), {kind: interrupt}}, io.EOF},
		{"Ctrl-C within a packet is data", "$\x03#03", []event{packetOf("\x03")}, io.EOF},
		{"escaped", "$}\x03}\x04}]}\x0a#62", []event{packetOf("#$}*")}, io.EOF},
		{"bare star", "$**#54", []event{packetOf("**")}, io.EOF},
		{"wrong checksum", "$g#66$g#67", []event{{kind: corrupt}, packetOf("g")}, io.EOF},
		{"checksum of other characters", "$g#zz$g#67", []event{{kind: corrupt}, packetOf("g")}, io.EOF},
		{"checksum cut off by the next packet", "$g#6$g#67", []event{{kind: corrupt}, packetOf("g")}, io.EOF},
		{"escape of nothing", "$}#7d", []event{{kind: corrupt}}, io.EOF},
		{"end lost", "$m0,$g#67", []event{packetOf("g")}, io.EOF},
		{"longest", string(encode(long)), []event{packetOf(long)}, io.EOF},
		{"too long", string(encode(long+"a")) + "$g#67", []event{{kind: oversize}, packetOf("g")}, io.EOF},
		{"cut off", "$g", nil, io.ErrUnexpectedEOF},
		{"cut off before the checksum", "$g#", nil, io.ErrUnexpectedEOF},
		{"cut off within the checksum", "$g#6", nil, io.ErrUnexpectedEOF},
		{"cut off when too long", "$" + long + "aa", nil, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(t, []byte(c.stream))
			if diff := cmp.Diff(c.want, got, compareEvents); diff != "" {
				t.Error(diff)
			}
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	for payload, want := range map[string]string{
		"":          "$#00",
		"OK":        "$OK#9a",
		"T05":       "$T05#b9",
		"E.a#b":     "$E.a}\x03b#b6",
		"$}*#":      "$}\x04}]}\x0a}\x03#62",
		"\x00\xff ": "$\x00\xff #1f",
	} {
		if got := string(encode(payload)); got != want {
			t.Errorf("encode(%q) = %q, want %q", payload, got, want)
		}
	}
}

// FuzzPacketReader checks that whatever is read as a packet is the same packet when it is sent on, that it is no longer
// than allowed, and that what follows it is read in the same way.
func FuzzPacketReader(f *testing.F) {
	for _, s := range []string{"$g#67", "+$m0,4#fd\x03", "$}\x03}]#00", "$a$b#62-", "$c#zz$",
		"$" + strings.Repeat("x", maxPacket+1) + "#00"} {
		f.Add([]byte(s))
	}
	blind.Fuzz(f, func(t *testing.T, stream []byte) {
		events, err := readAll(t, stream)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("error %v", err)
		}
		var again bytes.Buffer
		for _, e := range events {
			switch e.kind {
			case packet:
				if len(e.payload) > maxPacket {
					t.Fatalf("a packet of %d characters", len(e.payload))
				}
				// Escaping may make it too long for a reader; that is for its sender to avoid.
				if p := encode(e.payload); len(p) <= maxPacket+4 {
					again.Write(p)
				} else {
					again.WriteString("$#00")
				}
			case ack:
				again.WriteByte('+')
			case nak:
				again.WriteByte('-')
			case interrupt:
				again.WriteByte(ctrlC)
			case corrupt:
				again.WriteString("$a#00")
			case oversize:
				fmt.Fprintf(&again, "$%0*d#%02x", maxPacket+1, 0, byte('0'*(maxPacket+1)&0xff))
			}
		}
		for i, e := range events {
			if len(encode(e.payload)) > maxPacket+4 {
				events[i].payload = ""
			}
		}
		got, err := readAll(t, again.Bytes())
		if !slices.Equal(events, got) || !errors.Is(err, io.EOF) {
			t.Fatalf("%v\n%s", err, cmp.Diff(events, got, compareEvents))
		}
	})
}
