// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"bufio"
	"errors"
	"io"
)

// maxPacket is how many characters a packet may have between "$" and "#", in either direction. gdb is told
// (PacketSize) and keeps to it.
const maxPacket = 0x4000

// An event is one thing that came in over the wire.
type event struct {
	kind    eventKind
	payload string // of a packet, with escapes resolved
}

type eventKind uint8

const (
	packet    eventKind = iota // a packet with a right checksum
	ack                        // "+"
	nak                        // "-": the last packet is to be sent again
	interrupt                  // Ctrl-C
	corrupt                    // a packet with a wrong checksum
	oversize                   // a packet of more than maxPacket characters
)

// Characters with a meaning of their own.
const (
	packetStart  = '$'
	packetEnd    = '#'
	escape       = '}' // the next character is to be XORed with escapeXOR
	runLength    = '*' // of meaning in what the stub sends only; gdb escapes it
	ctrlC        = 0x03
	escapeXOR    = 0x20
	checksumSize = 2
)

// A packetReader cuts a stream into events. Characters between packets that mean nothing are skipped.
type packetReader struct {
	in *bufio.Reader
}

func newPacketReader(r io.Reader) *packetReader { return &packetReader{bufio.NewReader(r)} }

// next returns the next event. The error is io.EOF between packets and io.ErrUnexpectedEOF within one.
func (r *packetReader) next() (event, error) {
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return event{}, err
		}
		switch c {
		case packetStart:
			e, err := r.packet()
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return e, err
		case '+':
			return event{kind: ack}, nil
		case '-':
			return event{kind: nak}, nil
		case ctrlC:
			return event{kind: interrupt}, nil
		}
	}
}

// packet reads what follows a packet's start. A second start means that the end of the first packet was lost.
func (r *packetReader) packet() (event, error) {
	var payload []byte
	var sum byte
	size, escaped := 0, false
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return event{}, err
		}
		switch c {
		case packetStart:
			payload, sum, size, escaped = payload[:0], 0, 0, false
			continue
		case packetEnd:
			ok, err := r.checksum(sum)
			switch {
			case err != nil:
				return event{}, err
			case !ok || escaped:
				return event{kind: corrupt}, nil
			case size > maxPacket:
				return event{kind: oversize}, nil
			}
			return event{kind: packet, payload: string(payload)}, nil
		}
		sum += c
		size++
		switch {
		case size > maxPacket: // read on to the end, but keep nothing
		case escaped:
			payload, escaped = append(payload, c^escapeXOR), false
		case c == escape:
			escaped = true
		default:
			payload = append(payload, c)
		}
	}
}

// checksum reads the two hexadecimal digits after a packet and compares them with the sum of its characters.
func (r *packetReader) checksum(sum byte) (ok bool, err error) {
	var value byte
	for range checksumSize {
		c, err := r.in.ReadByte()
		if err != nil {
			return false, err
		}
		digit, ok := hexDigit(c)
		if !ok {
			return false, r.in.UnreadByte() // it may begin the next packet
		}
		value = value<<4 | digit
	}
	return value == sum, nil
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// encode frames a payload as a packet.
func encode(payload string) []byte {
	p := make([]byte, 0, len(payload)+4)
	p = append(p, packetStart)
	var sum byte
	for i := range len(payload) {
		c := payload[i]
		switch c {
		case packetStart, packetEnd, escape, runLength:
			p = append(p, escape, c^escapeXOR)
			sum += escape + (c ^ escapeXOR)
		default:
			p = append(p, c)
			sum += c
		}
	}
	const digits = "0123456789abcdef"
	return append(p, packetEnd, digits[sum>>4], digits[sum&0xf])
}
