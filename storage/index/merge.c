/*
 * See merge-int.h. The order of work: choose, lay out (who has which ordinal), keys kind by kind,
 * columns, head; then blocks that are left over go.
 */
#include "storage/index/merge-int.h"

#include "proto/base/mem.h"
#include "storage/base/index-table-int.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/index/merge-part-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Runs that become one. Small ones are put together earlier: their keys are met once in each, and
 * each rounds up to pages. A trace's entries are written at most 4 + 2 times in all, not 1 + 3. */
#define FAN_IN 8u
#define FAN_IN_SMALL 4u
#define SMALL_TRACES 4096u
/* Runs made since a worn one was, before it is made anew while data comes: those of a full one's
 * traces are then some millions, or hours have passed. */
#define WORN_RUNS 512u
/* Blocks that are deleted in one transaction. */
#define SWEEP_BLOCKS 512u

enum phase { IDLE, KEYS, ROWS, HEAD, SWEEP };

struct clew_index_merge {
        struct clew_env *env;
        enum phase phase;
        uint64_t looked;     /* next_run of the state when nothing was due, ... */
        uint64_t looked_sum; /* ... its index_sum, ... */
        bool looked_at_rest; /* ... at rest, ... */
        bool looked_long;    /* ... with leisure, too */
        uint64_t seen;       /* of the state last */
        uint64_t seen_sum;
        bool has_swept; /* what an earlier process has left is gone */
        struct clew_merge_part part;
        size_t n_flushed; /* of the blocks made by the step, those that are written */
        const struct clew_index_merge_options *options; /* of the step */
        struct clew_error *err;
        uint64_t bytes;
};

struct clew_index_merge *clew_index_merge_new(struct clew_env *env)
{
        struct clew_index_merge *m = clew_calloc(1, sizeof(*m));

        if (m)
                m->env = env;
        return m;
}

void clew_index_merge_free(struct clew_index_merge *m)
{
        if (!m)
                return;
        clew_merge_part_deinit(&m->part);
        clew_free(m);
}

static void give_up(struct clew_index_merge *m)
{
        clew_merge_part_deinit(&m->part);
        m->phase = SWEEP;
}

/* ---- transactions -----------------------------------------------------------------------------
 */

struct written {
        struct clew_index_merge *merge;
        int (*fn)(struct clew_index_merge *m, MDB_txn *txn, struct clew_state *state);
        int result;
};

static void write_now(void *argument)
{
        struct written *w = argument;
        struct clew_index_merge *m = w->merge;
        struct clew_state state;
        MDB_txn *txn = NULL;

        w->result = clew_txn_begin_write(m->env, &txn, m->err);
        if (w->result < 0)
                return;
        w->result = clew_state_read(m->env, txn, &state, m->err);
        if (w->result == 0)
                w->result = w->fn(m, txn, &state);
        if (w->result >= 0) {
                int r = clew_state_write(m->env, txn, &state, m->err);

                w->result = r < 0 ? r : w->result;
        }
        if (w->result < 0) {
                clew_txn_abort(m->env, txn);
        } else {
                int r = clew_txn_commit(m->env, txn, m->err);

                w->result = r < 0 ? r : w->result;
        }
}

/* Result of @fn, or an error. */
static int in_transaction(struct clew_index_merge *m,
                          int (*fn)(struct clew_index_merge *m, MDB_txn *txn,
                                    struct clew_state *state))
{
        struct written w = {.merge = m, .fn = fn};

