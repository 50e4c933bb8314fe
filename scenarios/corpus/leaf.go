// SPDX-License-Identifier: GPL-2.0-only

package corpus

// A leafRoutine is a routine of the corpus with the C function that calls it, run_NAME, and checks its results.
type leafRoutine struct {
	name  string
	doc   string
	right uint64 // how many results are checked, all of which must be right
}

// leafRoutines never move SP or X29 and keep their return address in X30.
var leafRoutines = []leafRoutine{
	{"strlen", "length of a string, a word at a time", 32},
	{"strnlen", "length of a string up to a limit, aligned pairs of words", 12},
	{"strcmp", "comparison of strings, alike or skewed in their words, up to the end of a page", 10},
	{"strncmp", "comparison of strings up to a limit", 10},
	{"strchr", "first place of a character, a word at a time", 6},
	{"strrchr", "last place of a character, a word at a time", 7},
	{"memchr", "first place of a byte: bytes, pairs of words, bytes", 8},
	{"memcmp", "comparison of memory: unaligned pairs of words, ends that overlap", 16},
	{"memcpy", "copy: from both ends if short, in aligned blocks of 64 bytes if long", 9},
	{"memmove", "copy of what may overlap, upwards and downwards", 6},
	{"memset", "fill; zero by DC ZVA where there is room for a block", 7},
	{"clear_page", "zero a page, by DC ZVA and by non-temporal stores", 2},
	{"copy_page", "copy a page, loads one block ahead of the non-temporal stores", 1},
	{"copy_to_user", "unprivileged stores, with a fix-up for those that fault", 9},
	{"csum", "Internet checksum, with any alignment", 7},
	{"crc32", "CRC-32 by the CPU's instructions", 4},
	{"xor_neon", "XOR of buffers in SIMD registers", 3},
	{"aes_ecb", "AES by the CPU's instructions, two blocks at a time", 3},
}

// framedRoutines push a frame and call a helper.
var framedRoutines = []leafRoutine{
	{"aes_ctr", "AES counter mode; frame with six saved registers", 2},
	{"aes_xts", "AES-XTS; frame with local data", 2},
	{"ghash", "GHASH by polynomial multiplication; frame with two saved registers", 1},
}

var leafVariants = []variant{
	{name: "annotated", doc: "with a leaf annotation"},
	{name: "bare", doc: "without unwind information, as the kernel has it"},
}

var framedVariants = []variant{
	{name: "wrong", doc: "with a leaf annotation, in spite of the frame"},
	{name: "right", doc: "with the frame described"},
	{name: "bare", doc: "without unwind information, as the kernel has it"},
}

var leafScenarios = append(
	leafFamily(leafRoutines, leafVariants),
	leafFamily(framedRoutines, framedVariants)...)

// leafFamily makes a scenario of each routine: the function NAME_VARIANT is handed to run_NAME.
func leafFamily(routines []leafRoutine, variants []variant) []template {
	var all []template
	for _, r := range routines {
		s := template{
			name: "leaf/" + r.name,
			doc:  r.doc,
			spec: spec{
				entry:  "run_" + r.name,
				checks: []check{{"leaf_right", r.right}},
				faults: r.name == "copy_to_user",
			},
		}
		for _, v := range variants {
			v.args = []string{r.name + "_" + v.name}
			s.variants = append(s.variants, v)
		}
		all = append(all, s)
	}
	return all
}
