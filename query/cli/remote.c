/*
 * See remote.h. A server is trusted with what it prints, not with this machine: it gets texts of
 * files that the words name, and writes files that the words name.
 */
#include "query/cli/remote-int.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "query/cli/lines.h"
#include "query/cli/outfile.h"
#include "query/cli/terminal.h"
#include "query/serve/command-line.h"
#include "query/serve/serve.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PATH "/api/v1/command"
/* What a server says when it refuses. */
#define REFUSAL_BYTES_MAX ((size_t)64 << 10)
/* A server with no place free is asked again, so often, once a second. */
#define TRIES 10
#define LAST_BYTES_MAX 1024u

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
        struct clew_buffer *capture; /* what it prints; NULL: it goes to the user */
        bool (*stop)(void);          /* NULL: never */
        char *needed;                /* a file that was asked for in this answer */
        bool printed;                /* something was, or was written */
        bool ended;
        int status;
};

/* ---- the request ---------------------------------------------------------------------------- */

static void put_request(struct remote *r, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "words");
        clew_json_write_array_begin(&w);
        for (int i = 0; i < r->n_words; i++)
                clew_json_write_cstr(&w, r->words[i]);
        clew_json_write_array_end(&w);
        clew_remote_put_settings(r->cli, &w);
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

/* ---- an interrupt --------------------------------------------------------------------------- */

/* What is told then, as a signal handler may: two places, of which one is whole. */
static struct {
        char text[2][LAST_BYTES_MAX];
        size_t len[2];
        volatile sig_atomic_t at;
} last;

static void on_interrupt(int number)
{
        ssize_t n = write(STDERR_FILENO, last.text[last.at], last.len[last.at]);

        (void)number;
        _exit(n < 0 ? CLEW_EXIT_STORE : CLEW_EXIT_INTERRUPTED);
}

/* A command that goes on until it is interrupted tells beforehand what it would say then: the other
 * side does not hear of it. */
