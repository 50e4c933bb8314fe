/* A little of everything that a linked file can have. */
int zeros[1000];
int counter = 3;
static int hidden[16] = { 1, 2, 3 };
static int *const where[] = {
	&counter, zeros, zeros + 10, hidden, hidden + 1, hidden + 2, hidden + 3, hidden + 4, hidden + 5, hidden + 6,
};

__attribute__((noinline)) int add(int *p, int n)
{
	return *p += n;
}

static __attribute__((noinline)) int each(int n)
{
	for (unsigned i = 0; i < sizeof(where) / sizeof(*where); i++)
		n = add(where[i], n);
	return n;
}

int entry(int n)
{
	return each(n) + counter;
}
