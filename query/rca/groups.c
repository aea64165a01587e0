/*
 * Whose step it is where no agent span says so. Graph frameworks send a span for each node; when
 * several differently named nodes of one scope hold model calls, each name is an agent.
 *
 * "Step 1", "Step 2" are one name: digits do not count, nor do ids ("Cycle 3febd130-..."). Nothing
 * changes when a model call stands in no node at all, when all stand in nodes of one name, or when
 * agent spans tell them apart already.
 */
#include "query/rca/view-int.h"

#include "proto/base/hash.h"

#define GROUPS_MAX 16u /* more names are data, not agents */
#define NAME_MAX_BYTES 128u
#define ID_MIN 12u /* hexadecimal digits and dashes; shorter ones are words ("decade") */

struct group {
        uint64_t name_hash;
        uint32_t node; /* first span of that name; stands for the agent */
};

/* The bytes of an id in hexadecimal at the start of @t, 0 when there is none. */
static size_t id_at(struct clew_slice t)
{
        bool digit = false;
        size_t n = 0;

        for (; n < t.len; n++) {
                uint8_t c = t.data[n];

                if (c >= '0' && c <= '9')
                        digit = true;
                else if (!(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F') && c != '-')
                        break;
        }
        return digit && n >= ID_MIN ? n : 0;
}

static uint64_t hash_of_name(struct clew_slice name)
{
        uint8_t kept[NAME_MAX_BYTES];
        size_t n = 0;

        for (size_t i = 0; i < name.len && n < sizeof(kept);) {
                size_t id = id_at(clew_slice_from(name, i));

                if (id == 0 && (name.data[i] < '0' || name.data[i] > '9'))
                        kept[n++] = name.data[i];
                i += id ? id : 1;
        }
        return clew_hash(clew_slice_make(kept, n));
}

/* The span below @scope (below a root when NONE) that holds span @i; NONE when it is @i itself. */
static uint32_t node_of(const struct clew_trace *t, uint32_t scope, uint32_t i)
{
        uint32_t at = t->steps[i].parent;

        while (at != CLEW_STEP_NONE && at != scope) {
                uint32_t up = t->steps[at].parent;

                if (scope == CLEW_STEP_NONE ? up != CLEW_STEP_NONE && t->steps[up].depth == 0
                                            : up == scope)
                        return at;
                at = up;
        }
        return CLEW_STEP_NONE;
}

static struct group *find(struct group *groups, uint32_t n, uint64_t hash)
{
        for (uint32_t k = 0; k < n; k++) {
                if (groups[k].name_hash == hash)
                        return &groups[k];
        }
        return NULL;
}

/* The groups of the model calls; 0 when they make none. */
static uint32_t collect(const struct clew_rca_view *v, uint32_t *ret_scope,
                        struct group groups[GROUPS_MAX])
{
        const struct clew_trace *t = v->trace;
        bool any = false;
        uint32_t n = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                uint32_t node;
                uint64_t hash;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                if (any && s->agent != *ret_scope)
                        return 0;
                *ret_scope = s->agent;
                any = true;
                node = node_of(t, s->agent, s->span);
                if (node == CLEW_STEP_NONE)
                        return 0;
                hash = hash_of_name(t->steps[node].name);
                if (find(groups, n, hash))
                        continue;
                if (n == GROUPS_MAX)
                        return 0;
                groups[n++] = (struct group){hash, node};
        }
        return n >= 2 ? n : 0;
}

static const struct group *group_of(const struct clew_trace *t, struct group *groups, uint32_t n,
                                    uint32_t scope, uint32_t span)
{
        uint32_t node = span == CLEW_STEP_NONE ? CLEW_STEP_NONE : node_of(t, scope, span);

        return node == CLEW_STEP_NONE ? NULL : find(groups, n, hash_of_name(t->steps[node].name));
}

/* A node without model calls works for the call that asked for it, else for the one that comes
 * next: retrieval comes before the answer. */
void clew_rca_group_by_nodes(struct clew_rca_builder *b)
{
        struct clew_rca_view *v = b->v;
        const struct clew_trace *t = v->trace;
        struct group groups[GROUPS_MAX];
        uint32_t scope = CLEW_STEP_NONE;
        uint32_t n = collect(v, &scope, groups);
        const struct group *next = NULL;

        for (uint32_t i = n > 0 ? v->n_steps : 0; i-- > 0;) {
                struct clew_rca_step *s = &v->steps[i];
                const struct group *g;

                if (s->agent != scope || s->kind == CLEW_RCA_AGENT)
                        continue;
                g = group_of(t, groups, n, scope, s->span);
                if (!g)
                        g = group_of(t, groups, n, scope, t->steps[s->span].caller);
                if (!g)
                        g = next;
                if (!g)
                        continue;
                s->agent = g->node;
                s->agent_name = t->steps[g->node].name;
                if (s->kind == CLEW_RCA_LLM)
                        next = g;
        }
}
