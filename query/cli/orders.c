#include "query/cli/orders.h"

#include "proto/base/clock.h"
#include "proto/base/number.h"
#include "query/answer/when.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Each look is a list of the bucket. */
#define POLL_S 1
/* What is to be done with those that do not come by themselves. */
#define WAY_OUT                                                                                    \
        "A clewd that runs does it within a minute, one that does not at its next start; one "     \
        "whose machine is gone when it is retired (clew --store URL writers --retire NAME), or "   \
        "is started with its name on an empty directory; one that is older than this clew does "   \
        "it after its update. Until then "                                                         \
        "readers show what came to it"

/* ---- giving one ------------------------------------------------------------------------------ */

void clew_cli_order_begin(struct clew_cli_order *o, enum clew_order_kind kind,
                          struct clew_slice what)
{
        struct clew_error err = {0};
        int r = clew_order_tell(o->cli->tier, kind, o->here ? CLEW_SLICE_NULL : what, &o->told,
                                &err);

        if (o->told.id)
                clew_cli_note(o->cli,
                              "others write to this store's bucket, and redact it too: %s "
                              "(redaction %" PRIu64 "; what is to go stands in the bucket until "
                              "all have done it)",
                              o->told.others, o->told.id);
        if (o->told.instead_of)
                clew_cli_note(o->cli,
                              "it takes the place of redaction %" PRIu64
                              ", which said the same and waited: all do it once more, as something "
                              "may have come since",
                              o->told.instead_of);
        o->kind = kind;
        o->what = what;
        if (r < 0)
                snprintf(o->error, sizeof(o->error), "%s", err.message);
}

/* ---- waiting for them ------------------------------------------------------------------------ */

static void name_waiting(struct clew_cli *cli, const struct clew_order_state *s, char *ret,
                         size_t size)
{
        const struct clew_store *store = cli->store;

        snprintf(ret, size, "%s%s%s",
                 !s->waits_here                    ? ""
                 : clew_store_has_collector(store) ? "this store's own clewd"
                                                   : "this store's own clewd (none runs on it: "
                                                     "what its bucket has goes when one does)",
                 s->waits_here && s->waits[0] ? ", " : "", s->waits);
}

/* Each that is retired, and the command that does it there. */
static void tell_retired(struct clew_cli *cli, const struct clew_order_state *s)
{
        for (uint32_t i = 0; i < s->n_others; i++) {
                const struct clew_order_other *w = &s->others[i];

                if (!w->has_done && w->is_retired)
                        clew_cli_note(cli,
                                      "%s is retired: nobody does it there until this does: clew "
                                      "--store '%s' writers --retire '%s'",
                                      w->name[0] ? w->name : "the writer without a name", s->url,
                                      w->name);
        }
}

static int tell_waiting(const struct clew_cli_order *o, const struct clew_order_state *s)
{
        char names[CLEW_ORDER_NAMES_BYTES + 128];

        name_waiting(o->cli, s, names, sizeof(names));
        clew_cli_error(o->cli,
                       "redacted in this store; redaction %" PRIu64
                       " waits for others that write to "
                       "its bucket: %s. " WAY_OUT ". clew redact --orders tells how it stands",
                       o->told.id, names);
        tell_retired(o->cli, s);
        return CLEW_EXIT_ELSEWHERE;
}

static int tell_taken_back(const struct clew_cli_order *o, const struct clew_order_state *s)
{
        clew_cli_error(o->cli,
                       "redacted in this store; redaction %" PRIu64
                       " was taken back meanwhile: who had not done it keeps the text, and "
                       "readers show it%s%s. clew redact --orders names them for a day",
                       o->told.id, s->waits[0] ? ". Last seen to wait: " : "", s->waits);
        return CLEW_EXIT_ELSEWHERE;
}

/* It is gone: done by all, or said once more, which is waited for then. */
static int look_for_later(struct clew_cli_order *o, bool *ret_there, struct clew_error *err)
{
        uint64_t later = 0;
        int r = clew_order_find(o->cli->tier, o->kind, o->what, &later, err);

        *ret_there = later != 0;
        o->told.id = later ? later : o->told.id;
        return r;
}

