/*
 * See related.h. The ids of the trace at hand are sorted once; each span of the other traces is
 * then looked at in place, without building their models.
 */
#include "query/find/related.h"

#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "query/model/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE CLEW_STEP_NONE
#define SPAN_KIND_SERVER 2u
/* Longer ones are no call ids. */
#define CALL_ID_BYTES_MAX 128u
/* Tool steps without a caller whose ids are looked for in the texts of other models. */
#define UNASKED_MAX 64u
/* Shorter ids occur in texts by chance. */
#define UNASKED_BYTES_MIN 5u
/* Calls without an answer that are kept. */
#define ASKED_MAX 4096u
/* Messages of one model's answer. */
#define SCRATCH_MAX ((size_t)256 << 20)

/* What an id of this trace is. */
enum sort {
        SORT_CALL,    /* of a tool step */
        SORT_ASKED,   /* that a model asked for, and no step here answered */
        SORT_UNASKED, /* of a tool step that no model here asked for */
        SORT_CALLED,  /* on an agent run: the call that started it */
        SORT_REQUEST, /* of an MCP request: session, then request id */
        SORT_SPAN,    /* a span that is here */
        SORT_PARENT,  /* a span that is missing here */
};

struct id {
        struct clew_slice text;
        struct clew_slice session; /* of a request */
        uint32_t step;
        enum sort sort;
        bool server; /* of a request */
};

/* A match before it is known how many other traces carry the id. */
struct match {
        const struct id *id;
        uint64_t span_start_ns; /* of the span there, where the earliest counts */
        struct clew_related edge;
};

struct finder {
        const struct clew_trace *trace;
        struct clew_arena *arena;
        struct id *ids;
        struct clew_sort_entry *order;
        uint32_t n_ids;
        struct match *matches;
        uint32_t n_matches;
        const struct id *unasked[UNASKED_MAX];
        uint32_t n_unasked;
        bool more;
        const struct clew_selected *at; /* the trace that is being searched */
        bool failed;
};

/* Ids of one other span. */
struct other {
        struct clew_slice call;
        struct clew_slice parent_call;
        struct clew_slice request;
        struct clew_slice session;
        bool is_agent;
        bool is_tool;
        bool is_llm;
};

const char *clew_related_type_name(enum clew_related_type type)
{
        static const char *const names[] = {
                [CLEW_RELATED_CONVERSATION] = "conversation",
                [CLEW_RELATED_CALL] = "call",
                [CLEW_RELATED_SUBAGENT] = "subagent",
                [CLEW_RELATED_TRANSPORT] = "transport",
                [CLEW_RELATED_LINK] = "link",
                [CLEW_RELATED_PARENT] = "parent",
        };

        return (size_t)type < CLEW_ARRAY_LEN(names) ? names[type] : "?";
}

/* ---- ids of a span ----------------------------------------------------------------------------
 */

/* Request ids are numbers or texts; @ret is text either way. */
static struct clew_slice text_of(struct clew_slice raw, struct clew_arena *arena)
{
        struct clew_value v;

        if (!clew_value_parse(raw, &v))
                return CLEW_SLICE_NULL;
        if (v.type == CLEW_VALUE_STRING)
                return v.bytes;
        return v.type == CLEW_VALUE_INT ? clew_arena_printf(arena, "%lld", (long long)v.integer)
                                        : CLEW_SLICE_NULL;
}

static bool is_call_key(struct clew_slice key)
{
        static const char *const keys[] = {"gen_ai.tool.call.id", "gen_ai.tool.call_id",
                                           "tool_call.id",        "tool.id",
                                           "ai.toolCall.id",      "tool_use_id"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                if (clew_slice_eq_cstr(key, keys[i]))
                        return true;
        }
        return false;
}

static void take_kind(struct other *o, struct clew_slice word)
{
        o->is_agent = clew_slice_eq_cstr(word, "invoke_agent") || clew_slice_eq_cstr(word, "AGENT");
        o->is_tool = clew_slice_eq_cstr(word, "execute_tool") || clew_slice_eq_cstr(word, "TOOL");
        o->is_llm = clew_slice_eq_cstr(word, "chat") || clew_slice_eq_cstr(word, "LLM");
}

