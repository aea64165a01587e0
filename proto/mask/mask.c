/*
 * See mask.h: rules by name, the walk that merges what the finders find, what stands in place of a
 * secret, and texts that are JSON. The finders: mask-keys.c, mask-names.c, mask-numbers.c.
 *
 * JSON is not written anew: bytes are copied from secret to secret, and only a string that holds
 * one is escaped again. So a text without secrets stays as it is, and one with a secret changes
 * there alone.
 */
#include "proto/mask/mask.h"

#include "proto/base/find.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/sha256.h"
#include "proto/mask/mask-int.h"

#include <string.h>

/* JSON inside of strings of JSON: arguments in a message in a body are three. */
#define LEVELS_MAX 4u
/* Of the keyed hash: 48 bits tell a million secrets apart. */
#define HASH_BYTES 6u

static const char *const names[CLEW_MASK_RULES] = {"private-key", "api-key", "token", "secret",
                                                   "email",       "card",    "iban",  "phone"};

const char *clew_mask_rule_name(enum clew_mask_rule rule)
{
        return names[rule];
}

static bool add_rule(struct clew_slice name, unsigned *rules)
{
        for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                if (clew_slice_eq_cstr(name, names[i])) {
                        *rules |= 1u << i;
                        return true;
                }
        }
        return false;
}

bool clew_mask_rules_parse(struct clew_slice text, unsigned *ret)
{
        unsigned rules = 0;

        if (clew_slice_eq_cstr(text, "all") || clew_slice_eq_cstr(text, "none")) {
                *ret = text.data[0] == 'a' ? CLEW_MASK_ALL : 0;
                return true;
        }
        for (;;) {
                const uint8_t *comma = text.len ? memchr(text.data, ',', text.len) : NULL;
                size_t n = comma ? (size_t)(comma - text.data) : text.len;

                if (!add_rule(clew_slice_make(text.data, n), &rules))
                        return false;
                if (!comma)
                        break;
                text = clew_slice_from(text, n + 1);
        }
        *ret = rules;
        return true;
}

/* ---- finding -------------------------------------------------------------------------------- */

/* Of two that begin and end at the same places the first here is told. */
static const struct {
        clew_mask_find_fn *find;
        unsigned rules;
} finders[CLEW_MASK_FINDERS] = {
        {clew_mask_find_private_key, 1u << CLEW_MASK_PRIVATE_KEY},
        {clew_mask_find_api_key, 1u << CLEW_MASK_API_KEY},
        {clew_mask_find_jwt, 1u << CLEW_MASK_TOKEN},
        {clew_mask_find_bearer, 1u << CLEW_MASK_TOKEN},
        {clew_mask_find_address, 1u << CLEW_MASK_TOKEN},
        {clew_mask_find_number,
         1u << CLEW_MASK_CARD | 1u << CLEW_MASK_IBAN | 1u << CLEW_MASK_PHONE},
        {clew_mask_find_behind_colon, 1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE},
        {clew_mask_find_behind_equals, 1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE},
        {clew_mask_find_email, 1u << CLEW_MASK_EMAIL},
};

void clew_mask_scan_begin(struct clew_mask_scan *s, struct clew_slice text, unsigned rules)
{
        s->text = text;
        s->rules = rules;
        s->at = 0;
        for (unsigned i = 0; i < CLEW_MASK_FINDERS; i++) {
                s->ended[i] = (finders[i].rules & rules) == 0;
                s->next[i] = (struct clew_mask_hit){0}; /* before everything: to be looked for */
        }
}

bool clew_mask_scan_next(struct clew_mask_scan *s, struct clew_mask_hit *ret)
{
        const struct clew_mask_hit *best = NULL;

        for (unsigned i = 0; i < CLEW_MASK_FINDERS; i++) {
                struct clew_mask_hit *h = &s->next[i];

                /* A finder goes on where the last secret ended, so it never walks a place twice. */
                if (!s->ended[i] && (h->to == 0 || h->from < s->at))
                        s->ended[i] = !finders[i].find(s->text, s->at, s->rules, h);
                if (s->ended[i])
                        continue;
                if (!best || h->from < best->from || (h->from == best->from && h->to > best->to))
                        best = h;
        }
        if (!best)
                return false;
        *ret = *best;
        s->at = best->to;
        return true;
}

/* ---- masking -------------------------------------------------------------------------------- */

void clew_mask_init(struct clew_mask *m)
{
        *m = (struct clew_mask){.rules = CLEW_MASK_ALL};
}