static int await(struct clew_cli_order *o)
{
        static const struct timespec pause = {.tv_sec = POLL_S};
        uint64_t end = clew_clock_monotonic_ns(clew_clock_system()) +
                       (o->wait_s < UINT32_MAX ? o->wait_s : UINT32_MAX) * CLEW_NS_PER_S;
        struct clew_order_state s = {0};
        struct clew_error err = {0};
        bool is_there = true;

        for (;;) {
                int r = clew_order_look(o->cli->tier, o->told.id, &s, &is_there, &err);
                bool is_late = clew_clock_monotonic_ns(clew_clock_system()) >= end;

                if (r == 0 && !is_there && s.taken_back_ns > 0)
                        return tell_taken_back(o, &s);
                if (r == 0 && !is_there) {
                        r = look_for_later(o, &is_there, &err);
                        if (r == 0 && is_there)
                                continue;
                        if (r == 0)
                                break;
                }
                if (r < 0 && is_late) {
                        clew_cli_error(o->cli,
                                       "redacted in this store; whether the others that write to "
                                       "its bucket (%s) have done it too cannot be asked: %s",
                                       o->told.others, err.message);
                        return CLEW_EXIT_ELSEWHERE;
                }
                if (is_late)
                        return tell_waiting(o, &s);
                nanosleep(&pause, NULL);
        }
        clew_cli_note(o->cli, "redacted by all that write to this store's bucket: %s, and this one",
                      o->told.others);
        return 0;
}

int clew_cli_order_end(struct clew_cli_order *o)
{
        if (!o->error[0] && !o->told.others[0])
                return 0;
        if (o->told.id)
                return await(o);
        if (!o->told.others[0])
                clew_cli_error(o->cli,
                               "redacted in this store alone: whether others write to its bucket, "
                               "and have the text too, cannot be asked: %s",
                               o->error);
        else
                clew_cli_error(o->cli,
                               "redacted in this store alone%s%s. Others write to its bucket: %s. "
                               "None of them is covered: what came to them has the text still, "
                               "and readers show it. Run this command %s on the store of each (one "
                               "that is gone is started with its name on an empty disk)",
                               o->error[0] ? ": " : "", o->error, o->told.others,
                               o->here ? "without --here, or" : "again, or");
        return CLEW_EXIT_ELSEWHERE;
}

void clew_cli_order_failed(const struct clew_cli_order *o)
{
        if (o->told.id)
                clew_cli_error(o->cli,
                               "the others that write to this store's bucket do it all the same: "
                               "clew redact --take-back %" PRIu64 " ends that",
                               o->told.id);
}

/* ---- those that wait ------------------------------------------------------------------------- */

struct listing {
        struct clew_cli *cli;
        struct clew_output output;
        bool json;
        unsigned n;
};

static void put_names(struct clew_json_writer *j, const char *key, const struct clew_order_state *s,
                      bool done)
{
        clew_json_write_key(j, key);
        clew_json_write_array_begin(j);
        for (uint32_t i = 0; i < s->n_others; i++) {
                if (s->others[i].has_done == done)
                        clew_json_write_cstr(j, s->others[i].name);
        }
        clew_json_write_array_end(j);
}

/* What could not be read of it is null. */
static int put_json(struct listing *l, const struct clew_order_state *s)
{
        static const char *const kinds[] = {[CLEW_ORDER_TEXT] = "text",
                                            [CLEW_ORDER_NAMES] = "names",
                                            [CLEW_ORDER_RULES] = "rules"};
        struct clew_json_writer j = clew_output_begin(&l->output, "redaction");
        char when[CLEW_WHEN_TEXT];

        clew_json_write_key(&j, "id");
        clew_json_write_uint64_string(&j, s->id);
        clew_json_write_key(&j, "said");
        clew_when_rfc3339(s->id, when);
        clew_json_write_cstr(&j, when);
        clew_json_write_key(&j, "by");
        clew_json_write_cstr(&j, s->is_known ? s->by : NULL);
        clew_json_write_key(&j, "kind");
        clew_json_write_cstr(&j, s->is_known ? kinds[s->kind] : NULL);
        clew_json_write_key(&j, "bytes");
        if (s->is_known)
                clew_json_write_uint64(&j, s->bytes);
        else
                clew_json_write_null(&j);
        clew_json_write_key(&j, "waits_here");
        clew_json_write_bool(&j, s->waits_here);
        put_names(&j, "waits", s, false);
        put_names(&j, "done", s, true);
        clew_json_write_key(&j, "retired");
        clew_json_write_array_begin(&j);
        for (uint32_t i = 0; i < s->n_others; i++) {
                if (!s->others[i].has_done && s->others[i].is_retired)
                        clew_json_write_cstr(&j, s->others[i].name);
        }
        clew_json_write_array_end(&j);
        clew_json_write_key(&j, "taken_back");
        if (s->taken_back_ns > 0)
                clew_when_rfc3339(s->taken_back_ns, when);
        clew_json_write_cstr(&j, s->taken_back_ns > 0 ? when : NULL);
        clew_json_write_key(&j, "kept");
        clew_json_write_cstr(&j, s->taken_back_ns > 0 ? s->waits : NULL);
        clew_json_write_key(&j, "not_looked_at");
        clew_json_write_uint64(&j, s->n_more);
        return clew_output_end(&l->output, &j);
}

