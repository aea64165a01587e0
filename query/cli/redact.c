/*
 * clew redact: a text, or what rules find, taken out of everything that is stored: traces, notes,
 * reviews, datasets, indexes, free pages.
 */
#include "query/review/redact.h"

#include "query/answer/when.h"
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/finish.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/orders.h"
#include "query/review/redact-key.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define NOTE_BYTES 256u

struct redact_command {
        struct clew_cli *cli;
        const char *string;
        const char *file;
        const char *names;      /* of built-in rules */
        const char *rules_file; /* as clewd --redact reads it */
        const char *key_file;
        bool dry_run;
        bool yes;
        bool orders;
        bool json; /* of those */
        const char *take_back;
        struct clew_cli_order order;
        struct clew_buffer text;
        struct clew_buffer rules_text; /* of the file, as others are told */
        struct clew_rules rules;
        struct clew_redact redact;
        uint64_t by_rule[CLEW_MASK_RULES + CLEW_OWN_RULES_MAX]; /* found */
        struct clew_redaction_stats found;
        char author[CLEW_NAME_BYTES_MAX + 1];
};

/* ---- the text and the key -------------------------------------------------------------------- */

/* "-" is standard input. 0, or CLEW_EXIT_USAGE after a message. */
static int read_file(struct redact_command *c, const char *path, struct clew_buffer *out)
{
        int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
        uint8_t room[512];
        ssize_t n = fd < 0 ? -1 : 1;

        while (n > 0 && (n = read(fd, room, sizeof(room))) > 0)
                clew_buffer_append(out, room, (size_t)n);
        if (n < 0 || clew_buffer_error(out) < 0) {
                clew_cli_error(c->cli, "%s: %s", path,
                               n < 0 ? strerror(errno) : "is longer than a text to be taken out");
                if (fd > STDIN_FILENO)
                        close(fd);
                return CLEW_EXIT_USAGE;
        }
        if (fd > STDIN_FILENO)
                close(fd);
        return 0;
}

static bool is_by_rules(const struct redact_command *c)
{
        return c->names || c->rules_file;
}

static int read_text(struct redact_command *c)
{
        int r = 0;

        if (c->string)
                clew_buffer_append_cstr(&c->text, c->string);
        else
                r = read_file(c, c->file, &c->text);
        if (r == 0 && c->file && c->text.len > 0 && c->text.data[c->text.len - 1] == '\n')
                c->text.len--;
        return r;
}

