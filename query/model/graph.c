/*
 * Which steps of a LangGraph run are agents.
 *
 * LangGraph's spans are chains, whoever sends them; what they are stands in the metadata that
 * LangChain gives to every run: the agent it belongs to (agents of create_agent alone), the node,
 * the place in nested graphs ("supervisor:UUID|agent:UUID"), who made it. Two dialects hand them
 * on: OpenInference as one JSON object, LangSmith as an attribute each.
 *
 * Hazard: an agent of the older kind has no name in the metadata. It is a graph with a node called
 * "agent", which calls the model; the graph is the agent, and is seen only through that node.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"
#include "query/model/value-int.h"

#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)

#define LEVELS_MAX 64u

struct metadata {
        struct clew_slice agent;
        struct clew_slice node;
        struct clew_slice place;
        struct clew_slice maker;
};

static bool read_object(struct clew_builder *b, struct metadata *ret)
{
        for (const struct clew_field_hit *hit =
                     clew_fields_first(&b->fields, CLEW_FIELD_AGENT_NAME);
             hit; hit = clew_fields_next(&b->fields, hit)) {
                if (!hit->rule->member || strcmp(hit->rule->member, "lc_agent_name") != 0)
                        continue;
                ret->agent = clew_value_member(&hit->value, "lc_agent_name", b->arena);
                ret->node = clew_value_member(&hit->value, "langgraph_node", b->arena);
                ret->place = clew_value_member(&hit->value, "langgraph_checkpoint_ns", b->arena);
                ret->maker = clew_value_member(&hit->value, "ls_integration", b->arena);
                return true;
        }
        return false;
}

static bool read_attributes(struct clew_builder *b, const struct clew_step *step,
                            struct metadata *ret)
{
        const struct {
                struct clew_slice key;
                struct clew_slice *value;
        } wanted[] = {
                {KEY("langsmith.metadata.lc_agent_name"), &ret->agent},
                {KEY("langsmith.metadata.langgraph_node"), &ret->node},
                {KEY("langsmith.metadata.langgraph_checkpoint_ns"), &ret->place},
                {KEY("langsmith.metadata.ls_integration"), &ret->maker},
        };
        struct clew_message_iter it = clew_span_attributes(&step->span);
        struct clew_attribute attribute;
        bool any = false;

        while (clew_attribute_next(&it, &attribute)) {
                for (size_t i = 0; i < CLEW_ARRAY_LEN(wanted); i++) {
                        if (!clew_slice_eq(attribute.key, wanted[i].key))
                                continue;
                        *wanted[i].value = clew_value_text(&attribute.value, b->arena);
                        any = true;
                }
        }
        return any;
}

static bool read_metadata(struct clew_builder *b, const struct clew_step *step,
                          struct metadata *ret)
{
        *ret = (struct metadata){0};
        if (step->dialect == CLEW_DIALECT_OPENINFERENCE)
                return read_object(b, ret);
        return step->dialect == CLEW_DIALECT_LANGSMITH && read_attributes(b, step, ret);
}

/* The name of the nearest agent above; empty without one. */
static struct clew_slice agent_above(const struct clew_builder *b, const struct clew_step *step)
{
        const struct clew_step *s = step;

        for (unsigned i = 0; i < LEVELS_MAX && s->parent != CLEW_STEP_NONE; i++) {
                s = &b->trace->steps[s->parent];
                if (s->kind == CLEW_KIND_AGENT)
                        return s->agent_name;
        }
        return CLEW_SLICE_NULL;
}

static bool is_plumbing(struct clew_slice name)
{
        return clew_slice_starts_with(name, KEY("__")) ||
               clew_slice_ends_with(name, KEY(".before_agent")) ||
               clew_slice_ends_with(name, KEY(".after_agent")) ||
               (name.len > 0 && memmem(name.data, name.len, "Middleware", 10));
}

/* "supervisor:UUID|agent:UUID" -> "supervisor": the node in which the graph at hand runs. */
static struct clew_slice graph_of_place(struct clew_slice place)
{
        size_t end = place.len;
        size_t begin;
        size_t colon;

        while (end > 0 && place.data[end - 1] != '|')
                end--;
        if (end == 0)
                return CLEW_SLICE_NULL;
        for (begin = end - 1; begin > 0 && place.data[begin - 1] != '|';)
                begin--;
        for (colon = begin; colon < end - 1 && place.data[colon] != ':';)
                colon++;
        return clew_slice_make(place.data + begin, colon - begin);
}

/* A node "agent" of a graph that has a name of its own: the graph's run is the agent. */
static bool promote_graph(struct clew_builder *b, const struct clew_step *step,
                          const struct metadata *m)
{
        struct clew_slice graph = graph_of_place(m->place);
        struct clew_step *parent;

        if (m->agent.len > 0 || !clew_slice_eq(m->node, KEY("agent")) ||
            !clew_slice_eq(step->span.name, m->node) || step->parent == CLEW_STEP_NONE)
                return false;
        parent = &b->trace->steps[step->parent];
        if (parent->kind == CLEW_KIND_AGENT)
                return clew_slice_eq(parent->agent_name, parent->span.name);
        if (parent->kind != CLEW_KIND_CHAIN || clew_step_is(parent, CLEW_STEP_STANDIN) ||
            parent->span.name.len == 0 || clew_slice_eq(parent->span.name, KEY("LangGraph")) ||
            (graph.len > 0 && !clew_slice_eq(parent->span.name, graph)))
                return false;
        parent->kind = CLEW_KIND_AGENT;
        parent->agent_name = parent->span.name;
        parent->flags &= ~(uint32_t)CLEW_STEP_NOISE;
        return true;
}

static bool chain_is_run(const struct clew_builder *b, const struct clew_step *step,
                         const struct metadata *m)
{
        bool top = step->parent == CLEW_STEP_NONE;
        bool maker = m->maker.len > 0 && memmem(m->maker.data, m->maker.len, "create_agent", 12);

        if (m->agent.len == 0)
                return top && maker;
        return top ||
               ((maker || clew_slice_eq(step->span.name, m->agent)) &&
                !is_plumbing(step->span.name) && !clew_slice_eq(agent_above(b, step), m->agent));
}

/* The topmost chain that names an agent is its run. And OpenInference calls everything an agent
 * that has the word in its name. */
void clew_graph_agent_settle(struct clew_builder *b, struct clew_step *step)
{
        struct metadata m;

        if ((step->kind != CLEW_KIND_CHAIN && step->kind != CLEW_KIND_AGENT) ||
            !read_metadata(b, step, &m))
                return;
        if (promote_graph(b, step, &m)) {
                step->kind = CLEW_KIND_CHAIN;
                return;
        }
        if (step->kind == CLEW_KIND_CHAIN) {
                if (chain_is_run(b, step, &m))
                        step->kind = CLEW_KIND_AGENT;
        } else if (is_plumbing(step->span.name) ||
                   (m.agent.len == 0 && m.node.len > 0 &&
                    !clew_slice_eq(step->span.name, m.node)) ||
                   (m.agent.len > 0 && !clew_slice_eq(step->span.name, m.agent) &&
                    clew_slice_eq(agent_above(b, step), m.agent))) {
                step->kind = CLEW_KIND_CHAIN;
        }
}
