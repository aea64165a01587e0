/*
 * Comparing two runs. Signatures and texts become hashes; the alignment does the rest.
 */
#include "query/rca/diff.h"

#include "proto/base/hash.h"

#include <errno.h>

/* Runs of these make up ids and times. */
static bool is_id_char(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == ':';
}

/* A UUID, a long hex or base-62 id with digits, or a time of day. */
static bool is_fleeting(const uint8_t *p, size_t n)
{
        size_t digits = 0;
        size_t colons = 0;
        size_t lower = 0;
        size_t upper = 0;

        for (size_t i = 0; i < n; i++) {
                digits += p[i] >= '0' && p[i] <= '9';
                colons += p[i] == ':';
                lower += p[i] >= 'a' && p[i] <= 'z';
                upper += p[i] >= 'A' && p[i] <= 'Z';
        }
        if (colons >= 2 && digits >= 4)
                return true;
        if (n == 36 && p[8] == '-' && p[13] == '-' && digits > 0)
                return true;
        return n >= 20 && digits >= 3 && (upper >= 3 || digits * 5 >= n) && lower + upper > 0;
}

uint64_t clew_diff_hash(struct clew_slice text, bool strict)
{
        uint64_t h = 7;
        size_t i = 0;

        if (strict)
                return clew_hash(text);
        while (i < text.len) {
                size_t from = i;

                while (i < text.len && is_id_char(text.data[i]))
                        i++;
                if (!is_fleeting(text.data + from, i - from))
                        h = clew_hash_seeded(clew_slice_make(text.data + from, i - from), h);
                else
                        h = h * 31 + 1;
                from = i;
                while (i < text.len && !is_id_char(text.data[i]))
                        i++;
                h = clew_hash_seeded(clew_slice_make(text.data + from, i - from), h);
        }
        return h;
}

static uint64_t signature(const struct clew_rca_step *s)
{
        uint64_t h = clew_hash_seeded(s->agent_name, (uint64_t)s->kind + 1);

        return s->kind == CLEW_RCA_LLM ? h : clew_hash_seeded(s->name, h);
}

static bool same_calls(const struct clew_rca_view *va, const struct clew_rca_step *a,
                       const struct clew_rca_view *vb, const struct clew_rca_step *b, bool strict)
{
        if (a->n_calls != b->n_calls)
                return false;
        for (uint32_t i = 0; i < a->n_calls; i++) {
                const struct clew_rca_call *x = &va->calls[a->first_call + i];
                const struct clew_rca_call *y = &vb->calls[b->first_call + i];

                if (x->key != y->key &&
                    (!clew_slice_eq(x->name, y->name) ||
                     clew_diff_hash(x->args, strict) != clew_diff_hash(y->args, strict)))
                        return false;
        }
        return true;
}

struct clew_slice clew_diff_input(const struct clew_rca_view *v, const struct clew_rca_step *s,
                                  uint32_t nth)
{
        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units; u++) {
                bool heard = v->units[u].origin == CLEW_RCA_USER ||
                             v->units[u].origin == CLEW_RCA_SYSTEM;

                if (heard && nth-- == 0)
                        return v->units[u].text;
        }
        return CLEW_SLICE_NULL;
}

static uint64_t input_hash(const struct clew_rca_view *v, const struct clew_rca_step *s,
                           bool strict)
{
        uint64_t h = 1;

        for (uint32_t u = s->first_unit; u < s->first_unit + s->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_USER || v->units[u].origin == CLEW_RCA_SYSTEM)
                        h = h * 31 + clew_diff_hash(v->units[u].text, strict);
        }
        return h;
}

static unsigned changed_parts(const struct clew_rca_view *va, const struct clew_rca_step *a,
                              const struct clew_rca_view *vb, const struct clew_rca_step *b,
                              bool strict)
{
        unsigned parts = 0;

        if (clew_rca_has_error(a) != clew_rca_has_error(b))
                parts |= CLEW_DIFF_ERROR;
        if (a->kind == CLEW_RCA_LLM) {
                if (clew_diff_hash(a->text, strict) != clew_diff_hash(b->text, strict))
                        parts |= CLEW_DIFF_OUTPUT;
                if (!same_calls(va, a, vb, b, strict))
                        parts |= CLEW_DIFF_CALLS;
                if (input_hash(va, a, strict) != input_hash(vb, b, strict))
                        parts |= CLEW_DIFF_INPUT;
        } else if (a->kind == CLEW_RCA_TOOL) {
                if (a->key != b->key &&
                    clew_diff_hash(a->args, strict) != clew_diff_hash(b->args, strict))
                        parts |= CLEW_DIFF_ARGUMENTS;
                if (a->result_hash != b->result_hash &&
                    clew_diff_hash(a->result, strict) != clew_diff_hash(b->result, strict))
                        parts |= CLEW_DIFF_RESULT;
        }
        return parts;
}

static uint64_t *signatures(const struct clew_rca_view *v, struct clew_arena *arena)
{
        uint64_t *h = clew_arena_calloc(arena, v->n_steps + 1u, sizeof(*h));

        for (uint32_t i = 0; h && i < v->n_steps; i++)
                h[i] = signature(&v->steps[i]);
        return h;
}

int clew_diff_runs(const struct clew_rca_view *a, const struct clew_rca_view *b, bool strict,
                   struct clew_arena *arena, struct clew_diff *ret)
{
        uint64_t *ha = signatures(a, arena);
        uint64_t *hb = signatures(b, arena);
        struct clew_alignment al;
        struct clew_diff d = {.n = 0};
        int r;

        if (!ha || !hb)
                return -ENOMEM;
        r = clew_align(ha, a->n_steps, hb, b->n_steps, arena, &al);
        if (r < 0)
                return r;
        d.rows = clew_arena_calloc(arena, al.n + 1u, sizeof(*d.rows));
        if (!d.rows)
                return -ENOMEM;
        d.gave_up = al.gave_up;
        d.first = al.n;
        for (uint32_t i = 0; i < al.n; i++) {
                struct clew_diff_row *row = &d.rows[d.n++];

                *row = (struct clew_diff_row){.a = al.pairs[i].a, .b = al.pairs[i].b};
                if (row->a == CLEW_ALIGN_NONE)
                        row->sign = CLEW_DIFF_ONLY_B;
                else if (row->b == CLEW_ALIGN_NONE)
                        row->sign = CLEW_DIFF_ONLY_A;
                else
                        row->parts =
                                changed_parts(a, &a->steps[row->a], b, &b->steps[row->b], strict);
                if (row->parts)
                        row->sign = CLEW_DIFF_CHANGED;
                d.count[row->sign]++;
                if (row->sign != CLEW_DIFF_EQUAL && d.first == al.n)
                        d.first = i;
        }
        *ret = d;
        return 0;
}
