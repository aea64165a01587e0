#include "collector/front/guard-h1-int.h"

#include "collector/front/guard-refusal-int.h"
#include "collector/front/http-head-int.h"

#include <string.h>

/* ---- verdicts ------------------------------------------------------------------------------- */

static enum clew_guard_verdict end(struct clew_h1 *c, const char *status, const char *reason)
{
        c->status = status;
        c->reason = reason;
        return CLEW_GUARD_END;
}

static enum clew_guard_verdict bad(struct clew_h1 *c, const char *reason)
{
        return end(c, "400 Bad Request", reason);
}

static enum clew_guard_verdict timed_out(struct clew_h1 *c, const char *reason)
{
        return end(c, "408 Request Timeout", reason);
}

void clew_h1_farewell(const struct clew_h1 *c, struct clew_buffer *out)
{
        if (c->is_overload)
                clew_guard_overload_http(out, c->is_json);
        else if (c->status)
                clew_guard_refusal_http(out, c->status, c->reason);
}

/* ---- budget --------------------------------------------------------------------------------- */

static void give_back(struct clew_h1 *c)
{
        struct clew_guard_totals *t = c->totals;

        if (c->waits)
                t->n_waiting--;
        c->waits = false;
        if (t->favoured == c)
                t->favoured = NULL;
        if (c->taken == 0)
                return;
        clew_admission_give_back(t->admission, t->share, c->taken);
        c->taken = 0;
        t->n_given_back++;
}

static bool take(struct clew_h1 *c, size_t n)
{
        struct clew_guard_totals *t = c->totals;

        if (clew_admission_take(t->admission, t->share, n)) {
                c->taken += n;
                return true;
        }
        if (t->favoured && t->favoured != c)
                return false;
        t->favoured = c;
        clew_admission_take_beyond(t->admission, t->share, n);
        c->taken += n;
        return true;
}

static size_t step_of(const struct clew_h1 *c)
{
        size_t step = c->arrived;

        if (step < CLEW_GUARD_STEP_BYTES_MIN)
                return CLEW_GUARD_STEP_BYTES_MIN;
        return step < CLEW_GUARD_STEP_BYTES_MAX ? step : CLEW_GUARD_STEP_BYTES_MAX;
}

/* How much of @n bytes of body may pass now. */
static size_t let_in(struct clew_h1 *c, size_t n, uint64_t now)
{
        size_t room = CLEW_GUARD_SMALL_BYTES + c->taken - c->arrived;

        while (room < n && take(c, step_of(c)))
                room = CLEW_GUARD_SMALL_BYTES + c->taken - c->arrived;
        if (room > 0 && c->waits) {
                c->waits = false;
                c->totals->n_waiting--;
                c->moved_ms = c->rate_ms = now; /* the wait was not the client's doing */
                c->rate_base = c->arrived;
        }
        return room < n ? room : n;
}

static enum clew_guard_verdict wait_for_room(struct clew_h1 *c)
{
        if (!c->waits && c->totals->n_waiting >= c->totals->max_waiting) {
                c->is_overload = true;
                return end(c, "429 Too Many Requests", "out of memory budget");
        }
        c->totals->n_waiting += !c->waits;
        c->waits = true;
        return CLEW_GUARD_HOLD;
}

/* ---- heads ---------------------------------------------------------------------------------- */

static void await_answer(struct clew_h1 *c)
{
        c->state = CLEW_H1_ANSWER;
}

static bool is_question(struct clew_slice head)
{
        static const char version[] = " HTTP/1.1";
        const uint8_t *end = head.len > 0 ? memchr(head.data, '\r', head.len) : NULL;
        size_t n = sizeof(version) - 1;

        return clew_slice_starts_with(head, CLEW_SLICE_LITERAL("GET ")) && end &&
               (size_t)(end - head.data) > n && memcmp(end - n, version, n) == 0;
}

static enum clew_guard_verdict head_complete(struct clew_h1 *c, struct clew_guard_pieces *out)
{
        struct clew_http_framing f;
        const char *wrong = clew_http_head_check(clew_buffer_slice(&c->head), &f);

        c->is_json = wrong == NULL && f.is_json;
        c->is_question = wrong == NULL && is_question(clew_buffer_slice(&c->head));
        if (wrong)
                return bad(c, wrong);
        (void)!clew_guard_put(out, c->head.data, c->head.len);
        c->left = f.length;
        c->arrived = 0;
        c->rate_base = 0;
        c->rate_ms = c->moved_ms;
        c->framing_bytes = 0;
        c->line_len = 0;
        c->trailer_bytes = 0;
        if (f.is_chunked)
                c->state = CLEW_H1_SIZE;
        else if (f.length)
                c->state = CLEW_H1_BODY;
        else
                await_answer(c);
        return CLEW_GUARD_GO;
}