/* LangChain's tool spans have no call id, but the message that they return names it. */
static struct clew_slice call_in_result(struct clew_slice raw)
{
        static const char member[] = "tool_call_id";
        const uint8_t *at = raw.len ? memmem(raw.data, raw.len, member, sizeof(member) - 1) : NULL;
        struct clew_slice rest;
        size_t n = 0;

        if (!at)
                return CLEW_SLICE_NULL;
        rest = clew_slice_from(raw, (size_t)(at - raw.data) + sizeof(member) - 1);
        while (rest.len > 0 && rest.data[0] != 0 && strchr("\"\\: ", rest.data[0]))
                rest = clew_slice_from(rest, 1);
        while (n < rest.len && n < CALL_ID_BYTES_MAX && rest.data[n] > ' ' && rest.data[n] != '"' &&
               rest.data[n] != '\\')
                n++;
        return clew_slice_make(rest.data, n);
}

static void read_other(const struct clew_span *span, struct clew_arena *arena, struct other *ret)
{
        struct clew_message_iter it = clew_span_attributes(span);
        struct clew_slice key;
        struct clew_slice raw;

        *ret = (struct other){0};
        while (clew_attribute_next_raw(&it, &key, &raw)) {
                if (is_call_key(key))
                        ret->call = text_of(raw, arena);
                else if (clew_slice_eq_cstr(key, "parent_tool_use_id") ||
                         clew_slice_eq_cstr(key, "parent_tool_call_id"))
                        ret->parent_call = text_of(raw, arena);
                else if (clew_slice_eq_cstr(key, "jsonrpc.request.id") ||
                         clew_slice_eq_cstr(key, "mcp.request.id"))
                        ret->request = text_of(raw, arena);
                else if (clew_slice_eq_cstr(key, "mcp.session.id"))
                        ret->session = text_of(raw, arena);
                else if (clew_slice_eq_cstr(key, "gen_ai.operation.name") ||
                         clew_slice_eq_cstr(key, "openinference.span.kind"))
                        take_kind(ret, text_of(raw, arena));
        }
        if (ret->is_tool && ret->call.len == 0)
                ret->call = call_in_result(span->raw);
}

/* ---- ids of the trace at hand ------------------------------------------------------------------
 */

static void add_id(struct finder *f, struct id id)
{
        if (id.text.len > 0)
                f->ids[f->n_ids++] = id;
}

static void add_step(struct finder *f, uint32_t index)
{
        const struct clew_step *s = &f->trace->steps[index];
        const struct clew_span_id *span = &s->span.span_id;
        struct id id = {.text = clew_slice_make(span->bytes, sizeof(span->bytes)), .step = index};
        struct other o;

        id.sort = clew_step_is(s, CLEW_STEP_STANDIN) ? SORT_PARENT : SORT_SPAN;
        add_id(f, id);
        if (id.sort == SORT_PARENT)
                return;
        id.text = s->tool_call_id;
        id.sort = s->kind == CLEW_KIND_AGENT ? SORT_CALLED : SORT_CALL;
        if (!clew_step_is(s, CLEW_STEP_WRAPPER))
                add_id(f, id);
        if (s->kind == CLEW_KIND_TOOL && s->caller == NONE && id.text.len >= UNASKED_BYTES_MIN) {
                id.sort = SORT_UNASKED;
                add_id(f, id);
        }
        read_other(&s->span, f->arena, &o);
        id.text = o.parent_call;
        id.sort = SORT_CALLED;
        add_id(f, id);
        /* Request ids count from one in each session: without it they say nothing here. */
        if (o.session.len == 0)
                return;
        id.text = o.request;
        id.session = o.session;
        id.sort = SORT_REQUEST;
        id.server = s->span.kind == SPAN_KIND_SERVER;
        add_id(f, id);
}

static bool is_answered(const struct clew_trace *trace, uint32_t llm, struct clew_slice id)
{
        uint32_t n = 0;
        const struct clew_edge *edges = clew_trace_edges_from(trace, llm, &n);

        for (uint32_t i = 0; i < n; i++) {
                if (edges[i].type == CLEW_EDGE_CALL && clew_slice_eq(edges[i].id, id))
                        return true;
        }
        return false;
}

