/*
 * A node that takes data in says in the bucket where it can be asked: `node/` and a hash of the
 * address. A reader looks there now and then, and asks each for what it has not sealed.
 */
#include "storage/tier/tier-node-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "storage/bucket/http-int.h"
#include "storage/tier/journal-take-int.h"
#include "storage/tier/tail-take-int.h"
#include "storage/tier/tier-gone-int.h"
#include "storage/tier/tier-second-int.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLDER CLEW_NODE_FOLDER
#define NAME_BYTES 32u
#define URL_BYTES CLEW_NODE_URL_BYTES
#define NODE_TEXT_MAX 1024u
#define NODE_FORMAT "clew node 1\nurl "
/* Nodes that are asked; others are told of as a gap. */
#define NODES_MAX 64u
#define LOOK_NS (5 * CLEW_NS_PER_S)
#define TIMEOUT_NS (5 * CLEW_NS_PER_S)
/* After a failure, longer each time. */
#define FAILED_NS_MAX (15 * CLEW_NS_PER_S)
/* Answers of one step, of a node that has much. */
#define ANSWERS_MAX 64u
/* As much as is kept of one answer: a request of a node has 64 MiB unless it is told otherwise. */
#define ANSWER_BYTES_MAX ((size_t)256 << 20)
#define KEY_BYTES 512u
#define TIME_BYTES 32u

struct node {
        char name[NAME_BYTES];
        char url[URL_BYTES];
        const struct clew_tier *of; /* whose prefix names it */
        struct clew_taken taken;
        bool seen;
        uint64_t ask_ns; /* not before */
        uint64_t pause_ns;
        uint64_t failing_ns; /* unix time; guarded by lock, as error and is_covered */
        bool is_covered;     /* its journal has what it has acknowledged */
        char error[CLEW_ERROR_MESSAGE_MAX];
};

struct clew_nodes {
        struct clew_http *http;
        const char *key_file;
        const char *ca_file;
        atomic_bool stop;
        uint64_t look_ns; /* not before */
        bool is_cleared;  /* of what a life before has left */
        struct clew_journals *journals;
        pthread_mutex_t lock;
        uint32_t n; /* guarded by lock, as how nodes are */
        uint32_t n_more;
        struct node all[NODES_MAX];
};

/* ---- saying where one is ----------------------------------------------------------------------
 */

struct clearing {
        struct clew_object_bucket *bucket;
        char own[NAME_BYTES];
};

static int clear_other(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct clearing *c = context;
        char whole[CLEW_BUCKET_NAME_MAX + 8];

        (void)bytes;
        if (strcmp(name, c->own) == 0)
                return 0;
        snprintf(whole, sizeof(whole), FOLDER "/%s", name);
        return clew_bucket_delete(c->bucket, whole, err);
}

int clew_node_advertise(struct clew_object_bucket *b, const char *url, struct clew_error *err)
{
        struct clearing c = {.bucket = b};
        char name[NAME_BYTES + 8];
        char text[NODE_TEXT_MAX];
        int r = 0;

        /* The same address is the same node, also after a restart. */
        snprintf(c.own, sizeof(c.own), "%016llx",
                 (unsigned long long)clew_hash(clew_slice_of_cstr(url)));
        snprintf(name, sizeof(name), FOLDER "/%s", c.own);
        if (url[0]) {
                snprintf(text, sizeof(text), NODE_FORMAT "%s\n", url);
                r = clew_bucket_create(b, name, clew_slice_of_cstr(text), err);
                if (r > 0) /* unsure: readers see it, or are told that they do not */
                        r = 0;
        }
        return r < 0 ? r : clew_bucket_list(b, FOLDER, "", clear_other, &c, err);
}

/* ---- knowing where they are -------------------------------------------------------------------
 */

struct clew_nodes *clew_nodes_new(const char *key_file, const char *ca_file)
{
        struct clew_nodes *n = clew_calloc(1, sizeof(*n));

