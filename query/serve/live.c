/*
 * See live.h.
 */
#include "query/serve/live.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "query/answer/trace-record.h"
#include "query/serve/call-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ARENA_MAX ((size_t)4 << 20)
/* Around a resume, what started so long before the place is told again when it is sealed. */
#define RESUME_WINDOW_NS (600 * CLEW_NS_PER_S)
/* A walk that takes longer goes on with the next poll. */
#define POLL_TIME_NS (2 * CLEW_NS_PER_S)

/* Requests commit in groups: one that arrived earlier may become visible later, by this much at
 * most. So far back arrivals are looked at again. */
#define LATE_NS (5 * CLEW_NS_PER_S)
/* Traces whose arrivals are remembered meanwhile; a power of two. One that is pushed out by another
 * is told again, which says nothing wrong. */
#define SEEN 4096u

struct seen {
        struct clew_trace_id id;
        uint64_t arrival_ns;
};

struct clew_live {
        struct clew_call call;
        uint64_t after_ns;   /* arrivals up to here were told, but for late ones */
        uint64_t newest_ns;  /* of the arrivals that this poll has looked at */
        uint64_t resumed_ns; /* not 0: sealed traces that started from here on are told too, once */
        uint64_t said_ns;    /* monotonic; of the last byte */
        bool is_behind;      /* until a poll finds nothing */
        struct seen seen[SEEN];
};

static void resume(struct clew_live *l)
{
        l->resumed_ns = l->after_ns > RESUME_WINDOW_NS ? l->after_ns - RESUME_WINDOW_NS : 1;
        l->is_behind = true;
}

struct clew_live *clew_live_open(const struct clew_service *service,
                                 const struct clew_serve_request *request,
                                 struct clew_slice last_event_id, struct clew_serve_answer *answer)
{
        struct clew_live *l = clew_calloc(1, sizeof(*l));
        struct clew_slice target = request->target;
        const uint8_t *question = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
        struct clew_slice query = CLEW_SLICE_NULL;

        if (!l) {
                clew_serve_busy(answer);
                return NULL;
        }
        l->call = (struct clew_call){.service = service, .request = request, .answer = answer};
        clew_arena_init(&l->call.arena, ARENA_MAX);
        l->call.route = clew_route_find("/live");
        if (question)
                query = clew_slice_from(target, (size_t)(question - target.data) + 1);
        if (clew_call_check_access(&l->call) != 0 || clew_inputs_read(&l->call, query) != 0 ||
            clew_call_filter(&l->call, CLEW_SINCE_DEFAULT) != 0) {
                clew_live_free(l);
                return NULL;
        }
        l->call.filter.limit_ns = POLL_TIME_NS;
        l->after_ns = clew_clock_unix_ns(service->clock);
        l->said_ns = clew_clock_monotonic_ns(service->clock);
        if (clew_parse_uint64(last_event_id, &l->after_ns))
                resume(l);
        /* What came with the request dies with it. */
        l->call.request = NULL;
        l->call.answer = NULL;
        return l;
}

void clew_live_free(struct clew_live *l)
{
        if (!l)
                return;
        clew_filter_deinit(&l->call.filter);
        clew_arena_deinit(&l->call.arena);
        clew_free(l);
}

static struct seen *slot_of(struct clew_live *l, const struct clew_trace_id *id)
{
        return &l->seen[clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes))) & (SEEN - 1)];
}

/* Leaves out what has not changed, before its summary is read. */
static bool is_old(void *context, const struct clew_list_entry *entry)
{
        struct clew_live *l = context;
        struct seen *slot;

        if (!entry->hot)
                return l->resumed_ns == 0 || entry->start_ns < l->resumed_ns;
        if (entry->last_arrival_ns + LATE_NS <= l->after_ns)
                return true;
        slot = slot_of(l, &entry->id);
        if (slot->arrival_ns == entry->last_arrival_ns &&
            memcmp(&slot->id, &entry->id, sizeof(slot->id)) == 0)
                return true;
        *slot = (struct seen){entry->id, entry->last_arrival_ns};
        if (entry->last_arrival_ns > l->newest_ns)
                l->newest_ns = entry->last_arrival_ns;
        return false;
}

