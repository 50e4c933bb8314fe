// SPDX-License-Identifier: GPL-2.0-only
/* Callers of the memory routines. What a routine does in leaf_page its plain version does in leaf_twin, byte by byte,
 * and then the two pages must be the same, a little around the destination included. */
#include "leaf.h"

struct move {
	u16 to, from, size;
};

static noinline void plain_memmove(volatile u8 *to, const volatile u8 *from, u64 n)
{
	u64 i;

	if (to < from)
		for (i = 0; i < n; i++)
			to[i] = from[i];
	else
		for (i = n; i > 0; i--)
			to[i - 1] = from[i - 1];
}

static const struct move memcpy_cases[] = {
	{ 16, 1001, 0 }, { 17, 1011, 1 }, { 19, 1021, 3 }, { 25, 1031, 6 }, { 33, 1043, 13 }, { 49, 1051, 23 },
	{ 81, 1063, 61 }, { 151, 1071, 67 }, { 233, 1085, 140 },
};

static const struct move memmove_cases[] = {
	/* apart; overlapping upwards and downwards, by much and by little */
	{ 17, 1001, 31 }, { 300, 311, 95 }, { 411, 400, 95 }, { 500, 501, 33 }, { 601, 600, 32 },
	{ 700, 700, 7 },
};

static void run_moves(u8 *(*move)(u8 *, const u8 *, u64), const struct move *c, u64 n)
{
	for (; n; c++, n--) {
		u8 *end = move(leaf_page + c->to, leaf_page + c->from, c->size);

		plain_memmove(leaf_twin + c->to, leaf_twin + c->from, c->size);
		leaf_right += end == leaf_page + c->to && leaf_twins_equal(c->to - 4, c->to + c->size + 4);
	}
}

noinline void run_memcpy(u8 *(*memcpy)(u8 *, const u8 *, u64))
{
	run_moves(memcpy, memcpy_cases, ARRAY_SIZE(memcpy_cases));
}

noinline void run_memmove(u8 *(*memmove)(u8 *, const u8 *, u64))
{
	run_moves(memmove, memmove_cases, ARRAY_SIZE(memmove_cases));
}

static noinline void plain_memset(volatile u8 *p, u8 byte, u64 n)
{
	for (; n; p++, n--)
		*p = byte;
}

static const struct {
	u16 at, byte, size;
} memset_cases[] = {
	{ 17, 0x5a, 0 }, { 29, 0xa5, 15 }, { 50, 0, 8 }, { 73, 0x33, 45 }, { 131, 0, 21 }, { 201, 0, 215 }, { 512, 0, 129 },
};

noinline void run_memset(u8 *(*memset)(u8 *, int, u64))
{
	u64 i;

	for (i = 0; i < ARRAY_SIZE(memset_cases); i++) {
		u64 at = memset_cases[i].at, size = memset_cases[i].size;
		u8 *start = memset(leaf_page + at, memset_cases[i].byte | 0x100, size);

		plain_memset(leaf_twin + at, memset_cases[i].byte, size);
		leaf_right += start == leaf_page + at && leaf_twins_equal(at - 4, at + size + 4);
	}
}

/* Whole pages are looked at in words, many to a turn of the loop, to save steps. */
static noinline int page_is_zero(const u64 *page)
{
	u64 i, bits = 0;

#pragma GCC unroll 16
	for (i = 0; i < PAGE_SIZE / 8; i++)
		bits |= page[i];
	return bits == 0;
}

static noinline int pages_are_equal(const u64 *a, const u64 *b)
{
	u64 i, bits = 0;

#pragma GCC unroll 16
	for (i = 0; i < PAGE_SIZE / 8; i++)
		bits |= a[i] ^ b[i];
	return bits == 0;
}

noinline void run_clear_page(void (*clear_page)(u8 *, u64))
{
	u64 dczid;

	__asm__("mrs %0, dczid_el0" : "=r"(dczid));
	clear_page(leaf_page, dczid);
	leaf_right += page_is_zero((u64 *)leaf_page) && leaf_twin[0] != 0;
	clear_page(leaf_twin, dczid | 1 << 4);
	leaf_right += page_is_zero((u64 *)leaf_twin);
}

/* Bytes are changed so that the page doesn't repeat after 256 as it does at first: every block of the routine must go
 * to its own place. */
noinline void run_copy_page(void (*copy_page)(u8 *, const u8 *))
{
	u64 i;

	for (i = 0; i < PAGE_SIZE; i += 128)
		leaf_page[i + (i >> 7)] = i >> 7;
	copy_page(leaf_text, leaf_page);
	leaf_right += pages_are_equal((u64 *)leaf_text, (u64 *)leaf_page);
}

static noinline int plain_memcmp(const volatile u8 *a, const volatile u8 *b, u64 n)
{
	for (; n; a++, b++, n--)
		if (*a != *b)
			return *a < *b ? -1 : 1;
	return 0;
}

