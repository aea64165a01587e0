/*
 * What people said, which changes after sealing and so stands in no index: labels and scores. Who
 * spoke about which trace is read in the order of the reviews, once for a walk; index runs then are
 * told which of their traces meet a condition. See said-int.h.
 */
#include "query/find/index/said-int.h"

#include "proto/base/mem.h"
#include "query/find/index/facet-int.h"

#include <errno.h>
#include <string.h>

/* Traces that people spoke about; where there are more, each trace is looked at. */
#define SAID_MAX 200000u
#define SAID_BYTES_MAX ((size_t)96 << 20)
#define SCRATCH_MAX ((size_t)1 << 20)

struct clew_said {
        struct clew_arena arena;
        struct clew_arena scratch;
        struct clew_buffer ids;
        const struct clew_trace_id *traces;
        struct clew_query_said *of; /* by trace */
        uint32_t n;
        struct clew_index_marks *marks;
        struct clew_index_marks *aimed; /* traces that others carry scores of; NULL: not known */
};

/* Labels and scores of a trace, in memory of their own: what was read to find them goes. */
static int keep(struct clew_said *s, const struct clew_query_said *from, struct clew_query_said *to)
{
        struct clew_slice *labels =
                clew_arena_calloc(&s->arena, from->n_labels + 1u, sizeof(*labels));
        struct clew_query_said_score *scores =
                clew_arena_calloc(&s->arena, from->n_scores + 1u, sizeof(*scores));

        if (!labels || !scores)
                return -ENOMEM;
        for (uint32_t i = 0; i < from->n_labels; i++)
                labels[i] = clew_arena_copy(&s->arena, from->labels[i]);
        for (uint32_t i = 0; i < from->n_scores; i++) {
                scores[i] = from->scores[i];
                scores[i].name = clew_arena_copy(&s->arena, from->scores[i].name);
                scores[i].label = clew_arena_copy(&s->arena, from->scores[i].label);
        }
        *to = (struct clew_query_said){labels, scores, from->n_labels, from->n_scores};
        return clew_arena_failed(&s->arena) ? -ENOMEM : 0;
}

static int add_id(void *context, const struct clew_trace_id *id)
{
        struct clew_said *s = context;

        if (s->n++ == SAID_MAX)
                return -E2BIG;
        clew_buffer_append(&s->ids, id, sizeof(*id));
        return clew_buffer_error(&s->ids);
}

static int read_all(struct clew_said *s, const struct clew_said_source *source,
                    struct clew_error *err)
{
        CLEW_ARENA one = {0};
        int r = source->each(source->context, add_id, s, err);

        if (r < 0)
                return r;
        s->traces = (const struct clew_trace_id *)(const void *)s->ids.data;
        s->of = clew_arena_calloc(&s->arena, s->n + 1u, sizeof(*s->of));
        if (!s->of)
                return -ENOMEM;
        clew_arena_init(&one, SAID_BYTES_MAX);
        for (uint32_t i = 0; r == 0 && i < s->n; i++) {
                struct clew_query_said said = {0};

                clew_arena_reset(&one);
                r = source->say(source->context, &s->traces[i], &one, &said);
                if (r == 0)
                        r = keep(s, &said, &s->of[i]);
        }
        return r;
}

struct clew_said *clew_said_new(struct clew_view *view, const struct clew_said_source *source,
                                const struct clew_trace_id *aimed, uint32_t n_aimed)
{
        struct clew_said *s = clew_calloc(1, sizeof(*s));
        struct clew_error err;
        int r;

        if (!s)
                return NULL;
        clew_arena_init(&s->arena, SAID_BYTES_MAX);
        clew_arena_init(&s->scratch, SCRATCH_MAX);
        clew_buffer_init(&s->ids, SAID_MAX * sizeof(struct clew_trace_id));
        r = read_all(s, source, &err);
        if (r == 0)
                r = clew_view_mark(view, s->traces, s->n, &s->marks, &err);
        if (r == 0 && n_aimed != UINT32_MAX)
                r = clew_view_mark(view, aimed, n_aimed, &s->aimed, &err);
        if (r == 0)
                return s;
        clew_said_free(s);
        return NULL;
}