void clew_live_greet(const struct clew_live *l, char ret[CLEW_LIVE_HELLO_BYTES])
{
        (void)snprintf(ret, CLEW_LIVE_HELLO_BYTES,
                       "id: %llu\nevent: hello\ndata: "
                       "{\"v\":1,\"type\":\"hello\",\"poll_ms\":%llu}\n\n",
                       (unsigned long long)l->after_ns,
                       (unsigned long long)(CLEW_LIVE_POLL_NS / CLEW_NS_PER_MS));
}

bool clew_live_is_behind(const struct clew_live *l)
{
        return l->is_behind;
}

void clew_live_begin_at_both(struct clew_live *l, const struct clew_live *other)
{
        if (other->after_ns >= l->after_ns)
                return;
        l->after_ns = other->after_ns;
        resume(l);
}

struct told {
        uint64_t oldest_left_ns; /* arrival of what did not fit; 0 = all did */
        unsigned n;
};

static int put_event(struct clew_record_writer *w, struct clew_buffer *out,
                     const struct clew_selected *t, uint64_t id)
{
        int r;

        clew_buffer_printf(out, "id: %llu\nevent: trace\ndata: ", (unsigned long long)id);
        r = clew_record_put(w, t);
        clew_buffer_append_byte(out, '\n');
        return r < 0 ? r : clew_buffer_error(out);
}

static int walk(struct clew_live *l, struct clew_view *view, struct clew_buffer *out,
                struct told *told, struct clew_error *err)
{
        struct clew_record_writer w;
        struct clew_select s = {0};
        struct clew_selected t;
        int r = clew_select_init(&s, view, &l->call.filter, l->call.service->clock, NULL, err);

        s.skip = is_old;
        s.skip_context = l;
        s.parts_speak = true;
        clew_record_writer_init(&w, CLEW_RECORD_JSON, "trace", clew_trace_fields,
                                clew_sink_to_buffer(out));
        while (r >= 0 && (r = clew_select_next(&s, &t, err)) == 1) {
                uint64_t arrival_ns = t.hot ? t.last_sign_ns : 0;

                if (told->n == CLEW_LIVE_EVENTS_MAX) {
                        slot_of(l, &t.id)->arrival_ns = 0; /* with the next poll */
                        if (t.hot &&
                            (told->oldest_left_ns == 0 || arrival_ns < told->oldest_left_ns))
                                told->oldest_left_ns = arrival_ns;
                        continue;
                }
                told->n++;
                r = put_event(&w, out, &t, arrival_ns > l->after_ns ? arrival_ns : l->after_ns);
        }
        if (r == 0 && s.end == CLEW_SELECT_WHOLE) {
                if (told->oldest_left_ns > 0 && told->oldest_left_ns <= l->newest_ns)
                        l->newest_ns = told->oldest_left_ns - 1;
                if (l->newest_ns > l->after_ns)
                        l->after_ns = l->newest_ns;
                l->resumed_ns = 0;
                l->is_behind = l->is_behind && told->n > 0;
        }
        clew_record_writer_deinit(&w);
        clew_select_deinit(&s);
        return r;
}

int clew_live_poll(struct clew_live *l, struct clew_view *view, struct clew_buffer *out,
                   struct clew_error *err)
{
        uint64_t now_ns = clew_clock_monotonic_ns(l->call.service->clock);
        size_t from = out->len;
        struct told told = {0};
        int r = walk(l, view, out, &told, err);

        if (r < 0)
                return r;
        if (out->len == from && now_ns - l->said_ns >= CLEW_LIVE_COMMENT_NS)
                clew_buffer_append_cstr(out, ": still here\n\n");
        if (out->len > from)
                l->said_ns = now_ns;
        return clew_buffer_error(out);
}
