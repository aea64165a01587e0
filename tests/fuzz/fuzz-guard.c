/*
 * The guard's watchers. First byte: which protocol; the rest are records of a byte that says who
 * speaks and for how long, and the bytes. Whatever comes: nothing is passed on that did not come,
 * whole input and single bytes get the same verdict and the same bytes through, streams stay under
 * their limit, and the budget is given back.
 */
#include "collector/front/guard-h1-int.h"
#include "collector/front/guard-h2-int.h"
#include "proto/base/compiler.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define BUDGET_BYTES ((size_t)256 * 1024)
#define OUT_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define FROM_SERVER 0x80u
#define RECORD_BYTES_MAX 0x7fu

struct run {
        struct clew_admission admission;
        struct clew_guard_totals totals;
        struct clew_h1 h1;
        struct clew_h2 h2;
        bool is_h2;
        bool ended;
        bool held;
        size_t n_in;
        struct clew_buffer out;
};

static void begin(struct run *r, bool is_h2)
{
        *r = (struct run){.is_h2 = is_h2};
        clew_admission_init(&r->admission, BUDGET_BYTES);
        r->totals.admission = &r->admission;
        r->totals.share = is_h2 ? CLEW_SHARE_GRPC : CLEW_SHARE_HTTP;
        r->totals.max_waiting = 1;
        clew_h2_totals_init(&r->totals, 0);
        clew_h1_init(&r->h1, &r->totals, 0);
        clew_h2_init(&r->h2, &r->totals, 0);
        clew_buffer_init(&r->out, OUT_BYTES_MAX);
}

static void finish(struct run *r)
{
        clew_h1_deinit(&r->h1);
        clew_h2_deinit(&r->h2);
        CLEW_ASSERT(r->totals.n_streams == 0 && r->totals.small_bytes == 0);
        CLEW_ASSERT(r->totals.n_waiting == 0 && r->totals.favoured == NULL);
        clew_admission_deinit(&r->admission); /* asserts that nothing is taken */
        clew_buffer_deinit(&r->out);
}

static void client_says(struct run *r, const uint8_t *data, size_t n)
{
        size_t at = 0;

        while (!r->ended && !r->held) {
                struct clew_guard_pieces pieces = {.n = 0};
                enum clew_guard_verdict v;
                size_t used =
                        r->is_h2 ? clew_h2_from_client(&r->h2, data + at, n - at, 1, &pieces, &v)
                                 : clew_h1_from_client(&r->h1, data + at, n - at, 1, &pieces, &v);

                CLEW_ASSERT(used <= n - at && pieces.n <= CLEW_GUARD_PIECES_MAX);
                at += used;
                r->n_in += used;
                for (unsigned i = 0; i < pieces.n; i++)
                        clew_buffer_append(&r->out, pieces.at[i].iov_base, pieces.at[i].iov_len);
                r->ended = v == CLEW_GUARD_END;
                r->held = v == CLEW_GUARD_HOLD;
                CLEW_ASSERT(r->h2.n_streams <= CLEW_H2_STREAMS_MAX);
                if (v == CLEW_GUARD_GO && at == n)
                        return;
                CLEW_ASSERT(v != CLEW_GUARD_GO || used > 0); /* or it would never end */
        }
}

static void server_says(struct run *r, const uint8_t *data, size_t n)
{
        if (r->is_h2)
                clew_h2_from_core(&r->h2, data, n, 1);
        else
                clew_h1_from_server(&r->h1, 1);
        r->held = false;
}

/* @step: how many bytes at a time; 0 = as the records have them. */
static void play(struct run *r, const uint8_t *data, size_t size, size_t step)
{
        size_t at = 0;

        while (at < size && !r->ended) {
                size_t n = data[at] & RECORD_BYTES_MAX;
                bool server = data[at] & FROM_SERVER;

                at++;
                n = n < size - at ? n : size - at;
                for (size_t done = 0; done < n && !r->ended;) {
                        size_t k = step && step < n - done ? step : n - done;

                        if (server)
                                server_says(r, data + at + done, k);
                        else
                                client_says(r, data + at + done, k);
                        done += k;
                }
                at += n;
        }
        (void)(r->is_h2 ? clew_h2_tick(&r->h2, 60000) : clew_h1_tick(&r->h1, 60000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct run a;
        struct run b;

        if (size < 1)
                return 0;
        begin(&a, data[0] & 1);
        begin(&b, data[0] & 1);
        play(&a, data + 1, size - 1, 0);
        play(&b, data + 1, size - 1, 1);
        /* What was held back is dropped here, by pieces of different size. */
        if (!a.held && !b.held && a.n_in == b.n_in && !a.ended && !b.ended)
                CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&a.out), clew_buffer_slice(&b.out)));
        if (!a.is_h2)
                CLEW_ASSERT(a.out.len <= a.n_in);
        finish(&a);
        finish(&b);
        return 0;
}
