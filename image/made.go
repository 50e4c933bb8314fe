// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"debug/elf"
)

// An IFunc is a pointer that a resolver chooses before the code runs: what a dynamic linker fills in for
// R_AARCH64_IRELATIVE and for symbols of type STT_GNU_IFUNC.
type IFunc struct {
	Slot     uint64 // address of the pointer
	Resolver uint64 // address of the function that returns what to put there
}

// TLS is a file's thread-local storage, of which every thread has a copy (AArch64 ABI, "Thread-local storage", variant
// 1):
//
//	TPIDR_EL0 ─► ┌───────────────┐ 0
//	             │ 16 bytes of   │
//	             │ the system    │
//	             ├───────────────┤ Offset, a multiple of Align
//	             │ Data, then    │
//	             │ zeros         │
//	             └───────────────┘ Offset + Size
type TLS struct {
	Data   []byte // the initial contents
	Size   uint64 // bytes, ≥ len(Data)
	Align  uint64
	Offset uint64 // from TPIDR_EL0
}

const tcbSize = 16 // bytes at TPIDR_EL0 that belong to the system

func newTLS(data []byte, size, align uint64) *TLS {
	align = max(1, align)
	return &TLS{Data: data, Size: size, Align: align, Offset: alignUp(tcbSize, align)}
}

// made is what a linker makes so that an object can run: a global offset table with the thread pointer's offsets and
// descriptors in it, entries through which IFUNCs are called, and a place for common symbols and thread-local
// variables.
type made struct {
	entries map[gotKey]uint64 // offset in the table
	size    uint64            // of the table, in bytes
	got     uint64            // address of the table
	data    []byte            // of the table

	plt     map[uint32]uint64 // address of the entry of an IFUNC, by symbol
	order   []uint32          // these symbols, in the order in which they are met
	commons map[string]uint64 // addresses
	names   map[string]uint64 // what is made under a name that files refer to

	tls     map[elf.SectionIndex]uint64 // offset of a section in the thread-local storage
	foreign map[string]uint64           // offset there of a thread-local symbol that is defined elsewhere

	symbols []Symbol
}

type gotKey struct {
	entry  gotEntry
	symbol uint32
	addend uint64
}

// A gotEntry says what is in an entry of the table.
type gotEntry uint8

const (
	gotNone       gotEntry = iota
	gotAddress             // the symbol's address
	gotTPOffset            // of a thread-local symbol, from TPIDR_EL0
	gotModule              // two words for __tls_get_addr: the module, always 1, and the offset from TPIDR_EL0
	gotModuleBase          // the same for the start of the thread-local storage
	gotDescriptor          // two words: a function that returns the offset, and the offset
	tlsOffset              // no entry: the offset from TPIDR_EL0 itself
	tlsInModule            // no entry: the offset in the thread-local storage
)

func (e gotEntry) words() uint64 {
	switch e {
	case gotAddress, gotTPOffset:
		return 1
	case gotModule, gotModuleBase, gotDescriptor:
		return 2
	}
	return 0
}

// A use is how a relocation refers to what is made: as another does to an address.
type use struct {
	entry gotEntry
	as    func(place []byte, x, p, got uint64) error
}

func like(kind elf.R_AARCH64) func(place []byte, x, p, got uint64) error {
	return func(place []byte, x, p, _ uint64) error { return relocate(place, kind, x, p) }
}

// fromGOT refers to an entry by its offset from the table.
func fromGOT(kind elf.R_AARCH64) func(place []byte, x, p, got uint64) error {
	return func(place []byte, x, p, got uint64) error { return relocate(place, kind, x-got, p) }
}

// marks changes nothing: the relocation says what an instruction is for.
func marks([]byte, uint64, uint64, uint64) error { return nil }

