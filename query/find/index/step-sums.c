/*
 * See step-sums-int.h.
 */
#include "query/find/index/step-sums-int.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "query/find/counted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Different durations of one sort in one run: 64 MiB. With more there are no sums. */
#define VALUES_BYTES_MAX ((size_t)64 << 20)
/* Keys of a run. */
#define KEYS_BYTES_MAX ((size_t)64 << 20)
#define SORTS_BYTES_MAX ((size_t)4 << 20)
#define PLACE_BYTES 2u
#define NUMBER_BYTES 4u
#define SUM_HEAD (1u + CLEW_STEP_HASH_BYTES)
#define VALUES_HEAD (SUM_HEAD + PLACE_BYTES + NUMBER_BYTES)
#define DURATION_MAX (UINT64_MAX >> 1)

/* ---- adding up ------------------------------------------------------------------------------- */

struct known_sort {
        uint64_t hash;
        unsigned flags;
};

struct adding {
        struct clew_index_set summed;
        struct clew_buffer sorts;  /* struct known_sort, ascending */
        struct clew_buffer values; /* struct clew_counted of the sort at hand */
        struct clew_buffer sums;   /* keys: a byte of length, and bytes */
        struct clew_buffer pieces; /* as many behind them */
        size_t at;                 /* among both */
        uint64_t last_hash;        /* of the sorts */
        uint32_t sort;
        uint64_t n; /* of the sort at hand */
        uint64_t tokens;
        uint64_t cost;
        bool is_out; /* of memory, or of what numbers can hold */
        bool is_done;
};

static void end(void *sums)
{
        struct adding *a = sums;

        if (!a)
                return;
        clew_free(a->summed.words);
        clew_buffer_deinit(&a->sorts);
        clew_buffer_deinit(&a->values);
        clew_buffer_deinit(&a->sums);
        clew_buffer_deinit(&a->pieces);
        clew_free(a);
}

static void *begin(uint32_t n_traces)
{
        struct adding *a = clew_calloc(1, sizeof(*a));

        if (!a)
                return NULL;
        clew_buffer_init(&a->sorts, SORTS_BYTES_MAX);
        clew_buffer_init(&a->values, VALUES_BYTES_MAX);
        clew_buffer_init(&a->sums, KEYS_BYTES_MAX);
        clew_buffer_init(&a->pieces, KEYS_BYTES_MAX);
        a->summed.n = n_traces;
        a->summed.words = clew_calloc(clew_index_set_words(&a->summed) + 1u, sizeof(uint64_t));
        if (a->summed.words)
                return a;
        end(a);
        return NULL;
}

static void put_key(struct clew_buffer *to, const uint8_t *key, size_t len)
{
        clew_buffer_append_byte(to, (uint8_t)len);
        clew_buffer_append(to, key, len);
}

static int by_duration(const void *x, const void *y)
{
        const struct clew_counted *a = x;
        const struct clew_counted *b = y;

        return (a->ns > b->ns) - (a->ns < b->ns);
}

/* In order, each once; how many. Most come in order. */
static size_t sort_values(struct clew_counted *values, size_t n)
{
        bool is_sorted = true;
        size_t kept = 0;

        for (size_t i = 1; i < n && is_sorted; i++)
                is_sorted = values[i - 1].ns <= values[i].ns;
        if (!is_sorted)
                qsort(values, n, sizeof(*values), by_duration);
        for (size_t i = 0; i < n; i++) {
                if (kept > 0 && values[kept - 1].ns == values[i].ns)
                        values[kept - 1].n += values[i].n;
                else
                        values[kept++] = values[i];
        }
        return kept;
}

static unsigned place_of(const struct clew_counted *value)
{
        return clew_sample_place(clew_counted_seconds(value->ns));
}

/* The values of one place, behind the hash in @key. */
static void put_place(struct adding *a, uint8_t *key, const struct clew_counted *values, size_t n)
{
        unsigned place = place_of(values);
        unsigned exponent = clew_counted_exponent(values, n);
        size_t done = 0;

        key[SUM_HEAD] = (uint8_t)(place >> 8);
        key[SUM_HEAD + 1] = (uint8_t)place;
        for (uint32_t number = 0; done < n; number++) {
                size_t len;

                for (unsigned i = 0; i < NUMBER_BYTES; i++)
                        key[SUM_HEAD + PLACE_BYTES + i] =
                                (uint8_t)(number >> 8 * (NUMBER_BYTES - 1 - i));
                done += clew_counted_put(values + done, n - done, exponent, key + VALUES_HEAD,
                                         CLEW_INDEX_KEY_MAX - VALUES_HEAD, &len);
                put_key(&a->pieces, key, VALUES_HEAD + len);
        }
}

static const struct known_sort *sort_at_hand(const struct adding *a)
{
        return (const struct known_sort *)(const void *)a->sorts.data + a->sort;
}