        if (!n)
                return NULL;
        n->key_file = key_file && key_file[0] ? key_file : NULL;
        n->ca_file = ca_file && ca_file[0] ? ca_file : NULL;
        n->journals = clew_journals_new();
        if (!n->journals) {
                clew_free(n);
                return NULL;
        }
        pthread_mutex_init(&n->lock, NULL);
        return n;
}

void clew_nodes_free(struct clew_nodes *n)
{
        if (!n)
                return;
        for (uint32_t i = 0; i < n->n; i++)
                clew_taken_deinit(&n->all[i].taken);
        clew_journals_free(n->journals);
        clew_http_free(n->http);
        pthread_mutex_destroy(&n->lock);
        clew_free(n);
}

void clew_nodes_stop(struct clew_nodes *n)
{
        atomic_store(&n->stop, true);
}

/* An address that may be asked: http(s), printable. */
static bool read_url(struct clew_slice text, char ret[URL_BYTES])
{
        static const char before[] = NODE_FORMAT;
        size_t n = 0;

        if (!clew_slice_starts_with(text, clew_slice_of_cstr(before)))
                return false;
        text = clew_slice_from(text, sizeof(before) - 1);
        while (n < text.len && text.data[n] > ' ' && text.data[n] < 0x7f)
                n++;
        if (n == 0 || n >= URL_BYTES || n == text.len || text.data[n] != '\n')
                return false;
        memcpy(ret, text.data, n);
        ret[n] = '\0';
        while (n > 0 && ret[n - 1] == '/')
                ret[--n] = '\0';
        return strncmp(ret, "http://", 7) == 0 || strncmp(ret, "https://", 8) == 0;
}

int clew_node_read(struct clew_object_bucket *b, const char *name, char ret[CLEW_NODE_URL_BYTES],
                   struct clew_error *err)
{
        char whole[CLEW_BUCKET_NAME_MAX + 8];
        CLEW_BUFFER text = {0};
        int r;

        snprintf(whole, sizeof(whole), FOLDER "/%s", name);
        clew_buffer_init(&text, 2 * NODE_TEXT_MAX);
        r = clew_bucket_get(b, whole, 0, NODE_TEXT_MAX, &text, NULL, err);
        if (r < 0)
                return r;
        return read_url(clew_buffer_slice(&text), ret) ? 0 : -EBADMSG;
}

struct looking {
        struct clew_nodes *nodes;
        const struct clew_tier *of;
        struct clew_object_bucket *bucket;
        uint32_t n_more;
};

static int look_at(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct looking *l = context;
        struct clew_nodes *n = l->nodes;
        struct node *node;
        int r;

        for (uint32_t i = 0; i < n->n; i++) {
                if (n->all[i].of == l->of && strcmp(n->all[i].name, name) == 0) {
                        n->all[i].seen = true;
                        return 0;
                }
        }
        if (strlen(name) >= NAME_BYTES || bytes > NODE_TEXT_MAX)
                return 0;
        if (n->n == NODES_MAX) {
                l->n_more++;
                return 0;
        }
        node = &n->all[n->n];
        *node = (struct node){.seen = true, .of = l->of};
        r = clew_node_read(l->bucket, name, node->url, err);
        if (r < 0)
                return r == -ENOENT || r == -EBADMSG ? 0 : r;
        snprintf(node->name, sizeof(node->name), "%s", name);
        pthread_mutex_lock(&n->lock);
        n->n++;
        pthread_mutex_unlock(&n->lock);
        return 0;
}

/* Whom the bucket names no more has no tail of its own any more. */
static int drop_unseen(struct clew_nodes *n, struct clew_tier *t, struct clew_error *err)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < n->n;) {
                if (n->all[i].seen) {
                        i++;
                        continue;
                }
                r = clew_taken_drop(t, &n->all[i].taken, err);
                pthread_mutex_lock(&n->lock);
                if (r == 0) {
                        n->n--;
                        memmove(&n->all[i], &n->all[i + 1], (n->n - i) * sizeof(n->all[0]));
                }
                pthread_mutex_unlock(&n->lock);
        }
        return r;
}

