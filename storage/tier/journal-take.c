#include "storage/tier/journal-take-int.h"

#include "proto/base/mem.h"
#include "proto/base/sort.h"
#include "storage/tier/tail-take-int.h"

#include <errno.h>
#include <string.h>

#define LIST_BYTES_MAX CLEW_JOURNAL_OBJECTS_BYTES_MAX
/* Read in one step, of a writer; the rest comes with the next. */
#define STEP_BYTES_MAX ((uint64_t)64 << 20)

struct entry {
        struct clew_journal_object object;
        uint64_t number; /* of its pieces; 0 = it was not read yet */
        uint64_t erased; /* as the catalog said when it was read */
        bool is_gone;    /* from the bucket */
};

struct journal {
        const struct clew_tier *of;
        struct clew_taken taken;
        struct clew_buffer entries; /* struct entry, by name */
        uint64_t last_number;
        bool is_whole; /* all that is there was read */
        bool is_open;  /* whoever is the writer now, or was last, has one */
};

struct clew_journals {
        uint32_t n;
        struct journal all[CLEW_TIER_WRITERS_MAX + 1];
};

struct clew_journals *clew_journals_new(void)
{
        return clew_calloc(1, sizeof(struct clew_journals));
}

void clew_journals_forget(struct clew_journals *j)
{
        for (uint32_t i = 0; i < j->n; i++) {
                clew_taken_deinit(&j->all[i].taken);
                clew_buffer_deinit(&j->all[i].entries);
        }
        j->n = 0;
}

void clew_journals_free(struct clew_journals *j)
{
        if (!j)
                return;
        clew_journals_forget(j);
        clew_free(j);
}

static struct journal *find(struct clew_journals *j, const struct clew_tier *of)
{
        for (uint32_t i = 0; i < j->n; i++) {
                if (j->all[i].of == of)
                        return &j->all[i];
        }
        if (j->n == CLEW_ARRAY_LEN(j->all))
                return NULL;
        j->all[j->n] = (struct journal){.of = of};
        clew_buffer_init(&j->all[j->n].entries, LIST_BYTES_MAX);
        return &j->all[j->n++];
}

static size_t n_entries(const struct journal *j)
{
        return j->entries.len / sizeof(struct entry);
}

static struct entry *entry_at(const struct journal *j, size_t i)
{
        return (struct entry *)(void *)j->entries.data + i;
}

/* ---- what there is --------------------------------------------------------------------------- */

static int compare(const struct clew_journal_object *a, const struct clew_journal_object *b)
{
        if (a->writer != b->writer)
                return a->writer < b->writer ? -1 : 1;
        return a->number < b->number ? -1 : a->number > b->number;
}

/* @list, in order, becomes the entries; those that are not in it are gone. */
static int merge(struct journal *j, const struct clew_buffer *list)
{
        const struct clew_journal_object *o = (const void *)list->data;
        size_t n = list->len / sizeof(*o);
        struct clew_buffer next = {0};
        size_t at = 0;

        clew_buffer_init(&next, LIST_BYTES_MAX);
        for (size_t i = 0; i < n || at < n_entries(j);) {
                struct entry *old = at < n_entries(j) ? entry_at(j, at) : NULL;
                int c = !old ? 1 : i == n ? -1 : compare(&old->object, &o[i]);
                const struct entry fresh = {.object = i < n ? o[i] : old->object};

                if (c < 0)
                        old->is_gone = true;
                if (c > 0 || old->number > 0 || c == 0)
                        clew_buffer_append(&next, c > 0 ? &fresh : old, sizeof(fresh));
                at += c <= 0;
                i += c >= 0;
        }
        if (clew_buffer_error(&next) < 0) {
                clew_buffer_deinit(&next);
                return -ENOMEM;
        }
        clew_buffer_deinit(&j->entries);
        j->entries = next;
        return 0;
}

static int look(struct journal *j, struct clew_object_bucket *b, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        CLEW_BUFFER end = {0};
        const struct clew_journal_object *o;
        size_t n;
        int r = clew_journal_list(b, &list, err);

        if (r == 0)
                r = clew_journal_encode_end(j->of->created_ns, &end, err);
        if (r < 0)
                return r;
        o = (const void *)list.data;
        n = list.len / sizeof(*o);
        j->is_open = false;
        for (size_t i = 0; i < n; i++) {
                bool is_last = i + 1 == n || o[i + 1].writer != o[i].writer;

                j->is_open = j->is_open || (is_last && o[i].bytes != end.len);
        }
        r = merge(j, &list);
        return r < 0 ? clew_error_set(err, r, 0, "out of memory for a journal") : 0;
}

/* ---- out of the store ------------------------------------------------------------------------ */

