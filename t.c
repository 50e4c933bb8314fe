static __thread int own = 42; int counter=5; __thread int z; extern int out __attribute__((weak));
__attribute__((noinline)) int leafy(int a){ own+=a; z+=own; return own+z; }
int go(int a){ counter+=leafy(a); return counter+leafy(1); }
