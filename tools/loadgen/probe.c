/*
 * Visibility probe: renews a read view until a span is there. The span is searched for by its id
 * bytes in the trace's OTLP, which is exact enough for 8 random bytes.
 */
#include "tools/loadgen/probe.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "storage/store.h"

#include <errno.h>
#include <time.h>

#define WAIT_MAX_NS (5 * CLEW_NS_PER_S)
#define PAUSE_NS 200000 /* between two looks */

struct clew_probe {
        struct clew_store *store;
        struct clew_view *view;
};

int clew_probe_new(const char *dir, struct clew_probe **ret, struct clew_error *err)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        struct clew_probe *p = clew_calloc(1, sizeof(*p));
        int rc;

        if (!p)
                return -ENOMEM;
        rc = clew_store_open(dir, &options, &p->store, err);
        if (rc == 0)
                rc = clew_view_open(p->store, &p->view, err);
        if (rc < 0) {
                clew_probe_free(p);
                return rc;
        }
        *ret = p;
        return 0;
}

void clew_probe_free(struct clew_probe *probe)
{
        if (!probe)
                return;
        clew_view_close(probe->view);
        clew_store_close(probe->store);
        clew_free(probe);
}

static bool is_visible(struct clew_probe *p, const struct clew_trace_id *trace,
                       const struct clew_span_id *span)
{
        struct clew_list_entry entry;
        struct clew_trace_data data;

        if (clew_view_renew(p->view, NULL) < 0 ||
            clew_view_entry(p->view, trace, &entry, NULL) < 0 ||
            clew_view_load(p->view, trace, &data, NULL) < 0)
                return false;
        return memmem(data.traces.data, data.traces.len, span->bytes, sizeof(span->bytes)) != NULL;
}

uint64_t clew_probe_wait(void *probe, const struct clew_trace_id *trace,
                         const struct clew_span_id *span)
{
        const struct clew_clock *clock = clew_clock_system();
        uint64_t begin = clew_clock_monotonic_ns(clock);

        for (;;) {
                bool visible = is_visible(probe, trace, span);
                uint64_t took = clew_clock_monotonic_ns(clock) - begin;
                struct timespec pause = {.tv_nsec = PAUSE_NS};

                if (visible)
                        return took;
                if (took > WAIT_MAX_NS)
                        return UINT64_MAX;
                nanosleep(&pause, NULL);
        }
}
