/*
 * See metrics-int.h.
 */
#include "collector/api/metrics-int.h"

#include "collector/api/squeeze-int.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"

#include <pthread.h>
#include <string.h>

#define PATH "/metrics"
/* Text that was just made is as good as new. */
#define FRESH_NS (250 * CLEW_NS_PER_MS)
/* Making it may take one part of so many of the time. */
#define SHARE_PARTS 50u
/* Whose figures, in which form: those that were asked for last. */
#define KEPT 4u
/* 600 rows of 40 lines of 300 bytes for each of a few projects. */
#define TEXT_MAX ((size_t)32 << 20)

struct text {
        int only; /* project; -1 = all */
        bool openmetrics;
        bool is_made;
        bool has_gzip;
        uint64_t until_ns; /* it is fresh */
        uint64_t used_ns;
        struct clew_buffer plain;
        struct clew_buffer gzip;
};

struct clew_metrics_page {
        pthread_mutex_t lock; /* of all below; held while text is made */
        struct text kept[KEPT];
};

struct clew_metrics_page *clew_metrics_page_new(void)
{
        struct clew_metrics_page *page = clew_calloc(1, sizeof(*page));

        if (!page)
                return NULL;
        pthread_mutex_init(&page->lock, NULL);
        for (unsigned i = 0; i < KEPT; i++) {
                clew_buffer_init(&page->kept[i].plain, TEXT_MAX);
                clew_buffer_init(&page->kept[i].gzip, TEXT_MAX);
        }
        return page;
}

void clew_metrics_page_free(struct clew_metrics_page *page)
{
        if (!page)
                return;
        for (unsigned i = 0; i < KEPT; i++) {
                clew_buffer_deinit(&page->kept[i].plain);
                clew_buffer_deinit(&page->kept[i].gzip);
        }
        pthread_mutex_destroy(&page->lock);
        clew_free(page);
}

bool clew_api_is_metrics(const char *path)
{
        return strcmp(path, PATH) == 0;
}

/* The one that is asked for, else the place of the one that was asked for longest ago. */
static struct text *find(struct clew_metrics_page *page, int only, bool openmetrics)
{
        struct text *oldest = &page->kept[0];

        for (unsigned i = 0; i < KEPT; i++) {
                struct text *t = &page->kept[i];

                if (t->is_made && t->only == only && t->openmetrics == openmetrics)
                        return t;
                if (t->used_ns < oldest->used_ns)
                        oldest = t;
        }
        *oldest = (struct text){.only = only,
                                .openmetrics = openmetrics,
                                .plain = oldest->plain,
                                .gzip = oldest->gzip};
        return oldest;
}

static void make(struct text *t, const struct clew_api_options *options, uint64_t now_ns)
{
        struct clew_exposition x = {.out = &t->plain, .openmetrics = t->openmetrics};
        uint64_t took;

        clew_buffer_clear(&t->plain);
        options->write_metrics(options->context_of_metrics, t->only, &x);
        clew_exposition_end(&x);
        took = clew_clock_monotonic_ns(clew_clock_system()) - now_ns;
        t->is_made = clew_buffer_error(&t->plain) == 0;
        t->has_gzip = false;
        t->until_ns = now_ns + (took * SHARE_PARTS > FRESH_NS ? took * SHARE_PARTS : FRESH_NS);
}

/* The compressed text is kept, too: making it takes longer than the text. */
static void give(struct text *t, struct clew_slice accept_encoding, struct clew_serve_answer *a)
{
        if (t->has_gzip && clew_squeeze_is_wanted(accept_encoding)) {
                clew_buffer_append_slice(&a->body, clew_buffer_slice(&t->gzip));
                a->is_gzip = true;
                return;
        }
        clew_buffer_append_slice(&a->body, clew_buffer_slice(&t->plain));
        clew_squeeze(accept_encoding, a);
        if (!a->is_gzip)
                return;
        clew_buffer_clear(&t->gzip);
        clew_buffer_append_slice(&t->gzip, clew_buffer_slice(&a->body));
        t->has_gzip = clew_buffer_error(&t->gzip) == 0;
}

void clew_api_metrics(struct clew_metrics_page *page, const struct clew_api_options *options,
                      struct clew_api_request *q)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        bool openmetrics =
                clew_exposition_wants_openmetrics(clew_api_header(q, MHD_HTTP_HEADER_ACCEPT));
        /* Who needs no key may see all; a key opens its own project. */
        int only = clew_access_is_on(options->access) ? (int)clew_api_project(q, options) : -1;
        struct text *t;
        bool is_made;

        pthread_mutex_lock(&page->lock);
        t = find(page, only, openmetrics);
        t->used_ns = now;
        if (!t->is_made || now >= t->until_ns)
                make(t, options, now);
        clew_buffer_clear(&q->answer.body);
        is_made = t->is_made;
        if (is_made)
                give(t, clew_api_header(q, MHD_HTTP_HEADER_ACCEPT_ENCODING), &q->answer);
        pthread_mutex_unlock(&page->lock);
        if (!is_made || clew_buffer_error(&q->answer.body) < 0) {
                clew_serve_busy(&q->answer);
                return;
        }
        q->answer.status = 200;
        q->answer.content_type = openmetrics ? CLEW_CONTENT_OPENMETRICS : CLEW_CONTENT_TEXT;
        q->answer.is_head = strcmp(q->method, "HEAD") == 0;
}
