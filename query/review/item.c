/*
 * See item.h. Reading: item-read.c.
 */
#include "query/review/item.h"

#include "proto/base/hash.h"
#include "proto/base/number.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *const form_names[] = {"run", "turn", "step"};

const char *clew_item_form_name(enum clew_item_form form)
{
        return form_names[form];
}

bool clew_item_form_parse(struct clew_slice name, enum clew_item_form *ret)
{
        for (unsigned i = 0; i < CLEW_ARRAY_LEN(form_names); i++) {
                if (clew_slice_eq_cstr(name, form_names[i])) {
                        *ret = (enum clew_item_form)i;
                        return true;
                }
        }
        return false;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_number(struct clew_json_writer *w, const char *key, uint64_t number)
{
        if (number == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_uint64(w, number);
}

static void put_hex(struct clew_json_writer *w, const char *key, const uint8_t *id, size_t n)
{
        bool zero = true;

        for (size_t i = 0; i < n; i++)
                zero = zero && id[i] == 0;
        if (zero)
                return;
        clew_json_write_key(w, key);
        clew_json_write_hex(w, clew_slice_make(id, n));
}

static void put_calls(struct clew_json_writer *w, const char *key,
                      const struct clew_item_call *calls, uint32_t n)
{
        if (n == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < n; i++) {
                clew_json_write_object_begin(w);
                clew_keep_text(w, "id", calls[i].id);
                clew_keep_text(w, "name", calls[i].name);
                clew_keep_text(w, "arguments", calls[i].arguments);
                if (calls[i].has_result) {
                        clew_json_write_key(w, "result");
                        clew_json_write_string(w, calls[i].result);
                }
                if (calls[i].is_error) {
                        clew_json_write_key(w, "is_error");
                        clew_json_write_bool(w, true);
                }
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_messages(struct clew_json_writer *w, const char *key,
                         const struct clew_item_messages *m)
{
        if (m->n == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < m->n; i++) {
                clew_json_write_object_begin(w);
                clew_keep_text(w, "role", clew_slice_of_cstr(clew_role_name(m->items[i].role)));
                clew_keep_text(w, "name", m->items[i].name);
                clew_keep_text(w, "call_id", m->items[i].call_id);
                clew_keep_text(w, "reasoning", m->items[i].reasoning);
                clew_keep_text(w, "content", m->items[i].content);
                put_calls(w, "calls", m->items[i].calls, m->items[i].n_calls);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_scores(struct clew_json_writer *w, const struct clew_item *item)
{
        if (item->n_scores == 0)
                return;
        clew_json_write_key(w, "scores");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < item->n_scores; i++) {
                const struct clew_item_score *s = &item->scores[i];

                clew_json_write_object_begin(w);
                clew_keep_text(w, "name", s->name);
                if (s->has_value) {
                        clew_json_write_key(w, "value");
                        clew_json_write_double(w, s->value);
                }
                clew_keep_text(w, "label", s->label);
                clew_keep_text(w, "source", s->source);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_tools(struct clew_json_writer *w, const struct clew_item *item)
{
        if (item->n_tools == 0)
                return;
        clew_json_write_key(w, "tools");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < item->n_tools; i++) {
                clew_json_write_object_begin(w);
                clew_keep_text(w, "name", item->tools[i].name);
                clew_keep_text(w, "description", item->tools[i].description);
                clew_keep_text(w, "schema", item->tools[i].schema);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_source(struct clew_json_writer *w, const struct clew_item *item)
{
        put_hex(w, "trace_id", item->trace_id.bytes, sizeof(item->trace_id.bytes));
        put_hex(w, "span_id", item->span_id.bytes, sizeof(item->span_id.bytes));
        put_number(w, "step", item->step);
        clew_keep_text(w, "agent", item->agent);
        clew_keep_text(w, "model", item->model);
        clew_keep_text(w, "service", item->service);
        clew_keep_text(w, "session", item->session);
        clew_keep_text(w, "outcome", item->outcome);
        put_number(w, "start_ns", item->start_ns);
        put_number(w, "duration_ns", item->duration_ns);
        put_number(w, "tokens_in", item->tokens_in);
        put_number(w, "tokens_out", item->tokens_out);
        if (item->has_cost) {
                clew_json_write_key(w, "cost_usd");
                clew_json_write_double(w, item->cost_usd);
        }
        clew_keep_text(w, "cause_rule", item->cause_rule);
        clew_keep_text(w, "cause_text", item->cause_text);
        put_number(w, "failing_step", item->failing_step);
        put_number(w, "failing_message", item->failing_message);
        put_hex(w, "failing_span", item->failing_span.bytes, sizeof(item->failing_span.bytes));
}

void clew_item_write(struct clew_json_writer *w, const struct clew_item *item)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "v");
        clew_json_write_uint64(w, 1);
        clew_keep_text(w, "form", clew_slice_of_cstr(clew_item_form_name(item->form)));
        put_hex(w, "task", item->task.bytes, sizeof(item->task.bytes));
        clew_keep_text(w, "name", item->name);
        put_source(w, item);
        put_messages(w, "input", &item->input);
        clew_keep_text(w, "input_json", item->input_json);
        put_messages(w, "trajectory", &item->trajectory);
        put_tools(w, item);
        if (item->has_output) {
                clew_json_write_key(w, "output");
                clew_json_write_string(w, item->output);
        }
        if (item->has_expected) {
                clew_json_write_key(w, "expected");
                clew_json_write_string(w, item->expected);
        }
        clew_keep_text(w, "expected_from", item->expected_from);
        put_calls(w, "calls", item->calls.items, item->calls.n);
        put_calls(w, "expected_calls", item->expected_calls.items, item->expected_calls.n);
        clew_keep_texts(w, "labels", item->labels, item->n_labels);
        put_scores(w, item);
        clew_keep_texts(w, "notes", item->notes, item->n_notes);
        clew_keep_text(w, "metadata", item->metadata);
        clew_json_write_object_end(w);
}

/* ---- what was asked ------------------------------------------------------------------------- */

struct clew_slice clew_item_question(const struct clew_item *item)
{
        for (uint32_t i = item->input.n; i > 0; i--) {
                if (item->input.items[i - 1].role == CLEW_ROLE_USER)
                        return item->input.items[i - 1].content;
        }
        if (item->input_json.len)
                return item->input_json;
        return item->input.n ? item->input.items[item->input.n - 1].content : CLEW_SLICE_NULL;
}

static struct clew_slice first_question(const struct clew_item *item)
{
        for (uint32_t i = 0; i < item->input.n; i++) {
                if (item->input.items[i].role == CLEW_ROLE_USER)
                        return item->input.items[i].content;
        }
        return clew_item_question(item);
}

static bool is_blank(uint8_t c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

int clew_item_set_task(struct clew_item *item, struct clew_arena *arena)
{
        struct clew_slice text = first_question(item);
        uint8_t *folded = clew_arena_alloc(arena, text.len + 1);
        size_t n = 0;

        if (!folded)
                return -ENOMEM;
        for (size_t i = 0; i < text.len; i++) {
                if (!is_blank(text.data[i]))
                        folded[n++] = text.data[i];
                else if (n > 0 && folded[n - 1] != ' ')
                        folded[n++] = ' ';
        }
        if (n > 0 && folded[n - 1] == ' ')
                n--;
        item->task = clew_content_id_of(clew_slice_make(folded, n));
        return 0;
}

/* ---- near-duplicates ------------------------------------------------------------------------ */

static bool is_word(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c >= 0x80;
}

static uint64_t hash_word(const uint8_t *p, size_t n)
{
        uint64_t h = 0xcbf29ce484222325u;

        for (size_t i = 0; i < n; i++) {
                uint8_t c = p[i] >= 'A' && p[i] <= 'Z' ? (uint8_t)(p[i] + 32) : p[i];

                h = (h ^ c) * 0x100000001b3u;
        }
        return h;
}

/* Keeps the least distinct hashes; the array is short. */
static void keep_least(struct clew_sketch *s, uint64_t h)
{
        uint32_t at = s->n;

        if (s->n == CLEW_SKETCH_HASHES && h >= s->hashes[s->n - 1])
                return;
        while (at > 0 && s->hashes[at - 1] > h)
                at--;
        if (at > 0 && s->hashes[at - 1] == h)
                return;
        if (s->n < CLEW_SKETCH_HASHES)
                s->n++;
        memmove(&s->hashes[at + 1], &s->hashes[at], (s->n - 1 - at) * sizeof(s->hashes[0]));
        s->hashes[at] = h;
}

/* @words are the last two before this text. */
static void add_text(struct clew_sketch *s, struct clew_slice text, uint64_t words[2])
{
        size_t from = 0;

        for (size_t i = 0; i <= text.len; i++) {
                bool inside = i < text.len && is_word(text.data[i]);
                uint64_t triple[3];

                if (inside)
                        continue;
                if (i > from) {
                        triple[0] = words[0];
                        triple[1] = words[1];
                        triple[2] = hash_word(text.data + from, i - from);
                        keep_least(s, clew_hash(clew_slice_make(triple, sizeof(triple))));
                        words[0] = words[1];
                        words[1] = triple[2];
                }
                from = i + 1;
        }
}

void clew_item_sketch(const struct clew_item *item, struct clew_sketch *ret)
{
        uint64_t words[2] = {0, 0};

        *ret = (struct clew_sketch){0};
        for (uint32_t i = 0; i < item->input.n; i++) {
                if (item->input.items[i].role != CLEW_ROLE_SYSTEM) /* the same in all of them */
                        add_text(ret, item->input.items[i].content, words);
        }
        add_text(ret, item->input_json, words);
        add_text(ret, item->expected, words);
}

double clew_sketch_likeness(const struct clew_sketch *a, const struct clew_sketch *b)
{
        uint32_t i = 0;
        uint32_t j = 0;
        uint32_t n = 0;
        uint32_t both = 0;

        while (n < CLEW_SKETCH_HASHES && (i < a->n || j < b->n)) {
                if (j == b->n || (i < a->n && a->hashes[i] < b->hashes[j])) {
                        i++;
                } else if (i == a->n || b->hashes[j] < a->hashes[i]) {
                        j++;
                } else {
                        both++;
                        i++;
                        j++;
                }
                n++;
        }
        return n ? (double)both / (double)n : 1;
}

/* By the size of the greatest of the least hashes: they are spread evenly. */
double clew_sketch_triples(const struct clew_sketch *s)
{
        if (s->n < CLEW_SKETCH_HASHES)
                return s->n;
        return (CLEW_SKETCH_HASHES - 1) *
               (18446744073709551616.0 / ((double)s->hashes[s->n - 1] + 1));
}

bool clew_sketch_is_near(const struct clew_sketch *a, const struct clew_sketch *b,
                         double *ret_likeness)
{
        double n = fmax(clew_sketch_triples(a), clew_sketch_triples(b));

        *ret_likeness = clew_sketch_likeness(a, b);
        return *ret_likeness >= CLEW_SKETCH_NEAR &&
               (1 - *ret_likeness) * n <= CLEW_SKETCH_NEAR_TRIPLES;
}

/* ---- splits --------------------------------------------------------------------------------- */

bool clew_split_parse(struct clew_slice text, struct clew_split *ret)
{
        uint64_t shares[3] = {0};
        unsigned n = 0;

        while (text.len > 0 && n < 3) {
                const uint8_t *slash = memchr(text.data, '/', text.len);
                size_t len = slash ? (size_t)(slash - text.data) : text.len;

                if (!clew_parse_uint64(clew_slice_make(text.data, len), &shares[n]) ||
                    shares[n] > 100)
                        return false;
                n++;
                text = clew_slice_from(text, len + (slash ? 1 : 0));
        }
        if (n < 2 || text.len > 0 || shares[0] + shares[1] + shares[2] != 100)
                return false;
        *ret = (struct clew_split){
                .train = (unsigned)shares[0],
                .validation = n == 3 ? (unsigned)shares[1] : 0,
                .test = (unsigned)shares[n - 1],
        };
        return true;
}

const char *clew_split_of(const struct clew_split *split, const struct clew_content_id *task)
{
        unsigned at = 0;

        if (split->train + split->validation + split->test == 0)
                return NULL;
        for (unsigned i = 0; i < 8; i++)
                at = (at << 8 | task->bytes[i]) % 100;
        if (at < split->train)
                return "train";
        return at < split->train + split->validation ? "validation" : "test";
}
