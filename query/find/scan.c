/*
 * See scan.h.
 */
#include "query/find/scan.h"

#include "proto/base/hash.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "query/find/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Elements of one list that are looked at. */
#define ELEMENTS_MAX 4096u

struct search {
        const struct clew_scan *scan;
        uint64_t found;  /* bit i: attribute condition i holds */
        uint64_t wanted; /* bit i: the first condition of each key */
        struct clew_scan_met *met;
};

bool clew_scan_add_attribute(struct clew_scan *scan, const char *text)
{
        const char *equals = strchr(text, '=');
        struct clew_slice key =
                equals ? clew_slice_make((const uint8_t *)text, (size_t)(equals - text))
                       : clew_slice_of_cstr(text);
        struct clew_scan_attribute *a;

        if (key.len == 0 || scan->n_attributes == CLEW_SCAN_CONDITIONS_MAX)
                return false;
        a = &scan->attributes[scan->n_attributes++];
        *a = (struct clew_scan_attribute){.key = key};
        if (!equals)
                return true;
        a->value = clew_slice_of_cstr(equals + 1);
        if (a->value.len > 0 && a->value.data[a->value.len - 1] == '*') {
                a->value.len--;
                a->prefix = true;
        }
        return true;
}

bool clew_scan_add_text(struct clew_scan *scan, const char *text)
{
        if (!*text || strlen(text) > CLEW_TEXT_NEEDLE_BYTES_MAX ||
            scan->n_texts == CLEW_SCAN_CONDITIONS_MAX)
                return false;
        scan->texts[scan->n_texts++] = clew_slice_of_cstr(text);
        return true;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static bool text_matches(const struct clew_scan_attribute *a, struct clew_slice text)
{
        return a->prefix ? clew_slice_starts_with(text, a->value) : clew_slice_eq(text, a->value);
}

/* Numbers as people write them: 0.1 is found as 0.1, whatever its last binary digit. */
static bool double_matches(const struct clew_scan_attribute *a, double v)
{
        char text[64];

        for (int digits = 6; digits <= 17; digits++) {
                int n = snprintf(text, sizeof(text), "%.*g", digits, v);

                if (n > 0 && text_matches(a, clew_slice_make((const uint8_t *)text, (size_t)n)))
                        return true;
        }
        return false;
}

static bool scalar_matches(const struct clew_scan_attribute *a, const struct clew_value *v)
{
        char text[32];

        switch (v->type) {
        case CLEW_VALUE_STRING:
        case CLEW_VALUE_BYTES:
                return text_matches(a, v->bytes);
        case CLEW_VALUE_BOOL:
                return text_matches(a, clew_slice_of_cstr(v->boolean ? "true" : "false"));
        case CLEW_VALUE_INT:
                (void)snprintf(text, sizeof(text), "%" PRId64, v->integer);
                return text_matches(a, clew_slice_of_cstr(text));
        case CLEW_VALUE_DOUBLE:
                return double_matches(a, v->number);
        case CLEW_VALUE_EMPTY:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
                break;
        }
        return false;
}

/* A list has each of its elements as a value. */
static bool value_matches(const struct clew_scan_attribute *a, struct clew_slice raw)
{
        struct clew_value value;
        struct clew_value element;
        struct clew_message_iter it;
        unsigned n = 0;

        if (!a->value.data)
                return true;
        if (!clew_value_parse(raw, &value))
                return false;
        if (value.type != CLEW_VALUE_ARRAY)
                return scalar_matches(a, &value);
        it = clew_value_elements(&value);
        while (n++ < ELEMENTS_MAX && clew_value_next(&it, &element)) {
                if (scalar_matches(a, &element))
                        return true;
        }
        return false;
}

/* ---- one pass ---------------------------------------------------------------------------------
 */

static bool is_complete(const struct search *s)
{
        return (s->found & s->wanted) == s->wanted;
}

static uint64_t bit(size_t i)
{
        return UINT64_C(1) << i;
}

/* Index of the first condition on the key of condition @i. */
static size_t first_of_key(const struct clew_scan *scan, size_t i)
{
        size_t first = 0;

        while (!clew_slice_eq(scan->attributes[first].key, scan->attributes[i].key))
                first++;
        return first;
}

/* One letter missing, added, changed, or two changed places. */
static bool is_near(struct clew_slice a, struct clew_slice b)
{
        size_t head = 0;
        size_t tail = 0;
        size_t shorter = a.len < b.len ? a.len : b.len;
        size_t longer = a.len < b.len ? b.len : a.len;

        while (head < shorter && a.data[head] == b.data[head])
                head++;
        while (tail < shorter - head && a.data[a.len - 1 - tail] == b.data[b.len - 1 - tail])
                tail++;
        if (longer - head - tail <= 1)
                return true;
        return a.len == b.len && a.len - head - tail == 2 && a.data[head] == b.data[head + 1] &&
               a.data[head + 1] == b.data[head];
}

/* Keeps @key when it is like one that was asked for and not met. Each key is compared once, or
 * again when another took its place. */
static void compare_key(struct search *s, struct clew_slice key)
{
        uint64_t hash;
        uint64_t *place;

        if (!s->met || key.len == 0 || key.len > CLEW_SCAN_NEAR_BYTES_MAX)
                return;
        hash = clew_hash(key) | 1;
        place = &s->met->compared[hash >> 1 & 255];
        if (*place == hash)
                return;
        *place = hash;
        for (size_t i = 0; i < s->scan->n_attributes; i++) {
                char *near = s->met->near[i];

                if ((s->met->keys >> i & 1) != 0 || near[0] ||
                    !is_near(key, s->scan->attributes[i].key))
                        continue;
                memcpy(near, key.data, key.len);
                near[key.len] = 0;
        }
}

static void search_attributes(struct search *s, struct clew_message_iter it)
{
        struct clew_slice key;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &key, &raw)) {
                compare_key(s, key);
                for (size_t i = 0; i < s->scan->n_attributes; i++) {
                        const struct clew_scan_attribute *a = &s->scan->attributes[i];

                        if (!clew_slice_eq(a->key, key))
                                continue;
                        if (s->met)
                                s->met->keys |= bit(i);
                        if (value_matches(a, raw))
                                s->found |= bit(first_of_key(s->scan, i));
                }
        }
}

