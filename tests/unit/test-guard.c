/* The guard's watchers: what passes, what is held back, what ends a connection, and what memory a
 * client can get hold of. */
#include "collector/front/guard-h1-int.h"
#include "collector/front/guard-h2-int.h"
#include "collector/front/guard-refusal-int.h"
#include "collector/front/http-head-int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1024 * 1024)
#define DATA 0u
#define HEADERS 1u
#define PRIORITY 2u
#define RST_STREAM 3u
#define SETTINGS 4u
#define PUSH_PROMISE 5u
#define PING 6u
#define GOAWAY 7u
#define WINDOW_UPDATE 8u
#define CONTINUATION 9u
#define END_STREAM 1u
#define END_HEADERS 4u
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

struct bench {
        struct clew_admission admission;
        struct clew_guard_totals totals;
        struct clew_h2 c;
        uint8_t in[3 * 1024 * 1024];
        size_t n_in;
        size_t passed; /* bytes that went through in the last go() */
        size_t used;
        uint64_t now;
};

static struct bench bench;

static void put(const void *data, size_t n)
{
        assert_true(n <= sizeof(bench.in) - bench.n_in);
        memcpy(bench.in + bench.n_in, data, n);
        bench.n_in += n;
}

static void frame_head(unsigned type, unsigned flags, uint32_t id, size_t len)
{
        const uint8_t head[9] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
                                 (uint8_t)type,        (uint8_t)flags,      (uint8_t)(id >> 24),
                                 (uint8_t)(id >> 16),  (uint8_t)(id >> 8),  (uint8_t)id};

        put(head, sizeof(head));
}

static void frame(unsigned type, unsigned flags, uint32_t id, size_t len)
{
        static const uint8_t zeros[1024 * 1024 + 16];

        frame_head(type, flags, id, len);
        put(zeros, len);
}

static void number(unsigned type, uint32_t id, uint32_t v)
{
        const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                              (uint8_t)v};

        frame_head(type, 0, id, sizeof(b));
        put(b, sizeof(b));
}

/* Shows the client's frames to the watcher. */
static enum clew_guard_verdict go(void)
{
        enum clew_guard_verdict v;
        size_t at = 0;

        bench.passed = 0;
        do {
                struct clew_guard_pieces p = {.n = 0};
                size_t used = clew_h2_from_client(&bench.c, bench.in + at, bench.n_in - at,
                                                  bench.now, &p, &v);

                at += used;
                bench.passed += p.bytes;
        } while (v == CLEW_GUARD_GO && at < bench.n_in);
        bench.used = at;
        memmove(bench.in, bench.in + at, bench.n_in - at);
        bench.n_in -= at;
        return v;
}

/* The frames that were put are the core's. */
static void core_says(void)
{
        clew_h2_from_core(&bench.c, bench.in, bench.n_in, bench.now);
        bench.n_in = 0;
}

static void open_with(size_t budget, size_t max_waiting)
{
        memset(&bench, 0, sizeof(bench));
        bench.now = 1000;
        clew_admission_init(&bench.admission, budget);
        bench.totals.admission = &bench.admission;
        bench.totals.share = CLEW_SHARE_GRPC;
        bench.totals.max_waiting = max_waiting;
        clew_h2_totals_init(&bench.totals, bench.now);
        clew_h2_init(&bench.c, &bench.totals, bench.now);
        put(PREFACE, sizeof(PREFACE) - 1);
        frame(SETTINGS, 0, 0, 0);
        frame(SETTINGS, 1, 0, 0);
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(bench.passed, sizeof(PREFACE) - 1 + 18);
}

static void close_all(void)
{
        clew_h2_deinit(&bench.c);
        assert_int_equal(bench.totals.n_streams, 0);
        assert_int_equal(bench.totals.small_bytes, 0);
        assert_int_equal(bench.totals.n_waiting, 0);
        clew_admission_deinit(&bench.admission);
}

