/*
 * See agents.h. Spans follow the GenAI conventions: invoke_agent, chat, execute_tool. The history
 * is one growing text of messages, which each model call sends whole; services of odd number escape
 * what is not ASCII, as Python's JSON does.
 */
#include "tools/loadgen/agents.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "tools/loadgen/lexicon.h"
#include "tools/loadgen/put.h"

#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 64u
#define SPAN_NS 400000000ull
#define SERVICES 12u
#define AGENTS 3u /* of a service */
#define TOOLS 24u
#define MODELS 8u
#define USERS 20000u
#define SESSION_TRACES 4u
/* Release of one service in which one tool fails often: what a comparison should find. */
#define BAD_SERVICE 2u
#define BAD_TOOL 5u

struct clew_agents {
        struct clew_lexicon *words;
        uint64_t seed;
        struct clew_buffer spans;   /* the encoded spans of the trace */
        struct clew_buffer span;    /* the one at hand */
        struct clew_buffer nested;  /* a part of it */
        struct clew_buffer history; /* messages, with commas between */
        struct clew_buffer text;    /* plain */
        struct clew_buffer json;    /* arguments, results */
        struct clew_buffer message;
};

/* The trace at hand. */
struct run {
        struct clew_agents *a;
        struct clew_dice dice;
        uint64_t number;
        uint64_t trace_id[2];
        uint64_t root_id;
        uint64_t now_ns;
        uint32_t service;
        uint32_t agent;
        enum clew_lexicon_language language;
        bool escaped; /* \uXXXX in JSON */
        bool bad_release;
        bool failed;
        uint32_t spans;
        char order[NAME_BYTES_MAX];
};

static const char *const services[SERVICES] = {
        "support-desk",    "shop-assistant", "flight-booking", "code-review",
        "research-helper", "billing",        "travel-planner", "doc-search",
        "data-analyst",    "ops-bot",        "hr-desk",        "sales-coach"};
static const char *const roles[AGENTS] = {"planner", "worker", "critic"};
static const char *const models[MODELS] = {"large-3",  "small-3", "large-2",  "medium-1",
                                           "coder-7b", "mini-1",  "vision-2", "open-70b"};
static const char *const tools[TOOLS] = {
        "search",       "fetch_page",  "lookup_order", "refund_order", "send_mail",
        "book_flight",  "cancel_trip", "read_file",    "write_file",   "run_tests",
        "query_db",     "get_weather", "translate",    "calculate",    "create_ticket",
        "close_ticket", "list_files",  "grep_code",    "open_account", "check_stock",
        "update_crm",   "plan_route",  "get_calendar", "transfer_call"};
static const char *const faults[] = {"TimeoutError", "NotFound", "PermissionDenied", "RateLimited"};

/* ---- texts ----------------------------------------------------------------------------------
 */

/* @text as it stands inside of a JSON string. */
static void escape(struct clew_buffer *out, struct clew_slice text, bool ascii)
{
        while (text.len > 0) {
                struct clew_slice before = text;
                bool valid;
                uint32_t c = clew_utf8_next(&text, &valid);

                if (c == '"' || c == '\\') {
                        clew_buffer_append_byte(out, '\\');
                        clew_buffer_append_byte(out, (uint8_t)c);
                } else if (c == '\n') {
                        clew_buffer_append_cstr(out, "\\n");
                } else if (c >= 0x80 && c < 0x10000 && ascii) {
                        clew_buffer_printf(out, "\\u%04x", c);
                } else {
                        clew_buffer_append(out, before.data, before.len - text.len);
                }
        }
}

/* A sentence of @n words or so into a->text. */
static void say(struct run *r, unsigned n)
{
        clew_lexicon_put(r->a->words, r->language, &r->dice, n / 2 + clew_dice_below(&r->dice, n),
                         &r->a->text);
}

static void question(struct run *r)
{
        struct clew_buffer *text = &r->a->text;

        clew_buffer_clear(text);
        say(r, 8);
        if (clew_dice_below(&r->dice, 4) == 0)
                clew_buffer_append_cstr(text, " " CLEW_AGENTS_COMMON_WORD " ");
        clew_buffer_printf(text, " %s ", r->order);
        if (r->number % CLEW_AGENTS_RARE_EVERY == CLEW_AGENTS_RARE_FIRST)
                clew_buffer_append_cstr(text, CLEW_AGENTS_RARE_WORD ". ");
        say(r, 10);
}

/* Adds {"role":@role,"parts":[{"type":"text","content":a->text}]} to the history. */
static void remember(struct run *r, const char *role)
{
        struct clew_agents *a = r->a;

        if (a->history.len > 0)
                clew_buffer_append_byte(&a->history, ',');
        clew_buffer_clear(&a->message);
        clew_buffer_printf(&a->message,
                           "{\"role\":\"%s\",\"parts\":[{\"type\":\"text\",\"content\":\"", role);
        escape(&a->message, clew_buffer_slice(&a->text), r->escaped);
        clew_buffer_append_cstr(&a->message, "\"}]}");
        clew_buffer_append_slice(&a->history, clew_buffer_slice(&a->message));
}