        if (m->options->run)
                m->options->run(m->options->context, write_now, &w);
        else
                write_now(&w);
        return w.result;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static unsigned class_of(uint32_t n)
{
        unsigned c = 0;
        uint32_t below;

        for (below = FAN_IN_SMALL; below <= SMALL_TRACES && n >= below; below *= FAN_IN_SMALL)
                c++;
        for (below = SMALL_TRACES * FAN_IN; n >= below; below *= FAN_IN)
                c++;
        return c;
}

/* Fills @ret with the runs to merge, ascending; how many. */
static uint32_t choose(const struct clew_index_catalog *c, uint32_t ret[FAN_IN])
{
        for (unsigned class = 0; class <= class_of(CLEW_INDEX_TRACES_MAX); class ++) {
                uint32_t fan_in = class < class_of(SMALL_TRACES) ? FAN_IN_SMALL : FAN_IN;
                uint64_t traces = 0;
                uint32_t n = 0;

                for (uint32_t i = 0; i < c->n_runs && n < fan_in; i++) {
                        uint32_t own = c->runs[i].head.n_traces;

                        if (class_of(own) != class || own > CLEW_INDEX_TRACES_MAX / 2 ||
                            traces + own > CLEW_INDEX_TRACES_MAX)
                                continue;
                        traces += own;
                        ret[n++] = i;
                }
                /* Of the largest, fewer make a full one. */
                if (n == fan_in || (n > 1 && traces > CLEW_INDEX_TRACES_MAX / 2))
                        return n;
        }
        return 0;
}

static int by_traces(const void *a, const void *b, void *context)
{
        const struct clew_index_run *runs = context;
        uint32_t x = runs[*(const uint32_t *)a].head.n_traces;
        uint32_t y = runs[*(const uint32_t *)b].head.n_traces;

        return (x > y) - (x < y);
}

static int by_number(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a;
        uint32_t y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/* The same at rest: the smallest runs, up to the last one that is at most twice as large as those
 * before it together. How many, or an error. */
static int choose_at_rest(struct clew_index_merge *m, const struct clew_index_catalog *c,
                          uint32_t ret[CLEW_MERGE_INPUTS_MAX])
{
        uint32_t *order = clew_malloc((c->n_runs + 1u) * sizeof(*order));
        uint32_t n = 0;
        uint64_t traces = 0;

        if (!order)
                return clew_error_set(m->err, -ENOMEM, 0, "out of memory while merging indexes");
        for (uint32_t i = 0; i < c->n_runs; i++)
                order[i] = i;
        qsort_r(order, c->n_runs, sizeof(*order), by_traces, c->runs);
        for (uint32_t i = 0; i < c->n_runs && i < CLEW_MERGE_INPUTS_MAX; i++) {
                uint32_t own = c->runs[order[i]].head.n_traces;

                if (own > CLEW_INDEX_TRACES_MAX / 2 || traces + own > CLEW_INDEX_TRACES_MAX)
                        break;
                if (i > 0 && own / 2 <= traces)
                        n = i + 1;
                traces += own;
        }
        memcpy(ret, order, n * sizeof(*order));
        qsort(ret, n, sizeof(*ret), by_number);
        clew_free(order);
        return (int)n;
}

/* Whether something in a run is gone. 1, 0, or an error. */
static int has_dead(struct clew_index_merge *m, struct clew_index_catalog *c, uint32_t i)
{
        struct clew_index_run *run = &c->runs[i];
        uint32_t n = run->head.n_traces;
        struct clew_index_set dead = {.n = n};
        bool found = false;
        int r;

        if (run->head.is_old) /* is not made anew: it goes */
                return 1;
        dead.words = clew_calloc(n / 64 + 1u, sizeof(uint64_t));
        if (!dead.words)
                return clew_error_set(m->err, -ENOMEM, 0, "out of memory while merging indexes");
        r = clew_index_dead(c, run, &dead, m->err);
        for (uint32_t k = 0; r == 0 && !found && k < n / 64 + 1u; k++)
                found = dead.words[k] != 0;
        clew_free(dead.words);
        return r < 0 ? r : found;
}

/* The next run to be made anew: how many, or an error. */
static int choose_purge(struct clew_index_merge *m, struct clew_index_catalog *c, uint32_t *ret)
{
        for (uint32_t i = 0; i < c->n_runs; i++) {
                int r = c->runs[i].number < m->options->purge_below ? has_dead(m, c, i) : 0;

                if (r == 0)
                        continue;
                *ret = i;
                return r;
        }
        return 0;
}

/* The oldest run whose sums are of more than it lists: 1, 0, or an error. */
static int choose_worn(struct clew_index_merge *m, struct clew_index_catalog *c, uint32_t *ret)
{
        const struct clew_index_adder *adder = m->options->adder;

        if (!m->options->has_leisure || !adder || adder->version != m->options->version)
                return 0;
        for (uint32_t i = 0; i < c->n_runs; i++) {
                uint64_t number = c->runs[i].number;
                int r;

                if (!m->options->at_rest && m->seen - number < WORN_RUNS)
                        break; /* they ascend */
                r = clew_index_has(&c->runs[i], CLEW_INDEX_SUM) ? has_dead(m, c, i) : 0;
                if (r == 0)
                        continue;
                *ret = i;
                return r;
        }
        return 0;
}

/* The runs that are due, ascending: how many, or an error. */
static int choose_any(struct clew_index_merge *m, struct clew_index_catalog *c,
                      uint32_t ret[CLEW_MERGE_INPUTS_MAX])
{
        uint32_t n;

        if (m->options->purge_below > 0)
                return choose_purge(m, c, ret);
        if (m->options->at_rest) { /* all at once: step by step the same is written more often */
                int at_rest = choose_at_rest(m, c, ret);

                if (at_rest != 0)
                        return at_rest;
        }
        n = choose(c, ret);
        return n > 0 ? (int)n : choose_worn(m, c, ret);
}

/* Whether nothing was due in this state of the store. */
static bool was_looked_at(const struct clew_index_merge *m)
{
        const struct clew_index_merge_options *o = m->options;

        return m->seen == m->looked && m->seen_sum == m->looked_sum &&
               (m->looked_at_rest || !o->at_rest) && (m->looked_long || !o->has_leisure);
}

static void note_look(struct clew_index_merge *m, bool at_rest, bool has_leisure)
{
        m->looked = m->seen;
        m->looked_sum = m->seen_sum;
        m->looked_at_rest = at_rest;
        m->looked_long = has_leisure;
}

/* 1 = begun, 0 = nothing is due. */
static int begin(struct clew_index_merge *m, MDB_txn *txn)
{
        struct clew_index_catalog c;
        struct clew_state state;
        uint32_t chosen[CLEW_MERGE_INPUTS_MAX];
        bool purges = m->options->purge_below > 0;
        int r = clew_state_read(m->env, txn, &state, m->err);
        int n;

        m->seen = r < 0 ? m->seen : state.next_run;
        m->seen_sum = r < 0 ? m->seen_sum : state.index_sum;
        if (r < 0 || (was_looked_at(m) && !purges))
                return r;
        r = clew_index_catalog_read(&c, m->env, txn,
                                    purges ? CLEW_INDEX_ANY_VERSION : m->options->version, m->err);
        if (r < 0)
                return r;
        n = choose_any(m, &c, chosen);
        if (n > 0)
                r = clew_merge_part_begin(&m->part, &c, chosen, (uint32_t)n, m->options->adder,
                                          m->err);
        clew_index_catalog_deinit(&c);
        if (n == 0)
                note_look(m, m->options->at_rest, m->options->has_leisure);
        return r < 0 ? r : n < 0 ? n : n > 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int take_number(struct clew_index_merge *m, MDB_txn *txn, struct clew_state *state)
{
        (void)txn;
        m->part.number = state->next_run++;
        return 0;
}

/* The next ones that were made, about as many bytes as a step makes. */
static int write_blocks(struct clew_index_merge *m, MDB_txn *txn, struct clew_state *state)
{
        struct clew_merge_part *p = &m->part;
        const size_t *ends = (const size_t *)(const void *)p->ends.data;
        size_t n = p->ends.len / sizeof(*ends);
        size_t begin = m->n_flushed > 0 ? ends[m->n_flushed - 1] : 0;
        size_t from = begin;
        int r = 0;

        (void)state;
        while (r == 0 && m->n_flushed < n && from - begin < CLEW_MERGE_STEP_BYTES) {
                size_t i = m->n_flushed++;

                r = clew_index_put_block(m->env, txn, p->number, p->n_written + (uint32_t)i + 1,
                                         clew_slice_make(p->blocks.data + from, ends[i] - from),
                                         m->err);
                from = ends[i];
        }
        return r;
}

/* The blocks made so far become durable. */
static int flush(struct clew_index_merge *m)
{
        struct clew_merge_part *p = &m->part;
        size_t n = p->ends.len / sizeof(size_t);
        int r = 0;

        m->n_flushed = 0;
        while (r >= 0 && m->n_flushed < n)
                r = in_transaction(m, write_blocks);
        if (r < 0)
                return r;
        m->bytes += p->blocks.len;
        p->n_written += (uint32_t)n;
        clew_buffer_clear(&p->blocks);
        clew_buffer_clear(&p->ends);
        return 0;
}

/* Whether a record is there, whatever it says. */
static int is_there(struct clew_index_merge *m, MDB_txn *txn, struct clew_key key)
{
        struct clew_slice value;
        int r = clew_table_peek(m->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &value,
                                m->err);

        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* Another process may have merged the same runs, or swept our blocks: then all was in vain. */
static int check_own(struct clew_index_merge *m, MDB_txn *txn)
{
        bool is_empty = m->part.head.n_traces == 0;
        int r = is_empty ? 1 : is_there(m, txn, clew_index_key_block(m->part.number, 1));

        for (uint32_t i = 0; r == 1 && i < m->part.n_inputs; i++)
                r = is_there(m, txn, clew_index_key_head(m->part.inputs[i].number));
        return r == 0 ? -EAGAIN : r < 0 ? r : 0;
}

/* What was gone of the segments is in the new run; unless more has gone meanwhile. */
static int drop_gone(struct clew_index_merge *m, MDB_txn *txn, struct clew_state *state)
{
        struct clew_merge_part *p = &m->part;
        int r = 0;

        for (uint32_t i = 0; r >= 0 && i < p->n_gone; i++) {
                const struct clew_merge_gone *g = &p->gone[i];
                struct clew_key key = clew_index_key_gone(g->segment);
                struct clew_slice value;

                r = clew_table_get(m->env, txn, CLEW_TABLE_INDEX, clew_key_slice(&key), &value,
                                   m->err);
                if (r == 0 && clew_slice_eq(value, g->record))
                        r = clew_index_drop_gone(m->env, txn, state, g->segment, m->err);
                if (r == -ENOENT)
                        r = 0;
        }
        return r;
}

static int write_head(struct clew_index_merge *m, MDB_txn *txn, struct clew_state *state)
{
        struct clew_merge_part *p = &m->part;
        int r = check_own(m, txn);

        if (r == 0 && p->head.n_traces > 0)
                r = clew_index_put_head(m->env, txn, state, p->number, &p->head, m->err);
        for (uint32_t i = 0; r == 0 && i < p->n_inputs; i++)
                r = clew_index_drop_head(m->env, txn, state, p->inputs[i].number, m->err);
        return r == 0 ? drop_gone(m, txn, state) : r;
}

static int sweep(struct clew_index_merge *m, MDB_txn *txn, struct clew_state *state)
{
        bool stuck = false;
        int r = clew_index_sweep(m->env, txn, 0, SWEEP_BLOCKS, &stuck, m->err);

        (void)state;
        if (stuck && m->options->purge_below > 0) /* with words that are to go: left behind, told */
                clew_index_table_condemn(m->env);
        return r;
}

static int sweep_step(struct clew_index_merge *m)
{
        int r = in_transaction(m, sweep);

        if (r < 0)
                return r;
        if (r < (int)SWEEP_BLOCKS) {
                m->has_swept = true;
                m->phase = IDLE;
        }
        return 1;
}

/* Reads and makes blocks in a snapshot. 1 = the phase has more. */
static int make(struct clew_index_merge *m)
{
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(m->env, &txn, m->err);

        if (r < 0)
                return r;
        if (m->phase == IDLE)
                r = begin(m, txn);
        else if (m->phase == KEYS)
                r = clew_merge_part_keys(&m->part, m->env, txn, m->err);
        else
                r = clew_merge_part_rows(&m->part, m->env, txn, m->err);
        clew_txn_end_read(m->env, txn);
        return r;
}

static int step(struct clew_index_merge *m)
{
        int r;

        if (m->phase == SWEEP || (m->phase == IDLE && !m->has_swept))
                return sweep_step(m);
        if (m->phase == HEAD) {
                r = in_transaction(m, write_head);
                if (r < 0)
                        return r;
                clew_merge_part_deinit(&m->part);
                m->phase = SWEEP;
                return 1;
        }
        r = make(m);
        if (m->phase == IDLE) {
                if (r == 1)
                        r = in_transaction(m, take_number);
                else
                        return r;
                m->phase = KEYS;
                return r < 0 ? r : 1;
        }
        if (r == 0)
                m->phase = m->phase == KEYS ? ROWS : HEAD;
        if (r >= 0)
                r = flush(m);
        return r < 0 ? r : 1;
}

int clew_index_merge_step(struct clew_index_merge *m,
                          const struct clew_index_merge_options *options, uint64_t *ret_bytes,
                          struct clew_error *err)
{
        int r;

        m->options = options;
        m->err = err;
        m->bytes = 0;
        r = step(m);
        *ret_bytes = m->bytes;
        if (r == -EAGAIN || r == -ENOENT) { /* somebody else was faster */
                give_up(m);
                return 1;
        }
        if (r < 0) { /* not before indexes have changed */
                give_up(m);
                note_look(m, true, true);
        }
        return r;
}
