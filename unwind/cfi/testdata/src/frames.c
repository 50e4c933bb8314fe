// Functions whose frames compilers lay out in different ways.

#ifdef DEBUG_FRAME
__asm__(".cfi_sections .debug_frame");
#endif

extern void use(void *);
extern long other(long);

long leaf(long a) { return a + 1; }

long call(long a) { return other(a) + 1; }

void variable(unsigned long n) { use(__builtin_alloca(n)); }

void large(void)
{
	char buf[100000];
	use(buf);
}

long wrapped(long a, long b)
{
	if (a < 3)
		return b;
	long r = other(a), s = other(b);
	return r * s + other(r);
}

// Saves every register that a function must preserve, and returns in several places.
long many(long *p, long n)
{
	long a = p[0], b = p[1], c = p[2], d = p[3], e = p[4], f = p[5], g = p[6], h = p[7], i = p[8];
	for (long j = 0; j < n; j++) {
		if (other(j) > a)
			return b + c;
		if (other(a) > b)
			return c * d;
		a += b, b += c, c += d, d += e, e += f, f += g, g += h, h += i, i += other(i);
	}
	return a + b + c + d + e + f + g + h + i;
}

double vectors(double a, double b) { return a * other(1) + b * other(2); }

__attribute__((noreturn)) void forever(void)
{
	for (;;)
		use(0);
}

// Nine and more arguments: some are passed on the stack.
extern long sum(long, long, long, long, long, long, long, long, long, long);
long arguments(long a) { return sum(a, 2, 3, 4, 5, 6, 7, 8, other(9), 10); }