static uint32_t n_sorts(const struct adding *a)
{
        return (uint32_t)(a->sorts.len / sizeof(struct known_sort));
}

/* The keys of the sort at hand. */
static void end_sort(struct adding *a)
{
        struct clew_counted *values = (struct clew_counted *)(void *)a->values.data;
        uint8_t key[CLEW_INDEX_KEY_MAX];
        size_t n;
        size_t len = SUM_HEAD;

        if (a->n == 0)
                return;
        n = sort_values(values, a->values.len / sizeof(*values));
        clew_step_hash_put(key + 1, sort_at_hand(a)->hash);
        key[0] = 'S';
        len += clew_varint_put(key + len, a->n);
        len += clew_varint_put(key + len, a->tokens);
        len += clew_varint_put(key + len, a->cost);
        put_key(&a->sums, key, len);
        key[0] = 'V';
        for (size_t from = 0, to; from < n; from = to) {
                for (to = from + 1; to < n && place_of(&values[to]) == place_of(&values[from]);)
                        to++;
                put_place(a, key, values + from, to - from);
        }
        a->n = a->tokens = a->cost = 0;
        clew_buffer_clear(&a->values);
}

static void add_sort(struct adding *a, struct clew_slice key)
{
        struct known_sort sort;

        if (key.len <= SUM_HEAD) {
                a->is_out = true;
                return;
        }
        sort = (struct known_sort){clew_step_hash_read(key.data + 1), key.data[SUM_HEAD]};
        a->is_out |= n_sorts(a) > 0 && sort.hash == a->last_hash;
        a->last_hash = sort.hash;
        clew_buffer_append(&a->sorts, &sort, sizeof(sort));
}

/* @n times the same step. */
static void add_record(struct adding *a, unsigned flags, const struct clew_step_took *took,
                       uint64_t n)
{
        uint64_t tokens;
        uint64_t cost;

        a->is_out |= took->duration_ns > DURATION_MAX ||
                     __builtin_mul_overflow(took->tokens, n, &tokens) ||
                     __builtin_add_overflow(a->tokens, tokens, &a->tokens) ||
                     __builtin_mul_overflow(took->cost, n, &cost) ||
                     __builtin_add_overflow(a->cost, cost, &a->cost);
        a->n += n;
        if ((flags & CLEW_SORT_OPEN) == 0)
                clew_buffer_append(&a->values, &(struct clew_counted){took->duration_ns, n},
                                   sizeof(struct clew_counted));
}

static void add_records(struct adding *a, struct clew_slice key, const uint32_t *ordinals,
                        uint32_t n)
{
        struct clew_cursor c;
        struct clew_step_took took;
        uint64_t hash;
        uint64_t summed = 0;

        if (key.len < CLEW_STEP_HEAD_BYTES) {
                a->is_out = true;
                return;
        }
        hash = clew_step_hash_read(key.data + 1);
        while (a->sort < n_sorts(a) && sort_at_hand(a)->hash < hash) {
                end_sort(a);
                a->sort++;
        }
        if (a->sort == n_sorts(a) || sort_at_hand(a)->hash != hash) {
                a->is_out = true;
                return;
        }
        for (uint32_t i = 0; i < n; i++)
                summed += clew_index_set_has(&a->summed, ordinals[i]);
        c = clew_cursor_make(clew_slice_from(key, CLEW_STEP_HEAD_BYTES));
        while (summed > 0 && clew_step_took_read(&c, sort_at_hand(a)->flags, &took))
                add_record(a, sort_at_hand(a)->flags, &took, summed);
        a->is_out |= c.failed;
}

static void add(void *sums, struct clew_slice key, const uint32_t *ordinals, uint32_t n)
{
        struct adding *a = sums;

        if (a->is_out)
                return;
        if (clew_slice_eq_cstr(key, "B")) {
                for (uint32_t i = 0; i < n; i++)
                        clew_index_set_add(&a->summed, ordinals[i]);
        } else if (key.data[0] == 'D') {
                add_sort(a, key);
        } else if (key.data[0] == 'R') {
                add_records(a, key, ordinals, n);
        }
        a->is_out |= clew_buffer_error(&a->sorts) < 0 || clew_buffer_error(&a->values) < 0 ||
                     clew_buffer_error(&a->sums) < 0 || clew_buffer_error(&a->pieces) < 0;
}

static size_t next(void *sums, uint8_t *ret)
{
        struct adding *a = sums;
        const struct clew_buffer *from;
        size_t at;
        size_t len;

        if (!a->is_done && !a->is_out)
                end_sort(a);
        a->is_done = true;
        a->is_out |= clew_buffer_error(&a->sums) < 0 || clew_buffer_error(&a->pieces) < 0;
        if (a->is_out || a->at == a->sums.len + a->pieces.len)
                return 0;
        from = a->at < a->sums.len ? &a->sums : &a->pieces;
        at = a->at < a->sums.len ? a->at : a->at - a->sums.len;
        len = from->data[at];
        memcpy(ret, from->data + at + 1, len);
        a->at += 1 + len;
        return len;
}

