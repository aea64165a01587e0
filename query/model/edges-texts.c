/*
 * Edges that texts tell: where a step's output sends the run next, and which results a model read.
 */
#include "query/model/edges-int.h"

#include "proto/base/find.h"
#include "query/model/message.h"

#include <string.h>

#define NONE CLEW_STEP_NONE

/* Of a command's text: its head says what it is, and "goto" is among its last members. */
#define HEAD_BYTES 256u
#define TAIL_BYTES 4096u
/* Targets of one command. */
#define TARGETS_MAX 16u
#define NAME_BYTES_MAX 200u

#define KEY(s) CLEW_SLICE_LITERAL(s)

bool clew_edges_same_name(struct clew_slice a, struct clew_slice b)
{
        if (a.len != b.len)
                return false;
        for (size_t i = 0; i < a.len; i++) {
                uint8_t x = a.data[i] | 0x20;
                uint8_t y = b.data[i] | 0x20;
                bool mark = (x == ('_' | 0x20) || x == ' ' || x == '-') &&
                            (y == ('_' | 0x20) || y == ' ' || y == '-');

                if (x != y && !mark)
                        return false;
        }
        return true;
}

/* ---- LangGraph's Command ----------------------------------------------------------------------
 */

static bool contains(struct clew_slice text, const char *word)
{
        return clew_find(text, word, strlen(word)) != NULL;
}

static struct clew_slice skip_any(struct clew_slice s, const char *set)
{
        while (s.len > 0 && s.data[0] != 0 && strchr(set, s.data[0]))
                s = clew_slice_from(s, 1);
        return s;
}

/* Nearly every text fails the cheap tests. */
static bool is_command(struct clew_slice head)
{
        if (head.data[0] != '{' && head.data[0] != '[' && head.data[0] != 'C')
                return false;
        return contains(head, "Command(") || contains(head, "\"lg_name\"") ||
               (head.data[0] == '{' &&
                (contains(head, "\"update\"") || contains(head, "\"graph\"")));
}

/* What follows the last member "goto" of a text that is a Command, as Python prints it or as JSON:
 * words before it may say goto, too. A null slice when there is none. */
static struct clew_slice goto_of(struct clew_slice text)
{
        struct clew_slice head =
                clew_slice_make(text.data, text.len < HEAD_BYTES ? text.len : HEAD_BYTES);
        struct clew_slice left =
                text.len > TAIL_BYTES ? clew_slice_from(text, text.len - TAIL_BYTES) : text;
        struct clew_slice found = CLEW_SLICE_NULL;
        const uint8_t *at;

        if (head.len == 0 || !is_command(head))
                return CLEW_SLICE_NULL;
        while (left.len > 0 && (at = clew_find(left, "goto", 4))) {
                left = clew_slice_from(left, (size_t)(at - left.data) + 4);
                struct clew_slice value = skip_any(left, "\"'\\ ");

                if (value.len > 0 && (value.data[0] == '=' || value.data[0] == ':'))
                        found = skip_any(value, " :=");
        }
        return found;
}

static struct clew_slice skip_word(struct clew_slice s, struct clew_slice word)
{
        return clew_slice_starts_with(s, word) ? clew_slice_from(s, word.len) : s;
}

/* The next name; @s goes behind it. Names stand in quotes, escaped ones too. */
static struct clew_slice take_name(struct clew_slice *s)
{
        struct clew_slice at = skip_any(*s, " \t\r\n[,{");
        size_t n = 0;

        at = skip_word(at, KEY("Send("));
        at = skip_word(at, KEY("node="));
        if (at.len == 0 || !strchr("\"'\\", at.data[0]))
                return CLEW_SLICE_NULL;
        at = skip_any(at, "\"'\\");
        while (n < at.len && n < NAME_BYTES_MAX && at.data[n] >= ' ' && at.data[n] != '"' &&
               at.data[n] != '\'' && at.data[n] != '\\')
                n++;
        *s = skip_any(clew_slice_from(at, n), "\"'\\ ");
        return clew_slice_make(at.data, n);
}

/* Behind a name in a list: where the next one stands. Sends carry arguments in between. */
static struct clew_slice next_name(struct clew_slice s)
{
        const uint8_t *send = s.len ? memmem(s.data, s.len, "Send(", 5) : NULL;

