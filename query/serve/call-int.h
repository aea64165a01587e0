/*
 * One request under way: its parameters, the view that it reads, and what it answers.
 *
 * A route's function returns 0 when it has written its answer (also when that is a refusal, see
 * clew_call_refuse()), or a negative errno that is made a refusal.
 */
#ifndef CLEW_QUERY_SERVE_CALL_INT_H
#define CLEW_QUERY_SERVE_CALL_INT_H

#include "proto/base/arena.h"
#include "query/answer/record.h"
#include "query/serve/filter.h"
#include "query/serve/flags.h"
#include "query/serve/lookup.h"
#include "query/serve/problem-int.h"
#include "query/serve/serve.h"

#include <stdbool.h>
#include <stdint.h>

/* Values in a path: /traces/{id}/steps/{n}. */
#define CLEW_PATH_VALUES_MAX 2u

/* The parameters that routes take, by groups. */
enum clew_input_group {
        CLEW_INPUT_FILTER = 1u << 0,
        CLEW_INPUT_LIMIT = 1u << 1,
        CLEW_INPUT_AFTER = 1u << 2,
        CLEW_INPUT_FIELDS = 1u << 3,
        CLEW_INPUT_FROM = 1u << 4,
        CLEW_INPUT_MAX_TEXT = 1u << 5,
        CLEW_INPUT_REFERENCES = 1u << 6,
        CLEW_INPUT_DIFF = 1u << 7,
        CLEW_INPUT_RAW = 1u << 8,
        CLEW_INPUT_TEXT_AT = 1u << 9,
        CLEW_INPUT_FORMAT = 1u << 10,
        CLEW_INPUT_SAID_OF = 1u << 11,
        CLEW_INPUT_AUTHOR = 1u << 12,
        CLEW_INPUT_COUNT = 1u << 13,
        CLEW_INPUT_NEWEST = 1u << 14,
        CLEW_INPUT_VERSIONS = 1u << 15,
        CLEW_INPUT_WITH = 1u << 16,
        CLEW_INPUT_SEED = 1u << 17,
        CLEW_INPUT_NEW_RUBRIC = 1u << 18,
        CLEW_INPUT_NEW_DATASET = 1u << 19,
        CLEW_INPUT_ITEM_FORM = 1u << 20,
        CLEW_INPUT_ADD = 1u << 21,
        CLEW_INPUT_ITEMS = 1u << 22,
        CLEW_INPUT_STATS = 1u << 23,
        CLEW_INPUT_SIDES = 1u << 24,
        CLEW_INPUT_KEY = 1u << 25,
        CLEW_INPUT_VALUE = 1u << 26,
        CLEW_INPUT_WITHIN = 1u << 27,
        CLEW_INPUT_EXPORT = 1u << 28,
        CLEW_INPUT_DELETE = 1u << 29,
        CLEW_INPUT_REDACT = 1u << 30,
};
/* These are no values of an int. */
#define CLEW_INPUT_TAKE_OUT ((uint64_t)1 << 31)
#define CLEW_INPUT_SCORE ((uint64_t)1 << 32)

/* Their values. Numbers that were not given are UINT64_MAX. */
struct clew_inputs {
        struct clew_filter_flags filter;
        uint64_t limit;
        const char *after;
        const char *fields;
        const char *format;
        uint64_t from;
        uint64_t max_text;
        const char *references;
        const char *a;
        const char *b;
        const char *only;
        bool text;
        bool stat;
        bool strict;
        const char *signal;
        const char *at;
        uint64_t max;
        const char *trace; /* whose annotations */
        const char *of_session;
        const char *author;
        bool count;
        bool newest;
        uint64_t version_a;
        uint64_t version_b;
        const char *with; /* the other of two */
        uint64_t seed;
        const char *name; /* of something new */
        const char *content;
        const char *split;
        const char *description;
        const char *as;
        const char *step;
        struct clew_flag_values ids;
        struct clew_flag_values items;
        bool skip_near;
        bool dry_run;
        bool here; /* others that write to the bucket are not told */
        const char *by;
        const char *over;
        const char *sort;
        bool all;
        bool helpers;
        const char *key;
        const char *value;
        uint64_t step_number;
        const char *within;
        const char *dataset;
        const char *redact;
        bool allow_missing;
        bool whole;
        const char *copies;
};