static void test_good_call_passes_unchanged(void **state)
{
        (void)state;
        open_with(MIB, 8);
        frame(HEADERS, END_HEADERS, 1, 200);
        frame(DATA, END_STREAM, 1, 500);
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(bench.passed, 9 + 200 + 9 + 500);
        assert_int_equal(bench.c.n_streams, 1);
        frame(HEADERS, END_HEADERS, 1, 20);
        frame(DATA, 0, 1, 5);
        frame(HEADERS, END_HEADERS | END_STREAM, 1, 20);
        core_says();
        assert_int_equal(bench.c.n_streams, 0);
        assert_int_equal(bench.c.to_client.len, 29 + 14 + 29);
        assert_int_equal(bench.c.n_answered, 1);
        close_all();
}

/* Each of these frames more often than its limit, and once less often. */
static void test_rates(void **state)
{
        static const struct {
                enum clew_guard_limit which;
                unsigned type;
                size_t len;
                bool passes;
        } kinds[] = {
                {CLEW_LIMIT_PINGS, PING, 8, true},
                {CLEW_LIMIT_SETTINGS, SETTINGS, 6, true},
                {CLEW_LIMIT_WINDOWS, WINDOW_UPDATE, 4, true},
                {CLEW_LIMIT_IGNORED, PRIORITY, 5, false},
                {CLEW_LIMIT_IGNORED, 0xbb, 1000, false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                uint32_t n = clew_guard_rates[kinds[i].which].burst;

                open_with(MIB, 8);
                if (kinds[i].which == CLEW_LIMIT_SETTINGS)
                        n--; /* the first came with the preface */
                for (uint32_t k = 0; k < n; k++)
                        frame(kinds[i].type, 0, 0, kinds[i].len);
                assert_int_equal(go(), CLEW_GUARD_GO);
                assert_int_equal(bench.passed, kinds[i].passes ? n * (9 + kinds[i].len) : 0);
                frame(kinds[i].type, 0, 0, kinds[i].len);
                assert_int_equal(go(), CLEW_GUARD_END);
                assert_true(bench.c.is_flood);
                assert_string_equal(bench.c.reason, clew_guard_rates[kinds[i].which].name);
                close_all();
        }
}

static void test_time_and_calls_earn(void **state)
{
        const struct clew_guard_rate *pings = &clew_guard_rates[CLEW_LIMIT_PINGS];

        (void)state;
        open_with(MIB, 8);
        for (uint32_t k = 0; k < pings->burst; k++)
                frame(PING, 0, 0, 8);
        frame(HEADERS, END_HEADERS | END_STREAM, 1, 20);
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(HEADERS, END_HEADERS | END_STREAM, 1, 20);
        core_says();
        bench.now += 1000;
        for (uint32_t k = 0; k < pings->per_second + pings->per_call; k++)
                frame(PING, 0, 0, 8);
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(PING, 0, 0, 8);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();
}

static uint32_t take_all(struct clew_bucket *b)
{
        uint32_t n = 0;

        while (n < 1000 && clew_bucket_take(b))
                n++;
        return n;
}

/* Neither rest nor calls save up for a second burst; and no time passes twice. */
static void test_a_bucket_holds_one_burst(void **state)
{
        struct clew_bucket b;

        (void)state;
        clew_bucket_init(&b, 10, 1000);
        assert_true(clew_bucket_take(&b));
        clew_bucket_refill(&b, 10, 5, 3601000);
        assert_int_equal(take_all(&b), 10);
        clew_bucket_earn(&b, 4, 10);
        assert_int_equal(take_all(&b), 4);
        clew_bucket_earn(&b, 50, 10);
        assert_int_equal(take_all(&b), 10);
        clew_bucket_refill(&b, 10, 5, 3602000);
        assert_int_equal(take_all(&b), 5);
        clew_bucket_refill(&b, 10, 5, 3600000);
        clew_bucket_refill(&b, 10, 5, 3602000);
        assert_int_equal(take_all(&b), 0);
}

static void test_resets(void **state)
{
        uint32_t n = clew_guard_rates[CLEW_LIMIT_RESETS].burst;
        uint32_t id = 1;

        (void)state;
        open_with(MIB, 8);
        for (uint32_t k = 0; k < n; k++, id += 2) {
                frame(HEADERS, END_HEADERS, id, 20);
                number(RST_STREAM, id, 8);
        }
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(HEADERS, END_HEADERS, id, 20);
        number(RST_STREAM, id, 8);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();

        /* Those that the client provokes count like its own. */
        open_with(MIB, 8);
        for (uint32_t k = 0, s = 1; k <= n; k++, s += 2) {
                frame(HEADERS, END_HEADERS, s, 20);
                assert_int_equal(go(), CLEW_GUARD_GO);
                number(RST_STREAM, s, 1);
                core_says();
        }
        assert_int_equal(clew_h2_tick(&bench.c, bench.now), CLEW_GUARD_END);
        close_all();

        /* All together: whoever resets waits, whoever does not passes. */
        open_with(MIB, 8);
        bench.totals.buckets[CLEW_LIMIT_RESETS].milli = 0;
        frame(HEADERS, END_HEADERS, 1, 20);
        assert_int_equal(go(), CLEW_GUARD_GO);
        number(RST_STREAM, 1, 8);
        frame(HEADERS, END_HEADERS, 3, 20);
        assert_int_equal(go(), CLEW_GUARD_HOLD);
        bench.now += 1000;
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(bench.passed, 29);
        close_all();
}

static void test_header_blocks(void **state)
{
        (void)state;
        open_with(MIB, 8);
        frame(HEADERS, 0, 1, 6000);
        frame(CONTINUATION, 0, 1, 6000);
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(CONTINUATION, END_HEADERS, 1, 1000);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();

        open_with(MIB, 8);
        frame(HEADERS, 0, 1, 10);
        for (unsigned i = 0; i < CLEW_H2_BLOCK_FRAMES_MAX - 1; i++)
                frame(CONTINUATION, 0, 1, 0);
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(CONTINUATION, 0, 1, 0);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();

        open_with(MIB, 8);
        frame(HEADERS, END_HEADERS, 1, CLEW_H2_BLOCK_BYTES_MAX + 1);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();
}

static void test_what_is_no_protocol(void **state)
{
        static const struct {
                unsigned type;
                unsigned flags;
                uint32_t id;
                size_t len;
        } wrong[] = {
                {HEADERS, END_HEADERS, 2, 20},
                {HEADERS, END_HEADERS, 0, 20},
                {CONTINUATION, END_HEADERS, 1, 20},
                {PUSH_PROMISE, 0, 1, 20},
                {DATA, 0, 0, 20},
                {DATA, 0, 5, 20},
                {RST_STREAM, 0, 1, 4},
                {RST_STREAM, 0, 1, 5},
                {SETTINGS, 0, 0, 5},
                {SETTINGS, 1, 0, 6},
                {SETTINGS, 0, 1, 6},
                {SETTINGS, 0, 0, CLEW_H2_SETTINGS_BYTES_MAX + 6},
                {PING, 0, 0, 7},
                {PING, 0, 1, 8},
                {GOAWAY, 0, 0, 7},
                {WINDOW_UPDATE, 0, 0, 5},
                {WINDOW_UPDATE, 0, 7, 4},
                {0xbb, 0, 0, CLEW_H2_FRAME_BYTES_MAX + 1},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(wrong); i++) {
                open_with(MIB, 8);
                frame(wrong[i].type, wrong[i].flags, wrong[i].id, wrong[i].len);
                assert_int_equal(go(), CLEW_GUARD_END);
                assert_non_null(bench.c.reason);
                close_all();
        }
        open_with(MIB, 8);
        frame(HEADERS, 0, 1, 20);
        frame(PING, 0, 0, 8);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();
}

static void test_streams_are_held_back(void **state)
{
        uint32_t id = 1;

        (void)state;
        open_with(MIB, 8);
        for (unsigned i = 0; i < CLEW_H2_STREAMS_MAX; i++, id += 2)
                frame(HEADERS, END_HEADERS | END_STREAM, id, 20);
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(HEADERS, END_HEADERS | END_STREAM, id, 20);
        frame(PING, 0, 0, 8);
        assert_int_equal(go(), CLEW_GUARD_HOLD);
        assert_int_equal(bench.passed, 0);
        assert_int_equal(bench.c.n_streams, CLEW_H2_STREAMS_MAX);
        /* The head is remembered, wherever the input was cut. */
        {
                uint8_t rest[sizeof(bench.in)];
                size_t n = bench.n_in;

                memcpy(rest, bench.in, n);
                bench.n_in = 0;
                frame(HEADERS, END_HEADERS | END_STREAM, 1, 10);
                core_says();
                put(rest, n);
        }
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(bench.passed, 29 + 17);
        close_all();
}

static void test_places_of_all_and_the_free_ones(void **state)
{
        (void)state;
        open_with(MIB, 8);
        bench.totals.n_streams = CLEW_H2_ALL_STREAMS_MAX;
        for (uint32_t i = 0; i < CLEW_H2_STREAMS_FREE; i++)
                frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * i, 20);
        assert_int_equal(go(), CLEW_GUARD_GO);
        frame(HEADERS, END_HEADERS | END_STREAM, 101, 20);
        assert_int_equal(go(), CLEW_GUARD_HOLD);
        assert_true(bench.c.waits_for_totals);
        bench.totals.n_streams -= CLEW_H2_ALL_STREAMS_MAX;
        assert_int_equal(go(), CLEW_GUARD_GO);
        close_all();
}

