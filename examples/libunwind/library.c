// SPDX-License-Identifier: GPL-2.0-only
//go:build libunwind

#include "library.h"

#include <stdlib.h>
#include <string.h>

/* Exported by the library, but declared in none of its headers. perf declares them itself, too. */
int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t, unw_word_t ip, unw_dyn_info_t *, unw_proc_info_t *,
				       int need_unwind_info, void *arg);
void UNW_OBJ(dwarf_put_unwind_info)(unw_addr_space_t, unw_proc_info_t *, void *arg);

#define TABLE_ADDR (1ull << 48) /* an address that is neither a program's nor a kernel's */

struct area {
	struct area *next;
	uint64_t addr, size;
	char data[];
};

static struct area *areas;
static unw_dyn_info_t table; /* of the image; without one, its length is 0 */

/* find returns where size bytes at an address are kept, or NULL. */
static char *find(uint64_t addr, size_t size)
{
	for (struct area *a = areas; a; a = a->next)
		if (addr - a->addr < a->size && size <= a->size - (addr - a->addr))
			return a->data + (addr - a->addr);
	return NULL;
}

void set_memory(uint64_t addr, const void *data, size_t size)
{
	char *kept = find(addr, size);

	if (!kept) {
		struct area *a = malloc(sizeof(*a) + size);

		if (!a)
			abort();
		*a = (struct area){ .next = areas, .addr = addr, .size = size };
		areas = a;
		kept = a->data;
	}
	memcpy(kept, data, size);
}

/* The library reads the table as it reads memory. In the format that says "a table in this process" it takes it for one of
 * .debug_frame. */
void set_table(uint64_t section, const void *pairs, size_t n, uint64_t end)
{
	size_t size = n * 2 * sizeof(int32_t);

	set_memory(TABLE_ADDR, pairs, size);
	table = (unw_dyn_info_t){
		.start_ip = section + *(const int32_t *)pairs,
		.end_ip = end,
		.format = UNW_INFO_FORMAT_REMOTE_TABLE,
		.u.rti = { .segbase = section, .table_len = size / sizeof(unw_word_t), .table_data = TABLE_ADDR },
	};
}

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *info, int need, void *arg)
{
	if (ip < table.start_ip || ip >= table.end_ip)
		return -UNW_ENOINFO;
	return UNW_OBJ(dwarf_search_unwind_table)(as, ip, &table, info, need, arg);
}

static int no_list(unw_addr_space_t as, unw_word_t *list, void *arg)
{
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *word, int write, void *arg)
{
	const char *kept = find(addr, sizeof(*word));

	if (write || !kept)
		return -UNW_EINVAL;
	memcpy(word, kept, sizeof(*word));
	return 0;
}

static uint64_t regs[UNW_AARCH64_PC + 1]; /* X0 … X30, SP, PC */
static unw_cursor_t cursor;

static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *word, int write, void *arg)
{
	if (write || reg < UNW_AARCH64_X0 || reg > UNW_AARCH64_PC)
		return -UNW_EBADREG;
	*word = regs[reg];
	return 0;
}

static int no_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value, int write, void *arg)
{
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t as, unw_word_t addr, char *name, size_t size, unw_word_t *offset, void *arg)
{
	return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
	.find_proc_info = find_proc_info,
	.put_unwind_info = UNW_OBJ(dwarf_put_unwind_info),
	.get_dyn_info_list_addr = no_list,
	.access_mem = access_mem,
	.access_reg = access_reg,
	.access_fpreg = no_fpreg,
	.resume = no_resume,
	.get_proc_name = no_name,
};

int begin(const uint64_t x[31], uint64_t sp, uint64_t pc)
{
	static unw_addr_space_t space;

	if (!space) {
		space = unw_create_addr_space(&accessors, 0);
		if (!space)
			abort();
		unw_set_caching_policy(space, UNW_CACHE_GLOBAL); /* code and tables stay what they are */
	}
	memcpy(regs, x, 31 * sizeof(*regs));
	regs[UNW_AARCH64_SP] = sp;
	regs[UNW_AARCH64_PC] = pc;
	return unw_init_remote(&cursor, space, NULL);
}

int get(struct frame *f)
{
	unw_proc_info_t info;
	int err = unw_get_reg(&cursor, UNW_REG_IP, &f->pc);

	if (!err)
		err = unw_get_reg(&cursor, UNW_REG_SP, &f->sp);
	if (!err)
		err = unw_get_reg(&cursor, UNW_AARCH64_X29, &f->fp);
	f->covered = unw_get_proc_info(&cursor, &info) == 0;
	return err;
}

int step(void)
{
	return unw_step(&cursor);
}