/* What a request carries behind its headers. */
enum clew_body {
        CLEW_BODY_NONE,
        CLEW_BODY_MEMBERS,     /* one JSON object; its members are the route's inputs */
        CLEW_BODY_ANNOTATIONS, /* one annotation, or an array of them */
        CLEW_BODY_COMMAND,     /* a command line (command-line.h) */
};

struct clew_call {
        const struct clew_service *service;
        const struct clew_serve_request *request;
        struct clew_serve_answer *answer;
        const struct clew_route *route;
        struct clew_arena arena; /* parameters, lists */
        struct clew_arena trace; /* the trace at hand */
        struct clew_arena said;  /* what people said of it */
        struct clew_arena scratch;
        struct clew_buffer brief;
        struct clew_inputs inputs;
        const char *path_values[CLEW_PATH_VALUES_MAX];
        struct clew_view *view;    /* open while the route's function runs */
        struct clew_filter filter; /* of clew_call_filter(); freed with the call */
        struct clew_error err;
};

struct clew_route {
        const char *method; /* GET (and HEAD), or POST */
        const char *path;   /* below /api/v1; {id} stands for one segment */
        uint32_t scope;     /* that who asks must have; of several bits one of them */
        enum clew_body body;
        const char *about;  /* a sentence for the description */
        const char *record; /* type of the answer, or of a list's items; NULL: see about */
        const struct clew_record_field *fields; /* of that record, where they are a table */
        bool is_list;
        uint64_t inputs; /* bits of enum clew_input_group: parameters, or members of the body */
        int (*run)(struct clew_call *call);
};

/* All routes; the array ends with a row whose path is NULL. */
extern const struct clew_route clew_routes[];
/* The row that is asked with GET at that path; it must be there. */
const struct clew_route *clew_route_find(const char *path);

/* The parameters of those groups, pointing into @inputs. */
void clew_inputs_flags(uint64_t groups, struct clew_inputs *inputs, struct clew_flag_set *set);
/* Whether who asks may: scope, type of body, token. 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_check_access(struct clew_call *call);
/* Reads the parameters of a target ("a=1&b=2") for the call's route. 0, or 1 when it was refused.
 */
CLEW_MUST_USE int clew_inputs_read(struct clew_call *call, struct clew_slice query);
/* Reads the members of the body into the call's inputs: a member has the name of a parameter, and a
 * string, a number, a truth value or an array of strings. 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_inputs_read_body(struct clew_call *call);
/* Sets one input from text. 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_input_set(struct clew_call *call, const struct clew_flag *f,
                                 const char *value);
CLEW_MUST_USE int clew_input_refuse_unknown(struct clew_call *call, const char *name,
                                            const struct clew_flag *known);
/* Decodes %XX (and "+" as a blank when @is_form) into the arena, NUL-terminated. NULL, with err,
 * for what is no encoding or holds a NUL. */
const char *clew_percent_decode(struct clew_slice text, bool is_form, struct clew_arena *arena);

/* ---- writing -------------------------------------------------------------------------------- */

/* The store to write to; the view is closed (a thread has one transaction at a time) and what it
 * gave is dead. Everything is checked before: 0, or 1 when nothing is written here. */
CLEW_MUST_USE int clew_call_writer(struct clew_call *call, struct clew_store **ret);
/* Opens the view again. 0 or a negative errno. */
CLEW_MUST_USE int clew_call_view(struct clew_call *call);
/* Whom a write is booked for: @given (empty = who asks), which only who may speak for others sets.
 * 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_author(struct clew_call *call, struct clew_slice given,
                                   struct clew_slice *ret);

/* ---- answers ------------------------------------------------------------------------------- */

