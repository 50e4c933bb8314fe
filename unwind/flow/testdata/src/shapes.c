// Functions of many shapes, for their call frame information.

extern void use(void *);
extern long other(long);
extern __attribute__((noreturn)) void fails(long);

long leaf(long a) { return a * 3 + 1; }

long leaf_with_locals(long a)
{
	volatile long v[20];
	for (int i = 0; i < 20; i++)
		v[i] = a + i;
	return v[a & 15];
}

long table(long n, long a)
{
	switch (n) {
	case 0: return other(a);
	case 1: return a + other(2);
	case 2: return other(3) * a;
	case 3: return other(4) / (a | 1);
	case 4: return a - 7;
	case 5: return other(other(a));
	case 6: return a ^ other(8);
	case 7: return other(9) << (a & 7);
	}
	return -1;
}

long computed(const unsigned char *p, long a)
{
	static const void *const to[] = { &&add, &&call, &&shift, &&end };
	goto *to[*p++ & 3];
add:
	a += 5;
	goto *to[*p++ & 3];
call:
	a = other(a);
	goto *to[*p++ & 3];
shift:
	a <<= 1;
	goto *to[*p++ & 3];
end:
	return a;
}

long dies_first(long a)
{
	if (a > 100)
		fails(a);
	if (a > 50)
		fails(other(a));
	return a + 1;
}

__attribute__((noreturn)) void dies(long a) { fails(other(a)); }

long dies_indirectly(long a)
{
	if (__builtin_expect(a < 0, 0))
		dies(a);
	return other(a) + other(a + 1);
}

__attribute__((cold, noinline)) static long rare(long a) { return other(a) * 2; }

long has_cold_part(long a)
{
	long b = other(a);
	if (__builtin_expect(b == 3, 0)) {
		rare(b);
		rare(b + 1);
		rare(b + 2);
	}
	return other(b);
}

long tail(long a) { return other(a + 1); }

long shrink_wrapped(long a)
{
	if (a < 10)
		return a;
	long b = other(a);
	return b + other(b);
}

long variable(long n)
{
	long a = other(n);
	for (long i = 0; i < n; i++) {
		char buf[i * 8 + 1];
		use(buf);
		a += buf[0];
	}
	return a;
}

void huge(void)
{
	char buf[1 << 20];
	use(buf);
}

void trap(long a)
{
	if (a)
		__builtin_trap();
	use(0);
}

struct list { struct list *next, *prev; };

long lists(struct list *in)
{
	struct list head = { &head, &head };
	for (struct list *l = in; l != in->prev; l = l->next) {
		l->prev = head.prev;
		head.prev->next = l;
		head.prev = l;
	}
	return other((long)head.next);
}

double vectors(double a, double b)
{
	return a * other(1) + b * other(2) - (double)other((long)a);
}