static int print_one(void *context, const struct clew_order_state *s)
{
        struct listing *l = context;
        char names[CLEW_ORDER_NAMES_BYTES + 128];
        char when[CLEW_WHEN_TEXT];
        char what[64] = "damaged, or of a later version";

        l->n += s->taken_back_ns == 0;
        if (l->json)
                return put_json(l, s);
        clew_when_full(s->id, true, when);
        if (s->taken_back_ns > 0) {
                fprintf(l->cli->out, "%" PRIu64 "  %s  taken back\n    not done by: %s\n", s->id,
                        when, s->waits);
                return 0;
        }
        name_waiting(l->cli, s, names, sizeof(names));
        if (s->is_known)
                snprintf(what, sizeof(what), "%s of %zu bytes",
                         s->kind == CLEW_ORDER_TEXT    ? "a text"
                         : s->kind == CLEW_ORDER_NAMES ? "names of rules"
                                                       : "a file of rules",
                         s->bytes);
        fprintf(l->cli->out, "%" PRIu64 "  %s  by %s: %s\n    waits for: %s\n", s->id, when,
                !s->is_known ? "?"
                : s->by[0]   ? s->by
                             : "the writer without a name",
                what, names);
        if (s->done[0])
                fprintf(l->cli->out, "    done by: %s%s\n", s->done,
                        s->waits_here ? "" : ", this store");
        else if (!s->waits_here)
                fprintf(l->cli->out, "    done by: this store\n");
        tell_retired(l->cli, s);
        return 0;
}

/* The store's bucket, or a message. */
static int open_tier(struct clew_cli *cli)
{
        struct clew_store *store;
        int r = clew_cli_store(cli, CLEW_STORE_READ, &store);

        if (r == 0 && !cli->tier) {
                clew_cli_error(cli, "no collector has tied this store to a bucket: nobody else "
                                    "writes where it does");
                r = CLEW_EXIT_USAGE;
        }
        return r;
}

int clew_cli_orders_list(struct clew_cli *cli, bool json)
{
        const struct clew_output_flags flags = {.json = json};
        struct listing l = {.cli = cli, .json = json};
        struct clew_error err = {0};
        int r = open_tier(cli);

        if (r == 0)
                r = clew_output_init(&l.output, cli, &flags, "redaction", NULL);
        if (r != 0)
                return r;
        r = clew_order_each(cli->tier, print_one, &l, &err);
        clew_output_deinit(&l.output);
        if (r != 0)
                return r < 0 ? clew_cli_fail(cli, r, &err) : r;
        if (l.n == 0)
                return 0;
        clew_cli_note(cli, WAY_OUT);
        return CLEW_EXIT_ELSEWHERE;
}

int clew_cli_order_take_back(struct clew_cli *cli, const char *text)
{
        struct clew_error err = {0};
        uint64_t id;
        int r = open_tier(cli);

        if (r != 0)
                return r;
        if (!clew_parse_uint64(clew_slice_of_cstr(text), &id)) {
                clew_cli_error(cli, "--take-back takes the number of a redaction: clew redact "
                                    "--orders");
                return CLEW_EXIT_USAGE;
        }
        r = clew_order_take_back(cli->tier, id, &err);
        if (r == -ENOENT) {
                clew_cli_error(cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        clew_cli_note(cli, "taken back: who has done it has done it; the others keep the text, and "
                           "clew redact --orders names them for a day");
        return 0;
}
