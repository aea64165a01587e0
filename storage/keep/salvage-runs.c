#include "storage/keep/salvage-runs-int.h"

#include "proto/base/cursor.h"
#include "storage/base/page-int.h"
#include "storage/base/record-int.h"
#include "storage/hot/hot-batch-int.h"
#include "storage/object/objects-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_BYTES 8u
/* Parts of objects in stores of before. */
#define OLD_PART_BYTES ((uint64_t)1 << 20)
#define LISTS_BYTES_MAX ((size_t)256 << 20)
#define RUN_BYTES_MAX ((size_t)1 << 30)
/* Bytes that are summed up for all keys that are tried: some ten seconds. */
#define TRY_BYTES_MAX ((uint64_t)64 << 30)
#define TRY_BYTES_LEAST 64u
/* Numbers from the lowest on, where nothing says which are in use. */
#define NUMBERS_TRIED ((uint64_t)1 << 22)

struct range {
        enum clew_table tree;
        uint64_t low;
        uint64_t high; /* itself too */
};

struct large {
        uint64_t number;
        uint64_t bytes;
        uint64_t part; /* bytes of all parts but the last */
};

/* A run of pages as it is read. */
struct run {
        struct clew_slice bytes; /* behind the header, to the end of its last page */
        uint64_t n_pages;
};

void clew_salvage_runs_init(struct clew_salvage_runs *runs)
{
        *runs = (struct clew_salvage_runs){.fd = -1};
        clew_buffer_init(&runs->ranges, LISTS_BYTES_MAX);
        clew_buffer_init(&runs->objects, LISTS_BYTES_MAX);
        clew_buffer_init(&runs->segments, LISTS_BYTES_MAX);
        clew_buffer_init(&runs->firsts, LISTS_BYTES_MAX);
        clew_buffer_init(&runs->value, RUN_BYTES_MAX);
}

void clew_salvage_runs_deinit(struct clew_salvage_runs *runs)
{
        clew_buffer_deinit(&runs->ranges);
        clew_buffer_deinit(&runs->objects);
        clew_buffer_deinit(&runs->segments);
        clew_buffer_deinit(&runs->firsts);
        clew_buffer_deinit(&runs->value);
}

/* ---- what is known --------------------------------------------------------------------------- */

/* Keys of both tables begin with a number. */
static bool read_number(struct clew_slice key, uint64_t *ret)
{
        if (key.len < sizeof(*ret))
                return false;
        *ret = 0;
        for (unsigned i = 0; i < sizeof(*ret); i++)
                *ret = *ret << 8 | key.data[i];
        return true;
}

void clew_salvage_runs_lost(struct clew_salvage_runs *runs, enum clew_table tree,
                            struct clew_slice low, struct clew_slice high)
{
        struct range r = {.tree = tree};

        if (tree != CLEW_TABLE_OBJECT && tree != CLEW_TABLE_HOT)
                return;
        if (!read_number(low, &r.low))
                r.low = 0;
        if (!read_number(high, &r.high))
                r.high = UINT64_MAX;
        clew_buffer_append(&runs->ranges, &r, sizeof(r));
}

/* @value: the first part. */
static void add_large(struct clew_salvage_runs *runs, uint64_t number, struct clew_slice value)
{
        struct clew_cursor c = clew_cursor_make(value);
        struct large l = {.number = number, .bytes = clew_cursor_le64(&c)};

        l.part = clew_cursor_left(&c);
        if (!c.failed && l.part > 0 && l.bytes > l.part)
                clew_buffer_append(&runs->objects, &l, sizeof(l));
}

void clew_salvage_runs_note(struct clew_salvage_runs *runs, enum clew_table table,
                            struct clew_slice key, struct clew_slice value)
{
        struct clew_state state;
        uint64_t number;

        if (table == CLEW_TABLE_META && clew_slice_eq_cstr(key, "state") &&
            clew_state_decode(value, &state)) {
                runs->next_segment = state.next_segment;
                runs->next_sequence = state.next_sequence;
        }
        if (table == CLEW_TABLE_SEGMENT && key.len == 8 && read_number(key, &number))
                clew_buffer_append(&runs->segments, &number, sizeof(number));
        if (table == CLEW_TABLE_OBJECT && key.len == 12 && read_number(key, &number) &&
            memcmp(key.data + 8, "\0\0\0\0", 4) == 0) {
                clew_buffer_append(&runs->firsts, &number, sizeof(number));
                add_large(runs, number, value);
        }
}

static int by_number(const void *a, const void *b)
{
        uint64_t x;
        uint64_t y;

        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return x < y ? -1 : x > y;
}

