#include "tests/unit/random-otlp.h"

#include "proto/base/clock.h"
#include "proto/otlp/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_BYTES_MAX (64u << 20)
#define PIECES_MAX 64u /* fields of one message that can be shuffled */
#define TRACES 4u
#define SPANS 24u

struct random_source random_from_environment(const char *test)
{
        const char *text = getenv("CLEW_TEST_SEED");
        uint64_t seed = clew_clock_unix_ns(clew_clock_system());

        if (text && sscanf(text, "%" SCNu64, &seed) != 1)
                abort();
        printf("# %s: CLEW_TEST_SEED=%" PRIu64 "\n", test, seed);
        return (struct random_source){.state = seed};
}

uint64_t random_next(struct random_source *r)
{
        uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ z >> 27) * 0x94d049bb133111ebull;
        return z ^ z >> 31;
}

uint32_t random_below(struct random_source *r, uint32_t n)
{
        return n ? (uint32_t)(random_next(r) % n) : 0;
}

static bool one_in(struct random_source *r, uint32_t n)
{
        return random_below(r, n) == 0;
}

/* ---- messages under construction ----------------------------------------------------------------
 */

struct message {
        struct clew_buffer bytes;
        size_t starts[PIECES_MAX];
        size_t n;
};

static void message_deinit(struct message *m)
{
        clew_buffer_deinit(&m->bytes);
}

#define MESSAGE CLEW_CLEANUP(message_deinit) struct message

static void message_init(struct message *m)
{
        clew_buffer_init(&m->bytes, MESSAGE_BYTES_MAX);
        m->n = 0;
}

static void put_tag(struct message *m, uint32_t number, enum clew_wire wire)
{
        if (m->n < PIECES_MAX)
                m->starts[m->n++] = m->bytes.len;
        clew_buffer_append_varint(&m->bytes, number << 3 | (uint32_t)wire);
}

static void put_varint(struct message *m, uint32_t number, uint64_t v)
{
        put_tag(m, number, CLEW_WIRE_VARINT);
        clew_buffer_append_varint(&m->bytes, v);
}

static void put_fixed64(struct message *m, uint32_t number, uint64_t v)
{
        put_tag(m, number, CLEW_WIRE_FIXED64);
        clew_buffer_append_le64(&m->bytes, v);
}

static void put_fixed32(struct message *m, uint32_t number, uint32_t v)
{
        put_tag(m, number, CLEW_WIRE_FIXED32);
        clew_buffer_append_le32(&m->bytes, v);
}

static void put_bytes(struct message *m, uint32_t number, struct clew_slice s)
{
        put_tag(m, number, CLEW_WIRE_BYTES);
        clew_buffer_append_varint(&m->bytes, s.len);
        clew_buffer_append_slice(&m->bytes, s);
}

static void put_text(struct message *m, uint32_t number, const char *s)
{
        put_bytes(m, number, clew_slice_of_cstr(s));
}

/* The fields of @child, sometimes in another order, as field @number of @m (0 = as they are). */
static void put_message(struct random_source *r, struct message *m, uint32_t number,
                        struct message *child)
{
        MESSAGE shuffled;
        struct clew_slice bytes = clew_buffer_slice(&child->bytes);

        message_init(&shuffled);
        if (child->n > 1 && child->n < PIECES_MAX && one_in(r, 4)) {
                size_t turn = random_below(r, (uint32_t)child->n);
                size_t at = child->starts[turn];

                clew_buffer_append_slice(&shuffled.bytes, clew_slice_from(bytes, at));
                clew_buffer_append(&shuffled.bytes, bytes.data, at);
                bytes = clew_buffer_slice(&shuffled.bytes);
        }
        if (number)
                put_bytes(m, number, bytes);
        else
                clew_buffer_append_slice(&m->bytes, bytes);
}

static void put_unknown(struct random_source *r, struct message *m)
{
        static const uint32_t numbers[] = {17, 100, 1001, 536870911};
        uint32_t number = numbers[random_below(r, CLEW_ARRAY_LEN(numbers))];

        if (!one_in(r, 8))
                return;
        switch (random_below(r, 4)) {
        case 0:
                put_varint(m, number, random_next(r) >> random_below(r, 64));
                break;
        case 1:
                put_fixed64(m, number, random_next(r));
                break;
        case 2:
                put_fixed32(m, number, (uint32_t)random_next(r));
                break;
        default:
                put_text(m, number, "not known to us");
        }
}

