// SPDX-License-Identifier: GPL-2.0-only
// Code that no branch leads to: the arms of a switch, and the landing pads of exceptions.
extern void done(int *), other(int);
extern int get(int);

// The clean-up is a landing pad: an exception that leaves get() goes on there.
int cleans(int a)
{
	__attribute__((cleanup(done))) int x = a;

	for (int i = 0; i < a; i++)
		x += get(x);
	return x;
}

// A switch inside of the frame, with arms that call, and one after the frame is gone.
int chooses(int a, int b)
{
	switch (a) {
	case 0: other(1); break;
	case 1: other(b); return b;
	case 2: get(b); b += 2; break;
	case 3: return get(a) + b;
	case 4: other(3); other(a);
	case 5: b ^= 1; break;
	case 7: other(get(b)); break;
	case 9: return 9 * get(7);
	case 10: b = get(b) * 3; break;
	case 11: other(b + 1); b -= 3; break;
	case 12: b = get(b + 7); break;
	}
	other(b);
	return a + b;
}
