/*
 * One iterative walk by a table of what each field is. A message that is entered gets a place in
 * the list of edits for its length, which is filled when it is left and something inside has
 * changed its size, and given back when nothing has changed: so edits are in the order of the
 * bytes, and a message without secrets costs no memory.
 */
#include "proto/otlp/redact.h"

#include "proto/otlp/depth.h"
#include "proto/otlp/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* TracesData, ResourceSpans, ScopeSpans, Span, Event, KeyValue; an AnyValue inside another costs
 * three: AnyValue, KeyValueList, KeyValue. */
#define FRAMES_MAX (8u + 3u * CLEW_OTLP_DEPTH_MAX)
#define KNOWN_FIELD_MAX 16u
#define NO_RULE UINT32_MAX
/* A number with fewer digits is no card. */
#define NUMBER_MIN 100000000000

enum type {
        DATA,
        RESOURCE_ITEMS,
        SCOPE_ITEMS,
        RESOURCE,
        ENTITY_REF,
        SCOPE,
        KEY_VALUE,
        ANY_VALUE,
        ARRAY_VALUE,
        KEY_VALUE_LIST,
        EVENT,
        LINK,
        STATUS,
        SPAN,
        LOG_RECORD,
        TYPES,
};

enum kind {
        UNKNOWN, /* no field of the table */
        PLAIN,   /* a number or an id: stays */
        TEXT,
        VALUE_TEXT, /* string_value, bytes_value: what a name may take */
        VALUE_NUMBER,
        MESSAGE,
        ITEM, /* a span or a log record, as the signal says */
};

struct rule {
        uint8_t kind;
        uint8_t child;
};

/* clang-format off */
#define M(type) {MESSAGE, type}
#define T {TEXT, 0}
#define P {PLAIN, 0}
/* clang-format on */

/* opentelemetry-proto 1.9, as in check.c; and the envelopes around it. */
static const struct rule rules[TYPES][KNOWN_FIELD_MAX + 1] = {
        [DATA] = {[1] = M(RESOURCE_ITEMS)},
        [RESOURCE_ITEMS] = {[1] = M(RESOURCE), [2] = M(SCOPE_ITEMS), [3] = T},
        [SCOPE_ITEMS] = {[1] = M(SCOPE), [2] = {ITEM, 0}, [3] = T},
        [RESOURCE] = {[1] = M(KEY_VALUE), [2] = P, [3] = M(ENTITY_REF)},
        [ENTITY_REF] = {[1] = T, [2] = T, [3] = T, [4] = T},
        [SCOPE] = {[1] = T, [2] = T, [3] = M(KEY_VALUE), [4] = P},
        [KEY_VALUE] = {[1] = T, [2] = M(ANY_VALUE)},
        [ANY_VALUE] = {[1] = {VALUE_TEXT, 0},
                       [2] = {VALUE_NUMBER, 0},
                       [3] = {VALUE_NUMBER, 0},
                       [4] = {VALUE_NUMBER, 0},
                       [5] = M(ARRAY_VALUE),
                       [6] = M(KEY_VALUE_LIST),
                       [7] = {VALUE_TEXT, 0},
                       [8] = P},
        [ARRAY_VALUE] = {[1] = M(ANY_VALUE)},
        [KEY_VALUE_LIST] = {[1] = M(KEY_VALUE)},
        [EVENT] = {[1] = P, [2] = T, [3] = M(KEY_VALUE), [4] = P},
        [LINK] = {[1] = P, [2] = P, [3] = T, [4] = M(KEY_VALUE), [5] = P, [6] = P},
        [STATUS] = {[2] = T, [3] = P},
        [SPAN] = {[1] = P,
                  [2] = P,
                  [3] = T,
                  [4] = P,
                  [5] = T,
                  [6] = P,
                  [7] = P,
                  [8] = P,
                  [9] = M(KEY_VALUE),
                  [10] = P,
                  [11] = M(EVENT),
                  [12] = P,
                  [13] = M(LINK),
                  [14] = P,
                  [15] = M(STATUS),
                  [16] = P},
        [LOG_RECORD] = {[1] = P,
                        [2] = P,
                        [3] = T,
                        [5] = M(ANY_VALUE),
                        [6] = M(KEY_VALUE),
                        [7] = P,
                        [8] = P,
                        [9] = P,
                        [10] = P,
                        [11] = P,
                        [12] = T},
};

struct frame {
        const uint8_t *end; /* of the message around */
        size_t length;      /* where its own length stands ... */
        size_t n_length;    /* ... in so many bytes */
        size_t n_bytes;
        size_t edit;     /* index of the place for it */
        int64_t growth;  /* of what is around, so far */
        unsigned taken;  /* there */
        unsigned values; /* there */
        struct clew_slice name;
        enum type type;
};

