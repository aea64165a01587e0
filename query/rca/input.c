/*
 * Builds a span of the attributes that are new, and lets the model read its messages.
 */
#include "query/rca/input-int.h"

#include "proto/base/buffer.h"

#include <errno.h>

#define ATTRIBUTE_LIMIT 128u /* of a span, in most SDKs when nobody sets another */

#define SPAN_ATTRIBUTES 9u
#define SPAN_EVENTS 11u
#define LOOK_AHEAD 4u /* attributes that one call may have more than the other in one place */
/* A shorter text is parsed as fast as it is compared. */
#define CUT_MIN 256u

static void append_field(struct clew_buffer *b, uint32_t field, struct clew_slice body)
{
        clew_buffer_append_varint(b, field << 3 | 2);
        clew_buffer_append_varint(b, body.len);
        clew_buffer_append_slice(b, body);
}

/* An attribute whose string value is @head followed by @rest. */
static void append_string(struct clew_buffer *b, struct clew_slice key, struct clew_slice head,
                          struct clew_slice rest)
{
        size_t text = head.len + rest.len;
        size_t any = 1 + clew_varint_size(text) + text;
        size_t body = 1 + clew_varint_size(key.len) + key.len + 1 + clew_varint_size(any) + any;

        clew_buffer_append_varint(b, SPAN_ATTRIBUTES << 3 | 2);
        clew_buffer_append_varint(b, body);
        append_field(b, 1, key);
        clew_buffer_append_varint(b, 2u << 3 | 2);
        clew_buffer_append_varint(b, any);
        clew_buffer_append_varint(b, 1u << 3 | 2);
        clew_buffer_append_varint(b, text);
        clew_buffer_append_slice(b, head);
        clew_buffer_append_slice(b, rest);
}

static size_t common_prefix(struct clew_slice a, struct clew_slice b)
{
        size_t n = a.len < b.len ? a.len : b.len;
        size_t i = 0;

        /* In blocks: memcmp runs at memory speed. */
        for (size_t block = 4096; block >= 16; block /= 16) {
                while (i + block <= n && memcmp(a.data + i, b.data + i, block) == 0)
                        i += block;
        }
        while (i < n && a.data[i] == b.data[i])
                i++;
        return i;
}

/* True when JSON @now is @then with elements added to the end of its first array; gives the part up
 * to that array, and the part from the first new element on. */
static bool continues(struct clew_slice then, struct clew_slice now, struct clew_slice *ret_head,
                      struct clew_slice *ret_rest)
{
        const uint8_t *open;
        size_t at;
        size_t end;

        if (then.len < CUT_MIN || now.len <= then.len || (now.data[0] != '[' && now.data[0] != '{'))
                return false;
        at = common_prefix(then, now);
        end = then.len - at; /* what closed the array, and what stood behind it */
        if (at == then.len || then.data[at] != ']' || now.data[at] != ',' ||
            (now.data[0] == '[' && end != 1) ||
            memcmp(then.data + at, now.data + now.len - end, end) != 0)
                return false;
        open = memchr(now.data, '[', at);
        if (!open)
                return false;
        *ret_head = clew_slice_make(now.data, (size_t)(open - now.data) + 1);
        *ret_rest = clew_slice_from(now, at + 1);
        return true;
}

/* Where the index stands in "x.12.y"; 0 in a key without one. */
static size_t index_at(struct clew_slice key)
{
        const uint8_t *dot = key.data;
        const uint8_t *end;

        if (key.len == 0)
                return 0; /* perhaps there are no bytes at all */
        end = dot + key.len;
        while (end - dot > 2 && (dot = memchr(dot, '.', (size_t)(end - dot) - 2)) != NULL) {
                dot++;
                if (*dot >= '0' && *dot <= '9')
                        return (size_t)(dot - key.data);
        }
        return 0;
}

/* "x.12.y": an element of a flattened list, not its first. The first one is kept always: it holds
 * the system prompt, and shows that there is a list. */
static bool is_later_element(struct clew_slice key)
{
        size_t i = index_at(key);

        return i > 0 && key.data[i] != '0';
}

/* Roles are kept: a message may change its content and keep its role. */
static bool is_role(struct clew_slice key)
{
        return key.len > 5 && memcmp(key.data + key.len - 5, ".role", 5) == 0;
}

/* Parts of an answer. They differ from call to call, and say nothing of the input. */
static bool is_of_answer(struct clew_slice key)
{
        return clew_slice_starts_with(key, CLEW_SLICE_LITERAL("llm.output_messages.")) ||
               clew_slice_starts_with(key, CLEW_SLICE_LITERAL("gen_ai.completion."));
}

/* An attribute whose value is not parsed yet: most are only compared. */
struct raw_attribute {
        struct clew_slice key;
        struct clew_slice value;
};

