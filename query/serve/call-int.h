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
};

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
};

struct clew_call {
        const struct clew_service *service;
        const struct clew_serve_request *request;
        struct clew_serve_answer *answer;
        const struct clew_route *route;
        struct clew_arena arena; /* parameters, lists */
        struct clew_arena trace; /* the trace at hand */
        struct clew_arena scratch;
        struct clew_buffer brief;
        struct clew_inputs inputs;
        const char *path_values[CLEW_PATH_VALUES_MAX];
        struct clew_view *view;    /* open while the route's function runs */
        struct clew_filter filter; /* of clew_call_filter(); freed with the call */
        struct clew_error err;
};

struct clew_route {
        const char *path;   /* below /api/v1; {id} stands for one segment */
        const char *about;  /* a sentence for the description */
        const char *record; /* type of the answer, or of a list's items; NULL: see about */
        const struct clew_record_field *fields; /* of that record, where they are a table */
        bool is_list;
        uint32_t inputs; /* bits of enum clew_input_group */
        int (*run)(struct clew_call *call);
};

/* All routes; the array ends with a row whose path is NULL. */
extern const struct clew_route clew_routes[];
/* The row of that path; it must be there. */
const struct clew_route *clew_route_find(const char *path);

/* The parameters of those groups, pointing into @inputs. */
void clew_inputs_flags(uint32_t groups, struct clew_inputs *inputs, struct clew_flag_set *set);
/* Reads the parameters of a target ("a=1&b=2") for the call's route. 0, or 1 when it was refused.
 */
CLEW_MUST_USE int clew_inputs_read(struct clew_call *call, struct clew_slice query);
/* Decodes %XX (and "+" as a blank when @is_form) into the arena, NUL-terminated. NULL, with err,
 * for what is no encoding or holds a NUL. */
const char *clew_percent_decode(struct clew_slice text, bool is_form, struct clew_arena *arena);

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
/* Makes call->filter of the parameters; 0, or 1 when it was refused. */
CLEW_MUST_USE int clew_call_filter(struct clew_call *call, const char *since_default);

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
};

/* Begins it. 0, or 1 when a parameter was refused. @type is that of the whole, "traces"; @item that
 * of one item. */
CLEW_MUST_USE int clew_call_list_begin(struct clew_call *call, const char *type, const char *item,
                                       const struct clew_record_field *fields, uint64_t limit,
                                       struct clew_call_list *ret);
/* True when no further item fits: the answer ends with where the rest begins. */
CLEW_MUST_USE bool clew_call_list_is_full(const struct clew_call_list *list);
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

/* Appends the record of the step that the path names, with everything. 0, a negative errno, or 1
 * when it was refused. (route-steps.c) */
CLEW_MUST_USE int clew_call_step_record(struct clew_call *call, struct clew_buffer *ret);

/* ---- the routes' functions, by files ------------------------------------------------------- */

int clew_route_traces(struct clew_call *call);   /* route-traces.c */
int clew_route_count(struct clew_call *call);    /* route-traces.c */
int clew_route_skeleton(struct clew_call *call); /* skeleton.c */
int clew_route_steps(struct clew_call *call);    /* route-steps.c */
int clew_route_step(struct clew_call *call);     /* route-steps.c */
int clew_route_chat(struct clew_call *call);     /* route-chat.c */
int clew_route_why(struct clew_call *call);      /* route-why.c */
int clew_route_live(struct clew_call *call);     /* routes.c */
int clew_route_diff(struct clew_call *call);     /* route-diff.c */
int clew_route_sessions(struct clew_call *call); /* route-groups.c */
int clew_route_clusters(struct clew_call *call); /* route-groups.c */
int clew_route_cluster(struct clew_call *call);  /* route-groups.c */
int clew_route_raw(struct clew_call *call);      /* route-raw.c */
int clew_route_text(struct clew_call *call);     /* route-text.c */
int clew_route_status(struct clew_call *call);   /* route-status.c */
int clew_route_openapi(struct clew_call *call);  /* openapi.c */

#endif
