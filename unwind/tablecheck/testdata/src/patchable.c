/* Functions as the kernel's compiler makes them: each begins with two NOPs for ftrace. */
int leaf(int x) { return 3 * x; }

__attribute__((noinline)) int framed(int *p)
{
	*p += 1;
	return leaf(*p) + *p;
}

int loop(int *p, int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += framed(p + i);
	return sum;
}
