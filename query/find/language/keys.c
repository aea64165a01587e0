/*
 * Keys: what the bytes of a trace tell without being read as spans, which keys there are, and what
 * is said of a query that names one that there is not.
 */
#include "query/find/language/run-int.h"

#include "proto/base/hash.h"
#include "proto/otlp/walk.h"
#include "query/find/language/regex-int.h"
#include "query/find/text.h"

#include <stdio.h>
#include <string.h>

/* Spans of one trace whose keys are taken. */
#define SPANS_MAX 500u
/* Of a key, in a message. */
#define SHOWN_MAX 80u

static bool stands_in(struct clew_slice bytes, struct clew_slice text)
{
        return bytes.len >= text.len &&
               (text.len == 0 || memmem(bytes.data, bytes.len, text.data, text.len) != NULL);
}

void clew_look_at_bytes(struct clew_query_run *run, struct clew_slice traces,
                        struct clew_slice logs)
{
        const struct clew_query *q = run->q;

        for (uint32_t i = 0; i < q->n_fields; i++) {
                const struct clew_field_ref *ref = &q->fields[i];

                if (!clew_field_is_key(ref))
                        continue;
                run->absent_field[i] =
                        !stands_in(traces, ref->name) && (!ref->row || !stands_in(logs, ref->name));
                run->in_bytes[i] |= !run->absent_field[i];
        }
        for (uint32_t i = 0; i < q->n_regexes; i++) {
                const struct clew_regex *x = q->regexes[i];
                struct clew_slice literal = clew_regex_literal(x);
                bool fold = clew_regex_ignores_case(x);

                run->absent_regex[i] = clew_regex_shape(x) == CLEW_REGEX_CONTAINS &&
                                       !clew_text_holds(traces, literal, fold) &&
                                       !clew_text_holds(logs, literal, fold);
        }
}

/* ---- keys that there are ----------------------------------------------------------------------
 */

static void add_key(struct clew_query_run *run, enum clew_scope scope, struct clew_slice key)
{
        uint64_t hash = clew_hash_seeded(key, (uint64_t)scope);
        uint32_t at = (uint32_t)hash & (CLEW_RUN_KEYS_MAX - 1);

        if (key.len == 0 || key.len > CLEW_RUN_KEY_BYTES_MAX)
                return;
        while (run->keys[at].n > 0) {
                if (run->keys[at].hash == hash) {
                        run->keys[at].n++;
                        return;
                }
                at = (at + 1) & (CLEW_RUN_KEYS_MAX - 1);
        }
        if (run->n_keys >= CLEW_RUN_KEYS_MAX / 2)
                return;
        run->n_keys++;
        run->keys[at] = (struct clew_run_key){clew_arena_copy(&run->own, key), hash, 1, scope};
}

static uint64_t met_key(const struct clew_query_run *run, enum clew_scope scope,
                        struct clew_slice key)
{
        uint64_t hash = clew_hash_seeded(key, (uint64_t)scope);
        uint32_t at = (uint32_t)hash & (CLEW_RUN_KEYS_MAX - 1);

        for (; run->keys[at].n > 0; at = (at + 1) & (CLEW_RUN_KEYS_MAX - 1)) {
                if (run->keys[at].hash == hash)
                        return run->keys[at].n;
        }
        return 0;
}

void clew_query_met_name(const struct clew_query_run *run, struct clew_slice name,
                         uint64_t *ret_spans, uint64_t *ret_resources)
{
        *ret_spans = met_key(run, CLEW_SCOPE_SPAN, name);
        *ret_resources = met_key(run, CLEW_SCOPE_RESOURCE, name);
}

static bool is_within(enum clew_scope scope, enum clew_scope wanted)
{
        return scope == wanted || (wanted == CLEW_SCOPE_ANY &&
                                   (scope == CLEW_SCOPE_SPAN || scope == CLEW_SCOPE_RESOURCE));
}

