/*
 * See remote.h. A server is trusted with what it prints, not with this machine: it gets texts of
 * files that the words name, and writes files that the words name.
 */
#include "query/cli/remote.h"

#include "proto/base/buffer.h"
#include "proto/base/json.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "query/answer/safe.h"
#include "query/cli/author.h"
#include "query/cli/lines.h"
#include "query/cli/outfile.h"
#include "query/cli/terminal.h"
#include "query/serve/command-line.h"
#include "query/serve/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH "/api/v1/command"
/* What a server says when it refuses. */
#define REFUSAL_BYTES_MAX ((size_t)64 << 10)
/* A server with no place free is asked again, so often, once a second. */
#define TRIES 10
#define ZONE_BYTES 256u
#define AUTHOR_BYTES 256u

struct remote {
        struct clew_cli *cli;
        char **words;
        int n_words;
        char *names[CLEW_COMMAND_FILES_MAX]; /* of files that were asked for */
        struct clew_buffer texts[CLEW_COMMAND_FILES_MAX];
        size_t n_files;

        struct clew_buffer input;   /* of the answer: what is no whole frame yet */
        struct clew_buffer refusal; /* its body, when it is one */
        struct clew_outfile out[CLEW_FRAME_SLOTS];
        bool out_open[CLEW_FRAME_SLOTS];
        struct clew_outdir dir;
        bool dir_open;
        char *needed; /* a file that was asked for in this answer */
        bool printed; /* something was, or was written */
        bool ended;
        int status;
};

/* ---- options -------------------------------------------------------------------------------- */

static bool take_value(int argc, char **argv, int *i, const char *name, const char **ret,
                       bool *ret_wrong)
{
        size_t n = strlen(name);
        const char *a = argv[*i];

        if (strncmp(a, name, n) != 0 || (a[n] != '\0' && a[n] != '='))
                return false;
        if (a[n] == '=')
                *ret = a + n + 1;
        else if (*i + 1 < argc)
                *ret = argv[++*i];
        else
                *ret_wrong = true;
        return true;
}

bool clew_remote_option(struct clew_cli *cli, int argc, char **argv, int *i, bool *ret_wrong)
{
        const char *name = argv[*i];

        if (!take_value(argc, argv, i, "--url", &cli->url, ret_wrong) &&
            !take_value(argc, argv, i, "--token-file", &cli->token_file, ret_wrong) &&
            !take_value(argc, argv, i, "--ca-file", &cli->ca_file, ret_wrong))
                return false;
        if (*ret_wrong)
                clew_cli_error(cli, "%s needs a value", name);
        return true;
}

/* ---- where and who -------------------------------------------------------------------------- */

