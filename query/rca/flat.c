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
        f->hashed = 0;
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
        ret->key = f->key;
        ret->value = value;
        ret->is_string = is_string;
}

uint64_t clew_flat_path(struct clew_flat *f)
{
        uint32_t d = f->depth < CLEW_FLAT_DEPTH_MAX ? f->depth : CLEW_FLAT_DEPTH_MAX - 1;

        for (; f->hashed < d; f->hashed++)
                f->path[f->hashed + 1] =
                        clew_hash_seeded(f->keys[f->hashed + 1], f->path[f->hashed]);
        return clew_hash_seeded(f->key, f->path[d]);
}

static void open_bracket(struct clew_flat *f)
{
        f->depth++;
        if (f->depth < CLEW_FLAT_DEPTH_MAX)
                f->keys[f->depth] = f->key;
}

/* Behind an object of an array the next one stands where it stood: its last member is no part of
 * the path. */
static void close_bracket(struct clew_flat *f)
{
        if (f->depth > 0 && f->depth < CLEW_FLAT_DEPTH_MAX)
                f->key = f->keys[f->depth];
        f->depth -= f->depth > 0;
        if (f->hashed > f->depth)
                f->hashed = f->depth;
}

enum sign { SIGN_OTHER, SIGN_SPACE, SIGN_COLON, SIGN_COMMA, SIGN_CLOSE, SIGN_OPEN, SIGN_QUOTE };

/* What stands between values, and ends one that is no string: all up to SIGN_CLOSE but colons. */
static const uint8_t signs[256] = {
        [' '] = SIGN_SPACE, ['\n'] = SIGN_SPACE, ['\t'] = SIGN_SPACE, ['\r'] = SIGN_SPACE,
        [':'] = SIGN_COLON, [','] = SIGN_COMMA,  ['}'] = SIGN_CLOSE,  [']'] = SIGN_CLOSE,
        ['{'] = SIGN_OPEN,  ['['] = SIGN_OPEN,   ['"'] = SIGN_QUOTE,
};

/* A number or a word, which the byte at hand begins. */
static struct clew_slice take_word(struct clew_flat *f)
{
        const uint8_t *from = f->text.data + f->at;
        const uint8_t *end = f->text.data + f->text.len;
        const uint8_t *at = from + 1;

        for (; at < end; at++) {
                uint8_t sign = signs[*at];

                if (sign == SIGN_SPACE || sign == SIGN_COMMA || sign == SIGN_CLOSE)
                        break;
        }
        f->at = (size_t)(at - f->text.data);
        return clew_slice_make(from, (size_t)(at - from));
}

bool clew_flat_next(struct clew_flat *f, struct clew_flat_leaf *ret)
{
        struct clew_slice s;

        while (f->is_json && f->at < f->text.len) {
                switch ((enum sign)signs[f->text.data[f->at]]) {
                case SIGN_SPACE:
                case SIGN_COLON:
                case SIGN_COMMA:
                        f->at++;
                        break;
                case SIGN_OPEN:
                        open_bracket(f);
                        f->at++;
                        break;
                case SIGN_CLOSE:
                        close_bracket(f);
                        f->at++;
                        break;
                case SIGN_QUOTE:
                        if (!take_string(f, &s) || !is_key(f)) {
                                fill(f, s, true, ret);
                                return true;
                        }
                        f->key = s;
                        break;
                case SIGN_OTHER:
                        s = take_word(f);
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
                sum += clew_hash_seeded(leaf.value, clew_flat_path(&f)) | 1;
        return sum;
}
