/*
 * Who speaks, where spans of agents do not tell: by the name on the call itself. And model calls
 * that are none: frameworks of chatting agents log what runs the programs as one more agent, and
 * what a program printed as its answer. That is a tool, whatever its span is called.
 */
#include "query/rca/flat.h"
#include "query/rca/rules.h"
#include "query/rca/text-int.h"
#include "query/rca/view-int.h"

#include "proto/base/hash.h"

#define NAMES_MAX 64u

/* The node of a graph in the metadata of a call. */
static struct clew_slice node_in(struct clew_slice metadata)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        if (!memmem(metadata.data, metadata.len, "langgraph_node", 14))
                return CLEW_SLICE_NULL;
        clew_flat_init(&f, metadata);
        while (clew_flat_next(&f, &leaf)) {
                if (leaf.is_string && clew_slice_eq_cstr(leaf.key, "langgraph_node"))
                        return leaf.value;
        }
        return CLEW_SLICE_NULL;
}

/* The agent that a span names; null when it names none. */
static struct clew_slice read_name(const struct clew_step *step)
{
        const struct clew_slice keys[] = {CLEW_SLICE_LITERAL("gen_ai.agent.name"),
                                          CLEW_SLICE_LITERAL("agent.name"),
                                          CLEW_SLICE_LITERAL("agent_name")};
        struct clew_message_iter it = clew_span_attributes_brief(&step->span);
        struct clew_slice key;
        struct clew_slice raw;
        struct clew_slice node = CLEW_SLICE_NULL;
        struct clew_value v;

        while (clew_attribute_next_raw(&it, &key, &raw)) {
                /* Model calls of a flat graph name their node; tools have one for all. */
                if (step->kind == CLEW_KIND_LLM &&
                    (clew_slice_eq_cstr(key, "metadata") ||
                     clew_slice_eq_cstr(key, "langsmith.metadata.langgraph_node")) &&
                    clew_value_parse(raw, &v) && v.type == CLEW_VALUE_STRING)
                        node = key.len == 8 ? node_in(v.bytes) : v.bytes;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(keys); i++) {
                        if (clew_slice_eq(key, keys[i]) && clew_value_parse(raw, &v) &&
                            v.type == CLEW_VALUE_STRING)
                                return v.bytes;
                }
        }
        return node;
}

/* The names that model and tool steps have by themselves, in the order of steps; NULL when memory
 * is short. */
static struct clew_slice *own_names(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;

        if (b->own_names)
                return b->own_names;
        b->own_names = clew_arena_calloc(b->arena, v->n_steps + 1u, sizeof(*b->own_names));
        b->failed |= !b->own_names;
        for (uint32_t i = 0; b->own_names && i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM || v->steps[i].kind == CLEW_RCA_TOOL)
                        b->own_names[i] = read_name(&b->trace->steps[v->steps[i].span]);
        }
        return b->own_names;
}

/* Frameworks name it so; a model may be named so too, and then answers in words and counts tokens.
 */
static bool is_executors_name(struct clew_slice name)
{
        static const char *const words[] = {"executor", "terminal", "interpreter", "computer",
                                            "sandbox",  "tool",     "environment", "shell"};

        return name.len > 0 && HAS_ANY(head(name, 120), words);
}

static bool is_printed(struct clew_slice text)
{
        static const char *const begins[] = {"exitcode",    "exit code", "code output", "traceback",
                                             "<returncode", "stdout",    "execution "};
        struct clew_slice t = clew_text_trim(text);

        if (t.len == 0)
                return false;
        if (t.data[0] == '{' || t.data[0] == '[')
                return true;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(begins); i++) {
                if (clew_text_begins(head(t, strlen(begins[i])), begins[i]))
                        return true;
        }
        return clew_text_result_error(t) != CLEW_TROUBLE_NONE;
}

/* What AutoGen's executor says to a message without a program. */
static bool had_nothing_to_run(struct clew_slice text)
{
        return clew_text_begins(clew_text_trim(text), "there is no code from the last ");
}

static bool counts_tokens(const struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM && v->steps[i].tokens_out > 0)
                        return true;
        }
        return false;
}

/* The text that a call wrote, when it asked for nothing; null else. In the arena. */
static struct clew_slice only_text(struct clew_rca_builder *b, const struct clew_rca_step *s)
{
        struct clew_slice ret = CLEW_SLICE_NULL;
        struct clew_messages out;

