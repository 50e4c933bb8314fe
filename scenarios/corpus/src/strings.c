// SPDX-License-Identifier: GPL-2.0-only
/* Callers of the string routines. Each compares every result with that of a plain version, which reads byte by byte;
 * volatile keeps the compiler from making anything cleverer of it. The cases of a routine reach all of its
 * instructions. */
#include "leaf.h"

/* A byte that is put into the text for one call. Many are decoys, before a string or after its end. */
struct poke {
	u16 at;
	u8 byte;
};

static void poke(const struct poke *p, u64 n)
{
	for (; n; p++, n--)
		leaf_text[p->at] = p->byte;
}

static void unpoke(const struct poke *p, u64 n)
{
	for (; n; p++, n--)
		leaf_text[p->at] = 'a';
}

static noinline u64 plain_strnlen(const volatile u8 *s, u64 limit)
{
	u64 n = 0;

	while (n < limit && s[n])
		n++;
	return n;
}

/* Every place in a word to start at, right after another string, and lengths around a word's size. */
noinline void run_strlen(u64 (*strlen)(const u8 *))
{
	u64 start, len;

	for (start = 8; start < 16; start++) {
		leaf_text[start - 1] = 0;
		for (len = 0; len < 20; len += 5) {
			leaf_text[start + len] = 0;
			leaf_right += strlen(leaf_text + start) == len;
			leaf_text[start + len] = 'a';
		}
		leaf_text[start - 1] = 'a';
	}
}

static const struct {
	u16 start, end;
	u64 limit;
} strnlen_cases[] = {
	{ 16, 21, 100 }, { 19, 20, 100 }, { 25, 28, 100 }, { 19, 27, 100 }, { 17, 62, 100 }, { 30, 33, 100 },
	{ 16, 21, 0 }, { 16, 56, 3 }, { 25, 76, 32 }, { 16, 80, 16 }, { 16, 24, 6 }, { 21, 46, -1 },
};

noinline void run_strnlen(u64 (*strnlen)(const u8 *, u64))
{
	u64 i;

	for (i = 0; i < ARRAY_SIZE(strnlen_cases); i++) {
		const u8 *s = leaf_text + strnlen_cases[i].start;
		struct poke ends[] = { { strnlen_cases[i].start - 1, 0 }, { strnlen_cases[i].end, 0 } };
		u64 limit = strnlen_cases[i].limit;

		poke(ends, 2);
		leaf_right += strnlen(s, limit) == plain_strnlen(s, limit);
		unpoke(ends, 2);
	}
}

static noinline int plain_strncmp(const volatile u8 *a, const volatile u8 *b, u64 limit)
{
	for (; limit; a++, b++, limit--)
		if (*a != *b || !*a)
			return *a - *b;
	return 0;
}

struct compare {
	u16 a, b; /* places in the text */
	u64 limit;
	struct poke poke[3];
};

static const struct compare strcmp_cases[] = {
	/* alike in their words: at a start, inside; equal, different, one shorter */
	{ 8, 1024, -1, { { 29, 0 }, { 1024 + 21, 0 }, { 30, 'b' } } },
	{ 11, 1027, -1, { { 13, 'b' }, { 1030, 0 }, { 10, 'b' } } },
	{ 11, 1027, -1, { { 32, 0 }, { 1060, 0 }, { 1026, 0 } } },
	{ 8, 1024, -1, { { 13, 0xe1 }, { 1029, 0xe1 }, { 1035, 0 } } }, /* not taken for the end */
	/* skewed: bytes decide, words decide */
	{ 8, 1027, -1, { { 13, 0xe1 }, { 1032, 0xe1 }, { 1040, 0 } } },
	{ 5, 1024, -1, { { 6, 'c' }, { 1028, 0 }, { 7, 0 } } },
	{ 6, 1024, -1, { { 26, 'c' }, { 1060, 0 }, { 27, 0 } } },
	{ 8, 1027, -1, { { 20, 0 }, { 1039, 0 }, { 21, 'b' } } },
	/* skewed across the end of a page: its bytes decide, or later ones */
	{ 0, PAGE_SIZE - 13, -1, { { 11, 0 }, { PAGE_SIZE - 2, 0 }, { 12, 'b' } } },
	{ 0, PAGE_SIZE - 13, -1, { { 18, 'b' }, { PAGE_SIZE + 20, 0 }, { 20, 0 } } },
};

