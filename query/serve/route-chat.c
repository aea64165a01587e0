/*
 * The conversation of a trace.
 */
#include "query/answer/chat.h"
#include "query/serve/call-int.h"

#include "proto/base/number.h"

#include <errno.h>
#include <stdio.h>

#define LIMIT_DEFAULT 200u
#define SCRATCH_MAX ((size_t)128 << 20)
/* One message, whole, before its texts are cut. */
#define MESSAGE_BYTES_MAX ((size_t)128 << 20)

#define LIST_IS_FULL 1 /* ends the walk */

struct page {
        struct clew_call *call;
        struct clew_call_list list;
        struct clew_record_writer message; /* its sink is `whole` */
        struct clew_buffer whole;
        struct clew_buffer cut;
        uint64_t skip;
        uint64_t seen;
        bool more;
};

static int put_message(void *context, const struct clew_chat_message *m)
{
        struct page *p = context;
        int r;

        if (p->seen < p->skip) {
                p->seen++;
                return 0;
        }
        if (clew_call_list_is_full(&p->list)) {
                p->more = true;
                return LIST_IS_FULL;
        }
        clew_buffer_clear(&p->whole);
        clew_buffer_clear(&p->cut);
        r = clew_chat_put(&p->message, m);
        if (r == 0)
                r = clew_shorten(clew_buffer_slice(&p->whole), clew_call_max_text(p->call),
                                 &p->cut);
        if (r == 0)
                r = p->list.writer.sink.put(p->list.writer.sink.context,
                                            clew_buffer_slice(&p->cut));
        if (r == -EMSGSIZE && p->list.n > 0) {
                p->more = true;
                return LIST_IS_FULL;
        }
        p->seen += r == 0;
        return r;
}

static int walk(struct page *p, const struct clew_opened *o)
{
        const struct clew_chat_listener listener = {.message = put_message, .context = p};
        struct clew_chat *chat = clew_chat_new(&listener, NULL, SCRATCH_MAX);
        char next[24];
        int r = chat ? clew_chat_trace(chat, o->trace, &p->call->trace) : -ENOMEM;

        clew_chat_free(chat);
        snprintf(next, sizeof(next), "%llu", (unsigned long long)p->seen);
        return r < 0 ? r : clew_call_list_end(&p->list, p->more ? next : NULL, p->seen, NULL);
}

int clew_route_chat(struct clew_call *call)
{
        struct page p = {.call = call};
        struct clew_opened o = {0};
        int r;

        if (call->inputs.after &&
            !clew_parse_uint64(clew_slice_of_cstr(call->inputs.after), &p.skip))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "after takes the number of messages to skip");
        r = clew_call_open(call, call->path_values[0], &CLEW_TRACE_FULL, false, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        clew_buffer_init(&p.whole, MESSAGE_BYTES_MAX);
        clew_buffer_init(&p.cut, CLEW_SERVE_BODY_MAX);
        clew_record_writer_init(&p.message, CLEW_RECORD_JSON, "message", NULL,
                                clew_sink_to_buffer(&p.whole));
        if (clew_call_list_begin(call, "chat", "message", NULL, LIMIT_DEFAULT, &p.list) == 0)
                r = walk(&p, &o);
        clew_call_list_deinit(&p.list);
        clew_record_writer_deinit(&p.message);
        clew_buffer_deinit(&p.whole);
        clew_buffer_deinit(&p.cut);
        return r;
}
