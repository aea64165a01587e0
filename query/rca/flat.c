/*
 * Scanner over JSON leaves. One pass; state is a byte offset and a small stack of path hashes.
 */
#include "query/rca/flat.h"

#include "proto/base/hash.h"
#include "query/rca/text-int.h"

void clew_flat_init(struct clew_flat *f, struct clew_slice text)
{
        text = clew_text_trim(text);
        /* Of the stacks only what was put there is read. */
        f->text = text;
        f->at = 0;
        f->path[0] = 0;
        f->key = CLEW_SLICE_NULL;
        f->depth = 0;
        f->broken = false;
        f->is_json = text.len > 0 && (text.data[0] == '{' || text.data[0] == '[');
}

/* At a quote: the raw string and the offset behind it. False when it is not closed. */
static bool take_string(struct clew_flat *f, struct clew_slice *ret)
{
        size_t from = ++f->at;
        size_t at = from;

        /* A quote behind an odd number of backslashes is one of the text. */
        while (at < f->text.len) {
                const uint8_t *quote = memchr(f->text.data + at, '"', f->text.len - at);
                size_t back = 0;

                at = quote ? (size_t)(quote - f->text.data) : f->text.len;
                while (quote && at - back > from && quote[-1 - (ptrdiff_t)back] == '\\')
                        back++;
                if (back % 2 == 0)
                        break;
                at++;
        }
        f->at = at;
        if (f->at >= f->text.len) {
                f->at = f->text.len;
                f->broken = true;
                *ret = clew_slice_make(f->text.data + from, f->text.len - from);
                return false;
        }
        *ret = clew_slice_make(f->text.data + from, f->at - from);
        f->at++;
        return true;
}

static bool is_key(const struct clew_flat *f)
{
        size_t i = f->at;

        while (i < f->text.len && is_space(f->text.data[i]))
                i++;
        return i < f->text.len && f->text.data[i] == ':';
}

static void fill(const struct clew_flat *f, struct clew_slice value, bool is_string,
                 struct clew_flat_leaf *ret)
{
        uint32_t d = f->depth < CLEW_FLAT_DEPTH_MAX ? f->depth : CLEW_FLAT_DEPTH_MAX - 1;

        ret->key = f->key;
        ret->value = value;
        ret->is_string = is_string;
        ret->path = clew_hash_seeded(f->key, f->path[d]);
}

static void open_bracket(struct clew_flat *f)
{
        uint32_t d = f->depth < CLEW_FLAT_DEPTH_MAX ? f->depth : CLEW_FLAT_DEPTH_MAX - 1;
        uint64_t path = clew_hash_seeded(f->key, f->path[d]);

        f->depth++;
        if (f->depth < CLEW_FLAT_DEPTH_MAX) {
                f->path[f->depth] = path;
                f->keys[f->depth] = f->key;
        }
}

/* Behind an object of an array the next one stands where it stood: its last member is no part of
 * the path. */
static void close_bracket(struct clew_flat *f)
{
        if (f->depth > 0 && f->depth < CLEW_FLAT_DEPTH_MAX)
                f->key = f->keys[f->depth];
        f->depth -= f->depth > 0;
}

bool clew_flat_next(struct clew_flat *f, struct clew_flat_leaf *ret)
{
        struct clew_slice s;

        while (f->is_json && f->at < f->text.len) {
                uint8_t c = f->text.data[f->at];

                if (c == '{' || c == '[') {
                        open_bracket(f);
                        f->at++;
                } else if (c == '}' || c == ']') {
                        close_bracket(f);
                        f->at++;
                } else if (c == '"') {
                        bool whole = take_string(f, &s);

                        if (whole && is_key(f)) {
                                f->key = s;
                        } else {
                                fill(f, s, true, ret);
                                return true;
                        }
                } else if (is_space(c) || c == ',' || c == ':') {
                        f->at++;
                } else {
                        size_t from = f->at;

                        while (f->at < f->text.len && f->text.data[f->at] != ',' &&
                               f->text.data[f->at] != '}' && f->text.data[f->at] != ']' &&
                               !is_space(f->text.data[f->at]))
                                f->at++;
                        if (f->at == from)
                                f->at++;
                        s = clew_slice_make(f->text.data + from, f->at - from);
                        fill(f, s, false, ret);
                        return true;
                }
        }
        f->broken |= f->is_json && f->depth > 0;
        return false;
}

uint64_t clew_flat_hash(struct clew_slice text)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        uint64_t sum = 1;

        clew_flat_init(&f, text);
        if (!f.is_json)
                return clew_hash(f.text);
        while (clew_flat_next(&f, &leaf))
                sum += clew_hash_seeded(leaf.value, leaf.path) | 1;
        return sum;
}
