/*
 * See path.h. A pattern becomes a row of instructions with relative jumps: what stands side by side
 * follows by itself, a repetition is a copy. It is run as Pike does, all states at once, each at
 * most once a step. Nothing recurses.
 */
#include "query/find/path.h"

#include "proto/base/sort.h"

#include <errno.h>
#include <string.h>

enum code_type {
        CODE_STEP,  /* arg: test */
        CODE_SPLIT, /* goes on here and at a and b, both relative */
        CODE_JUMP,  /* a */
        CODE_BEGIN,
        CODE_END,
        CODE_MATCH,
};

struct code {
        enum code_type type;
        int32_t a;
        int32_t b;
};

/* What one step must be. */
struct test {
        uint32_t kinds; /* 0 = any */
        struct clew_slice name;
        struct clew_slice agent;
        bool has_name;
        bool has_agent;
        bool wants_error;
        bool wants_ok;
        bool negated;
};

struct clew_path {
        struct code *codes;
        struct test *tests;
        uint32_t n_codes;
        uint32_t n_tests;
        uint32_t sees; /* kinds */
        /* Working space of a match. */
        uint32_t *now;
        uint32_t *next;
        uint32_t *stack;
        uint32_t *added_at; /* step at which a state was added last, plus one */
};

/* A bracket that is open, or the whole. */
struct level {
        uint32_t start;       /* of its first instruction */
        uint32_t alternative; /* of the alternative at hand */
        uint32_t last_jump;   /* chain of jumps to its end; NOWHERE = none */
        size_t offset;
};

#define NOWHERE UINT32_MAX

struct reader {
        struct clew_slice text;
        size_t at;
        struct clew_path *path;
        struct clew_arena *arena;
        struct clew_error *err;
        struct level levels[CLEW_PATH_DEPTH_MAX + 1];
        uint32_t depth;
        uint32_t item; /* where the newest item begins; NOWHERE = nothing to repeat */
};

static int fail(const struct reader *r, size_t offset, const char *message)
{
        return clew_error_set(r->err, -EINVAL, offset, "step pattern: %s", message);
}

static int peek(const struct reader *r, size_t ahead)
{
        return r->at + ahead < r->text.len ? r->text.data[r->at + ahead] : -1;
}

/* ---- instructions -----------------------------------------------------------------------------
 */

static int emit(struct reader *r, struct code c)
{
        struct clew_path *p = r->path;

        if (p->n_codes == CLEW_PATH_STATES_MAX)
                return clew_error_set(r->err, -E2BIG, r->at,
                                      "step pattern: more than %u states; repeat less",
                                      CLEW_PATH_STATES_MAX);
        p->codes[p->n_codes++] = c;
        return 0;
}

/* Before what stands from @at on, all of which moves by one. Jumps inside are relative. */
static int insert(struct reader *r, uint32_t at, struct code c)
{
        struct clew_path *p = r->path;
        int e = emit(r, c);

        if (e < 0)
                return e;
        memmove(&p->codes[at + 1], &p->codes[at], (p->n_codes - 1 - at) * sizeof(*p->codes));
        p->codes[at] = c;
        return 0;
}

static int repeat_optional(struct reader *r, uint32_t from)
{
        int32_t len = (int32_t)(r->path->n_codes - from);

        return insert(r, from, (struct code){CODE_SPLIT, 1, len + 1});
}

/* The newest item @min to @max times; @max = NOWHERE: without end. */
static int repeat(struct reader *r, uint32_t min, uint32_t max)
{
        struct clew_path *p = r->path;
        uint32_t from = r->item;
        uint32_t len = p->n_codes - from;
        struct code *one = clew_arena_alloc(r->arena, (len + 1) * sizeof(*one));
        int e = 0;

        if (!one)
                return -ENOMEM;
        memcpy(one, &p->codes[from], len * sizeof(*one));
        p->n_codes = from;
        for (uint32_t i = 0; e == 0 && i < (max == NOWHERE ? (min ? min : 1) : max); i++) {
                uint32_t begin = p->n_codes;

                for (uint32_t k = 0; e == 0 && k < len; k++)
                        e = emit(r, one[k]);
                if (e == 0 && i >= min && max != NOWHERE)
                        e = repeat_optional(r, begin);
        }
        if (e == 0 && max == NOWHERE && min == 0) {
                e = insert(r, from, (struct code){CODE_SPLIT, 1, (int32_t)len + 2});
                if (e == 0)
                        e = emit(r, (struct code){CODE_JUMP, -(int32_t)len - 1, 0});
        } else if (e == 0 && max == NOWHERE) {
                e = emit(r, (struct code){CODE_SPLIT, -(int32_t)len, 1});
        }
        return e;
}