/* ---- OTLP messages ------------------------------------------------------------------------------
 */

static void put_string(struct random_source *r, struct message *m, uint32_t number)
{
        static const char *const texts[] = {"",      "a",        "gen_ai.request.model",
                                            "\n\t",  "llm.call", "r\xc3\xa9sum\xc3\xa9",
                                            "http.", "x y z",    "openinference.span.kind"};
        uint8_t noise[300];
        size_t n = random_below(r, sizeof(noise));

        if (!one_in(r, 6)) {
                put_text(m, number, texts[random_below(r, CLEW_ARRAY_LEN(texts))]);
                return;
        }
        for (size_t i = 0; i < n; i++)
                noise[i] = (uint8_t)random_next(r);
        put_bytes(m, number, clew_slice_make(noise, n));
}

static void fill_scalar(struct random_source *r, struct message *value)
{
        switch (random_below(r, 7)) {
        case 0:
                break; /* empty */
        case 1:
                put_varint(value, 2, random_below(r, 2));
                break;
        case 2:
                put_varint(value, 3, random_next(r) >> random_below(r, 64));
                break;
        case 3:
                put_fixed64(value, 4, random_next(r));
                break;
        case 4:
                put_string(r, value, 7);
                break;
        default:
                put_string(r, value, 1);
        }
        put_unknown(r, value);
}

static void put_pair(struct random_source *r, struct message *m, uint32_t number,
                     struct message *value)
{
        MESSAGE pair;

        message_init(&pair);
        put_string(r, &pair, 1);
        if (!one_in(r, 16))
                put_message(r, &pair, 2, value);
        put_unknown(r, &pair);
        put_message(r, m, number, &pair);
}

/* Puts @value into an array or a list with other values round it; the result replaces it. */
static void wrap_value(struct random_source *r, struct message *value)
{
        bool list = one_in(r, 2);
        MESSAGE container;
        struct message whole;

        message_init(&container);
        message_init(&whole);
        for (uint32_t i = random_below(r, 3) + 1; i > 0; i--) {
                MESSAGE other;

                message_init(&other);
                fill_scalar(r, &other);
                if (list)
                        put_pair(r, &container, 1, i == 1 ? value : &other);
                else
                        put_message(r, &container, 1, i == 1 ? value : &other);
        }
        put_message(r, &whole, list ? 6 : 5, &container);
        message_deinit(value);
        *value = whole;
}

static void fill_value(struct random_source *r, struct message *value)
{
        uint32_t depth =
                one_in(r, 5) ? random_below(r, one_in(r, 20) ? CLEW_OTLP_DEPTH_MAX : 5) : 0;

        fill_scalar(r, value);
        while (depth-- > 0)
                wrap_value(r, value);
}

static void put_attributes(struct random_source *r, struct message *m, uint32_t number)
{
        for (uint32_t i = random_below(r, 6); i > 0; i--) {
                MESSAGE value;

                message_init(&value);
                fill_value(r, &value);
                put_pair(r, m, number, &value);
        }
}

static void put_id(struct random_source *r, struct message *m, uint32_t number, size_t size,
                   uint32_t n)
{
        uint8_t id[CLEW_TRACE_ID_BYTES];

        memset(id, 0xa0, sizeof(id));
        id[size - 1] = (uint8_t)(1 + random_below(r, n));
        put_bytes(m, number, clew_slice_make(id, size));
}

static void put_event(struct random_source *r, struct message *span)
{
        MESSAGE event;

        message_init(&event);
        put_fixed64(&event, 1, random_next(r));
        put_string(r, &event, 2);
        put_attributes(r, &event, 3);
        put_unknown(r, &event);
        put_message(r, span, 11, &event);
}

static void put_link(struct random_source *r, struct message *span)
{
        MESSAGE link;

        message_init(&link);
        put_id(r, &link, 1, CLEW_TRACE_ID_BYTES, TRACES);
        put_id(r, &link, 2, CLEW_SPAN_ID_BYTES, SPANS);
        put_string(r, &link, 3);
        put_attributes(r, &link, 4);
        put_fixed32(&link, 6, random_below(r, 512));
        put_unknown(r, &link);
        put_message(r, span, 13, &link);
}

