/*
 * See item-import.h.
 */
#include "query/review/item-import.h"

#include "proto/base/utf8.h"
#include "query/review/item-messages-int.h"

#include <errno.h>
#include <string.h>

/* Members that tools use, the first that is there counts. */
static const char *const input_names[] = {"input", "inputs",   "messages", "prompt", "question",
                                          "query", "scenario", "vars",     "task",   NULL};
static const char *const expected_names[] = {"expected",       "expected_output",
                                             "expectedOutput", "expected_response",
                                             "ideal",          "target",
                                             "reference",      "outputs",
                                             "answer",         "completion",
                                             "output",         "chosen",
                                             "expectations",   NULL};
static const char *const name_names[] = {"name", "id", "case_id", "description", NULL};
static const char *const label_names[] = {"labels", "tags", NULL};

bool clew_item_mapping_parse(struct clew_slice text, struct clew_item_mapping *ret)
{
        *ret = (struct clew_item_mapping){0};
        while (text.len > 0) {
                const uint8_t *comma = memchr(text.data, ',', text.len);
                size_t len = comma ? (size_t)(comma - text.data) : text.len;
                struct clew_slice one = clew_slice_make(text.data, len);
                const uint8_t *equals = memchr(one.data, '=', one.len);
                size_t n = equals ? (size_t)(equals - one.data) : 0;
                struct clew_slice key = clew_slice_make(one.data, n);
                struct clew_slice value = clew_slice_from(one, n + 1);

                if (!equals || value.len == 0)
                        return false;
                if (clew_slice_eq_cstr(key, "input"))
                        ret->input = value;
                else if (clew_slice_eq_cstr(key, "expected"))
                        ret->expected = value;
                else if (clew_slice_eq_cstr(key, "name"))
                        ret->name = value;
                else
                        return false;
                text = clew_slice_from(text, len + 1);
        }
        return true;
}

/* ---- members -------------------------------------------------------------------------------- */

struct member {
        struct clew_slice key;
        struct clew_slice value; /* raw JSON */
        bool used;
};

#define MEMBERS_MAX 1024u

struct object {
        struct member *items;
        uint32_t n;
};

static int read_object(struct clew_slice json, struct clew_arena *arena, struct object *ret,
                       struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);

        *ret = (struct object){
                .items = clew_arena_calloc(arena, MEMBERS_MAX, sizeof(struct member))};
        if (!ret->items)
                return -ENOMEM;
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return clew_error_set(err, -EINVAL, 0, "is not a JSON object");
        while (clew_json_next_member(&r)) {
                if (ret->n == MEMBERS_MAX)
                        return clew_error_set(err, -EINVAL, 0, "has more than %u members",
                                              MEMBERS_MAX);
                ret->items[ret->n].key = clew_json_string(&r, arena);
                ret->items[ret->n++].value = clew_json_take(&r);
        }
        (void)clew_json_next(&r);
        if (clew_json_reader_error(&r, err) < 0)
                return -EINVAL;
        return clew_utf8_valid(json) ? 0 : clew_error_set(err, -EINVAL, 0, "is not valid UTF-8");
}

static struct member *find(const struct object *o, struct clew_slice key)
{
        for (uint32_t i = 0; i < o->n; i++) {
                if (clew_slice_eq(o->items[i].key, key))
                        return &o->items[i];
        }
        return NULL;
}

static struct member *choose(const struct object *o, struct clew_slice mapped,
                             const char *const *names)
{
        struct member *m = mapped.len ? find(o, mapped) : NULL;

        for (; !m && mapped.len == 0 && *names; names++)
                m = find(o, clew_slice_of_cstr(*names));
        if (m)
                m->used = true;
        return m;
}

/* A string's text, another value's JSON; null is nothing. */
static bool plain(const struct member *m, struct clew_arena *arena, struct clew_slice *ret)
{
        struct clew_json_reader r = clew_json_reader_make(m->value, CLEW_JSON_DEPTH_DEFAULT);

        switch (clew_json_next(&r)) {
        case CLEW_JSON_NULL:
                return false;
        case CLEW_JSON_STRING:
                *ret = clew_json_string(&r, arena);
                return true;
        case CLEW_JSON_END:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_ARRAY_END:
        case CLEW_JSON_NUMBER:
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                break;
        }
        *ret = m->value;
        return true;
}