void clew_said_free(struct clew_said *s)
{
        if (!s)
                return;
        clew_index_marks_free(s->marks);
        clew_index_marks_free(s->aimed);
        clew_arena_deinit(&s->arena);
        clew_arena_deinit(&s->scratch);
        clew_buffer_deinit(&s->ids);
        clew_free(s);
}

/* ---- conditions -------------------------------------------------------------------------------
 */

struct asked {
        struct clew_said *said;
        const struct clew_said_condition *condition;
        struct clew_slice score; /* name; empty: labels are asked for */
};

static void gather_values(const struct asked *a, uint32_t number, struct clew_values *ret)
{
        const struct clew_query_said *said = &a->said->of[number];

        for (uint32_t i = 0; a->score.len == 0 && i < said->n_labels; i++)
                clew_values_add_text(ret, said->labels[i]);
        for (uint32_t i = 0; a->score.len > 0 && i < said->n_scores; i++) {
                if (!clew_slice_eq(said->scores[i].name, a->score))
                        continue;
                if (said->scores[i].has_value)
                        clew_values_add_number(ret, said->scores[i].value);
                clew_values_add_text(ret, said->scores[i].label);
        }
}

static bool has_some(void *context, uint32_t number)
{
        const struct asked *a = context;
        struct clew_values values = {.arena = &a->said->scratch};

        clew_arena_reset(&a->said->scratch);
        gather_values(a, number, &values);
        return values.n > 0;
}

static bool meets(void *context, uint32_t number)
{
        const struct asked *a = context;
        const struct clew_said_condition *c = a->condition;
        struct clew_values values = {.arena = &a->said->scratch};
        struct clew_operand operand;
        struct clew_values right = {.items = &operand, .n = 1};
        bool any = false;

        clew_arena_reset(&a->said->scratch);
        gather_values(a, number, &values);
        if (c->value) {
                operand = *c->value;
                return clew_compare(c->op, &values, &right, NULL);
        }
        for (uint32_t i = 0; i < values.n && !any; i++)
                any = values.items[i].type == CLEW_TYPE_TEXT &&
                      clew_regex_match(c->regex, values.items[i].text) == 1;
        return values.n > 0 && any != (c->op == CLEW_OP_NOT_MATCH);
}

static bool all(void *context, uint32_t number)
{
        (void)context;
        (void)number;
        return true;
}

static bool is_negative(enum clew_op op)
{
        return op == CLEW_OP_NE || op == CLEW_OP_NOT_MATCH;
}

bool clew_said_tells(const struct clew_field_row *row)
{
        return clew_said_is_label(row) || clew_facet_is_score(row);
}

bool clew_said_is_label(const struct clew_field_row *row)
{
        return strcmp(row->name, "span.clew.label") == 0;
}

bool clew_said_knows(const struct clew_said *s, const struct clew_field_row *row)
{
        return s && (clew_said_is_label(row) || s->aimed);
}

int clew_said_find(struct clew_said *s, struct clew_index_run *run,
                   const struct clew_said_condition *condition, struct clew_index_set *may,
                   struct clew_index_set *does, struct clew_error *err)
{
        struct asked a = {.said = s, .condition = condition, .score = condition->score};
        bool is_nil = condition->value && condition->value->type == CLEW_TYPE_NIL;
        int r;

        if (is_nil || (a.score.len > 0 && is_negative(condition->op)))
                r = clew_index_marked(s->marks, run, has_some, &a, is_nil ? does : may, err);
        else
                r = clew_index_marked(s->marks, run, meets, &a, does, err);
        if (r == 0 && a.score.len > 0)
                r = clew_index_marked(s->aimed, run, all, NULL, may, err);
        clew_index_set_or(may, does);
        return r;
}
