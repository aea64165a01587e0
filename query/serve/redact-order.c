#include "query/serve/redact-order.h"

#include "proto/base/clock.h"
#include "query/review/redact-key.h"
#include "query/review/redact.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define NOTE_BYTES 256u

static bool is_over(const struct clew_rewrite_options *how)
{
        return how->is_over && how->is_over(how->context);
}

/* Messages of what makes rules quote them, so they are told nobody: -EINVAL. */
static int make(const struct clew_order *order, const uint8_t key[CLEW_REDACT_KEY_BYTES],
                struct clew_rules *rules, struct clew_redact *ret)
{
        struct clew_error ignored = {0};
        int r = 0;

        switch (order->kind) {
        case CLEW_ORDER_TEXT:
                return clew_redact_init(ret, order->what, key, &ignored);
        case CLEW_ORDER_NAMES:
                clew_own_init(&rules->own);
                if (!clew_mask_rules_parse(order->what, &rules->used) || rules->used == 0)
                        return -EINVAL;
                break;
        case CLEW_ORDER_RULES:
                r = clew_rules_parse(rules, order->what, &ignored);
                break;
        }
        if (r == 0)
                clew_redact_init_rules(ret, rules, key);
        return r;
}

/* The log names what was put in its place, never the text. */
static int note(struct clew_store *store, const struct clew_order *order,
                const struct clew_redact *r, uint64_t places, struct clew_error *err)
{
        char who[CLEW_TIER_WRITER_BYTES + 32];
        CLEW_BUFFER what = {0};

        (void)snprintf(who, sizeof(who), "%s%s",
                       order->by[0] ? "writer " : "the writer without a name", order->by);
        clew_buffer_init(&what, 2 * CLEW_REDACT_BYTES_MAX);
        clew_buffer_printf(&what,
                           order->kind == CLEW_ORDER_TEXT
                                   ? "redact a text of %zu bytes, %" PRIu64 " places; now "
                                   : "redact by rules of %zu bytes, %" PRIu64 " places",
                           order->what.len, places);
        clew_buffer_append_slice(&what, clew_redact_shown(r));
        if (what.len > NOTE_BYTES)
                what.len = NOTE_BYTES;
        return clew_erasing_note(store, clew_slice_of_cstr(who), clew_buffer_slice(&what),
                                 clew_clock_unix_ns(clew_clock_system()), err);
}

static int take_out(struct clew_store *store, const struct clew_order *order,
                    const struct clew_rewrite_options *how, struct clew_redact *r,
                    uint64_t *ret_places, struct clew_error *err)
{
        const struct clew_redaction what = clew_redact_store(r);
        struct clew_redaction_stats found;
        struct clew_redaction_stats done;
        int e = clew_store_redact(store, &what, true, how, &found, err);

        *ret_places = e == 0 ? found.places : 0;
        /* It stands there already when it was done here by the command, or before a kill. */
        if (e == 0 && !is_over(how) && found.places > 0)
                e = note(store, order, r, found.places, err);
        /* Also when nothing was found: objects of the bucket may hold it in parts that are dead. */
        if (e == 0 && !is_over(how))
                e = clew_store_redact(store, &what, false, how, &done, err);
        return e == 0 && is_over(how) ? -ECANCELED : e;
}

int clew_redact_order(struct clew_store *store, const struct clew_order *order,
                      const struct clew_rewrite_options *how, uint64_t *ret_places,
                      struct clew_error *err)
{
        struct clew_rewrite_options options = *how;
        uint8_t key[CLEW_REDACT_KEY_BYTES];
        struct clew_rules rules = {0};
        struct clew_redact redact = {0};
        int r = clew_redact_key(clew_store_directory(store), key, err);

        if (r < 0)
                return r;
        options.dropped = clew_erasing_rewrite().dropped;
        r = make(order, key, &rules, &redact);
        if (r < 0)
                clew_error_set(err, r, 0,
                               r == -ENOMEM ? "out of memory"
                                            : "it is not understood here: is this clew older than "
                                              "the one that gave it?");
        else
                r = take_out(store, order, &options, &redact, ret_places, err);
        clew_redact_deinit(&redact);
        clew_rules_deinit(&rules);
        return r;
}
