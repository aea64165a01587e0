/*
 * See import-binary.h.
 *
 * Protobuf has no mark of its own: a TracesData begins with the byte of a line break, so what comes
 * next decides. One field after the other is a request by itself, and memory is that of the
 * largest.
 *
 * An .eval file is a zip archive with header.json (or, of a log that was not ended,
 * _journal/start.json) and one samples/ID_epoch_N.json for each sample.
 */
#include "query/cli/import-binary.h"

#include "proto/base/json.h"
#include "proto/otlp/walk.h"
#include "query/cli/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WALK_BYTES_MAX ((size_t)64 << 20)
/* Tag and length of one field. */
#define FIELD_HEAD_MAX 11u
#define FRAME_HEAD 4u
#define READ_BYTES ((size_t)1 << 20)

/* The length of the field that begins @head, tag and all; 0 when it is none of a request's. */
static uint64_t field_bytes(struct clew_slice head)
{
        uint64_t n = 0;

        if (head.len < 2 || head.data[0] != 0x0a)
                return 0;
        for (size_t i = 1; i < head.len && i < FIELD_HEAD_MAX; i++) {
                n |= (uint64_t)(head.data[i] & 0x7f) << (7 * (i - 1));
                if ((head.data[i] & 0x80) == 0)
                        return n > CLEW_INPUT_LINE_MAX * 16 ? UINT64_MAX : n + i + 1;
        }
        return 0;
}

static bool is_request(struct clew_slice bytes)
{
        CLEW_ARENA arena = {0};
        struct clew_otlp_batch batch;
        struct clew_error err;

        clew_arena_init(&arena, WALK_BYTES_MAX);
        if (clew_otlp_walk(bytes, CLEW_OTLP_TRACES, &arena, &batch, &err) == 0)
                return true;
        clew_arena_reset(&arena);
        return clew_otlp_walk(bytes, CLEW_OTLP_LOGS, &arena, &batch, &err) == 0;
}

/* A text may begin with an empty line: its next byte is a blank or opens a value. */
static bool may_be_text(uint8_t second)
{
        return second == ' ' || second == '\t' || second == '\n' || second == '\r' ||
               second == '{' || second == '[';
}

int clew_import_kind(struct clew_input *in, enum clew_import_kind *ret, struct clew_error *err)
{
        struct clew_slice head;
        struct clew_slice first;
        uint64_t n;
        int r = clew_input_peek(in, FIELD_HEAD_MAX, &head, err);

        *ret = CLEW_IMPORT_TEXT;
        if (r < 0 || head.len < FRAME_HEAD)
                return r;
        if (clew_zip_is(head))
                *ret = CLEW_IMPORT_ZIP;
        else if (head.data[0] == 0)
                *ret = CLEW_IMPORT_FRAMED;
        n = field_bytes(head);
        if (*ret != CLEW_IMPORT_TEXT || n == 0)
                return 0;
        if (!may_be_text(head.data[1])) {
                *ret = CLEW_IMPORT_PROTOBUF;
                return 0;
        }
        if (n > CLEW_INPUT_LINE_MAX)
                return 0;
        r = clew_input_peek(in, (size_t)n, &first, err);
        if (r == 0 && first.len >= n && is_request(clew_slice_make(first.data, (size_t)n)))
                *ret = CLEW_IMPORT_PROTOBUF;
        return r;
}

/* ---- protobuf ------------------------------------------------------------------------------- */

static int cut(struct clew_error *err, uint64_t number, const char *what)
{
        return clew_error_set(err, -EBADMSG, 0, "request %llu: %s", (unsigned long long)number,
                              what);
}

int clew_import_protobuf(struct clew_input *in, enum clew_import_kind kind,
                         const struct clew_import_sink *sink, struct clew_error *err)
{
        bool framed = kind == CLEW_IMPORT_FRAMED;
        uint64_t number = 0;

        for (;;) {
                struct clew_slice head;
                struct clew_slice whole;
                uint64_t n;
                int r = clew_input_peek(in, framed ? FRAME_HEAD : FIELD_HEAD_MAX, &head, err);

                if (r < 0 || head.len == 0)
                        return r;
                number++;
                if (framed && head.len < FRAME_HEAD)
                        return cut(err, number, "the file ends inside of a length");
                n = framed ? FRAME_HEAD + ((uint64_t)head.data[0] << 24 |
                                           (uint64_t)head.data[1] << 16 |
                                           (uint64_t)head.data[2] << 8 | head.data[3])
                           : field_bytes(head);
                if (n == 0)
                        return cut(err, number, "no OTLP protobuf from here on");
                if (n > CLEW_INPUT_LINE_MAX)
                        return cut(err, number, "longer than 64 MiB, the limit of a request");
                r = clew_input_peek(in, (size_t)n, &whole, err);
                if (r < 0)
                        return r;
                if (whole.len < n)
                        return cut(err, number, "the file ends inside of it");
                whole.len = (size_t)n;
                if (framed)
                        whole = clew_slice_from(whole, FRAME_HEAD);
                r = whole.len ? sink->request(sink->context, whole, number, err) : 0;
                if (r < 0)
                        return r;
                clew_input_skip(in, (size_t)n);
        }
}

