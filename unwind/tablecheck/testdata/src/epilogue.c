/* Built with gcc 16: see TestEpilogue. The frame record lies above the locals, and the CFA is X29's: the epilogue reloads
 * X29 before SP is moved, and the call frame information goes on to compute the CFA from X29. */
__attribute__((noinline)) long use(long *p, long n) { *p += n; return *p; }

__attribute__((noinline)) long framed(long n, long m)
{
	volatile long local[2] = { n, m };
	long *frame = __builtin_frame_address(0);
	long sum = use((long *)local, n) + use((long *)local + 1, m);
	sum += use((long *)local, sum) + n * m;
	return sum + (frame != 0);
}

__attribute__((noinline)) long caller(long n, long m) { return framed(n, m) + 1; }
__attribute__((noinline)) long outer(long n, long m) { return caller(n, m) + 1; }

unsigned long __stack_chk_guard = 0x1234;
void __stack_chk_fail(void) { for (;;); }