static int look(struct clew_nodes *n, struct clew_tier *t, const struct clew_nodes_of *of,
                uint32_t n_of, struct clew_error *err)
{
        struct looking l = {.nodes = n};
        struct clew_error ignored;

        for (uint32_t k = 0; k < n_of; k++) {
                int r;

                if (!of[k].bucket)
                        continue;
                l.of = of[k].tier;
                l.bucket = of[k].bucket;
                for (uint32_t i = 0; i < n->n; i++)
                        n->all[i].seen = n->all[i].seen && n->all[i].of != l.of;
                r = clew_bucket_list(l.bucket, FOLDER, "", look_at, &l, &ignored);
                /* What the bucket does not tell stays. */
                for (uint32_t i = 0; r < 0 && i < n->n; i++)
                        n->all[i].seen = n->all[i].seen || n->all[i].of == l.of;
        }
        pthread_mutex_lock(&n->lock);
        n->n_more = l.n_more;
        pthread_mutex_unlock(&n->lock);
        return drop_unseen(n, t, err);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

/* "Authorization: Bearer ..." of the key file's first line. */
static int read_key(const struct clew_nodes *n, char *ret, size_t size, struct clew_error *err)
{
        char key[KEY_BYTES];
        ssize_t got;
        int fd = open(n->key_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return clew_error_set(err, -errno, 0, "key file %s: %s", n->key_file,
                                      strerror(errno));
        got = read(fd, key, sizeof(key) - 1);
        close(fd);
        key[got > 0 ? got : 0] = '\0';
        key[strcspn(key, "\r\n \t")] = '\0';
        if (key[0])
                snprintf(ret, size, "Authorization: Bearer %s", key);
        explicit_bzero(key, sizeof(key));
        return ret[0] ? 0
                      : clew_error_set(err, -EINVAL, 0, "key file %s: has no key in its first line",
                                       n->key_file);
}

static bool may_show_key(const char *url)
{
        static const char *const local[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(local); i++) {
                size_t len = strlen(local[i]);

                if (strncmp(url, local[i], len) == 0 && strchr(":/", url[len]))
                        return true;
        }
        return strncmp(url, "https://", 8) == 0;
}

static int explain(unsigned status, struct clew_error *err)
{
        return clew_error_set(
                err, -EACCES, 0,
                status == 401 || status == 403
                        ? "it answers %u: it wants a key with the scope read (tail-key FILE)"
                        : "it answers %u",
                status);
}

static int ask(struct clew_nodes *n, const struct node *node, struct clew_buffer *out,
               struct clew_error *err)
{
        const struct clew_tail_question *q = &node->taken.have;
        char url[URL_BYTES + 128];
        char key[KEY_BYTES + 32] = "";
        const char *headers[] = {key};
        struct clew_http_request request = {.method = "GET",
                                            .url = url,
                                            .headers = headers,
                                            .timeout_ns = TIMEOUT_NS,
                                            .ca_file = n->ca_file,
                                            .stop = &n->stop};
        struct clew_http_answer answer = {.body = out};
        int r = n->http ? 0 : clew_http_new(&n->http, err);

        snprintf(url, sizeof(url), "%s" CLEW_TAIL_PATH "?life=%llu&epoch=%llu&after=%llu",
                 node->url, (unsigned long long)q->life, (unsigned long long)q->epoch,
                 (unsigned long long)q->after);
        if (r == 0 && n->key_file && !may_show_key(node->url))
                r = clew_error_set(
                        err, -EACCES, 0,
                        "a key is not shown in the clear: advertise an https:// address");
        if (r == 0 && n->key_file)
                r = read_key(n, key, sizeof(key), err);
        request.n_headers = key[0] ? 1 : 0;
        if (r == 0)
                r = clew_http_send(n->http, &request, &answer, err);
        explicit_bzero(key, sizeof(key));
        return r < 0 ? r : answer.status == 200 ? 0 : explain(answer.status, err);
}

static void settle(struct clew_nodes *n, struct node *node, int r, const struct clew_error *err)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());

        pthread_mutex_lock(&n->lock);
        if (r == 0) {
                node->failing_ns = 0;
                node->pause_ns = 0;
        } else {
                if (node->failing_ns == 0)
                        node->failing_ns = clew_clock_unix_ns(clew_clock_system());
                snprintf(node->error, sizeof(node->error), "%s", err->message);
                node->pause_ns = node->pause_ns == 0                  ? CLEW_NS_PER_S
                                 : node->pause_ns > FAILED_NS_MAX / 2 ? FAILED_NS_MAX
                                                                      : 2 * node->pause_ns;
        }
        node->ask_ns = now + node->pause_ns;
        pthread_mutex_unlock(&n->lock);
}

