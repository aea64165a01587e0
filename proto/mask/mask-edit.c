/*
 * Masking of texts that may be JSON, as a list of edits: which bytes go, and what comes in their
 * place. All other bytes stay as they are: JSON is not written anew.
 *
 * A string of JSON is read decoded, and again as JSON when it is some, four levels deep; what is
 * found there is traced back, escape by escape, to the bytes of the outermost text that say it.
 * What is put in needs no escaping, so it can stand there at whatever depth. JSON that is cut off
 * is read as far as it goes, and as plain text too; so is what stops being JSON in the middle.
 */
#include "proto/base/find.h"
#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "proto/base/mem.h"
#include "proto/mask/mask-int.h"

#include <errno.h>
#include <string.h>

/* Steps of a pattern at one place. */
#define PATTERN_STEPS 20000u
#define NO_RULE UINT32_MAX
/* Texts remembered as clean, in 256 KiB; shorter ones are looked at as fast as they are hashed. */
#define CLEAN_SLOTS 32768u
#define CLEAN_BYTES_MIN 64u

enum { AS_PLAIN = 1, AS_JSON = 2 };

/* One text that is JSON: the whole, or what a string of the level above says. */
struct clew_mask_level {
        struct clew_json_reader r;
        struct clew_slice json;
        struct clew_buffer text;  /* the string that was read, decoded */
        struct clew_slice name;   /* of the member whose value comes next */
        struct clew_buffer named; /* its bytes, when they had to be decoded */
        bool has_name;
        unsigned taken; /* by the rule of a name further up */
        unsigned taken_depth;
        /* The token at hand: where its text is in json, and how far it was traced. */
        size_t raw;
        size_t raw_end;
        size_t at;
        size_t decoded;
        bool is_key;
};

/* ---- what it works with --------------------------------------------------------------------- */

void clew_mask_work_init(struct clew_mask_work *w, size_t max_bytes)
{
        *w = (struct clew_mask_work){.max_bytes = max_bytes};
        clew_buffer_init(&w->edits, max_bytes);
        clew_buffer_init(&w->put, max_bytes);
        clew_buffer_init(&w->parts, max_bytes);
        clew_buffer_init(&w->late, max_bytes);
        clew_buffer_init(&w->merged, max_bytes);
        clew_buffer_init(&w->scratch, max_bytes);
}

void clew_mask_work_deinit(struct clew_mask_work *w)
{
        clew_buffer_deinit(&w->edits);
        clew_buffer_deinit(&w->put);
        clew_buffer_deinit(&w->parts);
        clew_buffer_deinit(&w->late);
        clew_buffer_deinit(&w->merged);
        clew_buffer_deinit(&w->scratch);
        for (unsigned i = 0; w->levels && i < CLEW_MASK_LEVELS; i++) {
                clew_buffer_deinit(&w->levels[i].text);
                clew_buffer_deinit(&w->levels[i].named);
        }
        clew_free(w->levels);
        clew_free(w->clean);
        clew_pattern_room_free(w->room);
        w->clean = NULL;
        w->levels = NULL;
        w->room = NULL;
}

void clew_mask_work_begin(struct clew_mask_work *w, size_t bytes)
{
        clew_buffer_clear(&w->edits);
        clew_buffer_clear(&w->put);
        clew_buffer_clear(&w->late);
        w->name = CLEW_SLICE_NULL;
        if (w->joint)
                clew_joint_begin(w->joint);
        w->budget = (struct clew_mask_budget){.bytes = bytes};
        w->error = 0;
}

static void tidy(struct clew_buffer *b, size_t keep_bytes)
{
        if (b->capacity > keep_bytes)
                clew_buffer_deinit(b);
}

void clew_mask_work_tidy(struct clew_mask_work *w, size_t keep_bytes)
{
        tidy(&w->edits, keep_bytes);
        tidy(&w->put, keep_bytes);
        tidy(&w->parts, keep_bytes);
        tidy(&w->late, keep_bytes);
        tidy(&w->merged, keep_bytes);
        tidy(&w->scratch, keep_bytes);
        for (unsigned i = 0; w->levels && i < CLEW_MASK_LEVELS; i++) {
                tidy(&w->levels[i].text, keep_bytes);
                tidy(&w->levels[i].named, keep_bytes);
        }
}

