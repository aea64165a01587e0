/*
 * See fold.h. Three passes over the steps, none recursive: which steps must be seen (backward,
 * children before parents), which rows of siblings fold (forward, per parent), and the lines.
 */
#include "query/answer/fold.h"

#include "proto/base/hash.h"
#include "query/model/message.h"

#include <errno.h>

/* Messages of one step. */
#define SCRATCH_MAX ((size_t)256 << 20)

/* Deeper ones count as one level. */
#define LEVELS_COUNTED 64u

enum {
        NEEDED = 1u << 0, /* on the way to something that must be seen */
        HIDDEN = 1u << 1, /* it and all below it */
        REPEAT = 1u << 2, /* hidden as a repeat of earlier siblings */
        ERROR = 1u << 3,  /* it must be seen itself */
        OTHER = 1u << 4,  /* it, or something below it, is no plumbing */
        PASSED = 1u << 5, /* plumbing around something else: no line of its own */
};

struct folding {
        const struct clew_trace *trace;
        uint8_t *marks;     /* per step */
        uint64_t *sign;     /* per step: what it does, for finding repeats */
        uint32_t *errors;   /* per step: errors in its subtree */
        uint32_t *siblings; /* scratch: the row being looked at */
        uint8_t *periods;   /* per step: period of the repeat it belongs to */
        uint32_t *depths;   /* per step: as drawn */
        bool *seen;         /* by depth, while the ends of rows are looked for */
        struct clew_arena scratch;
};

static uint64_t mix(uint64_t seed, struct clew_slice s)
{
        return clew_hash_seeded(s, seed);
}

/* Messages are parsed for signatures in traces up to this size; beyond it only what costs nothing
 * to compare makes a repeat. */
#define PARSED_STEPS_MAX 5000u

/* What a model answered, without call ids, which differ each time. False when it cannot be told. */
static bool answer_signature(struct folding *f, const struct clew_step *s, uint64_t *h)
{
        struct clew_messages m = {0};

        if (f->trace->n_steps > PARSED_STEPS_MAX)
                return false;
        clew_arena_reset(&f->scratch);
        if (clew_step_messages(f->trace, s, CLEW_MESSAGES_OUT, &f->scratch, &m) != 0 || m.n == 0)
                return false;
        for (uint32_t i = 0; i < m.n; i++) {
                for (uint32_t j = 0; j < m.items[i].n_parts; j++) {
                        *h = mix(*h + (uint64_t)m.items[i].parts[j].type, m.items[i].parts[j].name);
                        *h = mix(*h, m.items[i].parts[j].text);
                }
        }
        return true;
}

/* Equal for steps that do the same with the same: a call with its arguments, a model with its
 * answer. Agents and chains repeat only in name, so their subtrees take part. */
static uint64_t own_signature(struct folding *f, uint32_t step)
{
        const struct clew_step *s = &f->trace->steps[step];
        uint64_t h = mix((uint64_t)s->kind, s->name);

        if (s->kind == CLEW_KIND_TOOL)
                return mix(h, s->tool_arguments.len > 0 ? s->tool_arguments : s->input);
        if (s->kind != CLEW_KIND_LLM)
                return mix(h, s->output);
        if (!answer_signature(f, s, &h))
                h = s->output.len > 0 ? mix(h, s->output) : h + step;
        return h;
}

static void mark_needed(struct folding *f, uint32_t keep)
{
        const struct clew_trace *t = f->trace;

        for (uint32_t i = t->n_steps; i-- > 0;) {
                const struct clew_step *s = &t->steps[i];

                f->errors[i] += s->error.is_error;
                f->sign[i] ^= own_signature(f, i);
                if (i == keep || s->error.is_error ||
                    clew_step_is(s, CLEW_STEP_SOFT_FAILURE | CLEW_STEP_PAUSED | CLEW_STEP_REFUSED |
                                            CLEW_STEP_CANCELLED))
                        f->marks[i] |= NEEDED | ERROR;
                if (!clew_step_is(s, CLEW_STEP_NOISE | CLEW_STEP_FRAGMENT))
                        f->marks[i] |= OTHER;
                if (clew_step_is(s, CLEW_STEP_NOISE) && f->marks[i] & OTHER &&
                    !(f->marks[i] & ERROR))
                        f->marks[i] |= PASSED;
                if (s->parent == CLEW_STEP_NONE)
                        continue;
                f->marks[s->parent] |= f->marks[i] & (NEEDED | OTHER);
                f->errors[s->parent] += f->errors[i];
                f->sign[s->parent] = f->sign[s->parent] * UINT64_C(0x9e3779b97f4a7c15) + f->sign[i];
        }
}