/* An error is of this store: what the node does wrong is kept with it. */
static int ask_node(struct clew_nodes *n, struct node *node, struct clew_tier *t, uint64_t version,
                    bool *ret_erased, struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        bool more = true;
        int r = 0;

        clew_buffer_init(&bytes, ANSWER_BYTES_MAX);
        for (unsigned i = 0; r == 0 && more && i < ANSWERS_MAX; i++) {
                struct clew_error own = {0};
                bool erased = false;

                clew_buffer_clear(&bytes);
                r = ask(n, node, &bytes, &own);
                if (r == 0) {
                        r = clew_taken_apply(t, &node->taken, clew_buffer_slice(&bytes), version,
                                             &more, &erased, &own);
                        if (r < 0 && r != -EBADMSG) {
                                *err = own;
                                return r;
                        }
                }
                *ret_erased = *ret_erased || erased;
                settle(n, node, r, &own);
        }
        return 0;
}

/* Something here is not as it was thought to be: all of it is asked for anew. */
static int begin_again(struct clew_nodes *n, struct clew_tier *t, bool *ret_lost,
                       struct clew_error *err)
{
        int r = clew_tier_seconds_check(t, ret_lost, err);

        for (uint32_t i = 0; i < n->n; i++)
                clew_taken_deinit(&n->all[i].taken);
        clew_journals_forget(n->journals);
        n->is_cleared = r == 0;
        return r;
}

static uint64_t version_of(const struct clew_nodes_of *of, uint32_t n_of, const struct clew_tier *t)
{
        for (uint32_t i = 0; i < n_of; i++) {
                if (of[i].tier == t)
                        return of[i].version;
        }
        return 0;
}

/* Whether the tail of @of is known now: a node of it was asked, and has answered. */
static bool is_asked(const struct clew_nodes *n, const struct clew_tier *of)
{
        for (uint32_t i = 0; i < n->n; i++) {
                if (n->all[i].of == of && n->all[i].failing_ns == 0 &&
                    n->all[i].taken.have.life != 0)
                        return true;
        }
        return false;
}

/* What those have acknowledged who cannot be asked. */
static int read_journals(struct clew_nodes *n, struct clew_tier *t, const struct clew_nodes_of *of,
                         uint32_t n_of, bool look_now, bool *ret_erased, struct clew_error *err)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < n_of; i++)
                r = clew_journals_step(n->journals, t, &of[i], is_asked(n, of[i].tier), look_now,
                                       ret_erased, err);
        pthread_mutex_lock(&n->lock);
        for (uint32_t i = 0; i < n->n; i++)
                n->all[i].is_covered = clew_journals_cover(n->journals, n->all[i].of);
        pthread_mutex_unlock(&n->lock);
        return r;
}

