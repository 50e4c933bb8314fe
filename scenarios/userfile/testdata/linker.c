// SPDX-License-Identifier: GPL-2.0-only
// What only a linker, or a dynamic linker, makes: a global offset table, thread-local storage, common symbols and the
// pointers of IFUNCs.
int counter = 5;
int common[4];
static __thread int own = 42;
__thread int zero;

__attribute__((noinline)) int local(int a)
{
	own += a;
	zero += own;
	return own + zero;
}

int go(int a)
{
	counter += local(a);
	common[2] = counter;
	return common[2] + local(1); // go(1) = 91 + 131
}

static int impl(int x)
{
	volatile int a[4];
	for (int i = 0; i < 4; i++)
		a[i] = x;
	return a[0] + a[3];
}
static int (*resolve(unsigned long hwcap))(int) { return hwcap >> 62 ? impl : 0; }
int twice(int x) __attribute__((ifunc("resolve")));
int four(int x) { return twice(x) * 2; }

int (*pointer(void))(int) { return twice; }
int through(int x) { return pointer()(x); }