        if (send)
                return clew_slice_from(s, (size_t)(send - s.data));
        return s.len > 0 && s.data[0] == ',' ? s : CLEW_SLICE_NULL;
}

static bool is_target(const struct clew_step *step, struct clew_slice name)
{
        return !clew_step_is(step, CLEW_STEP_STANDIN | CLEW_STEP_FRAGMENT) &&
               (step->kind == CLEW_KIND_AGENT || step->kind == CLEW_KIND_CHAIN ||
                step->kind == CLEW_KIND_GENERIC) &&
               (clew_slice_eq(step->span.name, name) ||
                (step->agent_name.len > 0 && clew_edges_same_name(step->agent_name, name)));
}

static void add_goto(struct clew_edge_work *w, uint32_t from, struct clew_slice name)
{
        const struct clew_trace *trace = w->b->trace;
        uint32_t first = from + trace->steps[from].n_descendants + 1;

        for (uint32_t i = first; i < trace->n_steps && i - first < CLEW_EDGES_NAME_SEARCH_MAX;
             i++) {
                if (!is_target(&trace->steps[i], name) ||
                    trace->steps[i].start_ns < trace->steps[from].start_ns)
                        continue;
                (void)clew_edges_add(w, CLEW_EDGE_HANDOFF, from, i, true);
                return;
        }
}

void clew_edges_by_goto(struct clew_edge_work *w, uint32_t index)
{
        const struct clew_step *step = &w->b->trace->steps[index];
        struct clew_slice rest =
                goto_of(step->tool_result.len > 0 ? step->tool_result : step->output);
        bool list = rest.len > 0 && rest.data[0] == '[';

        for (unsigned i = 0; rest.len > 0 && i < TARGETS_MAX; i++) {
                struct clew_slice name = take_name(&rest);

                if (name.len == 0)
                        return;
                if (!clew_slice_eq(name, KEY("__end__")))
                        add_goto(w, index, name);
                rest = list ? next_name(rest) : CLEW_SLICE_NULL;
        }
}

/* ---- results ----------------------------------------------------------------------------------
 */

/* Flattened messages say it in a key of its own. @ret_flat: the span has such keys. */
static bool id_among_keys(struct clew_edge_work *w, const struct clew_step *step,
                          struct clew_slice id, bool *ret_flat)
{
        struct clew_message_iter it = clew_span_attributes(&step->span);
        struct clew_slice key;
        struct clew_slice raw;

        while (w->keys_left > 0 && clew_attribute_next_raw(&it, &key, &raw)) {
                struct clew_value value;

                w->keys_left--;
                if (!clew_slice_ends_with(key, KEY(".tool_call_id")))
                        continue;
                *ret_flat = true;
                if (raw.len <= id.len + 16 && clew_value_parse(raw, &value) &&
                    value.type == CLEW_VALUE_STRING && clew_slice_eq(value.bytes, id))
                        return true;
        }
        return false;
}

static void read_input(struct clew_edge_work *w, uint32_t llm)
{
        const struct clew_trace *trace = w->b->trace;
        const struct clew_step *step = &trace->steps[llm];

        if (w->read_llm == llm)
                return;
        w->read_llm = llm;
        w->read = (struct clew_messages){0};
        if (step->span.raw.len > w->confirm_left)
                return;
        w->confirm_left -= step->span.raw.len;
        clew_arena_reset(&w->scratch);
        if (clew_step_messages_unhashed(trace, step, CLEW_MESSAGES_IN, &w->scratch, &w->read) < 0)
                w->read = (struct clew_messages){0};
}

bool clew_edges_confirm_result(struct clew_edge_work *w, uint32_t llm, struct clew_slice id)
{
        bool flat = false;

        if (id.len == 0 || !w->b->options->results)
                return false;
        if (id_among_keys(w, &w->b->trace->steps[llm], id, &flat))
                return true;
        if (flat)
                return false;
        read_input(w, llm);
        for (uint32_t i = w->read.n; i-- > 0;) {
                for (uint32_t k = 0; k < w->read.items[i].n_parts; k++) {
                        const struct clew_part *part = &w->read.items[i].parts[k];

                        if (part->type == CLEW_PART_TOOL_RESULT && clew_slice_eq(part->id, id))
                                return true;
                }
        }
        return false;
}