static bool make_levels(struct clew_mask_work *w)
{
        if (!w->levels) {
                w->levels = clew_calloc(CLEW_MASK_LEVELS, sizeof(*w->levels));
                for (unsigned i = 0; w->levels && i < CLEW_MASK_LEVELS; i++) {
                        clew_buffer_init(&w->levels[i].text, w->max_bytes);
                        clew_buffer_init(&w->levels[i].named, w->max_bytes);
                }
        }
        if (!w->levels)
                w->error = -ENOMEM;
        return w->levels != NULL;
}

static void note_error(struct clew_mask_work *w, const struct clew_buffer *b)
{
        if (w->error == 0)
                w->error = clew_buffer_error(b);
}

/* ---- edits ---------------------------------------------------------------------------------- */

static struct clew_slice part(struct clew_slice text, size_t from, size_t to)
{
        return clew_slice_make(text.data + from, to - from);
}

static void add_edit(struct clew_mask_work *w, size_t from, size_t to, size_t put)
{
        const struct clew_mask_edit e = {.from = from, .to = to, .put = put, .n = w->put.len - put};

        clew_buffer_append(&w->edits, &e, sizeof(e));
        note_error(w, &w->edits);
        note_error(w, &w->put);
}

static void count(struct clew_mask *m, unsigned rule)
{
        if (rule < CLEW_MASK_RULES)
                m->n[rule]++;
        else
                m->n_own[rule - CLEW_MASK_RULES]++;
}

/* What comes in the place of @n bytes that say @secret. */
static void put_for(struct clew_mask *m, struct clew_mask_work *w, const struct clew_mask_hit *h,
                    struct clew_slice secret, size_t n)
{
        bool digits = h->form && h->form->form.kind != CLEW_FORM_TEXT;
        uint8_t *to;

        if (h->form)
                secret = m->own->texts[h->form->text].text;
        if (!m->same_length && !digits) {
                clew_mask_put(m, h->rule, secret, &w->put);
                return;
        }
        to = clew_buffer_reserve(&w->put, n);
        if (!to)
                return;
        if (digits)
                clew_mask_fill_digits(secret, m->key, to, n);
        else
                clew_mask_fill(secret, m->key, to, n);
        clew_buffer_commit(&w->put, n);
}

/* ---- tracing back --------------------------------------------------------------------------- */

/* Where in json the text of @l's token is decoded to @off bytes; within an escape its end when
 * @is_end, else its begin. Places are asked for in ascending order. */
static size_t trace_one(struct clew_mask_level *l, size_t off, bool is_end)
{
        while (l->decoded < off) {
                const uint8_t *p = l->json.data + l->at;
                size_t left = l->raw_end - l->at;
                size_t most = off - l->decoded < left ? off - l->decoded : left;
                const uint8_t *escape;
                size_t n;
                size_t means = 0;

                if (left == 0)
                        break;
                if (*p != '\\') {
                        escape = memchr(p, '\\', most);
                        n = escape ? (size_t)(escape - p) : most;
                        l->at += n;
                        l->decoded += n;
                        continue;
                }
                n = clew_json_escape_len(clew_slice_make(p, left), &means);
                if (!is_end && l->decoded + means > off)
                        break;
                l->at += n;
                l->decoded += means;
        }
        return l->at;
}

/* The place in the outermost text of a place in the text that level @top reads (0: the outermost
 * itself). */
static size_t trace(struct clew_mask_work *w, unsigned top, size_t off, bool is_end)
{
        while (top > 0) {
                struct clew_mask_level *l = &w->levels[--top];

                off = l->r.escaped ? trace_one(l, off, is_end) : l->raw + off;
        }
        return off;
}

/* ---- plain text ----------------------------------------------------------------------------- */

