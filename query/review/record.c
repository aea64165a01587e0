/*
 * See record.h.
 */
#include "query/review/record.h"

#include "proto/base/sha256.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <string.h>

/* "CLR", version of all bodies, then the kind. */
#define MAGIC "CLR\1"
#define MAGIC_CHANGED "CLR\2"
#define MAGIC_BYTES 4u
/* Two edits are a slip, three are another word. */
#define NEAR_EDITS_MAX 2u

struct clew_content_id clew_content_id_of(struct clew_slice s)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        struct clew_content_id id;

        clew_sha256_of(s, sum);
        memcpy(id.bytes, sum, sizeof(id.bytes));
        return id;
}

void clew_content_id_to_hex(const struct clew_content_id *id, char ret[CLEW_CONTENT_ID_HEX])
{
        clew_hex_encode(clew_slice_make(id->bytes, sizeof(id->bytes)), ret);
}

struct clew_review_key clew_review_key_make(char kind, const uint8_t id[16])
{
        struct clew_review_key k = {.len = 17};

        k.bytes[0] = (uint8_t)kind;
        memcpy(k.bytes + 1, id, 16);
        return k;
}

void clew_review_key_add(struct clew_review_key *k, uint64_t number)
{
        for (unsigned i = 0; i < 8; i++)
                k->bytes[k->len++] = (uint8_t)(number >> (56 - 8 * i));
}

struct clew_review_key clew_review_key_number(uint64_t number)
{
        struct clew_review_key k = {.bytes = {CLEW_KIND_NUMBER}, .len = 1};

        clew_review_key_add(&k, number);
        return k;
}

uint64_t clew_review_key_last(struct clew_slice key)
{
        uint64_t v = 0;

        for (size_t i = key.len < 8 ? 0 : key.len - 8; i < key.len; i++)
                v = v << 8 | key.data[i];
        return v;
}

static int seal(const char *magic, char kind, struct clew_slice body, struct clew_buffer *out)
{
        CLEW_BUFFER whole = {0};

        clew_buffer_init(&whole, CLEW_SHELF_VALUE_MAX);
        clew_buffer_append(&whole, magic, MAGIC_BYTES);
        clew_buffer_append_byte(&whole, (uint8_t)kind);
        clew_buffer_append_slice(&whole, body);
        if (clew_buffer_error(&whole) < 0)
                return clew_buffer_error(&whole);
        return clew_shelf_encode(clew_buffer_slice(&whole), out);
}

int clew_review_seal(char kind, struct clew_slice body, struct clew_buffer *out)
{
        return seal(MAGIC, kind, body, out);
}

int clew_review_seal_changed(char kind, struct clew_slice body, struct clew_buffer *out)
{
        return seal(MAGIC_CHANGED, kind, body, out);
}

void clew_review_mark_changed(uint8_t *value, size_t n)
{
        if (n > MAGIC_BYTES && memcmp(value, MAGIC, MAGIC_BYTES) == 0)
                memcpy(value, MAGIC_CHANGED, MAGIC_BYTES);
}

size_t clew_review_head(struct clew_slice value)
{
        return value.len > MAGIC_BYTES && (memcmp(value.data, MAGIC, MAGIC_BYTES) == 0 ||
                                           clew_review_is_changed(value))
                       ? MAGIC_BYTES + 1
                       : 0;
}

bool clew_review_is_changed(struct clew_slice value)
{
        return value.len > MAGIC_BYTES && memcmp(value.data, MAGIC_CHANGED, MAGIC_BYTES) == 0;
}

