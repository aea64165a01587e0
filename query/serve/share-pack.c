/*
 * See share-pack-int.h. The JSON comes from our own writer: keys and values are told by the colon
 * behind a key, and nothing is white space outside of strings.
 */
#include "query/serve/share-pack-int.h"

#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>

/* Shorter ones cost less where they stand than in the table. */
#define TEXT_BYTES_MIN 48u
/* A beginning that is shared; shorter ones are not worth the brackets. */
#define PREFIX_BYTES_MIN 128u
#define TABLE_ROOM_MIN 1024u
/* Texts of one trace. */
#define TEXTS_MAX (1u << 22)
/* Longer than any secret that is told by its name, each byte of it escaped. */
#define NAMED_BYTES_MAX 65536u

void clew_share_pack_init(struct clew_share_pack *p, unsigned rules, size_t max_bytes)
{
        *p = (struct clew_share_pack){0};
        clew_mask_init(&p->mask);
        p->mask.rules = rules;
        clew_buffer_init(&p->texts, max_bytes);
        clew_buffer_init(&p->raw, max_bytes);
        clew_buffer_init(&p->decoded, max_bytes);
        clew_buffer_init(&p->masked, 2 * max_bytes);
        clew_buffer_init(&p->made, 2 * max_bytes);
        for (size_t i = 0; i < CLEW_SHARE_LAST; i++)
                clew_buffer_init(&p->last[i].made, 2 * max_bytes);
}

void clew_share_pack_deinit(struct clew_share_pack *p)
{
        clew_buffer_deinit(&p->texts);
        clew_buffer_deinit(&p->raw);
        clew_buffer_deinit(&p->decoded);
        clew_buffer_deinit(&p->masked);
        clew_buffer_deinit(&p->made);
        for (size_t i = 0; i < CLEW_SHARE_LAST; i++)
                clew_buffer_deinit(&p->last[i].made);
        clew_free(p->table);
        p->table = NULL;
}

/* A page ends a script at "</", wherever it stands. */
static void append_in_page(struct clew_buffer *out, struct clew_slice json)
{
        while (json.len > 0) {
                const uint8_t *lt = memchr(json.data, '<', json.len);
                size_t n = lt ? (size_t)(lt - json.data) : json.len;

                clew_buffer_append(out, json.data, n);
                if (lt)
                        clew_buffer_append_cstr(out, "\\u003c");
                json = clew_slice_from(json, n + (lt != NULL));
        }
}

static bool is_made_of(struct clew_slice s, const char *characters, size_t max)
{
        for (size_t i = 0; i < s.len; i++) {
                if (s.data[i] == '\0' || !strchr(characters, s.data[i]))
                        return false;
        }
        return s.len > 0 && s.len <= max;
}

/*
 * Ids, times and words of ours are no texts of people: a number of them could have the form of a
 * card. What stands behind such a name in an attribute or in the arguments of a tool is anything,
 * so the value must have the form of ours too. An id of digits alone is taken for a text: next to
 * none are, and a card is.
 */
static bool is_of_ours(struct clew_slice key, struct clew_slice raw)
{
        static const char digits[] = "0123456789";
        static const char hex[] = "0123456789abcdef";
        static const char small[] = "abcdefghijklmnopqrstuvwxyz-_";

        if (clew_slice_ends_with(key, CLEW_SLICE_LITERAL("_nano")))
                return is_made_of(raw, digits, 20);
        if (clew_slice_eq_cstr(key, "id") || clew_slice_ends_with(key, CLEW_SLICE_LITERAL("_id")))
                return (raw.len == 16 || raw.len == 32) && is_made_of(raw, hex, 32) &&
                       !is_made_of(raw, digits, 32);
        if (clew_slice_eq_cstr(key, "start"))
                return is_made_of(raw, "0123456789-T:.Z", 32) && memchr(raw.data, 'T', raw.len);
        return (clew_slice_eq_cstr(key, "type") || clew_slice_eq_cstr(key, "kind") ||
                clew_slice_eq_cstr(key, "status")) &&
               is_made_of(raw, small, 32);
}

/* What the escaped text @raw says; it lives in p->decoded when it has escapes. */
static struct clew_slice text_of(struct clew_share_pack *p, struct clew_slice raw)
{
        uint8_t *room;