static bool make_room(const struct clew_mask *m, struct clew_mask_work *w)
{
        if (m->own && m->own->n_patterns > 0 && !w->room) {
                w->room = clew_pattern_room_new(PATTERN_STEPS);
                if (!w->room)
                        w->error = -ENOMEM;
        }
        return w->error == 0;
}

static void begin_scan(const struct clew_mask *m, struct clew_mask_work *w,
                       struct clew_mask_scan *s, struct clew_slice text)
{
        if (m->own)
                clew_mask_scan_begin_own(s, text, m->rules, m->own, w->room, &w->budget);
        else
                clew_mask_scan_begin(s, text, m->rules);
}

/* Texts alone are looked for, and none stands in @text: what nearly all strings are. */
static bool has_no_text(const struct clew_mask *m, struct clew_slice text)
{
        size_t at;
        uint32_t word;

        return m->rules == 0 && m->own && m->own->n_patterns == 0 && m->own->n_keys == 0 &&
               m->own->needles && !clew_needles_find(m->own->needles, text, 0, &at, &word);
}

/* The slot of @text, in *ret_hash what it has when the text is clean; NULL: not remembered. @as
 * tells apart how it was looked at. */
static uint64_t *clean_slot(struct clew_mask_work *w, struct clew_slice text, uint64_t as,
                            uint64_t *ret_hash)
{
        if (w->seed == 0 || w->joint || text.len < CLEAN_BYTES_MIN)
                return NULL;
        if (!w->clean)
                w->clean = clew_calloc(CLEAN_SLOTS, sizeof(*w->clean));
        if (!w->clean)
                return NULL;
        *ret_hash = clew_hash_seeded(text, w->seed ^ as);
        *ret_hash += *ret_hash == 0; /* an empty slot has 0 */
        return &w->clean[*ret_hash % CLEAN_SLOTS];
}

/* @text is what level @top reads, or its token says. */
static void look_plain(struct clew_mask *m, struct clew_mask_work *w, struct clew_slice text,
                       unsigned top, size_t base)
{
        struct clew_mask_scan s;
        struct clew_mask_hit h;
        uint64_t *slot;
        uint64_t hash = 0;
        bool found = false;

        if (text.len == 0 || has_no_text(m, text))
                return;
        slot = clean_slot(w, text, AS_PLAIN, &hash);
        if (slot && *slot == hash)
                return;
        begin_scan(m, w, &s, text);
        while (w->error == 0 && clew_mask_scan_next(&s, &h)) {
                found = true;
                size_t from = trace(w, top, h.from, false);
                size_t to = trace(w, top, h.to, true);
                size_t put = w->put.len;

                if (from >= to)
                        continue;
                put_for(m, w, &h, part(text, h.from, h.to), to - from);
                add_edit(w, base + from, base + to, put);
                count(m, h.rule);
                m->n_unsure += h.is_unsure;
        }
        if (slot && !found && w->error == 0)
                *slot = hash;
}

/* ---- texts in parts ------------------------------------------------------------------------- */

struct placing {
        struct clew_mask_work *w;
        unsigned top;
        size_t base;
};

static size_t place(void *context, size_t at, bool is_end)
{
        const struct placing *p = context;

        return p->base + trace(p->w, p->top, at, is_end);
}

static void look_joint(struct clew_mask *m, struct clew_mask_work *w, struct clew_slice text,
                       unsigned top, size_t base)
{
        struct placing p = {w, top, base};
        struct clew_slice name = top > 0 ? w->levels[top - 1].name : w->name;
        unsigned n;

        clew_buffer_clear(&w->parts);
        n = clew_joint_next(w->joint, name, text, place, &p, &w->parts);
        for (size_t at = 0; at < w->parts.len; at += sizeof(struct clew_joint_part)) {
                struct clew_joint_part part;
                struct clew_mask_edit e;
                uint8_t *to;

                memcpy(&part, w->parts.data + at, sizeof(part));
                e = (struct clew_mask_edit){.from = part.from,
                                            .to = part.to,
                                            .put = w->put.len,
                                            .n = part.to - part.from};
                to = clew_buffer_reserve(&w->put, e.n);
                if (!to)
                        break;
                clew_mask_fill_digits(m->own->texts[0].text, m->key, to, e.n);
                clew_buffer_commit(&w->put, e.n);
                clew_buffer_append(&w->late, &e, sizeof(e));
        }
        m->n_own[m->own->texts[0].rule] += n;
        note_error(w, &w->parts);
        note_error(w, &w->put);
        note_error(w, &w->late);
}