uint64_t clew_mask_count(const struct clew_mask *m)
{
        uint64_t n = 0;

        for (int i = 0; i < CLEW_MASK_RULES; i++)
                n += m->n[i];
        return n;
}

void clew_mask_put(const struct clew_mask *m, enum clew_mask_rule rule, struct clew_slice secret,
                   struct clew_buffer *out)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        char hex[2 * HASH_BYTES + 1];
        struct clew_sha256 h;

        clew_buffer_append_cstr(out, "[redacted:");
        clew_buffer_append_cstr(out, names[rule]);
        if (m->has_key) {
                clew_sha256_init(&h);
                clew_sha256_add(&h, clew_slice_make(m->key, sizeof(m->key)));
                clew_sha256_add(&h, secret);
                clew_sha256_end(&h, sum);
                clew_hex_encode(clew_slice_make(sum, HASH_BYTES), hex);
                clew_buffer_append_byte(out, ':');
                clew_buffer_append_cstr(out, hex);
        }
        clew_buffer_append_byte(out, ']');
}

static struct clew_slice part(struct clew_slice text, size_t from, size_t to)
{
        return clew_slice_make(text.data + from, to - from);
}

static bool mask_plain(struct clew_mask *m, struct clew_slice text, struct clew_buffer *out)
{
        struct clew_mask_scan s;
        struct clew_mask_hit h;
        size_t last = 0;

        if (text.len == 0)
                return false;
        clew_mask_scan_begin(&s, text, m->rules);
        while (clew_mask_scan_next(&s, &h)) {
                clew_buffer_append_slice(out, part(text, last, h.from));
                clew_mask_put(m, h.rule, part(text, h.from, h.to), out);
                m->n[h.rule]++;
                last = h.to;
        }
        if (last > 0)
                clew_buffer_append_slice(out, clew_slice_from(text, last));
        return last > 0;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* One text that is JSON: the whole, or what a string of the level above says. */
struct level {
        struct clew_json_reader r;
        struct clew_slice json;
        size_t last;             /* copied to out so far */
        struct clew_buffer out;  /* empty until there is a secret */
        struct clew_buffer text; /* the string that was read, decoded */
        struct clew_buffer name; /* of the member whose value comes next */
        bool has_name;
        size_t from; /* of the string whose text the level below reads */
        size_t to;
        bool is_key;
};

static bool is_json(struct clew_slice text)
{
        struct clew_json_reader r;
        size_t i = 0;

        while (i < text.len && (text.data[i] == ' ' || (text.data[i] >= 9 && text.data[i] <= 13)))
                i++;
        if (i == text.len || (text.data[i] != '{' && text.data[i] != '['))
                return false;
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        clew_json_skip(&r);
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE;
}

/* Puts @text, as a string, in the place of the bytes from @from to @to. */
static void splice(struct level *l, size_t from, size_t to, struct clew_slice text)
{
        struct clew_json_writer w = clew_json_writer_make(&l->out, 0);

        w.verbatim = true;
        clew_buffer_append_slice(&l->out, part(l->json, l->last, from));
        clew_json_write_string(&w, text);
        l->last = to;
}

static void push(struct level *l, struct clew_slice json)
{
        l->r = clew_json_reader_make(json, CLEW_JSON_DEPTH_MAX);
        l->json = json;
        l->last = 0;
        l->has_name = false;
        clew_buffer_clear(&l->out);
}

/* A key, a string or a number; true when the level below is to read it first. */
static bool take_scalar(struct clew_mask *m, struct level *l, struct clew_buffer *scratch,
                        bool may_nest)
{
        enum clew_json_token token = l->r.token;
        enum clew_mask_rule rule;
        struct clew_slice text;
        bool quoted = token != CLEW_JSON_NUMBER;

        l->from = l->r.offset;
        l->to = (size_t)(l->r.text.data - l->json.data) + l->r.text.len + quoted;
        l->is_key = token == CLEW_JSON_KEY;
        clew_buffer_clear(&l->text);
        if (quoted)
                clew_json_append_string(&l->r, &l->text);
        else
                clew_buffer_append_slice(&l->text, l->r.text);
        text = clew_buffer_slice(&l->text);
        if (!l->is_key && l->has_name &&
            (m->rules & (1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE)) &&
            clew_mask_is_named(clew_buffer_slice(&l->name), text, &rule) &&
            (m->rules >> rule & 1)) {
                clew_buffer_clear(scratch);
                clew_mask_put(m, rule, text, scratch);
                m->n[rule]++;
                splice(l, l->from, l->to, clew_buffer_slice(scratch));
                return false;
        }
        if (quoted && may_nest && is_json(text))
                return true;
        clew_buffer_clear(scratch);
        if (mask_plain(m, text, scratch))
                splice(l, l->from, l->to, clew_buffer_slice(scratch));
        return false;
}

/* After a token: which name stands before the next value. */
static void keep_name(struct level *l, enum clew_json_token token)
{
        l->has_name = token == CLEW_JSON_KEY;
        if (!l->has_name)
                return;
        clew_buffer_clear(&l->name);
        clew_buffer_append_slice(&l->name, clew_buffer_slice(&l->text));
}

static int first_error(const struct level *levels, const struct clew_buffer *scratch)
{
        int r = clew_buffer_error(scratch);

        for (unsigned i = 0; i < LEVELS_MAX; i++) {
                r = r ? r : clew_buffer_error(&levels[i].out);
                r = r ? r : clew_buffer_error(&levels[i].text);
                r = r ? r : clew_buffer_error(&levels[i].name);
        }
        return r;
}

/* What the top level has become, when it is another than it was. */
static bool finish(struct level *l)
{
        if (l->last == 0)
                return false;
        clew_buffer_append_slice(&l->out, clew_slice_from(l->json, l->last));
        return true;
}

static bool walk(struct clew_mask *m, struct level *levels, struct clew_buffer *scratch)
{
        unsigned top = 0;

        for (;;) {
                struct level *l = &levels[top];
                enum clew_json_token token = clew_json_next(&l->r);

                if (token == CLEW_JSON_END) {
                        bool changed = finish(l);

                        if (top == 0)
                                return changed;
                        top--;
                        l = &levels[top];
                        if (changed)
                                splice(l, l->from, l->to, clew_buffer_slice(&levels[top + 1].out));
                        keep_name(l, l->is_key ? CLEW_JSON_KEY : CLEW_JSON_STRING);
                        continue;
                }
                if (token == CLEW_JSON_KEY || token == CLEW_JSON_STRING ||
                    token == CLEW_JSON_NUMBER) {
                        if (take_scalar(m, l, scratch, top + 1 < LEVELS_MAX)) {
                                top++;
                                push(&levels[top], clew_buffer_slice(&l->text));
                                continue;
                        }
                }
                keep_name(l, token);
        }
}

static bool mask_json(struct clew_mask *m, struct clew_slice json, struct clew_buffer *out)
{
        struct level levels[LEVELS_MAX];
        CLEW_BUFFER scratch = {0};
        bool changed;
        int r;

        for (unsigned i = 0; i < LEVELS_MAX; i++) {
                levels[i] = (struct level){0};
                clew_buffer_init(&levels[i].out, out->max_bytes);
                clew_buffer_init(&levels[i].text, out->max_bytes);
                clew_buffer_init(&levels[i].name, out->max_bytes);
        }
        clew_buffer_init(&scratch, out->max_bytes);
        push(&levels[0], json);
        changed = walk(m, levels, &scratch);
        r = first_error(levels, &scratch);
        if (r < 0)
                out->error = out->error ? out->error : r;
        else if (changed)
                clew_buffer_append_slice(out, clew_buffer_slice(&levels[0].out));
        for (unsigned i = 0; i < LEVELS_MAX; i++) {
                clew_buffer_deinit(&levels[i].out);
                clew_buffer_deinit(&levels[i].text);
                clew_buffer_deinit(&levels[i].name);
        }
        return changed || r < 0;
}

/* Where nothing is found in the text as it stands, and no escape can hide anything, nothing is
 * found by reading it as JSON either. */
static bool is_clean(const struct clew_mask *m, struct clew_slice text)
{
        struct clew_mask_scan s;
        struct clew_mask_hit h;

        clew_mask_scan_begin(&s, text, m->rules);
        return !clew_mask_scan_next(&s, &h) && !clew_find(text, "\\u", 2) &&
               !clew_find(text, "\\/", 2);
}

bool clew_mask_text(struct clew_mask *m, struct clew_slice text, struct clew_buffer *out)
{
        if (text.len == 0 || m->rules == 0)
                return false;
        if (text.data[0] != '{' && text.data[0] != '[' && text.data[0] > ' ')
                return mask_plain(m, text, out);
        if (is_clean(m, text))
                return false;
        return is_json(text) ? mask_json(m, text, out) : mask_plain(m, text, out);
}
