/*
 * See open.h.
 */
#include "query/cli/open.h"

#include "query/answer/safe.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/guard.h"
#include "query/cli/mirror.h"
#include "query/cli/served.h"
#include "query/cli/spool.h"
#include "query/find/select.h"
#include "query/model/summary.h"
#include "storage/follow.h"
#include "storage/tier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP_BYTES 512u
#define OTHERS_BYTES 256u

/* What answers of a reader's store lack now. */
static void tell_gap(struct clew_cli *cli)
{
        char gap[GAP_BYTES];

        if (clew_follow_gap(cli->tier, gap, sizeof(gap)))
                clew_cli_note(cli, "%s", gap);
}

/* A reader's store is the bucket's: what is written there is lost when it is made anew. */
static bool is_read_only(struct clew_cli *cli)
{
        if (clew_tier_is_url(cli->store_dir) || !clew_follow_is_cache(cli->store_dir))
                return false;
        clew_cli_error(cli,
                       "%s is a reader's, made of a bucket, and is only read: ask the clewd that "
                       "writes the bucket with --url, or name its store's directory",
                       cli->store_dir);
        return true;
}

int clew_cli_store(struct clew_cli *cli, enum clew_store_mode mode, struct clew_store **ret)
{
        struct clew_store_options options = {
                .mode = mode,
                .clock = cli->clock,
                .deriver = clew_model_deriver(),
                .sealed_only = cli->sealed_only && mode == CLEW_STORE_READ,
        };
        struct clew_error err = {0};
        int r;

        if (mode == CLEW_STORE_WRITE && !clew_served_may_write(cli))
                return CLEW_EXIT_PERMISSION;
        if (mode == CLEW_STORE_WRITE && is_read_only(cli))
                return CLEW_EXIT_PERMISSION;
        r = clew_mirror_begin(cli, mode == CLEW_STORE_WRITE);
        if (r != 0)
                return r;
        if (cli->store && cli->store_mode != (int)mode)
                clew_cli_close_store(cli);
        if (!cli->store) {
                clew_guard_install(cli->store_dir);
                r = clew_store_open(cli->store_dir, &options, &cli->store, &err);
                if (r < 0)
                        return clew_cli_fail(cli, r == -EINVAL ? -EBADF : r, &err);
                r = clew_tier_read_back(cli->store, &cli->tier, &err);
                if (r < 0)
                        return clew_cli_fail(cli, r, &err);
                cli->store_mode = (int)mode;
                tell_gap(cli);
                if (options.sealed_only)
                        clew_cli_note(cli, "what is not sealed yet is left out (--sealed-only)");
        }
        *ret = cli->store;
        return 0;
}

/* Of several writers of one bucket each has its own: not all that is changed here is changed there.
 */
void clew_cli_tell_sharing(struct clew_cli *cli)
{
        char name[CLEW_TIER_WRITER_BYTES];
        char others[OTHERS_BYTES];

        if (cli->told_sharing || !clew_tier_sharing(cli->tier, name, others, sizeof(others)))
                return;
        cli->told_sharing = true;
        if (name[0])
                clew_cli_note(cli,
                              "this store is writer %s's: readers of its bucket show its datasets, "
                              "rubrics and experiments as @%s:NAME",
                              name, name);
        if (others[0])
                clew_cli_note(
                        cli,
                        "others write to this store's bucket: what is deleted or redacted here %s "
                        "carries out too, within a minute or at its next start",
                        others);
}

int clew_cli_store_existing(struct clew_cli *cli, struct clew_store **ret)
{
        int r = clew_cli_store(cli, CLEW_STORE_READ, ret);

        if (r == 0)
                clew_cli_tell_sharing(cli);
        return r != 0 ? r : clew_cli_store(cli, CLEW_STORE_WRITE, ret);
}

int clew_cli_view(struct clew_cli *cli, struct clew_view **ret)
{
        struct clew_store *store;
        struct clew_error err = {0};
        int r;

        if (!cli->view) {
                clew_spool_start(cli);
                r = cli->store ? 0 : clew_cli_store(cli, CLEW_STORE_READ, &store);
                if (r != 0)
                        return r;
                r = clew_view_open(cli->store, &cli->view, &err);
                if (r < 0)
                        return clew_cli_fail(cli, r, &err);
        } else if (clew_view_is_old(cli->view)) {
                r = clew_view_renew(cli->view, &err);
                if (r < 0)
                        return clew_cli_fail(cli, r, &err);
        }
        *ret = cli->view;
        return 0;
}