        if (!memchr(raw.data ? raw.data : (const uint8_t *)"", '\\', raw.len))
                return raw;
        clew_buffer_clear(&p->decoded);
        room = clew_buffer_reserve(&p->decoded, raw.len + 8);
        if (!room)
                return CLEW_SLICE_NULL; /* remembered, and told at the end */
        clew_buffer_commit(&p->decoded, clew_json_decode(raw, room));
        return clew_buffer_slice(&p->decoded);
}

/* What masking has put in place has no "<", the rest is escaped anew. */
static void append_escaped(struct clew_share_pack *p, struct clew_buffer *out)
{
        CLEW_BUFFER escaped = {0};

        clew_buffer_init(&escaped, 8 * p->masked.len + 64);
        clew_json_escape(clew_buffer_slice(&p->masked), &escaped);
        append_in_page(out, clew_buffer_slice(&escaped));
}

/* Whether the text is a secret by the name that it stands behind; it is appended masked then. What
 * stands there is no text of the table: the same may be no secret in another place, and was perhaps
 * kept from there. */
static bool append_named(struct clew_share_pack *p, struct clew_slice key, struct clew_slice raw,
                         struct clew_buffer *out)
{
        enum clew_mask_rule rule;
        struct clew_slice text = raw.len <= NAMED_BYTES_MAX ? text_of(p, raw) : CLEW_SLICE_NULL;

        if (text.len == 0 || !clew_mask_is_named(key, text, &rule) || !(p->mask.rules >> rule & 1))
                return false;
        clew_buffer_clear(&p->masked);
        clew_mask_put(&p->mask, rule, text, &p->masked);
        p->mask.n[rule]++;
        append_escaped(p, out);
        return true;
}

/* Appends the text @raw (escaped, without quotes), masked. */
static void append_masked(struct clew_share_pack *p, struct clew_slice raw, struct clew_buffer *out)
{
        struct clew_slice text = text_of(p, raw);

        clew_buffer_clear(&p->masked);
        if (clew_mask_text(&p->mask, text, &p->masked))
                append_escaped(p, out);
        else
                append_in_page(out, raw);
}

static int grow(struct clew_share_pack *p)
{
        uint32_t room = p->room ? 2 * p->room : TABLE_ROOM_MIN;
        struct clew_share_text *table = clew_calloc(room, sizeof(*table));

        if (!table)
                return -ENOMEM;
        for (uint32_t i = 0; i < p->room; i++) {
                uint64_t at = p->table[i].hash & (room - 1);

                if (p->table[i].len == 0)
                        continue;
                while (table[at].len > 0)
                        at = (at + 1) & (room - 1);
                table[at] = p->table[i];
        }
        clew_free(p->table);
        p->table = table;
        p->room = room;
        return 0;
}

/* The UTF-16 characters of the escaped text @s up to @n bytes, where a character begins that @n
 * does not divide: *n is moved back to it. */
static size_t characters(struct clew_slice s, size_t *n)
{
        size_t units = 0;
        size_t at = 0;

        while (at < *n) {
                uint8_t c = s.data[at];
                size_t len = c == '\\'  ? (at + 1 < s.len && s.data[at + 1] == 'u' ? 6 : 2)
                             : c < 0x80 ? 1
                             : c < 0xe0 ? 2
                             : c < 0xf0 ? 3
                                        : 4;

                if (at + len > *n)
                        break;
                units += len == 4 && c >= 0xf0 ? 2 : 1;
                at += len;
        }
        *n = at;
        return units;
}

static size_t common(struct clew_slice a, struct clew_slice b)
{
        size_t n = a.len < b.len ? a.len : b.len;
        size_t i = 0;

        while (i < n && a.data[i] == b.data[i])
                i++;
        return i;
}

/* The element of p->made: whole, or by the text that stood last behind the same key. */
static void put_text(struct clew_share_pack *p, struct clew_slice key)
{
        uint64_t hash = clew_hash(key);
        struct clew_share_last *last = &p->last[hash % CLEW_SHARE_LAST];
        struct clew_slice made = clew_buffer_slice(&p->made);
        size_t n = last->key == hash ? common(clew_buffer_slice(&last->made), made) : 0;
        size_t units = n >= PREFIX_BYTES_MIN ? characters(made, &n) : 0;

        if (units > 0) {
                clew_buffer_printf(&p->texts, "[%u,%zu,", last->index, units);
                made = clew_slice_from(made, n);
        }
        clew_buffer_append_byte(&p->texts, '"');
        clew_buffer_append_slice(&p->texts, made);
        clew_buffer_append_byte(&p->texts, '"');
        if (units > 0)
                clew_buffer_append_byte(&p->texts, ']');
        if (p->made.len < PREFIX_BYTES_MIN)
                return;
        last->key = hash;
        last->index = p->n;
        clew_buffer_clear(&last->made);
        clew_buffer_append_slice(&last->made, clew_buffer_slice(&p->made));
}

