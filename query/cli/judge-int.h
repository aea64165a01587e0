/*
 * The parts of clew judge: asking programs and keeping what they say (judge.c), of a server's store
 * (judge-remote.c).
 */
#ifndef CLEW_QUERY_CLI_JUDGE_INT_H
#define CLEW_QUERY_CLI_JUDGE_INT_H

#include "query/cli/filter.h"
#include "query/cli/output.h"
#include "query/cli/pool.h"
#include "query/cli/terminal.h"

#define CLEW_JUDGE_QUESTION_MAX ((size_t)1 << 30)
#define CLEW_JUDGE_ANSWER_MAX ((size_t)1 << 20) /* a verdict, not an essay */
#define CLEW_JUDGE_RUBRIC_MAX ((size_t)64 << 10)
#define CLEW_JUDGE_IDS_MAX ((size_t)256 << 20)

struct clew_judge_id {
        struct clew_judge_id *next;
        struct clew_trace_id id;
};

struct clew_judge {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_filter_flags filter_flags;
        struct clew_output_flags output_flags;
        const char *command;
        const char *name;
        const char *version;
        const char *rubric_file;
        const char *rubric_name; /* of a kept rubric; NULL = a file, or none */
        char rubric_version[24];
        const char *flips;
        bool check_experts;
        bool experts;
        bool ids;
        uint64_t cached;
        struct clew_buffer rubric;
        uint64_t timeout_seconds;
        uint64_t n_jobs;
        bool full;
        bool dry_run;
        bool opened; /* the trace at hand could be read */
        uint64_t judged;
        uint64_t failed;
        double cost_usd; /* of the answers that were asked for now, as far as the program says */
        double tokens;
        bool has_cost;
        bool has_tokens;
        struct clew_pool pool;

        /* The command's words as given, for the parts that a server is asked for (--url). */
        char **words;
        int n_words;
        const char *part; /* served: which one this is (judge-remote.c); NULL = the whole */
        bool lost;        /* the server does not answer: nothing more can be asked */
};

/* A trace that is asked about. */
struct clew_judge_asked {
        struct clew_job job; /* first: the pool gives it back */
        struct clew_trace_id id;
        struct clew_buffer line;
};

/* Makes the question. 1 = it is made; 0 = told why not; an exit status, negative. One that cannot
 * be read or is too large to be analysed costs only itself. */
CLEW_MUST_USE int clew_judge_prepare(struct clew_judge *c, const char *text,
                                     struct clew_judge_asked *a);
/* Whether the answer is kept from before; it stands in the job then. */
CLEW_MUST_USE bool clew_judge_has_answer(struct clew_judge *c, struct clew_judge_asked *a);
/* What came of one question; @is_new: the program was asked. */
CLEW_MUST_USE int clew_judge_take(struct clew_judge *c, struct clew_judge_asked *a, bool is_new);
/* The runs that the flags select. */
CLEW_MUST_USE int clew_judge_collect(struct clew_judge *c, struct clew_arena *arena,
                                     struct clew_judge_id **ret);
/* Counts what the program said it spent on its answer. */
void clew_judge_count_spent(struct clew_judge *c, struct clew_slice answer);
void clew_judge_complain(struct clew_judge *c, const struct clew_trace_id *id, const char *what);

/* ---- of a server's store (--url) --------------------------------------------------------------
 */

/* As clew_judge_collect(). */
CLEW_MUST_USE int clew_judge_ask_ids(struct clew_judge *c, struct clew_arena *arena,
                                     struct clew_judge_id **ret);
/* As clew_judge_prepare(); *ret_has: the answer is kept from before. */
CLEW_MUST_USE int clew_judge_ask_question(struct clew_judge *c, const char *text,
                                          struct clew_judge_asked *a, bool *ret_has);
/* As clew_judge_take(), of a program that ended well, or with what was kept. */
CLEW_MUST_USE int clew_judge_ask_keep(struct clew_judge *c, struct clew_judge_asked *a,
                                      bool is_new);
/* The other side of these: c->part says which. */
CLEW_MUST_USE int clew_judge_part(struct clew_judge *c);

#endif