/* What was gone from the bucket before the catalog was read is in it. */
static int drop_gone(struct journal *j, struct clew_tier *t, bool *ret_erased,
                     struct clew_error *err)
{
        CLEW_BUFFER gone = {0};
        uint64_t *numbers;
        size_t kept = 0;
        int r;

        clew_buffer_init(&gone, LIST_BYTES_MAX);
        for (size_t i = 0; i < n_entries(j); i++) {
                const struct entry *e = entry_at(j, i);

                if (!e->is_gone)
                        continue;
                clew_buffer_append(&gone, &e->number, sizeof(e->number));
                *ret_erased = *ret_erased || e->erased != j->of->catalog.erased;
        }
        if (gone.len == 0)
                return 0;
        if (clew_buffer_error(&gone) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory for a journal");
        numbers = (uint64_t *)(void *)gone.data;
        clew_sort_numbers(numbers, gone.len / sizeof(uint64_t));
        for (size_t i = 0; i < j->taken.n; i++)
                j->taken.pieces[i].drop = clew_has_number(numbers, gone.len / sizeof(uint64_t),
                                                          j->taken.pieces[i].theirs);
        r = clew_taken_drop_marked(t, &j->taken, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_entries(j); i++)
                if (!entry_at(j, i)->is_gone)
                        *entry_at(j, kept++) = *entry_at(j, i);
        j->entries.len = kept * sizeof(struct entry);
        return 0;
}

static int drop_all(struct journal *j, struct clew_tier *t, struct clew_error *err)
{
        int r = j->taken.n > 0 ? clew_taken_drop(t, &j->taken, err) : 0;

        if (r == 0)
                clew_buffer_clear(&j->entries);
        j->is_whole = false;
        return r;
}

/* ---- into the store -------------------------------------------------------------------------- */

/* 1 = it is not there any more, 2 = not to be had now; else 0, or an error of the store. */
static int take(struct journal *j, struct clew_tier *t, const struct clew_nodes_of *of,
                struct entry *e, struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        CLEW_BUFFER fragments = {0};
        struct clew_error own = {0};
        int r = clew_journal_read(of->tier, of->bucket, &e->object, &bytes, &fragments, &own);

        if (r == -EPROTONOSUPPORT)
                clew_tier_tell(of->tier, of->bucket->url, own.message);
        else if (r < 0 && r != -EBADMSG)
                return r == -ENOENT ? 1 : 2;
        if (r == 0 && (r = clew_taken_add(t, &j->taken, &fragments, j->last_number + 1, err)) < 0)
                return r;
        e->number = ++j->last_number; /* what cannot be read was told, and is not read again */
        e->erased = of->tier->catalog.erased;
        return 0;
}

static int take_new(struct journal *j, struct clew_tier *t, const struct clew_nodes_of *of,
                    struct clew_error *err)
{
        uint64_t bytes = 0;
        int r = 0;

        j->is_whole = true;
        for (size_t i = 0; (r == 0 || r == 1) && i < n_entries(j); i++) {
                struct entry *e = entry_at(j, i);

                if (e->number > 0 || e->object.bytes <= CLEW_JOURNAL_EMPTY_BYTES_MAX)
                        continue;
                if (bytes > STEP_BYTES_MAX) {
                        j->is_whole = false;
                        break;
                }
                bytes += e->object.bytes;
                r = take(j, t, of, e, err);
                j->is_whole = j->is_whole && r == 0;
        }
        return r < 0 ? r : 0;
}

int clew_journals_step(struct clew_journals *js, struct clew_tier *t,
                       const struct clew_nodes_of *of, bool is_asked, bool look_now,
                       bool *ret_erased, struct clew_error *err)
{
        struct journal *j = find(js, of->tier);
        struct clew_error ignored;
        int r = 0;

        if (!j || is_asked)
                return j ? drop_all(j, t, err) : 0;
        if (!of->bucket || of->tier->created_ns == 0)
                return 0;
        if (of->version > 0)
                r = drop_gone(j, t, ret_erased, err);
        if (r == 0 && look_now && look(j, of->bucket, &ignored) < 0) {
                j->is_whole = false;
                return 0;
        }
        return r == 0 ? take_new(j, t, of, err) : r;
}

int clew_journals_purge(struct clew_journals *j, struct clew_tier *t, uint64_t epoch,
                        struct clew_error *err)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < j->n; i++)
                r = clew_taken_purge(t, &j->all[i].taken, epoch, err);
        return r;
}

bool clew_journals_cover(const struct clew_journals *js, const struct clew_tier *of)
{
        for (uint32_t i = 0; i < js->n; i++) {
                if (js->all[i].of == of)
                        return js->all[i].is_whole && js->all[i].is_open;
        }
        return false;
}