static int read_token(struct clew_cli *cli, char ret[CLEW_TOKEN_BYTES_MAX])
{
        CLEW_BUFFER text = {0};
        struct clew_slice line = CLEW_SLICE_NULL;
        struct clew_lines lines;
        struct stat st;
        int r;

        clew_buffer_init(&text, (size_t)2 << 20);
        r = clew_cli_read_file(cli, cli->token_file, (size_t)1 << 20, &text);
        if (r != 0)
                return r;
        lines = (struct clew_lines){.rest = clew_buffer_slice(&text)};
        if (!clew_lines_next(&lines, &line) || line.len >= CLEW_TOKEN_BYTES_MAX ||
            memchr(line.data, ' ', line.len)) {
                clew_cli_error(cli,
                               "%s holds no key: its first line is the secret that clew key "
                               "add has shown",
                               cli->token_file);
                return CLEW_EXIT_USAGE;
        }
        for (size_t i = 0; i < line.len; i++) {
                if (line.data[i] <= ' ' || line.data[i] > '~') {
                        clew_cli_error(cli, "%s holds no key: byte %zu is none of a key's",
                                       cli->token_file, i + 1);
                        return CLEW_EXIT_USAGE;
                }
        }
        memcpy(ret, line.data, line.len);
        ret[line.len] = '\0';
        explicit_bzero(text.data, text.len);
        if (stat(cli->token_file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
                clew_cli_note(cli, "others can read %s: chmod 600 keeps the key yours",
                              cli->token_file);
        return 0;
}

int clew_remote_target(struct clew_cli *cli, const char *path, char ret_url[CLEW_URL_BYTES_MAX],
                       char ret_token[CLEW_TOKEN_BYTES_MAX])
{
        size_t n = strlen(cli->url);
        const char *scheme = "";
        char shown[200];

        ret_token[0] = '\0';
        if (!strstr(cli->url, "://"))
                scheme = clew_url_is_local(cli->url) ? "http://" : "https://";
        while (n > 0 && cli->url[n - 1] == '/')
                n--;
        if (n == 0 || cli->url[strcspn(cli->url, " ?#\t\n")] != '\0' ||
            (!scheme[0] && strncmp(cli->url, "http://", 7) != 0 &&
             strncmp(cli->url, "https://", 8) != 0) ||
            (size_t)snprintf(ret_url, CLEW_URL_BYTES_MAX, "%s%.*s%s", scheme, (int)n, cli->url,
                             path) >= CLEW_URL_BYTES_MAX) {
                clew_cli_error(cli,
                               "--url takes the address of a clewd, such as "
                               "https://clew.example:4318, not \"%s\"",
                               clew_safe_cstr(clew_slice_of_cstr(cli->url), shown, sizeof(shown)));
                return CLEW_EXIT_USAGE;
        }
        return cli->token_file ? read_token(cli, ret_token) : 0;
}

/* The zone that times are shown in, by a name that the server knows too; "" when there is none. */
static void name_zone(char ret[ZONE_BYTES])
{
        static const char folder[] = "zoneinfo/";
        const char *zone = getenv("TZ");
        const char *name;
        time_t now = time(NULL);
        struct tm tm;
        ssize_t n;

        if (zone) {
                (void)snprintf(ret, ZONE_BYTES, "%s", zone[0] == ':' ? zone + 1 : zone);
                if (ret[0] != '/')
                        return;
        }
        n = readlink("/etc/localtime", ret, ZONE_BYTES - 1);
        ret[n > 0 ? n : 0] = '\0';
        name = strstr(ret, folder);
        if (name) {
                name += sizeof(folder) - 1;
                memmove(ret, name, strlen(name) + 1);
                return;
        }
        /* A rule of POSIX counts from the other side. */
        if (localtime_r(&now, &tm)) {
                long minutes = tm.tm_gmtoff / 60;

                (void)snprintf(ret, ZONE_BYTES, "<%+03ld%02ld>%s%ld:%02ld", minutes / 60,
                               labs(minutes) % 60, minutes > 0 ? "-" : "", labs(minutes) / 60,
                               labs(minutes) % 60);
        }
}

static bool put_option(char *self, size_t size, const char *name, const char *value)
{
        size_t n = strlen(self);
        bool plain = value[strcspn(value, " '\"\\$`*?[]{}()<>|&;#~!\t\n")] == '\0';

        return !strchr(value, '\'') &&
               (size_t)snprintf(self + n, size - n, plain ? " %s %s" : " %s '%s'", name, value) <
                       size - n;
}

/* How a suggested command begins: with what was given on the command line. */
static void name_self(const struct clew_cli *cli, char ret[CLEW_SELF_BYTES_MAX])
{
        const char *env_url = getenv("CLEW_URL");
        const char *env_token = getenv("CLEW_TOKEN_FILE");
        const char *env_ca = getenv("CLEW_CA_FILE");
        bool fits = true;

        (void)snprintf(ret, CLEW_SELF_BYTES_MAX, "clew");
        if (cli->url != env_url)
                fits = put_option(ret, CLEW_SELF_BYTES_MAX, "--url", cli->url);
        if (fits && cli->token_file && cli->token_file != env_token)
                fits = put_option(ret, CLEW_SELF_BYTES_MAX, "--token-file", cli->token_file);
        if (fits && cli->ca_file && cli->ca_file != env_ca)
                fits = put_option(ret, CLEW_SELF_BYTES_MAX, "--ca-file", cli->ca_file);
        if (!fits)
                (void)snprintf(ret, CLEW_SELF_BYTES_MAX, "clew");
}

/* ---- the request ---------------------------------------------------------------------------- */

static void put_settings(struct remote *r, struct clew_json_writer *w)
{
        const struct clew_display_flags none = {0};
        struct clew_look look;
        char text[CLEW_SELF_BYTES_MAX];
        char zone[ZONE_BYTES];
        char author[AUTHOR_BYTES];

        if (clew_look_init(&look, r->cli, &none) == 0) {
                if (look.columns != SIZE_MAX) {
                        clew_json_write_key(w, "columns");
                        clew_json_write_uint64(w, look.columns);
                }
                clew_json_write_key(w, "colour");
                clew_json_write_bool(w, look.colour);
        }
        name_zone(zone);
        if (zone[0] && strlen(zone) < 64) {
                clew_json_write_key(w, "time_zone");
                clew_json_write_cstr(w, zone);
        }
        name_self(r->cli, text);
        clew_json_write_key(w, "self");
        clew_json_write_cstr(w, text);
        if (clew_cli_author_name(author, sizeof(author))) {
                clew_json_write_key(w, "user");
                clew_json_write_cstr(w, author);
        }
}

static void put_request(struct remote *r, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "words");
        clew_json_write_array_begin(&w);
        for (int i = 0; i < r->n_words; i++)
                clew_json_write_cstr(&w, r->words[i]);
        clew_json_write_array_end(&w);
        put_settings(r, &w);
        clew_json_write_key(&w, "files");
        clew_json_write_array_begin(&w);
        for (size_t i = 0; i < r->n_files; i++) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "name");
                clew_json_write_cstr(&w, r->names[i]);
                clew_json_write_key(&w, "text");
                clew_json_write_string(&w, clew_buffer_slice(&r->texts[i]));
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
}

