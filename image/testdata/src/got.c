// SPDX-License-Identifier: GPL-2.0-only
// What a file compiled by a distribution's default gcc refers to: a global offset table, thread-local storage, an IFUNC.
extern int counter;
extern __thread int outside;
extern void absent(void) __attribute__((weak));
static __thread int own = 42;
__thread int zero;

int use(int a) { counter += a; return counter; }
int tls(int a) { own += a; zero += own; return outside + zero; }
int weak(void) { if (absent) absent(); return 3; }
int plain(int a) { return a + 1; }

static int impl(int x) { return x * 2; }
int (*resolve(void))(int) { return impl; }
int twice(int x) __attribute__((ifunc("resolve")));
int four(int x) { return twice(x) * 2; }
