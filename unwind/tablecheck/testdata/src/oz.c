// SPDX-License-Identifier: GPL-2.0-only
// A function with a frame, for a compiler that describes no epilogues.
extern int more(int, int *);

int framed(int n, int m)
{
	int a[8];
	int r = more(n, a);
	return more(r + m, a) + a[3] + n;
}