/* What somebody has deleted is not shown, also when its node does not know of it yet. */
static int purge(struct clew_nodes *n, struct clew_tier *t, struct clew_error *err)
{
        uint64_t n_gone = 0;
        int r = clew_tier_count_gone(t, &n_gone, err);

        if (n_gone > 0)
                n_gone = t->gone_epoch + 1;
        for (uint32_t i = 0; r == 0 && i < n->n; i++)
                r = clew_taken_purge(t, &n->all[i].taken, n_gone, err);
        return r == 0 ? clew_journals_purge(n->journals, t, n_gone, err) : r;
}

int clew_nodes_step(struct clew_nodes *n, struct clew_tier *t, const struct clew_nodes_of *of,
                    uint32_t n_of, bool *ret_erased, bool *ret_lost, struct clew_error *err)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        bool is_open = false;
        bool looks;
        int r;

        for (uint32_t i = 0; i < n_of; i++)
                is_open = is_open || of[i].bucket;
        *ret_erased = *ret_lost = false;
        r = n->is_cleared ? 0 : begin_again(n, t, ret_lost, err);
        looks = is_open && now >= n->look_ns;
        if (r == 0 && looks) {
                n->look_ns = now + LOOK_NS;
                r = look(n, t, of, n_of, err);
        }
        for (uint32_t i = 0; r == 0 && i < n->n; i++) {
                if (now >= n->all[i].ask_ns)
                        r = ask_node(n, &n->all[i], t, version_of(of, n_of, n->all[i].of),
                                     ret_erased, err);
        }
        if (r == 0)
                r = read_journals(n, t, of, n_of, looks, ret_erased, err);
        if (r == 0)
                r = purge(n, t, err);
        if (r < 0)
                n->is_cleared = false;
        return r;
}

/* ---- for other threads ------------------------------------------------------------------------
 */

bool clew_nodes_gap(struct clew_nodes *n, char *ret, size_t size)
{
        size_t at = 0;

        pthread_mutex_lock(&n->lock);
        for (uint32_t i = 0; i < n->n && at < size; i++) {
                const struct node *node = &n->all[i];
                time_t s = (time_t)(node->failing_ns / CLEW_NS_PER_S);
                char since[TIME_BYTES] = "";
                struct tm tm;

                if (node->failing_ns == 0)
                        continue;
                if (gmtime_r(&s, &tm))
                        (void)strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
                at += (size_t)snprintf(ret + at, size - at,
                                       node->is_covered
                                               ? "%sthe tail of %s is not reached since %s: what "
                                                 "it has acknowledged is here by its journal, what "
                                                 "was imported there is not (%s)"
                                               : "%sthe tail of %s is not reached: answers cover "
                                                 "what it had until %s (%s)",
                                       at ? "; " : "", node->url, since, node->error);
        }
        if (n->n_more > 0 && at < size)
                at += (size_t)snprintf(ret + at, size - at,
                                       "%s%u more nodes are not asked for their tails",
                                       at ? "; " : "", n->n_more);
        pthread_mutex_unlock(&n->lock);
        return at > 0;
}

void clew_nodes_name(struct clew_nodes *n, char *ret, size_t size)
{
        size_t used = 0;

        ret[0] = '\0';
        pthread_mutex_lock(&n->lock);
        for (uint32_t i = 0; i < n->n; i++) {
                int more =
                        snprintf(ret + used, size - used, "%s%s", used ? ", " : "", n->all[i].url);

                if (more < 0 || (size_t)more >= size - used) {
                        ret[used] = '\0';
                        break;
                }
                used += (size_t)more;
        }
        pthread_mutex_unlock(&n->lock);
}

void clew_nodes_count(struct clew_nodes *n, uint32_t *ret_all, uint32_t *ret_reached)
{
        pthread_mutex_lock(&n->lock);
        *ret_all = n->n + n->n_more;
        *ret_reached = 0;
        for (uint32_t i = 0; i < n->n; i++)
                *ret_reached += n->all[i].failing_ns == 0;
        pthread_mutex_unlock(&n->lock);
}