/* Writes a refusal and returns 0: the request is answered. */
CLEW_MUST_USE int clew_call_refuse(struct clew_call *call, enum clew_problem problem,
                                   const char *fmt, ...) CLEW_PRINTF(3, 4);

/* The id of the trace that @text names. 0, a negative errno, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_resolve(struct clew_call *call, const char *text,
                                    struct clew_trace_id *ret);
/* The trace that the path's first value (or @text) names, loaded and built in call->trace. 0, a
 * negative errno, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_open(struct clew_call *call, const char *text,
                                 const struct clew_trace_options *options, bool scored,
                                 struct clew_opened *ret);
/* Refuses a selection that cannot be read: @where has its place, when it is in a query. */
void clew_call_refuse_filter(struct clew_call *call, const struct clew_error *err,
                             const struct clew_filter_error *where);
/* Makes call->filter of the parameters; 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_filter(struct clew_call *call, const char *since_default);

/* What the queries of a walk asked for in vain: an attribute that no span has. 0, or 1 when it was
 * refused for it. To be asked before the list ends. */
CLEW_MUST_USE int clew_call_complaints(struct clew_call *call, struct clew_select *s);

/* An answer of one record: a writer whose sink is the body. */
void clew_call_record_writer(struct clew_call *call, struct clew_record_writer *w, const char *type,
                             const struct clew_record_field *fields);

/* A list in the form that was asked for. */
struct clew_call_list {
        struct clew_call *call;
        struct clew_record_writer writer; /* its sink is the list */
        bool lines;                       /* NDJSON */
        uint64_t n;
        uint64_t limit;
        /* Further members behind the others; may be NULL. */
        void (*write_more)(struct clew_json_writer *w, const void *context);
        const void *more_context;
};

/* Begins it. 0, or 1 when a parameter was refused. @type is that of the whole, "traces"; @item that
 * of one item. */
CLEW_MUST_USE int clew_call_list_begin(struct clew_call *call, const char *type, const char *item,
                                       const struct clew_record_field *fields, uint64_t limit,
                                       struct clew_call_list *ret);
/* True when no further item fits: the answer ends with where the rest begins. */
CLEW_MUST_USE bool clew_call_list_is_full(const struct clew_call_list *list);
/* How far a list is, to take back what was put since. */
struct clew_call_mark {
        uint64_t n;
        size_t body;
};
struct clew_call_mark clew_call_list_mark(const struct clew_call_list *list);
void clew_call_list_reset(struct clew_call_list *list, const struct clew_call_mark *mark);
/* Ends it. @next is what `after` (or `from`) takes for the rest, NULL = that was all; @partial says
 * why the list is not whole, NULL = it is. 0 or a negative errno. */
CLEW_MUST_USE int clew_call_list_end(struct clew_call_list *list, const char *next, uint64_t seen,
                                     const char *partial);
void clew_call_list_deinit(struct clew_call_list *list);

/* Why the walk is not whole, in @ret; false when it is. */
CLEW_MUST_USE bool clew_select_is_partial(const struct clew_select *s, struct clew_error *ret);

/* Appends @record (one JSON object) to @out with texts of more than @max_text bytes cut, each
 * listed in its member "cut": [{"at": JSON pointer, "bytes": its length}]. 0 or a negative errno.
 */
CLEW_MUST_USE int clew_shorten(struct clew_slice record, size_t max_text, struct clew_buffer *out);
/* The call's max-text. */
size_t clew_call_max_text(const struct clew_call *call);
/* The record in @whole as the call's body, cut so. */
CLEW_MUST_USE int clew_call_shorten(struct clew_call *call, const struct clew_buffer *whole);

/* Appends the record of the step that the path names, with everything; its trace lives in
 * call->trace. 0, a negative errno, or 1 when it was refused. (route-steps.c) */
CLEW_MUST_USE int clew_call_step_record(struct clew_call *call, struct clew_buffer *ret,
                                        const struct clew_trace **ret_trace);

