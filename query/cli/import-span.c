/*
 * See import-span-int.h.
 */
#include "query/cli/import-span-int.h"

#include "proto/base/ids.h"
#include "proto/base/sha256.h"
#include "query/answer/when.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* Of one object; what is looked at by name is looked for in order. */
#define MEMBERS_MAX 65536u
#define MEMBERS_FIRST 16u
/* Steps of one trajectory, samples of one log: a request has a bound of its own behind this. */
#define PARTS_MAX 200000u

/* ---- reading -------------------------------------------------------------------------------- */

/* Room for one more member; false when there is no memory, or too many are there. */
static bool make_room(struct clew_made *m, struct clew_made_object *o, uint32_t *room)
{
        struct clew_made_member *more;

        if (o->n < *room)
                return true;
        if (o->n >= MEMBERS_MAX)
                return false;
        more = clew_arena_calloc(m->arena, *room ? 2 * *room : MEMBERS_FIRST, sizeof(*more));
        if (!more)
                return false;
        if (o->n)
                memcpy(more, o->items, o->n * sizeof(*more));
        *room = *room ? 2 * *room : MEMBERS_FIRST;
        o->items = more;
        return true;
}

bool clew_made_open(struct clew_made *m, struct clew_slice raw, struct clew_made_object *ret)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);
        uint32_t room = 0;

        *ret = (struct clew_made_object){0};
        if (raw.len == 0 || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                if (!make_room(m, ret, &room)) {
                        clew_json_skip(&r);
                        continue;
                }
                ret->items[ret->n].key = clew_json_string(&r, m->arena);
                ret->items[ret->n++].raw = clew_json_take(&r);
        }
        return !clew_arena_failed(m->arena);
}

struct clew_slice clew_made_raw(struct clew_made_object *o, const char *key)
{
        for (uint32_t i = 0; i < o->n; i++) {
                if (!clew_slice_eq_cstr(o->items[i].key, key))
                        continue;
                o->items[i].used = true;
                if (clew_slice_eq_cstr(o->items[i].raw, "null"))
                        return CLEW_SLICE_NULL;
                return o->items[i].raw;
        }
        return CLEW_SLICE_NULL;
}

bool clew_made_has(struct clew_made_object *o, const char *key)
{
        return clew_made_raw(o, key).len > 0;
}

struct clew_slice clew_made_text_of(struct clew_made *m, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_MAX);

        if (raw.len && raw.data[0] == '"' && clew_json_next(&r) == CLEW_JSON_STRING)
                return clew_json_string(&r, m->arena);
        return raw;
}

struct clew_slice clew_made_text(struct clew_made *m, struct clew_made_object *o, const char *key)
{
        return clew_made_text_of(m, clew_made_raw(o, key));
}

uint64_t clew_made_time(struct clew_made *m, struct clew_made_object *o, const char *key)
{
        struct clew_slice s = clew_made_text(m, o, key);
        char text[64];
        uint64_t ns = 0;

        if (s.len == 0 || s.len >= sizeof(text))
                return 0;
        memcpy(text, s.data, s.len);
        text[s.len] = '\0';
        for (size_t i = 0; s.len == 13 && i < s.len; i++) { /* milliseconds: to nanoseconds */
                if (text[i] < '0' || text[i] > '9')
                        break;
                if (i + 1 == s.len)
                        memcpy(text + s.len, "000000", 7);
        }
        return clew_when_parse(text, 0, true, &ns) ? ns : 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_id(struct clew_made *m, const char *key, struct clew_slice id, size_t bytes)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        uint8_t kept[16];
        char plain[33];
        char hex[33];
        size_t n = 0;

        for (size_t i = 0; i < id.len && n < sizeof(plain); i++) {
                if (id.data[i] != '-')
                        plain[n++] = (char)id.data[i];
        }
        if (n == 2 * bytes && clew_hex_decode(clew_slice_make(plain, n), kept, bytes)) {
                clew_hex_encode(clew_slice_make(kept, bytes), hex);
        } else {
                clew_sha256_of(id, sum);
                clew_hex_encode(clew_slice_make(sum, bytes), hex);
        }
        clew_json_write_key(&m->w, key);
        clew_json_write_cstr(&m->w, hex);
}

/* Up to the value itself. */
static void begin_attribute(struct clew_made *m, const char *key, const char *type)
{
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "key");
        clew_json_write_cstr(&m->w, key);
        clew_json_write_key(&m->w, "value");
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, type);
}

