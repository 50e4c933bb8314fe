// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// maxPacket is the size of the largest packet that is accepted, including its framing. Stubs allow 4 to 16 KiB.
const maxPacket = 1 << 18

// appendPacket frames a payload:
//
//	$ payload # checksum
//
// The checksum is the sum of the payload's bytes modulo 256, two hexadecimal digits. '$', '#', '}' and '*' in a payload
// are escaped: '}' and the character with bit 5 flipped.
func appendPacket(to []byte, payload string) []byte {
	to = append(to, '$')
	start := len(to)
	for i := range len(payload) {
		switch c := payload[i]; c {
		case '$', '#', '}', '*':
			to = append(to, '}', c^0x20)
		default:
			to = append(to, c)
		}
	}
	sum := checksum(to[start:])
	const digits = "0123456789abcdef"
	return append(to, '#', digits[sum>>4], digits[sum&15])
}

func checksum(p []byte) (sum byte) {
	for _, c := range p {
		sum += c
	}
	return sum
}

// readPacket reads the next packet, without acknowledgements and notifications before it. The payload is valid until
// the next call with the same buffer. The error is that of the reader, or an ErrProtocol.
func readPacket(r *bufio.Reader, buffer *bytes.Buffer) ([]byte, error) {
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return nil, err
		case c == '+':
			continue
		case c == '-':
			return nil, fmt.Errorf("%w: it has received a damaged packet", ErrProtocol)
		case c != '$' && c != '%':
			return nil, fmt.Errorf("%w: byte %#02x between packets", ErrProtocol, c)
		}
		raw, err := readBody(r, buffer)
		if err != nil {
			return nil, err
		}
		if c == '$' {
			return decode(raw)
		}
	}
}

// readBody reads up to the checksum, and checks it.
func readBody(r *bufio.Reader, buffer *bytes.Buffer) ([]byte, error) {
	buffer.Reset()
	for {
		c, err := r.ReadByte()
		if err != nil {
			return nil, unexpected(err)
		}
		if c == '#' {
			break
		}
		if c == '$' {
			return nil, fmt.Errorf("%w: a packet begins within another", ErrProtocol)
		}
		if buffer.Len() == maxPacket {
			return nil, fmt.Errorf("%w: a packet of more than %d bytes", ErrProtocol, maxPacket)
		}
		buffer.WriteByte(c)
	}
	var sum [2]byte
	if _, err := io.ReadFull(r, sum[:]); err != nil {
		return nil, unexpected(err)
	}
	high, low := hexDigit(sum[0]), hexDigit(sum[1])
	if want := checksum(buffer.Bytes()); high < 0 || low < 0 || byte(high<<4|low) != want {
		return nil, fmt.Errorf("%w: checksum %q of a packet whose bytes add up to %02x", ErrProtocol, sum[:], want)
	}
	return buffer.Bytes(), nil
}

// unexpected makes the end of the stream one in the middle of a packet.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// decode takes escapes and run lengths out of a payload: "c*n" is c and n-29 more of it.
func decode(raw []byte) ([]byte, error) {
	if bytes.IndexByte(raw, '}') < 0 && bytes.IndexByte(raw, '*') < 0 {
		return raw, nil
	}
	var out []byte
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case '}':
			i++
			if i == len(raw) {
				return nil, fmt.Errorf("%w: an escape at the end of a packet", ErrProtocol)
			}
			out = append(out, raw[i]^0x20)
		case '*':
			i++
			if len(out) == 0 || i == len(raw) || raw[i] < ' ' || raw[i] > '~' {
				return nil, fmt.Errorf("%w: a run length without a run", ErrProtocol)
			}
			for range int(raw[i]) - 29 {
				out = append(out, out[len(out)-1])
			}
		default:
			out = append(out, c)
		}
		if len(out) > maxPacket {
			return nil, fmt.Errorf("%w: a packet of more than %d bytes", ErrProtocol, maxPacket)
		}
	}
	return out, nil
}

// hexDigit is the value of a hexadecimal digit, -1 if it is none.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// parseHex fills p with bytes in hexadecimal, of which there must be as many.
func parseHex(p, text []byte) bool {
	if len(text) != 2*len(p) {
		return false
	}
	for i := range p {
		high, low := hexDigit(text[2*i]), hexDigit(text[2*i+1])
		if high < 0 || low < 0 {
			return false
		}
		p[i] = byte(high<<4 | low)
	}
	return true
}
