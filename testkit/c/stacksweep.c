// SPDX-License-Identifier: GPL-2.0-only

#include "stacksweep.h"
#include "sha256.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_MEMORY = 5, KIND_POINT, KIND_END };
enum { HEADER = 16, RECORD = 8, POINT = 320, SUM = 32 };

struct range {
	uint64_t addr;
	size_t size;
	unsigned char *data;
};

struct ss_memory {
	size_t n;
	struct range *ranges;
};

struct frame {
	uint64_t addr, or;	/* or: the other address by which it may be reported, 0 if there is none */
};

static char error[256];

static int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	return -1;
}

const char *ss_error(void)
{
	return error;
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t le64(const unsigned char *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* The size bytes at addr, or NULL if they don't all lie in one range. */
static unsigned char *at(const struct ss_memory *m, uint64_t addr, size_t size)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct range *r = &m->ranges[i];
		uint64_t off = addr - r->addr;

		if (off < r->size && size <= r->size - off)
			return r->data + off;
	}
	return NULL;
}

int ss_word(const struct ss_memory *m, uint64_t addr, uint64_t *word)
{
	const unsigned char *p = at(m, addr, 8);

	if (!p)
		return -1;
	*word = le64(p);
	return 0;
}

/* Changes memory, or adds a range where there was none. */
static int set(struct ss_memory *m, uint64_t addr, const unsigned char *data, size_t size)
{
	unsigned char *p = at(m, addr, size);
	struct range *ranges;

	if (p) {
		memcpy(p, data, size);
		return 0;
	}
	ranges = realloc(m->ranges, (m->n + 1) * sizeof(*ranges));
	if (!ranges)
		return fail("out of memory");
	m->ranges = ranges;
	ranges[m->n] = (struct range){ addr, size, malloc(size ? size : 1) };
	if (!ranges[m->n].data)
		return fail("out of memory");
	memcpy(ranges[m->n++].data, data, size);
	return 0;
}

static int is(const struct frame *f, uint64_t addr)
{
	return addr == f->addr || (f->or && addr == f->or);
}

/* How a walk that claims to be reliable relates to the truth. */
static enum ss_verdict compare(const uint64_t *got, size_t ngot, const struct frame *truth, size_t ntruth)
{
	size_t same = 0, found = 0, used = 0;

	while (same < ngot && same < ntruth && is(&truth[same], got[same]))
		same++;
	if (same == ngot && same == ntruth)
		return SS_EXACT;
	for (size_t i = 0; i < ngot; i++)
		if (found < ntruth && is(&truth[found], got[i]))
			found++;
	if (found == ntruth)
		return SS_GHOST;
	for (size_t i = 0; i < ntruth; i++)
		if (used < ngot && is(&truth[i], got[used]))
			used++;
	return used == ngot ? SS_OMITTED : SS_WRONG;
}

static int judge_point(const unsigned char *b, size_t size, const struct ss_memory *m, ss_unwind *unwind,
		       struct ss_report *r)
{
	static uint64_t frames[SS_MAX_FRAMES + 1];
	static struct ss_stack stacks[16];
	static struct frame truth[SS_MAX_FRAMES];
	struct ss_point p = { .memory = m, .stacks = stacks };
	uint64_t ntruth, nframes = SS_MAX_FRAMES, *got = frames + 1;
	enum ss_verdict v = SS_REFUSED;

	if (size < POINT)
		return fail("a point of %zu bytes", size);
	p.nstacks = le32(b + 312);
	ntruth = le32(b + 316);
	if (p.nstacks > 16 || ntruth > SS_MAX_FRAMES || size != POINT + 16 * (p.nstacks + ntruth))
		return fail("a point of %zu bytes whose lists don't fit", size);
	p.step = le64(b);
	p.mode = le32(b + 8);
	p.task = le64(b + 16);
	p.pt_regs = le64(b + 24);
	p.start_pc = le64(b + 32);
	p.start_fp = le64(b + 40);
	for (int i = 0; i < 31; i++)
		p.x[i] = le64(b + 48 + 8 * i);
	p.sp = le64(b + 296);
	p.pc = le64(b + 304);
	b += POINT;
	for (size_t i = 0; i < p.nstacks; i++, b += 16)
		stacks[i] = (struct ss_stack){ le64(b), le64(b + 8) };
	for (size_t i = 0; i < ntruth; i++, b += 16)
		truth[i] = (struct frame){ le64(b), le64(b + 8) };