/* ---- what the words name -------------------------------------------------------------------- */

/* Whether @name is a word, the value behind its "=", or what is joined to its letters (-oNAME). */
static bool is_named(const struct remote *r, const char *name)
{
        for (int i = 1; i < r->n_words; i++) {
                const char *word = r->words[i];
                const char *equals = strchr(word, '=');
                size_t n = strlen(word);
                size_t m = strlen(name);

                if (strcmp(word, name) == 0)
                        return true;
                if (strncmp(word, "--", 2) == 0 && equals && strcmp(equals + 1, name) == 0)
                        return true;
                if (word[0] == '-' && word[1] != '-' && m > 0 && n >= m + 2 &&
                    strcmp(word + n - m, name) == 0)
                        return true;
        }
        return false;
}

/* A file of ours may be written: named, or the manifest beside one that is. */
static bool may_write(const struct remote *r, const char *path)
{
        static const char beside[] = ".manifest.json";
        size_t n = strlen(path);
        size_t m = sizeof(beside) - 1;
        char name[CLEW_FRAME_BYTES_MAX];

        if (is_named(r, path))
                return true;
        if (n <= m || n >= sizeof(name) || strcmp(path + n - m, beside) != 0)
                return false;
        memcpy(name, path, n - m);
        name[n - m] = '\0';
        return is_named(r, name);
}

static int no_answer(struct remote *r, const char *what)
{
        clew_cli_error(r->cli, "the server's answer %s; is it a clewd of this version?", what);
        return CLEW_EXIT_STORE;
}

/* ---- frames --------------------------------------------------------------------------------- */

static int open_file(struct remote *r, unsigned slot, unsigned flags, const char *path)
{
        int status;

        if (r->out_open[slot])
                return no_answer(r, "opens a file twice");
        if (flags & CLEW_FRAME_IN_DIR) {
                if (!r->dir_open || strchr(path, '/') || path[0] == '.' || path[0] == '\0')
                        return no_answer(r, "names a file outside of its directory");
                status = clew_outdir_file(&r->dir, r->cli, path, &r->out[slot]);
        } else {
                if (!may_write(r, path))
                        return no_answer(r, "writes a file that nobody named");
                status = clew_outfile_open(&r->out[slot], r->cli, path, flags & CLEW_FRAME_FORCE);
        }
        r->out[slot].summed = false;
        r->out_open[slot] = status == 0;
        return status;
}