/* The index of a text, which is added when it is new. */
static int intern(struct clew_share_pack *p, struct clew_slice key, struct clew_slice raw,
                  uint32_t *ret)
{
        uint64_t hash = clew_hash(raw);
        struct clew_share_text *t;
        int r = p->n >= p->room / 2 ? grow(p) : 0;

        if (r < 0)
                return r;
        for (uint64_t at = hash & (p->room - 1);; at = (at + 1) & (p->room - 1)) {
                t = &p->table[at];
                if (t->len == 0)
                        break;
                if (t->hash == hash && t->len == raw.len &&
                    memcmp(p->raw.data + t->at, raw.data, raw.len) == 0) {
                        *ret = t->index;
                        return 0;
                }
        }
        if (p->n == TEXTS_MAX || raw.len > UINT32_MAX)
                return -EMSGSIZE;
        *t = (struct clew_share_text){hash, p->raw.len, (uint32_t)raw.len, p->n};
        clew_buffer_append_slice(&p->raw, raw);
        if (p->n > 0)
                clew_buffer_append_cstr(&p->texts, ",\n");
        clew_buffer_clear(&p->made);
        append_masked(p, raw, &p->made);
        put_text(p, key);
        *ret = p->n++;
        return clew_buffer_error(&p->raw) < 0 || clew_buffer_error(&p->texts) < 0 ||
                               clew_buffer_error(&p->made) < 0
                       ? -EMSGSIZE
                       : 0;
}

static int put_value(struct clew_share_pack *p, struct clew_slice key, struct clew_slice raw,
                     struct clew_buffer *out)
{
        uint32_t index;
        int r;

        clew_buffer_append_byte(out, '"');
        if (is_of_ours(key, raw)) {
                append_in_page(out, raw);
        } else if (append_named(p, key, raw, out)) {
                /* nothing more */
        } else if (raw.len >= TEXT_BYTES_MIN ||
                   clew_slice_starts_with(raw, CLEW_SLICE_LITERAL("\\u0001"))) {
                r = intern(p, key, raw, &index);
                if (r < 0)
                        return r;
                clew_buffer_printf(out, "\\u0001%u", index);
        } else {
                append_masked(p, raw, out);
        }
        clew_buffer_append_byte(out, '"');
        return 0;
}

/* Behind the quote that opens a string: where the one stands that closes it. */
static size_t string_end(struct clew_slice json, size_t at)
{
        while (at < json.len && json.data[at] != '"')
                at += json.data[at] == '\\' ? 2 : 1;
        return at < json.len ? at : json.len;
}

int clew_share_pack_add(struct clew_share_pack *p, struct clew_slice json, struct clew_buffer *out)
{
        struct clew_slice key = CLEW_SLICE_NULL;
        size_t at = 0;

        while (at < json.len) {
                const uint8_t *quote = memchr(json.data + at, '"', json.len - at);
                size_t begin = quote ? (size_t)(quote - json.data) : json.len;
                size_t end;
                struct clew_slice raw;

                clew_buffer_append(out, json.data + at, begin - at);
                if (!quote)
                        break;
                end = string_end(json, begin + 1);
                raw = clew_slice_make(json.data + begin + 1, end - begin - 1);
                at = end < json.len ? end + 1 : end;
                if (at < json.len && json.data[at] == ':') {
                        key = raw;
                        clew_buffer_append_byte(out, '"');
                        append_in_page(out, raw);
                        clew_buffer_append_byte(out, '"');
                } else {
                        int r = put_value(p, key, raw, out);

                        if (r < 0)
                                return r;
                }
        }
        if (clew_buffer_error(&p->decoded) < 0 || clew_buffer_error(&p->masked) < 0)
                return -EMSGSIZE;
        return clew_buffer_error(out) < 0 ? -EMSGSIZE : 0;
}