struct redacting {
        struct clew_mask *m;
        struct clew_mask_work *w;
        struct clew_slice message;
        enum clew_otlp_signal signal;
        struct frame stack[FRAMES_MAX];
        unsigned depth;
        unsigned item;    /* the frame around the span or log record at hand, plus one */
        size_t item_from; /* where its field begins */
        uint64_t *n_deep; /* of those that are too deep to be read; NULL = none may be */
        /* of the message at hand */
        struct clew_cursor c;
        enum type type;
        int64_t growth;
        unsigned values;        /* AnyValues inside each other */
        unsigned taken;         /* the rule of a name that takes all of it; NO_RULE */
        struct clew_slice name; /* of the attribute that it is the value of */
};

static struct clew_mask_edit *edit_at(const struct redacting *x, size_t i)
{
        return (struct clew_mask_edit *)(void *)x->w->edits.data + i;
}

static void add_edit(struct redacting *x, struct clew_mask_edit e)
{
        clew_buffer_append(&x->w->edits, &e, sizeof(e));
        if (x->w->error == 0)
                x->w->error = clew_buffer_error(&x->w->edits);
        if (x->w->error == 0)
                x->w->error = clew_buffer_error(&x->w->put);
}

/* ---- lengths --------------------------------------------------------------------------------- */

/* The place of the length of @bytes, which ends where they begin, in front of all edits in them. */
static size_t begin_length(struct redacting *x)
{
        size_t i = clew_mask_work_edits(x->w);

        add_edit(x, (struct clew_mask_edit){0});
        return i;
}

/* Fills it, or gives it back; returns by how much it and what it is of have grown together. */
static int64_t end_length(struct redacting *x, size_t edit, size_t at, size_t n_length,
                          size_t n_bytes, int64_t growth)
{
        size_t put = x->w->put.len;
        uint64_t now = (uint64_t)((int64_t)n_bytes + growth);

        if (x->w->error < 0)
                return 0;
        if (clew_mask_work_edits(x->w) == edit + 1) {
                x->w->edits.len -= sizeof(struct clew_mask_edit);
                return 0;
        }
        if (growth == 0) { /* in the same bytes, however it was encoded */
                *edit_at(x, edit) = (struct clew_mask_edit){.from = at, .to = at, .put = put};
                return 0;
        }
        clew_buffer_append_varint(&x->w->put, now);
        if (x->w->error == 0)
                x->w->error = clew_buffer_error(&x->w->put);
        *edit_at(x, edit) = (struct clew_mask_edit){
                .from = at, .to = at + n_length, .put = put, .n = x->w->put.len - put};
        return growth + (int64_t)clew_varint_size(now) - (int64_t)n_length;
}

static int64_t growth_since(const struct redacting *x, size_t edit)
{
        int64_t growth = 0;

        for (size_t i = edit; i < clew_mask_work_edits(x->w); i++) {
                const struct clew_mask_edit *e = edit_at(x, i);

                growth += (int64_t)e->n - (int64_t)(e->to - e->from);
        }
        return growth;
}

static size_t place_of(const struct redacting *x, const uint8_t *p)
{
        return (size_t)(p - x->message.data);
}

