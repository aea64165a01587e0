/*
 * The request of a model call, as far as rules need it. Tool lists are recognised by a hash over
 * the attributes that can hold one, before anything is parsed.
 */
#include "query/rca/request.h"

#include "proto/base/hash.h"
#include "proto/base/json.h"
#include "query/model/message.h"

#define MEMBERS_MAX 64u /* of one schema; a tool with more is not checked */
/* A limit above this is a sender's way of saying "none". */
#define TOKENS_LIMIT_MAX 10000000.0

static bool has(struct clew_slice key, const char *word)
{
        return memmem(key.data, key.len, word, strlen(word)) != NULL;
}

enum { KEY_TOOLS = 1, KEY_MESSAGE = 2, KEY_PARAMETERS = 4, KEY_MAX = 8 };

/* What the words of a key say, in one pass: it may hold a list of tools, it is of messages (which
 * speak of calls), it holds parameters, it may be a limit. */
static unsigned words_of(struct clew_slice key)
{
        static const struct {
                const char *word;
                unsigned len;
                unsigned says;
        } words[] = {
                {"tool", 4, KEY_TOOLS},
                {"function", 8, KEY_TOOLS},
                {"parameters", 10, KEY_TOOLS | KEY_PARAMETERS},
                {"message", 7, KEY_MESSAGE},
                {"max", 3, KEY_MAX},
        };
        static const bool begins[256] = {['t'] = true, ['f'] = true, ['p'] = true, ['m'] = true};
        unsigned says = 0;

        for (size_t i = 0; i + 3 <= key.len; i++) {
                uint8_t c = key.data[i];

                if (!begins[c])
                        continue;
                for (size_t w = 0; w < CLEW_ARRAY_LEN(words); w++) {
                        if ((uint8_t)words[w].word[0] == c && key.len - i >= words[w].len &&
                            memcmp(key.data + i, words[w].word, words[w].len) == 0)
                                says |= words[w].says;
                }
        }
        return says;
}

/* ---- how much it may write ------------------------------------------------------------------ */

static bool is_limit_name(struct clew_slice name)
{
        static const char *const names[] = {"max_tokens",        "max_completion_tokens",
                                            "max_output_tokens", "maxTokens",
                                            "maxOutputTokens",   "max_new_tokens"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (clew_slice_eq_cstr(name, names[i]))
                        return true;
        }
        return false;
}

static double number_of(const struct clew_value *v)
{
        struct clew_json_reader r;
        double x = 0;

        if (v->type == CLEW_VALUE_INT)
                return (double)v->integer;
        if (v->type == CLEW_VALUE_DOUBLE)
                return v->number;
        if (v->type != CLEW_VALUE_STRING)
                return 0;
        r = clew_json_reader_make(v->bytes, 1);
        (void)clew_json_next(&r);
        return clew_json_double(&r, &x) ? x : 0;
}

static double limit_in_json(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        double limit = 0;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return 0;
        while (clew_json_next_member(&r)) {
                bool is_limit = is_limit_name(r.text);
                double x;

                (void)clew_json_next(&r);
                if (is_limit && clew_json_double(&r, &x))
                        limit = x;
                clew_json_skip(&r);
        }
        return limit;
}

/* gen_ai.request.max_tokens and its like, or a member of a bag of parameters. */
static double limit_of(const struct clew_attribute *a)
{
        size_t tail = a->key.len;

        while (tail > 0 && a->key.data[tail - 1] != '.')
                tail--;
        if (is_limit_name(clew_slice_from(a->key, tail)))
                return number_of(&a->value);
        if (has(a->key, "parameters") && a->value.type == CLEW_VALUE_STRING)
                return limit_in_json(a->value.bytes);
        return 0;
}

/* ---- tools ---------------------------------------------------------------------------------- */

static uint32_t offer_of(struct clew_rca_builder *b, const struct clew_step *step, uint64_t hash)
{
        struct clew_rca_view *v = b->v;
        struct clew_rca_offer *o;

        for (uint32_t k = v->n_offers; k-- > 0 && k + 4 >= v->n_offers;) {
                if (v->offers[k].hash == hash)
                        return k;
        }
        v->offers = clew_rca_grow(b, v->offers, v->n_offers, &b->offers_cap, sizeof(*v->offers));
        if (!v->offers)
                return CLEW_RCA_NONE;
        o = &v->offers[v->n_offers++];
        *o = (struct clew_rca_offer){.hash = hash};
        b->failed |=
                clew_step_tool_definitions(b->trace, step, b->arena, &o->tools, &o->n_tools) < 0;
        return v->n_offers - 1;
}