/* @text is what level @top reads, or its token says; parts of a text in it are followed too. */
static void look_all(struct clew_mask *m, struct clew_mask_work *w, struct clew_slice text,
                     unsigned top, size_t base)
{
        size_t at[CLEW_MASK_LEVELS];
        size_t decoded[CLEW_MASK_LEVELS];

        for (unsigned i = 0; w->joint && i < top; i++) {
                at[i] = w->levels[i].at;
                decoded[i] = w->levels[i].decoded;
        }
        look_plain(m, w, text, top, base);
        if (!w->joint || w->error)
                return;
        for (unsigned i = 0; i < top; i++) {
                w->levels[i].at = at[i];
                w->levels[i].decoded = decoded[i];
        }
        look_joint(m, w, text, top, base);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void push(struct clew_mask_level *l, struct clew_slice json)
{
        l->r = clew_json_reader_make(json, CLEW_JSON_DEPTH_MAX);
        l->json = json;
        l->has_name = false;
        l->taken = NO_RULE;
}

/* A number that goes: where lengths stay it is one of nines, else a string, whose quotes are
 * escaped as deep as it stands. */
static void take_number(struct clew_mask *m, struct clew_mask_work *w, unsigned top,
                        const struct clew_mask_hit *h, struct clew_slice text, size_t base)
{
        size_t at = w->levels[top].raw;
        size_t from = trace(w, top, at, false);
        size_t to = trace(w, top, at + text.len, true);
        size_t put = w->put.len;
        size_t slashes = ((size_t)1 << top) - 1;

        for (size_t i = from; m->same_length && i < to; i++)
                clew_buffer_append_byte(&w->put, '9');
        if (!m->same_length) {
                for (size_t i = 0; i < slashes; i++)
                        clew_buffer_append_byte(&w->put, '\\');
                clew_buffer_append_byte(&w->put, '"');
                put_for(m, w, h, text, text.len);
                for (size_t i = 0; i < slashes; i++)
                        clew_buffer_append_byte(&w->put, '\\');
                clew_buffer_append_byte(&w->put, '"');
        }
        add_edit(w, base + from, base + to, put);
        count(m, h->rule);
}

static bool is_all_nines(struct clew_slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] != '9')
                        return false;
        }
        return true;
}

/* The whole token goes. */
static void take_token(struct clew_mask *m, struct clew_mask_work *w, unsigned top, unsigned rule,
                       struct clew_slice text, size_t base)
{
        struct clew_mask_level *l = &w->levels[top];
        const struct clew_mask_hit h = {.rule = rule};
        size_t put = w->put.len;
        size_t from;
        size_t to;

        if (l->r.token == CLEW_JSON_NUMBER) {
                if (!is_all_nines(text))
                        take_number(m, w, top, &h, text, base);
                return;
        }
        if (clew_mask_is_mark(text))
                return;
        from = trace(w, top + 1, 0, false);
        to = trace(w, top + 1, text.len, true);
        put_for(m, w, &h, text, to - from);
        add_edit(w, base + from, base + to, put);
        count(m, rule);
}

/* true and false say something too; null does not. */
static void take_word(struct clew_mask *m, struct clew_mask_work *w, unsigned top, size_t base)
{
        struct clew_mask_level *l = &w->levels[top];
        size_t n = l->r.token == CLEW_JSON_TRUE ? 4 : 5;
        size_t from = trace(w, top, l->r.offset, false);
        size_t to = trace(w, top, l->r.offset + n, true);
        size_t put = w->put.len;

        clew_buffer_append(&w->put, "null", 4);
        for (size_t i = from + 4; i < to; i++)
                clew_buffer_append_byte(&w->put, ' ');
        add_edit(w, base + from, base + to, put);
        count(m, l->taken);
}

