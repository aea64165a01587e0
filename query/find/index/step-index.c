/*
 * See step-index-int.h.
 */
#include "query/find/index/step-index-int.h"

#include "proto/base/clock.h"
#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/find/judged.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_MASK ((UINT64_C(1) << 48) - 1)
/* Steps of a trace that are told; with more it is opened. */
#define STEPS_MAX 65536u
#define PIECES_MAX 255u
/* Texts of one sort. */
#define TEXT_MAX 120u
/* Bits of a number in its first byte, and bytes behind it. */
#define FIRST_BITS 3u
#define MORE_BYTES_MAX 7u
#define EXPONENT_MAX 3u
#define RECORD_MAX (4u * (1u + MORE_BYTES_MAX))
/* Sorts of one index run. */
#define SORTS_MAX 65536u
/* Keys of sorts that nobody asks for that are passed over before the next one is looked up. */
#define PASSED_MAX 256u

#define TIME_STEP 1000u
#define COST_STEP 100u

/* In the order of CLEW_STEP_*. */
static const char *const texts[CLEW_STEP_TEXTS] = {
        "span.clew.tool",  "span.clew.model",      "span.clew.kind",
        "span.clew.agent", "span.clew.error.type",
};

/* Found once, by clew_step_index_install(). */
static struct clew_field_ref refs[CLEW_STEP_TEXTS];

void clew_step_index_install(void)
{
        for (unsigned i = 0; i < CLEW_STEP_TEXTS; i++)
                refs[i].row = clew_field_find(clew_slice_of_cstr(texts[i]), &refs[i].name);
}

int clew_step_text(struct clew_slice field)
{
        for (int i = 0; i < (int)CLEW_STEP_TEXTS; i++) {
                if (clew_slice_eq_cstr(field, texts[i]))
                        return i;
        }
        return -1;
}

/* Up to what a number can hold; no cost is more. */
#define COST_MAX 1e17