/* Calls that models asked for and that nothing here ran. */
static int add_asked(struct finder *f)
{
        CLEW_ARENA scratch = {0};
        uint32_t n = 0;

        clew_arena_init(&scratch, SCRATCH_MAX);
        for (uint32_t i = 0; i < f->trace->n_steps && n < ASKED_MAX; i++) {
                const struct clew_step *s = &f->trace->steps[i];
                struct clew_messages m = {0};

                if (s->kind != CLEW_KIND_LLM ||
                    clew_step_is(s, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT))
                        continue;
                clew_arena_reset(&scratch);
                if (clew_step_messages(f->trace, s, CLEW_MESSAGES_OUT, &scratch, &m) < 0)
                        return -ENOMEM;
                for (uint32_t k = 0; k < m.n; k++) {
                        for (uint32_t j = 0; j < m.items[k].n_parts && n < ASKED_MAX; j++) {
                                const struct clew_part *part = &m.items[k].parts[j];

                                if (part->type != CLEW_PART_TOOL_CALL || part->id.len == 0 ||
                                    is_answered(f->trace, i, part->id))
                                        continue;
                                add_id(f, (struct id){.text = clew_arena_copy(f->arena, part->id),
                                                      .step = i,
                                                      .sort = SORT_ASKED});
                                n++;
                        }
                }
        }
        return 0;
}

static uint64_t key_of(enum sort sort, struct clew_slice text)
{
        return clew_hash_seeded(text, (uint64_t)sort);
}

static int gather(struct finder *f)
{
        size_t max = (size_t)f->trace->n_steps * 4 + 1;
        struct clew_sort_entry *scratch;
        int r;

        max += ASKED_MAX + f->trace->n_steps;
        f->ids = clew_arena_alloc(f->arena, max * sizeof(*f->ids));
        f->order = clew_arena_alloc(f->arena, max * sizeof(*f->order));
        scratch = clew_arena_alloc(f->arena, max * sizeof(*scratch));
        f->matches = clew_arena_alloc(f->arena, CLEW_RELATED_MAX * sizeof(*f->matches));
        if (!f->ids || !f->order || !scratch || !f->matches)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->trace->n_steps; i++)
                add_step(f, i);
        r = add_asked(f);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < f->n_ids && f->n_unasked < UNASKED_MAX; i++) {
                if (f->ids[i].sort == SORT_UNASKED)
                        f->unasked[f->n_unasked++] = &f->ids[i];
        }
        for (uint32_t i = 0; i < f->n_ids; i++)
                f->order[i] = (struct clew_sort_entry){
                        .key = key_of(f->ids[i].sort, f->ids[i].text), .item = &f->ids[i]};
        clew_sort(f->order, scratch, f->n_ids, NULL);
        return 0;
}

static const struct id *find_id(const struct finder *f, enum sort sort, struct clew_slice text)
{
        uint64_t key = key_of(sort, text);
        uint32_t low = 0;
        uint32_t high = f->n_ids;

        if (text.len == 0)
                return NULL;
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (f->order[mid].key < key)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < f->n_ids && f->order[low].key == key; low++) {
                const struct id *id = f->order[low].item;

                if (id->sort == sort && clew_slice_eq(id->text, text))
                        return id;
        }
        return NULL;
}

/* ---- other traces ------------------------------------------------------------------------------
 */

static struct clew_related *add_match(struct finder *f, enum clew_related_type type, bool incoming,
                                      const struct id *id, const struct clew_span *span)
{
        struct match *m;

        if (f->n_matches == CLEW_RELATED_MAX) {
                f->more = true;
                return NULL;
        }
        m = &f->matches[f->n_matches++];
        *m = (struct match){.id = id};
        m->edge = (struct clew_related){
                .type = type,
                .incoming = incoming,
                .step = id ? id->step : NONE,
                .trace_id = f->at->id,
                .start_ns = f->at->start_ns,
                .outcome = f->at->summary.outcome,
        };
        if (span) {
                m->edge.span_id = span->span_id;
                m->edge.span_name = clew_arena_copy(f->arena, span->name);
        }
        return &m->edge;
}