bool clew_salvage_runs_miss(struct clew_salvage_runs *runs)
{
        size_t n = runs->firsts.len / sizeof(uint64_t);
        bool any = false;

        if (n > 0)
                qsort(runs->firsts.data, n, sizeof(uint64_t), by_number);
        for (size_t at = 0; at < runs->segments.len; at += sizeof(uint64_t)) {
                struct range r = {.tree = CLEW_TABLE_OBJECT};

                memcpy(&r.low, runs->segments.data + at, sizeof(r.low));
                r.high = r.low;
                if (n > 0 && bsearch(&r.low, runs->firsts.data, n, sizeof(r.low), by_number))
                        continue;
                clew_buffer_append(&runs->ranges, &r, sizeof(r));
                any = true;
        }
        return any;
}

/* ---- trying ---------------------------------------------------------------------------------- */

/* False: enough was tried. */
static bool may_try(struct clew_salvage_runs *runs, uint64_t bytes)
{
        runs->bytes_tried += bytes + TRY_BYTES_LEAST;
        runs->gave_up = runs->gave_up || runs->bytes_tried > TRY_BYTES_MAX;
        return !runs->gave_up;
}

/* Whether a value of @len bytes, checksum and all, fills just the pages of the run. */
static bool fills(const struct clew_salvage_runs *runs, const struct run *run, uint64_t len)
{
        return len <= run->bytes.len && clew_page_run_of(len, runs->page_bytes) == run->n_pages;
}

/* The last number of a range that may be in use; @next: the first that is not, 0 = not known. */
static uint64_t last_of(const struct range *r, uint64_t next)
{
        if (next)
                return r->high < next ? r->high : next - 1;
        return r->high - r->low < NUMBERS_TRIED ? r->high : r->low + NUMBERS_TRIED;
}

/* What a run is: a key, and how much of it is the value. */
struct match {
        enum clew_table table;
        struct clew_key key;
        struct clew_slice stored;
};

static bool try_key(struct clew_salvage_runs *runs, const struct run *run,
                    const struct clew_key *key, uint64_t len, struct match *ret)
{
        struct clew_slice stored = clew_slice_make(run->bytes.data, (size_t)len);
        struct clew_slice value;

        if (!may_try(runs, len) || !clew_record_check(clew_key_slice(key), stored, &value))
                return false;
        *ret = (struct match){CLEW_TABLE_OBJECT, *key, stored};
        return true;
}

/* The first part of an object, which says how long the whole is; parts of @part bytes. */
static bool is_first_part(struct clew_salvage_runs *runs, const struct run *run,
                          const struct range *r, uint64_t part, struct match *ret)
{
        struct clew_cursor c = clew_cursor_make(run->bytes);
        uint64_t len = clew_cursor_le64(&c);
        uint64_t last = last_of(r, runs->next_segment);

        if (len > part)
                len = part;
        len += LENGTH_BYTES + CLEW_TABLE_CHECK_BYTES;
        if (c.failed || !fills(runs, run, len))
                return false;
        for (uint64_t n = r->low; n <= last && !runs->gave_up; n++) {
                struct clew_key key = clew_key_chunk(n, 0);

                if (try_key(runs, run, &key, len, ret))
                        return true;
                if (n == UINT64_MAX)
                        break;
        }
        return false;
}

/* A later part of one whose first is known. */
static bool is_later_part(struct clew_salvage_runs *runs, const struct run *run,
                          const struct range *r, struct match *ret)
{
        const struct large *all = (const struct large *)(const void *)runs->objects.data;

        for (size_t i = 0; i < runs->objects.len / sizeof(*all); i++) {
                uint64_t at = all[i].part;

                if (all[i].number < r->low || all[i].number > r->high)
                        continue;
                for (uint32_t chunk = 1; at < all[i].bytes && !runs->gave_up; chunk++) {
                        struct clew_key key = clew_key_chunk(all[i].number, chunk);
                        uint64_t len = all[i].bytes - at;

                        if (len > all[i].part)
                                len = all[i].part;
                        at += len;
                        len += CLEW_TABLE_CHECK_BYTES;
                        if (fills(runs, run, len) && try_key(runs, run, &key, len, ret))
                                return true;
                }
        }
        return false;
}

/* A batch: the list of its rows has a checksum of its own, and says where it ends. */
static bool is_batch(struct clew_salvage_runs *runs, const struct run *run, const struct range *r,
                     struct clew_hot_batch *b, struct match *ret)
{
        struct clew_cursor c = clew_cursor_make(run->bytes);
        uint64_t last = last_of(r, runs->next_sequence);
        uint64_t list;

