/*
 * Several writers on one prefix (README.md, "Several writers").
 *
 * Each writer with a name has a prefix of its own below the one that all share, and what stands
 * there is as one writer alone would have it: identity, catalog, objects, and who writes. So nobody
 * waits for anybody, and a writer's start and end are its own matter. `writers/NAME` says that
 * there is such a writer; that is all that they share.
 *
 * Who reads all of them has a tier for each, with its own catalog and bucket, over one store and
 * one map. Numbers of segments are told apart by a hash of the name above them
 * (tier-catalog-int.h).
 */
#include "storage/tier/tier-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/tier/tier-gone-int.h"
#include "storage/tier/tier-others-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "writers"
/* So often a writer looks who else there is, and what they have deleted: one or two requests for
 * each of them, so about one a second however many there are. Who is alone pays for a list. */
#define ALONE_NS (30 * CLEW_NS_PER_S)
#define OTHERS_NS (10 * CLEW_NS_PER_S)
#define OTHERS_EACH_NS CLEW_NS_PER_S
#define WRITER_TEXT "clew writer 1\n"

bool clew_tier_is_writer_name(const char *name)
{
        size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

        return n > 0 && n < CLEW_TIER_WRITER_BYTES && name[n] == '\0';
}

bool clew_tier_writer_url(const char *url, const char *writer, char *ret, size_t size)
{
        size_t n = strcspn(url, "?");

        while (n > 0 && url[n - 1] == '/')
                n--;
        return snprintf(ret, size, "%.*s/writer.%s%s", (int)n, url, writer,
                        url + strcspn(url, "?")) < (int)size;
}

/* What stands above the numbers of its segments. */
static uint64_t base_of(const char *name)
{
        uint64_t hash = clew_hash(clew_slice_of_cstr(name)) & 0x7fffffff;

        return (hash ? hash : 1) << CLEW_TIER_SEGMENT_BITS;
}

struct clew_tier_key clew_tier_key(const struct clew_tier *t, const char *name)
{
        struct clew_tier_key k;

        snprintf(k.text, sizeof(k.text), t->root ? "%s of %s" : "%s", name, t->name);
        return k;
}

static struct clew_tier_key base_key(uint64_t base)
{
        struct clew_tier_key k;

        snprintf(k.text, sizeof(k.text), "writer %08llx",
                 (unsigned long long)(base >> CLEW_TIER_SEGMENT_BITS));
        return k;
}

/* ---- a writer says that it is there ---------------------------------------------------------- */

int clew_tier_check_name(struct clew_tier *t, struct clew_error *err)
{
        char name[CLEW_TIER_WRITER_BYTES] = "";
        int r = 0;

        if (!t->url[0])
                return clew_error_set(err, -EINVAL, 0, "%s: the address is too long", t->prefix);
        if (!clew_tier_is_tied(clew_env_dir(t->store->env)))
                return 0;
        if (!t->map)
                r = clew_tier_map_open(clew_env_dir(t->store->env), t->cache_bytes, true, &t->map,
                                       err);
        if (r == 0)
                r = clew_tier_map_get_text(t->map, "name", name, sizeof(name), err);
        if ((r < 0 && r != -ENOENT) || strcmp(name, t->name) == 0)
                return r == -ENOENT ? 0 : r;
        return clew_error_set(
                err, -EEXIST, 0,
                name[0] ? "store %s: writes to its bucket as writer %s: start it with "
                          "that name, or another store with this one"
                        : "store %s: writes to its bucket as the writer without a "
                          "name: start it so%s, or another store with this one",
                clew_env_dir(t->store->env), name);
}

struct looking {
        const struct clew_tier *tier;
        bool is_there;
        char other[CLEW_TIER_WRITER_BYTES]; /* that cannot be told from it */
};

static int look_at(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct looking *l = context;

        (void)bytes;
        (void)err;
        if (strcmp(name, l->tier->name) == 0)
                l->is_there = true;
        else if (clew_tier_is_writer_name(name) && base_of(name) == base_of(l->tier->name))
                snprintf(l->other, sizeof(l->other), "%s", name);
        return 0;
}

/* Whose the prefix is that all share: of who came first. */
static int claim_prefix(struct clew_object_bucket *b, uint64_t created_ns, struct clew_error *err)
{
        uint64_t created;
        int r = clew_tier_read_identity(b, &created, err);

        if (r == -ENOENT)
                r = clew_tier_claim(b, created_ns, err);
        return r == -EEXIST ? 0 : r;
}