/* ---- spans ----------------------------------------------------------------------------------
 */

static void put_cstr(struct clew_buffer *out, const char *key, const char *value)
{
        clew_put_text(out, 9, key, clew_slice_of_cstr(value));
}

static uint64_t span_id(const struct run *r, uint32_t n)
{
        uint64_t words[2] = {r->trace_id[0], n};

        return clew_hash_seeded(clew_slice_make(words, sizeof(words)), r->trace_id[1]) | 1;
}

static void begin_span(struct run *r, const char *name, uint64_t id, uint64_t start_ns)
{
        struct clew_buffer *out = &r->a->span;

        clew_buffer_clear(out);
        clew_put_nested(out, 1, clew_slice_make(r->trace_id, sizeof(r->trace_id)));
        clew_put_nested(out, 2, clew_slice_make(&id, sizeof(id)));
        if (id != r->root_id)
                clew_put_nested(out, 4, clew_slice_make(&r->root_id, sizeof(r->root_id)));
        clew_put_nested(out, 5, clew_slice_of_cstr(name));
        clew_buffer_append_byte(out, 6u << 3);
        clew_buffer_append_varint(out, 1);
        clew_put_fixed64(out, 7, start_ns);
        clew_put_fixed64(out, 8, r->now_ns);
        r->spans++;
}

static void end_span(struct run *r, const char *error)
{
        struct clew_agents *a = r->a;

        if (error) {
                put_cstr(&a->span, "error.type", error);
                clew_buffer_clear(&a->nested);
                clew_put_nested(&a->nested, 2, clew_slice_of_cstr(error));
                clew_buffer_append_byte(&a->nested, 3u << 3);
                clew_buffer_append_varint(&a->nested, 2);
                clew_put_nested(&a->span, 15, clew_buffer_slice(&a->nested));
        }
        clew_put_nested(&a->spans, 2, clew_buffer_slice(&a->span));
}

static void put_who(struct run *r)
{
        char text[NAME_BYTES_MAX];

        snprintf(text, sizeof(text), "%s-%s", services[r->service], roles[r->agent]);
        put_cstr(&r->a->span, "gen_ai.agent.name", text);
        snprintf(text, sizeof(text), "conv-%s-%llu", services[r->service],
                 (unsigned long long)(r->number / (SESSION_TRACES * SERVICES)));
        put_cstr(&r->a->span, "gen_ai.conversation.id", text);
}

static uint64_t later(struct run *r)
{
        uint64_t start = r->now_ns;

        r->now_ns += SPAN_NS / 4 + clew_dice_next(&r->dice) % SPAN_NS;
        return start;
}

/* A model call; a->text is what it says, or a->json with @tool the call that it asks for. */
static void put_call(struct run *r, const char *model, const char *tool, const char *call_id)
{
        struct clew_agents *a = r->a;
        uint64_t start = later(r);
        char name[NAME_BYTES_MAX];

        snprintf(name, sizeof(name), "chat %s", model);
        begin_span(r, name, span_id(r, r->spans), start);
        put_cstr(&a->span, "gen_ai.operation.name", "chat");
        put_cstr(&a->span, "gen_ai.provider.name", "openai");
        put_cstr(&a->span, "gen_ai.request.model", model);
        put_who(r);
        clew_put_int(&a->span, 9, "gen_ai.usage.input_tokens", a->history.len / 4 + 60);
        clew_put_int(&a->span, 9, "gen_ai.usage.output_tokens", a->text.len / 4 + 8);
        clew_buffer_clear(&a->message);
        clew_buffer_printf(&a->message,
                           "[{\"type\":\"text\",\"content\":\"You are the %s of %s. Be exact, use "
                           "tools before you answer, and never promise what a tool did not "
                           "confirm. Policy %u applies.\"}]",
                           roles[r->agent], services[r->service], r->service * 7 + r->agent);
        clew_put_text(&a->span, 9, "gen_ai.system_instructions", clew_buffer_slice(&a->message));
        clew_buffer_clear(&a->message);
        clew_buffer_append_byte(&a->message, '[');
        clew_buffer_append_slice(&a->message, clew_buffer_slice(&a->history));
        clew_buffer_append_byte(&a->message, ']');
        clew_put_text(&a->span, 9, "gen_ai.input.messages", clew_buffer_slice(&a->message));
        clew_buffer_clear(&a->message);
        if (tool) {
                clew_buffer_printf(&a->message,
                                   "{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\","
                                   "\"id\":\"%s\",\"name\":\"%s\",\"arguments\":",
                                   call_id, tool);
                clew_buffer_append_slice(&a->message, clew_buffer_slice(&a->json));
        } else {
                clew_buffer_append_cstr(&a->message, "{\"role\":\"assistant\",\"parts\":[{\"type\":"
                                                     "\"text\",\"content\":\"");
                escape(&a->message, clew_buffer_slice(&a->text), r->escaped);
                clew_buffer_append_byte(&a->message, '"');
        }
        clew_buffer_append_cstr(&a->message, "}]}");
        clew_buffer_append_byte(&a->history, ',');
        clew_buffer_append_slice(&a->history, clew_buffer_slice(&a->message));
        clew_buffer_clear(&a->nested);
        clew_buffer_append_byte(&a->nested, '[');
        clew_buffer_append_slice(&a->nested, clew_buffer_slice(&a->message));
        clew_buffer_append_byte(&a->nested, ']');
        clew_put_text(&a->span, 9, "gen_ai.output.messages", clew_buffer_slice(&a->nested));
        end_span(r, NULL);
}

