#include "query/serve/erase.h"

#include "query/find/evaluated.h"
#include "query/serve/audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Traces of one run in several. */
#define PARTS_MAX 4096
#define PATH_BYTES 4608u
/* The model of a trace that is to go. */
#define TRACE_ARENA_MAX ((size_t)1 << 30)

bool clew_copies_mode_parse(const char *text, enum clew_copies_mode *ret)
{
        if (strcmp(text, "keep") == 0)
                *ret = CLEW_COPIES_KEEP;
        else if (strcmp(text, "remove") == 0)
                *ret = CLEW_COPIES_REMOVE;
        else
                return false;
        return true;
}

void clew_erasing_init(struct clew_erasing *e)
{
        *e = (struct clew_erasing){.n = 0};
        clew_buffer_init(&e->ids, CLEW_ERASE_MAX * sizeof(struct clew_trace_id));
}

void clew_erasing_deinit(struct clew_erasing *e)
{
        clew_buffer_deinit(&e->ids);
}

static int too_many(const struct clew_erasing *e, struct clew_error *err)
{
        int r = clew_buffer_error(&e->ids);

        return r == -EMSGSIZE
                       ? clew_error_set(err, -E2BIG, 0,
                                        "more than %u traces: delete them in parts (--until)",
                                        CLEW_ERASE_MAX)
                       : r;
}

int clew_erasing_add(struct clew_erasing *e, struct clew_view *view, const struct clew_trace_id *id,
                     struct clew_error *err)
{
        struct clew_trace_id parts[PARTS_MAX];
        int n = clew_view_run(view, id, parts, PARTS_MAX, err);

        if (n < 0)
                return n;
        clew_buffer_append(&e->ids, id, sizeof(*id));
        clew_buffer_append(&e->ids, parts, (size_t)n * sizeof(*parts));
        return too_many(e, err);
}

static struct clew_trace_id *ids_of(const struct clew_erasing *e)
{
        return (struct clew_trace_id *)(void *)e->ids.data;
}

static int compare(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct clew_trace_id));
}

/* Evaluations that name a response of these traces alone. What cannot be read goes all the same. */
static int add_evaluations(struct clew_erasing *e, struct clew_view *view, struct clew_error *err)
{
        const struct clew_trace_options options = {0};
        size_t n = e->ids.len / sizeof(struct clew_trace_id);

        for (size_t i = 0; i < n; i++) {
                struct clew_trace_id id = ids_of(e)[i];
                struct clew_trace_id found[CLEW_EVALUATED_MAX];
                struct clew_error ignored = {0};
                struct clew_trace_data data;
                struct clew_trace *trace;
                CLEW_ARENA arena = {0};
                int r;

                clew_arena_init(&arena, TRACE_ARENA_MAX);
                if (clew_view_load(view, &id, &data, &ignored) < 0 ||
                    clew_trace_build(data.traces, data.logs, &options, &arena, &trace) < 0)
                        continue;
                r = clew_evaluated_traces(view, trace, found, CLEW_EVALUATED_MAX, err);
                if (r < 0)
                        return r;
                clew_buffer_append(&e->ids, found, (size_t)r * sizeof(*found));
        }
        return too_many(e, err);
}

int clew_erasing_settle(struct clew_erasing *e, struct clew_view *view, struct clew_arena *arena,
                        struct clew_error *err)
{
        int r = add_evaluations(e, view, err);
        struct clew_trace_id *ids = ids_of(e);
        size_t n = e->ids.len / sizeof(*ids);

        if (r < 0)
                return r;
        if (n > 0)
                qsort(ids, n, sizeof(*ids), compare);
        for (size_t i = 0; i < n; i++) {
                if (i == 0 || compare(&ids[e->n - 1], &ids[i]) != 0)
                        ids[e->n++] = ids[i];
        }
        for (size_t i = 0; r >= 0 && i < e->n; i++) {
                r = clew_view_is_held(view, &ids[i], err);
                e->n_held += r == 1;
        }
        return r < 0 ? r : clew_copies_find(view, ids, e->n, arena, &e->copies, err);
}

/* ---- doing it -------------------------------------------------------------------------------- */

struct clew_rewrite_options clew_erasing_rewrite(void)
{
        return (struct clew_rewrite_options){.dropped = clew_review_forget};
}

int clew_erasing_note(struct clew_store *store, struct clew_slice who, struct clew_slice what,
                      uint64_t time_ns, struct clew_error *err)
{
        struct clew_audit_entry entry = {.time_ns = time_ns, .who = who, .what = what};
        struct clew_audit *audit = NULL;
        char path[PATH_BYTES];
        int n = snprintf(path, sizeof(path), "%s/" CLEW_AUDIT_FILE, clew_store_directory(store));
        int r;

        if (n < 0 || (size_t)n >= sizeof(path))
                return clew_error_set(err, -ENAMETOOLONG, 0, "the store's path is too long");
        r = clew_audit_new(path, &audit);
        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        r = clew_audit_add(audit, &entry, err);
        clew_audit_free(audit);
        return r;
}

int clew_erasing_note_ids(struct clew_store *store, struct clew_slice who,
                          const struct clew_trace_id *ids, size_t n, uint64_t time_ns,
                          struct clew_error *err)
{
        CLEW_BUFFER what = {0};

        clew_buffer_init(&what, 2 * CLEW_AUDIT_TEXT_MAX);
        clew_buffer_printf(&what, "delete %zu trace%s:", n, n == 1 ? "" : "s");
        for (size_t i = 0; i < n && what.len + CLEW_TRACE_ID_HEX < CLEW_AUDIT_TEXT_MAX; i++) {
                char hex[CLEW_TRACE_ID_HEX];

                clew_trace_id_to_hex(&ids[i], hex);
                clew_buffer_printf(&what, " %s", hex);
        }
        return clew_erasing_note(store, who, clew_buffer_slice(&what), time_ns, err);
}

int clew_erasing_run(struct clew_erasing *e, struct clew_store *store,
                     const struct clew_erasing_options *o, struct clew_rewrite_stats *ret,
                     struct clew_error *err)
{
        const struct clew_rewrite_options options = clew_erasing_rewrite();
        struct clew_rewrite_stats resumed;
        int r;

        *ret = (struct clew_rewrite_stats){0};
        if (e->copies.n > 0 && o->copies == CLEW_COPIES_REFUSE)
                return clew_error_set(err, -EBUSY, 0,
                                      "dataset %s%s %s %u item%s made of these traces: say keep or "
                                      "remove (--datasets)",
                                      e->copies.dataset,
                                      e->copies.n_datasets > 1 ? " and others" : "",
                                      e->copies.n_datasets > 1 ? "have" : "has", e->copies.n,
                                      e->copies.n == 1 ? "" : "s");
        r = clew_store_resume_erasure(store, &options, &resumed, err);
        if (r == 0)
                r = clew_erasing_note_ids(store, o->who, ids_of(e), e->n,
                                          clew_clock_unix_ns(o->clock), err);
        if (r == 0 && o->copies == CLEW_COPIES_REMOVE && e->copies.n > 0)
                r = clew_copies_empty(store, &e->copies, err);
        for (size_t i = 0; r == 0 && i < o->n_sessions; i++)
                r = clew_review_forget_session(store, clew_slice_of_cstr(o->sessions[i]), err);
        return r < 0 ? r : clew_store_delete(store, ids_of(e), e->n, &options, ret, err);
}
