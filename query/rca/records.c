/*
 * A rule about picks: an action takes a record whose own fields say something else than the
 * request or than a document that was seen (the tax number on an invoice, the address of a mail),
 * where a record beside it says what was asked for or seen.
 *
 * Of a JSON result every object is a record, and the objects of one list are its choice. The action
 * names a record by a value that only it has (an id, a title). A field contradicts when the chosen
 * record and its neighbour differ in it, the user's words hold the neighbour's value and not the
 * chosen one's; and no field may speak the other way. Where the neighbour is acted on as well, both
 * were wanted.
 */
#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/sources-int.h"
#include "query/rca/text-int.h"

#define FIELDS_MAX 1024u /* of one result */
#define RESULT_MAX 65536u
#define VALUE_MIN 3u
#define VALUE_MAX 48u
#define HEARD_MAX 32768u /* bytes of all that the users said, lower case */
#define RESULTS_MAX 6u   /* that are looked through for one value, newest first */
#define DIGITS_MIN 3u
#define BARE_DIGITS_MIN 5u
#define OWN_DIGITS 5u
#define PICKS_MAX 64u /* values of actions that are looked at in one run */

struct field {
        struct clew_slice value; /* as it stands in the text, escapes and all */
        uint64_t key;
        uint32_t record; /* the object around it */
        uint32_t list;   /* the list or object around that */
        bool is_string;
};

struct fields {
        struct field *items;
        uint32_t n;
};

struct heard {
        uint8_t text[HEARD_MAX];
        size_t len;
};

/* ---- what the users said --------------------------------------------------------------------- */

static void hear(const struct clew_rca_view *v, struct heard *ret)
{
        ret->len = 0;
        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_slice t = v->units[u].text;

                if (v->units[u].origin != CLEW_RCA_USER)
                        continue;
                if (t.len + 1 > HEARD_MAX - ret->len) {
                        ret->len = 0; /* what was not read may say anything */
                        return;
                }
                for (size_t i = 0; i < t.len; i++)
                        ret->text[ret->len + i] = lower(t.data[i]);
                ret->len += t.len;
                ret->text[ret->len++] = '\n';
        }
}

static bool is_wordy(uint8_t c)
{
        return is_alpha(c) || is_digit(c);
}

/* "not the ", "except ": what stands behind is what is not meant. */
static bool is_denied(struct clew_slice before)
{
        static const char *const words[] = {"not the ",    "not ",     "n't the ", "except ",
                                            "except the ", "without ", "but the "};

        for (size_t k = 0; k < CLEW_ARRAY_LEN(words); k++) {
                size_t n = strlen(words[k]);

                if (before.len >= n && memcmp(tail(before, n).data, words[k], n) == 0)
                        return true;
        }
        return false;
}

/* @value stands in what was said, with no letter or digit on either side. */
static bool was_said(const struct heard *h, struct clew_slice value)
{
        uint8_t word[VALUE_MAX];
        struct clew_slice in = clew_slice_make(h->text, h->len);
        const uint8_t *at;

        for (size_t i = 0; i < value.len; i++)
                word[i] = lower(value.data[i]);
        while ((at = clew_find(in, word, value.len)) != NULL) {
                size_t from = (size_t)(at - in.data);
                size_t to = from + value.len;

                if ((from == 0 || !is_wordy(in.data[from - 1])) &&
                    (to == in.len || !is_wordy(in.data[to])) && !is_denied(head(in, from)))
                        return true;
                in = clew_slice_from(in, from + 1);
        }
        return false;
}

/* ---- records of a result --------------------------------------------------------------------- */

struct level {
        uint32_t id;
        uint64_t key;
};

static void add_field(struct fields *f, const struct level *stack, unsigned depth,
                      const struct clew_json_reader *r, bool is_string)
{
        if (f->n < FIELDS_MAX && depth >= 2 && stack[depth].key)
                f->items[f->n++] = (struct field){r->text, stack[depth].key, stack[depth].id,
                                                  stack[depth - 1].id, is_string};
}