static void end_attribute(struct clew_made *m)
{
        clew_json_write_object_end(&m->w);
        clew_json_write_object_end(&m->w);
}

static void put_attribute(struct clew_made *m, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        begin_attribute(m, key, "stringValue");
        clew_json_write_string(&m->w, text);
        end_attribute(m);
}

/* At the number that @raw is, or that is the text of the string @raw. */
static bool number_of(struct clew_made *m, struct clew_slice raw, struct clew_json_reader *ret)
{
        *ret = clew_json_reader_make(clew_made_text_of(m, raw), 1);
        return raw.len > 0 && clew_json_next(ret) == CLEW_JSON_NUMBER;
}

static void put_count(struct clew_made *m, const char *key, struct clew_slice raw)
{
        struct clew_json_reader r;
        uint64_t n;

        if (!number_of(m, raw, &r) || !clew_json_uint64(&r, &n) || n > INT64_MAX)
                return;
        begin_attribute(m, key, "intValue");
        clew_json_write_uint64_string(&m->w, n);
        end_attribute(m);
}

static void put_number(struct clew_made *m, const char *key, struct clew_slice raw)
{
        struct clew_json_reader r;
        double v;

        if (!number_of(m, raw, &r) || !clew_json_double(&r, &v) || !isfinite(v))
                return;
        begin_attribute(m, key, "doubleValue");
        clew_json_write_double(&m->w, v);
        end_attribute(m);
}

/* What is left of @o: as "import.NAME"; with @own names that have a prefix (a convention's) stay.
 */
static void put_rest(struct clew_made *m, struct clew_made_object *o, bool own)
{
        for (uint32_t i = 0; o && i < o->n; i++) {
                bool kept = own && o->items[i].key.len &&
                            memchr(o->items[i].key.data, '.', o->items[i].key.len);
                struct clew_slice key = clew_arena_printf(m->arena, "%s%.*s", kept ? "" : "import.",
                                                          (int)o->items[i].key.len,
                                                          (const char *)o->items[i].key.data);

                if (!o->items[i].used && !clew_slice_eq_cstr(o->items[i].raw, "null") && key.data)
                        put_attribute(m, (const char *)key.data,
                                      clew_made_text_of(m, o->items[i].raw));
        }
}

static void put_usage(struct clew_made *m, const struct clew_made_usage *u)
{
        put_count(m, "llm.token_count.prompt", u->in);
        put_count(m, "llm.token_count.completion", u->out);
        put_count(m, "llm.token_count.total", u->total);
        put_count(m, "llm.token_count.prompt_details.cache_read", u->cached);
        put_count(m, "llm.token_count.prompt_details.cache_write", u->written);
        put_count(m, "llm.token_count.completion_details.reasoning", u->reasoning);
        put_number(m, "llm.cost.total", u->cost);
}

static void put_attributes(struct clew_made *m, const struct clew_made_step *s)
{
        bool is_tool = strcmp(s->kind, "TOOL") == 0;

        clew_json_write_key(&m->w, "attributes");
        clew_json_write_array_begin(&m->w);
        put_attribute(m, "openinference.span.kind", clew_slice_of_cstr(s->kind));
        put_attribute(m, "input.value", s->input);
        put_attribute(m, "output.value", s->output);
        put_attribute(m, "llm.model_name", s->model);
        put_attribute(m, "session.id", s->session);
        put_attribute(m, "user.id", s->user);
        if (is_tool)
                put_attribute(m, "tool.name", s->name);
        put_usage(m, &s->usage);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(s->own); i++) {
                if (s->own[i].key)
                        put_attribute(m, s->own[i].key, s->own[i].text);
        }
        put_rest(m, s->attributes, true);
        put_rest(m, s->rest, false);
        clew_json_write_array_end(&m->w);
}

/* What Inspect writes for a right, a wrong and a missing answer. */
static const char *verdict_of(struct clew_slice value)
{
        if (clew_slice_eq_cstr(value, "C") || clew_slice_eq_cstr(value, "true"))
                return "pass";
        if (clew_slice_eq_cstr(value, "I") || clew_slice_eq_cstr(value, "N") ||
            clew_slice_eq_cstr(value, "false"))
                return "fail";
        return NULL;
}