uint64_t clew_step_cost_units(double usd)
{
        double units = usd * 1e10 + 0.5;

        return units >= 0 && units < COST_MAX ? (uint64_t)units : UINT64_MAX;
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

/* False: it is too large. */
static bool put_number(uint8_t *to, size_t *len, uint64_t v, uint64_t step)
{
        unsigned exponent = 0;
        unsigned more = 0;

        while (step > 1 && exponent < EXPONENT_MAX && v != 0 && v % step == 0) {
                v /= step;
                exponent++;
        }
        while (more < MORE_BYTES_MAX && v >> (FIRST_BITS + 8 * more) != 0)
                more++;
        if (v >> (FIRST_BITS + 8 * more) != 0)
                return false;
        to[(*len)++] = (uint8_t)(exponent << 6 | more << FIRST_BITS | v >> 8 * more);
        while (more-- > 0)
                to[(*len)++] = (uint8_t)(v >> 8 * more);
        return true;
}

/* The bits of a number behind those of its exponent and length. */
#define VALUE_MASK (UINT64_MAX >> (8 - FIRST_BITS))

/* Millions are read for one answer: where eight bytes are left they are read as one. */
static uint64_t read_value(struct clew_cursor *c, unsigned *ret_exponent)
{
        unsigned first = clew_cursor_left(c) > 0 ? *c->at : 0;
        unsigned more = first >> FIRST_BITS & 7u;
        uint64_t v;

        *ret_exponent = first >> 6;
        if (CLEW_LIKELY(clew_cursor_left(c) >= sizeof(v))) {
                memcpy(&v, c->at, sizeof(v));
                c->at += 1 + more;
                return (be64toh(v) & VALUE_MASK) >> 8 * (MORE_BYTES_MAX - more);
        }
        first = clew_cursor_byte(c);
        v = first & ((1u << FIRST_BITS) - 1);
        for (; more > 0; more--)
                v = v << 8 | clew_cursor_byte(c);
        return v;
}

static uint64_t read_number(struct clew_cursor *c, uint64_t step)
{
        unsigned exponent;
        uint64_t v = read_value(c, &exponent);

        for (; exponent > 0; exponent--) {
                if (__builtin_mul_overflow(v, step, &v)) {
                        clew_cursor_fail(c);
                        return 0;
                }
        }
        return v;
}

void clew_step_hash_put(uint8_t *to, uint64_t hash)
{
        for (unsigned i = 0; i < CLEW_STEP_HASH_BYTES; i++)
                to[i] = (uint8_t)(hash >> 8 * (CLEW_STEP_HASH_BYTES - 1 - i));
}

uint64_t clew_step_hash_read(const uint8_t *from)
{
        uint64_t hash = 0;

        for (unsigned i = 0; i < CLEW_STEP_HASH_BYTES; i++)
                hash = hash << 8 | from[i];
        return hash;
}

bool clew_step_took_read(struct clew_cursor *c, unsigned flags, struct clew_step_took *ret)
{
        if (clew_cursor_left(c) == 0)
                return false;
        *ret = (struct clew_step_took){.duration_ns = read_number(c, TIME_STEP)};
        if ((flags & CLEW_SORT_NO_START) == 0)
                ret->offset_s = read_number(c, 1);
        if ((flags & CLEW_SORT_TOKENS) != 0)
                ret->tokens = read_number(c, 1);
        if ((flags & CLEW_SORT_COST) != 0)
                ret->cost = read_number(c, COST_STEP);
        return !c->failed;
}

/* ---- giving ---------------------------------------------------------------------------------- */

struct told_step {
        uint64_t hash;
        uint8_t record[RECORD_MAX];
        uint8_t len;
};

struct telling {
        struct clew_run_at *at;
        struct clew_arena *arena;
        struct clew_index_sink *sink;
        const bool *failed; /* tool calls, by step; NULL = nobody judges them */
};

/* What the rules say of the results of tool calls; false: it is not known. */
static bool judge_results(struct telling *t)
{
        const struct clew_trace *trace = t->at->trace;
        bool any = false;

        for (uint32_t i = 0; i < trace->n_steps && !any; i++)
                any = trace->steps[i].kind == CLEW_KIND_TOOL;
        if (any)
                t->failed = clew_run_at_judged(t->at);
        return !any || t->failed || !clew_judge_is_installed();
}

struct clew_step_failed clew_sort_failed(unsigned flags)
{
        return (struct clew_step_failed){.is_error = (flags & CLEW_SORT_ERROR) != 0,
                                         .by_result = (flags & CLEW_SORT_RESULT_ERROR) != 0};
}

static unsigned flags_of(const struct clew_step *s, bool by_result)
{
        bool booked = clew_step_is(s, CLEW_STEP_BOOKED);

        return (by_result ? CLEW_SORT_RESULT_ERROR : 0) |
               (s->error.is_error ? CLEW_SORT_ERROR : 0) | (s->end_ns == 0 ? CLEW_SORT_OPEN : 0) |
               (booked && s->tokens.total > 0 ? CLEW_SORT_TOKENS : 0) |
               (booked && s->has_cost ? CLEW_SORT_COST : 0) |
               (booked && s->tokens.has != 0 && s->tokens.total == 0 ? CLEW_SORT_ZERO_TOKENS : 0) |
               (s->start_ns == 0 ? CLEW_SORT_NO_START : 0);
}

/* Appends a text of a step; false: it cannot be told. */
static bool put_text(struct telling *t, unsigned i, uint32_t step, uint8_t *to, size_t *len)
{
        struct clew_values values = {.arena = t->arena};
        struct clew_slice text = CLEW_SLICE_NULL;

        clew_field_read(t->at, &refs[i], step, &values);
        if (values.n > 1 || (values.n == 1 && values.items[0].type != CLEW_TYPE_TEXT))
                return false;
        if (values.n == 1)
                text = values.items[0].text;
        if (text.len > TEXT_MAX || *len + text.len + 1 > CLEW_INDEX_KEY_MAX ||
            (text.len > 0 && memchr(text.data, 0, text.len)))
                return false;
        if (text.len > 0)
                memcpy(to + *len, text.data, text.len);
        *len += text.len;
        to[(*len)++] = 0;
        return true;
}

/* Gives the sort of a step; false: it cannot be told. */
static bool give_sort(struct telling *t, uint32_t step, unsigned flags, uint64_t *ret_hash)
{
        uint8_t key[CLEW_INDEX_KEY_MAX];
        size_t len = 1 + CLEW_STEP_HASH_BYTES;

        key[0] = 'D';
        key[len++] = (uint8_t)flags;
        for (unsigned i = 0; i < CLEW_STEP_TEXTS; i++) {
                if (!put_text(t, i, step, key, &len))
                        return false;
        }
        *ret_hash = clew_hash(clew_slice_make(key + 1 + CLEW_STEP_HASH_BYTES,
                                              len - 1 - CLEW_STEP_HASH_BYTES)) &
                    HASH_MASK;
        clew_step_hash_put(key + 1, *ret_hash);
        clew_index_add(t->sink, CLEW_INDEX_STEP, clew_slice_make(key, len));
        return true;
}

static bool tell(struct telling *t, uint32_t i, struct told_step *ret)
{
        const struct clew_step *s = &t->at->trace->steps[i];
        uint64_t start_ns = t->at->trace->start_ns;
        bool by_result =
                s->kind == CLEW_KIND_TOOL && (t->failed ? t->failed[i] : s->error.is_error);
        unsigned flags = flags_of(s, by_result);
        size_t len = 0;
        /* Tokens that nobody named are none to who asks for them. */
        bool named = s->tokens.has != 0 || s->tokens.total == 0;
        bool ok = named && give_sort(t, i, flags, &ret->hash) &&
                  put_number(ret->record, &len, clew_step_duration_ns(s), TIME_STEP);

        if (ok && (flags & CLEW_SORT_NO_START) == 0)
                ok = s->start_ns >= start_ns &&
                     put_number(ret->record, &len,
                                s->start_ns / CLEW_NS_PER_S - start_ns / CLEW_NS_PER_S, 1);
        if (ok && (flags & CLEW_SORT_TOKENS) != 0)
                ok = put_number(ret->record, &len, s->tokens.total, 1);
        if (ok && (flags & CLEW_SORT_COST) != 0)
                ok = put_number(ret->record, &len, clew_step_cost_units(s->cost_usd), COST_STEP);
        ret->len = (uint8_t)len;
        return ok;
}

static int by_sort(const void *a, const void *b)
{
        const struct told_step *x = a;
        const struct told_step *y = b;

        if (x->hash != y->hash)
                return x->hash < y->hash ? -1 : 1;
        return clew_slice_cmp(clew_slice_make(x->record, x->len),
                              clew_slice_make(y->record, y->len));
}

/* The records of one sort, in as many keys as they take; false: they take too many. */
static bool give_records(struct telling *t, const struct told_step *steps, uint32_t n)
{
        uint8_t key[CLEW_INDEX_KEY_MAX];
        size_t len = CLEW_STEP_HEAD_BYTES;
        unsigned piece = 0;

        key[0] = 'R';
        clew_step_hash_put(key + 1, steps->hash);
        for (uint32_t i = 0; i < n; i++) {
                if (len + steps[i].len > sizeof(key)) {
                        key[CLEW_STEP_HEAD_BYTES - 1] = (uint8_t)piece;
                        clew_index_add(t->sink, CLEW_INDEX_STEP, clew_slice_make(key, len));
                        len = CLEW_STEP_HEAD_BYTES;
                        if (++piece > PIECES_MAX)
                                return false;
                }
                memcpy(key + len, steps[i].record, steps[i].len);
                len += steps[i].len;
        }
        key[CLEW_STEP_HEAD_BYTES - 1] = (uint8_t)piece;
        clew_index_add(t->sink, CLEW_INDEX_STEP, clew_slice_make(key, len));
        return true;
}

void clew_step_index_give(struct clew_run_at *at, bool is_summed, struct clew_arena *arena,
                          struct clew_index_sink *sink)
{
        struct telling t = {.at = at, .arena = arena, .sink = sink};
        const struct clew_trace *trace = at->trace;
        struct told_step *steps;
        uint32_t n = 0;

        if (trace->n_steps > STEPS_MAX)
                return;
        for (unsigned i = 0; i < CLEW_STEP_TEXTS; i++) {
                if (!refs[i].row)
                        return;
        }
        steps = clew_arena_calloc(arena, trace->n_steps + 1u, sizeof(*steps));
        if (!steps || !judge_results(&t))
                return;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                if (i != at->speaker && clew_step_is(&trace->steps[i], CLEW_STEP_STANDIN))
                        continue;
                if (!tell(&t, i, &steps[n++]))
                        return;
        }
        qsort(steps, n, sizeof(*steps), by_sort);
        for (uint32_t from = 0, to; from < n; from = to) {
                for (to = from + 1; to < n && steps[to].hash == steps[from].hash; to++)
                        ;
                if (!give_records(&t, steps + from, to - from))
                        return;
        }
        if (clew_arena_failed(arena))
                return;
        clew_index_add(sink, CLEW_INDEX_STEP, CLEW_SLICE_LITERAL("A"));
        if (is_summed)
                clew_index_add(sink, CLEW_INDEX_STEP, CLEW_SLICE_LITERAL("B"));
}