static void put_span(struct random_source *r, struct message *scope)
{
        MESSAGE span;
        MESSAGE status;
        uint64_t start = 1700000000000000000ull + random_below(r, 1000);

        message_init(&span);
        message_init(&status);
        put_id(r, &span, 1, CLEW_TRACE_ID_BYTES, TRACES);
        put_id(r, &span, 2, CLEW_SPAN_ID_BYTES, SPANS);
        if (one_in(r, 8))
                put_string(r, &span, 3);
        if (!one_in(r, 4))
                put_id(r, &span, 4, CLEW_SPAN_ID_BYTES, SPANS);
        put_string(r, &span, 5);
        put_varint(&span, 6, random_below(r, 6));
        put_fixed64(&span, 7, start);
        if (!one_in(r, 4))
                put_fixed64(&span, 8, start + random_below(r, 3));
        put_attributes(r, &span, 9);
        for (uint32_t i = random_below(r, 3); i > 0; i--)
                put_event(r, &span);
        for (uint32_t i = random_below(r, 2); i > 0; i--)
                put_link(r, &span);
        if (one_in(r, 3)) {
                put_string(r, &status, 2);
                put_varint(&status, 3, random_below(r, 3));
                put_message(r, &span, 15, &status);
        }
        if (one_in(r, 3))
                put_fixed32(&span, 16, random_below(r, 1024));
        put_unknown(r, &span);
        put_message(r, scope, 2, &span);
}

static void put_log(struct random_source *r, struct message *scope)
{
        MESSAGE log;
        MESSAGE body;

        message_init(&log);
        message_init(&body);
        put_fixed64(&log, 1, random_below(r, 5));
        put_varint(&log, 2, random_below(r, 25));
        put_string(r, &log, 3);
        fill_value(r, &body);
        put_message(r, &log, 5, &body);
        put_attributes(r, &log, 6);
        if (!one_in(r, 4)) {
                put_id(r, &log, 9, CLEW_TRACE_ID_BYTES, TRACES);
                put_id(r, &log, 10, CLEW_SPAN_ID_BYTES, SPANS);
        }
        put_fixed64(&log, 11, random_next(r));
        put_unknown(r, &log);
        put_message(r, scope, 2, &log);
}

static void fill_resource(struct random_source *r, struct message *resource)
{
        static const char *const services[] = {"alpha", "beta"};
        MESSAGE pair;
        MESSAGE value;

        message_init(&pair);
        message_init(&value);
        put_text(&value, 1, services[random_below(r, CLEW_ARRAY_LEN(services))]);
        put_text(&pair, 1, "service.name");
        put_message(r, &pair, 2, &value);
        put_message(r, resource, 1, &pair);
        if (one_in(r, 4))
                put_attributes(r, resource, 1);
        put_unknown(r, resource);
}

void random_request(struct random_source *r, enum clew_otlp_signal signal, uint32_t max_items,
                    struct clew_buffer *out)
{
        MESSAGE request;
        uint32_t left = random_below(r, max_items + 1);

        message_init(&request);
        for (uint32_t i = random_below(r, 4); i > 0; i--) {
                MESSAGE envelope;
                MESSAGE resource;

                message_init(&envelope);
                message_init(&resource);
                fill_resource(r, &resource);
                if (!one_in(r, 8))
                        put_message(r, &envelope, 1, &resource);
                for (uint32_t k = random_below(r, 3); k > 0; k--) {
                        MESSAGE scope_envelope;
                        MESSAGE scope;
                        uint32_t n = random_below(r, left + 1);

                        message_init(&scope_envelope);
                        message_init(&scope);
                        put_text(&scope, 1, one_in(r, 2) ? "lib.a" : "lib.b");
                        put_unknown(r, &scope);
                        if (!one_in(r, 8))
                                put_message(r, &scope_envelope, 1, &scope);
                        for (left -= n; n > 0; n--)
                                signal == CLEW_OTLP_TRACES ? put_span(r, &scope_envelope)
                                                           : put_log(r, &scope_envelope);
                        if (one_in(r, 3))
                                put_text(&scope_envelope, 3, "https://schema.example/1");
                        put_unknown(r, &scope_envelope);
                        put_message(r, &envelope, 2, &scope_envelope);
                }
                if (one_in(r, 3))
                        put_text(&envelope, 3, "https://schema.example/2");
                put_unknown(r, &envelope);
                put_message(r, &request, 1, &envelope);
        }
        clew_buffer_append_slice(out, clew_buffer_slice(&request.bytes));
}