static void match_ids(struct finder *f, const struct clew_span *span, const struct other *o)
{
        bool runs = o->is_agent || clew_span_id_is_zero(&span->parent_id);
        const struct id *id = find_id(f, SORT_CALL, o->parent_call);
        struct clew_related *edge;

        if (!id && runs)
                id = find_id(f, SORT_CALL, o->call);
        if (id) {
                edge = add_match(f, CLEW_RELATED_SUBAGENT, false, id, span);
                if (edge)
                        edge->id = id->text;
        }
        id = runs ? NULL : find_id(f, SORT_CALLED, o->call);
        if (id) {
                edge = add_match(f, CLEW_RELATED_SUBAGENT, true, id, span);
                if (edge)
                        edge->id = id->text;
        }
        id = o->session.len > 0 ? find_id(f, SORT_REQUEST, o->request) : NULL;
        if (id && clew_slice_eq(id->session, o->session) &&
            id->server != (span->kind == SPAN_KIND_SERVER)) {
                edge = add_match(f, CLEW_RELATED_TRANSPORT, id->server, id, span);
                if (edge)
                        edge->id = id->text;
        }
}

/* Tools there that models here asked for, and models there that asked for tools here: of those the
 * earliest, since later calls repeat the history. */
static void match_calls(struct finder *f, const struct clew_span *span, const struct other *o,
                        uint32_t first)
{
        const struct id *id = o->is_tool ? find_id(f, SORT_ASKED, o->call) : NULL;
        struct clew_related *edge;

        if (id) {
                edge = add_match(f, CLEW_RELATED_CALL, false, id, span);
                if (edge)
                        edge->id = id->text;
        }
        for (uint32_t i = 0; o->is_llm && i < f->n_unasked; i++) {
                struct match *known = NULL;

                id = f->unasked[i];
                if (span->start_ns > f->trace->steps[id->step].start_ns ||
                    !memmem(span->raw.data, span->raw.len, id->text.data, id->text.len))
                        continue;
                for (uint32_t k = first; k < f->n_matches && !known; k++)
                        known = f->matches[k].id == id ? &f->matches[k] : NULL;
                if (known && known->span_start_ns <= span->start_ns)
                        continue;
                edge = known ? &known->edge : add_match(f, CLEW_RELATED_CALL, true, id, span);
                if (!edge)
                        return;
                known = known ? known : &f->matches[f->n_matches - 1];
                known->span_start_ns = span->start_ns;
                edge->id = id->text;
                edge->span_id = span->span_id;
                edge->span_name = clew_arena_copy(f->arena, span->name);
        }
}

static void match_spans(struct finder *f, const struct clew_span *span)
{
        struct clew_message_iter it = clew_span_links(span);
        struct clew_span_link link;
        const struct id *id;

        while (span->has_links && clew_span_link_next(&it, &link)) {
                if (!clew_trace_id_eq(&link.trace_id, &f->trace->id))
                        continue;
                id = find_id(f, SORT_SPAN,
                             clew_slice_make(link.span_id.bytes, sizeof(link.span_id.bytes)));
                if (id)
                        (void)add_match(f, CLEW_RELATED_LINK, true, id, span);
        }
        id = find_id(f, SORT_PARENT,
                     clew_slice_make(span->span_id.bytes, sizeof(span->span_id.bytes)));
        if (id)
                (void)add_match(f, CLEW_RELATED_PARENT, true, id, span);
        if (clew_span_id_is_zero(&span->parent_id))
                return;
        id = find_id(f, SORT_SPAN,
                     clew_slice_make(span->parent_id.bytes, sizeof(span->parent_id.bytes)));
        if (id)
                (void)add_match(f, CLEW_RELATED_PARENT, false, id, span);
}

static void search(struct finder *f, struct clew_slice traces)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(traces);
        struct clew_slice raw;
        struct clew_span span;
        struct other other;
        uint32_t first = f->n_matches;

        while (!f->more && clew_otlp_read(&r, &raw, NULL)) {
                if (!clew_span_parse(raw, &span) || !span.has_valid_ids)
                        continue;
                match_spans(f, &span);
                read_other(&span, f->arena, &other);
                match_ids(f, &span, &other);
                match_calls(f, &span, &other, first);
        }
}

