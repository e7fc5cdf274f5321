/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The functions that a generated C file may need. Those that it calls are printed into it. */
#include <string.h>

#include "tool/to_c/to_c_parts.h"

static const char defaults[] =
	"/* Each race, and no word about the order of locks: that is no rule here. */\n"
	"const char *__tsan_default_options(void);\n"
	"const char *__tsan_default_options(void)\n"
	"{\n"
	"	return \"detect_deadlocks=0:report_thread_leaks=0:suppress_equal_stacks=0:\"\n"
	"	       \"suppress_equal_addresses=0:atexit_sleep_ms=0\";\n"
	"}\n";

static const char wrong[] =
	"/* The numbers are lines of the program above, 0 is its end. */\n"
	"static void wrong(int line)\n"
	"{\n"
	"	if (line)\n"
	"		fprintf(stderr, \"line %d: not as expected: \", line);\n"
	"	else\n"
	"		fprintf(stderr, \"at the end: not as expected: \");\n"
	"}\n";

static const char expect[] =
	"static void expect_value(int line, const char *call, long got, long expected)\n"
	"{\n"
	"	if (got == expected)\n"
	"		return;\n"
	"	wrong(line);\n"
	"	fprintf(stderr, \"%s: expected %ld, got %ld\\n\", call, expected, got);\n"
	"	_exit(1);\n"
	"}\n"
	"\n"
	"#define expect(line, call, expected) expect_value(line, #call, call, expected)\n";

static const char expect_byte[] =
	"static void expect_byte(int line, size_t at, unsigned char got, unsigned char expected)\n"
	"{\n"
	"	if (got == expected)\n"
	"		return;\n"
	"	wrong(line);\n"
	"	fprintf(stderr, \"byte %zu: expected 0x%02x, got 0x%02x\\n\", at, expected, got);\n"
	"	_exit(1);\n"
	"}\n";

static const char doomed[] =
	"/* The next call is to end the process; there is something to see even if it does not. */\n"
	"static void doomed(int line, const char *rule)\n"
	"{\n"
	"	fprintf(stderr, \"line %d: %s is expected here\\n\", line, rule);\n"
	"}\n"
	"\n"
	"static void returned(int line)\n"
	"{\n"
	"	fprintf(stderr, \"line %d: the process did not end\\n\", line);\n"
	"	_exit(1);\n"
	"}\n";

static const char pattern[] =
	"static void pattern(void *bytes, size_t len, unsigned char seed)\n"
	"{\n"
	"	for (size_t i = 0; i < len; i++)\n"
	"		((unsigned char *)bytes)[i] = (unsigned char)(seed + i + i / 256);\n"
	"}\n";

static const char expect_pattern[] =
	"static void expect_pattern(int line, const unsigned char *bytes, size_t from, size_t len,\n"
	"			   unsigned char seed)\n"
	"{\n"
	"	for (size_t i = 0; i < len; i++)\n"
	"		expect_byte(line, from + i, bytes[from + i],\n"
	"			    (unsigned char)(seed + i + i / 256));\n"
	"}\n";

static const char expect_all[] =
	"static void expect_all(int line, const unsigned char *bytes, size_t from, size_t len,\n"
	"		       unsigned char value)\n"
	"{\n"
	"	for (size_t i = 0; i < len; i++)\n"
	"		expect_byte(line, from + i, bytes[from + i], value);\n"
	"}\n";

static const char use[] =
	"/* Decides something by each byte: their values are used. */\n"
	"static void use(const unsigned char *bytes, size_t len)\n"
	"{\n"
	"	for (size_t i = 0; i < len; i++)\n"
	"		if (bytes[i] == 0x5c)\n"
	"			__asm__ volatile(\"\");\n"
	"}\n";

static const char seen_page[] =
	"/*\n"
	" * One thread fills the variable, others read it, and what they race on is to be the page:\n"
	" * relaxed, which is no race and orders no threads.\n"
	" */\n"
	"static void show_page(struct page **where, struct page *page)\n"
	"{\n"
	"	__atomic_store_n(where, page, __ATOMIC_RELAXED);\n"
	"}\n"
	"\n"
	"static struct page *seen_page(struct page **where)\n"
	"{\n"
	"	return __atomic_load_n(where, __ATOMIC_RELAXED);\n"
	"}\n";

static const char seen_map[] =
	"/* One thread fills the variable, another reads it: no race, and no order. */\n"
	"static void show_map(unsigned char **where, unsigned char *map)\n"
	"{\n"
	"	__atomic_store_n(where, map, __ATOMIC_RELAXED);\n"
	"}\n"
	"\n"
	"static unsigned char *seen_map(unsigned char **where)\n"
	"{\n"
	"	return __atomic_load_n(where, __ATOMIC_RELAXED);\n"
	"}\n";