/* Fields of the query that are this key. */
static void note_key(struct clew_query_run *run, enum clew_scope scope, struct clew_slice key)
{
        for (uint32_t i = 0; i < run->q->n_fields; i++) {
                const struct clew_field_ref *ref = &run->q->fields[i];

                if (!run->in_bytes[i] && clew_field_is_key(ref) && is_within(scope, ref->scope))
                        run->in_bytes[i] = clew_slice_eq(key, ref->name);
        }
}

static void add_keys(struct clew_query_run *run, enum clew_scope scope, struct clew_message_iter it)
{
        struct clew_slice key;
        struct clew_slice value;

        while (clew_attribute_next_raw(&it, &key, &value)) {
                add_key(run, scope, key);
                note_key(run, scope, key);
        }
}

static void add_keys_of_span(struct clew_query_run *run, const struct clew_span *span)
{
        struct clew_message_iter it = clew_span_events(span);
        struct clew_span_event event;
        struct clew_span_link link;

        add_keys(run, CLEW_SCOPE_SPAN, clew_span_attributes(span));
        while (clew_span_event_next(&it, &event))
                add_keys(run, CLEW_SCOPE_EVENT, clew_event_attributes(&event));
        it = clew_span_links(span);
        while (clew_span_link_next(&it, &link))
                add_keys(run, CLEW_SCOPE_LINK, clew_link_attributes(&link));
}

static bool names_attributes(const struct clew_query *q)
{
        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (clew_field_is_key(&q->fields[i]))
                        return true;
        }
        return false;
}

bool clew_collect_keys(struct clew_query_run *run, struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope at = {0};
        struct clew_slice resource = CLEW_SLICE_NULL;
        struct clew_slice scope = CLEW_SLICE_NULL;
        struct clew_slice raw;
        struct clew_span span;
        bool whole = true;
        unsigned n = 0;

        if (!names_attributes(run->q))
                return true;
        while (n++ < SPANS_MAX && clew_otlp_read(&r, &raw, &at)) {
                if (at.resource.data != resource.data)
                        add_keys(run, CLEW_SCOPE_RESOURCE, clew_resource_attributes(at.resource));
                if (at.scope.data != scope.data)
                        add_keys(run, CLEW_SCOPE_INSTRUMENTATION, clew_scope_attributes(at.scope));
                resource = at.resource;
                scope = at.scope;
                if (clew_span_parse(raw, &span))
                        add_keys_of_span(run, &span);
                else
                        whole = false;
        }
        return whole && n <= SPANS_MAX;
}

void clew_query_note_name(struct clew_query_run *run, uint32_t field)
{
        run->in_bytes[field] = true;
        run->tried[field]++;
        run->seen[field]++;
}

void clew_query_note_fit(struct clew_query_run *run, uint32_t code)
{
        run->comparisons[run->q->codes[code].mismatch].fit++;
}

void clew_query_note_misfit(struct clew_query_run *run, uint32_t code, enum clew_type type)
{
        struct clew_run_comparison *c = &run->comparisons[run->q->codes[code].mismatch];

        c->elsewhere = true;
        if (c->misfit == 0)
                c->met = type;
}

void clew_query_note_wanted(struct clew_query_run *run, uint32_t field)
{
        run->wanted[field].fit++;
}

void clew_query_sample_begin(struct clew_query_run *run)
{
        memset(run->keys, 0, CLEW_RUN_KEYS_MAX * sizeof(*run->keys));
        run->n_keys = 0;
}

void clew_query_sample(struct clew_query_run *run, struct clew_slice traces, struct clew_slice logs)
{
        bool whole = clew_collect_keys(run, traces);

        run->met.sampled++;
        for (uint32_t i = 0; i < run->q->n_fields; i++) {
                const struct clew_field_ref *ref = &run->q->fields[i];

                /* A key that was looked for in all places is there or not; else its text tells. */
                if (clew_field_is_key(ref) && (!whole || ref->row))
                        run->in_bytes[i] |= stands_in(traces, ref->name) ||
                                            (ref->row && stands_in(logs, ref->name));
        }
}