/* ---- one step ---------------------------------------------------------------------------------
 */

static bool is_word(int c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c >= 0x80;
}

static int read_name(struct reader *r, struct clew_slice *ret)
{
        size_t start = r->at;

        if (peek(r, 0) == '"') {
                r->at++;
                while (peek(r, 0) >= 0 && peek(r, 0) != '"')
                        r->at++;
                *ret = clew_slice_make(r->text.data + start + 1, r->at - start - 1);
                if (peek(r, 0) < 0)
                        return fail(r, start, "a name in quotes that does not end");
                r->at++;
                return 0;
        }
        while (is_word(peek(r, 0)) || (peek(r, 0) == '.' && is_word(peek(r, 1))))
                r->at++;
        *ret = clew_slice_make(r->text.data + start, r->at - start);
        return ret->len > 0 ? 0
                            : fail(r, start,
                                   "expected a step: a tool's name, a kind, any, ( "
                                   "or ...");
}

static bool kind_bit(struct clew_slice word, uint32_t *ret)
{
        enum clew_kind kind;

        if (clew_slice_eq_cstr(word, "answer"))
                *ret = CLEW_PATH_ANSWER;
        else if (clew_slice_eq_cstr(word, "model"))
                *ret = 1u << CLEW_KIND_LLM;
        else if (clew_kind_parse(word, &kind))
                *ret = 1u << (unsigned)kind;
        else
                return false;
        return true;
}

static int read_test(struct reader *r, struct test *t)
{
        size_t start = r->at;
        bool quoted = peek(r, 0) == '"';
        struct clew_slice word;
        int e = read_name(r, &word);

        if (e < 0)
                return e;
        if (peek(r, 0) == ':' && !quoted) {
                if (!kind_bit(word, &t->kinds))
                        return fail(r, start,
                                    "what stands before : is no kind of step (tool, "
                                    "llm, model, agent, retriever, handoff ...)");
                r->at++;
                t->has_name = true;
                e = read_name(r, &t->name);
        } else if (quoted || (!kind_bit(word, &t->kinds) && !clew_slice_eq_cstr(word, "any") &&
                              !clew_slice_eq_cstr(word, "error"))) {
                t->has_name = true;
                t->name = word;
                t->kinds = CLEW_PATH_ACTIONS & ~CLEW_PATH_ANSWER;
        } else {
                t->wants_error = clew_slice_eq_cstr(word, "error");
        }
        if (e == 0 && peek(r, 0) == '@') {
                r->at++;
                t->has_agent = true;
                e = read_name(r, &t->agent);
        }
        if (e == 0 && peek(r, 0) == '/') {
                start = r->at++;
                e = read_name(r, &word);
                t->wants_error |= clew_slice_eq_cstr(word, "error");
                t->wants_ok = clew_slice_eq_cstr(word, "ok");
                if (e == 0 && !clew_slice_eq_cstr(word, "error") && !t->wants_ok)
                        return fail(r, start, "a step is /error or /ok");
        }
        return e;
}

static int read_step(struct reader *r)
{
        struct clew_path *p = r->path;
        struct test t = {0};
        int e;

        while (peek(r, 0) == '!') {
                t.negated = !t.negated;
                r->at++;
        }
        if (t.negated && peek(r, 0) == '(')
                return fail(r, r->at, "! stands before one step, not before a bracket");
        e = read_test(r, &t);
        if (e < 0)
                return e;
        p->sees |= t.kinds;
        r->item = p->n_codes;
        p->tests[p->n_tests] = t;
        /* As many tests as states at most: each has an instruction of its own. */
        return p->n_tests + 1 >= CLEW_PATH_STATES_MAX
                       ? fail(r, r->at, "too many steps")
                       : emit(r, (struct code){CODE_STEP, (int32_t)p->n_tests++, 0});
}

/* ---- rows, alternatives, repetitions ----------------------------------------------------------
 */

static int open_level(struct reader *r)
{
        if (++r->depth > CLEW_PATH_DEPTH_MAX)
                return clew_error_set(r->err, -E2BIG, r->at,
                                      "step pattern: more than %u brackets inside each other",
                                      CLEW_PATH_DEPTH_MAX);
        r->levels[r->depth] = (struct level){.start = r->path->n_codes,
                                             .alternative = r->path->n_codes,
                                             .last_jump = NOWHERE,
                                             .offset = r->at};
        r->item = NOWHERE;
        return 0;
}