/* Arguments into a->json. */
static void make_arguments(struct run *r)
{
        struct clew_agents *a = r->a;

        clew_buffer_clear(&a->text);
        say(r, 4);
        clew_buffer_clear(&a->json);
        clew_buffer_append_cstr(&a->json, "{\"query\":\"");
        escape(&a->json, clew_buffer_slice(&a->text), r->escaped);
        clew_buffer_printf(&a->json, "\",\"order\":\"%s\",\"limit\":%u}", r->order,
                           1 + clew_dice_below(&r->dice, 50));
}

/* Runs the tool that a->json asks for; true when it worked. */
static bool put_tool(struct run *r, uint32_t tool, const char *call_id)
{
        struct clew_agents *a = r->a;
        uint64_t start = later(r);
        bool bad = r->bad_release && tool == BAD_TOOL;
        bool fails = clew_dice_below(&r->dice, 100) < (bad ? 60 : 6);
        const char *fault = faults[clew_dice_below(&r->dice, CLEW_ARRAY_LEN(faults))];
        char name[NAME_BYTES_MAX];

        snprintf(name, sizeof(name), "execute_tool %s", tools[tool]);
        begin_span(r, name, span_id(r, r->spans), start);
        put_cstr(&a->span, "gen_ai.operation.name", "execute_tool");
        put_cstr(&a->span, "gen_ai.tool.name", tools[tool]);
        put_cstr(&a->span, "gen_ai.tool.call.id", call_id);
        put_who(r);
        clew_put_text(&a->span, 9, "gen_ai.tool.call.arguments", clew_buffer_slice(&a->json));
        clew_buffer_clear(&a->text);
        if (fails) {
                clew_buffer_printf(&a->text, "%s: %s did not answer for %s", fault, tools[tool],
                                   r->order);
        } else {
                clew_buffer_printf(&a->text, "{\"id\":\"%016llx\",\"amount\":%u.%02u,\"note\":\"",
                                   (unsigned long long)clew_dice_next(&r->dice),
                                   clew_dice_below(&r->dice, 900), clew_dice_below(&r->dice, 100));
                say(r, 16);
                clew_buffer_append_cstr(&a->text, "\"}");
                clew_put_text(&a->span, 9, "gen_ai.tool.call.result", clew_buffer_slice(&a->text));
        }
        end_span(r, fails ? fault : NULL);
        remember(r, "tool");
        return !fails;
}

static void put_root(struct run *r, uint64_t start_ns)
{
        struct clew_agents *a = r->a;
        char text[NAME_BYTES_MAX];

        snprintf(text, sizeof(text), "invoke_agent %s-%s", services[r->service], roles[r->agent]);
        begin_span(r, text, r->root_id, start_ns);
        put_cstr(&a->span, "gen_ai.operation.name", "invoke_agent");
        put_who(r);
        snprintf(text, sizeof(text), "user-%u", clew_lexicon_rank(a->words, &r->dice, USERS));
        put_cstr(&a->span, "user.id", text);
        if (clew_dice_below(&r->dice, 20) == 0) {
                clew_buffer_clear(&a->nested);
                clew_put_fixed64(&a->nested, 1, r->now_ns);
                clew_put_nested(&a->nested, 2, CLEW_SLICE_LITERAL("gen_ai.evaluation.result"));
                clew_put_text(&a->nested, 3, "gen_ai.evaluation.name",
                              CLEW_SLICE_LITERAL("correctness"));
                clew_put_text(&a->nested, 3, "gen_ai.evaluation.score.label",
                              clew_slice_of_cstr(r->failed ? "fail" : "pass"));
                clew_put_nested(&a->span, 11, clew_buffer_slice(&a->nested));
        }
        end_span(r, r->failed ? "AgentError" : NULL);
}