void random_mutate(struct random_source *r, struct clew_buffer *bytes)
{
        for (uint32_t i = 1 + random_below(r, 4); i > 0 && bytes->len > 0; i--) {
                uint32_t at = random_below(r, (uint32_t)bytes->len);

                switch (random_below(r, 5)) {
                case 0:
                        bytes->data[at] ^= (uint8_t)(1u << random_below(r, 8));
                        break;
                case 1:
                        bytes->data[at] = (uint8_t)random_next(r);
                        break;
                case 2:
                        bytes->data[at] = (uint8_t)(bytes->data[at] + 1 - 2 * random_below(r, 2));
                        break;
                case 3:
                        if (one_in(r, 4))
                                bytes->len = at;
                        break;
                default: {
                        uint32_t n = random_below(r, (uint32_t)bytes->len - at);
                        uint32_t to = random_below(r, (uint32_t)bytes->len - n);

                        memmove(bytes->data + to, bytes->data + at, n < 40 ? n : 40);
                }
                }
        }
}

/* ---- regular ------------------------------------------------------------------------------------
 */

static void put_regular_attribute(struct message *m, uint32_t number, const char *key,
                                  const char *text, uint64_t integer)
{
        MESSAGE value;
        MESSAGE pair;

        message_init(&value);
        message_init(&pair);
        if (text)
                put_text(&value, 1, text);
        else
                put_varint(&value, 3, integer);
        put_text(&pair, 1, key);
        put_bytes(&pair, 2, clew_buffer_slice(&value.bytes));
        put_bytes(m, number, clew_buffer_slice(&pair.bytes));
}

static void put_regular_span(struct message *scope, uint32_t index, uint32_t trace)
{
        static const char *const texts[][2] = {
                {"gen_ai.operation.name", "chat"},
                {"gen_ai.system", "openai"},
                {"gen_ai.request.model", "gpt-4o-2024-08-06"},
                {"gen_ai.response.model", "gpt-4o-2024-08-06"},
                {"gen_ai.agent.name", "travel-planner"},
                {"session.id", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
                {"user.id", "user-1234567"},
                {"server.address", "api.example.com"}};
        static const char *const numbers[] = {"gen_ai.usage.input_tokens",
                                              "gen_ai.usage.output_tokens", "server.port"};
        MESSAGE span;
        uint8_t id[CLEW_TRACE_ID_BYTES];
        struct random_source r = {.state = trace};

        message_init(&span);
        for (size_t i = 0; i < sizeof(id); i++)
                id[i] = (uint8_t)(random_next(&r) | 1);
        put_bytes(&span, 1, clew_slice_make(id, CLEW_TRACE_ID_BYTES));
        memcpy(id, &index, sizeof(index));
        put_bytes(&span, 2, clew_slice_make(id, CLEW_SPAN_ID_BYTES));
        id[0] ^= 0x55;
        put_bytes(&span, 4, clew_slice_make(id, CLEW_SPAN_ID_BYTES));
        put_text(&span, 5, "chat gpt-4o");
        put_varint(&span, 6, 3);
        put_fixed64(&span, 7, 1700000000000000000ull + index);
        put_fixed64(&span, 8, 1700000001000000000ull + index);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++)
                put_regular_attribute(&span, 9, texts[i][0], texts[i][1], 0);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++)
                put_regular_attribute(&span, 9, numbers[i], NULL, 200 + index * 7);
        put_bytes(&span, 15, CLEW_SLICE_NULL);
        put_bytes(scope, 2, clew_buffer_slice(&span.bytes));
}

void regular_request(uint32_t n, uint32_t n_traces, struct clew_buffer *out)
{
        MESSAGE resource;
        MESSAGE envelope;
        MESSAGE scope;

        message_init(&resource);
        message_init(&envelope);
        message_init(&scope);
        put_regular_attribute(&resource, 1, "service.name", "bench", 0);
        put_bytes(&envelope, 1, clew_buffer_slice(&resource.bytes));
        for (uint32_t i = 0; i < n; i++)
                put_regular_span(&scope, i + 1, i % n_traces);
        put_bytes(&envelope, 2, clew_buffer_slice(&scope.bytes));
        clew_buffer_append_byte(out, 1 << 3 | CLEW_WIRE_BYTES);
        clew_buffer_append_varint(out, envelope.bytes.len);
        clew_buffer_append_slice(out, clew_buffer_slice(&envelope.bytes));
}