static int next_alternative(struct reader *r)
{
        struct level *l = &r->levels[r->depth];
        int32_t len = (int32_t)(r->path->n_codes - l->alternative);
        int e = insert(r, l->alternative, (struct code){CODE_SPLIT, 1, len + 2});

        if (e == 0)
                e = emit(r, (struct code){CODE_JUMP, 0, (int32_t)l->last_jump});
        l->last_jump = r->path->n_codes - 1;
        l->alternative = r->path->n_codes;
        r->item = NOWHERE;
        return e;
}

/* The jumps at the end of each alternative lead behind the level. */
static void close_level(struct reader *r)
{
        struct level *l = &r->levels[r->depth];
        uint32_t at = l->last_jump;

        while (at != NOWHERE) {
                struct code *c = &r->path->codes[at];
                uint32_t before = (uint32_t)c->b;

                c->a = (int32_t)(r->path->n_codes - at);
                c->b = 0;
                at = before;
        }
        r->item = l->start;
        r->depth--;
}

static bool read_number(struct reader *r, uint32_t *ret)
{
        uint32_t v = 0;
        size_t start = r->at;

        while (peek(r, 0) >= '0' && peek(r, 0) <= '9' && v <= CLEW_PATH_REPEAT_MAX)
                v = v * 10 + (uint32_t)(r->text.data[r->at++] - '0');
        *ret = v;
        return r->at > start;
}

static void skip_space(struct reader *r)
{
        while (peek(r, 0) == ' ' || peek(r, 0) == '\t' || peek(r, 0) == '\n')
                r->at++;
}

static int read_counted(struct reader *r)
{
        size_t start = r->at++;
        uint32_t min;
        uint32_t max;

        skip_space(r);
        if (!read_number(r, &min))
                return fail(r, start, "a repetition is {3}, {3,} or {3,5}");
        max = min;
        skip_space(r);
        if (peek(r, 0) == ',') {
                r->at++;
                skip_space(r);
                if (!read_number(r, &max))
                        max = NOWHERE;
                skip_space(r);
        }
        if (peek(r, 0) != '}')
                return fail(r, start, "a repetition is {3}, {3,} or {3,5}");
        r->at++;
        if (min > CLEW_PATH_REPEAT_MAX || (max != NOWHERE && max > CLEW_PATH_REPEAT_MAX))
                return fail(r, start, "more than 100 repetitions");
        if (max < min || max == 0)
                return fail(r, start, "a repetition whose end lies before its beginning");
        return repeat(r, min, max);
}

static int read_sign(struct reader *r, int c)
{
        size_t start = r->at;
        bool repeats = c == '*' || c == '+' || c == '?' || c == '{';
        int e = 0;

        if (repeats && r->item == NOWHERE)
                return fail(r, start, "nothing stands before the repetition");
        if (c == '{') {
                e = read_counted(r);
                r->item = NOWHERE;
                return e;
        }
        r->at++;
        if (c == '*')
                e = repeat(r, 0, NOWHERE);
        else if (c == '+')
                e = repeat(r, 1, NOWHERE);
        else if (c == '?')
                e = repeat(r, 0, 1);
        else if (c == '|')
                return next_alternative(r);
        else if (c == '(')
                return open_level(r);
        else if (c == '^' || c == '$')
                e = emit(r, (struct code){c == '^' ? CODE_BEGIN : CODE_END, 0, 0});
        else if (r->depth == 0)
                return fail(r, start, "a ) that nothing opened");
        else {
                close_level(r);
                return 0;
        }
        r->item = NOWHERE;
        return e;
}

/* "..." */
static int read_gap(struct reader *r)
{
        struct clew_path *p = r->path;
        int e;

        r->at += 3;
        r->item = p->n_codes;
        p->tests[p->n_tests] = (struct test){0};
        if (p->n_tests + 1 >= CLEW_PATH_STATES_MAX)
                return fail(r, r->at, "too many steps");
        e = emit(r, (struct code){CODE_STEP, (int32_t)p->n_tests++, 0});
        if (e == 0)
                e = repeat(r, 0, NOWHERE);
        r->item = NOWHERE;
        return e;
}

static int read_pattern(struct reader *r)
{
        int e = 0;

        skip_space(r);
        if (peek(r, 0) < 0)
                return fail(r, 0, "it is empty");
        while (e == 0 && peek(r, 0) >= 0) {
                int c = peek(r, 0);

                if (c == '.' && peek(r, 1) == '.' && peek(r, 2) == '.')
                        e = read_gap(r);
                else if (strchr("*+?{|()^$", c))
                        e = read_sign(r, c);
                else
                        e = read_step(r);
                skip_space(r);
        }
        if (e == 0 && r->depth > 0)
                return fail(r, r->levels[r->depth].offset, "a ( that is not closed");
        if (e < 0)
                return e;
        close_level(r); /* level 0 */
        return emit(r, (struct code){CODE_MATCH, 0, 0});
}

