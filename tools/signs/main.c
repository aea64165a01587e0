/*
 * What all rules see in each trace of a store, before ranking: the numbers that rca-fit learns
 * from.
 *
 *     rca-signs STORE
 *
 * One JSON line a trace: {"trace_id", "passed", "steps", "candidates": [{"span_id", "ruled", "x":
 * {name: value}}]} with the values that are not 0; "ruled" are those of which some rule says enough
 * to be told, "harmless" those of which that is trouble that did no harm. Passing runs of the same
 * task are compared with, as `clew why --all` does.
 */
#include "proto/base/buffer.h"
#include "proto/base/json.h"
#include "query/rca/candidates.h"
#include "query/rca/references.h"
#include "storage/store.h"

#include <stdio.h>
#include <string.h>

#define ARENA_MAX ((size_t)8 << 30)
#define LINE_MAX_BYTES ((size_t)64 << 20)

static void write_candidate(struct clew_json_writer *w, const struct clew_rca_view *v,
                            const struct clew_candidate *c)
{
        char hex[CLEW_SPAN_ID_HEX];

        clew_span_id_to_hex(&v->steps[c->step].span_id, hex);
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "span_id");
        clew_json_write_cstr(w, hex);
        clew_json_write_key(w, "step");
        clew_json_write_uint64(w, v->steps[c->step].number);
        clew_json_write_key(w, "signs");
        clew_json_write_uint64(w, c->n_signs);
        clew_json_write_key(w, "ruled");
        clew_json_write_bool(w, clew_candidate_is_told(c));
        clew_json_write_key(w, "harmless");
        clew_json_write_bool(w, c->of && clew_candidate_is_told(c) &&
                                        c->of[clew_candidate_rule(c)]->harmless);
        clew_json_write_key(w, "score");
        clew_json_write_double(w, c->score);
        clew_json_write_key(w, "x");
        clew_json_write_object_begin(w);
        for (int r = 0; r < CLEW_RULE_COUNT && c->of; r++) {
                if (!c->of[r])
                        continue;
                clew_json_write_key(w, clew_rule_info((enum clew_rule)r)->name);
                clew_json_write_double(w, c->rules[r]);
        }
        for (int k = 0; k < CLEW_FEATURE_COUNT; k++) {
                if (c->features[k] == 0)
                        continue;
                clew_json_write_key(w, clew_feature_name((enum clew_feature)k));
                clew_json_write_double(w, c->features[k]);
        }
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

static void write_span(struct clew_json_writer *w, const struct clew_span_id *id)
{
        char hex[CLEW_SPAN_ID_HEX];

        clew_span_id_to_hex(id, hex);
        clew_json_write_cstr(w, hex);
}

static void write_claim(struct clew_json_writer *w, const struct clew_rca_view *v,
                        const struct clew_finding *f)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "rule");
        clew_json_write_cstr(w, clew_rule_info(f->rule)->name);
        clew_json_write_key(w, "span_id");
        write_span(w, &v->steps[f->step].span_id);
        clew_json_write_key(w, "step");
        clew_json_write_uint64(w, v->steps[f->step].number);
        clew_json_write_key(w, "summary");
        clew_json_write_string(w, f->summary);
        clew_json_write_key(w, "effects");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < f->n_effects; i++)
                write_span(w, &v->steps[f->effects[i]].span_id);
        clew_json_write_array_end(w);
        clew_json_write_key(w, "evidence");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < f->n_evidence; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "span_id");
                write_span(w, &v->steps[f->evidence[i].step].span_id);
                clew_json_write_key(w, "text");
                clew_json_write_string(w, f->evidence[i].text);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
}

static void write_claims(struct clew_json_writer *w, const struct clew_rca_view *v,
                         const struct clew_candidates *all)
{
        clew_json_write_key(w, "steps");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < v->trace->n_steps; i++)
                write_span(w, &v->trace->steps[i].span.span_id);
        clew_json_write_array_end(w);
        clew_json_write_key(w, "claims");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < all->n; i++) {
                for (int r = 0; r < CLEW_RULE_COUNT && all->items[i].of; r++) {
                        if (all->items[i].of[r])
                                write_claim(w, v, all->items[i].of[r]);
                }
        }
        clew_json_write_array_end(w);
}