/* The core asks for a message of a megabyte at once; the client gets it by steps. */
static void ask(uint32_t id, uint32_t n)
{
        number(WINDOW_UPDATE, id, n);
        core_says();
}

static void test_windows_follow_what_arrived(void **state)
{
        (void)state;
        open_with(8 * MIB, 8);
        frame(HEADERS, END_HEADERS, 1, 20);
        frame(DATA, 0, 1, 500);
        assert_int_equal(go(), CLEW_GUARD_GO);
        ask(1, 60000000);
        /* An announcement takes nothing: there is window left. */
        assert_int_equal(bench.c.to_client.len, 0);
        assert_int_equal(clew_admission_used(&bench.admission, CLEW_SHARE_GRPC), 0);
        frame(DATA, 0, 1, 60000);
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(bench.c.to_client.len, 13);
        assert_int_equal(clew_admission_used(&bench.admission, CLEW_SHARE_GRPC),
                         CLEW_GUARD_STEP_BYTES_MIN);
        /* More than it was told is a breach, although the core has asked for it. */
        frame(DATA, 0, 1, 100000);
        assert_int_equal(go(), CLEW_GUARD_END);
        close_all();
}

static void fill(uint32_t id)
{
        frame(HEADERS, END_HEADERS, id, 20);
        frame(DATA, 0, id, 60000);
        assert_int_equal(go(), CLEW_GUARD_GO);
}