bool clew_review_unseal(struct clew_slice value, char kind, struct clew_slice *ret)
{
        if (value.len < MAGIC_BYTES + 1 ||
            (memcmp(value.data, MAGIC, MAGIC_BYTES) != 0 && !clew_review_is_changed(value)) ||
            value.data[MAGIC_BYTES] != (uint8_t)kind)
                return false;
        *ret = clew_slice_from(value, MAGIC_BYTES + 1);
        return true;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool is_bad_in_name(uint32_t c)
{
        return c <= 0x20 || c == 0x7f || c == '@' || c == ',' || c == '=' || c == '"' ||
               (c >= 0x80 && c <= 0xa0) || (c >= 0x2000 && c <= 0x200f) ||
               (c >= 0x2028 && c <= 0x202f) || (c >= 0x2060 && c <= 0x206f) || c == 0x3000 ||
               c == 0xfeff;
}

bool clew_name_is_good(struct clew_slice name)
{
        if (name.len == 0 || name.len > CLEW_NAME_BYTES_MAX || !clew_utf8_valid(name))
                return false;
        if (name.data[0] == '-') /* it would be read as a flag */
                return false;
        while (name.len > 0) {
                if (is_bad_in_name(clew_utf8_next(&name, NULL)))
                        return false;
        }
        return true;
}

bool clew_name_split(struct clew_slice text, struct clew_slice *ret_writer,
                     struct clew_slice *ret_name)
{
        const uint8_t *colon;

        *ret_writer = CLEW_SLICE_NULL;
        *ret_name = text;
        if (text.len == 0 || text.data[0] != '@')
                return clew_name_is_good(text);
        colon = memchr(text.data, ':', text.len);
        if (!colon)
                return false;
        *ret_writer = clew_slice_make(text.data + 1, (size_t)(colon - text.data) - 1);
        *ret_name = clew_slice_from(text, (size_t)(colon - text.data) + 1);
        return clew_name_is_good(*ret_writer) && clew_name_is_good(*ret_name);
}

bool clew_name_is_near(struct clew_slice a, struct clew_slice b)
{
        uint16_t row[CLEW_NAME_BYTES_MAX + 1];

        if (a.len > CLEW_NAME_BYTES_MAX || b.len > CLEW_NAME_BYTES_MAX || a.len == 0 || b.len == 0)
                return false;
        for (size_t j = 0; j <= b.len; j++)
                row[j] = (uint16_t)j;
        for (size_t i = 1; i <= a.len; i++) {
                unsigned diagonal = row[0];

                row[0] = (uint16_t)i;
                for (size_t j = 1; j <= b.len; j++) {
                        unsigned replace = diagonal + (a.data[i - 1] != b.data[j - 1]);
                        unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1u;

                        diagonal = row[j];
                        row[j] = (uint16_t)(replace < step ? replace : step);
                }
        }
        return row[b.len] <= NEAR_EDITS_MAX && row[b.len] < b.len;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

bool clew_take_text(struct clew_json_reader *r, struct clew_arena *arena, struct clew_slice *ret)
{
        struct clew_slice s;

        if (clew_json_next(r) != CLEW_JSON_STRING || r->cut) {
                clew_json_skip(r);
                return false;
        }
        s = clew_json_string(r, arena);
        if (clew_arena_failed(arena) || !clew_utf8_valid(s))
                return false;
        *ret = s;
        return true;
}

bool clew_take_uint(struct clew_json_reader *r, uint64_t *ret)
{
        enum clew_json_token t = clew_json_next(r);

        if ((t == CLEW_JSON_NUMBER || t == CLEW_JSON_STRING) && clew_json_uint64(r, ret))
                return true;
        if (t != CLEW_JSON_NUMBER && t != CLEW_JSON_STRING)
                clew_json_skip(r);
        return false;
}

bool clew_take_bool(struct clew_json_reader *r, bool *ret)
{
        enum clew_json_token t = clew_json_next(r);

        *ret = t == CLEW_JSON_TRUE;
        if (t == CLEW_JSON_TRUE || t == CLEW_JSON_FALSE)
                return true;
        clew_json_skip(r);
        return false;
}

bool clew_take_hex(struct clew_json_reader *r, struct clew_arena *arena, uint8_t *ret, size_t n)
{
        struct clew_slice s;

        return clew_take_text(r, arena, &s) && clew_hex_decode(s, ret, n);
}

/* ---- writing -------------------------------------------------------------------------------- */

void clew_keep_text(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_string(w, text);
}

void clew_keep_texts(struct clew_json_writer *w, const char *key, const struct clew_slice *texts,
                     uint32_t n)
{
        if (n == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < n; i++)
                clew_json_write_string(w, texts[i]);
        clew_json_write_array_end(w);
}

void clew_keep_hex(struct clew_json_writer *w, const char *key, const uint8_t *id, size_t n)
{
        clew_json_write_key(w, key);
        clew_json_write_hex(w, clew_slice_make(id, n));
}