/* ---- input and expected output -------------------------------------------------------------- */

/* An array of objects with a role, or an object that holds one as "messages". */
static struct clew_slice messages_in(struct clew_slice value, struct clew_arena *arena)
{
        struct clew_json_reader r = clew_json_reader_make(value, CLEW_JSON_DEPTH_DEFAULT);
        struct object o;
        struct clew_error err;
        const struct member *inner;

        if (clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                if (read_object(value, arena, &o, &err) < 0)
                        return CLEW_SLICE_NULL;
                inner = find(&o, CLEW_SLICE_LITERAL("messages"));
                return inner && o.n == 1 ? messages_in(inner->value, arena) : CLEW_SLICE_NULL;
        }
        if (r.token != CLEW_JSON_ARRAY_BEGIN || !clew_json_next_element(&r) ||
            r.token != CLEW_JSON_OBJECT_BEGIN)
                return CLEW_SLICE_NULL;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "role"))
                        return value;
                clew_json_skip(&r);
        }
        return CLEW_SLICE_NULL;
}

static int add_user(struct clew_item *item, struct clew_arena *arena, struct clew_slice text)
{
        struct clew_item_message *m = clew_arena_calloc(arena, 1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->role = CLEW_ROLE_USER;
        m->content = text;
        item->input = (struct clew_item_messages){m, 1};
        return 0;
}

static int read_messages(struct clew_slice json, struct clew_arena *arena,
                         struct clew_item_messages *ret)
{
        struct clew_conversation talk = {.arena = arena};
        struct clew_messages m;

        if (clew_messages_read(json, CLEW_MESSAGES_IN, arena, &m) < 0 ||
            !clew_conversation_add(&talk, &m, 0))
                return -ENOMEM;
        *ret = (struct clew_item_messages){talk.items, talk.n};
        return 0;
}

/* A conversation that ends with an answer (fine-tuning files) is divided before it. */
static void take_answer(struct clew_item *item)
{
        const struct clew_item_messages *m = &item->input;

        if (m->n < 2 || item->has_expected || m->items[m->n - 1].role != CLEW_ROLE_ASSISTANT)
                return;
        item->expected = m->items[m->n - 1].content;
        item->has_expected = item->expected.len > 0;
        item->expected_calls =
                (struct clew_item_calls){m->items[m->n - 1].calls, m->items[m->n - 1].n_calls};
        if (item->has_expected || item->expected_calls.n) {
                item->expected_from = CLEW_SLICE_LITERAL("imported");
                item->input.n--;
        }
}

static int set_input(struct clew_item *item, const struct member *m, struct clew_arena *arena,
                     struct clew_error *err)
{
        struct clew_slice messages = messages_in(m->value, arena);
        struct clew_slice text;

        if (messages.len)
                return read_messages(messages, arena, &item->input);
        if (!plain(m, arena, &text) || text.len == 0)
                return clew_error_set(err, -EINVAL, 0, "has an empty input");
        if (m->value.data[0] == '"')
                return add_user(item, arena, text);
        item->input_json = text;
        return 0;
}

/* Objects that tools put round one answer: {"outputs":{"answer":"x"}}. */
static bool is_wrapper(struct clew_slice key)
{
        return clew_slice_eq_cstr(key, "outputs") || clew_slice_eq_cstr(key, "output") ||
               clew_slice_eq_cstr(key, "expectations");
}

/* The last message's words when it is a list of messages; of a wrapper with one member, its value.
 */
static int set_expected(struct clew_item *item, const struct member *m, struct clew_arena *arena)
{
        struct clew_slice messages = messages_in(m->value, arena);
        struct clew_item_messages list;
        struct object o;
        struct clew_error err;
        struct clew_slice text;

        if (messages.len) {
                if (read_messages(messages, arena, &list) < 0)
                        return -ENOMEM;
                if (list.n && list.items[list.n - 1].content.len) {
                        text = list.items[list.n - 1].content;
                        item->has_expected = true;
                        item->expected = text;
                }
        } else if (m->value.len && m->value.data[0] == '{' && is_wrapper(m->key) &&
                   read_object(m->value, arena, &o, &err) == 0 && o.n == 1) {
                item->has_expected = plain(&o.items[0], arena, &item->expected);
        } else {
                item->has_expected = plain(m, arena, &item->expected);
        }
        item->has_expected = item->has_expected && item->expected.len > 0;
        if (item->has_expected)
                item->expected_from = CLEW_SLICE_LITERAL("imported");
        return 0;
}

static int set_labels(struct clew_item *item, const struct member *m, struct clew_arena *arena)
{
        struct clew_json_reader r = clew_json_reader_make(m->value, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice *labels = clew_arena_calloc(arena, 64, sizeof(*labels));

        if (!labels)
                return -ENOMEM;
        item->labels = labels;
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return 0;
        while (clew_json_next_element(&r)) {
                if (r.token == CLEW_JSON_STRING && item->n_labels < 64)
                        labels[item->n_labels++] = clew_json_string(&r, arena);
                else
                        clew_json_skip(&r);
        }
        return 0;
}

/* What no field took, as one object. */
static int set_metadata(struct clew_item *item, const struct object *o, struct clew_arena *arena)
{
        CLEW_BUFFER b = {0};
        struct clew_json_writer w = clew_json_writer_make(&b, 0);
        bool any = false;

        clew_buffer_init(&b, CLEW_ITEM_BYTES_MAX);
        clew_json_write_object_begin(&w);
        for (uint32_t i = 0; i < o->n; i++) {
                if (o->items[i].used)
                        continue;
                any = true;
                clew_json_write_key_slice(&w, o->items[i].key);
                clew_json_write_raw(&w, o->items[i].value);
        }
        clew_json_write_object_end(&w);
        if (!any)
                return clew_buffer_error(&b);
        item->metadata = clew_arena_copy(arena, clew_buffer_slice(&b));
        return clew_buffer_error(&b) < 0 || !item->metadata.data ? -ENOMEM : 0;
}

static bool is_ours(const struct object *o)
{
        return find(o, CLEW_SLICE_LITERAL("form")) && find(o, CLEW_SLICE_LITERAL("task")) &&
               find(o, CLEW_SLICE_LITERAL("v"));
}

int clew_item_import(struct clew_slice json, const struct clew_item_mapping *mapping,
                     struct clew_arena *arena, struct clew_item *ret, struct clew_error *err)
{
        struct object o;
        struct member *m;
        int r = read_object(json, arena, &o, err);

        *ret = (struct clew_item){0};
        if (r < 0)
                return r;
        if (is_ours(&o)) {
                r = clew_item_read(json, arena, ret);
                return r == -EBADMSG ? clew_error_set(err, -EINVAL, 0, "is no item of this version")
                                     : r;
        }
        m = choose(&o, mapping->input, input_names);
        if (!m)
                return clew_error_set(err, -EINVAL, 0,
                                      "has no input; --map input=NAME says where it is");
        r = set_input(ret, m, arena, err);
        m = choose(&o, mapping->expected, expected_names);
        if (r == 0 && m)
                r = set_expected(ret, m, arena);
        if (r == 0)
                take_answer(ret);
        m = choose(&o, mapping->name, name_names);
        if (r == 0 && m && !plain(m, arena, &ret->name))
                ret->name = CLEW_SLICE_NULL;
        m = choose(&o, CLEW_SLICE_NULL, label_names);
        if (r == 0 && m)
                r = set_labels(ret, m, arena);
        if (r == 0)
                r = set_metadata(ret, &o, arena);
        if (r == 0)
                r = clew_item_set_task(ret, arena);
        return r == 0 && clew_arena_failed(arena) ? -ENOMEM : r;
}

/* ---- CSV ------------------------------------------------------------------------------------ */

/* One field from the front of the rest. *ret_end = it was the last of its row. */
static int field(struct clew_csv *csv, struct clew_slice *ret, bool *ret_end,
                 struct clew_error *err)
{
        bool quoted = csv->rest.len && csv->rest.data[0] == '"';
        uint8_t *copy;
        size_t i = quoted;
        size_t n = 0;

        for (; i < csv->rest.len; i++) {
                uint8_t c = csv->rest.data[i];

                if (quoted && c == '"' && i + 1 < csv->rest.len && csv->rest.data[i + 1] == '"') {
                        i++;
                        n++;
                        continue;
                }
                if (quoted && c == '"')
                        break;
                if (!quoted && (c == ',' || c == '\n'))
                        break;
                csv->line += c == '\n';
                n++;
        }
        if (quoted && i == csv->rest.len)
                return clew_error_set(err, -EINVAL, 0, "a quoted field does not end");
        copy = clew_arena_alloc(csv->arena, n + 1);
        if (!copy)
                return -ENOMEM;
        n = 0;
        for (size_t k = quoted; k < i; k++) {
                copy[n++] = csv->rest.data[k];
                if (quoted && csv->rest.data[k] == '"')
                        k++;
        }
        i += quoted;
        if (!quoted && n && copy[n - 1] == '\r')
                n--;
        if (quoted && i < csv->rest.len && csv->rest.data[i] == '\r')
                i++;
        *ret = clew_slice_make(copy, n);
        *ret_end = i >= csv->rest.len || csv->rest.data[i] == '\n';
        if (!*ret_end && csv->rest.data[i] != ',')
                return clew_error_set(err, -EINVAL, 0, "text follows a quoted field");
        csv->line += *ret_end && i < csv->rest.len;
        csv->rest = clew_slice_from(csv->rest, i + 1);
        return 0;
}

static int row(struct clew_csv *csv, struct clew_slice *fields, uint32_t max, uint32_t *ret_n,
               struct clew_error *err)
{
        bool end = false;
        int r = 0;

        *ret_n = 0;
        while (r == 0 && !end) {
                if (*ret_n == max)
                        return clew_error_set(err, -EINVAL, 0, "a row has more than %u fields",
                                              max);
                r = field(csv, &fields[(*ret_n)++], &end, err);
        }
        return r;
}

int clew_csv_open(struct clew_csv *csv, struct clew_slice text, struct clew_arena *arena,
                  struct clew_error *err)
{
        *csv = (struct clew_csv){.rest = text, .line = 1, .arena = arena};
        if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
                csv->rest = clew_slice_from(text, 3);
        if (csv->rest.len == 0)
                return clew_error_set(err, -EINVAL, 0, "the file is empty");
        return row(csv, csv->heading, CLEW_CSV_COLUMNS_MAX, &csv->n_columns, err);
}

int clew_csv_next(struct clew_csv *csv, struct clew_buffer *out, struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        struct clew_slice fields[CLEW_CSV_COLUMNS_MAX];
        uint32_t n = 0;
        int r = 0;

        while (r == 0 && csv->rest.len && (n == 0 || (n == 1 && fields[0].len == 0)))
                r = row(csv, fields, CLEW_CSV_COLUMNS_MAX, &n, err); /* blank lines are nothing */
        if (r < 0)
                return r;
        if (n == 0 || (n == 1 && fields[0].len == 0))
                return 0;
        if (n != csv->n_columns)
                return clew_error_set(err, -EINVAL, 0, "has %u fields, the heading has %u", n,
                                      csv->n_columns);
        clew_json_write_object_begin(&w);
        for (uint32_t i = 0; i < n; i++) {
                clew_json_write_key_slice(&w, csv->heading[i]);
                clew_json_write_string(&w, fields[i]);
        }
        clew_json_write_object_end(&w);
        return clew_buffer_error(out) < 0 ? clew_buffer_error(out) : 1;
}
