// SPDX-License-Identifier: GPL-2.0-only
// What is stepped: work(n) goes down seven calls, and there makes n calls, each of which makes one.

__attribute__((noinline)) static unsigned long leaf(unsigned long n)
{
	return n * 3 + 1;
}

__attribute__((noinline)) static unsigned long twice(unsigned long n)
{
	return leaf(n) + leaf(n + 1);
}

__attribute__((noinline)) static unsigned long down(unsigned long depth, unsigned long n)
{
	unsigned long i, sum = 0;

	if (depth)
		return down(depth - 1, n) + depth;
	for (i = 0; i < n; i++)
		sum += twice(i);
	return sum;
}

unsigned long work(unsigned long n)
{
	return down(6, n) + 1;
}