static bool has_session(const struct clew_summary *s, struct clew_slice id)
{
        if (id.len == 0)
                return false;
        for (uint32_t i = 0; i < s->n_sessions; i++) {
                if (clew_slice_eq(s->sessions[i], id))
                        return true;
        }
        return clew_slice_eq(s->session, id);
}

static void match_session(struct finder *f)
{
        const struct clew_summary *s = &f->at->summary;
        struct clew_slice id = f->trace->session;
        struct clew_related *edge;

        if (!has_session(s, id))
                id = f->trace->other_session;
        if (!has_session(s, id))
                return;
        edge = add_match(f, CLEW_RELATED_CONVERSATION, f->at->start_ns < f->trace->start_ns, NULL,
                         NULL);
        if (!edge)
                return;
        edge->id = id;
        edge->span_name = clew_arena_copy(f->arena, s->n_agents > 0 ? s->agents[0].name : s->name);
}

/* ---- the result --------------------------------------------------------------------------------
 */

/* Other traces that carry the id of match @i, each counted once. */
static uint32_t carriers(const struct finder *f, uint32_t i)
{
        const struct match *m = &f->matches[i];
        uint32_t n = 0;

        for (uint32_t k = 0; k < f->n_matches; k++) {
                bool first = true;

                if (f->matches[k].id != m->id)
                        continue;
                for (uint32_t j = 0; j < k && first; j++)
                        first = f->matches[j].id != m->id ||
                                !clew_trace_id_eq(&f->matches[j].edge.trace_id,
                                                  &f->matches[k].edge.trace_id);
                n += first;
        }
        return n;
}

static int by_type_and_time(const void *a, const void *b)
{
        const struct clew_related *x = a;
        const struct clew_related *y = b;

        if (x->type != y->type)
                return x->type < y->type ? -1 : 1;
        if (x->start_ns != y->start_ns)
                return x->start_ns < y->start_ns ? -1 : 1;
        return x->step < y->step ? -1 : x->step > y->step;
}

static bool counts_once(const struct finder *f, uint32_t i)
{
        for (uint32_t k = 0; k < i; k++) {
                if (f->matches[k].id == f->matches[i].id)
                        return false;
        }
        return true;
}

static int finish(struct finder *f, struct clew_related_result *ret)
{
        struct clew_related *items =
                clew_arena_alloc(f->arena, (f->n_matches + 1) * sizeof(*items));
        uint32_t n = 0;

        if (!items)
                return -ENOMEM;
        *ret = (struct clew_related_result){.items = items, .more = f->more};
        for (uint32_t i = 0; i < f->n_matches; i++) {
                const struct match *m = &f->matches[i];
                /* Span ids are random; a link names its trace besides. */
                bool by_text = m->id && m->id->sort != SORT_SPAN && m->id->sort != SORT_PARENT;
                uint32_t same = by_text ? carriers(f, i) : 1;

                if (same > CLEW_RELATED_SAME_MAX) {
                        ret->n_ambiguous += counts_once(f, i);
                        continue;
                }
                items[n] = m->edge;
                items[n++].inferred = same > 1;
        }
        qsort(items, n, sizeof(*items), by_type_and_time);
        ret->n = n;
        return 0;
}

int clew_related_find(const struct clew_trace *trace, struct clew_select *select,
                      struct clew_arena *arena, struct clew_related_result *ret,
                      struct clew_error *err)
{
        struct finder f = {.trace = trace, .arena = arena};
        struct clew_selected t;
        int r = gather(&f);

        while (r == 0 && !f.more) {
                struct clew_trace_data data;

                r = clew_select_next(select, &t, err);
                if (r <= 0)
                        break;
                r = 0;
                if (clew_trace_id_eq(&t.id, &trace->id))
                        continue;
                f.at = &t;
                match_session(&f);
                r = clew_view_load(select->view, &t.id, &data, NULL);
                if (r < 0) {
                        select->damaged += r != -ENOENT; /* that one was deleted meanwhile */
                        r = 0;
                        continue;
                }
                select->scanned++;
                select->scanned_bytes += data.traces.len;
                search(&f, data.traces);
        }
        if (r < 0)
                return r;
        if (clew_arena_failed(arena))
                return -ENOMEM;
        return finish(&f, ret);
}