        clew_arena_reset(&b->scratch);
        if (clew_step_messages_unhashed(b->trace, &b->trace->steps[s->span], CLEW_MESSAGES_OUT,
                                        &b->scratch, &out) < 0)
                return ret;
        for (uint32_t k = 0; k < out.n; k++) {
                for (uint32_t q = 0; q < out.items[k].n_parts; q++) {
                        const struct clew_part *p = &out.items[k].parts[q];

                        if (p->type == CLEW_PART_TOOL_CALL)
                                return CLEW_SLICE_NULL;
                        if (p->type == CLEW_PART_TEXT && p->text.len > ret.len)
                                ret = p->text;
                }
        }
        return clew_arena_copy(b->arena, ret);
}

/* Neither model nor tokens nor a failure, where the others have them: it wrote without a model. */
static bool is_no_model(const struct clew_rca_builder *b, const struct clew_rca_step *s,
                        bool counted)
{
        const struct clew_step *step = &b->trace->steps[s->span];

        return counted && !s->failed && step->model.len == 0 && step->request_model.len == 0 &&
               s->tokens_in == 0 && s->tokens_out == 0;
}

void clew_rca_find_executors(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        const struct clew_slice *own = own_names(b);
        bool counted = counts_tokens(v);

        for (uint32_t i = 0; own && i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];
                struct clew_slice name;
                struct clew_slice text;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                name = own[i];
                if (!name.len)
                        name = s->agent_name;
                if (!is_executors_name(name)) {
                        if (!is_no_model(b, s, counted))
                                continue;
                        if (!own[i].len)
                                name = CLEW_SLICE_LITERAL("its action");
                }
                text = only_text(b, s);
                if (!is_executors_name(name) && clew_text_is_said(text))
                        continue; /* somebody speaks, whatever of */
                if (had_nothing_to_run(text)) {
                        s->kind = CLEW_RCA_OTHER; /* neither a model spoke nor was anything done */
                        continue;
                }
                if ((s->failed || !is_printed(text)) && !(counted && s->tokens_out == 0))
                        continue;
                s->kind = CLEW_RCA_TOOL;
                s->is_executor = true;
                s->name = name;
                s->result = text;
                s->has_result = true;
        }
}

/* The name of a span where spans are called by who speaks, "Verification_Expert": one word, and not
 * the same for all. Those of instrumentations have dots or blanks, or there is one of them. */
static bool are_speakers(const struct clew_rca_view *v, const struct clew_trace *t)
{
        struct clew_slice first = CLEW_SLICE_NULL;
        bool several = false;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice name = t->steps[s->span].name;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                if (!name.len || memchr(name.data, ' ', name.len) ||
                    memchr(name.data, '.', name.len) || clew_text_find(name, "chat") >= 0 ||
                    clew_text_find(name, "completion") >= 0 || clew_text_find(name, "llm") >= 0)
                        return false;
                several |= first.len > 0 && !clew_slice_eq(first, name);
                first = name;
        }
        return several;
}

/* Calls that name another agent than the span above them, or where there is none: the first call of
 * each name stands for the agent. */
void clew_rca_group_by_names(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        struct {
                uint64_t hash;
                uint32_t agent;
                uint32_t span;
        } names[NAMES_MAX];
        uint32_t n = 0;
        const struct clew_slice *own_of = own_names(b);
        bool speakers = are_speakers(v, b->trace);

        for (uint32_t i = 0; own_of && i < v->n_steps; i++) {
                struct clew_rca_step *s = &v->steps[i];
                struct clew_slice own;
                uint64_t hash;
                uint32_t k = 0;

                if (s->kind != CLEW_RCA_LLM && s->kind != CLEW_RCA_TOOL)
                        continue;
                own = own_of[i];
                if (!own.len && speakers && s->kind == CLEW_RCA_LLM)
                        own = b->trace->steps[s->span].name;
                if (!own.len || clew_slice_eq(own, s->agent_name))
                        continue;
                if (s->agent != CLEW_STEP_NONE &&
                    b->trace->steps[s->agent].parent != CLEW_STEP_NONE)
                        continue; /* an agent of its own, called otherwise */
                hash = clew_hash(own);
                while (k < n && (names[k].hash != hash || names[k].agent != s->agent))
                        k++;
                if (k == NAMES_MAX)
                        continue;
                if (k == n) {
                        names[n].hash = hash;
                        names[n].agent = s->agent;
                        names[n++].span = s->span;
                }
                s->agent = names[k].span;
                s->agent_name = own;
        }
}