void clew_cli_let_go(struct clew_cli *cli)
{
        clew_view_close(cli->view);
        cli->view = NULL;
}

/* For who measures (tools/bench). */
static void tell_reads(struct clew_cli *cli)
{
        const char *wanted = getenv("CLEW_READS");

        if (cli->store && wanted && *wanted && !clew_served())
                fprintf(cli->err, "read %llu bytes of stored records\n",
                        (unsigned long long)clew_store_read_bytes(cli->store));
}

void clew_cli_close_store(struct clew_cli *cli)
{
        clew_cli_let_go(cli);
        tell_reads(cli);
        clew_tier_free(cli->tier);
        clew_store_close(cli->store);
        cli->tier = NULL;
        cli->store = NULL;
}

static void print_candidates(struct clew_cli *cli, struct clew_view *view,
                             const struct clew_trace_id *ids, int n)
{
        struct clew_select s;
        struct clew_error err = {0};

        clew_select_init_single(&s, view, cli->clock);
        for (int i = 0; i < n && i < CLEW_CANDIDATES_MAX; i++) {
                struct clew_selected one;
                char hex[CLEW_TRACE_ID_HEX];
                char start[CLEW_WHEN_TEXT];
                char name[200];

                clew_trace_id_to_hex(&ids[i], hex);
                if (clew_select_one(&s, &ids[i], NULL, &one, &err) < 0) {
                        clew_cli_note(cli, "  %s", hex);
                        continue;
                }
                clew_when_short(one.start_ns, clew_clock_unix_ns(cli->clock), false, start);
                clew_cli_note(cli, "  %s  %s  %s", hex, start,
                              clew_safe_cstr(one.summary.name, name, sizeof(name)));
        }
        if (n > CLEW_CANDIDATES_MAX)
                clew_cli_note(cli, "  ... and more");
        clew_select_deinit(&s);
}

int clew_cli_resolve(struct clew_cli *cli, const struct clew_target *target,
                     struct clew_trace_id *ret)
{
        struct clew_lookup_found found;
        struct clew_error err = {0};
        struct clew_view *view = NULL;
        char digits[CLEW_TRACE_ID_HEX];
        int r = clew_cli_view(cli, &view);

        if (r != 0)
                return r;
        clew_target_digits(target, digits);
        r = clew_lookup_trace(view, target, ret, &found, &err);
        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        switch ((enum clew_lookup)r) {
        case CLEW_LOOKUP_FOUND:
                return 0;
        case CLEW_LOOKUP_NONE:
                clew_cli_error(cli,
                               "no trace has the id %s (clew list shows the newest; "
                               "the store is %s)",
                               digits, cli->store_dir);
                break;
        case CLEW_LOOKUP_AMBIGUOUS:
                clew_cli_error(cli, "the id %s is ambiguous; it begins:", digits);
                print_candidates(cli, view, found.ids, found.n);
                break;
        case CLEW_LOOKUP_TOO_FAR:
        case CLEW_LOOKUP_NO_STEP:
                clew_cli_error(cli, "%s", err.message);
                break;
        }
        return CLEW_EXIT_USAGE;
}

/* Once for a trace that is opened twice. */
static void tell_left_out(struct clew_cli *cli, const struct clew_trace *trace)
{
        const struct clew_left_out_note *note = &trace->left_out_note;
        char when[CLEW_WHEN_TEXT];
        char rule[2 * CLEW_LEFT_OUT_RULE_MAX];

        if (!trace->left_out || clew_trace_id_eq(&cli->told_left_out, &trace->id))
                return;
        cli->told_left_out = trace->id;
        clew_when_full(note->time_ns, true, when);
        clew_cli_note(cli, "a rule of retention left its texts out on %s%s: %s", when,
                      trace->left_out == CLEW_LEFT_OUT_SOME ? " (more came later)" : "",
                      clew_safe_cstr(note->rule, rule, sizeof(rule)));
}

