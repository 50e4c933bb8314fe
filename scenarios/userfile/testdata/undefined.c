/* What the linker would have to find elsewhere. Built like routines.c: undefined.o, undefined.so. */
extern long helper(long);
extern long other(long);
extern long table[];
extern long perhaps(long) __attribute__((weak));

long call_helper(long n)
{
	return helper(n) + other(n) + 1;
}

long read_table(void)
{
	return table[0];
}

long call_perhaps(long n)
{
	return perhaps(n) + 1; /* it is not defined: the call does nothing */
}

/* The stack protector's own word isn't anyone's to define. */
extern unsigned long __stack_chk_guard;

unsigned long guard(void)
{
	return __stack_chk_guard;
}