/* ---- asking ---------------------------------------------------------------------------------- */

int clew_step_index_told(struct clew_index_run *run, struct clew_index_set *traces,
                         struct clew_error *err)
{
        struct clew_index_set told = {.n = traces->n};
        int r;

        told.words = clew_calloc(clew_index_set_words(&told) + 1u, sizeof(*told.words));
        if (!told.words)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_index_find(run, CLEW_INDEX_STEP, CLEW_SLICE_LITERAL("A"), &told, err);
        if (r >= 0)
                clew_index_set_and(traces, &told);
        clew_free(told.words);
        return r < 0 ? r : 0;
}

static bool read_sort(struct clew_slice key, struct clew_step_sort *ret)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(key, 1 + CLEW_STEP_HASH_BYTES));

        *ret = (struct clew_step_sort){.hash = clew_step_hash_read(key.data + 1),
                                       .flags = clew_cursor_byte(&c)};
        for (unsigned i = 0; i < CLEW_STEP_TEXTS; i++) {
                const uint8_t *zero = c.failed ? NULL : memchr(c.at, 0, clew_cursor_left(&c));

                if (!zero)
                        return false;
                ret->texts[i] = clew_cursor_bytes(&c, (size_t)(zero - c.at));
                (void)clew_cursor_byte(&c);
        }
        return clew_cursor_left(&c) == 0;
}