/* Where the head ends in @all, looking from @from on; 0 = not yet. */
static size_t end_of_head(struct clew_slice all, size_t from)
{
        const uint8_t *at;

        from = from > 3 ? from - 3 : 0;
        at = memmem(all.data + from, all.len - from, "\r\n\r\n", 4);
        return at ? (size_t)(at - all.data) + 4 : 0;
}

static size_t skip_blank_lines(struct clew_h1 *c, const uint8_t *data, size_t n)
{
        size_t at = 0;

        while (at < n && (data[at] == '\r' || data[at] == '\n') &&
               c->n_blank < 2 * CLEW_H1_BLANK_LINES_MAX) {
                c->n_blank++;
                at++;
        }
        return at;
}

static size_t read_head(struct clew_h1 *c, const uint8_t *data, size_t n, uint64_t now,
                        struct clew_guard_pieces *out, enum clew_guard_verdict *ret)
{
        size_t before = c->head.len;
        size_t at = 0;
        size_t end_at;

        if (before == 0) {
                at = skip_blank_lines(c, data, n);
                if (at == n)
                        return n;
                c->begun_ms = now;
        }
        c->moved_ms = now;
        if (n - at > CLEW_H1_HEAD_BYTES_MAX - before)
                n = at + CLEW_H1_HEAD_BYTES_MAX - before;
        clew_buffer_append(&c->head, data + at, n - at);
        if (clew_buffer_error(&c->head)) {
                *ret = end(c, "503 Service Unavailable", "out of memory");
                return 0;
        }
        end_at = end_of_head(clew_buffer_slice(&c->head), before);
        if (end_at) {
                size_t used = at + end_at - before;

                c->head.len = end_at;
                *ret = head_complete(c, out);
                return used;
        }
        if (c->head.len == CLEW_H1_HEAD_BYTES_MAX)
                *ret = end(c, "431 Request Header Fields Too Large",
                           "the request line and headers are too large");
        /* A first line that is none, or that other programs would end here, needs no patience. */
        else if (clew_http_head_is_hopeless(clew_buffer_slice(&c->head)))
                *ret = bad(c, "not an HTTP/1.1 request");
        return n;
}

/* ---- bodies --------------------------------------------------------------------------------- */

static size_t read_body(struct clew_h1 *c, const uint8_t *data, size_t n, uint64_t now,
                        struct clew_guard_pieces *out, enum clew_guard_verdict *ret)
{
        size_t want = n < c->left ? n : (size_t)c->left;
        size_t may = let_in(c, want, now);

        if (may < want)
                *ret = wait_for_room(c);
        if (may == 0)
                return 0;
        (void)!clew_guard_put(out, data, may);
        c->moved_ms = now;
        c->arrived += may;
        c->left -= may;
        if (c->left > 0)
                return may;
        if (c->state == CLEW_H1_BODY)
                await_answer(c);
        else
                c->state = CLEW_H1_CHUNK_END;
        return may;
}

/* Collects a line up to its CRLF; false when it is too long or has a bare CR or LF. */
static bool read_line(struct clew_h1 *c, const uint8_t *data, size_t n, size_t max,
                      size_t *ret_used, bool *ret_complete)
{
        size_t at = 0;

        *ret_complete = false;
        while (at < n && !*ret_complete) {
                uint8_t ch = data[at++];
                bool after_cr = c->line_len > 0 && c->line[c->line_len - 1] == '\r';

                if (c->line_len >= max || (ch == '\n') != after_cr)
                        return false;
                c->line[c->line_len++] = ch;
                *ret_complete = ch == '\n';
        }
        *ret_used = at;
        return true;
}

static enum clew_guard_verdict size_line(struct clew_h1 *c)
{
        if (!clew_http_chunk_size(clew_slice_make(c->line, c->line_len - 2), &c->left))
                return bad(c, "a chunk size is damaged");
        c->state = c->left ? CLEW_H1_CHUNK : CLEW_H1_TRAILER;
        return CLEW_GUARD_GO;
}

static enum clew_guard_verdict trailer_line(struct clew_h1 *c)
{
        c->trailer_bytes += c->line_len;
        if (c->line_len == 2) {
                await_answer(c);
                return CLEW_GUARD_GO;
        }
        if (c->trailer_bytes > CLEW_H1_TRAILER_BYTES_MAX ||
            !clew_http_field_is_sound(clew_slice_make(c->line, c->line_len - 2)))
                return bad(c, "a trailer is damaged or too large");
        return CLEW_GUARD_GO;
}

static size_t read_framing(struct clew_h1 *c, const uint8_t *data, size_t n, uint64_t now,
                           struct clew_guard_pieces *out, enum clew_guard_verdict *ret)
{
        size_t max = c->state == CLEW_H1_CHUNK_END ? 2 : CLEW_H1_CHUNK_LINE_MAX;
        bool complete;
        size_t used;