static void keep_last(struct clew_slice text)
{
        const struct sigaction action = {.sa_handler = on_interrupt};
        int free_one = !last.at;

        last.len[free_one] = text.len < LAST_BYTES_MAX ? text.len : LAST_BYTES_MAX;
        if (text.len > 0)
                memcpy(last.text[free_one], text.data, last.len[free_one]);
        last.at = free_one;
        (void)sigaction(SIGINT, &action, NULL);
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

static int take_output(struct remote *r, struct clew_slice bytes)
{
        if (!r->capture)
                return fwrite(bytes.data, 1, bytes.len, r->cli->out) == bytes.len
                               ? 0
                               : CLEW_EXIT_STORE; /* told at the end */
        clew_buffer_append_slice(r->capture, bytes);
        return clew_buffer_error(r->capture) < 0 ? no_answer(r, "is too long") : 0;
}

/* 0, or the exit status after what cannot go on. */
static int take_frame(struct remote *r, enum clew_frame kind, struct clew_slice payload)
{
        const struct clew_display_flags none = {0};

        switch (kind) {
        case CLEW_FRAME_OUT:
                r->printed = true;
                return take_output(r, payload);
        case CLEW_FRAME_ERR:
                pass_message(r, payload);
                return 0;
        case CLEW_FRAME_PAGE:
                if (!r->capture)
                        clew_pager_start(r->cli, &none);
                return 0;
        case CLEW_FRAME_LAST:
                keep_last(payload);
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

struct clew_slice clew_remote_detail(struct clew_slice refusal, struct clew_arena *arena)
{
        struct clew_json_reader j = clew_json_reader_make(refusal, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice detail = CLEW_SLICE_NULL;

        if (clew_json_next(&j) != CLEW_JSON_OBJECT_BEGIN)
                return detail;
        while (clew_json_next_member(&j)) {
                bool is_detail = clew_json_text_is(&j, "detail");

                if (clew_json_next(&j) == CLEW_JSON_STRING && is_detail)
                        detail = clew_json_string(&j, arena);
                else
                        clew_json_skip(&j);
        }
        return detail;
}

static int explain(struct remote *r, unsigned http_status, const char *url)
{
        CLEW_ARENA arena = {0};
        struct clew_slice detail;

        clew_arena_init(&arena, 2 * REFUSAL_BYTES_MAX);
        detail = clew_remote_detail(clew_buffer_slice(&r->refusal), &arena);
        if (detail.len > 0 && http_status != 404)
                clew_cli_error(r->cli, "%.*s (HTTP %u of %s)%s", (int)detail.len,
                               (const char *)detail.data, http_status, r->cli->url,
                               http_status == 401 && !r->cli->token_file
                                       ? "; --token-file FILE shows one"
                                       : "");
        else
                clew_cli_error(r->cli, "HTTP %u from %s: no clewd of this version answers there%s",
                               http_status, url,
                               http_status == 400 && strncmp(url, "http://", 7) == 0
                                       ? "; a server with TLS is asked by https://"
                                       : "");
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
                                       .stop = r->stop,
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
        if (e == -ECANCELED)
                return CLEW_EXIT_INTERRUPTED;
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

/* A text that goes with the first question. */
static int enclose(struct remote *r, const struct clew_command_file *file)
{
        struct clew_buffer *text = &r->texts[r->n_files];
        size_t n = strlen(file->name) + 1;

        CLEW_ASSERT(r->n_files < CLEW_COMMAND_FILES_MAX);
        clew_buffer_init(text, CLEW_SERVE_UPLOAD_MAX);
        clew_buffer_append_slice(text, file->text);
        r->names[r->n_files] = clew_malloc(n);
        if (!r->names[r->n_files] || clew_buffer_error(text) < 0) {
                clew_buffer_deinit(text);
                clew_free(r->names[r->n_files]);
                return clew_cli_fail(r->cli, -ENOMEM, NULL);
        }
        memcpy(r->names[r->n_files++], file->name, n);
        return 0;
}

int clew_remote_call(struct clew_cli *cli, struct clew_remote_call *call)
{
        struct remote r = {.cli = cli,
                           .words = call->words,
                           .n_words = call->n_words,
                           .capture = call->out,
                           .stop = call->stop};
        char url[CLEW_URL_BYTES_MAX];
        char token[CLEW_TOKEN_BYTES_MAX];
        int status = clew_remote_target(cli, PATH, url, token);

        if (status != 0)
                return status;
        clew_buffer_init(&r.input, 4 * CLEW_FRAME_BYTES_MAX);
        clew_buffer_init(&r.refusal, REFUSAL_BYTES_MAX);
        for (size_t i = 0; status == 0 && i < call->n_files; i++)
                status = enclose(&r, &call->files[i]);
        do {
                if (r.needed)
                        status = attach(&r);
                r.ended = false;
                r.status = 0;
                if (status == 0)
                        status = ask(&r, url, token);
        } while (r.needed && r.ended && status == CLEW_EXIT_USAGE);
        call->ended = r.ended;
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

int clew_remote_run(struct clew_cli *cli, const struct clew_command *command, int argc, char **argv)
{
        cli->command = command->name;
        if (command->served == CLEW_SERVED_NOT) {
                clew_cli_error(cli, "clew %s works without --url alone: %s", command->name,
                               command->why_not);
                return CLEW_EXIT_USAGE;
        }
        return clew_remote_call(cli, &(struct clew_remote_call){.words = argv, .n_words = argc});
}

char **clew_remote_keep_words(struct clew_cli *cli, int argc, char **argv, struct clew_arena *arena)
{
        char **words = clew_arena_calloc(arena, (size_t)argc + 1, sizeof(*argv));

        if (words)
                memcpy(words, argv, (size_t)argc * sizeof(*argv));
        else
                (void)clew_cli_fail(cli, -ENOMEM, NULL);
        return words;
}

int clew_remote_part(struct clew_cli *cli, char *const *words, int n_words, const char *part,
                     struct clew_arena *arena, struct clew_remote_call *ret)
{
        struct clew_slice word = clew_arena_printf(arena, "--part=%s", part);

        ret->words = clew_arena_calloc(arena, (size_t)n_words + 2, sizeof(*ret->words));
        if (!ret->words || !word.data)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        ret->words[ret->n_words++] = words[0];
        memcpy(&ret->words[ret->n_words++], &word.data, sizeof(word.data)); /* the arena's own */
        for (int i = 1; i < n_words; i++)
                ret->words[ret->n_words++] = words[i];
        return 0;
}