/* Which rule takes the value at hand because of a name, or NO_RULE. */
static unsigned named_rule(const struct clew_mask *m, const struct clew_mask_level *l,
                           struct clew_slice text)
{
        enum clew_mask_rule rule;
        int own;

        if (l->taken != NO_RULE)
                return l->taken;
        if (!l->has_name)
                return NO_RULE;
        own = m->own ? clew_own_key_rule(m->own, l->name) : -1;
        if (own >= 0)
                return CLEW_MASK_RULES + (unsigned)own;
        if ((m->rules & (1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE)) &&
            clew_mask_is_named(l->name, text, &rule) && (m->rules >> rule & 1))
                return rule;
        return NO_RULE;
}

static bool looks_like_json(struct clew_slice text)
{
        size_t i = 0;

        while (i < text.len && (text.data[i] == ' ' || (text.data[i] >= 9 && text.data[i] <= 13)))
                i++;
        return i < text.len && (text.data[i] == '{' || text.data[i] == '[');
}

static bool is_json(struct clew_slice text)
{
        struct clew_json_reader r;

        if (!looks_like_json(text))
                return false;
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);
        (void)clew_json_next(&r);
        clew_json_skip(&r);
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE;
}

/* Makes the token at hand ready to be traced into, and returns what it says. */
static struct clew_slice open_token(struct clew_mask_work *w, struct clew_mask_level *l)
{
        l->raw = (size_t)(l->r.text.data - l->json.data);
        l->raw_end = l->raw + l->r.text.len;
        l->at = l->raw;
        l->decoded = 0;
        l->is_key = l->r.token == CLEW_JSON_KEY;
        if (l->r.token == CLEW_JSON_NUMBER)
                l->r.escaped = false;
        if (!l->r.escaped)
                return l->r.text;
        clew_buffer_clear(&l->text);
        clew_json_append_string(&l->r, &l->text);
        note_error(w, &l->text);
        return clew_buffer_slice(&l->text);
}

/* A number is one secret or none. */
static void look_number(struct clew_mask *m, struct clew_mask_work *w, unsigned top,
                        struct clew_slice text, size_t base)
{
        struct clew_mask_scan s;
        struct clew_mask_hit h;

        if (has_no_text(m, text))
                return;
        begin_scan(m, w, &s, text);
        if (clew_mask_scan_next(&s, &h))
                take_number(m, w, top, &h, text, base);
}

/* A key, a string or a number; true when the level below is to read *ret_text first. */
static bool take_scalar(struct clew_mask *m, struct clew_mask_work *w, unsigned top, size_t base,
                        struct clew_slice *ret_text)
{
        struct clew_mask_level *l = &w->levels[top];
        struct clew_slice text = open_token(w, l);
        unsigned rule = l->is_key ? NO_RULE : named_rule(m, l, text);

        *ret_text = text;
        if (rule != NO_RULE) {
                take_token(m, w, top, rule, text, base);
                return false;
        }
        if (l->r.token == CLEW_JSON_NUMBER) {
                look_number(m, w, top, text, base);
                return false;
        }
        if (top + 1 < CLEW_MASK_LEVELS && is_json(text))
                return true;
        if (l->is_key)
                look_plain(m, w, text, top + 1, base);
        else
                look_all(m, w, text, top + 1, base);
        return false;
}

