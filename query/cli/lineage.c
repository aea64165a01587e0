#include "query/cli/lineage.h"

#include "query/answer/lineage-record.h"
#include "query/answer/safe.h"

#include <string.h>

#define PAGE_MAX_BYTES ((size_t)1 << 20)
#define NAME_COLUMNS 18u

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
        const char *role = clew_lineage_role(p->view, h);
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

static int put_json(struct clew_lineage_page *p, struct clew_slice value,
                    const struct clew_lineage *l)
{
        struct clew_json_writer w = clew_output_begin(p->output, "lineage");

        clew_lineage_write(&w, p->view, value, l);
        return clew_output_end(p->output, &w);
}

int clew_lineage_page_value(struct clew_lineage_page *p, struct clew_slice value)
{
        struct clew_lineage l;

        clew_lineage_of(p->view, value, &l);
        p->nothing |= l.n == 0;
        return p->output->json ? put_json(p, value, &l) : put_text(p, value, &l);
}

int clew_lineage_page_step(struct clew_lineage_page *p, uint32_t step)
{
        struct clew_slice values[CLEW_LINEAGE_VALUES_MAX];
        bool more = false;
        uint32_t n = clew_lineage_values(p->view, step, values, &more);
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                if (!p->output->json) {
                        char text[256];

                        fprintf(p->cli->out, "%s%s\n", i > 0 ? "\n" : "",
                                clew_safe_cstr(values[i], text, sizeof(text)));
                }
                r = clew_lineage_page_value(p, values[i]);
        }
        if (r == 0 && n == 0)
                clew_cli_note(p->cli, "this step introduces no number, id or date");
        if (r == 0 && more)
                clew_cli_note(p->cli, "the first %u values; clew why ID --value TEXT for others",
                              n);
        return r;
}