/* ---- what is said -----------------------------------------------------------------------------
 */

static const char *scope_text(enum clew_scope scope)
{
        switch (scope) {
        case CLEW_SCOPE_NONE:
        case CLEW_SCOPE_ANY:
                break;
        case CLEW_SCOPE_SPAN:
                return "span.";
        case CLEW_SCOPE_RESOURCE:
                return "resource.";
        case CLEW_SCOPE_EVENT:
                return "event.";
        case CLEW_SCOPE_LINK:
                return "link.";
        case CLEW_SCOPE_INSTRUMENTATION:
                return "instrumentation.";
        }
        return ".";
}

/* The key that is most like @name; of equals the one in the scope that was asked for. */
static const struct clew_run_key *nearest(const struct clew_query_run *run,
                                          const struct clew_field_ref *ref)
{
        const struct clew_run_key *best = NULL;
        size_t least = ref->name.len > 8 ? 5 : ref->name.len > 3 ? 3 : 2;

        for (uint32_t i = 0; i < CLEW_RUN_KEYS_MAX; i++) {
                const struct clew_run_key *k = &run->keys[i];
                size_t d;

                if (k->n == 0)
                        continue;
                d = 2 * clew_edit_distance(ref->name, k->name, least);
                d += d > 0 && k->scope != ref->scope && ref->scope != CLEW_SCOPE_ANY;
                if (d < 2 * least && (!best || d < 2 * least)) {
                        best = k;
                        least = d / 2 + (d & 1);
                        if (d == 0)
                                break;
                }
        }
        return best;
}

static const char *scope_noun(enum clew_scope scope)
{
        switch (scope) {
        case CLEW_SCOPE_RESOURCE:
                return "no resource";
        case CLEW_SCOPE_EVENT:
                return "no event";
        case CLEW_SCOPE_LINK:
                return "no link";
        case CLEW_SCOPE_INSTRUMENTATION:
                return "no instrumentation scope";
        case CLEW_SCOPE_NONE:
        case CLEW_SCOPE_ANY:
        case CLEW_SCOPE_SPAN:
                break;
        }
        return "no span";
}

static void say_unknown(const struct clew_query_run *run, const struct clew_field_ref *ref,
                        struct clew_query_error *err)
{
        const struct clew_run_key *near = nearest(run, ref);

        clew_query_fail(err, ref->offset, ref->len, "%s has the attribute \"%.*s\"",
                        scope_noun(ref->scope),
                        (int)(ref->name.len < SHOWN_MAX ? ref->name.len : SHOWN_MAX),
                        (const char *)ref->name.data);
        if (near)
                clew_query_hint(err,
                                "Did you mean %s%.*s (%llu seen)?  To search anyway: "
                                "--allow-unknown",
                                scope_text(near->scope), (int)near->name.len,
                                (const char *)near->name.data, (unsigned long long)near->n);
        else
                clew_query_hint(err, "clew attrs lists those there are.  To search anyway: "
                                     "--allow-unknown");
}

static void say_misfit(const struct clew_query_run *run, const struct clew_code_op *op,
                       struct clew_query_error *err)
{
        const struct clew_run_comparison *c = &run->comparisons[op->mismatch];

        clew_query_fail(err, op->offset, op->len,
                        "what stands on the %s is %s in %llu span%s, "
                        "which this never matches",
                        clew_literal_is_left(op) ? "right" : "left", clew_type_name(c->met),
                        (unsigned long long)c->misfit, c->misfit == 1 ? "" : "s");
        if (c->met == CLEW_TYPE_TEXT)
                clew_query_hint(err, "text stands in quotes: \"200\"");
        else if (clew_type_is_number(c->met))
                clew_query_hint(err, "numbers stand without quotes: 200");
        else if (c->met == CLEW_TYPE_BOOL)
                clew_query_hint(err, "true and false stand without quotes");
}