/* Most keys of a flattened history, told by their beginnings. */
static bool is_of_messages(struct clew_slice key)
{
        return key.len > 16 && (memcmp(key.data, "llm.input_messag", 16) == 0 ||
                                memcmp(key.data, "llm.output_messa", 16) == 0);
}

void clew_rca_read_request(struct clew_rca_builder *b, uint32_t i)
{
        struct clew_rca_step *s = &b->v->steps[i];
        const struct clew_step *step = &b->trace->steps[s->span];
        struct clew_message_iter it = clew_span_attributes_brief(&step->span);
        struct clew_slice key;
        struct clew_slice raw;
        uint64_t hash = 0;

        s->offer = CLEW_RCA_NONE;
        while (clew_attribute_next_raw(&it, &key, &raw)) {
                struct clew_attribute a = {.key = key};
                unsigned says;

                if (key.len > 160 || !key.len || is_of_messages(key))
                        continue;
                says = words_of(key);
                if ((says & (KEY_TOOLS | KEY_MESSAGE)) == KEY_TOOLS)
                        hash = clew_hash_seeded(raw, hash + key.len);
                if ((says & (KEY_MAX | KEY_PARAMETERS)) != 0 && clew_value_parse(raw, &a.value)) {
                        double limit = limit_of(&a);

                        if (limit >= 1 && limit < TOKENS_LIMIT_MAX)
                                s->tokens_max = (uint64_t)limit;
                }
        }
        if (hash != 0 && s->n_calls > 0)
                s->offer = offer_of(b, step, hash);
}

/* ---- schemas -------------------------------------------------------------------------------- */

enum {
        TYPE_STRING = 1 << 0,
        TYPE_NUMBER = 1 << 1,
        TYPE_INTEGER = 1 << 2,
        TYPE_BOOLEAN = 1 << 3,
        TYPE_OBJECT = 1 << 4,
        TYPE_ARRAY = 1 << 5,
        TYPE_NULL = 1 << 6,
        TYPE_ANY = 127,
};

struct member {
        struct clew_slice name;
        struct clew_slice allowed; /* raw JSON array, or null */
        unsigned types;
        bool required;
        bool seen;
};

struct schema {
        struct member members[MEMBERS_MAX];
        uint32_t n;
        bool strict;
        bool known; /* has properties, and all fitted */
};

static unsigned type_named(const struct clew_json_reader *r)
{
        static const char *const names[] = {"string", "number", "integer", "boolean",
                                            "object", "array",  "null"};

        for (unsigned i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (r->token == CLEW_JSON_STRING && clew_json_text_is(r, names[i]))
                        return 1u << i;
        }
        return TYPE_ANY;
}

/* "string" or ["string", "null"]. */
static unsigned read_types(struct clew_json_reader *r)
{
        unsigned types = 0;

        if (clew_json_next(r) != CLEW_JSON_ARRAY_BEGIN)
                return type_named(r);
        while (clew_json_next_element(r)) {
                types |= type_named(r);
                clew_json_skip(r);
        }
        return types ? types : TYPE_ANY;
}

static void read_property(struct clew_json_reader *r, struct member *m)
{
        m->types = TYPE_ANY;
        if (clew_json_next(r) != CLEW_JSON_OBJECT_BEGIN) {
                clew_json_skip(r);
                return;
        }
        while (clew_json_next_member(r)) {
                if (clew_json_text_is(r, "type")) {
                        m->types = read_types(r);
                } else if (clew_json_text_is(r, "enum")) {
                        (void)clew_json_next(r);
                        m->allowed = clew_json_take(r);
                } else if (clew_json_text_is(r, "nullable")) {
                        if (clew_json_next(r) == CLEW_JSON_TRUE)
                                m->types |= TYPE_NULL;
                } else {
                        clew_json_skip(r);
                }
        }
}

static void read_properties(struct clew_json_reader *r, struct clew_arena *arena, struct schema *s)
{
        if (clew_json_next(r) != CLEW_JSON_OBJECT_BEGIN) {
                clew_json_skip(r);
                return;
        }
        s->known = true;
        while (clew_json_next_member(r)) {
                if (s->n == MEMBERS_MAX) {
                        s->known = false;
                        clew_json_skip(r);
                        continue;
                }
                s->members[s->n] = (struct member){.name = clew_json_string(r, arena)};
                read_property(r, &s->members[s->n++]);
        }
}

static struct member *member_of(struct schema *s, struct clew_slice name)
{
        for (uint32_t i = 0; i < s->n; i++) {
                if (clew_slice_eq(s->members[i].name, name))
                        return &s->members[i];
        }
        return NULL;
}

