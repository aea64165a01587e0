/*
 * clew status: how a collector and its store are. Asked of a clewd over its API, or of the store
 * alone; both give one JSON object, and people see the same lines of it.
 */
#include "proto/base/mem.h"
#include "query/answer/safe.h"
#include "query/answer/store-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/guard.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/output.h"
#include "query/cli/page.h"
#include "query/cli/remote.h"
#include "storage/order.h"
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define PATH "/api/v1/status"
/* The answer has some kilobytes. */
#define STATUS_BYTES_MAX ((size_t)1 << 20)
#define NAMES_BYTES 96u
#define TEXT_BYTES 400u
/* Numbers of one status: a hundred or so. */
#define VALUES_MAX 256u
#define DEPTH_MAX 8u

/* A member of the object, under the names that lead to it: "store.file_bytes". */
struct value {
        char name[NAMES_BYTES];
        uint64_t number;
        char text[TEXT_BYTES];
        bool is_true;
};

struct status {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_page page;
        struct value *values; /* owned */
        size_t n;
};

static const struct value *find(const struct status *s, const char *name)
{
        for (size_t i = 0; i < s->n; i++) {
                if (strcmp(s->values[i].name, name) == 0)
                        return &s->values[i];
        }
        return NULL;
}

static uint64_t number(const struct status *s, const char *name)
{
        const struct value *v = find(s, name);

        return v ? v->number : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void keep(struct status *s, const char *path, const struct clew_json_reader *r)
{
        struct value *v = &s->values[s->n];
        CLEW_BUFFER text = {0};

        if (s->n == VALUES_MAX || strlen(path) >= sizeof(v->name))
                return;
        memcpy(v->name, path, strlen(path) + 1);
        v->is_true = r->token == CLEW_JSON_TRUE;
        if (!clew_json_uint64(r, &v->number))
                v->number = 0;
        clew_buffer_init(&text, STATUS_BYTES_MAX);
        if (r->token == CLEW_JSON_STRING)
                clew_json_append_string(r, &text);
        clew_safe_cstr(clew_buffer_slice(&text), v->text, sizeof(v->text));
        s->n++;
}

/* Elements of arrays have their number for a name: "log.recent.0.event". Iterative: the path is cut
 * back to where its container began. */
static int read_all(struct status *s, struct clew_slice json)
{
        struct clew_json_reader r = clew_json_reader_make(json, DEPTH_MAX);
        char path[NAMES_BYTES] = "";
        size_t begins[DEPTH_MAX + 1] = {0}; /* where the names of each depth are put */
        unsigned elements[DEPTH_MAX + 1] = {0};
        bool arrays[DEPTH_MAX + 1] = {false};

        while (clew_json_next(&r) != CLEW_JSON_END) {
                bool opens = r.token == CLEW_JSON_OBJECT_BEGIN || r.token == CLEW_JSON_ARRAY_BEGIN;
                bool closes = r.token == CLEW_JSON_OBJECT_END || r.token == CLEW_JSON_ARRAY_END;
                unsigned at = r.depth - opens; /* of the container that the token stands in */
                size_t from = begins[at];

                if (closes)
                        continue;
                if (r.token == CLEW_JSON_KEY) {
                        (void)snprintf(path + from, sizeof(path) - from, "%s%.*s", from ? "." : "",
                                       (int)(r.text.len < NAMES_BYTES ? r.text.len : NAMES_BYTES),
                                       (const char *)r.text.data);
                        continue;
                }
                if (arrays[at])
                        (void)snprintf(path + from, sizeof(path) - from, ".%u", elements[at]++);
                if (opens) {
                        begins[r.depth] = strlen(path);
                        arrays[r.depth] = r.token == CLEW_JSON_ARRAY_BEGIN;
                        elements[r.depth] = 0;
                } else {
                        keep(s, path, &r);
                }
        }
        return r.status == CLEW_JSON_COMPLETE ? 0 : -EBADMSG;
}

/* ---- for people ----------------------------------------------------------------------------- */

static void CLEW_PRINTF(3, 4) put_line(struct status *s, const char *label, const char *fmt, ...)
{
        char text[2 * TEXT_BYTES];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        clew_page_words(&s->page, label, clew_slice_of_cstr(text));
}

struct size {
        char text[CLEW_WHEN_TEXT];
};

static struct size bytes(const struct status *s, const char *name)
{
        struct size size;

        clew_count_short(number(s, name), "B", size.text);
        return size;
}

/* A reader follows a bucket. */
static void put_reader(struct status *s)
{
        const struct value *gap = find(s, "followed.gap");
        const struct value *damaged = find(s, "followed.damaged");
        const struct value *wipe = find(s, "followed.to_wipe");
        char up[CLEW_WHEN_TEXT];
        char behind[CLEW_WHEN_TEXT];

        clew_when_length(number(s, "up_s") * CLEW_NS_PER_S, up);
        clew_when_length(number(s, "followed.behind_s") * CLEW_NS_PER_S, behind);
        put_line(s, "reader", "version %s, up %s; answers from a bucket, collects nothing",
                 find(s, "version")->text, up);
        if (find(s, "followed.empty") && find(s, "followed.empty")->is_true)
                put_line(s, "bucket", "nobody has written there yet");
        else if (find(s, "followed.checked") && find(s, "followed.checked")->text[0])
                put_line(s, "bucket",
                         "version %" PRIu64 " of %s, %" PRIu64 " segments; newest as of %s ago",
                         number(s, "followed.version"), find(s, "followed.written")->text,
                         number(s, "followed.segments"), behind);
        else
                put_line(s, "bucket", "not reached since the start; version %" PRIu64 " is here",
                         number(s, "followed.version"));
        if (number(s, "followed.writers") > 0)
                put_line(s, "writers", "%" PRIu64 " with a name; version and segments are the sum",
                         number(s, "followed.writers"));
        if (number(s, "followed.nodes") > 0)
                put_line(s, "tails", "of %" PRIu64 " of %" PRIu64 " nodes that say where they are",
                         number(s, "followed.nodes_reached"), number(s, "followed.nodes"));
        else
                put_line(s, "tails", "no node says where it is: what is not uploaded is not here");
        if (gap && gap->text[0])
                put_line(s, "GAP", "%s", gap->text);
        if (number(s, "followed.left_aside") > 0)
                put_line(s, "left aside", "%" PRIu64 " objects that are damaged or missing",
                         number(s, "followed.left_aside"));
        if (damaged && damaged->is_true)
                put_line(
                        s, "DAMAGE",
                        "what is on this disk is damaged: start this clewd again, it is made anew");
        put_line(s, "cache", "%s of segments%s", bytes(s, "followed.cached_bytes").text,
                 wipe && wipe->is_true ? "; bytes of what is gone are about to be wiped" : "");
}

/* What a bucket in S3 was asked for; none of a directory, which is not counted. */
static void put_object_reads(struct status *s)
{
        uint64_t again = number(s, "object_reads.asked_again");

        if (number(s, "object_reads.reads") > 0)
                put_line(s, "objects",
                         "%" PRIu64 " reads of the bucket; %" PRIu64
                         " were slow and asked again beside it, which answered %" PRIu64 " of them",
                         number(s, "object_reads.reads"), again,
                         number(s, "object_reads.answered_by_second"));
}

static void put_collector(struct status *s)
{
        static const char *const refusals[] = {"malformed",  "too_large",     "overloaded",
                                               "not_stored", "unimplemented", "keys_refused"};
        char up[CLEW_WHEN_TEXT];
        char name[NAMES_BYTES];
        uint64_t refused = 0;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(refusals); i++) {
                (void)snprintf(name, sizeof(name), "collector.%s", refusals[i]);
                refused += number(s, name);
        }
        clew_when_length(number(s, "up_s") * CLEW_NS_PER_S, up);
        put_line(s, "collector", "version %s, up %s; %s", find(s, "version")->text, up,
                 find(s, "accepts") && find(s, "accepts")->is_true
                         ? "takes new data"
                         : "REFUSES new data: its disk is full or fails");
        put_line(s, "taken",
                 "%" PRIu64 " requests, %" PRIu64 " spans, %" PRIu64
                 " log records; refused %" PRIu64,
                 number(s, "collector.requests"), number(s, "collector.spans"),
                 number(s, "collector.logs"), refused);
        put_line(s, "queue", "%" PRIu64 " requests, %s; %" PRIu64 " under way",
                 number(s, "queue.requests"), bytes(s, "queue.bytes").text,
                 number(s, "queue.under_way"));
}

