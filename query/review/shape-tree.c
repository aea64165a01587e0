/*
 * See shape-int.h.
 */
#include "query/review/shape-int.h"

#include <errno.h>

/* Pairs that a comparison has before it; real values have a handful of members each. */
#define PAIRS_MAX 512u

int clew_json_tree(struct clew_slice json, struct clew_arena *arena,
                   const struct clew_json_node **ret, struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_json_node *open[CLEW_JSON_DEPTH_DEFAULT + 1];
        struct clew_json_node *last[CLEW_JSON_DEPTH_DEFAULT + 1] = {NULL};
        struct clew_slice key = CLEW_SLICE_NULL;
        struct clew_json_node *top = NULL;
        unsigned depth = 0;

        while (clew_json_next(&r) != CLEW_JSON_END) {
                struct clew_json_node *node;

                if (r.token == CLEW_JSON_OBJECT_END || r.token == CLEW_JSON_ARRAY_END) {
                        depth--;
                        continue;
                }
                if (r.token == CLEW_JSON_KEY) {
                        key = clew_json_string(&r, arena);
                        continue;
                }
                node = clew_arena_calloc(arena, 1, sizeof(*node));
                if (!node)
                        return -ENOMEM;
                node->kind = r.token;
                node->key = key;
                node->text = r.token == CLEW_JSON_STRING ? clew_json_string(&r, arena) : r.text;
                key = CLEW_SLICE_NULL;
                if (depth == 0) {
                        top = node;
                } else {
                        if (last[depth])
                                last[depth]->next = node;
                        else
                                open[depth]->first = node;
                        open[depth]->n++;
                        last[depth] = node;
                }
                if (r.token == CLEW_JSON_OBJECT_BEGIN || r.token == CLEW_JSON_ARRAY_BEGIN) {
                        if (depth == CLEW_JSON_DEPTH_DEFAULT)
                                break; /* the reader says so too */
                        open[++depth] = node;
                        last[depth] = NULL;
                }
        }
        if (clew_json_reader_error(&r, err) < 0 || !top)
                return -EINVAL;
        *ret = top;
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}

const struct clew_json_node *clew_json_tree_member(const struct clew_json_node *object,
                                                   struct clew_slice key)
{
        if (!object || object->kind != CLEW_JSON_OBJECT_BEGIN)
                return NULL;
        for (const struct clew_json_node *m = object->first; m; m = m->next) {
                if (clew_slice_eq(m->key, key))
                        return m;
        }
        return NULL;
}

static double number_of(const struct clew_json_node *node)
{
        struct clew_json_reader r = clew_json_reader_make(node->text, 1);
        double v = 0;

        (void)clew_json_next(&r);
        return clew_json_double(&r, &v) ? v : 0;
}

static bool same_scalar(const struct clew_json_node *a, const struct clew_json_node *b)
{
        if (a->kind != b->kind || a->n != b->n)
                return false;
        if (a->kind == CLEW_JSON_STRING)
                return clew_slice_eq(a->text, b->text);
        if (a->kind == CLEW_JSON_NUMBER)
                return clew_slice_eq(a->text, b->text) ||
                       !(number_of(a) < number_of(b) || number_of(a) > number_of(b));
        return true;
}

bool clew_json_tree_equal(const struct clew_json_node *a, const struct clew_json_node *b)
{
        const struct clew_json_node *pairs[PAIRS_MAX][2] = {{a, b}};
        unsigned n = 1;

        while (n > 0) {
                const struct clew_json_node *x = pairs[n - 1][0];
                const struct clew_json_node *y = pairs[--n][1];
                const struct clew_json_node *other = y->first;

                if (!same_scalar(x, y))
                        return false;
                for (const struct clew_json_node *m = x->first; m; m = m->next) {
                        if (x->kind == CLEW_JSON_OBJECT_BEGIN)
                                other = clew_json_tree_member(y, m->key);
                        if (!other || n == PAIRS_MAX)
                                return false;
                        pairs[n][0] = m;
                        pairs[n++][1] = other;
                        if (x->kind == CLEW_JSON_ARRAY_BEGIN)
                                other = other->next;
                }
        }
        return true;
}