int clew_path_parse(struct clew_slice text, struct clew_arena *arena, struct clew_path **ret,
                    struct clew_error *err)
{
        struct reader r = {.text = text, .arena = arena, .err = err, .item = NOWHERE};
        struct clew_path *p = clew_arena_calloc(arena, 1, sizeof(*p));
        int e;

        if (text.len > CLEW_PATH_TEXT_MAX)
                return clew_error_set(err, -E2BIG, 0, "step pattern: more than %u bytes",
                                      CLEW_PATH_TEXT_MAX);
        if (!p)
                return -ENOMEM;
        p->codes = clew_arena_calloc(arena, CLEW_PATH_STATES_MAX, sizeof(*p->codes));
        p->tests = clew_arena_calloc(arena, CLEW_PATH_STATES_MAX, sizeof(*p->tests));
        p->now = clew_arena_calloc(arena, CLEW_PATH_STATES_MAX, sizeof(uint32_t));
        p->next = clew_arena_calloc(arena, CLEW_PATH_STATES_MAX, sizeof(uint32_t));
        p->stack = clew_arena_calloc(arena, 2 * CLEW_PATH_STATES_MAX, sizeof(uint32_t));
        p->added_at = clew_arena_calloc(arena, CLEW_PATH_STATES_MAX, sizeof(uint32_t));
        if (clew_arena_failed(arena))
                return -ENOMEM;
        p->sees = CLEW_PATH_ACTIONS;
        r.path = p;
        r.levels[0] = (struct level){.last_jump = NOWHERE};
        e = read_pattern(&r);
        if (e == 0)
                *ret = p;
        return e;
}

/* ---- steps of a trace -------------------------------------------------------------------------
 */

static bool counts(const struct clew_step *s)
{
        return !clew_step_is(s, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT | CLEW_STEP_POLL |
                                        CLEW_STEP_STANDIN | CLEW_STEP_SETUP | CLEW_STEP_NOISE);
}

static struct clew_slice agent_of(const struct clew_trace *t, const struct clew_step *s)
{
        uint32_t agent = s->agent;

        while (agent != CLEW_STEP_NONE) {
                const struct clew_step *a = &t->steps[agent];

                if (a->agent_name.len > 0)
                        return a->agent_name;
                agent = a->parent == CLEW_STEP_NONE ? CLEW_STEP_NONE : t->steps[a->parent].agent;
        }
        return CLEW_SLICE_NULL;
}

static struct clew_slice name_of(const struct clew_step *s)
{
        if (s->kind == CLEW_KIND_TOOL && s->tool_name.len > 0)
                return s->tool_name;
        if (s->kind == CLEW_KIND_LLM)
                return s->model;
        return s->kind == CLEW_KIND_AGENT && s->agent_name.len > 0 ? s->agent_name : s->name;
}

int clew_path_of_trace(const struct clew_trace *trace, struct clew_arena *arena,
                       struct clew_path_step **ret, uint32_t *ret_n)
{
        uint32_t n = trace->n_steps;
        struct clew_sort_entry *order = clew_arena_calloc(arena, 2 * (size_t)n + 1, sizeof(*order));
        struct clew_path_step *steps = clew_arena_calloc(arena, (size_t)n + 1, sizeof(*steps));
        uint32_t kept = 0;
        uint32_t last = NOWHERE;

        if (!order || !steps)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                if (counts(&trace->steps[i]))
                        order[kept++] = (struct clew_sort_entry){trace->steps[i].start_ns,
                                                                 &trace->steps[i]};
        }
        clew_sort(order, order + n, kept, NULL);
        for (uint32_t i = 0; i < kept; i++) {
                const struct clew_step *s = order[i].item;

                steps[i] = (struct clew_path_step){.kinds = 1u << (unsigned)s->kind,
                                                   .is_error = s->error.is_error,
                                                   .name = name_of(s),
                                                   .agent = agent_of(trace, s),
                                                   .step = (uint32_t)(s - trace->steps)};
                if ((steps[i].kinds & (CLEW_PATH_ACTIONS | 1u << CLEW_KIND_LLM)) != 0)
                        last = i;
        }
        if (last != NOWHERE && steps[last].kinds == 1u << CLEW_KIND_LLM)
                steps[last].kinds |= CLEW_PATH_ANSWER;
        *ret = steps;
        *ret_n = kept;
        return 0;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