static void put_errors(struct status *s)
{
        char name[NAMES_BYTES];

        for (unsigned i = 0;; i++) {
                const struct value *when;
                const struct value *what;
                const struct value *text;

                (void)snprintf(name, sizeof(name), "log.recent.%u.time", i);
                when = find(s, name);
                (void)snprintf(name, sizeof(name), "log.recent.%u.event", i);
                what = find(s, name);
                (void)snprintf(name, sizeof(name), "log.recent.%u.text", i);
                text = find(s, name);
                if (!when || !what)
                        break;
                (void)snprintf(name, sizeof(name), "log.recent.%u.n", i);
                put_line(s, i == 0 ? "told last" : "", "%s %s (%" PRIu64 "): %s", when->text,
                         what->text, number(s, name), text ? text->text : "");
        }
}

/* What rules took out of what came in. */
static void put_redaction(struct status *s)
{
        static const char prefix[] = "redaction.rules.";
        char text[TEXT_BYTES] = "";
        size_t n = 0;
        uint64_t sum = 0;

        if (!find(s, "redaction.loaded"))
                return;
        for (size_t i = 0; i < s->n; i++) {
                const struct value *v = &s->values[i];

                if (strncmp(v->name, prefix, strlen(prefix)) != 0 || v->number == 0)
                        continue;
                sum += v->number;
                if (n < sizeof(text))
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%" PRIu64 " %s",
                                              n ? ", " : ": ", v->number, v->name + strlen(prefix));
        }
        put_line(s, "redacted", "%" PRIu64 " texts%s", sum, text);
}