/* ---- .eval ---------------------------------------------------------------------------------- */

static int read_file(const char *path, struct clew_buffer *out, struct clew_error *err)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        int r = 0;

        if (fd < 0)
                return clew_error_set(err, -errno, 0, "%s", strerror(errno));
        for (;;) {
                uint8_t *to = clew_buffer_reserve(out, READ_BYTES);
                ssize_t n;

                if (!to) {
                        r = clew_error_set(err, clew_buffer_error(out), 0,
                                           "a zip archive of more than %zu MiB, the limit",
                                           CLEW_IMPORT_ZIP_MAX >> 20);
                        break;
                }
                n = read(fd, to, READ_BYTES);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        r = clew_error_set(err, -errno, 0, "%s", strerror(errno));
                if (n <= 0)
                        break;
                clew_buffer_commit(out, (size_t)n);
        }
        close(fd);
        return r;
}

static bool is_sample(struct clew_slice name)
{
        static const char end[] = ".json";

        return clew_slice_starts_with(name, CLEW_SLICE_LITERAL("samples/")) &&
               name.len > sizeof(end) &&
               memcmp(name.data + name.len - (sizeof(end) - 1), end, sizeof(end) - 1) == 0;
}

/* The member "eval" of a JSON object, as it stands. */
static struct clew_slice eval_of(struct clew_slice json)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_MAX);
        struct clew_slice found = CLEW_SLICE_NULL;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return found;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "eval")) {
                        (void)clew_json_next(&r);
                        found = clew_json_take(&r);
                } else {
                        clew_json_skip(&r);
                }
        }
        (void)clew_json_next(&r);
        return r.status == CLEW_JSON_COMPLETE ? found : CLEW_SLICE_NULL;
}

/* Finds the log's head; *ret_eval points into @out. */
static int read_head(struct clew_slice file, struct clew_buffer *out, struct clew_slice *ret_eval,
                     struct clew_error *err)
{
        struct clew_zip_member start = {0};
        struct clew_zip_member m;
        struct clew_zip z;
        int r = clew_zip_open(&z, file, err);

        while (r == 0 && (r = clew_zip_next(&z, &m, err)) == 1) {
                r = 0;
                if (clew_slice_eq_cstr(m.name, "header.json")) {
                        start = m;
                        break;
                }
                if (clew_slice_eq_cstr(m.name, "_journal/start.json"))
                        start = m;
        }
        if (r == 0 && start.name.len)
                r = clew_zip_read(&z, &start, out, err);
        if (r < 0)
                return r;
        *ret_eval = eval_of(clew_buffer_slice(out));
        return ret_eval->len ? 0
                             : clew_error_set(err, -EBADMSG, 0,
                                              "a zip archive that is no log of Inspect: it has no "
                                              "header.json; unpack it, and import what is in it");
}

static int take_sample(struct clew_zip *z, const struct clew_zip_member *m, struct clew_slice eval,
                       const struct clew_import_sink *sink, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        int r;

        clew_buffer_init(&text, CLEW_INPUT_LINE_MAX);
        clew_buffer_append_cstr(&text, "{\"eval\":");
        clew_buffer_append_slice(&text, eval);
        clew_buffer_append_cstr(&text, ",\"samples\":[");
        r = clew_zip_read(z, m, &text, err);
        clew_buffer_append_cstr(&text, "]}");
        if (r == 0 && clew_buffer_error(&text) < 0)
                r = clew_error_set(err, clew_buffer_error(&text), 0,
                                   "larger than %zu MiB, the limit of a document",
                                   CLEW_INPUT_LINE_MAX >> 20);
        if (r == -EBADMSG || r == -EMSGSIZE) {
                sink->bad(sink->context, m->name, 0, err);
                return 0;
        }
        return r < 0 ? r : sink->document(sink->context, clew_buffer_slice(&text), m->name, err);
}

int clew_import_eval(const char *path, const struct clew_import_sink *sink, struct clew_error *err)
{
        CLEW_BUFFER file = {0};
        CLEW_BUFFER head = {0};
        struct clew_slice eval;
        struct clew_zip_member m;
        struct clew_zip z;
        int r;

        clew_buffer_init(&file, CLEW_IMPORT_ZIP_MAX);
        clew_buffer_init(&head, CLEW_INPUT_LINE_MAX);
        r = read_file(path, &file, err);
        if (r == 0)
                r = read_head(clew_buffer_slice(&file), &head, &eval, err);
        if (r == 0)
                r = clew_zip_open(&z, clew_buffer_slice(&file), err);
        while (r == 0 && (r = clew_zip_next(&z, &m, err)) == 1)
                r = is_sample(m.name) ? take_sample(&z, &m, eval, sink, err) : 0;
        return r;
}
