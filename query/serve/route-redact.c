/*
 * A text, or what built-in rules find, taken out of everything that is stored. The collector wipes
 * free pages afterwards.
 */
#include "proto/base/mem.h"
#include "query/review/redact-key.h"
#include "query/review/redact.h"
#include "query/serve/call-int.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOTE_BYTES 256u

/* Others that write to the store's bucket, and whether they were told. */
struct others {
        struct clew_order_told told;
        struct clew_error err; /* message "" = they were, or nobody is there */
};

static void tell_others(struct clew_call *call, struct others *o)
{
        const struct clew_service *s = call->service;
        const char *what = call->inputs.redact ? call->inputs.redact : call->inputs.content;

        if (s->order && s->order(s->order_context, s->project,
                                 call->inputs.redact ? CLEW_ORDER_NAMES : CLEW_ORDER_TEXT,
                                 call->inputs.here ? CLEW_SLICE_NULL : clew_slice_of_cstr(what),
                                 &o->told, &o->err) == 0)
                o->err.message[0] = '\0';
}

static void put_others(struct clew_json_writer *w, const struct others *o)
{
        char id[24];

        if (o->told.others[0]) {
                clew_json_write_key(w, "others");
                clew_json_write_cstr(w, o->told.others);
        }
        if (o->told.id) {
                (void)snprintf(id, sizeof(id), "%" PRIu64, o->told.id);
                clew_json_write_key(w, "order");
                clew_json_write_cstr(w, id);
        }
        if (o->err.message[0]) {
                clew_json_write_key(w, "not_told");
                clew_json_write_cstr(w, o->err.message);
        }
}

static int answer(struct clew_call *call, const struct clew_redact *r,
                  const struct clew_redaction_stats *s, const uint64_t *by_rule,
                  const struct others *others)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        int e;

        clew_call_record_writer(call, &out, "redacted", NULL);
        call->answer->status = 200;
        w = clew_record_begin(&out, "redacted");
        clew_json_write_key(&w, "dry_run");
        clew_json_write_bool(&w, call->inputs.dry_run);
        clew_json_write_key(&w, "places");
        clew_json_write_uint64(&w, s->places);
        clew_json_write_key(&w, "traces");
        clew_json_write_uint64(&w, s->traces);
        clew_json_write_key(&w, "notes");
        clew_json_write_uint64(&w, s->notes);
        clew_json_write_key(&w, "records");
        clew_json_write_uint64(&w, s->records);
        if (call->inputs.redact) {
                clew_json_write_key(&w, "rules");
                clew_json_write_object_begin(&w);
                for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                        if (by_rule[i] == 0)
                                continue;
                        clew_json_write_key(&w, clew_mask_name(&r->mask, i));
                        clew_json_write_uint64(&w, by_rule[i]);
                }
                clew_json_write_object_end(&w);
        } else if (!call->inputs.dry_run) {
                clew_json_write_key(&w, "shown");
                clew_json_write_string(&w, clew_redact_shown(r));
        }
        put_others(&w, others);
        e = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return e;
}

/* The log names what was put in its place, never the text. */
static int note(struct clew_call *call, struct clew_store *store, const struct clew_redact *r,
                const struct clew_redaction_stats *s, struct clew_slice who)
{
        CLEW_BUFFER what = {0};

        clew_buffer_init(&what, 2 * CLEW_REDACT_BYTES_MAX);
        if (call->inputs.redact)
                clew_buffer_printf(&what, "redact by rules %s, %" PRIu64 " places",
                                   call->inputs.redact, s->places);
        else
                clew_buffer_printf(&what, "redact a text, %" PRIu64 " places; now ", s->places);
        clew_buffer_append_slice(&what, clew_redact_shown(r));
        if (what.len > NOTE_BYTES)
                what.len = NOTE_BYTES;
        return clew_erasing_note(store, who, clew_buffer_slice(&what),
                                 clew_clock_unix_ns(call->service->clock), &call->err);
}

static int take_out(struct clew_call *call, struct clew_store *store, struct clew_redact *r,
                    struct clew_slice who)
{
        const struct clew_rewrite_options options = clew_erasing_rewrite();
        const struct clew_redaction what = clew_redact_store(r);
        struct clew_redaction_stats found;
        struct clew_redaction_stats done;
        uint64_t by_rule[CLEW_MASK_RULES];
        CLEW_FREE struct others *others = clew_calloc(1, sizeof(*others));
        int e = !others ? -ENOMEM
                        : clew_store_redact(store, &what, true, &options, &found, &call->err);

        memcpy(by_rule, r->mask.n, sizeof(by_rule));
        if (e == 0 && !call->inputs.dry_run)
                e = note(call, store, r, &found, who);
        if (e == 0 && !call->inputs.dry_run)
                tell_others(call, others);
        if (e == 0 && !call->inputs.dry_run)
                e = clew_store_redact(store, &what, false, &options, &done, &call->err);
        if (e == -EBUSY || e == -ENOTSUP)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT, "%s", call->err.message);
        return e < 0 ? e : answer(call, r, &found, by_rule, others);
}

/* 0, or after a refusal 1. */
static int make(struct clew_call *call, const uint8_t key[CLEW_REDACT_KEY_BYTES],
                struct clew_rules *rules, struct clew_redact *ret)
{
        const struct clew_inputs *in = &call->inputs;

        if (!in->content == !in->redact) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "what? \"text\", or \"rules\", not both");
                return 1;
        }
        if (in->redact && (!clew_mask_rules_parse(clew_slice_of_cstr(in->redact), &rules->used) ||
                           rules->used == 0)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "rules takes all, or some of private-key, api-key, token, "
                                        "secret, email, card, iban, phone, with commas between");
                return 1;
        }
        if (in->redact) {
                clew_redact_init_rules(ret, rules, key);
        } else if (clew_redact_init(ret, clew_slice_of_cstr(in->content), key, &call->err) < 0) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER, "%s", call->err.message);
                return 1;
        }
        return 0;
}

int clew_route_redact(struct clew_call *call)
{
        uint8_t key[CLEW_REDACT_KEY_BYTES] = {0};
        struct clew_rules rules = {0};
        struct clew_redact redact = {0};
        struct clew_store *store;
        struct clew_slice who;
        int r;

        if (clew_call_author(call, CLEW_SLICE_NULL, &who) != 0 ||
            clew_call_writer(call, &store) != 0)
                return 0;
        if (!call->inputs.dry_run) {
                r = clew_redact_key(clew_store_directory(store), key, &call->err);
                if (r < 0)
                        return r;
        }
        r = make(call, key, &rules, &redact) == 0 ? take_out(call, store, &redact, who) : 0;
        clew_redact_deinit(&redact);
        return r;
}