static int open_trace(struct clew_cli *cli, const char *text,
                      const struct clew_trace_options *options, bool scored,
                      struct clew_arena *arena, struct clew_opened *ret)
{
        struct clew_target target;
        struct clew_error err = {0};
        struct clew_view *view = NULL;
        int r = clew_target_parse(text, &target, &err);

        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        r = clew_cli_resolve(cli, &target, &ret->id);
        if (r != 0)
                return r;
        r = clew_cli_view(cli, &view);
        if (r != 0)
                return r;
        ret->now_ns = clew_clock_unix_ns(cli->clock);
        r = clew_lookup_load(view, options, scored, arena, ret, &err);
        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        if (ret->data.left_out > 0)
                clew_cli_note(cli,
                              "the trace is too large to be read whole: its first part is shown, "
                              "%llu spans and log records are left out",
                              (unsigned long long)ret->data.left_out);
        tell_left_out(cli, ret->trace);
        r = clew_lookup_step(&target, ret->trace, &ret->step, &err);
        return r == CLEW_LOOKUP_FOUND ? 0 : clew_cli_fail(cli, -EINVAL, &err);
}

int clew_cli_open_trace(struct clew_cli *cli, const char *text,
                        const struct clew_trace_options *options, struct clew_arena *arena,
                        struct clew_opened *ret)
{
        return open_trace(cli, text, options, false, arena, ret);
}

int clew_cli_open_scored(struct clew_cli *cli, const char *text,
                         const struct clew_trace_options *options, struct clew_arena *arena,
                         struct clew_opened *ret)
{
        return open_trace(cli, text, options, true, arena, ret);
}

/* ---- ids from standard input ----------------------------------------------------------------- */

#define STDIN_BYTES_MAX ((size_t)16 << 20)

static bool is_separator(uint8_t c)
{
        return c == '\n' || c == '\0';
}

/* The first word of the line at @at; moves @at behind the line. */
static struct clew_slice next_word(struct clew_slice input, size_t *at)
{
        size_t from = *at;
        size_t end;

        while (from < input.len && (input.data[from] == ' ' || input.data[from] == '\t'))
                from++;
        end = from;
        while (end < input.len && !is_separator(input.data[end]) && input.data[end] != ' ' &&
               input.data[end] != '\t' && input.data[end] != '\r')
                end++;
        *at = end;
        while (*at < input.len && !is_separator(input.data[*at]))
                (*at)++;
        (*at)++;
        return clew_slice_make(input.data + from, end - from);
}

static int read_stdin(struct clew_cli *cli, struct clew_buffer *out)
{
        FILE *in = clew_cli_open_input("-");
        uint8_t *room;
        size_t n;

        if (!in)
                return CLEW_EXIT_USAGE; /* it has been asked for */
        do {
                room = clew_buffer_reserve(out, 65536);
                if (!room) {
                        clew_cli_error(cli, "more than %zu MiB of ids on standard input",
                                       STDIN_BYTES_MAX >> 20);
                        return CLEW_EXIT_USAGE;
                }
                n = fread(room, 1, 65536, in);
                clew_buffer_commit(out, n);
        } while (n > 0);
        clew_cli_close_input(in);
        return 0;
}

int clew_cli_expand(struct clew_cli *cli, struct clew_arguments *args, struct clew_arena *arena)
{
        CLEW_BUFFER input = {0};
        char **values;
        size_t n = 0;
        size_t lines = 0;
        bool wanted = false;
        int r;

        clew_buffer_init(&input, STDIN_BYTES_MAX);
        for (size_t i = 0; i < args->n; i++)
                wanted = wanted || strcmp(args->values[i], "-") == 0;
        if (!wanted)
                return 0;
        r = read_stdin(cli, &input);
        if (r != 0)
                return r;
        for (size_t i = 0; i < input.len; i++)
                lines += is_separator(input.data[i]);
        values = clew_arena_calloc(arena, args->n + lines + 1, sizeof(*values));
        if (!values)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        for (size_t i = 0; i < args->n; i++) {
                bool is_input = strcmp(args->values[i], "-") == 0;

                if (!is_input)
                        values[n++] = args->values[i];
                for (size_t at = 0; is_input && at < input.len;) {
                        struct clew_slice word = next_word(clew_buffer_slice(&input), &at);
                        char *copy = clew_arena_calloc(arena, 1, word.len + 1);

                        if (!copy)
                                return clew_cli_fail(cli, -ENOMEM, NULL);
                        memcpy(copy, word.data, word.len);
                        if (word.len > 0)
                                values[n++] = copy;
                }
                if (is_input)
                        clew_buffer_clear(&input); /* a second `-` finds nothing left */
        }
        args->values = values;
        args->n = n;
        return 0;
}

void clew_cli_short_id(struct clew_cli *cli, const struct clew_trace_id *id,
                       char ret[CLEW_TRACE_ID_HEX])
{
        if (cli->view)
                clew_trace_id_shortest(cli->view, id, ret);
        else
                clew_trace_id_short(id, ret);
}