static bool same_block(const struct folding *f, uint32_t a, uint32_t b, uint32_t period)
{
        for (uint32_t k = 0; k < period; k++) {
                if (f->sign[f->siblings[a + k]] != f->sign[f->siblings[b + k]])
                        return false;
        }
        return true;
}

/* Hides one repeat, a block of @period siblings, unless @keep lies in it. */
static void hide_block(struct folding *f, uint32_t from, uint32_t period, uint32_t keep)
{
        const struct clew_step *steps = f->trace->steps;
        uint32_t first = f->siblings[from];
        uint32_t last = f->siblings[from + period - 1];

        if (keep != CLEW_STEP_NONE && keep >= first && keep <= last + steps[last].n_descendants)
                return;
        for (uint32_t k = from; k < from + period; k++) {
                f->marks[f->siblings[k]] |= HIDDEN | REPEAT;
                f->periods[f->siblings[k]] = (uint8_t)period;
        }
}

/* Hides repeats within a row of @n siblings, from the second occurrence on. Errors do not keep a
 * repeat visible: the first one shows them. */
static void hide_repeats(struct folding *f, uint32_t n, uint32_t keep)
{
        for (uint32_t i = 0; i < n;) {
                uint32_t best_end = 0;
                uint32_t best_period = 0;

                for (uint32_t p = 1; p <= CLEW_FOLD_PERIOD_MAX && i + p * 2 <= n; p++) {
                        uint32_t end = i + p;

                        while (end + p <= n && same_block(f, i, end, p))
                                end += p;
                        if ((end - i) / p >= CLEW_FOLD_REPEATS && end > best_end) {
                                best_end = end;
                                best_period = p;
                        }
                }
                for (uint32_t k = i + best_period; k < best_end; k += best_period)
                        hide_block(f, k, best_period, keep);
                i = best_end > i ? best_end : i + 1;
        }
}

static void hide_middle(struct folding *f, uint32_t n)
{
        uint32_t errors = 0;

        if (n <= CLEW_FOLD_ROW_MAX)
                return;
        for (uint32_t k = CLEW_FOLD_HEAD; k < n - CLEW_FOLD_TAIL; k++) {
                uint32_t s = f->siblings[k];

                if ((f->marks[s] & NEEDED) && errors++ < CLEW_FOLD_ERRORS_MAX)
                        continue;
                f->marks[s] |= HIDDEN;
        }
}

/* The children of @parent, or the roots for CLEW_STEP_NONE. */
static void fold_row(struct folding *f, uint32_t first, uint32_t keep)
{
        const struct clew_trace *t = f->trace;
        uint32_t n = 0;

        for (uint32_t i = first; i != CLEW_STEP_NONE; i = t->steps[i].next_sibling) {
                f->siblings[n++] = i;
                if (!(f->marks[i] & (NEEDED | OTHER)))
                        f->marks[i] |= HIDDEN;
        }
        hide_repeats(f, n, keep);
        hide_middle(f, n);
}

/* Folds whole levels, from the deepest, until what is left can be read. */
static void hide_levels(struct folding *f)
{
        const struct clew_trace *t = f->trace;
        uint32_t counts[LEVELS_COUNTED] = {0};
        uint32_t total = 0;
        uint32_t depth = 0;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                if (f->marks[i] & HIDDEN)
                        i += t->steps[i].n_descendants;
                else
                        counts[t->steps[i].depth < LEVELS_COUNTED ? t->steps[i].depth
                                                                  : LEVELS_COUNTED - 1]++;
        }
        while (depth < LEVELS_COUNTED && total + counts[depth] <= CLEW_FOLD_LINES_MAX)
                total += counts[depth++];
        for (uint32_t i = 0; i < t->n_steps; i++) {
                if (t->steps[i].depth >= depth && depth > 0 && !(f->marks[i] & NEEDED))
                        f->marks[i] |= HIDDEN;
        }
}

/* Extends a fold line over @step; false when it is of another sort. */
static bool extend(const struct folding *f, struct clew_fold_line *line, uint32_t step)
{
        const struct clew_step *s = &f->trace->steps[step];
        bool is_repeat = (f->marks[step] & REPEAT) != 0;

        if (line->hidden == 0 || f->trace->steps[line->step].parent != s->parent ||
            is_repeat != (line->repeats > 0) || (is_repeat && line->period != f->periods[step]))
                return false;
        line->hidden += s->n_descendants + 1;
        line->errors += f->errors[step];
        line->repeats += is_repeat;
        return true;
}

