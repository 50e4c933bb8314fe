// SPDX-License-Identifier: GPL-2.0-only

// Package perm says what code may do with memory: what an image asks for, and what a machine maps.
package perm

// Perm is a set of permissions.
type Perm uint8

// The permissions. The bits are those of UC_PROT_READ, UC_PROT_WRITE and UC_PROT_EXEC.
const (
	Read Perm = 1 << iota
	Write
	Exec
)

// String writes the permissions as ls does: "r-x".
func (p Perm) String() string {
	text := []byte("---")
	for i, c := range []byte("rwx") {
		if p&(1<<i) != 0 {
			text[i] = c
		}
	}
	return string(text)
}