static const char user_pattern[] =
	"/* User memory may be written by anyone at any time: that is no race. */\n"
	"static void user_pattern(unsigned char *bytes, size_t len, unsigned char seed)\n"
	"{\n"
	"	for (size_t i = 0; i < len; i++)\n"
	"		__atomic_store_n(&bytes[i], (unsigned char)(seed + i + i / 256),\n"
	"				 __ATOMIC_RELAXED);\n"
	"}\n";

static const char user_memory[] =
	"/* So many bytes that can be read, and then as many as any slice has that cannot. */\n"
	"static unsigned char *user_memory(size_t readable)\n"
	"{\n"
	"	unsigned char *memory = mmap(NULL, 32768, PROT_READ | PROT_WRITE,\n"
	"				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n"
	"\n"
	"	if (memory == MAP_FAILED || mprotect(memory + 16384, 16384, PROT_NONE))\n"
	"		abort();\n"
	"	return memory + 16384 - readable;\n"
	"}\n";

static const char give_back[] =
	"/*\n"
	" * Several threads use the reader, one after the other, and what they race on is to be the\n"
	" * page: each works on a copy, taken and given back without a race and without order.\n"
	" */\n"
	"static void give_back(struct user_slice_reader *reader, struct user_slice_reader mine)\n"
	"{\n"
	"	__atomic_store_n(&reader->at, mine.at, __ATOMIC_RELAXED);\n"
	"	__atomic_store_n(&reader->left, mine.left, __ATOMIC_RELAXED);\n"
	"}\n";

static const char borrow[] =
	"static struct user_slice_reader borrow(struct user_slice_reader *reader)\n"
	"{\n"
	"	struct user_slice_reader mine;\n"
	"\n"
	"	mine.at = __atomic_load_n(&reader->at, __ATOMIC_RELAXED);\n"
	"	mine.left = __atomic_load_n(&reader->left, __ATOMIC_RELAXED);\n"
	"	return mine;\n"
	"}\n";

static const char turn[] =
	"/*\n"
	" * The line whose turn it is. Relaxed on purpose: lines keep their order, but no thread\n"
	" * learns by it what another did, and a race stays one for ThreadSanitizer.\n"
	" */\n"
	"static int now;\n"
	"\n"
	"static void turn(int line)\n"
	"{\n"
	"	while (__atomic_load_n(&now, __ATOMIC_RELAXED) != line)\n"
	"		sched_yield();\n"
	"	__atomic_signal_fence(__ATOMIC_SEQ_CST);\n"
	"}\n"
	"\n"
	"static void next(int line)\n"
	"{\n"
	"	__atomic_signal_fence(__ATOMIC_SEQ_CST);\n"
	"	__atomic_store_n(&now, line, __ATOMIC_RELAXED);\n"
	"}\n";

static const char fiber[] =
	"/*\n"
	" * Threads of this program are fibers: one pthread runs them in turn, each on a stack of its\n"
	" * own, as a task of the page library and, where ThreadSanitizer is linked, as a thread of\n"
	" * its own that learns nothing by the switch. What switches is itself not watched. What\n"
	" * belongs to the pthread, as errno does, is shared by all of them: a report whose location\n"
	" * is TLS is about that and nothing else.\n"
	" */\n"
	"#ifdef __clang__\n"
	"#define UNSEEN __attribute__((noinline, disable_sanitizer_instrumentation))\n"
	"#else\n"
	"#define UNSEEN __attribute__((noinline, no_sanitize(\"address\", \"thread\", \"undefined\")))\n"
	"#endif\n"
	"\n"
	"void *__tsan_get_current_fiber(void) __attribute__((weak));\n"
	"void *__tsan_create_fiber(unsigned int flags) __attribute__((weak));\n"
	"void __tsan_switch_to_fiber(void *fiber, unsigned int flags) __attribute__((weak));\n"
	"\n"
	"struct fiber {\n"
	"	ucontext_t context;\n"
	"	struct page_task *task;\n"
	"	void *tsan;\n"
	"	void (*run)(void);\n"
	"	int over;\n"
	"	char stack[256 * 1024] __attribute__((aligned(16)));\n"
	"};\n"
	"\n"
	"static struct fiber *fibers[8], *running;\n"
	"static int fiber_count;\n"
	"static ucontext_t main_context;\n"
	"static void *main_tsan;\n"
	"\n"
	"UNSEEN static void enter(struct fiber *fiber)\n"
	"{\n"
	"	page_task_switch_out(NULL);\n"
	"	running = fiber;\n"
	"	if (__tsan_switch_to_fiber) {\n"
	"		main_tsan = __tsan_get_current_fiber();\n"
	"		__tsan_switch_to_fiber(fiber->tsan, 1);\n"
	"	}\n"
	"	page_task_switch_in(fiber->task);\n"
	"	swapcontext(&main_context, &fiber->context);\n"
	"}\n"
	"\n"
	"UNSEEN static void leave(void)\n"
	"{\n"
	"	page_task_switch_out(running->task);\n"
	"	if (__tsan_switch_to_fiber)\n"
	"		__tsan_switch_to_fiber(main_tsan, 1);\n"
	"	page_task_switch_in(NULL);\n"
	"	swapcontext(&running->context, &main_context);\n"
	"}\n"
	"\n"
	"UNSEEN static void begin(void)\n"
	"{\n"
	"	running->run();\n"
	"	running->over = 1;\n"
	"	leave();\n"
	"}\n"
	"\n"
	"/* All that the caller did so far happens before the fiber. */\n"
	"UNSEEN static void start(struct fiber *fiber, const char *name, void (*run)(void))\n"
	"{\n"
	"	fiber->run = run;\n"
	"	fiber->task = page_task_new(name);\n"
	"	if (__tsan_create_fiber)\n"
	"		fiber->tsan = __tsan_create_fiber(0);\n"
	"	getcontext(&fiber->context);\n"
	"	fiber->context.uc_stack.ss_sp = fiber->stack;\n"
	"	fiber->context.uc_stack.ss_size = sizeof(fiber->stack);\n"
	"	makecontext(&fiber->context, begin, 0);\n"
	"	fibers[fiber_count++] = fiber;\n"
	"}\n"
	"\n"
	"/* By main: until a fiber has said that it is done. */\n"
	"UNSEEN static void run_until(sem_t *done)\n"
	"{\n"
	"	while (sem_trywait(done))\n"
	"		for (int i = 0; i < fiber_count; i++)\n"
	"			if (!fibers[i]->over)\n"
	"				enter(fibers[i]);\n"
	"}\n";