// uses are the relocations that refer to what is made (aaelf64, "GOT-relative instruction relocations" and "Relocations
// for thread-local storage").
var uses = map[elf.R_AARCH64]use{
	elf.R_AARCH64_ADR_GOT_PAGE:     {gotAddress, like(elf.R_AARCH64_ADR_PREL_PG_HI21)},
	elf.R_AARCH64_LD64_GOT_LO12_NC: {gotAddress, like(elf.R_AARCH64_LDST64_ABS_LO12_NC)},
	elf.R_AARCH64_GOT_LD_PREL19:    {gotAddress, like(elf.R_AARCH64_LD_PREL_LO19)},
	rGotPCRel32:                    {gotAddress, like(elf.R_AARCH64_PREL32)},
	rLD64GotPageLO15: {gotAddress, func(place []byte, x, _, got uint64) error {
		return putLow15(place, x-got&^(pageSize-1))
	}},
	rLD64GotOffLO15: {gotAddress, func(place []byte, x, _, got uint64) error { return putLow15(place, x-got) }},

	elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21:   {gotTPOffset, like(elf.R_AARCH64_ADR_PREL_PG_HI21)},
	elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC: {gotTPOffset, like(elf.R_AARCH64_LDST64_ABS_LO12_NC)},
	elf.R_AARCH64_TLSIE_LD_GOTTPREL_PREL19:    {gotTPOffset, like(elf.R_AARCH64_LD_PREL_LO19)},

	elf.R_AARCH64_TLSGD_ADR_PAGE21:  {gotModule, like(elf.R_AARCH64_ADR_PREL_PG_HI21)},
	elf.R_AARCH64_TLSGD_ADD_LO12_NC: {gotModule, like(elf.R_AARCH64_ADD_ABS_LO12_NC)},
	rTLSGDAdrPrel21:                 {gotModule, like(elf.R_AARCH64_ADR_PREL_LO21)},
	rTLSLDAdrPage21:                 {gotModuleBase, like(elf.R_AARCH64_ADR_PREL_PG_HI21)},
	rTLSLDAddLO12NC:                 {gotModuleBase, like(elf.R_AARCH64_ADD_ABS_LO12_NC)},
	rTLSLDAdrPrel21:                 {gotModuleBase, like(elf.R_AARCH64_ADR_PREL_LO21)},

	elf.R_AARCH64_TLSDESC_ADR_PAGE21:   {gotDescriptor, like(elf.R_AARCH64_ADR_PREL_PG_HI21)},
	elf.R_AARCH64_TLSDESC_LD64_LO12_NC: {gotDescriptor, like(elf.R_AARCH64_LDST64_ABS_LO12_NC)},
	elf.R_AARCH64_TLSDESC_ADD_LO12_NC:  {gotDescriptor, like(elf.R_AARCH64_ADD_ABS_LO12_NC)},
	rTLSDescAdrPrel21:                  {gotDescriptor, like(elf.R_AARCH64_ADR_PREL_LO21)},
	rTLSDescLDPrel19:                   {gotDescriptor, like(elf.R_AARCH64_LD_PREL_LO19)},
	rTLSDescCall:                       {gotDescriptor, marks},

	// The large code model has offsets from the table itself.
	rMovwGotOffG0:                           {gotAddress, fromGOT(elf.R_AARCH64_MOVW_SABS_G0)},
	rMovwGotOffG0NC:                         {gotAddress, fromGOT(elf.R_AARCH64_MOVW_UABS_G0_NC)},
	rMovwGotOffG1:                           {gotAddress, fromGOT(elf.R_AARCH64_MOVW_SABS_G1)},
	rMovwGotOffG1NC:                         {gotAddress, fromGOT(elf.R_AARCH64_MOVW_UABS_G1_NC)},
	rMovwGotOffG2:                           {gotAddress, fromGOT(elf.R_AARCH64_MOVW_SABS_G2)},
	rMovwGotOffG2NC:                         {gotAddress, fromGOT(elf.R_AARCH64_MOVW_UABS_G2_NC)},
	rMovwGotOffG3:                           {gotAddress, fromGOT(elf.R_AARCH64_MOVW_UABS_G3)},
	rTLSGDMovwG1:                            {gotModule, fromGOT(elf.R_AARCH64_MOVW_SABS_G1)},
	rTLSGDMovwG0NC:                          {gotModule, fromGOT(elf.R_AARCH64_MOVW_UABS_G0_NC)},
	elf.R_AARCH64_TLSIE_MOVW_GOTTPREL_G1:    {gotTPOffset, fromGOT(elf.R_AARCH64_MOVW_SABS_G1)},
	elf.R_AARCH64_TLSIE_MOVW_GOTTPREL_G0_NC: {gotTPOffset, fromGOT(elf.R_AARCH64_MOVW_UABS_G0_NC)},
	elf.R_AARCH64_TLSDESC_OFF_G1:            {gotDescriptor, fromGOT(elf.R_AARCH64_MOVW_SABS_G1)},
	elf.R_AARCH64_TLSDESC_OFF_G0_NC:         {gotDescriptor, fromGOT(elf.R_AARCH64_MOVW_UABS_G0_NC)},
	elf.R_AARCH64_TLSDESC_LDR:               {gotDescriptor, marks}, // for linkers that relax
	elf.R_AARCH64_TLSDESC_ADD:               {gotDescriptor, marks},

	elf.R_AARCH64_TLSLE_MOVW_TPREL_G2:     {tlsOffset, like(elf.R_AARCH64_MOVW_SABS_G2)},
	elf.R_AARCH64_TLSLE_MOVW_TPREL_G1:     {tlsOffset, like(elf.R_AARCH64_MOVW_SABS_G1)},
	elf.R_AARCH64_TLSLE_MOVW_TPREL_G1_NC:  {tlsOffset, like(elf.R_AARCH64_MOVW_UABS_G1_NC)},
	elf.R_AARCH64_TLSLE_MOVW_TPREL_G0:     {tlsOffset, like(elf.R_AARCH64_MOVW_SABS_G0)},
	elf.R_AARCH64_TLSLE_MOVW_TPREL_G0_NC:  {tlsOffset, like(elf.R_AARCH64_MOVW_UABS_G0_NC)},
	elf.R_AARCH64_TLSLE_ADD_TPREL_HI12:    {tlsOffset, high12},
	elf.R_AARCH64_TLSLE_ADD_TPREL_LO12:    {tlsOffset, low12(0, true)},
	elf.R_AARCH64_TLSLE_ADD_TPREL_LO12_NC: {tlsOffset, low12(0, false)},
	rTLSLELdst128:                         {tlsOffset, low12(4, true)},
	rTLSLELdst128NC:                       {tlsOffset, low12(4, false)},
	rTLSLDAddHI12:                         {tlsInModule, high12},
	rTLSLDAddLO12:                         {tlsInModule, low12(0, true)},
	rTLSLDAddDLO12NC:                      {tlsInModule, low12(0, false)},
}

func init() {
	for i := range 8 { // loads and stores of 8 to 64 bits, each with and without a check
		access := low12(i/2, i%2 == 0)
		uses[rTLSLELdst8+elf.R_AARCH64(i)] = use{tlsOffset, access}
		uses[rTLSLDLdst8+elf.R_AARCH64(i)] = use{tlsInModule, access}
	}
}

func high12(place []byte, x, _, _ uint64) error {
	if x >= 1<<24 {
		return outOfRange(x)
	}
	return putField(place, uint32(x>>12)<<10, 0xfff<<10)
}

func low12(scale int, checked bool) func(place []byte, x, p, got uint64) error {
	return func(place []byte, x, _, _ uint64) error {
		if checked && x >= 1<<12 {
			return outOfRange(x)
		}
		return putLow12(place, x, scale)
	}
}

// putLow15 stores an offset of up to 15 bits, in units of 8 bytes, as the immediate of a load.
func putLow15(place []byte, x uint64) error {
	if x >= 1<<15 || x%8 != 0 {
		return outOfRange(x)
	}
	return putField(place, uint32(x>>3)<<10, 0xfff<<10)
}
