/*
 * GET /api/v1/tail: what this node has not sealed yet, for readers of its bucket (storage/tail.h).
 */
#include "collector/api/tail-int.h"

#include "proto/base/number.h"
#include "storage/tail.h"

#include <errno.h>
#include <string.h>

bool clew_api_is_tail(const char *method, const char *path)
{
        return strcmp(method, "GET") == 0 && strcmp(path, CLEW_TAIL_PATH) == 0;
}

/* The number behind "name=" in "?a=1&b=2"; 0 when there is none. */
static uint64_t parameter(struct clew_slice target, const char *name)
{
        size_t n = strlen(name);
        uint64_t value = 0;

        for (size_t at = 0; at + n + 1 < target.len; at++) {
                size_t from = at + 1 + n + 1;
                size_t to = from;

                if ((target.data[at] != '?' && target.data[at] != '&') ||
                    memcmp(target.data + at + 1, name, n) != 0 || from > target.len ||
                    target.data[from - 1] != '=')
                        continue;
                while (to < target.len && target.data[to] != '&')
                        to++;
                return clew_parse_uint64(clew_slice_make(target.data + from, to - from), &value)
                               ? value
                               : 0;
        }
        return 0;
}

void clew_api_tail(struct clew_api_request *q, const struct clew_api_options *options)
{
        const struct clew_project *p = &options->projects->all[clew_api_project(q, options)];
        struct clew_slice target = clew_buffer_slice(&q->target);
        struct clew_serve_answer *a = &q->answer;
        const struct clew_tail_question question = {
                .life = parameter(target, "life"),
                .epoch = parameter(target, "epoch"),
                .after = parameter(target, "after"),
        };
        struct clew_error err = {.code = 0};

        if (!p->pipeline) { /* nothing is taken in here, so there is no tail */
                clew_serve_refuse_access(403, "this clewd collects nothing: it has no tail", a);
                return;
        }
        clew_buffer_clear(&a->body);
        if (clew_tail_give(p->store, p->uploader ? p->tier : NULL, &question, &a->body, &err) < 0) {
                clew_serve_answer_deinit(a);
                clew_serve_answer_init(a);
                clew_serve_busy(a);
                return;
        }
        a->status = 200;
        a->content_type = CLEW_TAIL_TYPE;
}