static void put_score(struct clew_made *m, struct clew_slice name, struct clew_slice raw)
{
        struct clew_made_object score;
        struct clew_slice value = raw;
        struct clew_slice text;
        const char *verdict;
        bool known = clew_made_open(m, raw, &score);

        if (known)
                value = clew_made_raw(&score, "value");
        text = clew_made_text_of(m, value);
        verdict = verdict_of(text);
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "name");
        clew_json_write_cstr(&m->w, "gen_ai.evaluation.result");
        clew_json_write_key(&m->w, "attributes");
        clew_json_write_array_begin(&m->w);
        put_attribute(m, "gen_ai.evaluation.name", name);
        if (verdict)
                put_attribute(m, "gen_ai.evaluation.score.label", clew_slice_of_cstr(verdict));
        else if (value.len && value.data[0] == '"')
                put_attribute(m, "gen_ai.evaluation.score.label", text);
        else
                put_number(m, "gen_ai.evaluation.score.value", value);
        if (known)
                put_attribute(m, "gen_ai.evaluation.explanation",
                              clew_made_text(m, &score, "explanation"));
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
}

static void put_scores(struct clew_made *m, struct clew_slice scores)
{
        struct clew_json_reader r = clew_json_reader_make(scores, CLEW_JSON_DEPTH_MAX);

        if (scores.len == 0 || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return;
        clew_json_write_key(&m->w, "events");
        clew_json_write_array_begin(&m->w);
        while (clew_json_next_member(&r)) {
                struct clew_slice name = clew_json_string(&r, m->arena);

                put_score(m, name, clew_json_take(&r));
        }
        clew_json_write_array_end(&m->w);
}

void clew_made_span(struct clew_made *m, const struct clew_made_step *s)
{
        if (m->n++ >= PARTS_MAX)
                return;
        clew_json_write_object_begin(&m->w);
        put_id(m, "traceId", s->trace, 16);
        put_id(m, "spanId", s->id, 8);
        if (s->parent.len)
                put_id(m, "parentSpanId", s->parent, 8);
        clew_json_write_key(&m->w, "name");
        clew_json_write_string(&m->w, s->name.len ? s->name : CLEW_SLICE_LITERAL("step"));
        clew_json_write_key(&m->w, "startTimeUnixNano");
        clew_json_write_uint64_string(&m->w, s->start_ns);
        clew_json_write_key(&m->w, "endTimeUnixNano");
        clew_json_write_uint64_string(&m->w, s->end_ns);
        put_attributes(m, s);
        put_scores(m, s->scores);
        clew_json_write_key(&m->w, "status");
        clew_json_write_object_begin(&m->w);
        if (s->error.len) {
                clew_json_write_key(&m->w, "code");
                clew_json_write_uint64(&m->w, 2);
                clew_json_write_key(&m->w, "message");
                clew_json_write_string(&m->w, s->error);
        }
        clew_json_write_object_end(&m->w);
        clew_json_write_object_end(&m->w);
}

void clew_made_begin(struct clew_made *m, const char *service)
{
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "resourceSpans");
        clew_json_write_array_begin(&m->w);
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "resource");
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "attributes");
        clew_json_write_array_begin(&m->w);
        put_attribute(m, "service.name", clew_slice_of_cstr(service));
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
        clew_json_write_key(&m->w, "scopeSpans");
        clew_json_write_array_begin(&m->w);
        clew_json_write_object_begin(&m->w);
        clew_json_write_key(&m->w, "spans");
        clew_json_write_array_begin(&m->w);
}

void clew_made_end(struct clew_made *m)
{
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
        clew_json_write_array_end(&m->w);
        clew_json_write_object_end(&m->w);
}

const char *clew_made_kind(struct clew_slice word)
{
        static const struct {
                const char *word;
                const char *kind;
        } kinds[] = {
                {"llm", "LLM"},
                {"tool", "TOOL"},
                {"retriever", "RETRIEVER"},
                {"embedding", "EMBEDDING"},
                {"agent", "AGENT"},
                {"chat_model", "LLM"},
                {"generation", "LLM"},
                {"evaluator", "EVALUATOR"},
                {"guardrail", "GUARDRAIL"},
                {"reranker", "RERANKER"},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (word.len == strlen(kinds[i].word) &&
                    strncasecmp((const char *)word.data, kinds[i].word, word.len) == 0)
                        return kinds[i].kind;
        }
        return "CHAIN";
}
