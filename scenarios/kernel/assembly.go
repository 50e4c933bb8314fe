// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"stacksweep/scenarios"
)

// assembly calls the routines in assembly that are not leaves: they push a frame record, move SP, or replace X29 and
// X30. A leaf annotation is wrong for them. Their neighbours, which are leaves, go with them.
func (k *Kernel) assembly() *scenarios.Scenario {
	variants := []scenarios.Variant{{Name: "plain", Doc: "results checked: what was encrypted is decrypted again"}}
	doc := "assembly that keeps a frame record or changes X29 and X30: ciphers, hashes, switches of stack and task"
	return k.scenario("assembly", doc, variants, func(b *builder, _ string) {
		r := &routines{b}
		r.switches()
		r.blockCiphers()
		r.bitSliced()
		r.streams()
		r.hashes()
	})
}

// callIf calls a routine, if the kernel has it.
func (r *routines) callIf(name string, args ...uint64) bool {
	f, ok := r.lookup(name)
	if ok {
		r.builder.call(f, args...)
	}
	return ok
}

// switches replaces the task by itself, and the stack for the length of a call.
func (r *routines) switches() {
	r.callIf("cpu_switch_to", taskStruct, taskStruct)
	r.callIf("call_on_irq_stack", 0, r.Symbol("stub_tracer_nothing"))
}

// aesRounds are those of AES-128. A key schedule of zeros is its own inverse.
const aesRounds = 10

// blockCiphers are the AES modes, with the instructions for it and without.
func (r *routines) blockCiphers() {
	key := r.alloc(16 * (aesRounds + 1))
	for _, p := range []string{"ce_aes_", "neon_aes_"} {
		for _, blocks := range []uint64{1, 4, 9} {
			text := pattern(int(16 * blocks))
			from := r.place(0, text)
			to, back, iv := r.alloc(16*blocks), r.alloc(16*blocks), r.alloc(16)
			if r.callIf(p+"ecb_encrypt", to, from, key, aesRounds, blocks) &&
				r.callIf(p+"ecb_decrypt", back, to, key, aesRounds, blocks) {
				r.expectBytes(p+"ecb", back, text)
			}
			to, back = r.alloc(16*blocks), r.alloc(16*blocks)
			if r.callIf(p+"cbc_encrypt", to, from, key, aesRounds, blocks, iv) {
				iv = r.alloc(16)
				r.callIf(p+"cbc_decrypt", back, to, key, aesRounds, blocks, iv)
				r.expectBytes(p+"cbc", back, text)
			}
		}
	}
}

// bitSliced is AES that works on eight blocks at a time, with a key schedule of its own.
func (r *routines) bitSliced() {
	key, zero := r.alloc(13*8*16+32), r.alloc(16*(aesRounds+1))
	if !r.callIf("aesbs_convert_key", key, zero, aesRounds) {
		return
	}
	for _, blocks := range []uint64{3, 8, 9} {
		text := pattern(int(16 * blocks))
		from := r.place(0, text)
		to, back := r.alloc(16*blocks), r.alloc(16*blocks)
		if r.callIf("aesbs_ecb_encrypt", to, from, key, aesRounds, blocks) &&
			r.callIf("aesbs_ecb_decrypt", back, to, key, aesRounds, blocks) {
			r.expectBytes("aesbs_ecb", back, text)
		}
		to, back = r.alloc(16*blocks), r.alloc(16*blocks)
		if r.callIf("aesbs_xts_encrypt", to, from, key, aesRounds, blocks, r.alloc(16)) &&
			r.callIf("aesbs_xts_decrypt", back, to, key, aesRounds, blocks, r.alloc(16)) {
			r.expectBytes("aesbs_xts", back, text)
		}
		r.callIf("aesbs_cbc_decrypt", r.alloc(16*blocks), from, key, aesRounds, blocks, r.alloc(16))
		if blocks == 8 { // it takes whole groups only
			to, back = r.alloc(16*blocks), r.alloc(16*blocks)
			if r.callIf("aesbs_ctr_encrypt", to, from, key, aesRounds, blocks, r.alloc(16)) &&
				r.callIf("aesbs_ctr_encrypt", back, to, key, aesRounds, blocks, r.alloc(16)) {
				r.expectBytes("aesbs_ctr", back, text)
			}
		}
	}
}

// streams are ChaCha20, which undoes itself.
func (r *routines) streams() {
	text := pattern(256)
	from, to, back := r.place(0, text), r.alloc(256), r.alloc(256)
	state := func() uint64 { return r.place(0, pattern(64)) }
	if r.callIf("chacha_4block_xor_neon", state(), to, from, 20, 256) &&
		r.callIf("chacha_4block_xor_neon", state(), back, to, 20, 256) {
		r.expectBytes("chacha_4block_xor_neon", back, text)
	}
	to, back = r.alloc(64), r.alloc(64)
	if r.callIf("chacha_block_xor_neon", state(), to, from, 20) &&
		r.callIf("chacha_block_xor_neon", state(), back, to, 20) {
		r.expectBytes("chacha_block_xor_neon", back, text[:64])
	}
	r.callIf("hchacha_block_neon", state(), r.alloc(32), 20)
}

// hashes are the block functions of SHA-256, fed a message that the padding makes two blocks of.
func (r *routines) hashes() {
	message := pattern(100)
	padded := append(bytes.Clone(message), 0x80)
	padded = append(padded, make([]byte, 128-8-len(padded))...)
	padded = binary.BigEndian.AppendUint64(padded, uint64(8*len(message)))
	digest := sha256.Sum256(message)
	initial := []uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	var start, want []byte
	for i, w := range initial {
		start = binary.LittleEndian.AppendUint32(start, w)
		want = binary.LittleEndian.AppendUint32(want, binary.BigEndian.Uint32(digest[4*i:]))
	}
	for _, name := range []string{"sha256_block_data_order", "sha256_block_neon", "sha256_ce_transform"} {
		state := r.place(0, start)
		if r.callIf(name, state, r.place(0, padded), 2) {
			r.expectBytes(name, state, want)
		}
	}
}