/* After a token: which name stands before the next value, and whether all of a value is taken. */
static void keep_name(struct clew_mask_work *w, const struct clew_mask *m,
                      struct clew_mask_level *l, enum clew_json_token token, struct clew_slice text)
{
        if (token == CLEW_JSON_OBJECT_BEGIN || token == CLEW_JSON_ARRAY_BEGIN) {
                int own = l->has_name && l->taken == NO_RULE && m->own
                                  ? clew_own_key_rule(m->own, l->name)
                                  : -1;

                if (own >= 0) {
                        l->taken = CLEW_MASK_RULES + (unsigned)own;
                        l->taken_depth = l->r.depth;
                }
        } else if ((token == CLEW_JSON_OBJECT_END || token == CLEW_JSON_ARRAY_END) &&
                   l->taken != NO_RULE && l->r.depth < l->taken_depth) {
                l->taken = NO_RULE;
        }
        l->has_name = token == CLEW_JSON_KEY;
        if (!l->has_name)
                return;
        l->name = text;
        if (l->r.escaped) {
                clew_buffer_clear(&l->named);
                clew_buffer_append_slice(&l->named, text);
                note_error(w, &l->named);
                l->name = clew_buffer_slice(&l->named);
        }
}

static void walk(struct clew_mask *m, struct clew_mask_work *w, size_t base)
{
        unsigned top = 0;

        while (w->error == 0) {
                struct clew_mask_level *l = &w->levels[top];
                enum clew_json_token token = clew_json_next(&l->r);
                struct clew_slice text = CLEW_SLICE_NULL;

                if (token == CLEW_JSON_END) {
                        if (top == 0)
                                return;
                        l = &w->levels[--top];
                        keep_name(w, m, l, l->r.token,
                                  l->r.escaped ? clew_buffer_slice(&l->text) : l->r.text);
                        continue;
                }
                if (token == CLEW_JSON_KEY || token == CLEW_JSON_STRING ||
                    token == CLEW_JSON_NUMBER) {
                        if (take_scalar(m, w, top, base, &text)) {
                                push(&w->levels[++top], text);
                                continue;
                        }
                } else if ((token == CLEW_JSON_TRUE || token == CLEW_JSON_FALSE) && l->has_name &&
                           l->taken == NO_RULE && m->own) {
                        int own = clew_own_key_rule(m->own, l->name);

                        if (own >= 0) {
                                l->taken = CLEW_MASK_RULES + (unsigned)own;
                                take_word(m, w, top, base);
                                l->taken = NO_RULE;
                        }
                } else if ((token == CLEW_JSON_TRUE || token == CLEW_JSON_FALSE) &&
                           l->taken != NO_RULE) {
                        take_word(m, w, top, base);
                }
                keep_name(w, m, l, token, text);
        }
}

/* ---- both ----------------------------------------------------------------------------------- */

static int by_place(const struct clew_mask_edit *a, const struct clew_mask_edit *b)
{
        return a->from < b->from ? -1 : a->from > b->from;
}

/* Two ascending lists in w->edits, from edit @first and from edit @second on, become one; where two
 * overlap the later one begins behind the earlier. */
static void merge(struct clew_mask_work *w, size_t first, size_t second)
{
        struct clew_mask_edit *all = (struct clew_mask_edit *)(void *)w->edits.data;
        size_t n = clew_mask_work_edits(w);
        size_t a = first;
        size_t b = second;
        size_t last = 0;

        clew_buffer_clear(&w->merged);
        while (a < second || b < n) {
                struct clew_mask_edit e;

                if (b == n || (a < second && by_place(&all[a], &all[b]) <= 0))
                        e = all[a++];
                else
                        e = all[b++];
                if (e.to <= last)
                        continue;
                if (e.from < last) {
                        if (e.n == e.to - e.from) { /* it may be one that keeps the length */
                                e.put += last - e.from;
                                e.n -= last - e.from;
                        }
                        e.from = last;
                }
                last = e.to;
                clew_buffer_append(&w->merged, &e, sizeof(e));
        }
        note_error(w, &w->merged);
        w->edits.len = first * sizeof(*all);
        clew_buffer_append_slice(&w->edits, clew_buffer_slice(&w->merged));
        note_error(w, &w->edits);
}

/* Where nothing is found in the text as it stands, and no escape can hide anything, nothing is
 * found by reading it as JSON either. */
static bool is_clean(const struct clew_mask *m, struct clew_mask_work *w, struct clew_slice text)
{
        struct clew_mask_scan s;
        struct clew_mask_hit h;

        if (w->joint || (m->own && (m->own->n_keys > 0 ||
                                    (m->own->n_patterns > 0 && memchr(text.data, '\\', text.len)))))
                return false;
        begin_scan(m, w, &s, text);
        return !clew_mask_scan_next(&s, &h) && !clew_find(text, "\\u", 2) &&
               !clew_find(text, "\\/", 2);
}