static void test_one_is_favoured_and_others_wait(void **state)
{
        (void)state;
        open_with(CLEW_GUARD_STEP_BYTES_MIN, 1); /* room for one step */
        fill(1);
        fill(3);
        fill(5);
        fill(7);
        ask(1, 1000000); /* takes the budget */
        ask(3, 1000000); /* beyond it, as the one that goes on */
        assert_int_equal(bench.c.to_client.len, 26);
        ask(5, 1000000); /* waits */
        assert_int_equal(bench.c.to_client.len, 26);
        assert_int_equal(bench.totals.n_waiting, 1);
        assert_true(clew_guard_is_pressed(&bench.totals));
        ask(7, 1000000); /* no room to wait: it is answered */
        assert_int_equal(bench.c.n_streams, 3);
        assert_true(bench.c.to_client.len > 100);
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(bench.passed, 13); /* and the core hears of it */
        number(RST_STREAM, 3, 8);
        assert_int_equal(go(), CLEW_GUARD_GO);
        clew_h2_retry(&bench.c, bench.now);
        assert_int_equal(bench.totals.n_waiting, 0);
        close_all();
}

static void test_deadlines(void **state)
{
        (void)state;
        open_with(MIB, 8);
        frame(HEADERS, END_HEADERS, 1, 20);
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_STALL_PRESSED_MS + 1),
                         CLEW_GUARD_GO);
        bench.totals.n_held = 1; /* others wait */
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_STALL_PRESSED_MS),
                         CLEW_GUARD_GO);
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_STALL_PRESSED_MS + 1),
                         CLEW_GUARD_END);
        bench.totals.n_held = 0;
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_STALL_MS + 1),
                         CLEW_GUARD_END);
        close_all();

        open_with(MIB, 8); /* an answer that is not taken */
        frame(HEADERS, END_HEADERS | END_STREAM, 1, 20);
        assert_int_equal(go(), CLEW_GUARD_GO);
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + 1000000), CLEW_GUARD_GO); /* our turn */
        frame(HEADERS, END_HEADERS, 1, 20);
        core_says();
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_UNREAD_MS), CLEW_GUARD_GO);
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_UNREAD_MS + 1),
                         CLEW_GUARD_END);
        close_all();

        open_with(MIB, 8); /* settings that are never acknowledged: two sent, one acknowledged */
        frame(SETTINGS, 0, 0, 6);
        frame(SETTINGS, 0, 0, 6);
        core_says();
        assert_int_equal(clew_h2_tick(&bench.c, bench.now + CLEW_GUARD_SETTINGS_ACK_MS + 1),
                         CLEW_GUARD_END);
        close_all();
}

