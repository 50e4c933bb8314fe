/* Callers of the string routines: every alignment, and lengths around the word size. */
#include "types.h"

u8 strings_buffer[256] __attribute__((aligned(64)));
u64 strings_total;

noinline void run_strlen(u64 (*strlen)(const u8 *s))
{
	u64 start, len, i;

	for (start = 0; start < 8; start++)
		for (len = 0; len < 20; len += 3) {
			for (i = 0; i < len; i++)
				strings_buffer[start + i] = 'a';
			strings_buffer[start + len] = 0;
			strings_total += strlen(strings_buffer + start) == len;
		}
}