/* A window on the attributes of the earlier call. */
struct pairing {
        struct clew_message_iter then; /* behind `ahead` */
        struct raw_attribute ahead[LOOK_AHEAD];
        uint32_t n;
        bool missing; /* the earlier call had something that this one lacks */
};

/* The earlier attribute with that key; false when there is none. */
static bool earlier(struct pairing *p, struct clew_slice key, struct raw_attribute *ret)
{
        while (p->n < LOOK_AHEAD &&
               clew_attribute_next_raw(&p->then, &p->ahead[p->n].key, &p->ahead[p->n].value))
                p->n += !is_of_answer(p->ahead[p->n].key);
        for (uint32_t i = 0; i < p->n; i++) {
                if (!clew_slice_eq(p->ahead[i].key, key))
                        continue;
                *ret = p->ahead[i];
                for (uint32_t k = 0; k < i; k++)
                        p->missing |= !is_later_element(p->ahead[k].key);
                p->n -= i + 1;
                memmove(p->ahead, p->ahead + i + 1, p->n * sizeof(p->ahead[0]));
                return true;
        }
        return false;
}

/* A string value, else nothing. */
static struct clew_slice text_of(struct clew_slice value)
{
        struct clew_value v;

        return clew_value_parse(value, &v) && v.type == CLEW_VALUE_STRING ? v.bytes
                                                                          : CLEW_SLICE_NULL;
}

/*
 * Messages of a flattened history of which nothing is new are left out whole, when they stand side
 * by side. A role is the first attribute of its message, so it waits until another one of the
 * message is written; where roles stand elsewhere, nothing lines up.
 */
struct elements {
        struct clew_buffer *out;
        struct clew_slice now;  /* "llm.input_messages.3": the message at hand, or null */
        struct clew_slice role; /* its attribute, not written yet; or null */
        size_t index;           /* where in `now` the index stands */
        struct clew_slice list; /* "llm.input_messages." of what was left out */
        uint32_t left_out;
        size_t from;       /* what was written behind the first that was left out begins here */
        bool written;      /* a message was, behind those that were left out */
        bool out_of_order; /* a message whose role was left out, and that has something new */
};

/* "llm.input_messages.3" of "llm.input_messages.3.message.role", whose index stands at @index. */
static struct clew_slice element_of(struct clew_slice key, size_t index)
{
        while (index < key.len && key.data[index] != '.')
                index++;
        return clew_slice_make(key.data, index);
}

/* True when @key is the first attribute of another message than the one before. */
static bool enter(struct elements *e, struct clew_slice key, size_t index)
{
        struct clew_slice element = element_of(key, index);

        if (clew_slice_eq(element, e->now))
                return false;
        if (e->role.len > 0) {
                if (e->left_out++ == 0) {
                        e->from = e->out->len;
                        e->list = clew_slice_make(e->now.data, e->index);
                }
                e->role = CLEW_SLICE_NULL;
        }
        e->now = element;
        e->index = index;
        return true;
}

/* Before something else of the message is written. @first: it is the message's first attribute. */
static void write_role(struct elements *e, bool first, bool is_a_role)
{
        if (e->role.len > 0)
                append_field(e->out, SPAN_ATTRIBUTES, e->role);
        else if (e->left_out > 0 && first && !is_a_role)
                e->out_of_order = true;
        e->role = CLEW_SLICE_NULL;
        e->written |= e->left_out > 0;
}

/* What the system says is looked at in every request. */
static bool is_of_system(struct clew_slice value)
{
        struct clew_slice role = text_of(value);

        return role.len == 0 || clew_role_of(role) == CLEW_ROLE_SYSTEM;
}

/* An attribute of a message that is not the first. True when it is left out, or waits. */
static bool take_later(struct elements *e, const struct raw_attribute *a, size_t index,
                       struct clew_slice raw, bool same)
{
        bool first = enter(e, a->key, index);
        bool role = is_role(a->key);

        if (same && !role)
                return true;
        if (same && first && !e->written && !is_of_system(a->value) &&
            (e->left_out == 0 || clew_slice_eq(clew_slice_make(a->key.data, index), e->list))) {
                e->role = raw;
                return true;
        }
        write_role(e, first, role);
        return false;
}

/* Appends what @step has and @before had not. False when they do not line up. */
static bool append_new(const struct clew_step *step, const struct clew_step *before,
                       struct elements *e, bool *ret_less, struct clew_slice *ret_cut)
{
        struct pairing p = {.then = clew_span_attributes(&before->span)};
        struct clew_message_iter it = clew_span_attributes(&step->span);
        struct clew_message_iter events = clew_messages_of(step->span.raw, SPAN_EVENTS);
        struct raw_attribute a;
        struct raw_attribute b;
        struct clew_slice raw;
        struct clew_slice head;
        struct clew_slice rest;

