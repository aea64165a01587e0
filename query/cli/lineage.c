#include "query/cli/lineage.h"

#include "query/answer/safe.h"
#include "query/rca/lineage.h"

#include <string.h>

#define PAGE_MAX_BYTES ((size_t)1 << 20)
#define NAME_COLUMNS 18u
/* Values of one step; what it printed whole tables of is better searched for by value. */
#define VALUES_MAX 12u
#define DIGITS_MIN 3u /* shorter numbers are counts, found everywhere */

/* What a hop is for the run, when that says more than where it stood. */
static const char *role_of(const struct clew_rca_view *v, const struct clew_hop *h)
{
        if (h->origin == CLEW_RCA_WRITTEN && h->step == v->last_llm &&
            v->steps[h->step].n_calls == 0)
                return "answer";
        return h->hands_off ? "hand-off" : NULL;
}

/* The text round the value, so cut that the value is on the screen. */
static void put_excerpt(struct clew_lineage_page *p, struct clew_buffer *out,
                        const struct clew_hop *h, size_t used)
{
        size_t room = p->look->columns == SIZE_MAX   ? CLEW_LINEAGE_EXCERPT_MAX
                      : p->look->columns > used + 20 ? p->look->columns - used
                                                     : 20;
        size_t at = (size_t)(h->value.data - h->excerpt.data);
        size_t side = room > h->value.len ? (room - h->value.len) / 2 : 0;
        struct clew_slice text = h->excerpt;

        if (at + h->value.len + 4 > room) {
                size_t from = at > side ? at - side : 0;

                while (from < at && (text.data[from] & 0xc0) == 0x80)
                        from++;
                text = clew_slice_from(text, from);
        }
        clew_safe_line(out, text, room, p->look->ascii);
        clew_buffer_append_byte(out, '\n');
}

static void put_hop(struct clew_lineage_page *p, struct clew_buffer *out, const struct clew_hop *h)
{
        static const char *const kinds[] = {"llm", "tool", "agent", "step"};
        const struct clew_rca_step *s = &p->view->steps[h->step];
        const char *role = role_of(p->view, h);
        struct clew_slice name =
                s->kind == CLEW_RCA_LLM && s->agent_name.len ? s->agent_name : s->name;
        size_t columns;

        clew_buffer_printf(out, "%5u  %-6s", s->number, kinds[s->kind]);
        columns = clew_safe_line(out, name, NAME_COLUMNS, p->look->ascii);
        clew_buffer_printf(out, "%*s%-14s%s", (int)(NAME_COLUMNS + 1 - columns), "",
                           role ? role : clew_lineage_origin_name(h->origin),
                           h->changed ? "CHANGED " : "");
        put_excerpt(p, out, h, 13 + NAME_COLUMNS + 1 + 14 + (h->changed ? 8 : 0));
}

static int put_text(struct clew_lineage_page *p, struct clew_slice value,
                    const struct clew_lineage *l)
{
        CLEW_BUFFER out = {0};

        clew_buffer_init(&out, PAGE_MAX_BYTES);
        if (l->n == 0) {
                clew_safe_line(&out, value, 40, p->look->ascii);
                clew_buffer_append_cstr(&out, " appears nowhere in the trace's texts.\n");
        } else if (!l->observed) {
                clew_buffer_append_cstr(&out, "No user, prompt or result holds this value: the "
                                              "model wrote it first.\n\n");
        }
        for (uint32_t i = 0; i < l->n; i++)
                put_hop(p, &out, &l->hops[i]);
        if (l->more)
                clew_buffer_append_cstr(&out, "  ... and more places\n");
        if (clew_buffer_error(&out) < 0)
                return clew_cli_fail(p->cli, clew_buffer_error(&out), NULL);
        fwrite(out.data, 1, out.len, p->cli->out);
        return 0;
}

static void write_hop(struct clew_json_writer *w, const struct clew_rca_view *v,
                      const struct clew_hop *h)
{
        const char *role = role_of(v, h);

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

static int put_json(struct clew_lineage_page *p, struct clew_slice value,
                    const struct clew_lineage *l)
{
        struct clew_json_writer w = clew_output_begin(p->output, "lineage");

        clew_json_write_key(&w, "trace_id");
        clew_write_trace_id(&w, &p->view->trace->id);
        clew_json_write_key(&w, "value");
        clew_json_write_string(&w, value);
        clew_json_write_key(&w, "observed");
        clew_json_write_bool(&w, l->observed);
        clew_json_write_key(&w, "hops");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < l->n; i++)
                write_hop(&w, p->view, &l->hops[i]);
        clew_json_write_array_end(&w);
        if (l->more) {
                clew_json_write_key(&w, "more");
                clew_json_write_bool(&w, true);
        }
        return clew_output_end(p->output, &w);
}

int clew_lineage_page_value(struct clew_lineage_page *p, struct clew_slice value)
{
        struct clew_lineage l;

        clew_lineage_of(p->view, value, &l);
        p->nothing |= l.n == 0;
        return p->output->json ? put_json(p, value, &l) : put_text(p, value, &l);
}

static bool is_listed(const uint64_t *hashes, uint32_t n, uint64_t hash)
{
        for (uint32_t i = 0; i < n; i++) {
                if (hashes[i] == hash)
                        return true;
        }
        return false;
}

int clew_lineage_page_step(struct clew_lineage_page *p, uint32_t step)
{
        const struct clew_rca_view *v = p->view;
        uint64_t shown[VALUES_MAX];
        uint32_t n = 0;
        bool more = false;
        int r = 0;

        for (uint32_t u = 0; r == 0 && !more && u < v->n_units; u++) {
                struct clew_token_iter it = clew_tokens_of(v->units[u].text);
                struct clew_token t;

                if (v->steps[v->units[u].step].span != step)
                        continue;
                while (r == 0 && clew_token_next(&it, &t)) {
                        if (t.digits < DIGITS_MIN || is_listed(shown, n, t.hash))
                                continue;
                        if (n == VALUES_MAX) {
                                more = true;
                                break;
                        }
                        shown[n++] = t.hash;
                        if (!p->output->json) {
                                char text[256];

                                fprintf(p->cli->out, "%s%s\n", n > 1 ? "\n" : "",
                                        clew_safe_cstr(t.text, text, sizeof(text)));
                        }
                        r = clew_lineage_page_value(p, t.text);
                }
        }
        if (r == 0 && n == 0)
                clew_cli_note(p->cli, "this step introduces no number, id or date");
        if (r == 0 && more)
                clew_cli_note(p->cli, "the first %u values; clew why ID --value TEXT for others",
                              n);
        return r;
}