const struct clew_index_adder *clew_step_sums_adder(void)
{
        static struct clew_index_adder adder = {
                .begin = begin, .add = add, .next = next, .end = end};

        adder.version = clew_index_version();
        return &adder;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct telling {
        const struct clew_step_sorts *sorts;
        const bool *wanted;
        const struct clew_step_sums_to *to;
        uint64_t *left; /* of each sort: steps whose duration was not told yet */
        uint32_t sort;
};

/* The sort of a key, behind which those before are; false: there is none. */
static bool find_sort(struct telling *t, struct clew_slice key)
{
        uint64_t hash = clew_step_hash_read(key.data + 1);

        if (t->sort > 0 && t->sorts->items[t->sort - 1].hash >= hash)
                t->sort = 0; /* the first of the other keys */
        while (t->sort < t->sorts->n && t->sorts->items[t->sort].hash < hash)
                t->sort++;
        return t->sort < t->sorts->n && t->sorts->items[t->sort].hash == hash;
}

static int tell_sum(struct telling *t, struct clew_slice key)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(key, SUM_HEAD));
        struct clew_step_took sum = {0};
        uint64_t n = clew_cursor_varint(&c);

        sum.tokens = clew_cursor_varint(&c);
        sum.cost = clew_cursor_varint(&c);
        if (c.failed || n == 0 || n > UINT64_MAX / 2 || clew_cursor_left(&c) > 0)
                return -EBADMSG;
        if (!t->wanted[t->sort])
                return 0;
        if ((t->sorts->items[t->sort].flags & CLEW_SORT_OPEN) == 0)
                t->left[t->sort] = n;
        return t->to->on_sum(t->to->context, t->sort, n, &sum);
}

static int tell_durations(struct telling *t, struct clew_slice key)
{
        struct clew_counted_piece piece;
        uint64_t n;

        if (key.len <= VALUES_HEAD)
                return -EBADMSG;
        if (!t->wanted[t->sort])
                return 0;
        piece.place = (unsigned)key.data[SUM_HEAD] << 8 | key.data[SUM_HEAD + 1];
        piece.bytes = clew_slice_from(key, VALUES_HEAD);
        n = clew_counted_values(piece.bytes);
        if (n == 0 || n > t->left[t->sort] || piece.place >> CLEW_SAMPLE_PLACE_BITS != 0)
                return -EBADMSG;
        t->left[t->sort] -= n;
        return t->to->on_durations(t->to->context, t->sort, &piece, n);
}

static int on_key(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct telling *t = context;

        (void)posting;
        if (key.len <= SUM_HEAD || !find_sort(t, key))
                return -EBADMSG;
        switch (key.data[0]) {
        case 'S':
                return tell_sum(t, key);
        case 'V':
                return tell_durations(t, key);
        default:
                return -EBADMSG;
        }
}

/* Whether the sums are of @traces. */
static int is_of(struct clew_index_run *run, const struct clew_index_set *traces,
                 struct clew_error *err)
{
        struct clew_index_set summed = {.n = traces->n};
        int r;

        summed.words = clew_calloc(clew_index_set_words(&summed) + 1u, sizeof(*summed.words));
        if (!summed.words)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_index_find(run, CLEW_INDEX_STEP, CLEW_SLICE_LITERAL("B"), &summed, err);
        if (r == 1)
                r = memcmp(summed.words, traces->words,
                           clew_index_set_words(traces) * sizeof(*summed.words)) == 0;
        clew_free(summed.words);
        return r;
}

int clew_step_sums_read(struct clew_index_run *run, const struct clew_step_sorts *sorts,
                        const bool *wanted, const struct clew_index_set *traces,
                        const struct clew_step_sums_to *to, struct clew_error *err)
{
        struct telling t = {.sorts = sorts, .wanted = wanted, .to = to};
        int r = clew_index_has(run, CLEW_INDEX_SUM) ? is_of(run, traces, err) : 0;

        if (r <= 0)
                return r;
        t.left = clew_calloc(sorts->n + 1u, sizeof(*t.left));
        if (!t.left)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_index_walk(run, CLEW_INDEX_SUM, CLEW_SLICE_NULL, on_key, &t, err);
        for (uint32_t i = 0; r == 0 && i < sorts->n; i++) {
                if (t.left[i] > 0) /* a duration that nobody told */
                        r = clew_error_set(err, -EBADMSG, 0,
                                           "sums of an index run are damaged; see clew reindex "
                                           "--indexes");
        }
        clew_free(t.left);
        return r < 0 ? r : 1;
}
