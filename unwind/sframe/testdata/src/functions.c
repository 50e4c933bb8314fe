// Functions whose frames differ: a leaf, a frame record with and without locals, frames whose offsets need 1, 2 and 4
// bytes, an early return, alloca, and a function too long for 1-byte row starts.

extern int callee(int, const void *);

int leaf(int a) { return a * 3 + 1; }

int record(int a) { return callee(a, 0) + 1; }

int locals(int a)
{
	int v[20];

	for (int i = 0; i < 20; i++)
		v[i] = a + i;
	return callee(a, v) + v[a];
}

int large(int a)
{
	char v[3000];

	return callee(a, v) + v[a];
}

int huge(int a)
{
	char v[100000];

	return callee(a, v) + v[a];
}

int early(int a)
{
	if (a < 0)
		return -1;
	return callee(a, 0) + callee(a + 1, 0);
}

int dynamic(int n)
{
	char *p = __builtin_alloca(n);

	return callee(n, p) + *p;
}

#define TEN(x) x x x x x x x x x x
int longer(int a)
{
	TEN(a += callee(a, 0); a ^= callee(a, &a); a -= callee(3, 0);)
	return a;
}