static const struct compare strncmp_cases[] = {
	{ 0, 1024, 0, { { 0, 'b' }, { 1024, 0 }, { 1, 0 } } },
	{ 0, 1024, 100, { { 21, 0 }, { 1024 + 21, 0 }, { 22, 'b' } } },
	{ 11, 1027, -1, { { 22, 'b' }, { 1040, 0 }, { 10, 'b' } } },
	/* equal up to the limit; different, but beyond the limit */
	{ 0, 1024, 16, { { 16, 'b' }, { 1050, 0 }, { 20, 0 } } },
	{ 11, 1027, 9, { { 21, 'b' }, { 1050, 0 }, { 1026, 0 } } },
	{ 11, 1027, 6, { { 17, 'b' }, { 1050, 0 }, { 1026, 0 } } },
	{ 0, 1024, 5, { { 4, 'b' }, { 1050, 0 }, { 10, 0 } } },
	/* skewed: equal, different, limited */
	{ 0, 1027, 100, { { 9, 0 }, { 1036, 0 }, { 10, 'b' } } },
	{ 0, 1027, 100, { { 6, 'c' }, { 1036, 0 }, { 7, 0 } } },
	{ 0, 1027, 6, { { 6, 'c' }, { 1036, 0 }, { 7, 0 } } },
};

noinline void run_strcmp(int (*strcmp)(const u8 *, const u8 *))
{
	const struct compare *c;

	for (c = strcmp_cases; c < strcmp_cases + ARRAY_SIZE(strcmp_cases); c++) {
		poke(c->poke, ARRAY_SIZE(c->poke));
		leaf_right += strcmp(leaf_text + c->a, leaf_text + c->b) ==
			      plain_strncmp(leaf_text + c->a, leaf_text + c->b, c->limit);
		unpoke(c->poke, ARRAY_SIZE(c->poke));
	}
}

noinline void run_strncmp(int (*strncmp)(const u8 *, const u8 *, u64))
{
	const struct compare *c;

	for (c = strncmp_cases; c < strncmp_cases + ARRAY_SIZE(strncmp_cases); c++) {
		poke(c->poke, ARRAY_SIZE(c->poke));
		leaf_right += strncmp(leaf_text + c->a, leaf_text + c->b, c->limit) ==
			      plain_strncmp(leaf_text + c->a, leaf_text + c->b, c->limit);
		unpoke(c->poke, ARRAY_SIZE(c->poke));
	}
}

static noinline const u8 *plain_strchr(const volatile u8 *s, u8 c)
{
	for (;; s++) {
		if (*s == c)
			return (const u8 *)s;
		if (!*s)
			return 0;
	}
}

static noinline const u8 *plain_strrchr(const volatile u8 *s, u8 c)
{
	const u8 *last = 0;

	do {
		if (*s == c)
			last = (const u8 *)s;
	} while (*s++);
	return last;
}

static noinline const u8 *plain_memchr(const volatile u8 *s, u8 c, u64 n)
{
	for (; n; s++, n--)
		if (*s == c)
			return (const u8 *)s;
	return 0;
}

struct find {
	u16 start;
	u8 c;
	struct poke poke[3];
	u64 size; /* of memchr */
};

static const struct find strchr_cases[] = {
	{ 0, 'x', { { 2, 'x' }, { 5, 'x' }, { 30, 0 } }, 0 },
	{ 3, 'x', { { 1, 'x' }, { 12, 'x' }, { 30, 0 } }, 0 }, /* one before the string */
	{ 11, 'x', { { 20, 0 }, { 21, 'x' }, { 10, 0 } }, 0 }, /* one after it */
	{ 8, 0, { { 28, 0 }, { 9, 1 }, { 30, 0 } }, 0 },
	{ 5, 'y', { { 20, 'x' }, { 20, 0x80 }, { 30, 0 } }, 0 },
	{ 13, 'x', { { 20, 'x' }, { 12, 0 }, { 30, 0 } }, 0 },
};