static int read_rules(struct redact_command *c)
{
        struct clew_error err = {0};

        clew_own_init(&c->rules.own);
        if (c->rules_file && clew_rules_load(&c->rules, c->rules_file, &err) < 0) {
                clew_cli_error(c->cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        if (c->rules_file && read_file(c, c->rules_file, &c->rules_text) != 0)
                return CLEW_EXIT_USAGE;
        if (c->names && (!clew_mask_rules_parse(clew_slice_of_cstr(c->names), &c->rules.used) ||
                         c->rules.used == 0)) {
                clew_cli_error(c->cli, "--rule takes all, or some of private-key, api-key, token, "
                                       "secret, email, card, iban, phone, with commas between");
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

/* The key beside the store, unless another is named. */
static int read_key(struct redact_command *c, uint8_t key[CLEW_REDACT_KEY_BYTES])
{
        CLEW_BUFFER bytes = {0};
        struct clew_error err = {0};
        int r;

        if (!c->key_file && (c->dry_run || !c->yes)) { /* nothing is put in, nothing is made */
                memset(key, 0, CLEW_REDACT_KEY_BYTES);
                return 0;
        }
        if (!c->key_file) {
                struct clew_store *store;

                r = clew_cli_store_existing(c->cli, &store);
                if (r != 0)
                        return r;
                r = clew_redact_key(clew_store_directory(store), key, &err);
                return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
        }
        clew_buffer_init(&bytes, CLEW_REDACT_KEY_BYTES);
        r = read_file(c, c->key_file, &bytes);
        if (r == 0 && bytes.len != CLEW_REDACT_KEY_BYTES) {
                clew_cli_error(c->cli, "--key takes a file of %u bytes", CLEW_REDACT_KEY_BYTES);
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                memcpy(key, bytes.data, CLEW_REDACT_KEY_BYTES);
        return r;
}

static int make(struct redact_command *c)
{
        uint8_t key[CLEW_REDACT_KEY_BYTES];
        struct clew_error err = {0};
        int r;

        if (!!c->string + !!c->file + !!c->names + !!c->rules_file != 1) {
                clew_cli_error(c->cli, "which text? --string S, or --file F (- is standard input): "
                                       "others can see the words of a command; or --rule R, "
                                       "--rules F");
                return CLEW_EXIT_USAGE;
        }
        r = is_by_rules(c) ? read_rules(c) : read_text(c);
        if (r == 0)
                r = read_key(c, key);
        if (r != 0)
                return r;
        if (is_by_rules(c)) {
                clew_redact_init_rules(&c->redact, &c->rules, key);
        } else if (clew_redact_init(&c->redact, clew_buffer_slice(&c->text), key, &err) < 0) {
                clew_cli_error(c->cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

/* ---- doing it -------------------------------------------------------------------------------- */

static int run_once(struct redact_command *c, bool dry_run, struct clew_redaction_stats *ret)
{
        const struct clew_rewrite_options options = clew_erasing_rewrite();
        const struct clew_redaction redaction = clew_redact_store(&c->redact);
        struct clew_store *store;
        struct clew_error err = {0};
        int r = clew_cli_store_existing(c->cli, &store);

        if (r != 0)
                return r;
        r = clew_store_redact(store, &redaction, dry_run, &options, ret, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

static void tell(struct redact_command *c)
{
        const struct clew_redaction_stats *s = &c->found;
        char bytes[CLEW_WHEN_TEXT];

        clew_count_short(s->read_bytes, "B", bytes);
        fprintf(c->cli->out,
                "%" PRIu64 " places in %s of messages, in %" PRIu64 " sealed traces, %" PRIu64
                " notes, %" PRIu64 " records of reviews and datasets\n",
                s->places, bytes, s->traces, s->notes, s->records);
        for (unsigned i = 0; is_by_rules(c) && i < CLEW_MASK_RULES + c->rules.own.n_rules; i++) {
                if (c->by_rule[i] > 0)
                        fprintf(c->cli->out, "%8" PRIu64 " %s\n", c->by_rule[i],
                                clew_mask_name(&c->redact.mask, i));
        }
}

/* What the look has counted; doing it counts again. */
static void keep_counts(struct redact_command *c)
{
        for (unsigned i = 0; i < CLEW_MASK_RULES; i++)
                c->by_rule[i] = c->redact.mask.n[i];
        for (unsigned i = 0; i < CLEW_OWN_RULES_MAX; i++)
                c->by_rule[CLEW_MASK_RULES + i] = c->redact.mask.n_own[i];
}

/* The log names what was put in its place, never the text. */
static int note(struct redact_command *c)
{
        CLEW_BUFFER what = {0};
        struct clew_store *store;
        struct clew_error err = {0};
        int r = clew_cli_store_existing(c->cli, &store);

        if (r != 0)
                return r;
        clew_buffer_init(&what, 2 * CLEW_REDACT_BYTES_MAX);
        if (is_by_rules(c)) {
                clew_buffer_printf(&what, "redact by rules, %" PRIu64 " places:", c->found.places);
                for (unsigned i = 0; i < CLEW_MASK_RULES + c->rules.own.n_rules; i++) {
                        if (c->by_rule[i] > 0)
                                clew_buffer_printf(&what, " %s %" PRIu64,
                                                   clew_mask_name(&c->redact.mask, i),
                                                   c->by_rule[i]);
                }
        } else {
                clew_buffer_printf(&what, "redact a text of %zu bytes, %" PRIu64 " places; now ",
                                   c->text.len, c->found.places);
                clew_buffer_append_slice(&what, clew_redact_shown(&c->redact));
        }
        if (what.len > NOTE_BYTES)
                what.len = NOTE_BYTES;
        r = clew_erasing_note(store, clew_slice_of_cstr(c->author), clew_buffer_slice(&what),
                              clew_clock_unix_ns(c->cli->clock), &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

/* Others that write to the bucket are told before it is done here: whoever is killed in between has
 * still told them, and this store's own clewd. */
static int do_it(struct redact_command *c)
{
        struct clew_redaction_stats done = {0};
        int r = note(c);

        if (r != 0)
                return r;
        clew_cli_order_begin(&c->order,
                             c->names        ? CLEW_ORDER_NAMES
                             : c->rules_file ? CLEW_ORDER_RULES
                                             : CLEW_ORDER_TEXT,
                             c->names        ? clew_slice_of_cstr(c->names)
                             : c->rules_file ? clew_buffer_slice(&c->rules_text)
                                             : clew_buffer_slice(&c->text));
        r = run_once(c, false, &done);
        if (r != 0)
                clew_cli_order_failed(&c->order);
        return r;
}

static int run(struct redact_command *c)
{
        int elsewhere;
        int r = clew_cli_author(c->cli, c->author, sizeof(c->author));

        if (r == 0)
                r = make(c);
        if (r == 0)
                r = run_once(c, true, &c->found);
        if (r != 0)
                return r;
        keep_counts(c);
        tell(c);
        if (c->dry_run)
                return 0;
        if (!c->yes) {
                clew_cli_error(c->cli, "nothing was changed: say --yes");
                return CLEW_EXIT_USAGE;
        }
        r = do_it(c);
        if (r != 0)
                return r;
        if (!is_by_rules(c))
                fprintf(c->cli->out, "in its place: %.*s\n", (int)clew_redact_shown(&c->redact).len,
                        (const char *)clew_redact_shown(&c->redact).data);
        clew_cli_tell_copies(c->cli);
        r = clew_cli_finish_erasure(c->cli);
        elsewhere = clew_cli_order_end(&c->order);
        return r != 0 ? r : elsewhere;
}

int clew_cmd_redact(struct clew_cli *cli, int argc, char **argv)
{
        struct redact_command c = {.cli = cli, .order = {.cli = cli, .wait_s = CLEW_ORDERS_WAIT_S}};
        const struct clew_flag own[] = {
                {"string", 0, "S", "the text", .ret_text = &c.string},
                {"file", 0, "F", "a file that holds it; - = standard input", .ret_text = &c.file},
                {"rule", 0, "R", "what built-in rules find: all, or names with commas between",
                 .ret_text = &c.names},
                {"rules", 0, "F", "what a file of rules finds, as clewd --redact has it",
                 .ret_text = &c.rules_file},
                {"key", 0, "F",
                 "a file of 32 bytes, in place of the store's own key: the same text becomes "
                 "the same in several stores",
                 .ret_text = &c.key_file},
                {"dry-run", 0, NULL, "tell where, change nothing", .ret_flag = &c.dry_run},
                {"yes", 'y', NULL, "do it", .ret_flag = &c.yes},
                {"wait", 0, "S", "seconds for others that write to the store's bucket (60)",
                 .ret_number = &c.order.wait_s},
                {"here", 0, NULL, "in this store alone: what is to go is not written to the bucket",
                 .ret_flag = &c.order.here},
                {"orders", 0, NULL, "tell for whom redactions wait", .ret_flag = &c.orders},
                {"json", 0, NULL, "with --orders: one JSON object a line", .ret_flag = &c.json},
                {"take-back", 0, "N", "end one that waits", .ret_text = &c.take_back},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r != 0)
                return r;
        if (args.n > 0) {
                clew_cli_error(cli, "clew redact takes flags alone: --string S");
                return CLEW_EXIT_USAGE;
        }
        if (c.json && !c.orders) {
                clew_cli_error(cli, "clew redact has --json with --orders alone");
                return CLEW_EXIT_USAGE;
        }
        if (c.orders || c.take_back)
                return c.orders ? clew_cli_orders_list(cli, c.json)
                                : clew_cli_order_take_back(cli, c.take_back);
        clew_buffer_init(&c.text, CLEW_REDACT_BYTES_MAX + 1);
        clew_buffer_init(&c.rules_text, CLEW_ORDER_WHAT_MAX + 1);
        r = run(&c);
        clew_redact_deinit(&c.redact);
        clew_rules_deinit(&c.rules);
        clew_buffer_deinit(&c.text);
        clew_buffer_deinit(&c.rules_text);
        return r;
}