/* `*` in a name stands for anything. Greedy from the left with one place to come back to. */
static bool name_fits(struct clew_slice pattern, struct clew_slice name)
{
        size_t i = 0;
        size_t k = 0;
        size_t star = SIZE_MAX;
        size_t from = 0;

        while (k < name.len) {
                if (i < pattern.len && pattern.data[i] == '*') {
                        star = i++;
                        from = k;
                } else if (i < pattern.len && pattern.data[i] == name.data[k]) {
                        i++;
                        k++;
                } else if (star != SIZE_MAX) {
                        i = star + 1;
                        k = ++from;
                } else {
                        return false;
                }
        }
        while (i < pattern.len && pattern.data[i] == '*')
                i++;
        return i == pattern.len;
}

static bool fits(const struct test *t, const struct clew_path_step *s)
{
        bool is = (t->kinds == 0 || (t->kinds & s->kinds) != 0) &&
                  (!t->has_name || name_fits(t->name, s->name)) &&
                  (!t->has_agent || name_fits(t->agent, s->agent)) &&
                  (!t->wants_error || s->is_error) && (!t->wants_ok || !s->is_error);

        return is != t->negated;
}

struct match {
        const struct clew_path *path;
        uint32_t *list;
        uint32_t n;
        bool found;
};

/* State @first and all that is reached without a step, at place @place (0 = before all). */
static void add(struct match *m, uint32_t first, uint32_t place, bool at_begin, bool at_end)
{
        const struct clew_path *p = m->path;
        uint32_t depth = 0;

        p->stack[depth++] = first;
        while (depth > 0) {
                uint32_t at = p->stack[--depth];
                const struct code *c = &p->codes[at];

                if (p->added_at[at] == place + 1)
                        continue;
                p->added_at[at] = place + 1;
                switch (c->type) {
                case CODE_STEP:
                        m->list[m->n++] = at;
                        break;
                case CODE_SPLIT:
                        p->stack[depth++] = at + (uint32_t)c->a;
                        p->stack[depth++] = at + (uint32_t)c->b;
                        break;
                case CODE_JUMP:
                        p->stack[depth++] = at + (uint32_t)c->a;
                        break;
                case CODE_BEGIN:
                case CODE_END:
                        if (c->type == CODE_BEGIN ? at_begin : at_end)
                                p->stack[depth++] = at + 1;
                        break;
                case CODE_MATCH:
                        m->found = true;
                        break;
                }
        }
}

bool clew_path_match(const struct clew_path *path, const struct clew_path_step *steps, uint32_t n)
{
        struct match m = {.path = path, .list = path->now};
        uint32_t *spare = path->next;
        uint32_t end = n;
        uint32_t place = 0;

        while (end > 0 && (steps[end - 1].kinds & path->sees) == 0)
                end--;
        memset(path->added_at, 0, path->n_codes * sizeof(*path->added_at));
        add(&m, 0, place, true, end == 0);
        for (uint32_t i = 0; i < end && !m.found; i++) {
                uint32_t *list = m.list;
                uint32_t n_list = m.n;

                if ((steps[i].kinds & path->sees) == 0)
                        continue;
                place++;
                m.list = spare;
                m.n = 0;
                spare = list;
                for (uint32_t k = 0; k < n_list && !m.found; k++) {
                        if (fits(&path->tests[path->codes[list[k]].a], &steps[i]))
                                add(&m, list[k] + 1, place, false, i + 1 == end);
                }
                add(&m, 0, place, false, i + 1 == end);
        }
        return m.found;
}

void clew_path_print(const struct clew_path_step *steps, uint32_t n, size_t max_bytes,
                     struct clew_buffer *out)
{
        size_t before = out->len;

        for (uint32_t i = 0; i < n; i++) {
                if ((steps[i].kinds & CLEW_PATH_ACTIONS) == 0)
                        continue;
                if (out->len - before + steps[i].name.len + 8 > max_bytes) {
                        clew_buffer_append_cstr(out, " ...");
                        return;
                }
                if (out->len > before)
                        clew_buffer_append_byte(out, ' ');
                if ((steps[i].kinds & CLEW_PATH_ANSWER) != 0)
                        clew_buffer_append_cstr(out, "answer");
                else
                        clew_buffer_append_slice(out, steps[i].name);
                if (steps[i].is_error)
                        clew_buffer_append_byte(out, '!');
        }
}