/* The values of all objects that stand inside something. */
static void read_fields(struct clew_slice text, struct fields *ret)
{
        struct level stack[CLEW_JSON_DEPTH_DEFAULT + 2] = {{0, 0}};
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        unsigned depth = 0;
        uint32_t n = 0;

        ret->n = 0;
        for (;;) {
                enum clew_json_token token = clew_json_next(&r);

                switch (token) {
                case CLEW_JSON_OBJECT_BEGIN:
                case CLEW_JSON_ARRAY_BEGIN:
                        depth++;
                        stack[depth] = (struct level){n++, 0};
                        break;
                case CLEW_JSON_OBJECT_END:
                case CLEW_JSON_ARRAY_END:
                        depth--;
                        break;
                case CLEW_JSON_KEY:
                        stack[depth].key = clew_hash(r.text);
                        break;
                case CLEW_JSON_END:
                        return;
                case CLEW_JSON_STRING:
                case CLEW_JSON_NUMBER:
                        add_field(ret, stack, depth, &r, token == CLEW_JSON_STRING);
                        break;
                case CLEW_JSON_TRUE:
                case CLEW_JSON_FALSE:
                case CLEW_JSON_NULL:
                        break;
                }
        }
}

static bool telling(const struct field *f)
{
        bool letter = false;

        if (!f->is_string || f->value.len < VALUE_MIN || f->value.len > VALUE_MAX)
                return false;
        for (size_t i = 0; i < f->value.len; i++) {
                letter |= is_alpha(f->value.data[i]);
                if (f->value.data[i] == '\\')
                        return false;
        }
        return letter;
}

/* A field of the record, or of an object right inside it. */
static bool belongs(const struct field *f, uint32_t record)
{
        return f->record == record || f->list == record;
}

/* The member of @record with the key of @like, or NULL. */
static const struct field *member(const struct fields *f, uint32_t record, const struct field *like)
{
        for (uint32_t i = 0; i < f->n; i++) {
                if (belongs(&f->items[i], record) && f->items[i].key == like->key)
                        return &f->items[i];
        }
        return NULL;
}

/* ---- a pick ---------------------------------------------------------------------------------- */

struct pick {
        const struct field *chosen; /* the field that contradicts */
        const struct field *asked;  /* what its neighbour has there */
        uint32_t shown;             /* unit that has the neighbour's; NONE: the user said it */
};

/* What decides between records: the words of the users, and what had been seen before a call. */
struct evidence {
        const struct heard *said;
        struct clew_sources *seen;
        uint32_t end; /* unit behind all that was seen */
};

/* One thing has it: an address, or five digits that are no date. */
static bool is_own(struct clew_slice value)
{
        size_t digits = 0;
        size_t marks = 0;

        for (size_t i = 0; i < value.len; i++) {
                digits += is_digit(value.data[i]);
                marks += value.data[i] == '-' || value.data[i] == ':' || value.data[i] == ' ';
        }
        return memchr(value.data, '@', value.len) || (digits >= OWN_DIGITS && marks < 2);
}

/* What nobody had asked for by @value shows it, and not @other. */
static uint32_t shown_alone(const struct evidence *e, struct clew_slice value,
                            struct clew_slice other)
{
        uint32_t u = 0;

        for (uint32_t k = 0; k < RESULTS_MAX; k++, u++) {
                u = clew_sources_find_unasked(e->seen, value, u, e->end);
                if (u == CLEW_RCA_NONE || !clew_sources_holds(e->seen->v->units[u].text, other))
                        return u;
        }
        return CLEW_RCA_NONE;
}

/* Compares record @of with the neighbour @other: +1 for each field in which the user's words are on
 * the neighbour's side, with that field in @ret; a large negative number when one is on its own. */