static int take_mode(struct remote *r, unsigned slot, struct clew_slice text)
{
        uint64_t mode = 0;

        if (!clew_parse_uint64(text, &mode) || mode > 0777)
                return no_answer(r, "has no mode of a file");
        return clew_outfile_mode(&r->out[slot], r->cli, (unsigned)mode);
}

/* Frames of a file: their first byte is its slot. */
static int take_file_frame(struct remote *r, enum clew_frame kind, struct clew_slice payload)
{
        char path[CLEW_FRAME_BYTES_MAX + 1];
        unsigned slot = payload.len > 0 ? payload.data[0] : CLEW_FRAME_SLOTS;

        if (slot >= CLEW_FRAME_SLOTS || (kind != CLEW_FRAME_FILE && !r->out_open[slot]))
                return no_answer(r, "names no open file");
        payload = clew_slice_from(payload, 1);
        r->printed = true;
        if (kind == CLEW_FRAME_DATA)
                return clew_outfile_write(&r->out[slot], r->cli, payload);
        if (kind == CLEW_FRAME_MODE)
                return take_mode(r, slot, payload);
        if (kind == CLEW_FRAME_FILE_END) {
                r->out_open[slot] = false;
                return clew_outfile_close(&r->out[slot], r->cli,
                                          payload.len > 0 && payload.data[0] == 1);
        }
        if (payload.len < 2)
                return no_answer(r, "names no file");
        memcpy(path, payload.data + 1, payload.len - 1);
        path[payload.len - 1] = '\0';
        return open_file(r, slot, payload.data[0], path);
}

static int take_dir_frame(struct remote *r, enum clew_frame kind, struct clew_slice payload)
{
        char path[CLEW_FRAME_BYTES_MAX + 1];
        int status;

        r->printed = true;
        if (kind == CLEW_FRAME_DIR_END) {
                if (!r->dir_open)
                        return no_answer(r, "ends no directory");
                r->dir_open = false;
                return clew_outdir_close(&r->dir, r->cli, payload.len > 0 && payload.data[0] == 1);
        }
        if (payload.len < 2 || r->dir_open)
                return no_answer(r, "names no directory");
        memcpy(path, payload.data + 1, payload.len - 1);
        path[payload.len - 1] = '\0';
        if (!is_named(r, path)) {
                /* What was typed may end in slashes, which are taken off there. */
                size_t n = strlen(path);

                path[n] = '/';
                path[n + 1 < sizeof(path) ? n + 1 : n] = '\0';
                if (!is_named(r, path))
                        return no_answer(r, "writes a directory that nobody named");
        }
        status = clew_outdir_open(&r->dir, r->cli, path, payload.data[0] & CLEW_FRAME_FORCE);
        r->dir_open = status == 0;
        return status;
}

/* What the other side prints was made safe for a terminal there. */
static void pass_message(struct remote *r, struct clew_slice bytes)
{
        struct clew_cli *cli = r->cli;

        fflush(cli->out);
        if (cli->pager_pid > 0 && isatty(fileno(cli->err)))
                clew_buffer_append_slice(&cli->held, bytes);
        else
                fwrite(bytes.data, 1, bytes.len, cli->err);
}