static int on_sort(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct clew_step_sorts *s = context;
        struct clew_step_sort sort;

        (void)posting;
        if (key.data[0] != 'D')
                return 1;
        if (key.len < 1 + CLEW_STEP_HASH_BYTES)
                return -EBADMSG;
        key = clew_arena_copy(s->arena, key);
        if (!key.data)
                return -ENOMEM;
        if (!read_sort(key, &sort))
                return -EBADMSG;
        s->shared |= s->n == SORTS_MAX || (s->n > 0 && s->items[s->n - 1].hash == sort.hash);
        if (s->shared)
                return 1;
        if (s->n == s->capacity) {
                uint32_t capacity = s->capacity ? s->capacity * 2 : 256;
                struct clew_step_sort *more = clew_arena_calloc(s->arena, capacity, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (s->n > 0)
                        memcpy(more, s->items, s->n * sizeof(*more));
                s->items = more;
                s->capacity = capacity;
        }
        s->items[s->n++] = sort;
        return 0;
}

int clew_step_index_sorts(struct clew_index_run *run, struct clew_step_sorts *ret,
                          struct clew_error *err)
{
        int r = clew_index_walk(run, CLEW_INDEX_STEP, CLEW_SLICE_LITERAL("D"), on_sort, ret, err);

        return r < 0 ? r : 0;
}

struct reading {
        const struct clew_step_sorts *sorts;
        const bool *wanted;
        const struct clew_index_set *traces;
        clew_step_took_fn fn;
        void *context;
        uint32_t *ordinals; /* of one key */
        uint32_t sort;      /* the keys of those before are behind us */
        uint32_t passed;
        bool stopped; /* to go on at the next sort that is wanted */
};

static int read_records(struct reading *r, struct clew_slice records, uint32_t n)
{
        unsigned flags = r->sorts->items[r->sort].flags;
        struct clew_cursor c = clew_cursor_make(records);
        struct clew_step_took record;
        int e = 0;

        while (e == 0 && clew_step_took_read(&c, flags, &record)) {
                for (uint32_t i = 0; e == 0 && i < n; i++)
                        e = r->fn(r->context, r->sort, r->ordinals[i], &record);
        }
        return c.failed ? -EBADMSG : e;
}

static int on_records(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct reading *r = context;
        uint32_t kept = 0;
        uint64_t hash;
        int n;

        if (key.data[0] != 'R')
                return 1;
        if (key.len < CLEW_STEP_HEAD_BYTES)
                return -EBADMSG;
        hash = clew_step_hash_read(key.data + 1);
        while (r->sort < r->sorts->n && r->sorts->items[r->sort].hash < hash)
                r->sort++;
        if (r->sort == r->sorts->n || r->sorts->items[r->sort].hash != hash)
                return -EBADMSG;
        if (!r->wanted[r->sort]) {
                r->stopped = ++r->passed > PASSED_MAX;
                return r->stopped;
        }
        r->passed = 0;
        n = clew_index_posting_list(posting, r->traces->n, r->ordinals, r->traces->n);
        if (n < 0)
                return n;
        for (int i = 0; i < n; i++) {
                if (clew_index_set_has(r->traces, r->ordinals[i]))
                        r->ordinals[kept++] = r->ordinals[i];
        }
        return kept > 0 ? read_records(r, clew_slice_from(key, CLEW_STEP_HEAD_BYTES), kept) : 0;
}

int clew_step_index_read(struct clew_index_run *run, const struct clew_step_sorts *sorts,
                         const bool *wanted, const struct clew_index_set *traces,
                         clew_step_took_fn fn, void *context, struct clew_error *err)
{
        struct reading r = {
                .sorts = sorts, .wanted = wanted, .traces = traces, .fn = fn, .context = context};
        int e = 0;

        r.ordinals = clew_calloc(traces->n + 1u, sizeof(*r.ordinals));
        if (!r.ordinals)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        do {
                uint8_t from[1 + CLEW_STEP_HASH_BYTES] = {'R'};

                while (r.sort < sorts->n && !wanted[r.sort])
                        r.sort++;
                if (r.sort == sorts->n)
                        break;
                clew_step_hash_put(from + 1, sorts->items[r.sort].hash);
                r.stopped = false;
                r.passed = 0;
                e = clew_index_walk(run, CLEW_INDEX_STEP, clew_slice_make(from, sizeof(from)),
                                    on_records, &r, err);
        } while (e >= 0 && r.stopped);
        clew_free(r.ordinals);
        return e < 0 ? e : 0;
}