static void write_candidates(struct clew_json_writer *w, const struct clew_rca_view *v,
                             const struct clew_candidates *all)
{
        clew_json_write_key(w, "passed");
        clew_json_write_bool(w, v->passed);
        clew_json_write_key(w, "steps");
        clew_json_write_uint64(w, v->n_steps);
        clew_json_write_key(w, "candidates");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < all->n; i++)
                write_candidate(w, v, &all->items[i]);
        clew_json_write_array_end(w);
}

static int write_trace(const struct clew_trace *trace, const struct clew_references *passing,
                       bool claims, struct clew_arena *arena)
{
        const struct clew_reference_run *runs[CLEW_WHY_REFERENCES_MAX];
        struct clew_reference refs[CLEW_WHY_REFERENCES_MAX];
        CLEW_BUFFER out = {0};
        struct clew_json_writer w;
        struct clew_candidates all;
        struct clew_rca_view *v;
        char hex[CLEW_TRACE_ID_HEX];
        uint32_t n = trace->outcome == CLEW_OUTCOME_PASSED
                             ? 0
                             : clew_references_of(passing, trace, runs);
        int r;

        for (uint32_t i = 0; i < n; i++)
                refs[i] = runs[i]->actions;
        r = clew_why_signs(trace, refs, n, arena, &v, &all);
        if (r < 0)
                return r;
        clew_buffer_init(&out, LINE_MAX_BYTES);
        w = clew_json_writer_make(&out, 0);
        clew_trace_id_to_hex(&trace->id, hex);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "trace_id");
        clew_json_write_cstr(&w, hex);
        if (claims)
                write_claims(&w, v, &all);
        else
                write_candidates(&w, v, &all);
        clew_json_write_object_end(&w);
        if (clew_buffer_error(&out) < 0)
                return clew_buffer_error(&out);
        fwrite(out.data, 1, out.len, stdout);
        putchar('\n');
        return 0;
}

/* With @out false passing runs are remembered, else each trace is written. */
static int walk(struct clew_view *view, bool out, bool claims, struct clew_references *passing,
                struct clew_error *err)
{
        struct clew_list_entry entry;
        int r = clew_view_list(view, NULL, err);

        while (r >= 0 && (r = clew_view_next(view, &entry, err)) == 1) {
                CLEW_ARENA arena = {0};
                struct clew_trace_data data;
                struct clew_trace *trace;
                struct clew_rca_view v;

                clew_arena_init(&arena, ARENA_MAX);
                r = clew_view_load(view, &entry.id, &data, err);
                if (r == 0)
                        r = clew_trace_build(data.traces, data.logs, &CLEW_TRACE_FULL, &arena,
                                             &trace);
                if (r == 0 && out)
                        r = write_trace(trace, passing, claims, &arena);
                else if (r == 0 && trace->outcome == CLEW_OUTCOME_PASSED &&
                         clew_rca_view_build_steps(trace, &arena, &v) == 0)
                        (void)clew_references_add(passing, &v);
        }
        return r;
}

int main(int argc, char **argv)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        CLEW_ARENA kept = {0};
        struct clew_references passing = {0};
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        bool claims = argc == 3 && strcmp(argv[2], "--claims") == 0;
        int r;

        if (argc != 2 && !claims) {
                fprintf(stderr, "usage: rca-signs STORE [--claims]\n");
                return 2;
        }
        clew_arena_init(&kept, ARENA_MAX);
        r = clew_references_init(&passing, &kept);
        if (r == 0)
                r = clew_store_open(argv[1], &options, &store, &err);
        if (r == 0)
                r = clew_view_open(store, &view, &err);
        if (r == 0)
                r = walk(view, false, false, &passing, &err);
        if (r >= 0)
                r = walk(view, true, claims, &passing, &err);
        if (r < 0)
                fprintf(stderr, "rca-signs: %s\n", err.message);
        clew_view_close(view);
        clew_store_close(store);
        return r < 0;
}
