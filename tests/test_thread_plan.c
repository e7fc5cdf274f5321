/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "harness/exec/thread_plan.h"
#include "harness/model/rules.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program;
static struct thread_plan plan;
static struct rules *rules;

static void make_plan(const char *text)
{
	parse_program_or_exit(&program, text);
	rules_evaluate(rules, &program);
	thread_plan_init(&plan, &program, rules_trace(rules));
}

UNIT_TEST(test_thread_plan)
{
	rules = rules_new();
	make_plan("pagetorture 1\n"
		  "T0: p0 = alloc_page(GFP_KERNEL)\n" /* step 0 */
		  "T1: write_raw(p0, 0, 8, 1)\n"      /* 1 */
		  "T2: write_raw(p0, 0, 8, 1)\n"      /* 2 */
		  "T0: get_page(p0)\n"                /* 3 */
		  "T0: lock(m0)\n"                    /* 4 */
		  "T0: unlock(m0)\n"                  /* 5 */
		  "T1: lock(m0)\n");                  /* 6 */
	ok(plan.steps[1].required_step_plus_1[1] == 1, "a use waits for the allocation");
	ok(plan.steps[2].required_step_plus_1[1] == 1 && !plan.steps[2].required_step_plus_1[2],
	   "two uses do not wait for each other");
	ok(plan.steps[3].required_step_plus_1[2] == 2 && plan.steps[3].required_step_plus_1[3] == 3,
	   "a call that changes the references waits for all uses");
	ok(plan.steps[6].required_step_plus_1[1] == 6, "a lock waits for the earlier unlock");
	ok(plan.first_step[1] == 0 && plan.first_step[2] == 1 && plan.first_step[4] == THREAD_PLAN_NONE,
	   "each thread has its first step");
	make_plan("pagetorture 1\n"
		  "T0: lock(m0)\n"     /* 0 */
		  "T1: lock(m1)\n"     /* 1 */
		  "main: post(s0)\n"   /* 2 */
		  "main: post(s0)\n"   /* 3 */
		  "T1: wait(s0)\n"     /* 4 */
		  "main: post(s0)\n"); /* 5 */
	ok(plan.steps[0].must_signal_main && plan.steps[1].must_signal_main &&
		   plan.steps[2].joined_threads == 6,
	   "a line of main joins all threads that ran");
	ok(!plan.steps[3].joined_threads && plan.steps[5].joined_threads == 4,
	   "a thread is joined once for its steps");
	ok(plan.steps[4].must_wait_for_main && plan.steps[3].released_threads == 4 &&
		   !plan.steps[2].released_threads,
	   "the last line of main before a thread's step releases the thread");
	ok(plan.steps[4].releasing_step == 3, "the step has the line of main that releases it");
	make_plan("pagetorture 1\n"
		  "T0: p0 = alloc_page(GFP_KERNEL)\n" /* 0 */
		  "T0: get_page(p0)\n"                /* 1 */
		  "T0: free_page(p0)\n"               /* 2 */
		  "T1: read_raw(p0, 0, 8)\n"          /* 3 */
		  "T2: free_page(p0)\n");             /* 4 */
	ok(plan.steps[4].page_change_step_plus_1[1] == 3 && !plan.steps[4].page_change_step_plus_1[2],
	   "a free knows the earlier free, not the read");
	ok(plan.steps[4].required_step_plus_1[2] == 4 && !plan.steps[3].page_change_step_plus_1[1],
	   "a free also waits for the read");
	rules_delete(rules);
}
