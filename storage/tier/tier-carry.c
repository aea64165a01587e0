/*
 * A writer's part of what was deleted at another writer (tier-gone-int.h).
 *
 * The newest version of another writer's catalog names the parts that it keeps beside the traces;
 * those that were not read yet are read for the traces that it remembers as deleted, and for its
 * holds. Both are put onto the shelf of this store in one transaction, deletions as not finished
 * and with their own time, after a line in the audit log: from then on it is as if the command had
 * been given here, and whoever finishes erasures carries it out. What is remembered already stays
 * as it is, so that the same parts may be read again; and all writers forget it at the same time.
 */
#include "storage/tier/tier-gone-int.h"

#include "storage/erase.h"
#include "storage/tier/tier-part-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIST_BYTES_MAX ((size_t)1 << 30)
/* In one transaction. */
#define STEP 16384u

struct carrying {
        struct clew_tier *tier;
        struct clew_buffer gone;  /* struct clew_deleted */
        struct clew_buffer holds; /* struct clew_trace_id */
        size_t from;              /* of both: a step of it */
};

static struct clew_tier_key key_of(const char *what, const char *writer)
{
        struct clew_tier_key k;

        snprintf(k.text, sizeof(k.text), "%s of %s", what, writer[0] ? writer : "-");
        return k;
}

/* ---- what the other says --------------------------------------------------------------------- */

static int gather(struct carrying *c, struct clew_slice records, uint64_t now_ns)
{
        struct clew_cursor at = clew_cursor_make(records);
        struct clew_tier_record r;

        while (clew_tier_record_take(&at, &r)) {
                struct clew_deleted d;
                struct clew_trace_id id;
                bool pending;

                if (r.tag != CLEW_TIER_PART_SHELF)
                        continue;
                if (clew_deleted_read(r.key, r.value, &d, &pending)) {
                        if (d.time_ns > now_ns || now_ns - d.time_ns < CLEW_DELETED_SHARED_FOR_NS)
                                clew_buffer_append(&c->gone, &d, sizeof(d));
                } else if (r.key.len == 1 + sizeof(id.bytes) && r.key.data[0] == CLEW_SHELF_HOLD) {
                        memcpy(id.bytes, r.key.data + 1, sizeof(id.bytes));
                        clew_buffer_append(&c->holds, &id, sizeof(id));
                }
        }
        if (at.failed)
                return -EBADMSG;
        return clew_buffer_error(&c->gone) < 0 || clew_buffer_error(&c->holds) < 0 ? -ENOMEM : 0;
}

/* Parts behind the one that was read last, or all. */
static int read_parts(struct carrying *c, struct clew_object_bucket *b, const char *writer,
                      const struct clew_tier_beside *beside, struct clew_error *err)
{
        uint64_t now_ns = clew_clock_unix_ns(c->tier->store->clock);
        CLEW_BUFFER bytes = {0};
        struct clew_error ignored;
        uint64_t last = 0;
        uint32_t from = 0;
        int r = 0;

        if (clew_tier_map_get_number(c->tier->map, key_of("part", writer).text, &last, &ignored) ==
            0) {
                for (uint32_t i = 0; i < beside->n_parts; i++)
                        from = beside->parts[i].digest == last ? i + 1 : from;
        }
        clew_buffer_init(&bytes, CLEW_BUCKET_OBJECT_MAX + 1);
        for (uint32_t i = from; r == 0 && i < beside->n_parts; i++) {
                struct clew_slice records;

                r = clew_tier_part_get(b, &beside->parts[i], 0, &bytes, &records, err);
                if (r == 0)
                        r = gather(c, records, now_ns);
                if (r == -EBADMSG) { /* its writer writes all anew; then it is read */
                        char name[CLEW_TIER_NAME_MAX];

                        clew_tier_part_name(beside->parts[i].digest, name);
                        clew_tier_tell(c->tier, name,
                                       "of another writer is damaged: what it deleted then is "
                                       "not carried out here");
                        r = 0;
                }
        }
        return r == -ENOMEM ? clew_error_set(err, r, 0, "out of memory") : r;
}

/* ---- into this store ------------------------------------------------------------------------- */

/* What is remembered here already is left out. */
static int leave_known(struct carrying *c, struct clew_error *err)
{
        struct clew_env *env = c->tier->store->env;
        struct clew_deleted *all = (void *)c->gone.data;
        size_t n = c->gone.len / sizeof(*all);
        size_t kept = 0;
        MDB_txn *txn = NULL;
        int r = n > 0 ? clew_txn_begin_read(env, &txn, err) : 0;

        if (r < 0 || n == 0)
                return r;
        for (size_t i = 0; r == 0 && i < n; i++) {
                int is = clew_tier_is_gone(env, txn, &all[i].id, err);

                if (is == 0)
                        all[kept++] = all[i];
                r = is < 0 ? is : 0;
        }
        clew_txn_end_read(env, txn);
        c->gone.len = kept * sizeof(*all);
        return r;
}