        while (clew_message_next(&it, &raw) && clew_attribute_split(raw, &a.key, &a.value)) {
                size_t index = index_at(a.key);
                bool both;

                if (is_of_answer(a.key))
                        continue;
                both = earlier(&p, a.key, &b);
                if (index > 0 && a.key.data[index] != '0' &&
                    take_later(e, &a, index, raw, both && clew_slice_eq(a.value, b.value))) {
                        *ret_less = true;
                } else if (both && continues(text_of(b.value), text_of(a.value), &head, &rest)) {
                        *ret_less = true;
                        *ret_cut = a.key;
                        append_string(e->out, a.key, head, rest);
                } else {
                        append_field(e->out, SPAN_ATTRIBUTES, raw);
                }
        }
        if (e->role.len > 0) /* the last message stays, as a shell */
                append_field(e->out, SPAN_ATTRIBUTES, e->role);
        while (step->span.has_events && clew_message_next(&events, &raw))
                append_field(e->out, SPAN_EVENTS, raw);
        p.missing |= p.n > 0 && !is_later_element(p.ahead[0].key);
        return !p.missing && !e->out_of_order && clew_buffer_error(e->out) == 0;
}

/* The index in "llm.input_messages.3.message.role", "gen_ai.prompt.3.role"; UINT32_MAX without one.
 */
static uint32_t message_index(struct clew_slice key)
{
        static const char *const lists[] = {"input_messages.", "prompt."};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(lists); i++) {
                size_t n = strlen(lists[i]);
                const uint8_t *at = key.len > n ? memmem(key.data, key.len, lists[i], n) : NULL;
                uint32_t index = 0;
                size_t k;

                if (!at)
                        continue;
                k = (size_t)(at - key.data) + n;
                if (k == key.len || key.data[k] < '0' || key.data[k] > '9')
                        continue;
                for (; k < key.len && key.data[k] >= '0' && key.data[k] <= '9'; k++)
                        index = index < 100000 ? index * 10 + (uint32_t)(key.data[k] - '0') : index;
                return index;
        }
        return UINT32_MAX;
}

bool clew_rca_may_lack_first(const struct clew_step *step)
{
        struct clew_message_iter it = clew_span_attributes(&step->span);
        uint32_t first = UINT32_MAX;
        struct clew_slice key;
        struct clew_slice value;
        uint32_t n = 0;

        if (clew_step_is(step, CLEW_STEP_INCOMPLETE))
                return true;
        for (; clew_attribute_next_raw(&it, &key, &value); n++) {
                uint32_t index = message_index(key);

                first = index < first ? index : first;
        }
        return n >= ATTRIBUTE_LIMIT || (first > 0 && first != UINT32_MAX);
}

static int whole_input(const struct clew_trace *trace, const struct clew_step *step,
                       struct clew_arena *scratch, struct clew_rca_input *ret)
{
        *ret = (struct clew_rca_input){0};
        return clew_step_messages_unhashed(trace, step, CLEW_MESSAGES_IN, scratch, &ret->messages);
}

/* Not so when another layer of the call told them. */
static bool lie_in(const struct clew_messages *m, struct clew_slice bytes)
{
        uintptr_t from = (uintptr_t)bytes.data;

        for (uint32_t i = 0; i < m->n; i++) {
                uintptr_t at = (uintptr_t)m->items[i].role_name.data;

                if (at >= from && at < from + bytes.len)
                        return true;
        }
        return false;
}

int clew_rca_new_input(const struct clew_trace *trace, const struct clew_step *step,
                       const struct clew_step *before, struct clew_buffer *room,
                       struct clew_arena *scratch, struct clew_rca_input *ret)
{
        struct elements e = {.out = room};
        struct clew_step shown = *step;
        struct clew_slice kept;
        struct clew_slice cut_key = CLEW_SLICE_NULL;
        bool less = false;
        int r;

        clew_buffer_clear(room);
        if (!before || step->span.raw.len < CUT_MIN ||
            !append_new(step, before, &e, &less, &cut_key) || !less)
                return whole_input(trace, step, scratch, ret);
        kept = clew_buffer_slice(room);
        if (!clew_span_parse(kept, &shown.span))
                return whole_input(trace, step, scratch, ret);
        *ret = (struct clew_rca_input){.from = kept.data + e.from};
        r = clew_step_messages_unhashed(trace, &shown, CLEW_MESSAGES_IN, scratch, &ret->messages);
        if (r == 0 && clew_slice_eq(ret->messages.key, e.list) && lie_in(&ret->messages, kept))
                ret->left_out = e.left_out;
        /* A cut text that the messages were not read from does not matter. */
        ret->cut = r == 0 && cut_key.len > 0 && clew_slice_eq(cut_key, ret->messages.key);
        return r;
}