/* ---- HTTP/1.1 ------------------------------------------------------------------------------- */

#define POST "POST /v1/traces HTTP/1.1\r\nHost: a\r\n"

static void test_heads(void **state)
{
        static const struct {
                const char *head;
                bool good;
        } heads[] = {
                {POST "\r\n", true},
                {POST "Content-Length: 5\r\n\r\n", true},
                {POST "Transfer-Encoding: Chunked\r\n\r\n", true},
                {"GET / HTTP/1.0\r\n\r\n", true},
                {POST "X:\r\n\r\n", true},
                {POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false},
                {POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", false},
                {POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", false},
                {POST "Content-Length: 5, 5\r\n\r\n", false},
                {POST "Content-Length: +5\r\n\r\n", false},
                {POST "Content-Length: -1\r\n\r\n", false},
                {POST "Content-Length: 0x5\r\n\r\n", false},
                {POST "Content-Length:\r\n\r\n", false},
                {POST "Content-Length: 5 5\r\n\r\n", false},
                {POST "Content-Length: 18446744073709551616\r\n\r\n", false},
                {POST "Content-Length : 5\r\n\r\n", false},
                {POST "Transfer-Encoding: chunked, identity\r\n\r\n", false},
                {POST "Transfer-Encoding: xchunked\r\n\r\n", false},
                {POST "Transfer-Encoding: \x0b"
                      "chunked\r\n\r\n",
                 false},
                {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", false},
                {POST "X: a\r\n b\r\n\r\n", false},
                {POST "X: a\nb\r\n\r\n", false},
                {POST "X: a\rb\r\n\r\n", false},
                {POST "X y: a\r\n\r\n", false},
                {POST ": a\r\n\r\n", false},
                {POST "no colon\r\n\r\n", false},
                {POST "Host: b\r\n\r\n", false},
                {POST "Origin: http://localhost\r\nOrigin: http://evil\r\n\r\n", false},
                {"POST /v1/traces HTTP/1.1\r\n\r\n", false},
                {"POST  /v1/traces HTTP/1.1\r\nHost: a\r\n\r\n", false},
                {"POST /v1/traces HTTP/9.9\r\nHost: a\r\n\r\n", false},
                {"POST /v1/traces\r\nHost: a\r\n\r\n", false},
                {"POST /\x1b HTTP/1.1\r\nHost: a\r\n\r\n", false},
                {"P(ST / HTTP/1.1\r\nHost: a\r\n\r\n", false},
                {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(heads); i++) {
                struct clew_http_framing f;
                const char *wrong = clew_http_head_check(clew_slice_of_cstr(heads[i].head), &f);

                if ((wrong == NULL) != heads[i].good)
                        fail_msg("%s: %s", heads[i].head, wrong ? wrong : "taken");
        }
}

static void test_chunk_sizes(void **state)
{
        static const struct {
                const char *line;
                bool good;
                uint64_t size;
        } lines[] = {
                {"5", true, 5},          {"0", true, 0},   {"aF;name=v", true, 0xaf},
                {"0005", true, 5},       {"", false, 0},   {"0x5", false, 0},
                {"-1", false, 0},        {" 5", false, 0}, {"5 ", false, 0},
                {"123456789", false, 0}, {"g", false, 0},  {"5;\x01", false, 0},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(lines); i++) {
                uint64_t n = 0;
                bool good = clew_http_chunk_size(clew_slice_of_cstr(lines[i].line), &n);

                if (good != lines[i].good || (good && n != lines[i].size))
                        fail_msg("\"%s\"", lines[i].line);
        }
}

struct h1_bench {
        struct clew_admission admission;
        struct clew_guard_totals totals;
        struct clew_h1 c;
        size_t passed;
        size_t used;
};

static void h1_open(struct h1_bench *b, size_t budget)
{
        memset(b, 0, sizeof(*b));
        clew_admission_init(&b->admission, budget);
        b->totals.admission = &b->admission;
        b->totals.share = CLEW_SHARE_HTTP;
        b->totals.max_waiting = 1;
        clew_h1_init(&b->c, &b->totals, 1000);
}

static enum clew_guard_verdict h1_say(struct h1_bench *b, const void *data, size_t n)
{
        enum clew_guard_verdict v = CLEW_GUARD_GO;

        b->passed = 0;
        b->used = 0;
        while (b->used < n && v == CLEW_GUARD_GO) {
                struct clew_guard_pieces p = {.n = 0};

                b->used += clew_h1_from_client(&b->c, (const uint8_t *)data + b->used, n - b->used,
                                               1000, &p, &v);
                b->passed += p.bytes;
        }
        return v;
}

static void h1_close(struct h1_bench *b)
{
        clew_h1_deinit(&b->c);
        assert_int_equal(b->totals.n_waiting, 0);
        clew_admission_deinit(&b->admission);
}

static void test_one_request_at_a_time(void **state)
{
        static const char two[] =
                POST "Content-Length: 3\r\n\r\nabc" POST
                     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n";
        struct h1_bench b;
        size_t first = (size_t)(strstr(two + 1, "POST") - two);

        (void)state;
        h1_open(&b, MIB);
        assert_int_equal(h1_say(&b, two, 20), CLEW_GUARD_GO); /* half a head passes nothing */
        assert_int_equal(b.passed, 0);
        assert_int_equal(h1_say(&b, two + 20, sizeof(two) - 21), CLEW_GUARD_HOLD);
        assert_int_equal(b.used, first - 20);
        assert_int_equal(b.passed, first);
        clew_h1_from_server(&b.c, 1000);
        assert_int_equal(h1_say(&b, two + first, sizeof(two) - 1 - first), CLEW_GUARD_GO);
        assert_int_equal(b.passed, sizeof(two) - 1 - first);
        assert_int_equal(b.c.state, CLEW_H1_ANSWER);
        clew_h1_from_server(&b.c, 1000);
        assert_int_equal(clew_h1_tick(&b.c, 10000000), CLEW_GUARD_GO); /* an answer may be long */
        h1_close(&b);
        h1_open(&b, MIB);
        assert_int_equal(clew_h1_tick(&b.c, 1000 + CLEW_GUARD_HELLO_MS), CLEW_GUARD_GO);
        assert_int_equal(clew_h1_tick(&b.c, 1001 + CLEW_GUARD_HELLO_MS), CLEW_GUARD_END);
        h1_close(&b);
}

/* Only a question that has no answer yet, and whose client knows interim answers. */
static void test_who_may_have_left_is_asked(void **state)
{
        static const struct {
                const char *request;
                bool asked;
        } cases[] = {
                {"GET /api/v1/traces HTTP/1.1\r\nHost: x\r\n\r\n", true},
                {"GET /api/v1/traces HTTP/1.1\r\nHost: x\r\n", false},
                {"GET /api/v1/traces HTTP/1.0\r\nHost: x\r\n\r\n", false},
                {"HEAD /api/v1/traces HTTP/1.1\r\nHost: x\r\n\r\n", false},
                {POST "Content-Length: 1\r\n\r\nx", false},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                struct h1_bench b;

                h1_open(&b, MIB);
                assert_int_equal(clew_h1_probe(&b.c).len, 0);
                assert_int_equal(h1_say(&b, cases[i].request, strlen(cases[i].request)),
                                 CLEW_GUARD_GO);
                assert_int_equal(clew_h1_probe(&b.c).len > 0, cases[i].asked);
                clew_h1_from_server(&b.c, 1000);
                assert_int_equal(clew_h1_probe(&b.c).len, 0);
                h1_close(&b);
        }
}

static void test_bad_chunks_and_floods(void **state)
{
        static const char *const bad[] = {
                "5\nabcde\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n",   "z\r\n",
                "3\r\nabc\n\n",          "0\r\nbad trailer\r\n\r\n", "3\r\rabc"};
        struct h1_bench b;

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                static const char head[] = POST "Transfer-Encoding: chunked\r\n\r\n";

                h1_open(&b, MIB);
                assert_int_equal(h1_say(&b, head, sizeof(head) - 1), CLEW_GUARD_GO);
                assert_int_equal(h1_say(&b, bad[i], strlen(bad[i])), CLEW_GUARD_END);
                assert_string_equal(b.c.status, "400 Bad Request");
                h1_close(&b);
        }
        h1_open(&b, MIB);
        memset(bench.in, 'a', sizeof(bench.in));
        assert_int_equal(h1_say(&b, POST "X: ", sizeof(POST "X: ") - 1), CLEW_GUARD_GO);
        assert_int_equal(h1_say(&b, bench.in, sizeof(bench.in)), CLEW_GUARD_END);
        assert_non_null(strstr(b.c.status, "431"));
        h1_close(&b);
}

static void test_bodies_take_budget_as_they_come(void **state)
{
        static const char head[] = POST "Content-Length: 1000000\r\n\r\n";
        struct h1_bench b;

        (void)state;
        memset(bench.in, 'a', sizeof(bench.in));
        h1_open(&b, 2 * (size_t)CLEW_GUARD_STEP_BYTES_MIN);
        assert_int_equal(h1_say(&b, head, sizeof(head) - 1), CLEW_GUARD_GO);
        assert_int_equal(h1_say(&b, bench.in, CLEW_GUARD_SMALL_BYTES), CLEW_GUARD_GO);
        assert_int_equal(clew_admission_used(&b.admission, CLEW_SHARE_HTTP), 0);
        b.totals.favoured = &b; /* somebody else goes on beyond the budget */
        assert_int_equal(h1_say(&b, bench.in, 500000), CLEW_GUARD_HOLD);
        assert_int_equal(b.passed, 2 * CLEW_GUARD_STEP_BYTES_MIN);
        assert_int_equal(b.totals.n_waiting, 1);
        assert_int_equal(clew_h1_tick(&b.c, 1000000),
                         CLEW_GUARD_GO); /* it is not the client's fault */
        b.totals.favoured = NULL;
        assert_int_equal(h1_say(&b, bench.in, 500000), CLEW_GUARD_GO);
        assert_int_equal(b.totals.n_waiting, 0);
        b.totals.n_waiting = 1; /* another one waits: who stops or trickles is ended */
        assert_int_equal(clew_h1_tick(&b.c, 1000 + CLEW_GUARD_STALL_PRESSED_MS + 1),
                         CLEW_GUARD_END);
        b.totals.n_waiting = 0;
        h1_close(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good_call_passes_unchanged),
                cmocka_unit_test(test_rates),
                cmocka_unit_test(test_time_and_calls_earn),
                cmocka_unit_test(test_a_bucket_holds_one_burst),
                cmocka_unit_test(test_resets),
                cmocka_unit_test(test_header_blocks),
                cmocka_unit_test(test_what_is_no_protocol),
                cmocka_unit_test(test_streams_are_held_back),
                cmocka_unit_test(test_places_of_all_and_the_free_ones),
                cmocka_unit_test(test_windows_follow_what_arrived),
                cmocka_unit_test(test_one_is_favoured_and_others_wait),
                cmocka_unit_test(test_deadlines),
                cmocka_unit_test(test_heads),
                cmocka_unit_test(test_chunk_sizes),
                cmocka_unit_test(test_one_request_at_a_time),
                cmocka_unit_test(test_who_may_have_left_is_asked),
                cmocka_unit_test(test_bad_chunks_and_floods),
                cmocka_unit_test(test_bodies_take_budget_as_they_come),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
