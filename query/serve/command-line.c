/*
 * See command-line.h.
 */
#include "query/serve/command-line.h"

#include "proto/base/json.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <string.h>

/* A suggested command begins with a program, an address and a file's name. */
#define SELF_BYTES_MAX 512u
#define ZONE_BYTES_MAX 64u
#define USER_BYTES_MAX 256u
/* Wider terminals there are none. */
#define COLUMNS_MAX 4096u
#define DEPTH_MAX 8u

static int wrong(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -EINVAL, 0, "a command's request %s", what);
}

/* A string without NUL, ended by one. */
static char *take_text(struct clew_json_reader *r, struct clew_arena *arena)
{
        struct clew_slice text = clew_json_string(r, arena);
        char *copy;

        if (r->cut || !clew_utf8_valid(text) || (text.len > 0 && memchr(text.data, 0, text.len)))
                return NULL;
        copy = clew_arena_alloc(arena, text.len + 1);
        if (!copy)
                return NULL;
        if (text.len > 0)
                memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
        return copy;
}

static int read_words(struct clew_json_reader *r, struct clew_arena *arena,
                      struct clew_command_line *ret, struct clew_error *err)
{
        if (r->token != CLEW_JSON_ARRAY_BEGIN || ret->values)
                return wrong(err, "has \"words\", an array of strings");
        ret->values = clew_arena_calloc(arena, CLEW_COMMAND_WORDS_MAX + 1, sizeof(*ret->values));
        if (!ret->values)
                return clew_error_set(err, -ENOMEM, 0, "no memory for a command's words");
        while (clew_json_next(r) == CLEW_JSON_STRING) {
                if (ret->n == CLEW_COMMAND_WORDS_MAX)
                        return clew_error_set(err, -EINVAL, 0,
                                              "a command has at most %u words; divide it",
                                              CLEW_COMMAND_WORDS_MAX);
                ret->values[ret->n] = take_text(r, arena);
                if (!ret->values[ret->n++])
                        return wrong(err, "has a word that is no text");
        }
        return r->token == CLEW_JSON_ARRAY_END ? 0 : wrong(err, "has a word that is no string");
}

static int read_file(struct clew_json_reader *r, struct clew_arena *arena,
                     struct clew_command_file *ret, struct clew_error *err)
{
        if (r->token != CLEW_JSON_OBJECT_BEGIN)
                return wrong(err, "has \"files\", an array of objects");
        while (clew_json_next_member(r)) {
                bool is_name = clew_slice_eq_cstr(r->text, "name");
                bool is_text = clew_slice_eq_cstr(r->text, "text");

                if (clew_json_next(r) != CLEW_JSON_STRING || (!is_name && !is_text))
                        return wrong(err, "has a file without \"name\" and \"text\"");
                if (is_name)
                        ret->name = take_text(r, arena);
                else
                        ret->text = clew_json_string(r, arena);
        }
        return ret->name && !clew_arena_failed(arena) ? 0 : wrong(err, "has a file without a name");
}

static int read_files(struct clew_json_reader *r, struct clew_arena *arena,
                      struct clew_command_line *ret, struct clew_error *err)
{
        if (r->token != CLEW_JSON_ARRAY_BEGIN)
                return wrong(err, "has \"files\", an array of objects");
        while (clew_json_next(r) != CLEW_JSON_ARRAY_END) {
                struct clew_command_file *file = &ret->files[ret->n_files];
                int e;

                if (r->token == CLEW_JSON_END)
                        return wrong(err, "is not whole JSON");
                if (ret->n_files == CLEW_COMMAND_FILES_MAX)
                        return clew_error_set(err, -EINVAL, 0, "a command reads at most %u files",
                                              CLEW_COMMAND_FILES_MAX);
                *file = (struct clew_command_file){0};
                e = read_file(r, arena, file, err);
                if (e < 0)
                        return e;
                ret->n_files++;
        }
        return 0;
}

/* A zone's name or a rule of POSIX; never a path. */
static bool is_zone(const char *zone)
{
        size_t n = strlen(zone);

        return n > 0 && n <= ZONE_BYTES_MAX && zone[0] != '/' && zone[0] != ':' &&
               !strstr(zone, "..") &&
               strspn(zone, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "/_+-,.:<>") == n;
}