static const char fiber_go[] =
	"/* By a fiber: until main lets it go on. */\n"
	"UNSEEN static void leave_until(sem_t *go)\n"
	"{\n"
	"	while (sem_trywait(go))\n"
	"		leave();\n"
	"}\n";

static const char fiber_turn[] =
	"static int now; /* the line whose turn it is */\n"
	"\n"
	"UNSEEN static void turn(int line)\n"
	"{\n"
	"	while (now != line)\n"
	"		leave();\n"
	"}\n"
	"\n"
	"UNSEEN static void next(int line)\n"
	"{\n"
	"	now = line;\n"
	"}\n";

enum threads { ANY_THREADS, PTHREADS, FIBERS };

/* In the order of the file: what a helper calls is above it. */
static const struct helper {
	const char *names; /* of its functions, of which one is called where the helper is needed */
	const char *text;
	enum threads only; /* in files of this kind */
} helpers[] = {
	{ .names = "pthread_create start", .text = defaults },
	{ .names = "wrong", .text = wrong },
	{ .names = "expect", .text = expect },
	{ .names = "expect_byte", .text = expect_byte },
	{ .names = "doomed", .text = doomed },
	{ .names = "pattern", .text = pattern },
	{ .names = "expect_pattern", .text = expect_pattern },
	{ .names = "expect_all", .text = expect_all },
	{ .names = "use", .text = use },
	{ .names = "show_page seen_page", .text = seen_page },
	{ .names = "show_map seen_map", .text = seen_map },
	{ .names = "user_pattern", .text = user_pattern },
	{ .names = "user_memory", .text = user_memory },
	{ .names = "give_back", .text = give_back },
	{ .names = "borrow", .text = borrow },
	{ .names = "start", .text = fiber, .only = FIBERS },
	{ .names = "leave_until", .text = fiber_go, .only = FIBERS },
	{ .names = "turn", .text = turn, .only = PTHREADS },
	{ .names = "turn", .text = fiber_turn, .only = FIBERS },
};

#define HELPERS (sizeof(helpers) / sizeof(helpers[0]))

static bool is_called(const char *text, const char *names)
{
	char call[32];

	for (const char *name = names; *name; name += strcspn(name, " "), name += strspn(name, " ")) {
		snprintf(call, sizeof(call), "%.*s(", (int)strcspn(name, " "), name);
		if (c_mentions(text, call))
			return true;
	}
	return false;
}

void c_helpers_print(FILE *out, const char *body, bool deterministic)
{
	enum threads other = deterministic ? PTHREADS : FIBERS;
	bool needed[HELPERS];

	for (size_t i = HELPERS; i-- > 0;) {
		needed[i] = helpers[i].only != other && is_called(body, helpers[i].names);
		for (size_t later = i + 1; later < HELPERS; later++)
			needed[i] |= needed[later] && helpers[i].only != other &&
				     is_called(helpers[later].text, helpers[i].names);
	}
	for (size_t i = 0; i < HELPERS; i++)
		if (needed[i])
			fprintf(out, "\n%s", helpers[i].text);
}