static void put_all(struct status *s)
{
        if (find(s, "followed.version"))
                put_reader(s);
        else if (find(s, "queue.requests"))
                put_collector(s);
        else if (find(s, "collector_url") && find(s, "collector_url")->text[0])
                put_line(s, "collector", "one holds this store; clew --url %s status asks it",
                         find(s, "collector_url")->text);
        else
                put_line(s, "collector", "%s",
                         find(s, "has_collector") && find(s, "has_collector")->is_true
                                 ? "one holds this store, without an address that answers"
                                 : "none holds this store");
        put_line(s, "backlog", "%" PRIu64 " fragments are not sealed, %s; due now %s",
                 number(s, "store.hot_fragments"), bytes(s, "store.hot_bytes").text,
                 bytes(s, "sealing.due_bytes").text);
        put_line(s, "sealed", "%" PRIu64 " segments, %s", number(s, "store.segments"),
                 bytes(s, "store.segment_bytes").text);
        put_line(s, "disk", "file %s, of it %s free; the file system has %s left",
                 bytes(s, "store.file_bytes").text, bytes(s, "store.free_bytes").text,
                 bytes(s, "store.disk_free_bytes").text);
        if (number(s, "memory.resident_bytes") > 0)
                put_line(s, "memory", "%s of its own; with pages of the store's file %s",
                         bytes(s, "memory.own_bytes").text, bytes(s, "memory.resident_bytes").text);
        if (number(s, "readers.oldest_process") > 0)
                put_line(s, "readers",
                         "%" PRIu64 "; the oldest, process %" PRIu64 ", is %" PRIu64
                         " commits behind",
                         number(s, "readers.held"), number(s, "readers.oldest_process"),
                         number(s, "readers.oldest_commits"));
        else
                put_line(s, "readers", "%" PRIu64, number(s, "readers.held"));
        put_object_reads(s);
        put_redaction(s);
        if (find(s, "redactions_waiting"))
                put_line(s, "redactions", "%s", find(s, "redactions_waiting")->text);
        put_errors(s);
}

/* ---- asking --------------------------------------------------------------------------------- */

struct answer {
        struct clew_buffer *json;
};

static bool take(void *context, unsigned status, struct clew_slice bytes)
{
        struct answer *a = context;

        if (status == 200)
                clew_buffer_append_slice(a->json, bytes);
        return clew_buffer_error(a->json) == 0;
}

static int ask_collector(struct status *s, struct clew_buffer *json)
{
        char url[CLEW_URL_BYTES_MAX];
        char token[CLEW_TOKEN_BYTES_MAX];
        struct answer answer = {json};
        struct clew_error err = {0};
        unsigned status = 0;
        int r = clew_remote_target(s->cli, PATH, url, token);
        const struct clew_http_question question = {
                .url = url,
                .token = token[0] ? token : NULL,
                .ca_file = s->cli->ca_file,
                .take = take,
                .context = &answer,
        };

        if (r != 0)
                return r;
        r = clew_http_ask(&question, &status, &err);
        explicit_bzero(token, sizeof(token));
        if (r < 0 && r != -ECANCELED) {
                clew_cli_error(s->cli, "%s", err.message);
                return CLEW_EXIT_STORE;
        }
        if (status == 401 || status == 403) {
                clew_cli_error(s->cli,
                               "this clewd wants a key with the scope read: --token-file FILE");
                return CLEW_EXIT_PERMISSION;
        }
        if (status != 200) {
                clew_cli_error(s->cli, "the server answers with status %u", status);
                return CLEW_EXIT_STORE;
        }
        return 0;
}

