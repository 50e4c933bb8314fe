/* Code as a user might have it. "go test ./scenarios -run TestUserFiles -update" builds routines.o and routines.so. */
unsigned long counter = 1;

/* A leaf in a section of its own, which shares a page with .text. */
__attribute__((noinline, section(".text.leaf"))) static long length(const char *s)
{
	long n = 0;
	while (s[n])
		n++;
	return n;
}

__attribute__((noinline)) long twice(const char *s)
{
	counter++;
	return length(s) + length(s + 1);
}

/* Eight arguments, the last of which is a function. */
long apply(long a, long b, long c, long d, char *to, const char *from, unsigned long *total, long (*f)(const char *))
{
	char *p = to;
	while ((*p++ = *from++))
		*total += a + 2 * b + 3 * c + 4 * d;
	return f(to);
}

/* A name that the corpus has too. */
long start(void)
{
	return counter;
}

long trap(void)
{
	__builtin_trap();
}

long forever(void)
{
	for (;;)
		counter++;
}

long read_word(long *p)
{
	return *p;
}