/* 0, or the exit status after what cannot go on. */
static int take_frame(struct remote *r, enum clew_frame kind, struct clew_slice payload)
{
        const struct clew_display_flags none = {0};

        switch (kind) {
        case CLEW_FRAME_OUT:
                r->printed = true;
                return fwrite(payload.data, 1, payload.len, r->cli->out) == payload.len
                               ? 0
                               : CLEW_EXIT_STORE; /* told at the end */
        case CLEW_FRAME_ERR:
                pass_message(r, payload);
                return 0;
        case CLEW_FRAME_PAGE:
                clew_pager_start(r->cli, &none);
                return 0;
        case CLEW_FRAME_NEED:
                clew_free(r->needed);
                r->needed = clew_malloc(payload.len + 1);
                if (!r->needed)
                        return clew_cli_fail(r->cli, -ENOMEM, NULL);
                if (payload.len > 0)
                        memcpy(r->needed, payload.data, payload.len);
                r->needed[payload.len] = '\0';
                return 0;
        case CLEW_FRAME_DIR:
        case CLEW_FRAME_DIR_END:
                return take_dir_frame(r, kind, payload);
        case CLEW_FRAME_FILE:
        case CLEW_FRAME_MODE:
        case CLEW_FRAME_DATA:
        case CLEW_FRAME_FILE_END:
                return take_file_frame(r, kind, payload);
        case CLEW_FRAME_EXIT:
                r->ended = true;
                r->status = payload.len > 0 ? payload.data[0] : CLEW_EXIT_STORE;
                return 0;
        case CLEW_FRAME_CUT:
                clew_cli_error(r->cli, "%.*s", (int)payload.len, (const char *)payload.data);
                r->ended = true;
                r->status = CLEW_EXIT_PARTIAL;
                return 0;
        }
        return no_answer(r, "has a frame of no kind");
}

static bool take_bytes(void *context, unsigned http_status, struct clew_slice bytes)
{
        struct remote *r = context;
        struct clew_slice rest;

        if (http_status != 200) {
                if (bytes.len <= REFUSAL_BYTES_MAX - r->refusal.len)
                        clew_buffer_append_slice(&r->refusal, bytes);
                return true;
        }
        clew_buffer_append_slice(&r->input, bytes);
        rest = clew_buffer_slice(&r->input);
        if (clew_buffer_error(&r->input) < 0)
                r->status = no_answer(r, "is no row of frames");
        while (r->status == 0 && !r->ended) {
                enum clew_frame kind;
                struct clew_slice payload;
                int n = clew_frame_take(rest, &kind, &payload);
                int failed;

                if (n == 0)
                        break;
                failed = n < 0 ? no_answer(r, "is no row of frames") : take_frame(r, kind, payload);
                if (failed)
                        r->status = failed;
                rest = clew_slice_from(rest, n < 0 ? 0 : (size_t)n);
        }
        if (rest.len > 0 && rest.data != r->input.data)
                memmove(r->input.data, rest.data, rest.len);
        r->input.len = rest.len;
        fflush(r->cli->out);
        return r->ended || r->status == 0;
}

/* ---- one command ---------------------------------------------------------------------------- */