	if (unwind(&p, got, &nframes)) {
		if (nframes > SS_MAX_FRAMES)
			return fail("the unwinder says that it found %llu frames", (unsigned long long)nframes);
		if (p.mode >= SS_IRQ && (!nframes || got[0] != p.start_pc)) {
			*--got = p.start_pc;
			nframes++;
		}
		v = compare(got, nframes, truth, ntruth);
	}
	if (!r->count[v]++) {
		r->first_mode[v] = p.mode;
		r->first_step[v] = p.step;
	}
	return 0;
}

/* Goes through the records up to the last one. Returns its offset, or 0. */
static size_t find_end(const unsigned char *data, size_t size)
{
	for (size_t off = HEADER; off + RECORD <= size;) {
		size_t payload = le32(data + off + 4), whole = (payload + 7) / 8 * 8;

		if (whole > size - off - RECORD)
			return 0;
		if (le32(data + off) == KIND_END)
			return off + RECORD + whole == size && payload == 8 + SUM ? off : 0;
		off += RECORD + whole;
	}
	return 0;
}

static int check(const unsigned char *data, size_t size, size_t *end)
{
	unsigned char sum[SUM];

	if (size < HEADER || memcmp(data, "SSVECTOR", 8))
		return fail("not a file of test vectors");
	if (le32(data + 8) != 1)
		return fail("version %u, where this reader knows 1", le32(data + 8));
	*end = find_end(data, size);
	if (!*end)
		return fail("damaged file");
	ss_sha256(data, *end, sum);
	if (memcmp(sum, data + *end + RECORD + 8, SUM))
		return fail("the checksum is wrong");
	return 0;
}

static int judge(const unsigned char *data, size_t end, struct ss_memory *m, ss_unwind *unwind, struct ss_report *r)
{
	for (size_t off = HEADER; off < end;) {
		const unsigned char *payload = data + off + RECORD;
		size_t size = le32(data + off + 4);
		int err = 0;

		switch (le32(data + off)) {
		case KIND_MEMORY:
			err = size < 8 ? fail("memory without an address") : set(m, le64(payload), payload + 8, size - 8);
			break;
		case KIND_POINT:
			err = judge_point(payload, size, m, unwind, r);
			break;
		}
		if (err)
			return err;
		off += RECORD + (size + 7) / 8 * 8;
	}
	return 0;
}

static unsigned char *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = NULL;
	long n;

	if (f && !fseek(f, 0, SEEK_END) && (n = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
		*size = n;
		data = malloc(n + 1);
		if (data && fread(data, 1, n, f) != *size) {
			free(data);
			data = NULL;
		}
	}
	if (!data)
		fail("%s: %s", path, strerror(errno));
	if (f)
		fclose(f);
	return data;
}

int ss_judge(const char *path, ss_unwind *unwind, struct ss_report *report)
{
	struct ss_memory memory = { 0 };
	size_t size, end;
	unsigned char *data = read_file(path, &size);
	int err = -1;

	if (!data)
		return -1;
	memset(report, 0, sizeof(*report));
	if (!check(data, size, &end))
		err = judge(data, end, &memory, unwind, report);
	for (size_t i = 0; i < memory.n; i++)
		free(memory.ranges[i].data);
	free(memory.ranges);
	free(data);
	return err;
}

void ss_print(FILE *out, const struct ss_report *r)
{
	static const char *const verdicts[] = { "exact", "refused", "ghost", "omitted", "wrong" };
	static const char *const modes[] = { "sync", "blocked", "irq", "nmi" };
	size_t total = 0;

	for (int v = 0; v < SS_VERDICTS; v++)
		total += r->count[v];
	fprintf(out, "%zu points, %zu answered", total, total - r->count[SS_REFUSED]);
	for (int v = 0; v < SS_VERDICTS; v++)
		if (r->count[v])
			fprintf(out, ", %zu %s (first %s@%llu)", r->count[v], verdicts[v],
				modes[r->first_mode[v] & 3], (unsigned long long)r->first_step[v]);
	fprintf(out, "\n");
}
