#include "collector/commit/follower.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* After failures: longer each time, up to this; what comes back is noticed within it. */
#define FAILED_NS_MAX (10 * CLEW_NS_PER_S)
/* The same trouble is told again after so long. */
#define TOLD_NS (60 * CLEW_NS_PER_S)

struct clew_follower {
        struct clew_follower_options options;
        pthread_t thread;
        /* of the thread: */
        int told; /* what went wrong last; 0 = nothing */
        uint64_t told_ns;
};

static void tell_stats(const struct clew_follower *f, const struct clew_tier_stats *s)
{
        if (s->adopted + s->removed > 0)
                clew_log(CLEW_LOG_INFO, "objects.followed",
                         "project=%s version=%llu segments=%llu new=%llu gone=%llu left_aside=%llu",
                         f->options.project, (unsigned long long)s->version,
                         (unsigned long long)s->segments, (unsigned long long)s->adopted,
                         (unsigned long long)s->removed,
                         (unsigned long long)(s->damaged + s->missing));
}

static void tell_result(struct clew_follower *f, int r, const struct clew_error *err)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());

        if (r == 0 && f->told != 0)
                clew_log(CLEW_LOG_INFO, "objects.reached", "project=%s", f->options.project);
        if (r != 0 && r != -ECANCELED && (r != f->told || now - f->told_ns > TOLD_NS)) {
                clew_log(r == -ENXIO ? CLEW_LOG_INFO : CLEW_LOG_WARN,
                         r == -ENXIO ? "objects.empty" : "objects.unreachable",
                         "project=%s error=\"%s\" reason=\"%s\"", f->options.project, strerror(-r),
                         err->message);
                f->told_ns = now;
        }
        f->told = r;
}

static void *follower_main(void *argument)
{
        struct clew_follower *f = argument;
        uint64_t pause = 0;

        pthread_setname_np(pthread_self(), "clewd-follower");
        while (clew_follow_rest(f->options.tier, pause)) {
                struct clew_error err = {.code = 0};
                struct clew_tier_stats stats;
                int r = clew_follow_step(f->options.tier, &stats, &err);

                tell_stats(f, &stats);
                tell_result(f, r, &err);
                if (r == 0 || r == -ENXIO)
                        pause = f->options.every_ns;
                else
                        pause = pause < f->options.every_ns ? f->options.every_ns
                                : pause > FAILED_NS_MAX / 2 ? FAILED_NS_MAX
                                                            : pause * 2;
        }
        return NULL;
}

int clew_follower_new(const struct clew_follower_options *options, struct clew_follower **ret)
{
        struct clew_follower *f = clew_calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->options = *options;
        r = pthread_create(&f->thread, NULL, follower_main, f);
        if (r != 0) {
                clew_free(f);
                return -r;
        }
        *ret = f;
        return 0;
}

void clew_follower_free(struct clew_follower *f)
{
        if (!f)
                return;
        clew_tier_stop(f->options.tier);
        pthread_join(f->thread, NULL);
        clew_free(f);
}