/* A refusal is a problem (RFC 9457) whose "detail" is a sentence. */
static int explain(struct remote *r, unsigned http_status, const char *url)
{
        CLEW_ARENA arena = {0};
        struct clew_json_reader j =
                clew_json_reader_make(clew_buffer_slice(&r->refusal), CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice detail = CLEW_SLICE_NULL;

        clew_arena_init(&arena, 2 * REFUSAL_BYTES_MAX);
        if (clew_json_next(&j) == CLEW_JSON_OBJECT_BEGIN) {
                while (clew_json_next_member(&j)) {
                        bool is_detail = clew_json_text_is(&j, "detail");

                        if (clew_json_next(&j) == CLEW_JSON_STRING && is_detail)
                                detail = clew_json_string(&j, &arena);
                        else
                                clew_json_skip(&j);
                }
        }
        if (detail.len > 0 && http_status != 404)
                clew_cli_error(r->cli, "%.*s (HTTP %u of %s)%s", (int)detail.len,
                               (const char *)detail.data, http_status, r->cli->url,
                               http_status == 401 && !r->cli->token_file
                                       ? "; --token-file FILE shows one"
                                       : "");
        else
                clew_cli_error(r->cli, "HTTP %u from %s: no clewd of this version answers there",
                               http_status, url);
        if (http_status == 400)
                return CLEW_EXIT_USAGE;
        return http_status == 401 || http_status == 403 || http_status == 429 ? CLEW_EXIT_PERMISSION
                                                                              : CLEW_EXIT_STORE;
}

/* Closes what the answer has left open. */
static void close_files(struct remote *r)
{
        for (unsigned i = 0; i < CLEW_FRAME_SLOTS; i++) {
                if (r->out_open[i])
                        (void)!clew_outfile_close(&r->out[i], r->cli, false);
                r->out_open[i] = false;
        }
        if (r->dir_open)
                (void)!clew_outdir_close(&r->dir, r->cli, false);
        r->dir_open = false;
}

static int ask(struct remote *r, const char *url, const char *token)
{
        CLEW_BUFFER body = {0};
        struct clew_error err = {0};
        struct clew_http_question q = {.url = url,
                                       .token = token[0] ? token : NULL,
                                       .ca_file = r->cli->ca_file,
                                       .take = take_bytes,
                                       .context = r};
        unsigned http_status = 503;
        int e = 0;

        clew_buffer_init(&body, CLEW_SERVE_UPLOAD_MAX);
        put_request(r, &body);
        if (clew_buffer_error(&body) < 0) {
                clew_cli_error(r->cli, "to a server go at most %zu MiB with a command: divide it",
                               CLEW_SERVE_UPLOAD_MAX >> 20);
                return CLEW_EXIT_USAGE;
        }
        q.body = clew_buffer_slice(&body);
        for (int i = 0; i < TRIES && e == 0 && http_status == 503; i++) {
                if (i > 0)
                        sleep(1);
                clew_buffer_clear(&r->refusal);
                clew_buffer_clear(&r->input);
                e = clew_http_ask(&q, &http_status, &err);
        }
        close_files(r);
        if (r->status != 0 && !r->ended)
                return r->status;
        if (e < 0)
                return clew_cli_fail(r->cli, e, &err);
        if (http_status != 200)
                return explain(r, http_status, url);
        return r->ended ? r->status : no_answer(r, "ended before its end");
}

/* Reads the file that the answer asks for. 0, or an exit status after a message. */
static int attach(struct remote *r)
{
        struct clew_buffer *text = &r->texts[r->n_files];
        int status;

        if (r->printed || r->n_files == CLEW_COMMAND_FILES_MAX || !is_named(r, r->needed))
                return no_answer(r, "asks for a file that nobody named");
        for (size_t i = 0; i < r->n_files; i++) {
                if (strcmp(r->names[i], r->needed) == 0)
                        return no_answer(r, "asks for a file twice");
        }
        clew_buffer_init(text, 2 * CLEW_SERVE_UPLOAD_MAX);
        r->names[r->n_files++] = r->needed; /* is freed as that */
        status = clew_cli_read_file(r->cli, r->needed, CLEW_SERVE_UPLOAD_MAX, text);
        r->needed = NULL;
        return status;
}

int clew_remote_run(struct clew_cli *cli, const struct clew_command *command, int argc, char **argv)
{
        struct remote r = {.cli = cli, .words = argv, .n_words = argc};
        char url[CLEW_URL_BYTES_MAX];
        char token[CLEW_TOKEN_BYTES_MAX];
        int status;

        cli->command = command->name;
        if (command->served == CLEW_SERVED_NOT) {
                clew_cli_error(cli,
                               "clew %s works on a store of its own machine: run it there, "
                               "without --url",
                               command->name);
                return CLEW_EXIT_USAGE;
        }
        status = clew_remote_target(cli, PATH, url, token);
        if (status != 0)
                return status;
        clew_buffer_init(&r.input, 4 * CLEW_FRAME_BYTES_MAX);
        clew_buffer_init(&r.refusal, REFUSAL_BYTES_MAX);
        do {
                if (r.needed)
                        status = attach(&r);
                r.ended = false;
                r.status = 0;
                if (status == 0)
                        status = ask(&r, url, token);
        } while (r.needed && r.ended && status == CLEW_EXIT_USAGE);
        explicit_bzero(token, sizeof(token));
        for (size_t i = 0; i < r.n_files; i++) {
                clew_buffer_deinit(&r.texts[i]);
                clew_free(r.names[i]);
        }
        clew_free(r.needed);
        clew_buffer_deinit(&r.input);
        clew_buffer_deinit(&r.refusal);
        return status;
}
