/*
 * Whether a writer seems to run, for who is about to take it over as one that is gone.
 *
 * No lease says so, and none is relied on: who is taken over by mistake uploads nothing more and
 * says so, and what it acknowledged is there. What can be seen from outside is asked: when its
 * newest version was made (by its clock), whether its address answers, and whether its catalog or
 * its journal move. One that is idle, and tells no address, is not seen.
 */
#include "proto/base/clock.h"
#include "storage/bucket/http-int.h"
#include "storage/tier/tier-node-int.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* A version of it that is so young. */
#define YOUNG_NS (60 * CLEW_NS_PER_S)
#define ANSWER_NS (3 * CLEW_NS_PER_S)
#define ANSWER_BYTES_MAX ((size_t)1 << 20)
/* Between two looks; groups of requests of a busy one are 100 ms apart. */
#define LOOKS_APART_S 2

/* Any answer: also that a key is wanted. */
static bool answers(const char *url)
{
        struct clew_http *http = NULL;
        CLEW_BUFFER body = {0};
        struct clew_error ignored = {0};
        const struct clew_http_request request = {
                .method = "GET", .url = url, .timeout_ns = ANSWER_NS};
        struct clew_http_answer answer = {.body = &body};
        int r = clew_http_new(&http, &ignored);

        clew_buffer_init(&body, ANSWER_BYTES_MAX);
        if (r == 0)
                r = clew_http_send(http, &request, &answer, &ignored);
        clew_http_free(http);
        return r == 0 || r == -EMSGSIZE || r == -EACCES;
}

struct finding {
        struct clew_object_bucket *bucket;
        char url[CLEW_NODE_URL_BYTES]; /* that answers; "" = none */
};

static int ask_one(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct finding *f = context;
        char url[CLEW_NODE_URL_BYTES];

        (void)bytes;
        if (clew_node_read(f->bucket, name, url, err) == 0 && answers(url)) {
                snprintf(f->url, sizeof(f->url), "%s", url);
                return 1;
        }
        return 0;
}

static int refuse(const struct clew_tier_writer *w, const char *why, struct clew_error *err)
{
        return clew_error_set(err, -EBUSY, 0, "%s seems to run: %s",
                              w->name[0] ? w->name : "the writer without a name", why);
}

static bool has_moved(const struct clew_tier_writer *a, const struct clew_tier_writer *b)
{
        return a->version != b->version || a->journal_objects != b->journal_objects ||
               a->journal_bytes != b->journal_bytes;
}

int clew_tier_check_gone(const char *url, const struct clew_tier_writer *w, struct clew_error *err)
{
        static const struct timespec apart = {.tv_sec = LOOKS_APART_S};
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        uint64_t age = now > w->written_ns ? now - w->written_ns : w->written_ns - now;
        struct clew_tier_writer later = *w;
        struct finding f = {.url = ""};
        char own[CLEW_BUCKET_URL_MAX];
        char why[CLEW_NODE_URL_BYTES + 64];
        int r;

        if (w->version > 0 && age < YOUNG_NS) {
                snprintf(why, sizeof(why), "it wrote to the bucket %llu s ago",
                         (unsigned long long)(age / CLEW_NS_PER_S));
                return refuse(w, why, err);
        }
        snprintf(own, sizeof(own), "%s", url);
        if (w->name[0] && !clew_tier_writer_url(url, w->name, own, sizeof(own)))
                return clew_error_set(err, -EINVAL, 0, "%s: the address is too long", url);
        r = clew_bucket_open(own, false, &f.bucket, err);
        if (r == 0)
                r = clew_bucket_list(f.bucket, CLEW_NODE_FOLDER, "", ask_one, &f, err);
        clew_bucket_close(f.bucket);
        if (r < 0)
                return r;
        if (f.url[0]) {
                snprintf(why, sizeof(why), "%s, where readers ask for its tail, answers", f.url);
                return refuse(w, why, err);
        }
        (void)nanosleep(&apart, NULL);
        r = clew_tier_look_at_writer(url, w->name, &later, err);
        return r < 0                  ? r
               : has_moved(w, &later) ? refuse(w, "what it has in the bucket changes", err)
                                      : 0;
}