void clew_mask_look(struct clew_mask *m, struct clew_mask_work *w, struct clew_slice text,
                    size_t base)
{
        size_t first = clew_mask_work_edits(w);
        size_t second;
        uint64_t *slot;
        uint64_t hash = 0;

        if (text.len == 0 || (m->rules == 0 && !m->own) || !make_room(m, w))
                return;
        if ((text.data[0] != '{' && text.data[0] != '[' && text.data[0] > ' ') ||
            !looks_like_json(text)) {
                look_all(m, w, text, 0, base);
                return;
        }
        slot = clean_slot(w, text, AS_JSON, &hash);
        if (slot && *slot == hash)
                return;
        /* Where strings are remembered, most of them are known: one walk tells. */
        if ((!slot && is_clean(m, w, text)) || !make_levels(w))
                return;
        push(&w->levels[0], text);
        walk(m, w, base);
        if (slot && clew_mask_work_edits(w) == first && w->error == 0 &&
            w->levels[0].r.status == CLEW_JSON_COMPLETE)
                *slot = hash;
        if (w->levels[0].r.status == CLEW_JSON_COMPLETE || w->error)
                return;
        second = clew_mask_work_edits(w);
        look_plain(m, w, text, 0, base);
        merge(w, first, second);
}

void clew_mask_take(struct clew_mask *m, struct clew_mask_work *w, unsigned rule,
                    struct clew_slice text, size_t base)
{
        const struct clew_mask_hit h = {.rule = rule};
        size_t put = w->put.len;

        if (clew_mask_is_mark(text))
                return;
        put_for(m, w, &h, text, text.len);
        add_edit(w, base, base + text.len, put);
        count(m, rule);
}

void clew_mask_apply(const struct clew_mask_work *w, struct clew_slice text,
                     struct clew_buffer *out)
{
        const struct clew_mask_edit *e = (const struct clew_mask_edit *)(const void *)w->edits.data;
        size_t n = clew_mask_work_edits(w);
        size_t last = 0;

        for (size_t i = 0; i < n; i++) {
                CLEW_ASSERT(e[i].from >= last && e[i].to >= e[i].from && e[i].to <= text.len);
                clew_buffer_append_slice(out, part(text, last, e[i].from));
                clew_buffer_append(out, w->put.data + e[i].put, e[i].n);
                last = e[i].to;
        }
        clew_buffer_append_slice(out, clew_slice_from(text, last));
}

static void put_here(const struct clew_mask_work *w, const struct clew_buffer *edits, uint8_t *text,
                     size_t n)
{
        const struct clew_mask_edit *e = (const struct clew_mask_edit *)(const void *)edits->data;

        for (size_t i = 0; i < edits->len / sizeof(*e); i++) {
                CLEW_ASSERT(e[i].to <= n && e[i].to - e[i].from == e[i].n);
                if (e[i].n)
                        memcpy(text + e[i].from, w->put.data + e[i].put, e[i].n);
        }
}

void clew_mask_apply_here(const struct clew_mask_work *w, uint8_t *text, size_t n)
{
        put_here(w, &w->edits, text, n);
        put_here(w, &w->late, text, n);
}

bool clew_mask_text(struct clew_mask *m, struct clew_slice text, struct clew_buffer *out)
{
        struct clew_mask_work w;
        bool changed;

        if (text.len == 0)
                return false;
        clew_mask_work_init(&w, out->max_bytes);
        clew_mask_work_begin(&w, text.len);
        clew_mask_look(m, &w, text, 0);
        changed = clew_mask_work_edits(&w) > 0 || w.error < 0;
        if (w.error < 0)
                out->error = out->error ? out->error : w.error;
        else if (changed)
                clew_mask_apply(&w, text, out);
        clew_mask_work_deinit(&w);
        return changed;
}