static int say_name(struct clew_tier *t, struct clew_object_bucket *b, struct clew_error *err)
{
        struct looking l = {.tier = t};
        char name[CLEW_TIER_NAME_MAX];
        int r = clew_bucket_list(b, FOLDER, "", look_at, &l, err);

        if (r < 0 || l.is_there)
                return r;
        if (l.other[0])
                return clew_error_set(
                        err, -EEXIST, 0,
                        "%s: writer %s cannot be told from writer %s, which is there: "
                        "give it another name",
                        t->prefix, t->name, l.other);
        snprintf(name, sizeof(name), FOLDER "/%s", t->name);
        r = clew_bucket_create(b, name, clew_slice_of_cstr(WRITER_TEXT), err);
        return r == CLEW_BUCKET_UNSURE ? clew_error_set(err, -ETIMEDOUT, 0,
                                                        "%s: does not answer for sure", t->prefix)
               : r < 0                 ? r
                                       : 0;
}

int clew_tier_register(struct clew_tier *t, struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        struct clew_state state;
        uint64_t done = 0;
        int r = t->map ? clew_tier_map_get_number(t->map, "registered", &done, err) : -ENOENT;

        if (r == -ENOENT)
                r = 0;
        if (r < 0 || done)
                return r;
        r = clew_tier_read_own(t, &state, err);
        if (r == 0)
                r = clew_bucket_open(t->prefix, true, &b, err);
        if (r == 0)
                r = claim_prefix(b, t->created_ns, err);
        if (r == 0)
                r = say_name(t, b, err);
        clew_bucket_close(b);
        return r;
}

/* ---- a writer looks at the others ------------------------------------------------------------ */

/* All that wait at once, and a mark of each writer for each. */
#define MARKS_MAX (CLEW_ORDERS_MAX * (CLEW_TIER_WRITERS_MAX + 1))

void clew_tier_others_init(struct clew_tier_others *o, const struct clew_tier *t)
{
        *o = (struct clew_tier_others){.tier = t};
        clew_buffer_init(&o->seen, (MARKS_MAX + CLEW_ORDERS_MAX) * sizeof(struct clew_order_seen));
}

void clew_tier_others_deinit(struct clew_tier_others *o)
{
        clew_buffer_deinit(&o->seen);
}

static void take_order(struct clew_tier_others *o, const struct clew_order_seen *seen)
{
        size_t n_marks = clew_tier_others_n_seen(o) - o->n_orders;

        if (seen->name.is_mark ? n_marks == MARKS_MAX : o->n_orders == CLEW_ORDERS_MAX) {
                o->n_left++;
                return;
        }
        clew_buffer_append(&o->seen, seen, sizeof(*seen));
        o->n_orders += !seen->name.is_mark;
}

static int take_other(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct clew_tier_others *o = context;
        struct clew_order_seen seen = {.bytes = bytes};

        if (clew_order_name_read(name, &seen.name))
                take_order(o, &seen);
        if (o->n_backs < CLEW_ORDERS_MAX && clew_order_back_read(name, &o->backs[o->n_backs]))
                o->n_backs++;
        if (o->n_retired < CLEW_ARRAY_LEN(o->retired) &&
            clew_order_gone_read(name, o->retired[o->n_retired]))
                o->n_retired++;
        if (!clew_tier_is_writer_name(name) || strcmp(name, o->tier->name) == 0)
                return 0;
        if (o->n < CLEW_TIER_WRITERS_MAX)
                snprintf(o->names[o->n++], CLEW_TIER_WRITER_BYTES, "%s", name);
        else
                o->n_more++;
        return clew_buffer_error(&o->seen) < 0 ? clew_error_set(err, -ENOMEM, 0, "out of memory")
                                               : 0;
}

static int is_any(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        bool *ret = context;

        (void)name;
        (void)bytes;
        (void)err;
        *ret = true;
        return 1;
}