static void search_span(struct search *s, struct clew_slice raw)
{
        struct clew_span span;
        struct clew_span_event event;
        struct clew_span_link link;
        struct clew_message_iter it;

        if (!clew_span_parse(raw, &span))
                return;
        search_attributes(s, clew_span_attributes(&span));
        it = clew_span_events(&span);
        while (!is_complete(s) && clew_span_event_next(&it, &event))
                search_attributes(s, clew_event_attributes(&event));
        it = clew_span_links(&span);
        while (!is_complete(s) && clew_span_link_next(&it, &link))
                search_attributes(s, clew_link_attributes(&link));
}

static void search_log(struct search *s, struct clew_slice raw)
{
        struct clew_log_record record;

        if (clew_log_record_parse(raw, &record))
                search_attributes(s, clew_log_attributes(&record));
}

/* @is_log tells what the items of @data are. */
static void search_items(struct search *s, struct clew_slice data, bool is_log)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_otlp_scope at = {0};
        struct clew_slice resource = CLEW_SLICE_NULL;
        struct clew_slice scope = CLEW_SLICE_NULL;
        struct clew_slice raw;

        while (!is_complete(s) && clew_otlp_read(&r, &raw, &at)) {
                if (at.resource.data != resource.data)
                        search_attributes(s, clew_resource_attributes(at.resource));
                if (at.scope.data != scope.data)
                        search_attributes(s, clew_scope_attributes(at.scope));
                resource = at.resource;
                scope = at.scope;
                if (is_log)
                        search_log(s, raw);
                else
                        search_span(s, raw);
        }
}

bool clew_scan_matches(const struct clew_scan *scan, struct clew_slice traces,
                       struct clew_slice logs, struct clew_scan_met *met)
{
        struct search s = {.scan = scan, .met = met};

        for (size_t i = 0; i < scan->n_texts; i++) {
                if (!clew_text_holds(traces, scan->texts[i], scan->ignore_case) &&
                    !clew_text_holds(logs, scan->texts[i], scan->ignore_case))
                        return false;
        }
        for (size_t i = 0; i < scan->n_attributes; i++)
                s.wanted |= bit(first_of_key(scan, i));
        search_items(&s, traces, false);
        search_items(&s, logs, true);
        return is_complete(&s);
}