static int compare(const struct fields *f, uint32_t of, uint32_t other, const struct evidence *e,
                   struct pick *ret)
{
        const struct heard *h = e->said;
        int n = 0;

        for (uint32_t i = 0; i < f->n; i++) {
                const struct field *a = &f->items[i];
                const struct field *b;

                if (!belongs(a, of) || !telling(a))
                        continue;
                b = member(f, other, a);
                if (!b || !telling(b) || clew_slice_eq(a->value, b->value))
                        continue;
                if (was_said(h, a->value))
                        return -1;
                if (was_said(h, b->value)) {
                        *ret = (struct pick){a, b, CLEW_RCA_NONE};
                        n++;
                } else if (is_own(a->value) && is_own(b->value)) {
                        uint32_t u = shown_alone(e, b->value, a->value);

                        if (shown_alone(e, a->value, b->value) != CLEW_RCA_NONE)
                                return -1;
                        if (u != CLEW_RCA_NONE && n == 0)
                                *ret = (struct pick){a, b, u};
                        n += u != CLEW_RCA_NONE;
                }
        }
        return e->seen->spent ? -1 : n;
}

/* The value of a neighbour that stands where @id stands in the chosen record was acted on, too. */
static bool taken_too(const struct clew_rca_view *v, struct clew_slice value, uint32_t but)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (i != but && s->kind == CLEW_RCA_TOOL &&
                    memmem(s->args.data ? (const void *)s->args.data : "", s->args.len, value.data,
                           value.len))
                        return true;
        }
        return value.len > 0 && memmem(v->steps[but].args.data, v->steps[but].args.len, value.data,
                                       value.len) != NULL;
}

/* What the key of an argument says that its value is no name: an amount, a size, a day. */
static bool is_measure(struct clew_slice key)
{
        static const char *const words[] = {
                "amount",    "price",    "total", "sum",  "cost", "balance", "fee",    "count",
                "number_of", "quantity", "qty",   "date", "time", "limit",   "size",   "weight",
                "rate",      "budget",   "year",  "age",  "days", "hours",   "minutes"};

        return HAS_ANY(key, words);
}

/* An address, or one token with three digits or more that is no date and no time. A bare number of
 * a few digits is an amount as likely as a name. */
static bool names_record(struct clew_slice value)
{
        struct clew_token_iter it = clew_tokens_of(value);
        struct clew_token t;
        uint32_t marks = 0;

        if (memchr(value.data, '@', value.len))
                return true;
        if (!clew_token_next(&it, &t) || t.digits < DIGITS_MIN || t.text.len + 2 < value.len ||
            (t.is_number && t.digits < BARE_DIGITS_MIN))
                return false;
        for (size_t i = 0; i < t.text.len; i++)
                marks += !is_wordy(t.text.data[i]);
        return marks < 2 && !memchr(value.data, ':', value.len) &&
               !memchr(value.data, '.', value.len);
}

/* The field whose whole value is @value, when just one record has it. */
static const struct field *only_one(const struct fields *f, struct clew_slice value)
{
        const struct field *found = NULL;

        for (uint32_t i = 0; i < f->n; i++) {
                if (!clew_slice_eq(f->items[i].value, value))
                        continue;
                if (found && found->record != f->items[i].record)
                        return NULL;
                found = &f->items[i];
        }
        return found;
}

static bool contradicts(const struct clew_rca_view *v, const struct fields *f,
                        const struct field *id, uint32_t step, const struct evidence *e,
                        struct pick *ret)
{
        bool found = false;

        for (uint32_t i = 0; i < f->n; i++) {
                const struct field *other = &f->items[i];
                int n;

                if (other->key != id->key || other->list != id->list || other->record == id->record)
                        continue;
                n = compare(f, id->record, other->record, e, ret);
                if (n < 0 || (n > 0 && taken_too(v, other->value, step)))
                        return false;
                found |= n > 0;
        }
        return found;
}