static const struct find strrchr_cases[] = {
	{ 0, 'x', { { 2, 'x' }, { 5, 'x' }, { 30, 0 } }, 0 }, /* in a word before the last */
	{ 3, 'x', { { 1, 'x' }, { 12, 'x' }, { 30, 0 } }, 0 },
	{ 11, 'x', { { 17, 'x' }, { 20, 0 }, { 21, 'x' } }, 0 }, /* in the last word, and after the end */
	{ 11, 'x', { { 10, 0 }, { 14, 'x' }, { 20, 0 } }, 0 },
	{ 8, 0, { { 28, 0 }, { 27, 1 }, { 30, 0 } }, 0 },
	{ 5, 'x', { { 20, 'x' ^ 0x80 }, { 21, 'w' }, { 30, 0 } }, 0 }, /* nowhere */
	{ 5, 'x', { { 20, 0x80 }, { 30, 'x' }, { 35, 0 } }, 0 },
};

static const struct find memchr_cases[] = {
	{ 3, 'x', { { 5, 'x' }, { 2, 'x' }, { 30, 'x' } }, 60 }, /* before the first word */
	{ 0, 'x', { { 19, 'x' }, { 3, 'x' ^ 0x81 }, { 12, 'x' ^ 0x81 } }, 60 }, /* in the first word of a pair */
	{ 5, 'x', { { 29, 'x' }, { 30, 'x' }, { 31, 'x' } }, 60 },
	{ 8, 'x', { { 34, 'x' }, { 40, 'x' }, { 41, 'x' } }, 60 }, /* in the second */
	{ 0, 'x', { { 21, 'x' }, { 0, 0 }, { 1, 0 } }, 23 }, /* after the pairs */
	{ 0, 'x', { { 22, 'x' }, { 0, 0 }, { 1, 0 } }, 22 }, /* nowhere */
	{ 3, 'x', { { 6, 'x' }, { 0, 0 }, { 1, 0 } }, 3 },
	{ 0, 'x', { { 0, 'x' }, { 1, 'x' }, { 2, 'x' } }, 0 },
};

/* Of the character only the lowest byte counts. */
#define CHARACTER(c) ((c)->c | 0x100)

noinline void run_strchr(const u8 *(*strchr)(const u8 *, int))
{
	const struct find *c;

	for (c = strchr_cases; c < strchr_cases + ARRAY_SIZE(strchr_cases); c++) {
		poke(c->poke, ARRAY_SIZE(c->poke));
		leaf_right += strchr(leaf_text + c->start, CHARACTER(c)) ==
			      plain_strchr(leaf_text + c->start, c->c);
		unpoke(c->poke, ARRAY_SIZE(c->poke));
	}
}

noinline void run_strrchr(const u8 *(*strrchr)(const u8 *, int))
{
	const struct find *c;

	for (c = strrchr_cases; c < strrchr_cases + ARRAY_SIZE(strrchr_cases); c++) {
		poke(c->poke, ARRAY_SIZE(c->poke));
		leaf_right += strrchr(leaf_text + c->start, CHARACTER(c)) ==
			      plain_strrchr(leaf_text + c->start, c->c);
		unpoke(c->poke, ARRAY_SIZE(c->poke));
	}
}

noinline void run_memchr(const u8 *(*memchr)(const u8 *, int, u64))
{
	const struct find *c;

	for (c = memchr_cases; c < memchr_cases + ARRAY_SIZE(memchr_cases); c++) {
		poke(c->poke, ARRAY_SIZE(c->poke));
		leaf_right += memchr(leaf_text + c->start, CHARACTER(c), c->size) ==
			      plain_memchr(leaf_text + c->start, c->c, c->size);
		unpoke(c->poke, ARRAY_SIZE(c->poke));
	}
}