static int read_text_member(struct clew_json_reader *r, struct clew_arena *arena,
                            struct clew_slice key, struct clew_command_line *ret,
                            struct clew_error *err)
{
        const struct {
                const char *key;
                const char **at;
                size_t max;
        } texts[] = {
                {"time_zone", &ret->time_zone, ZONE_BYTES_MAX},
                {"self", &ret->self, SELF_BYTES_MAX},
                {"user", &ret->user, USER_BYTES_MAX},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++) {
                const char *text;

                if (!clew_slice_eq_cstr(key, texts[i].key))
                        continue;
                text = r->token == CLEW_JSON_STRING ? take_text(r, arena) : NULL;
                if (!text || strlen(text) >= texts[i].max)
                        return clew_error_set(err, -EINVAL, 0,
                                              "\"%s\" of a command's request is a text below %zu "
                                              "bytes",
                                              texts[i].key, texts[i].max);
                *texts[i].at = text;
                return 0;
        }
        return wrong(err, "has a member that is none of words, columns, colour, time_zone, self, "
                          "user, files");
}

static int read_member(struct clew_json_reader *r, struct clew_arena *arena, struct clew_slice key,
                       struct clew_command_line *ret, struct clew_error *err)
{
        enum clew_json_token t = clew_json_next(r);

        if (clew_slice_eq_cstr(key, "words"))
                return read_words(r, arena, ret, err);
        if (clew_slice_eq_cstr(key, "files"))
                return read_files(r, arena, ret, err);
        if (clew_slice_eq_cstr(key, "columns"))
                return t == CLEW_JSON_NUMBER && clew_parse_uint64(r->text, &ret->columns) &&
                                       ret->columns <= COLUMNS_MAX
                               ? 0
                               : wrong(err, "has \"columns\", a number up to 4096");
        if (clew_slice_eq_cstr(key, "colour")) {
                ret->colour = t == CLEW_JSON_TRUE;
                return t == CLEW_JSON_TRUE || t == CLEW_JSON_FALSE
                               ? 0
                               : wrong(err, "has \"colour\", true or false");
        }
        return read_text_member(r, arena, key, ret, err);
}

int clew_command_line_read(struct clew_slice body, struct clew_arena *arena,
                           struct clew_command_line *ret, struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(body, DEPTH_MAX);
        struct clew_command_line words = {0};

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return wrong(err, "is one JSON object with \"words\"");
        while (clew_json_next_member(&r)) {
                int e = read_member(&r, arena, r.text, &words, err);

                if (e < 0)
                        return e;
        }
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        if (r.status != CLEW_JSON_COMPLETE)
                return wrong(err, "is not whole JSON");
        if (clew_arena_failed(arena))
                return clew_error_set(err, -ENOMEM, 0, "no memory for a command's request");
        if (words.n == 0 || words.values[0][0] == '-')
                return wrong(err, "has \"words\", the first of which is a command");
        if (words.time_zone && !is_zone(words.time_zone))
                return wrong(err, "has a \"time_zone\" that is no name of a zone");
        *ret = words;
        return 0;
}

/* ---- frames --------------------------------------------------------------------------------- */

void clew_frame_head(uint8_t ret[CLEW_FRAME_HEAD_BYTES], enum clew_frame kind, size_t n)
{
        CLEW_ASSERT(n <= CLEW_FRAME_BYTES_MAX);
        ret[0] = (uint8_t)kind;
        for (unsigned i = 0; i < 4; i++)
                ret[i + 1] = (uint8_t)(n >> (8 * i));
}

static bool is_kind(uint8_t byte)
{
        static const char kinds[] = {
                CLEW_FRAME_OUT,  CLEW_FRAME_ERR,      CLEW_FRAME_PAGE, CLEW_FRAME_NEED,
                CLEW_FRAME_DIR,  CLEW_FRAME_DIR_END,  CLEW_FRAME_FILE, CLEW_FRAME_MODE,
                CLEW_FRAME_DATA, CLEW_FRAME_FILE_END, CLEW_FRAME_LAST, CLEW_FRAME_EXIT,
                CLEW_FRAME_CUT,
        };

        return byte != 0 && memchr(kinds, byte, sizeof(kinds)) != NULL;
}

int clew_frame_take(struct clew_slice input, enum clew_frame *ret_kind, struct clew_slice *ret)
{
        size_t n = 0;

        if (input.len > 0 && !is_kind(input.data[0]))
                return -EBADMSG;
        if (input.len < CLEW_FRAME_HEAD_BYTES)
                return 0;
        for (unsigned i = 0; i < 4; i++)
                n |= (size_t)input.data[i + 1] << (8 * i);
        if (n > CLEW_FRAME_BYTES_MAX)
                return -EBADMSG;
        if (input.len - CLEW_FRAME_HEAD_BYTES < n)
                return 0;
        *ret_kind = (enum clew_frame)input.data[0];
        *ret = clew_slice_make(input.data + CLEW_FRAME_HEAD_BYTES, n);
        return (int)(CLEW_FRAME_HEAD_BYTES + n);
}