static int decide(void *context, MDB_txn *txn, struct clew_state *state, struct clew_error *err)
{
        const struct carrying *c = context;
        const struct clew_deleted *gone = (const void *)c->gone.data;
        const struct clew_trace_id *holds = (const void *)c->holds.data;
        size_t n = c->gone.len / sizeof(*gone);
        size_t n_holds = c->holds.len / sizeof(*holds);
        struct clew_shelf shelf;
        struct clew_erasure e;
        int r = clew_shelf_begin(&shelf, c->tier->store, txn, err);

        (void)state;
        if (r == 0)
                r = clew_erasure_read(c->tier->store->env, txn, &e, err);
        for (size_t i = c->from; r == 0 && i < n && i < c->from + STEP; i++)
                r = clew_deleted_put(&shelf, &e, &gone[i].id, gone[i].time_ns, true, err);
        if (r == 0 && c->from < n) {
                e.wanted++;
                r = clew_erasure_write(c->tier->store->env, txn, &e, err);
        }
        for (size_t i = c->from; r == 0 && i < n_holds && i < c->from + STEP; i++) {
                r = clew_tier_is_gone(c->tier->store->env, txn, &holds[i], err);
                if (r == 0)
                        r = clew_shelf_hold(&shelf, &holds[i], err);
                r = r < 0 ? r : 0;
        }
        return r == 0 ? clew_shelf_end(&shelf, err) : r;
}

static int tell(const struct carrying *c, const char *writer, struct clew_error *err)
{
        const struct clew_tier *t = c->tier;
        const struct clew_deleted *gone = (const void *)c->gone.data;
        size_t n = c->gone.len / sizeof(*gone);
        CLEW_BUFFER ids = {0};

        if (n == 0 || !t->carried)
                return 0;
        clew_buffer_init(&ids, LIST_BYTES_MAX);
        for (size_t i = 0; i < n; i++)
                clew_buffer_append(&ids, &gone[i].id, sizeof(gone[i].id));
        return clew_buffer_error(&ids) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory")
                       : t->carried(t->carried_context, writer, (const void *)ids.data, n, err);
}

static int carry_out(struct carrying *c, const char *writer, struct clew_error *err)
{
        int r = leave_known(c, err);

        if (r == 0)
                r = tell(c, writer, err);
        for (c->from = 0; r == 0 && (c->from < c->gone.len / sizeof(struct clew_deleted) ||
                                     c->from < c->holds.len / sizeof(struct clew_trace_id));
             c->from += STEP)
                r = clew_tier_write(c->tier, decide, c, err);
        return r;
}

static int read_other(struct carrying *c, struct clew_object_bucket *b, const char *writer,
                      struct clew_error *err)
{
        struct clew_tier_map *map = c->tier->map;
        const struct clew_tier_key version_key = key_of("version", writer);
        struct clew_tier_beside beside = {.is_known = false};
        uint64_t version = 0;
        int r = clew_tier_map_get_number(map, version_key.text, &version, err);

        if (r == 0 || r == -ENOENT)
                r = clew_tier_catalog_beside(b, &version, &beside, err);
        if (r != 1)
                return r;
        r = read_parts(c, b, writer, &beside, err);
        if (r == 0)
                r = carry_out(c, writer, err);
        if (r == 0 && beside.n_parts > 0)
                r = clew_tier_map_put_number(map, key_of("part", writer).text,
                                             beside.parts[beside.n_parts - 1].digest, err);
        return r < 0 ? r : clew_tier_map_put_number(map, version_key.text, version, err);
}

int clew_tier_carry(struct clew_tier *t, const char *writer, struct clew_error *err)
{
        const char *prefix = t->name[0] ? t->prefix : t->url;
        struct carrying c = {.tier = t};
        struct clew_object_bucket *b = NULL;
        char url[CLEW_BUCKET_URL_MAX];
        int r;

        if (!writer[0])
                snprintf(url, sizeof(url), "%s", prefix);
        else if (!clew_tier_writer_url(prefix, writer, url, sizeof(url)))
                return clew_error_set(err, -EINVAL, 0, "%s: the address is too long", prefix);
        clew_buffer_init(&c.gone, LIST_BYTES_MAX);
        clew_buffer_init(&c.holds, LIST_BYTES_MAX);
        r = clew_bucket_open_beside(t->bucket, url, &b, err);
        if (r == 0)
                r = read_other(&c, b, writer, err);
        clew_bucket_close(b);
        clew_buffer_deinit(&c.gone);
        clew_buffer_deinit(&c.holds);
        return r == -ENOENT || r == -ENXIO ? 0 : r; /* nothing is there, or it has gone on */
}