/* ---- the routes' functions, by files ------------------------------------------------------- */

int clew_route_traces(struct clew_call *call);   /* route-traces.c */
int clew_route_count(struct clew_call *call);    /* route-traces.c */
int clew_route_skeleton(struct clew_call *call); /* skeleton.c */
int clew_route_steps(struct clew_call *call);    /* route-steps.c */
int clew_route_step(struct clew_call *call);     /* route-steps.c */
int clew_route_chat(struct clew_call *call);     /* route-chat.c */
int clew_route_why(struct clew_call *call);      /* route-why.c */
int clew_route_live(struct clew_call *call);     /* routes.c */
int clew_route_command(struct clew_call *call);
int clew_route_share(struct clew_call *call);
int clew_route_diff(struct clew_call *call);     /* route-diff.c */
int clew_route_sessions(struct clew_call *call); /* route-groups.c */
int clew_route_clusters(struct clew_call *call); /* route-groups.c */
int clew_route_cluster(struct clew_call *call);  /* route-groups.c */
int clew_route_raw(struct clew_call *call);      /* route-raw.c */
int clew_route_text(struct clew_call *call);     /* route-text.c */
int clew_route_status(struct clew_call *call);   /* route-status.c */
int clew_route_openapi(struct clew_call *call);  /* openapi.c */
int clew_route_me(struct clew_call *call);       /* route-status.c */

int clew_route_stats(struct clew_call *call); /* route-stats.c */
int clew_route_users(struct clew_call *call);
int clew_route_scores(struct clew_call *call);             /* route-scores.c */
int clew_route_attrs(struct clew_call *call);              /* route-attrs.c */
int clew_route_values(struct clew_call *call);             /* route-attrs.c */
int clew_route_contrast(struct clew_call *call);           /* route-contrast.c */
int clew_route_lineage(struct clew_call *call);            /* route-linked.c */
int clew_route_related(struct clew_call *call);            /* route-linked.c */
int clew_route_reviews(struct clew_call *call);            /* route-annotations.c */
int clew_route_annotations(struct clew_call *call);        /* route-annotations.c */
int clew_route_annotate(struct clew_call *call);           /* route-annotate.c */
int clew_route_undo(struct clew_call *call);               /* route-annotate.c */
int clew_route_queue(struct clew_call *call);              /* route-queue.c */
int clew_route_rubrics(struct clew_call *call);            /* route-rubrics.c */
int clew_route_rubric(struct clew_call *call);             /* route-rubrics.c */
int clew_route_rubric_add(struct clew_call *call);         /* route-rubrics.c */
int clew_route_rubric_diff(struct clew_call *call);        /* route-rubrics.c */
int clew_route_datasets(struct clew_call *call);           /* route-datasets.c */
int clew_route_dataset(struct clew_call *call);            /* route-datasets.c */
int clew_route_items(struct clew_call *call);              /* route-datasets.c */
int clew_route_item(struct clew_call *call);               /* route-datasets.c */
int clew_route_dataset_diff(struct clew_call *call);       /* route-datasets.c */
int clew_route_dataset_create(struct clew_call *call);     /* route-dataset-write.c */
int clew_route_dataset_add(struct clew_call *call);        /* route-dataset-write.c */
int clew_route_dataset_remove(struct clew_call *call);     /* route-dataset-write.c */
int clew_route_dataset_freeze(struct clew_call *call);     /* route-dataset-write.c */
int clew_route_delete(struct clew_call *call);             /* route-delete.c */
int clew_route_redact(struct clew_call *call);             /* route-redact.c */
int clew_route_experiments(struct clew_call *call);        /* route-experiments.c */
int clew_route_experiment(struct clew_call *call);         /* route-experiments.c */
int clew_route_results(struct clew_call *call);            /* route-experiments.c */
int clew_route_experiment_compare(struct clew_call *call); /* route-experiments.c */
int clew_route_export(struct clew_call *call);             /* route-export.c */

#endif
