/*
 * Rules of a user's own, and what they take out of export requests. First byte: bit 0 = logs, bit 1
 * = lengths stay, bit 2 = all built-in rules; then a file of rules, a zero byte, a request.
 *
 * Whatever the rules: they are taken, or refused with a line. Whatever the request: what the walk
 * accepts is redacted and still accepted, with the same items under the same ids; where lengths
 * stay, each byte keeps its place. What the walk refuses is never accepted afterwards by accident:
 * the walk is asked again.
 */
#include "proto/mask/rules.h"
#include "proto/otlp/redact.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)

static size_t count_items(struct clew_slice data)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_slice raw;
        size_t n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

static void same_ids(struct clew_slice before, struct clew_slice after)
{
        struct clew_otlp_reader a = clew_otlp_reader_make(before);
        struct clew_otlp_reader b = clew_otlp_reader_make(after);
        struct clew_slice x;
        struct clew_slice y;

        while (clew_otlp_read(&a, &x, NULL)) {
                struct clew_span s;
                struct clew_span t;

                CLEW_ASSERT(clew_otlp_read(&b, &y, NULL));
                CLEW_ASSERT(clew_span_parse(x, &s) == clew_span_parse(y, &t));
                CLEW_ASSERT(clew_trace_id_eq(&s.trace_id, &t.trace_id));
                CLEW_ASSERT(clew_span_id_eq(&s.span_id, &t.span_id));
                CLEW_ASSERT(s.start_ns == t.start_ns && s.end_ns == t.end_ns);
        }
}

static void redact(struct clew_slice request, enum clew_otlp_signal signal, struct clew_mask *m)
{
        int checked = clew_otlp_check(request, signal, NULL);
        struct clew_joint *joint = NULL;
        struct clew_mask_work w;
        struct clew_error err = {0};
        CLEW_BUFFER out = {0};
        struct clew_slice after;
        uint64_t n_deep = 0;
        int r;

        clew_mask_work_init(&w, MEMORY_MAX);
        if (m->same_length && m->own && m->own->n_texts > 0) /* a text in parts, too */
                CLEW_ASSERT(clew_joint_new(m->own->texts[0].text, &joint) == 0);
        w.joint = joint;
        clew_buffer_init(&out, MEMORY_MAX);
        clew_mask_work_begin(&w, request.len);
        r = clew_otlp_redact(request, signal, m, &w, m->same_length ? NULL : &n_deep, &err);
        CLEW_ASSERT(r == 0 || (r == -EBADMSG && checked < 0 && err.message[0]));
        CLEW_ASSERT(n_deep == 0 || checked < 0);
        if (r == 0 && n_deep > 0) {
                clew_mask_apply(&w, request, &out);
                after = clew_buffer_slice(&out);
                CLEW_ASSERT(clew_buffer_error(&out) == 0);
                CLEW_ASSERT(count_items(after) + n_deep == count_items(request));
        }
        if (r == 0 && checked == 0) {
                clew_mask_apply(&w, request, &out);
                after = clew_buffer_slice(&out);
                CLEW_ASSERT(clew_buffer_error(&out) == 0);
                CLEW_ASSERT(clew_otlp_check(after, signal, NULL) == 0);
                CLEW_ASSERT(count_items(after) == count_items(request));
                CLEW_ASSERT((clew_mask_work_edits(&w) + w.late.len > 0) ==
                            (clew_mask_count(m) > 0));
                if (signal == CLEW_OTLP_TRACES)
                        same_ids(request, after);
                if (m->same_length) {
                        CLEW_ASSERT(out.len == request.len);
                        clew_buffer_clear(&out);
                        clew_buffer_append_slice(&out, request);
                        clew_mask_apply_here(&w, out.data, out.len);
                        CLEW_ASSERT(clew_otlp_check(clew_buffer_slice(&out), signal, NULL) == 0);
                }
        }
        clew_mask_work_deinit(&w);
        clew_joint_free(joint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice text = clew_slice_from(clew_slice_make(data, size), 1);
        const uint8_t *zero = text.len ? memchr(text.data, 0, text.len) : NULL;
        size_t n = zero ? (size_t)(zero - text.data) : text.len;
        struct clew_mask m = {.has_key = true};
        struct clew_error err = {0};
        struct clew_rules rules = {0};
        int r;

        if (size == 0)
                return 0;
        r = clew_rules_parse(&rules, clew_slice_make(text.data, n), &err);
        CLEW_ASSERT(r == 0 || (err.message[0] && rules.own.n_rules == 0));
        if (r == 0) {
                m.rules = rules.used;
                m.own = &rules.own;
        }
        m.rules |= data[0] & 4 ? CLEW_MASK_ALL : 0;
        m.same_length = data[0] & 2;
        redact(clew_slice_from(text, n < text.len ? n + 1 : n),
               data[0] & 1 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES, &m);
        clew_rules_deinit(&rules);
        return 0;
}