static void read_required(struct clew_slice list, struct clew_arena *arena, struct schema *s)
{
        struct clew_json_reader r = clew_json_reader_make(list, 4);

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r)) {
                struct member *m = r.token == CLEW_JSON_STRING
                                           ? member_of(s, clew_json_string(&r, arena))
                                           : NULL;

                if (m)
                        m->required = true;
                clew_json_skip(&r);
        }
}

static void read_schema(struct clew_slice text, struct clew_arena *arena, struct schema *s)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice required = CLEW_SLICE_NULL;

        *s = (struct schema){.n = 0};
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "properties")) {
                        read_properties(&r, arena, s);
                } else if (clew_json_text_is(&r, "required")) {
                        (void)clew_json_next(&r);
                        required = clew_json_take(&r);
                } else if (clew_json_text_is(&r, "additionalProperties")) {
                        s->strict = clew_json_next(&r) == CLEW_JSON_FALSE;
                        clew_json_skip(&r);
                } else {
                        clew_json_skip(&r);
                }
        }
        s->known &= r.status == CLEW_JSON_READING || r.status == CLEW_JSON_COMPLETE;
        read_required(required, arena, s);
}

static bool fits_type(const struct clew_json_reader *r, unsigned types)
{
        int64_t whole;

        switch ((int)r->token) {
        case CLEW_JSON_STRING:
                return types & TYPE_STRING;
        case CLEW_JSON_NUMBER:
                return (types & TYPE_NUMBER) ||
                       ((types & TYPE_INTEGER) && clew_json_int64(r, &whole));
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                return types & TYPE_BOOLEAN;
        case CLEW_JSON_OBJECT_BEGIN:
                return types & TYPE_OBJECT;
        case CLEW_JSON_ARRAY_BEGIN:
                return types & TYPE_ARRAY;
        default:
                return true; /* null stands for "not given" */
        }
}

/* True when @list (a JSON array) holds the raw scalar @value. */
static bool is_allowed(struct clew_slice list, struct clew_slice value)
{
        struct clew_json_reader r = clew_json_reader_make(list, CLEW_JSON_DEPTH_DEFAULT);

        if (list.len == 0 || clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return true;
        while (clew_json_next_element(&r)) {
                if (clew_slice_eq(clew_json_take(&r), value))
                        return true;
        }
        return false;
}

static enum clew_schema_fault check_member(struct clew_json_reader *r, struct member *m)
{
        enum clew_json_token token = clew_json_next(r);
        bool fits = fits_type(r, m->types);
        struct clew_slice value = clew_json_take(r);

        if (!fits)
                return CLEW_SCHEMA_TYPE;
        /* Escapes have several spellings; such a value is not compared. */
        if ((token == CLEW_JSON_STRING || token == CLEW_JSON_NUMBER) &&
            !memchr(value.data, '\\', value.len) && !is_allowed(m->allowed, value))
                return CLEW_SCHEMA_VALUE;
        return CLEW_SCHEMA_FITS;
}

enum clew_schema_fault clew_schema_check(struct clew_slice schema, struct clew_slice args,
                                         struct clew_arena *arena, struct clew_slice *ret_member,
                                         bool *ret_strict)
{
        struct clew_json_reader r = clew_json_reader_make(args, CLEW_JSON_DEPTH_DEFAULT);
        enum clew_schema_fault fault = CLEW_SCHEMA_FITS;
        struct schema s;

        read_schema(schema, arena, &s);
        *ret_strict = s.strict;
        if (!s.known || clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return CLEW_SCHEMA_FITS;
        while (clew_json_next_member(&r)) {
                struct clew_slice name = clew_json_string(&r, arena);
                struct member *m = member_of(&s, name);
                enum clew_schema_fault f = CLEW_SCHEMA_UNKNOWN;

                if (m) {
                        m->seen = true;
                        f = check_member(&r, m);
                } else {
                        clew_json_skip(&r);
                }
                if (f != CLEW_SCHEMA_FITS && fault == CLEW_SCHEMA_FITS) {
                        fault = f;
                        *ret_member = name;
                }
        }
        if (r.status != CLEW_JSON_READING && r.status != CLEW_JSON_COMPLETE)
                return CLEW_SCHEMA_FITS; /* cut: what is missing cannot be told */
        for (uint32_t i = 0; i < s.n; i++) {
                if (s.members[i].required && !s.members[i].seen) {
                        *ret_member = s.members[i].name;
                        return CLEW_SCHEMA_MISSING;
                }
        }
        return fault;
}
