// SPDX-License-Identifier: GPL-2.0-only
// A live patch that is there already: it replaces lp_inner() by a function that sleeps.
#include <linux/delay.h>
#include <linux/livepatch.h>
#include <linux/module.h>

static noinline int new_lp_inner(int n)
{
	msleep(20);
	return n + 1;
}

static struct klp_func functions[] = {
	{ .old_name = "lp_inner", .new_func = new_lp_inner },
	{ }
};

static struct klp_object objects[] = {
	{ .name = "stacksweep_lp", .funcs = functions },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init inner_init(void) { return klp_enable_patch(&patch); }

static void __exit inner_exit(void) { }

module_init(inner_init);
module_exit(inner_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("stacksweep: a live patch of a function that is called all the time");
MODULE_INFO(livepatch, "Y");