int clew_tier_others_list(struct clew_tier_others *o, const char *prefix, uint64_t until_ns,
                          struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        bool any = false;
        int r = clew_bucket_open_beside(o->tier->bucket, prefix, &b, err);

        if (r == 0 && until_ns > 0)
                clew_bucket_hurry(b, until_ns);
        if (r == 0)
                r = clew_bucket_list(b, FOLDER, "", take_other, o, err);
        if (r == 0 && o->tier->name[0])
                r = clew_bucket_list(b, "cat", "", is_any, &any, err);
        if (any && o->n < CLEW_TIER_WRITERS_MAX)
                o->names[o->n++][0] = '\0';
        else
                o->n_more += any;
        clew_bucket_close(b);
        return r < 0 ? r : 0;
}

/* As far as there is room. */
static void in_words(const struct clew_tier_others *o, char *ret, size_t size)
{
        size_t n = 0;

        ret[0] = '\0';
        for (uint32_t i = 0; i < o->n; i++) {
                const char *name = o->names[i][0] ? o->names[i] : "the one without a name";
                int more = snprintf(ret + n, size - n, "%s%s", n ? ", " : "", name);

                if (more < 0 || (size_t)more >= size - n) {
                        ret[n] = '\0';
                        break;
                }
                n += (size_t)more;
        }
}

/* In the map of this store. */
static void note_others(struct clew_tier *t, const struct clew_tier_others *o)
{
        char text[CLEW_TIER_OTHERS_BYTES] = "";
        char before[CLEW_TIER_OTHERS_BYTES] = "";
        struct clew_error ignored;

        atomic_store(&t->store->is_shared, o->n > 0);
        in_words(o, text, sizeof(text));
        if (clew_tier_map_get_text(t->map, "others", before, sizeof(before), &ignored) < 0 ||
            strcmp(before, text) != 0)
                (void)!clew_tier_map_put_text(t->map, "others", text, &ignored);
}

bool clew_tier_passes(int r)
{
        return r == -EHOSTUNREACH || r == -ETIMEDOUT || r == -EBUSY || r == -EIO || r == -ECANCELED;
}

static void carry_all(struct clew_tier *t, const struct clew_tier_others *o)
{
        bool is_bad = false;

        for (uint32_t i = 0; i < o->n; i++) {
                struct clew_error err = {.code = 0};
                int r = clew_tier_carry(t, o->names[i], &err);

                if (r == 0 || clew_tier_passes(r))
                        continue;
                if (!t->carry_failed)
                        clew_tier_tell(t,
                                       o->names[i][0] ? o->names[i] : "the writer without a name",
                                       err.message);
                is_bad = true;
        }
        t->carry_failed = is_bad;
}

static void look_at_others(struct clew_tier *t, struct clew_tier_others *o, uint64_t now)
{
        struct clew_error ignored;
        int r = clew_tier_others_list(o, t->name[0] ? t->prefix : t->url, 0, &ignored);

        t->look_ns = now + (o->n == 0 ? ALONE_NS : OTHERS_NS + o->n * OTHERS_EACH_NS);
        if (r < 0)
                return;
        note_others(t, o);
        carry_all(t, o);
        clew_tier_orders_look(t, o);
}

void clew_tier_look_at_others(struct clew_tier *t)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        struct clew_tier_others o;

        if (now < t->look_ns)
                return;
        clew_tier_others_init(&o, t);
        look_at_others(t, &o, now);
        clew_tier_others_deinit(&o);
}

bool clew_tier_sharing(struct clew_tier *t, char ret_name[CLEW_TIER_WRITER_BYTES], char *ret_others,
                       size_t size)
{
        struct clew_error ignored;

        ret_name[0] = ret_others[0] = '\0';
        if (!t || !t->map)
                return false;
        snprintf(ret_name, CLEW_TIER_WRITER_BYTES, "%s", t->name);
        if (clew_tier_map_get_text(t->map, "others", ret_others, size, &ignored) < 0)
                ret_others[0] = '\0';
        return ret_name[0] || ret_others[0];
}

/* What clew_tier_writer_url() has made the address of @t from. */
void clew_tier_prefix_of_all(const struct clew_tier *t, char *ret, size_t size)
{
        char below[CLEW_TIER_WRITER_BYTES + sizeof("/writer.")];
        size_t n = strcspn(t->url, "?");
        size_t len = (size_t)snprintf(below, sizeof(below), "/writer.%s", t->name);

        if (t->name[0] && n >= len && memcmp(t->url + n - len, below, len) == 0)
                snprintf(ret, size, "%.*s%s", (int)(n - len), t->url, t->url + n);
        else
                snprintf(ret, size, "%s", t->url);
}

