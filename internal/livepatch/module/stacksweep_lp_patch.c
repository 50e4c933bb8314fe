// SPDX-License-Identifier: GPL-2.0-only
// The live patch: both functions change together, so that an lp_outer() and an lp_helper() of different versions must never
// meet.
#include <linux/livepatch.h>
#include <linux/module.h>

extern unsigned long lp_mixed_calls;

static int new_lp_helper(int caller)
{
	if (caller != 2)
		WRITE_ONCE(lp_mixed_calls, lp_mixed_calls + 1);
	return caller;
}

static void new_lp_outer(void)
{
	new_lp_helper(2);
}

static struct klp_func functions[] = {
	{ .old_name = "lp_outer", .new_func = new_lp_outer },
	{ .old_name = "lp_helper", .new_func = new_lp_helper },
	{ }
};

static struct klp_object objects[] = {
	{ .name = "stacksweep_lp", .funcs = functions },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init patch_init(void) { return klp_enable_patch(&patch); }

static void __exit patch_exit(void) { }

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("stacksweep: a live patch");
MODULE_INFO(livepatch, "Y");
