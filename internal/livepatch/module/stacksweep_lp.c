// SPDX-License-Identifier: GPL-2.0-only
// What is live-patched: lp_outer() calls lp_inner(), which is to be graph-traced, for as long as it is not told to stop.
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#define OWN_FUNCTION noinline __attribute__((__noclone__))

static int every = 4096; // calls of lp_inner() to each of lp_helper()
module_param(every, int, 0400);

static int stop_asked;
static int old_outer_runs;          // lp_outer() as it was before the patch has not returned
static unsigned long helper_calls;  // of lp_helper() as it was
unsigned long lp_mixed_calls;       // of the new lp_helper() by the old lp_outer()
EXPORT_SYMBOL_GPL(lp_mixed_calls);

int lp_inner(int n);
int lp_helper(int caller);
void lp_outer(void);

OWN_FUNCTION int lp_inner(int n)
{
	barrier();
	return n + 1;
}

// caller is the version of lp_outer() that calls.
OWN_FUNCTION int lp_helper(int caller)
{
	WRITE_ONCE(helper_calls, helper_calls + 1);
	return caller;
}

OWN_FUNCTION void lp_outer(void)
{
	int n = 0;

	WRITE_ONCE(old_outer_runs, 1);
	while (!READ_ONCE(stop_asked)) {
		n = lp_inner(n);
		if (n % every == 0)
			lp_helper(1);
	}
	WRITE_ONCE(old_outer_runs, 0);
}

static ssize_t lp_write(struct file *file, const char __user *text, size_t size, loff_t *pos)
{
	char what;

	if (size == 0 || get_user(what, text))
		return -EFAULT;
	if (what == 's') {
		WRITE_ONCE(stop_asked, 1);
		return size;
	}
	pr_err("lp: task %px\n", current);
	lp_outer();
	return size;
}

static int lp_show(struct seq_file *m, void *data)
{
	seq_printf(m, "old lp_outer runs: %d, calls of the new lp_helper by it: %lu\n", READ_ONCE(old_outer_runs), READ_ONCE(lp_mixed_calls));
	return 0;
}

static int lp_open(struct inode *inode, struct file *file) { return single_open(file, lp_show, NULL); }

static const struct proc_ops lp_ops = {
	.proc_open = lp_open,
	.proc_read = seq_read,
	.proc_write = lp_write,
	.proc_release = single_release,
};

static int __init lp_init(void)
{
	return proc_create("stacksweep_lp", 0600, NULL, &lp_ops) ? 0 : -ENOMEM;
}

static void __exit lp_exit(void) { remove_proc_entry("stacksweep_lp", NULL); }

module_init(lp_init);
module_exit(lp_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("stacksweep: functions to be live-patched");