static int ask_store(struct status *s, struct clew_buffer *json)
{
        struct clew_store_figures f;
        char waiting[CLEW_ORDER_NOTED_BYTES];
        struct clew_json_writer w = clew_json_writer_make(json, 0);
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        char place[CLEW_PLACE_BYTES];
        int r = clew_cli_store(s->cli, CLEW_STORE_READ, &store);

        if (r != 0)
                return r;
        r = clew_store_figures(store, &f, &err);
        if (r < 0)
                return clew_cli_fail(s->cli, r, &err);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "v");
        clew_json_write_uint64(&w, 1);
        clew_json_write_key(&w, "type");
        clew_json_write_cstr(&w, "status");
        clew_json_write_key(&w, "version");
        clew_json_write_cstr(&w, CLEW_VERSION);
        clew_json_write_key(&w, "has_collector");
        clew_json_write_bool(&w, clew_store_has_collector(store));
        clew_json_write_key(&w, "collector_url");
        clew_json_write_cstr(&w, clew_store_collector_place(store, place) ? place : NULL);
        clew_json_write_key(&w, "store");
        clew_json_write_object_begin(&w);
        clew_store_record_write(&f, &w);
        clew_json_write_object_end(&w);
        clew_json_write_key(&w, "readers");
        clew_readers_record_write(&f, &w);
        if (clew_order_noted(s->cli->tier, waiting, sizeof(waiting))) {
                clew_json_write_key(&w, "redactions_waiting");
                clew_json_write_cstr(&w, waiting);
        }
        clew_json_write_object_end(&w);
        return clew_buffer_error(json) < 0 ? clew_cli_fail(s->cli, -ENOMEM, NULL) : 0;
}

/* What came from elsewhere is what it should be, and nothing in it acts on a screen. */
static bool is_status(struct status *s, const struct clew_buffer *json)
{
        for (size_t i = 0; i < json->len; i++) {
                if ((json->data[i] < 0x20 && json->data[i] != '\n') || json->data[i] >= 0x7f)
                        return false;
        }
        return read_all(s, clew_buffer_slice(json)) == 0 && find(s, "type") &&
               strcmp(find(s, "type")->text, "status") == 0 && find(s, "version");
}

static int print(struct status *s)
{
        static const struct clew_display_flags plain;
        int r = clew_look_init(&s->look, s->cli, &plain);

        if (r != 0)
                return r;
        clew_page_init(&s->page, s->cli->out, &s->look, true);
        put_all(s);
        r = clew_page_error(&s->page);
        clew_page_deinit(&s->page);
        return r < 0 ? clew_cli_fail(s->cli, r, NULL) : 0;
}

int clew_cmd_status(struct clew_cli *cli, int argc, char **argv)
{
        struct status s = {.cli = cli};
        bool as_json = false;
        const struct clew_flag own[] = {
                {"json", 0, NULL, "one JSON object", .ret_flag = &as_json},
                {0},
        };
        CLEW_BUFFER json = {0};
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r != 0)
                return r;
        if (args.n > 0) {
                clew_cli_error(cli, "status takes flags only; clew --url URL status asks a clewd");
                return CLEW_EXIT_USAGE;
        }
        clew_buffer_init(&json, STATUS_BYTES_MAX);
        r = cli->url ? ask_collector(&s, &json) : ask_store(&s, &json);
        while (json.len > 0 && json.data[json.len - 1] == '\n')
                json.len--;
        s.values = clew_calloc(VALUES_MAX, sizeof(*s.values));
        if (r == 0 && !s.values)
                r = clew_cli_fail(cli, -ENOMEM, NULL);
        if (r == 0 && !is_status(&s, &json)) {
                clew_cli_error(cli, "the answer is no status of a clewd");
                r = CLEW_EXIT_STORE;
        }
        if (r == 0 && as_json) {
                (void)fwrite(json.data, 1, json.len, cli->out);
                fputc('\n', cli->out);
        } else if (r == 0) {
                r = print(&s);
        }
        clew_free(s.values);
        return r;
}