/* Bytes of the length in front of @bytes: behind the tag. */
static size_t length_bytes(const struct clew_field *f)
{
        const uint8_t *p = f->start;

        while (*p & 0x80)
                p++;
        return (size_t)(f->bytes.data - (p + 1));
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* @is_value: what may go on in the next value of that name. */
static void look_text(struct redacting *x, const struct clew_field *f, bool is_value,
                      unsigned taken)
{
        struct clew_joint *joint = x->w->joint;
        size_t at = place_of(x, f->bytes.data);
        size_t n_length;
        size_t edit;
        int64_t growth;

        if (f->bytes.len == 0)
                return;
        edit = clew_mask_work_edits(x->w);
        x->w->name = x->name;
        x->w->joint = is_value ? joint : NULL;
        if (taken != NO_RULE)
                clew_mask_take(x->m, x->w, taken, f->bytes, at);
        else
                clew_mask_look(x->m, x->w, f->bytes, at);
        x->w->joint = joint;
        if (clew_mask_work_edits(x->w) == edit)
                return;
        growth = growth_since(x, edit);
        if (growth == 0)
                return;
        /* The length stands before the text. */
        add_edit(x, (struct clew_mask_edit){0});
        if (x->w->error < 0)
                return;
        memmove(edit_at(x, edit + 1), edit_at(x, edit),
                (clew_mask_work_edits(x->w) - edit - 1) * sizeof(struct clew_mask_edit));
        n_length = length_bytes(f);
        x->growth += end_length(x, edit, at - n_length, n_length, f->bytes.len, growth);
}

/* Which rule takes the value called x->name because of that. */
static unsigned named_rule(const struct redacting *x, struct clew_slice text)
{
        enum clew_mask_rule rule;

        if (x->taken != NO_RULE)
                return x->taken;
        if (x->name.len > 0 && (x->m->rules & (1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE)) &&
            clew_mask_is_named(x->name, text, &rule) && (x->m->rules >> rule & 1))
                return rule;
        return NO_RULE;
}

/* A field of a number that goes becomes a text, or zero in as many bytes. */
static void take_number(struct redacting *x, const struct clew_field *f, unsigned rule,
                        struct clew_slice text)
{
        size_t from = place_of(x, f->start);
        size_t to = place_of(x, x->c.at);
        size_t put = x->w->put.len;

        if (x->m->same_length) {
                const uint8_t *p = f->start;
                bool varint = f->wire == CLEW_WIRE_VARINT;

                while (*p & 0x80)
                        p++;
                from = place_of(x, p + 1);
                for (size_t i = from; i < to; i++)
                        clew_buffer_append_byte(&x->w->put, varint && i + 1 < to ? 0x80 : 0);
        } else {
                CLEW_BUFFER mark = {0};

                clew_buffer_init(&mark, 256);
                clew_mask_put(x->m, rule, text, &mark);
                clew_buffer_append_byte(&x->w->put, 1 << 3 | CLEW_WIRE_BYTES);
                clew_buffer_append_varint(&x->w->put, mark.len);
                clew_buffer_append_slice(&x->w->put, clew_buffer_slice(&mark));
                if (clew_buffer_error(&mark) < 0)
                        x->w->error = -ENOMEM;
        }
        x->growth += (int64_t)(x->w->put.len - put) - (int64_t)(to - from);
        add_edit(x, (struct clew_mask_edit){
                            .from = from, .to = to, .put = put, .n = x->w->put.len - put});
        if (rule < CLEW_MASK_RULES)
                x->m->n[rule]++;
        else
                x->m->n_own[rule - CLEW_MASK_RULES]++;
}

/* What a number says; false when the field is none. */
static bool number_text(const struct clew_field *f, char ret[static 40])
{
        double d;

        if (f->wire != (f->number == 4 ? CLEW_WIRE_FIXED64 : CLEW_WIRE_VARINT))
                return false;
        if (f->number == 4) {
                memcpy(&d, &f->value, sizeof(d));
                (void)snprintf(ret, 40, "%.17g", d);
        } else {
                (void)snprintf(ret, 40, "%" PRId64, (int64_t)f->value);
        }
        return true;
}

static void look_number(struct redacting *x, const struct clew_field *f)
{
        struct clew_mask_scan s;
        struct clew_mask_hit h;
        char digits[40];

        if (x->taken == NO_RULE && (f->number != 3 || (int64_t)f->value < NUMBER_MIN))
                return;
        if (!number_text(f, digits) || (x->m->same_length && f->value == 0))
                return;
        if (x->taken != NO_RULE) {
                take_number(x, f, x->taken, clew_slice_of_cstr(digits));
                return;
        }
        clew_mask_scan_begin(&s, clew_slice_of_cstr(digits), x->m->rules);
        if (clew_mask_scan_next(&s, &h))
                take_number(x, f, h.rule, clew_slice_of_cstr(digits));
}

/* A field that nobody knows. */
static void look_unknown(struct redacting *x, const struct clew_field *f)
{
        size_t from = place_of(x, f->start);
        size_t to = place_of(x, x->c.at);
        size_t edit = clew_mask_work_edits(x->w);

        clew_mask_look(x->m, x->w, f->bytes, place_of(x, f->bytes.data));
        if (x->m->same_length || x->w->error < 0 || clew_mask_work_edits(x->w) == edit)
                return;
        x->w->edits.len = edit * sizeof(struct clew_mask_edit);
        add_edit(x, (struct clew_mask_edit){.from = from, .to = to});
        x->growth -= (int64_t)(to - from);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static int too_deep(const struct redacting *x, const struct clew_field *f, struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, place_of(x, f->start),
                              "OTLP attribute value nested deeper than %u levels at byte %zu",
                              CLEW_OTLP_DEPTH_MAX, place_of(x, f->start));
}

/* The span or log record at hand goes as a whole, with what was found in it so far. */
static void leave_out_item(struct redacting *x)
{
        const struct frame *at = &x->stack[x->item - 1];
        size_t to = at->length + at->n_length + at->n_bytes;

        x->depth = x->item - 1;
        x->item = 0;
        x->type = at->type;
        x->values = at->values;
        x->taken = at->taken;
        x->name = at->name;
        x->c.at = x->message.data + to;
        x->c.end = at->end;
        x->w->edits.len = at->edit * sizeof(struct clew_mask_edit);
        add_edit(x, (struct clew_mask_edit){.from = x->item_from, .to = to});
        x->growth = at->growth - (int64_t)(to - x->item_from);
        (*x->n_deep)++;
}

/* The key of a KeyValue, wherever in it it stands; the last one when it is repeated. */
static struct clew_slice key_of(struct clew_slice pair)
{
        struct clew_cursor c = clew_cursor_make(pair);
        struct clew_field f;
        struct clew_slice key = CLEW_SLICE_NULL;

        while (clew_field_next(&c, &f)) {
                if (f.number == 1 && f.wire == CLEW_WIRE_BYTES)
                        key = f.bytes;
        }
        return key;
}

static int enter(struct redacting *x, const struct clew_field *f, enum type type,
                 struct clew_error *err)
{
        struct frame *at = &x->stack[x->depth];
        size_t n_length = length_bytes(f);

        if (x->depth == FRAMES_MAX || (type == ANY_VALUE && x->values == CLEW_OTLP_DEPTH_MAX))
                return x->item && x->n_deep ? (leave_out_item(x), 0) : too_deep(x, f, err);
        if (type == SPAN || type == LOG_RECORD) {
                x->item = x->depth + 1;
                x->item_from = place_of(x, f->start);
        }
        *at = (struct frame){
                .end = x->c.end,
                .length = place_of(x, f->bytes.data) - n_length,
                .n_length = n_length,
                .n_bytes = f->bytes.len,
                .edit = begin_length(x),
                .growth = x->growth,
                .taken = x->taken,
                .values = x->values,
                .name = x->name,
                .type = x->type,
        };
        x->depth++;
        x->type = type;
        x->growth = 0;
        x->values += type == ANY_VALUE;
        x->c.at = f->bytes.data;
        x->c.end = f->bytes.data + f->bytes.len;
        if (type != KEY_VALUE)
                return 0;
        x->name = key_of(f->bytes);
        if (x->taken == NO_RULE && x->m->own) {
                int own = clew_own_key_rule(x->m->own, x->name);

                if (own >= 0)
                        x->taken = CLEW_MASK_RULES + (unsigned)own;
        }
        return 0;
}

static void leave(struct redacting *x)
{
        const struct frame *at = &x->stack[--x->depth];

        x->growth = at->growth +
                    end_length(x, at->edit, at->length, at->n_length, at->n_bytes, x->growth);
        x->type = at->type;
        x->values = at->values;
        x->taken = at->taken;
        x->name = at->name;
        x->c.end = at->end;
        x->item = x->item == x->depth + 1 ? 0 : x->item;
}

static struct rule rule_of(const struct redacting *x, const struct clew_field *f)
{
        static const struct rule unknown = {UNKNOWN, 0};
        static const struct rule old_items = {MESSAGE, SCOPE_ITEMS};

        if (x->type == RESOURCE_ITEMS && f->number == CLEW_FIELD_RESOURCE_ITEMS_OLD)
                return old_items;
        return f->number <= KNOWN_FIELD_MAX ? rules[x->type][f->number] : unknown;
}

static int take_field(struct redacting *x, const struct clew_field *f, struct clew_error *err)
{
        struct rule rule = rule_of(x, f);

        if (rule.kind == PLAIN || (f->wire != CLEW_WIRE_BYTES && rule.kind != VALUE_NUMBER))
                return 0;
        switch ((enum kind)rule.kind) {
        case PLAIN:
                break;
        case TEXT:
                look_text(x, f, false, NO_RULE);
                break;
        case VALUE_TEXT:
                look_text(x, f, true, named_rule(x, f->bytes));
                break;
        case VALUE_NUMBER:
                look_number(x, f);
                break;
        case MESSAGE:
                return enter(x, f, (enum type)rule.child, err);
        case ITEM:
                return enter(x, f, x->signal == CLEW_OTLP_LOGS ? LOG_RECORD : SPAN, err);
        case UNKNOWN:
                look_unknown(x, f);
                break;
        }
        return x->w->error;
}

int clew_otlp_redact(struct clew_slice message, enum clew_otlp_signal signal, struct clew_mask *m,
                     struct clew_mask_work *w, uint64_t *ret_deep, struct clew_error *err)
{
        struct redacting x = {.m = m,
                              .n_deep = ret_deep,
                              .w = w,
                              .message = message,
                              .signal = signal,
                              .c = clew_cursor_make(message),
                              .type = DATA,
                              .taken = NO_RULE};
        struct clew_field f = {.start = x.c.at};
        int r = 0;

        while (r == 0) {
                if (clew_field_next(&x.c, &f)) {
                        r = take_field(&x, &f, err);
                        continue;
                }
                if (x.c.failed)
                        return clew_error_set(err, -EBADMSG, place_of(&x, f.start),
                                              "malformed OTLP protobuf at byte %zu",
                                              place_of(&x, f.start));
                if (x.depth == 0)
                        break;
                leave(&x);
        }
        return r ? r : w->error;
}