/* Depth among those that are drawn: what plumbing holds stands where it does. */
static void place(struct folding *f, uint32_t i)
{
        const struct clew_step *s = &f->trace->steps[i];
        bool inside = s->parent != CLEW_STEP_NONE && f->marks[s->parent] & PASSED;

        f->depths[i] = s->parent == CLEW_STEP_NONE ? 0 : f->depths[s->parent] + (inside ? 0 : 1);
}

/* Plumbing below something else that holds nothing: the count at the end speaks of it. */
static bool is_dropped(const struct folding *f, uint32_t i)
{
        const struct clew_step *s = &f->trace->steps[i];

        return f->marks[i] & HIDDEN && !(f->marks[i] & (OTHER | NEEDED)) &&
               s->parent != CLEW_STEP_NONE && clew_step_is(s, CLEW_STEP_NOISE);
}

/* From the end: a line is the last of its row when none of its depth came since a shallower one. */
static void mark_last(struct folding *f, struct clew_fold_line *lines, uint32_t n)
{
        bool *seen = f->seen;
        uint32_t deepest = 0;

        for (uint32_t i = n; i-- > 0;) {
                uint32_t depth = lines[i].depth;

                while (deepest > depth)
                        seen[deepest--] = false;
                deepest = depth;
                lines[i].last = !seen[depth];
                seen[depth] = true;
        }
}

static uint32_t lay_out(struct folding *f, struct clew_fold_line *lines, uint32_t *ret_hidden)
{
        const struct clew_trace *t = f->trace;
        uint32_t n = 0;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                struct clew_fold_line line = {.step = i};

                place(f, i);
                line.depth = f->depths[i];
                if ((f->marks[i] & (PASSED | HIDDEN)) == PASSED) {
                        ++*ret_hidden;
                        continue;
                }
                if (!(f->marks[i] & HIDDEN)) {
                        lines[n++] = line;
                        continue;
                }
                *ret_hidden += s->n_descendants + 1;
                if (is_dropped(f, i)) {
                        i += s->n_descendants;
                        continue;
                }
                if (n == 0 || !extend(f, &lines[n - 1], i)) {
                        line.hidden = s->n_descendants + 1;
                        line.errors = f->errors[i];
                        line.repeats = (f->marks[i] & REPEAT) != 0;
                        line.period = f->periods[i];
                        lines[n++] = line;
                }
                i += s->n_descendants;
        }
        for (uint32_t i = 0; i < n; i++) {
                if (lines[i].period > 0) /* counted in siblings so far */
                        lines[i].repeats =
                                (lines[i].repeats + lines[i].period - 1) / lines[i].period;
        }
        mark_last(f, lines, n);
        return n;
}

int clew_fold_build(const struct clew_trace *trace, uint32_t keep, bool all,
                    struct clew_arena *arena, struct clew_fold *ret)
{
        size_t n = trace->n_steps;
        struct clew_fold_line *lines = clew_arena_calloc(arena, n, sizeof(*lines));
        struct folding f = {
                .trace = trace,
                .marks = clew_arena_calloc(arena, n, sizeof(*f.marks)),
                .sign = clew_arena_calloc(arena, n, sizeof(*f.sign)),
                .errors = clew_arena_calloc(arena, n, sizeof(*f.errors)),
                .siblings = clew_arena_calloc(arena, n, sizeof(*f.siblings)),
                .periods = clew_arena_calloc(arena, n, sizeof(*f.periods)),
                .depths = clew_arena_calloc(arena, n, sizeof(*f.depths)),
                .seen = clew_arena_calloc(arena, n + 1, sizeof(*f.seen)),
        };
        uint32_t hidden = 0;
        bool scratch_failed;

        if (clew_arena_failed(arena))
                return -ENOMEM;
        clew_arena_init(&f.scratch, SCRATCH_MAX);
        if (!all && n > 0) {
                mark_needed(&f, keep);
                fold_row(&f, 0, keep);
                for (uint32_t i = 0; i < n; i++) {
                        if (trace->steps[i].n_children > 1 ||
                            (trace->steps[i].n_children == 1 && !(f.marks[i + 1] & OTHER)))
                                fold_row(&f, trace->steps[i].first_child, keep);
                }
                hide_levels(&f);
        }
        scratch_failed = clew_arena_failed(&f.scratch);
        clew_arena_deinit(&f.scratch);
        if (scratch_failed)
                return -ENOMEM;
        ret->lines = lines;
        ret->n = lay_out(&f, lines, &hidden);
        ret->n_hidden = hidden;
        return 0;
}