static const struct {
	u16 at, size;
	u16 change[2]; /* bytes of the first page that are changed, by what */
	u8 by;
} memcmp_cases[] = {
	{ 9, 0, { 9, 8 }, 0x80 },
	{ 9, 3, { 11, 12 }, 0x80 }, { 9, 3, { 12, 8 }, 0x80 },
	{ 9, 6, { 14, 15 }, 0x01 }, { 9, 7, { 10, 15 }, 0x40 }, { 9, 7, { 16, 8 }, 0x80 },
	{ 9, 13, { 14, 19 }, 0x80 }, { 9, 13, { 20, 21 }, 0x10 }, { 9, 13, { 22, 8 }, 0x80 },
	{ 9, 39, { 45, 47 }, 0x80 }, { 9, 48, { 39, 55 }, 0x04 }, { 9, 39, { 22, 24 }, 0x80 }, { 9, 32, { 41, 8 }, 0x80 },
	{ 9, 39, { 48, 8 }, 0x80 }, { 9, 39, { 10, 20 }, 0x80 }, { 9, 39, { 20, 30 }, 0x02 },
};

noinline void run_memcmp(int (*memcmp)(const u8 *, const u8 *, u64))
{
	u64 i, j;

	for (i = 0; i < ARRAY_SIZE(memcmp_cases); i++) {
		u64 at = memcmp_cases[i].at, size = memcmp_cases[i].size;

		for (j = 0; j < 2; j++)
			leaf_page[memcmp_cases[i].change[j]] ^= memcmp_cases[i].by;
		leaf_right += memcmp(leaf_page + at, leaf_twin + at, size) ==
			      plain_memcmp(leaf_page + at, leaf_twin + at, size);
		for (j = 0; j < 2; j++)
			leaf_page[memcmp_cases[i].change[j]] ^= memcmp_cases[i].by;
	}
}

static const struct {
	u16 from, size;
	u16 room; /* bytes at the destination that can be written */
} user_cases[] = {
	{ 1001, 47, 47 }, { 1101, 47, 200 }, { 1201, 32, 21 }, { 1301, 32, 29 }, { 1401, 30, 19 }, { 1501, 7, 2 },
	{ 1601, 2, 1 }, { 1701, 1, 0 }, { 1801, 0, 0 },
};

/* The first page of user memory can be written, the one after it can't. */
noinline void run_copy_to_user(u64 (*copy_to_user)(u8 *, const u8 *, u64))
{
	u64 i, n;

	for (i = 0; i < ARRAY_SIZE(user_cases); i++) {
		const u8 *from = leaf_page + user_cases[i].from;
		u64 size = user_cases[i].size, room = user_cases[i].room;
		u8 *to = user_memory + PAGE_SIZE - room;
		u64 copied = size < room ? size : room;
		u64 right = copy_to_user(to, from, size) == size - copied;

		for (n = 0; n < copied; n++)
			right &= to[n] == from[n];
		leaf_right += right && (copied == room || !to[copied]);
	}
}

static noinline u32 plain_csum(const volatile u8 *p, u64 n)
{
	u64 sum = 0, i;

	for (i = 0; i < n; i++)
		sum += (u64)p[i] << (i % 2 * 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

struct sum {
	u16 at, size;
};

static const struct sum csum_cases[] = {
	{ 0, 0 }, { 3, 1 }, { 2, 6 }, { 8, 61 }, { 13, 63 }, { 40, 40 }, { 24, 72 }, /* the last two carry */
};

noinline void run_csum(u32 (*csum)(const u8 *, u64))
{
	const struct sum *c;

	for (c = csum_cases; c < csum_cases + ARRAY_SIZE(csum_cases); c++)
		leaf_right += csum(leaf_page + c->at, c->size) == plain_csum(leaf_page + c->at, c->size);
}

/* The polynomial of Ethernet, bits reversed: a bit at a time. */
static noinline u32 plain_crc32(u32 crc, const volatile u8 *p, u64 n)
{
	int bit;

	for (; n; n--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return crc;
}

static const struct sum crc32_cases[] = {
	{ 0, 0 }, { 14, 1 }, { 13, 7 }, { 8, 63 },
};

noinline void run_crc32(u32 (*crc32)(u32, const u8 *, u64))
{
	const struct sum *c;

	for (c = crc32_cases; c < crc32_cases + ARRAY_SIZE(crc32_cases); c++)
		leaf_right += crc32(~0, leaf_page + c->at, c->size) == plain_crc32(~0, leaf_page + c->at, c->size);
}

static noinline void plain_xor(volatile u8 *to, const volatile u8 *from, u64 n)
{
	for (; n; to++, from++, n--)
		*to ^= *from;
}

static const struct move xor_cases[] = {
	{ 16, 1001, 32 }, { 64, 1101, 128 }, { 209, 1201, 80 },
};

noinline void run_xor_neon(void (*xor)(u8 *, const u8 *, u64))
{
	const struct move *c;

	leaf_neon_begin();
	for (c = xor_cases; c < xor_cases + ARRAY_SIZE(xor_cases); c++) {
		xor(leaf_page + c->to, leaf_page + c->from, c->size);
		plain_xor(leaf_twin + c->to, leaf_twin + c->from, c->size);
		leaf_right += leaf_twins_equal(c->to - 4, c->to + c->size + 4);
	}
}