/* ---- who reads all of them ------------------------------------------------------------------- */

static struct clew_tier *find(struct clew_tier *root, uint64_t base)
{
        for (uint32_t i = 0; i < root->n_writers; i++) {
                if (root->writers[i]->catalog.base == base)
                        return root->writers[i];
        }
        return NULL;
}

/* With the lock of @root. NULL: no memory, or its address is too long. */
static struct clew_tier *add(struct clew_tier *root, const char *name)
{
        struct clew_tier *t;

        if (root->n_writers == CLEW_TIER_WRITERS_MAX || root->stopping)
                return NULL;
        t = clew_tier_new(root->store, NULL);
        if (!t)
                return NULL;
        t->root = root;
        t->map = root->map;
        t->catalog.base = base_of(name);
        t->finding = root->finding;
        t->finding_context = root->finding_context;
        snprintf(t->name, sizeof(t->name), "%s", name);
        if (!clew_tier_writer_url(root->url, name, t->url, sizeof(t->url)) ||
            (root->follow && !(t->follow = clew_follow_of_writer(t)))) {
                clew_tier_free(t);
                return NULL;
        }
        root->writers[root->n_writers++] = t;
        return t;
}

struct clew_tier *clew_tier_of_segment(struct clew_tier *root, uint64_t segment)
{
        uint64_t base = clew_tier_base_of_segment(segment);
        char name[CLEW_TIER_WRITER_BYTES];
        struct clew_error ignored;
        struct clew_tier *t;

        if (base == 0)
                return root;
        pthread_mutex_lock(&root->lock);
        t = find(root, base);
        if (!t && clew_tier_map_get_text(root->map, base_key(base).text, name, sizeof(name),
                                         &ignored) == 0)
                t = add(root, name);
        pthread_mutex_unlock(&root->lock);
        return t;
}

struct finding {
        struct clew_tier *root;
        uint32_t n_more;
};

/* Their names stand in the map under numbers, in the order in which they came. */
static struct clew_tier_key place_key(uint32_t i)
{
        struct clew_tier_key k;

        snprintf(k.text, sizeof(k.text), "writer #%u", i);
        return k;
}

/* In the map, for who reads the store by it alone. */
static int note_writer(struct clew_tier *root, const char *name, struct clew_error *err)
{
        uint32_t i = 0;
        int r = clew_tier_map_put_text(root->map, base_key(base_of(name)).text, name, err);

        while (i < root->n_writers && strcmp(root->writers[i]->name, name) != 0)
                i++;
        return r < 0 ? r : clew_tier_map_put_text(root->map, place_key(i).text, name, err);
}

static int take_name(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct finding *f = context;
        struct clew_tier *t;
        bool is_new;
        int r = 0;

        (void)bytes;
        if (!clew_tier_is_writer_name(name))
                return 0;
        pthread_mutex_lock(&f->root->lock);
        t = find(f->root, base_of(name));
        is_new = !t;
        if (is_new)
                t = add(f->root, name);
        pthread_mutex_unlock(&f->root->lock);
        if (!t || strcmp(t->name, name) != 0)
                f->n_more++;
        else if (is_new)
                r = note_writer(f->root, name, err);
        return r;
}

int clew_tier_find_writers(struct clew_tier *root, struct clew_object_bucket *b, uint32_t *ret_more,
                           struct clew_error *err)
{
        struct finding f = {.root = root};
        int r = clew_bucket_list(b, FOLDER, "", take_name, &f, err);

        *ret_more = f.n_more;
        return r;
}

int clew_tier_know_writers(struct clew_tier *root, struct clew_error *err)
{
        char name[CLEW_TIER_WRITER_BYTES];
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < CLEW_TIER_WRITERS_MAX; i++) {
                r = clew_tier_map_get_text(root->map, place_key(i).text, name, sizeof(name), err);
                if (r < 0)
                        break;
                pthread_mutex_lock(&root->lock);
                if (!find(root, base_of(name)) && !add(root, name))
                        r = clew_error_set(err, -ENOMEM, 0, "out of memory");
                pthread_mutex_unlock(&root->lock);
        }
        return r == -ENOENT ? 0 : r;
}

void clew_tier_free_writers(struct clew_tier *root)
{
        for (uint32_t i = 0; i < root->n_writers; i++)
                clew_tier_free(root->writers[i]);
        root->n_writers = 0;
}