        (void)clew_cursor_le64(&c);
        list = clew_cursor_le32(&c);
        if (c.failed || list > clew_cursor_left(&c))
                return false;
        /* Newest first: those before were sealed, if nothing says from where on the leaf was. */
        for (uint64_t n = last; n >= r->low && !runs->gave_up; n--) {
                if (may_try(runs, list) && clew_hot_batch_open(n, run->bytes, b)) {
                        const struct clew_hot_row *row;
                        size_t len;

                        if (!clew_hot_batch_rows(b))
                                return false;
                        row = &b->rows[b->n - 1];
                        len = (size_t)(row->pack.data + row->pack.len - run->bytes.data) +
                              CLEW_TABLE_CHECK_BYTES;
                        *ret = (struct match){CLEW_TABLE_HOT, clew_key_batch(n),
                                              clew_slice_make(run->bytes.data, len)};
                        return fills(runs, run, len);
                }
                if (n == 0)
                        break;
        }
        return false;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static bool read_at(const struct clew_salvage_runs *runs, uint64_t page, uint8_t *into, size_t n)
{
        return clew_page_read(runs->fd, page * runs->page_bytes, into, n) == (ssize_t)n;
}

/* The run that begins at @page, when there is one. */
static bool read_run(struct clew_salvage_runs *runs, uint64_t page, struct run *ret)
{
        uint8_t header[CLEW_PAGE_HEADER];
        uint32_t n;
        uint8_t *room;
        size_t len;

        if (!read_at(runs, page, header, sizeof(header)))
                return false;
        n = clew_page_run(header);
        len = (size_t)n * runs->page_bytes;
        if (clew_page_number(header) != page || clew_page_flags(header) != CLEW_PAGE_OVERFLOW ||
            n == 0 || n > runs->n_pages - page || len > RUN_BYTES_MAX)
                return false;
        clew_buffer_clear(&runs->value);
        room = clew_buffer_reserve(&runs->value, len);
        if (!room || !read_at(runs, page, room, len))
                return false;
        ret->bytes = clew_slice_make(room + CLEW_PAGE_HEADER, len - CLEW_PAGE_HEADER);
        ret->n_pages = n;
        return true;
}

static bool try_run(struct clew_salvage_runs *runs, const struct run *run, bool later_parts,
                    struct clew_hot_batch *batch, struct match *ret)
{
        const struct range *ranges = (const struct range *)(const void *)runs->ranges.data;
        bool found = false;

        for (size_t i = 0; i < runs->ranges.len / sizeof(*ranges) && !found; i++) {
                const struct range *r = &ranges[i];

                if (r->tree == CLEW_TABLE_OBJECT)
                        found = later_parts
                                        ? is_later_part(runs, run, r, ret)
                                        : is_first_part(runs, run, r, CLEW_OBJECT_CHUNK_BYTES,
                                                        ret) ||
                                                  is_first_part(runs, run, r, OLD_PART_BYTES, ret);
                else if (!later_parts)
                        found = is_batch(runs, run, r, batch, ret);
        }
        return found;
}

static bool has_bit(const uint8_t *bits, uint64_t page)
{
        return bits[page / 8] >> page % 8 & 1;
}

int clew_salvage_runs_find(struct clew_salvage_runs *runs, const uint8_t *seen, const uint8_t *free,
                           struct clew_hot_batch *batch, clew_salvage_runs_fn fn, void *context,
                           struct clew_error *err)
{
        struct match m;
        struct run run;
        int r = 0;

        if (clew_buffer_error(&runs->ranges) < 0 || clew_buffer_error(&runs->objects) < 0 ||
            clew_buffer_error(&runs->segments) < 0 || clew_buffer_error(&runs->firsts) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (runs->ranges.len == 0)
                return 0;
        /* First parts say which later ones there are. */
        for (unsigned pass = 0; pass < 2; pass++) {
                uint64_t next = 2;

                for (uint64_t page = next; r == 0 && page < runs->n_pages; page = next) {
                        next = page + 1;
                        if (has_bit(seen, page) || has_bit(free, page) ||
                            !read_run(runs, page, &run) ||
                            !try_run(runs, &run, pass == 1, batch, &m))
                                continue;
                        next = page + run.n_pages;
                        clew_salvage_runs_note(
                                runs, m.table, clew_key_slice(&m.key),
                                clew_slice_make(m.stored.data,
                                                m.stored.len - CLEW_TABLE_CHECK_BYTES));
                        r = fn(context, m.table, clew_key_slice(&m.key), m.stored, true, err);
                }
        }
        return r;
}