/* The newest results before step @i that hold @value, for a record of it that contradicts. */
static uint32_t look_back(const struct clew_rca_view *v, uint32_t i, struct clew_slice value,
                          struct fields *f, const struct evidence *e, struct pick *ret)
{
        uint32_t looked = 0;

        for (uint32_t k = i; k-- > 0 && looked < RESULTS_MAX;) {
                const struct clew_rca_step *s = &v->steps[k];
                const struct field *id;

                if (s->kind != CLEW_RCA_TOOL || s->result.len == 0 || s->result.len > RESULT_MAX ||
                    !memmem(s->result.data, s->result.len, value.data, value.len))
                        continue;
                looked++;
                read_fields(s->result, f);
                id = only_one(f, value);
                if (id && contradicts(v, f, id, i, e, ret))
                        return k;
        }
        return CLEW_RCA_NONE;
}

static void say(const struct clew_rca_view *v, struct clew_findings *ret, uint32_t i,
                uint32_t source, struct clew_slice value, const struct pick *pick)
{
        const struct clew_rca_step *s = &v->steps[i];
        struct clew_finding *x = clew_finding_add(ret, CLEW_RULE_RECORD, s->caller, 1.0);
        struct clew_slice who =
                pick->shown == CLEW_RCA_NONE
                        ? CLEW_SLICE_LITERAL("the user said")
                        : clew_arena_printf(v->arena, "step %u has",
                                            v->steps[v->units[pick->shown].step].number);

        clew_finding_effect(x, i);
        clew_finding_evidence(x, source, pick->asked->value);
        clew_finding_evidence(x, i, s->args);
        if (clew_slice_eq(pick->chosen->value, value)) { /* it is its own name */
                clew_finding_say(ret, x,
                                 "Step %u took %.*s of step %u; %.*s is there, too, as %.*s.",
                                 v->steps[s->caller].number, CLEW_SHOWN(value, VALUE_MAX),
                                 v->steps[source].number, CLEW_SHOWN(pick->asked->value, VALUE_MAX),
                                 CLEW_SHOWN(who, 24));
                return;
        }
        clew_finding_say(
                ret, x,
                "Step %u took %.*s, which step %u shows with \"%.*s\"; another one there has "
                "\"%.*s\", as %.*s.",
                v->steps[s->caller].number, CLEW_SHOWN(value, VALUE_MAX), v->steps[source].number,
                CLEW_SHOWN(pick->chosen->value, VALUE_MAX),
                CLEW_SHOWN(pick->asked->value, VALUE_MAX), CLEW_SHOWN(who, 24));
}

void clew_rule_record(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct fields f = {clew_arena_alloc(v->arena, FIELDS_MAX * sizeof(*f.items)), 0};
        struct heard *h = clew_arena_alloc(v->arena, sizeof(*h));
        struct clew_sources seen = {.v = v};
        struct evidence e = {h, &seen, 0};
        uint32_t picks = 0;

        if (!f.items || !h)
                return;
        hear(v, h);
        for (uint32_t i = 0; i < v->n_steps && h->len; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_flat args;
                struct clew_flat_leaf leaf;

                if (s->kind != CLEW_RCA_TOOL || s->caller == CLEW_RCA_NONE || s->args.len == 0)
                        continue;
                e.end = clew_sources_end(v, s->caller);
                clew_flat_init(&args, s->args);
                while (clew_flat_next(&args, &leaf) && picks < PICKS_MAX) {
                        struct pick pick;
                        uint32_t source;

                        if (leaf.value.len < VALUE_MIN || leaf.value.len > VALUE_MAX ||
                            is_measure(leaf.key) || !names_record(leaf.value) ||
                            was_said(h, leaf.value))
                                continue;
                        picks++;
                        source = look_back(v, i, leaf.value, &f, &e, &pick);
                        if (source == CLEW_RCA_NONE)
                                continue;
                        say(v, ret, i, source, leaf.value, &pick);
                        break;
                }
        }
}