/* ---- a trace --------------------------------------------------------------------------------
 */

static void begin_run(struct run *r, struct clew_agents *a, uint64_t number)
{
        uint64_t hash = clew_hash_seeded(clew_slice_make(&number, sizeof(number)), a->seed);

        *r = (struct run){.a = a, .dice = {hash}, .number = number};
        r->trace_id[0] = clew_dice_next(&r->dice);
        r->trace_id[1] = clew_dice_next(&r->dice);
        r->root_id = span_id(r, 1000);
        r->now_ns = CLEW_AGENTS_START_NS + number * CLEW_AGENTS_GAP_NS;
        r->service = clew_dice_below(&r->dice, SERVICES);
        if (clew_dice_below(&r->dice, 2) == 0) /* half of all is of the first three */
                r->service %= 3;
        r->agent = clew_dice_below(&r->dice, AGENTS);
        r->language = clew_dice_below(&r->dice, 2) == 0
                              ? CLEW_LEXICON_ENGLISH
                              : (enum clew_lexicon_language)clew_dice_below(&r->dice,
                                                                            CLEW_LEXICON_LANGUAGES);
        r->escaped = (r->service & 1) != 0;
        r->bad_release = r->service == BAD_SERVICE && clew_dice_below(&r->dice, 4) == 0;
        snprintf(r->order, sizeof(r->order), "ORD-%08x", (unsigned)(hash >> 32));
        clew_buffer_clear(&a->spans);
        clew_buffer_clear(&a->history);
}

static void put_steps(struct run *r)
{
        struct clew_agents *a = r->a;
        const char *model = models[clew_lexicon_rank(a->words, &r->dice, MODELS)];
        unsigned rounds = 1 + clew_dice_below(&r->dice, 3);

        question(r);
        remember(r, "user");
        for (unsigned i = 0; i < rounds; i++) {
                uint32_t tool =
                        (r->service * 2 + clew_lexicon_rank(a->words, &r->dice, TOOLS)) % TOOLS;
                char call_id[NAME_BYTES_MAX];

                snprintf(call_id, sizeof(call_id), "call_%08llx",
                         (unsigned long long)clew_dice_next(&r->dice) >> 32);
                make_arguments(r);
                put_call(r, model, tools[tool], call_id);
                if (!put_tool(r, tool, call_id) && clew_dice_below(&r->dice, 2) == 0) {
                        r->failed = true;
                        return;
                }
        }
        clew_buffer_clear(&a->text);
        say(r, 16);
        put_call(r, model, NULL, NULL);
}

int clew_agents_put(struct clew_agents *a, uint64_t number, struct clew_buffer *out)
{
        CLEW_BUFFER resource = {0};
        struct run r;
        uint64_t start_ns;
        int rc;

        begin_run(&r, a, number);
        start_ns = r.now_ns;
        put_steps(&r);
        put_root(&r, start_ns);
        clew_buffer_init(&resource, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_put_text(&resource, 1, "service.name", clew_slice_of_cstr(services[r.service]));
        clew_put_text(&resource, 1, "service.version",
                      clew_slice_of_cstr(r.bad_release ? "2.4.0" : "2.3.9"));
        clew_buffer_clear(&a->span);
        clew_put_nested(&a->span, 1, clew_buffer_slice(&resource));
        clew_put_nested(&a->span, 2, clew_buffer_slice(&a->spans));
        clew_put_nested(out, 1, clew_buffer_slice(&a->span));
        rc = clew_buffer_error(&a->span);
        return rc < 0 ? rc : clew_buffer_error(out);
}

struct clew_agents *clew_agents_new(uint64_t seed)
{
        struct clew_agents *a = clew_calloc(1, sizeof(*a));

        if (!a)
                return NULL;
        a->seed = seed;
        a->words = clew_lexicon_new(seed);
        clew_buffer_init(&a->spans, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_buffer_init(&a->span, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_buffer_init(&a->nested, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_buffer_init(&a->history, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_buffer_init(&a->text, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_buffer_init(&a->json, CLEW_AGENTS_TRACE_BYTES_MAX);
        clew_buffer_init(&a->message, CLEW_AGENTS_TRACE_BYTES_MAX);
        if (!a->words) {
                clew_agents_free(a);
                return NULL;
        }
        return a;
}

void clew_agents_free(struct clew_agents *a)
{
        if (!a)
                return;
        clew_lexicon_free(a->words);
        clew_buffer_deinit(&a->spans);
        clew_buffer_deinit(&a->span);
        clew_buffer_deinit(&a->nested);
        clew_buffer_deinit(&a->history);
        clew_buffer_deinit(&a->text);
        clew_buffer_deinit(&a->json);
        clew_buffer_deinit(&a->message);
        clew_free(a);
}