/* An attribute where only a number, or only true or false, has a meaning. */
static void say_unwanted(const struct clew_query_run *run, uint32_t field,
                         struct clew_query_error *err)
{
        const struct clew_field_ref *ref = &run->q->fields[field];
        const struct clew_run_comparison *c = &run->wanted[field];
        bool number = ref->takes == CLEW_TAKES_NUMBER;

        clew_query_fail(err, ref->offset, ref->len, "this is %s in %llu span%s, and %s is wanted",
                        clew_type_name(c->met), (unsigned long long)c->misfit,
                        c->misfit == 1 ? "" : "s", number ? "a number" : "true or false");
        clew_query_hint(err, number ? "clew attrs tells which attributes are numbers"
                                    : "compare it with something: = 5, != nil");
}

/* An attribute that has values of several types: some are left out, which is easily overlooked. */
static bool is_mixed(const struct clew_query_run *run, const struct clew_code_op *op)
{
        const struct clew_query *q = run->q;
        const struct clew_run_comparison *c = &run->comparisons[op->mismatch];
        const struct clew_code_op *field = clew_literal_is_left(op) ? op - 1 : op - 2;

        return c->fit > 0 && (c->misfit > 0 || c->elsewhere) && field->code == CLEW_CODE_FIELD &&
               clew_field_is_key(&q->fields[field->arg]);
}

static void say_mixed(const struct clew_query_run *run, const struct clew_code_op *op,
                      struct clew_query_error *err)
{
        const struct clew_run_comparison *c = &run->comparisons[op->mismatch];
        char where[48] = "other spans";

        if (!c->elsewhere)
                (void)snprintf(where, sizeof(where), "%llu span%s", (unsigned long long)c->misfit,
                               c->misfit == 1 ? "" : "s");
        clew_query_fail(err, op->offset, op->len,
                        "what stands on the %s is %s in %s, which this never matches",
                        clew_literal_is_left(op) ? "right" : "left", clew_type_name(c->met), where);
}

static bool is_compared(const struct clew_code_op *op)
{
        return op->code == CLEW_CODE_BINARY || op->code == CLEW_CODE_REGEX;
}

static bool is_unwanted(const struct clew_query_run *run, uint32_t field)
{
        const struct clew_run_comparison *c = &run->wanted[field];

        return c->misfit > 0 && c->fit == 0;
}

static bool is_unknown(const struct clew_query_run *run, uint32_t field)
{
        const struct clew_field_ref *ref = &run->q->fields[field];

        if (!clew_field_is_key(ref) || run->met.opened + run->met.sampled == 0)
                return false;
        return run->tried[field] > 0 ? run->seen[field] == 0 : !run->in_bytes[field];
}

bool clew_query_complaint(const struct clew_query_run *run, uint32_t n,
                          struct clew_query_error *err, bool *ret_fatal)
{
        const struct clew_query *q = run->q;
        uint32_t told = 0;

        *ret_fatal = true;
        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (is_unknown(run, i) && told++ == n) {
                        say_unknown(run, &q->fields[i], err);
                        return true;
                }
        }
        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (is_unwanted(run, i) && told++ == n) {
                        say_unwanted(run, i, err);
                        return true;
                }
        }
        for (uint32_t i = 0; i < q->n_codes; i++) {
                const struct clew_code_op *op = &q->codes[i];

                if (!is_compared(op) || run->comparisons[op->mismatch].misfit == 0 ||
                    run->comparisons[op->mismatch].fit > 0 || told++ != n)
                        continue;
                say_misfit(run, op, err);
                return true;
        }
        *ret_fatal = false;
        for (uint32_t i = 0; i < q->n_codes; i++) {
                if (is_compared(&q->codes[i]) && is_mixed(run, &q->codes[i]) && told++ == n) {
                        say_mixed(run, &q->codes[i], err);
                        return true;
                }
        }
        if (run->limited > 0 && told == n) {
                clew_query_fail(err, 0, 1,
                                "a pattern took too many steps on %llu text%s, which "
                                "count as not matching",
                                (unsigned long long)run->limited, run->limited == 1 ? "" : "s");
                return true;
        }
        return false;
}
