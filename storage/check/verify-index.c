/*
 * Verification of indexes: every block of a run is there and can be read, keys rise, and traces and
 * runs lead to each other.
 */
#include "storage/check/verify-int.h"

#include "proto/base/mem.h"
#include "storage/index/posting-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct index_check {
        struct clew_env *env;
        MDB_txn *txn;
        const struct clew_index_catalog *catalog;
        clew_verify_report_fn report;
        void *context;
        int n_findings;
        uint32_t ordinals[CLEW_INDEX_TRACES_MAX];
        uint64_t starts[CLEW_INDEX_TRACES_MAX];
        struct clew_trace_id ids[CLEW_INDEX_TRACES_MAX];
        uint64_t places[CLEW_SEGMENT_TRACES_MAX];
};

static void finding(struct index_check *c, const struct clew_index_run *run, const char *what)
{
        char name[64];

        snprintf(name, sizeof(name), "index run %llu", (unsigned long long)run->number);
        c->n_findings++;
        c->report(c->context, name, what);
}

static int check_each_key(struct index_check *c, struct clew_run_keys *k, struct clew_error *err)
{
        uint8_t last[CLEW_INDEX_KEY_MAX];
        size_t last_len = 0;
        int r;

        while ((r = clew_run_keys_next(k, err)) == 1) {
                struct clew_slice key = clew_slice_make(k->key, k->key_len);

                if (last_len > 0 && clew_slice_cmp(clew_slice_make(last, last_len), key) >= 0)
                        return clew_error_set(err, -EBADMSG, 0, "keys do not rise");
                if (clew_posting_decode(k->posting, k->run->head.n_traces, c->ordinals,
                                        CLEW_INDEX_TRACES_MAX) <= 0)
                        return clew_error_set(err, -EBADMSG, 0, "a posting is damaged");
                memcpy(last, key.data, key.len);
                last_len = key.len;
        }
        return r;
}

static int check_keys(struct index_check *c, struct clew_index_run *run, unsigned kind,
                      struct clew_error *err)
{
        struct clew_run_keys k;
        int r;

        clew_run_keys_begin(&k, run, kind);
        r = check_each_key(c, &k, err);
        clew_run_keys_end(&k);
        return r;
}

static int check_columns(struct index_check *c, struct clew_index_run *run, struct clew_error *err)
{
        uint32_t n = run->head.n_traces;
        int r = clew_run_ids(run, 0, n, c->ids, err);

        if (r == 0)
                r = clew_run_numbers(run, CLEW_RUN_STARTS, 0, n, c->starts, err);
        for (uint32_t i = 1; r == 0 && i < n; i++) {
                int order = memcmp(c->ids[i - 1].bytes, c->ids[i].bytes, CLEW_TRACE_ID_BYTES);

                if (c->starts[i - 1] < c->starts[i] ||
                    (c->starts[i - 1] == c->starts[i] && order >= 0))
                        r = clew_error_set(err, -EBADMSG, 0, "traces are not in order");
        }
        for (uint32_t i = 0; r == 0 && i < run->head.n_sections; i++) {
                unsigned tag = run->head.sections[i].tag;
                uint64_t rows[256];

                for (uint32_t at = 0; tag >= CLEW_RUN_COLUMN && r == 0 && at < n; at += 256)
                        r = clew_run_numbers(run, tag, at, n - at < 256 ? n - at : 256, rows, err);
        }
        return r;
}

/* A live trace of the segment: run and trace index know each other. */
static void check_trace(struct index_check *c, struct clew_index_run *run, uint64_t segment,
                        uint32_t index, uint64_t ordinal)
{
        struct clew_place place = {0};
        struct clew_error err = {0};

        if (ordinal >= run->head.n_traces)
                finding(c, run, "lacks a live trace of a segment that it covers");
        else if (clew_place_read(c->env, c->txn, &c->ids[ordinal], &place, &err) < 0 ||
                 place.segment != segment || place.index != index ||
                 place.start_ns != c->starts[ordinal])
                finding(c, run, "leads to a trace that is not there");
}

static int check_segment(struct index_check *c, struct clew_index_run *run,
                         const struct clew_run_segment *s, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(s->segment);
        struct clew_segment_entry e;
        struct clew_slice value;
        int r;

        if (clew_index_run_of(c->catalog, s->segment) != run)
                return 0; /* gone, or a newer run counts */
        r = clew_table_get(c->env, c->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);
        if (r < 0 || !clew_segment_entry_decode(value, &e) || e.n_traces != s->n ||
            s->n > CLEW_SEGMENT_TRACES_MAX) {
                finding(c, run, "covers a segment that is not there, or is another");
                return 0;
        }
        r = clew_run_numbers(run, CLEW_RUN_PLACES, s->first, s->n, c->places, err);
        for (uint32_t i = 0; r == 0 && i < s->n; i++) {
                if (clew_segment_is_live(e.live, e.n_traces, i))
                        check_trace(c, run, s->segment, i, c->places[i]);
        }
        return r;
}

static int check_run(struct index_check *c, struct clew_index_run *run, struct clew_error *err)
{
        int r;

        if (run->head.is_old) /* nobody reads it */
                return 0;
        r = check_columns(c, run, err);
        for (unsigned kind = 1; r == 0 && kind <= CLEW_INDEX_KIND_MAX; kind++)
                r = check_keys(c, run, kind, err);
        for (uint32_t i = 0; r == 0 && i < run->head.n_segments; i++)
                r = check_segment(c, run, &run->head.segments[i], err);
        return r;
}

int clew_verify_index(struct clew_env *env, MDB_txn *txn, clew_verify_report_fn report,
                      void *context)
{
        struct clew_index_catalog catalog;
        struct clew_error err = {0};
        struct index_check *c = clew_calloc(1, sizeof(*c));
        int n;
        int r = c ? clew_index_catalog_read(&catalog, env, txn, CLEW_INDEX_ANY_VERSION, &err)
                  : clew_error_set(&err, -ENOMEM, 0, "out of memory");

        if (r < 0) {
                clew_free(c);
                report(context, "indexes", err.message);
                return 1;
        }
        c->env = env;
        c->txn = txn;
        c->catalog = &catalog;
        c->report = report;
        c->context = context;
        for (uint32_t i = 0; i < catalog.n_runs; i++) {
                if (check_run(c, &catalog.runs[i], &err) < 0)
                        finding(c, &catalog.runs[i], err.message);
        }
        n = c->n_findings;
        clew_index_catalog_deinit(&catalog);
        clew_free(c);
        return n;
}
