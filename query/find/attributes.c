/*
 * See attributes.h.
 */
#include "query/find/attributes.h"

#include "proto/base/hash.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE 65536u /* a power of two */
#define ARENA_MAX ((size_t)256 << 20)
/* Longer names are content. */
#define NAME_BYTES_MAX 256u
#define EXAMPLE_BYTES_MAX 60u

int clew_attributes_init(struct clew_attributes *a)
{
        *a = (struct clew_attributes){0};
        clew_arena_init(&a->arena, ARENA_MAX);
        a->table = clew_arena_calloc(&a->arena, TABLE_SIZE, sizeof(struct clew_attribute_key *));
        return a->table ? 0 : -ENOMEM;
}

void clew_attributes_deinit(struct clew_attributes *a)
{
        clew_arena_deinit(&a->arena);
}

static struct clew_attribute_key *find(struct clew_attributes *a, const char *scope,
                                       struct clew_slice name)
{
        uint64_t at = clew_hash_seeded(name, (uint64_t)scope[0]) & (TABLE_SIZE - 1);
        struct clew_attribute_key *key;

        for (key = a->table[at]; key; key = key->next) {
                if (strcmp(key->scope, scope) == 0 && clew_slice_eq(key->name, name))
                        return key;
        }
        if (a->n == CLEW_ATTRIBUTES_MAX) {
                a->cut = true;
                return NULL;
        }
        key = clew_arena_calloc(&a->arena, 1, sizeof(*key));
        if (!key)
                return NULL;
        key->scope = scope;
        key->name = clew_arena_copy(&a->arena, name);
        key->next = a->table[at];
        a->table[at] = key;
        a->n++;
        return key;
}

static bool is_wanted(const struct clew_attributes *a, const struct clew_attribute_key *key)
{
        size_t n = strlen(key->scope);

        return a->value && (clew_slice_eq(a->wanted, key->name) ||
                            (a->wanted.len > n && memcmp(a->wanted.data, key->scope, n) == 0 &&
                             clew_slice_eq(clew_slice_from(a->wanted, n), key->name)));
}

static void tell_value(const struct clew_attributes *a, struct clew_slice raw)
{
        struct clew_value v;
        char text[48];
        int n = 0;

        if (!clew_value_parse(raw, &v))
                return;
        if (v.type == CLEW_VALUE_STRING)
                a->value(a->context, v.bytes);
        else if (v.type == CLEW_VALUE_BOOL)
                a->value(a->context, clew_slice_of_cstr(v.boolean ? "true" : "false"));
        else if (v.type == CLEW_VALUE_INT)
                n = snprintf(text, sizeof(text), "%" PRId64, v.integer);
        else if (v.type == CLEW_VALUE_DOUBLE)
                n = snprintf(text, sizeof(text), "%.17g", v.number);
        if (n > 0)
                a->value(a->context, clew_slice_make(text, (size_t)n));
}

static void count_value(struct clew_attributes *a, struct clew_attribute_key *key,
                        struct clew_slice raw)
{
        uint64_t hash = clew_hash(raw);
        struct clew_value v;

        if (clew_value_parse(raw, &v)) {
                key->types |= 1u << (unsigned)v.type;
                if (key->example.len == 0 && v.type == CLEW_VALUE_STRING &&
                    v.bytes.len <= EXAMPLE_BYTES_MAX)
                        key->example = clew_arena_copy(&a->arena, v.bytes);
        }
        for (uint32_t i = 0; i < key->n_values; i++) {
                if (key->values[i] == hash)
                        return;
        }
        if (key->n_values == CLEW_ATTRIBUTE_VALUES_MAX) {
                key->many = true;
                return;
        }
        key->values[key->n_values++] = hash;
        if (is_wanted(a, key))
                tell_value(a, raw);
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

/* @name with an N for each number between dots, in @ret when that is another one. */
static struct clew_slice join(struct clew_slice name, uint8_t ret[NAME_BYTES_MAX])
{
        size_t n = 0;
        bool numbers = false;

        for (size_t i = 0; i < name.len;) {
                size_t digit = i;

                while (digit < name.len && is_digit(name.data[digit]))
                        digit++;
                if (i > 0 && name.data[i - 1] == '.' && digit > i &&
                    (digit == name.len || name.data[digit] == '.')) {
                        ret[n++] = 'N';
                        numbers = true;
                        i = digit;
                } else {
                        ret[n++] = name.data[i++];
                }
        }
        return numbers ? clew_slice_make(ret, n) : name;
}

static void add_all(struct clew_attributes *a, const char *scope, struct clew_message_iter it)
{
        uint8_t other[NAME_BYTES_MAX];
        struct clew_slice name;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &name, &raw)) {
                struct clew_attribute_key *key;

                if (name.len == 0 || name.len > NAME_BYTES_MAX)
                        continue;
                key = find(a, scope, a->joined ? join(name, other) : name);
                if (!key)
                        continue;
                key->n++;
                key->traces += key->last_trace != a->trace;
                key->last_trace = a->trace;
                if (!key->many)
                        count_value(a, key, raw);
        }
}

int clew_attributes_add(struct clew_attributes *a, struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_otlp_scope at = {0};
        struct clew_slice resource = CLEW_SLICE_NULL;
        struct clew_slice scope = CLEW_SLICE_NULL;
        struct clew_slice raw;
        struct clew_span span;

        a->trace++;
        while (clew_otlp_read(&r, &raw, &at)) {
                struct clew_message_iter it;
                struct clew_span_event event;
                struct clew_span_link link;

                if (at.resource.data != resource.data)
                        add_all(a, "resource.", clew_resource_attributes(at.resource));
                if (at.scope.data != scope.data)
                        add_all(a, "instrumentation.", clew_scope_attributes(at.scope));
                resource = at.resource;
                scope = at.scope;
                if (!clew_span_parse(raw, &span))
                        continue;
                add_all(a, "span.", clew_span_attributes(&span));
                it = clew_span_events(&span);
                while (clew_span_event_next(&it, &event))
                        add_all(a, "event.", clew_event_attributes(&event));
                it = clew_span_links(&span);
                while (clew_span_link_next(&it, &link))
                        add_all(a, "link.", clew_link_attributes(&link));
        }
        return clew_arena_failed(&a->arena) ? -ENOMEM : 0;
}

static int by_name(const void *a, const void *b)
{
        const struct clew_attribute_key *x = *(struct clew_attribute_key *const *)a;
        const struct clew_attribute_key *y = *(struct clew_attribute_key *const *)b;
        int order = strcmp(x->scope, y->scope);

        return order != 0 ? order : clew_slice_cmp(x->name, y->name);
}

int clew_attributes_finish(struct clew_attributes *a)
{
        uint32_t n = 0;

        a->all = clew_arena_calloc(&a->arena, a->n + 1u, sizeof(struct clew_attribute_key *));
        if (!a->all)
                return -ENOMEM;
        for (uint32_t i = 0; i < TABLE_SIZE; i++) {
                for (struct clew_attribute_key *key = a->table[i]; key; key = key->next)
                        a->all[n++] = key;
        }
        qsort(a->all, n, sizeof(struct clew_attribute_key *), by_name);
        return 0;
}
