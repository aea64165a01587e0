/*
 * See lineage-record.h.
 */
#include "query/answer/lineage-record.h"

#include "query/answer/values.h"

#define DIGITS_MIN 3u /* shorter numbers are counts, found everywhere */

const char *clew_lineage_role(const struct clew_rca_view *v, const struct clew_hop *h)
{
        if (h->origin == CLEW_RCA_WRITTEN && h->step == v->last_llm &&
            v->steps[h->step].n_calls == 0)
                return "answer";
        return h->hands_off ? "hand-off" : NULL;
}

static void write_hop(struct clew_json_writer *w, const struct clew_rca_view *v,
                      const struct clew_hop *h)
{
        const char *role = clew_lineage_role(v, h);

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "span_id");
        clew_write_span_id(w, &v->steps[h->step].span_id);
        clew_json_write_key(w, "step");
        clew_json_write_uint64(w, v->steps[h->step].number);
        clew_json_write_key(w, "origin");
        clew_json_write_cstr(w, clew_lineage_origin_name(h->origin));
        if (role) {
                clew_json_write_key(w, "role");
                clew_json_write_cstr(w, role);
        }
        clew_json_write_key(w, "value");
        clew_json_write_string(w, h->value);
        clew_json_write_key(w, "changed");
        clew_json_write_bool(w, h->changed);
        clew_json_write_key(w, "text");
        clew_json_write_string(w, h->excerpt);
        clew_json_write_object_end(w);
}

void clew_lineage_write(struct clew_json_writer *w, const struct clew_rca_view *v,
                        struct clew_slice value, const struct clew_lineage *l)
{
        clew_json_write_key(w, "trace_id");
        clew_write_trace_id(w, &v->trace->id);
        clew_json_write_key(w, "value");
        clew_json_write_string(w, value);
        clew_json_write_key(w, "observed");
        clew_json_write_bool(w, l->observed);
        clew_json_write_key(w, "hops");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < l->n; i++)
                write_hop(w, v, &l->hops[i]);
        clew_json_write_array_end(w);
        if (l->more) {
                clew_json_write_key(w, "more");
                clew_json_write_bool(w, true);
        }
}

static bool is_listed(const uint64_t *hashes, uint32_t n, uint64_t hash)
{
        for (uint32_t i = 0; i < n; i++) {
                if (hashes[i] == hash)
                        return true;
        }
        return false;
}

uint32_t clew_lineage_values(const struct clew_rca_view *v, uint32_t step,
                             struct clew_slice ret[CLEW_LINEAGE_VALUES_MAX], bool *ret_more)
{
        uint64_t shown[CLEW_LINEAGE_VALUES_MAX];
        uint32_t n = 0;

        *ret_more = false;
        for (uint32_t u = 0; u < v->n_units; u++) {
                struct clew_token_iter it = clew_tokens_of(v->units[u].text);
                struct clew_token t;

                if (v->steps[v->units[u].step].span != step)
                        continue;
                while (clew_token_next(&it, &t)) {
                        if (t.digits < DIGITS_MIN || is_listed(shown, n, t.hash))
                                continue;
                        if (n == CLEW_LINEAGE_VALUES_MAX) {
                                *ret_more = true;
                                return n;
                        }
                        shown[n] = t.hash;
                        ret[n++] = t.text;
                }
        }
        return n;
}
