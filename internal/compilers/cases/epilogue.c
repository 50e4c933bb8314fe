// SPDX-License-Identifier: GPL-2.0-only
/*
 * Epilogues in which a compiler may go on saying that the frame is found from x29 when x29 is the caller's again.
 * Each function has a frame that is addressed by x29, and differs from the next in one thing.
 */
void use(void *p, long n);
long more(long n);
long twelve(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, long k, long l);

/* Nothing needs x29: the frame is found from sp. */
long array(long n, long a, long b)
{
	char buf[64];

	use(buf, n);
	return more(n) + buf[5] + a + b;
}

/* The frame's address is taken. */
long address(long n, long a, long b)
{
	use(__builtin_frame_address(0), n);
	return more(n) + a + b;
}

/* And there is an array, which a stack protector puts next to its guard, and the frame record below both. */
long address_array(long n, long a, long b)
{
	char buf[64];

	use(__builtin_frame_address(0), n);
	use(buf, n);
	return more(n) + buf[5] + a + b;
}

/* Arguments on the stack lie below the frame record. */
long address_arguments(long n, long a, long b)
{
	use(__builtin_frame_address(0), n);
	return twelve(n, a, b, n, a, b, n, a, b, n, a, b) + more(n) + a + b;
}

/* A frame whose size isn't known. */
long variable(long n, long a, long b)
{
	char *p = __builtin_alloca(n);

	use(p, n);
	return more(n) + p[3] + a + b;
}

long variable_array(long n, long a, long b)
{
	char buf[64], *p = __builtin_alloca(n);

	use(p, n);
	use(buf, n);
	return more(n) + p[3] + buf[5] + a + b;
}