        if (!read_line(c, data, n, max, &used, &complete)) {
                *ret = bad(c, "the framing of a chunked body is damaged");
                return 0;
        }
        (void)!clew_guard_put(out, data, used);
        c->framing_bytes += used;
        if (c->framing_bytes > CLEW_H1_FRAMING_BYTES_FREE + c->arrived) {
                *ret = bad(c, "the body is more framing than data");
                return 0;
        }
        if (!complete)
                return used;
        c->moved_ms = now;
        if (c->state == CLEW_H1_SIZE)
                *ret = size_line(c);
        else if (c->state == CLEW_H1_TRAILER)
                *ret = trailer_line(c);
        else if (c->line_len == 2)
                c->state = CLEW_H1_SIZE;
        c->line_len = 0;
        return used;
}

size_t clew_h1_from_client(struct clew_h1 *c, const uint8_t *data, size_t n, uint64_t now_ms,
                           struct clew_guard_pieces *out, enum clew_guard_verdict *ret)
{
        size_t at = 0;

        *ret = CLEW_GUARD_GO;
        while (at < n && *ret == CLEW_GUARD_GO && out->n < CLEW_GUARD_PIECES_MAX - 2) {
                switch (c->state) {
                case CLEW_H1_HEAD:
                        at += read_head(c, data + at, n - at, now_ms, out, ret);
                        break;
                case CLEW_H1_BODY:
                case CLEW_H1_CHUNK:
                        at += read_body(c, data + at, n - at, now_ms, out, ret);
                        break;
                case CLEW_H1_SIZE:
                case CLEW_H1_CHUNK_END:
                case CLEW_H1_TRAILER:
                        at += read_framing(c, data + at, n - at, now_ms, out, ret);
                        break;
                case CLEW_H1_ANSWER:
                        *ret = CLEW_GUARD_HOLD;
                        break;
                }
        }
        return at;
}

void clew_h1_from_server(struct clew_h1 *c, uint64_t now_ms)
{
        if (c->state != CLEW_H1_ANSWER)
                return;
        give_back(c);
        clew_buffer_clear(&c->head);
        c->state = CLEW_H1_HEAD;
        c->n_blank = 0;
        c->n_answered++;
        c->begun_ms = c->moved_ms = now_ms;
}

/* ---- deadlines ------------------------------------------------------------------------------ */

static bool passed(uint64_t now, uint64_t since, uint64_t limit)
{
        return now > since && now - since > limit;
}

static bool is_too_slow(const struct clew_h1 *c, uint64_t now)
{
        uint64_t ms = now > c->rate_ms ? now - c->rate_ms : 0;

        return ms > CLEW_GUARD_RATE_GRACE_MS &&
               (c->arrived - c->rate_base) * 1000 / ms < CLEW_GUARD_RATE_MIN_BYTES_PER_S;
}

enum clew_guard_verdict clew_h1_tick(struct clew_h1 *c, uint64_t now_ms)
{
        bool pressed = clew_guard_is_pressed(c->totals);

        if (c->state == CLEW_H1_ANSWER || c->waits)
                return CLEW_GUARD_GO;
        if (c->state == CLEW_H1_HEAD && c->head.len > 0) {
                if (passed(now_ms, c->begun_ms, CLEW_GUARD_HELLO_MS))
                        return timed_out(c, "the request line and headers did not arrive in time");
                return CLEW_GUARD_GO;
        }
        /* After an answer, which may be a long one, the server knows when the silence is too long.
         */
        if (c->state == CLEW_H1_HEAD)
                return c->n_answered == 0 && passed(now_ms, c->begun_ms, CLEW_GUARD_HELLO_MS)
                               ? CLEW_GUARD_END
                               : CLEW_GUARD_GO;
        if (passed(now_ms, c->moved_ms,
                   pressed ? CLEW_GUARD_STALL_PRESSED_MS : CLEW_GUARD_STALL_MS))
                return timed_out(c, "the body stopped arriving");
        if (pressed && is_too_slow(c, now_ms))
                return timed_out(c, "the body arrives too slowly while others wait");
        return CLEW_GUARD_GO;
}

struct clew_slice clew_h1_probe(const struct clew_h1 *c)
{
        return c->state == CLEW_H1_ANSWER && c->is_question
                       ? CLEW_SLICE_LITERAL("HTTP/1.1 102 Processing\r\n\r\n")
                       : CLEW_SLICE_NULL;
}

bool clew_h1_is_idle(const struct clew_h1 *c)
{
        return c->state == CLEW_H1_HEAD && c->head.len == 0;
}

void clew_h1_init(struct clew_h1 *c, struct clew_guard_totals *totals, uint64_t now_ms)
{
        *c = (struct clew_h1){.totals = totals, .begun_ms = now_ms, .moved_ms = now_ms};
        clew_buffer_init(&c->head, CLEW_H1_HEAD_BYTES_MAX);
}

void clew_h1_deinit(struct clew_h1 *c)
{
        give_back(c);
        clew_buffer_deinit(&c->head);
}
