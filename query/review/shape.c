/*
 * See shape.h.
 *
 * A check is a stack of frames: a schema and a value it is applied to, with the keyword that is
 * looked at and how far it has come. A keyword that applies other schemas (properties, items,
 * anyOf ...) puts a frame on top for each and hears its answer. The path of a mistake is what the
 * frames say, from the bottom up. Below anyOf, oneOf and not a mistake is no mistake yet, so it is
 * not told.
 */
#include "query/review/shape-int.h"

#include "proto/base/number.h"
#include "proto/base/utf8.h"
#include "query/find/language/regex-int.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Schemas inside of schemas inside of values. */
#define FRAMES_MAX 256u
/* Keywords times values: an item of 100 MB has a few million. */
#define STEPS_MAX 50000000u
/* Steps of a pattern: one is done in the time of about so many keywords. */
#define PATTERN_STEPS 100u
/* Values compared with each other by uniqueItems. */
#define UNIQUE_MAX 1000u
#define PATH_MAX_BYTES 160u

typedef const struct clew_json_node node;

struct clew_shape {
        node *root;
};

/* ---- keywords ------------------------------------------------------------------------------- */

enum keyword {
        K_TYPE,
        K_ENUM,
        K_CONST,
        K_PROPERTIES,
        K_PATTERN_PROPERTIES,
        K_ADDITIONAL,
        K_REQUIRED,
        K_PROPERTY_NAMES,
        K_MIN_PROPERTIES,
        K_MAX_PROPERTIES,
        K_ITEMS,
        K_PREFIX_ITEMS,
        K_MIN_ITEMS,
        K_MAX_ITEMS,
        K_UNIQUE,
        K_MIN_LENGTH,
        K_MAX_LENGTH,
        K_PATTERN,
        K_MINIMUM,
        K_MAXIMUM,
        K_ABOVE,
        K_BELOW,
        K_MULTIPLE,
        K_ALL_OF,
        K_ANY_OF,
        K_ONE_OF,
        K_NOT,
        K_REF,
        K_DEFS,
        K_NOTE,
        K_UNKNOWN,
};

/* What a keyword's own value has to be. */
enum takes {
        A_SCHEMA,
        SCHEMAS,
        SCHEMA_LIST,
        A_NUMBER,
        A_COUNT,
        A_TYPE,
        A_LIST,
        NAMES,
        A_TEXT,
        A_TRUTH,
        ANYTHING
};

static const struct {
        const char *name;
        uint8_t takes;
} keywords[K_UNKNOWN] = {
        [K_TYPE] = {"type", A_TYPE},
        [K_ENUM] = {"enum", A_LIST},
        [K_CONST] = {"const", ANYTHING},
        [K_PROPERTIES] = {"properties", SCHEMAS},
        [K_PATTERN_PROPERTIES] = {"patternProperties", SCHEMAS},
        [K_ADDITIONAL] = {"additionalProperties", A_SCHEMA},
        [K_REQUIRED] = {"required", NAMES},
        [K_PROPERTY_NAMES] = {"propertyNames", A_SCHEMA},
        [K_MIN_PROPERTIES] = {"minProperties", A_COUNT},
        [K_MAX_PROPERTIES] = {"maxProperties", A_COUNT},
        [K_ITEMS] = {"items", A_SCHEMA},
        [K_PREFIX_ITEMS] = {"prefixItems", SCHEMA_LIST},
        [K_MIN_ITEMS] = {"minItems", A_COUNT},
        [K_MAX_ITEMS] = {"maxItems", A_COUNT},
        [K_UNIQUE] = {"uniqueItems", A_TRUTH},
        [K_MIN_LENGTH] = {"minLength", A_COUNT},
        [K_MAX_LENGTH] = {"maxLength", A_COUNT},
        [K_PATTERN] = {"pattern", A_TEXT},
        [K_MINIMUM] = {"minimum", A_NUMBER},
        [K_MAXIMUM] = {"maximum", A_NUMBER},
        [K_ABOVE] = {"exclusiveMinimum", A_NUMBER},
        [K_BELOW] = {"exclusiveMaximum", A_NUMBER},
        [K_MULTIPLE] = {"multipleOf", A_NUMBER},
        [K_ALL_OF] = {"allOf", SCHEMA_LIST},
        [K_ANY_OF] = {"anyOf", SCHEMA_LIST},
        [K_ONE_OF] = {"oneOf", SCHEMA_LIST},
        [K_NOT] = {"not", A_SCHEMA},
        [K_REF] = {"$ref", A_TEXT},
        [K_DEFS] = {"$defs", SCHEMAS},
        [K_NOTE] = {"title", ANYTHING},
};

static const char *const notes[] = {"description", "default",  "examples", "format",
                                    "$schema",     "$id",      "$comment", "deprecated",
                                    "readOnly",    "writeOnly"};

static enum keyword keyword_of(struct clew_slice key)
{
        for (int k = 0; k < K_UNKNOWN; k++) {
                if (clew_slice_eq_cstr(key, keywords[k].name))
                        return (enum keyword)k;
        }
        if (clew_slice_eq_cstr(key, "definitions")) /* what $defs was called before */
                return K_DEFS;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(notes); i++) {
                if (clew_slice_eq_cstr(key, notes[i]))
                        return K_NOTE;
        }
        return K_UNKNOWN;
}

static bool is_object(node *n)
{
        return n->kind == CLEW_JSON_OBJECT_BEGIN;
}

static bool is_list(node *n)
{
        return n->kind == CLEW_JSON_ARRAY_BEGIN;
}

static bool number_of(node *n, double *ret)
{
        struct clew_json_reader r = clew_json_reader_make(n->text, 1);

        return n->kind == CLEW_JSON_NUMBER && clew_json_next(&r) == CLEW_JSON_NUMBER &&
               clew_json_double(&r, ret) && isfinite(*ret);
}

static const char *const types[] = {"string", "number", "integer", "boolean",
                                    "object", "array",  "null"};

static bool is_type_name(node *n)
{
        for (size_t i = 0; n->kind == CLEW_JSON_STRING && i < CLEW_ARRAY_LEN(types); i++) {
                if (clew_slice_eq_cstr(n->text, types[i]))
                        return true;
        }
        return false;
}

static bool all_are(node *list, bool (*is)(node *))
{
        for (node *m = list->first; m; m = m->next) {
                if (!is(m))
                        return false;
        }
        return true;
}

static bool is_schema(node *n)
{
        return is_object(n) || n->kind == CLEW_JSON_TRUE || n->kind == CLEW_JSON_FALSE;
}

static bool is_text(node *n)
{
        return n->kind == CLEW_JSON_STRING;
}

/* Whether @value is what the keyword takes; what it takes, for a sentence, in *ret. */
static bool takes(enum takes what, node *value, const char **ret)
{
        double v;

        switch (what) {
        case A_SCHEMA:
                *ret = "a schema (an object, true or false)";
                return is_schema(value);
        case SCHEMAS:
                *ret = "an object of schemas";
                return is_object(value) && all_are(value, is_schema);
        case SCHEMA_LIST:
                *ret = "a list of schemas, at least one";
                return is_list(value) && value->n > 0 && all_are(value, is_schema);
        case A_NUMBER:
                *ret = "a number";
                return number_of(value, &v);
        case A_COUNT:
                *ret = "a whole number from 0 on";
                return number_of(value, &v) && v >= 0 && v <= 9e15 && !(v > floor(v));
        case A_TYPE:
                *ret = "string, number, integer, boolean, object, array, null, or a list of them";
                return is_type_name(value) ||
                       (is_list(value) && value->n > 0 && all_are(value, is_type_name));
        case A_LIST:
                *ret = "a list";
                return is_list(value) && value->n > 0;
        case NAMES:
                *ret = "a list of names";
                return is_list(value) && all_are(value, is_text);
        case A_TEXT:
                *ret = "a text";
                return is_text(value);
        case A_TRUTH:
                *ret = "true or false";
                return value->kind == CLEW_JSON_TRUE || value->kind == CLEW_JSON_FALSE;
        case ANYTHING:
                break;
        }
        return true;
}

/* "#", or "#/a/b" with ~0 and ~1; NULL when nothing is there. */
static node *resolve(node *root, struct clew_slice ref)
{
        node *at = root;
        size_t i = 1;

        if (ref.len == 0 || ref.data[0] != '#' || (ref.len > 1 && ref.data[1] != '/'))
                return NULL;
        while (at && i < ref.len) {
                uint8_t name[256];
                size_t n = 0;
                uint64_t index;

                for (i++; i < ref.len && ref.data[i] != '/'; i++) {
                        if (n == sizeof(name))
                                return NULL;
                        if (ref.data[i] == '~' && i + 1 < ref.len)
                                name[n++] = ref.data[++i] == '1' ? '/' : '~';
                        else
                                name[n++] = ref.data[i];
                }
                if (is_list(at)) {
                        if (!clew_parse_uint64(clew_slice_make(name, n), &index))
                                return NULL;
                        for (at = at->first; at && index > 0; index--)
                                at = at->next;
                } else {
                        at = clew_json_tree_member(at, clew_slice_make(name, n));
                }
        }
        return at && is_schema(at) ? at : NULL;
}

/* ---- reading a schema ----------------------------------------------------------------------- */

/* What may be shown of a stranger's name. */
static void put_name(char *out, size_t size, size_t *n, struct clew_slice name)
{
        while (name.len > 0 && *n + 5 < size) {
                uint8_t bytes[CLEW_UTF8_BYTES_MAX];
                uint32_t c = clew_utf8_next(&name, NULL);
                size_t k;

                k = clew_utf8_encode(clew_utf8_is_hidden(c) ? '?' : c, bytes);
                memcpy(out + *n, bytes, k);
                *n += k;
        }
        out[*n] = '\0';
}

static int refuse_keyword(node *k, const char *what, struct clew_error *err)
{
        char name[80];
        size_t n = 0;

        put_name(name, sizeof(name), &n, k->key);
        return clew_error_set(err, -EINVAL, 0, "the schema's \"%s\" %s", name, what);
}

static int check_keyword(node *root, node *k, struct clew_error *err)
{
        enum keyword w = keyword_of(k->key);
        const char *wanted = "";
        char text[120];

        if (w == K_UNKNOWN)
                return refuse_keyword(
                        k, "is no keyword that is checked; clew help formats lists them", err);
        if (!takes((enum takes)keywords[w].takes, k, &wanted)) {
                snprintf(text, sizeof(text), "takes %s", wanted);
                return refuse_keyword(k, text, err);
        }
        if (w == K_REF && !resolve(root, k->text))
                return refuse_keyword(k, "names no place in it; it takes \"#/$defs/NAME\"", err);
        if (w == K_PATTERN && clew_regex_search(k->text, CLEW_SLICE_NULL) == -EINVAL)
                return refuse_keyword(k, "is no regular expression that is taken", err);
        for (node *m = k->first; w == K_PATTERN_PROPERTIES && m; m = m->next) {
                if (clew_regex_search(m->key, CLEW_SLICE_NULL) == -EINVAL)
                        return refuse_keyword(k, "has a name that is no regular expression", err);
        }
        return 0;
}

/* Keywords below which schemas stand. */
static bool holds_schemas(enum keyword w)
{
        uint8_t what = w < K_UNKNOWN ? keywords[w].takes : ANYTHING;

        return what == A_SCHEMA || what == SCHEMAS || what == SCHEMA_LIST;
}

/* Each schema in it once, in the order of the text. */
static int check_all(node *root, struct clew_error *err)
{
        node *stack[FRAMES_MAX] = {root};
        unsigned n = 1;

        while (n > 0) {
                node *schema = stack[--n];

                for (node *k = is_object(schema) ? schema->first : NULL; k; k = k->next) {
                        enum keyword w = keyword_of(k->key);
                        int r = check_keyword(root, k, err);

                        if (r < 0)
                                return r;
                        if (holds_schemas(w) &&
                            n + 1 + (keywords[w].takes == A_SCHEMA ? 1 : k->n) > FRAMES_MAX)
                                return refuse_keyword(k, "is larger than what is checked", err);
                        if (holds_schemas(w) && keywords[w].takes == A_SCHEMA)
                                stack[n++] = k;
                        for (node *m = holds_schemas(w) && keywords[w].takes != A_SCHEMA ? k->first
                                                                                         : NULL;
                             m; m = m->next)
                                stack[n++] = m;
                }
        }
        return 0;
}

int clew_shape_read(struct clew_slice json, struct clew_arena *arena, const struct clew_shape **ret,
                    struct clew_error *err)
{
        struct clew_shape *s = clew_arena_calloc(arena, 1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        if (json.len > CLEW_SHAPE_BYTES_MAX)
                return clew_error_set(err, -EINVAL, 0, "the schema has more than %zu KiB",
                                      CLEW_SHAPE_BYTES_MAX >> 10);
        r = clew_json_tree(json, arena, &s->root, err);
        if (r == 0 && !is_schema(s->root))
                r = clew_error_set(err, -EINVAL, 0, "a schema is an object, true or false");
        if (r == 0)
                r = check_all(s->root, err);
        *ret = s;
        return r;
}

/* ---- one value ------------------------------------------------------------------------------ */

static bool has_type(node *value, struct clew_slice name)
{
        double v;

        switch (value->kind) {
        case CLEW_JSON_STRING:
                return clew_slice_eq_cstr(name, "string");
        case CLEW_JSON_NUMBER:
                return clew_slice_eq_cstr(name, "number") ||
                       (clew_slice_eq_cstr(name, "integer") && number_of(value, &v) &&
                        !(v > floor(v)));
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                return clew_slice_eq_cstr(name, "boolean");
        case CLEW_JSON_OBJECT_BEGIN:
                return clew_slice_eq_cstr(name, "object");
        case CLEW_JSON_ARRAY_BEGIN:
                return clew_slice_eq_cstr(name, "array");
        case CLEW_JSON_NULL:
                return clew_slice_eq_cstr(name, "null");
        case CLEW_JSON_END:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_END:
                break;
        }
        return false;
}

static const char *kind_name(node *value)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(types); i++) {
                if (has_type(value, clew_slice_of_cstr(types[i])))
                        return types[i];
        }
        return "something else";
}

static size_t characters(struct clew_slice s)
{
        size_t n = 0;

        for (; s.len > 0; n++)
                (void)clew_utf8_next(&s, NULL);
        return n;
}

static bool is_one_of(node *list, node *value)
{
        for (node *m = list->first; m; m = m->next) {
                if (clew_json_tree_equal(m, value))
                        return true;
        }
        return false;
}

static bool is_unique(node *list)
{
        if (list->n > UNIQUE_MAX)
                return false;
        for (node *a = list->first; a; a = a->next) {
                for (node *b = a->next; b; b = b->next) {
                        if (clew_json_tree_equal(a, b))
                                return false;
                }
        }
        return true;
}

/* Bounds of numbers and of sizes: true when @value is within. */
static bool is_within(enum keyword w, node *bound, node *value)
{
        double limit = 0;
        double v = 0;

        (void)!number_of(bound, &limit);
        switch ((int)w) {
        case K_MIN_PROPERTIES:
        case K_MAX_PROPERTIES:
                if (!is_object(value))
                        return true;
                v = value->n;
                return w == K_MIN_PROPERTIES ? v >= limit : v <= limit;
        case K_MIN_ITEMS:
        case K_MAX_ITEMS:
                if (!is_list(value))
                        return true;
                v = value->n;
                return w == K_MIN_ITEMS ? v >= limit : v <= limit;
        case K_MIN_LENGTH:
        case K_MAX_LENGTH:
                if (!is_text(value))
                        return true;
                v = (double)characters(value->text);
                return w == K_MIN_LENGTH ? v >= limit : v <= limit;
        default:
                break;
        }
        if (!number_of(value, &v))
                return true;
        switch ((int)w) {
        case K_MINIMUM:
                return v >= limit;
        case K_MAXIMUM:
                return v <= limit;
        case K_ABOVE:
                return v > limit;
        case K_BELOW:
                return v < limit;
        case K_MULTIPLE:
                return limit > 0 && fabs(remainder(v, limit)) <= 1e-9 * limit;
        default:
                return true;
        }
}

/* ---- the machine ---------------------------------------------------------------------------- */

struct frame {
        node *schema;
        node *value;
        struct clew_slice key; /* what led here: a member's name ... */
        uint32_t index;        /* ... or an element's place, counted from 1 */
        node *k;               /* keyword that is looked at */
        node *sub;             /* how far: a member, element, or schema of it */
        node *part;            /* of patternProperties: the member that was last looked at */
        uint32_t at;           /* of sub */
        uint32_t matched;      /* of anyOf, oneOf */
        bool begun;
        bool quiet;
};

struct machine {
        node *root;
        struct clew_arena *arena;
        struct clew_error *err;
        struct frame frames[FRAMES_MAX];
        unsigned n;
        uint64_t steps;
        int error; /* -E2BIG, -ENOMEM */
};

/* See clew_regex_search(); a pattern is compiled each time, and counted for what that costs. */
static int stands_in(struct machine *m, struct clew_slice pattern, struct clew_slice text)
{
        m->steps += PATTERN_STEPS;
        return clew_regex_search(pattern, text);
}

static void put_path(const struct machine *m, char *out, size_t size)
{
        size_t n = 0;

        out[0] = '\0';
        for (unsigned i = 0; i < m->n && n + 24 < size; i++) {
                const struct frame *f = &m->frames[i];

                if (f->index)
                        n += (size_t)snprintf(out + n, size - n, "/%u", f->index - 1);
                else if (f->key.data) {
                        out[n++] = '/';
                        put_name(out, size, &n, f->key);
                }
        }
        if (n == 0)
                snprintf(out, size, "/");
}

/* The value on top breaks @k; told unless it is no mistake yet. */
static bool fails(struct machine *m, const char *text, const char *more)
{
        char path[PATH_MAX_BYTES];

        if (m->frames[m->n - 1].quiet)
                return false;
        put_path(m, path, sizeof(path));
        clew_error_set(m->err, -EINVAL, 0, "%s: %s%s", path, text, more);
        return false;
}

static bool check_type(struct machine *m, const struct frame *f)
{
        char wanted[100] = "";
        size_t n = 0;

        if (f->k->kind == CLEW_JSON_STRING) {
                if (has_type(f->value, f->k->text))
                        return true;
                put_name(wanted, sizeof(wanted), &n, f->k->text);
        }
        for (node *t = is_list(f->k) ? f->k->first : NULL; t; t = t->next) {
                if (has_type(f->value, t->text))
                        return true;
                put_name(wanted, sizeof(wanted), &n,
                         n ? CLEW_SLICE_LITERAL(" or ") : CLEW_SLICE_NULL);
                put_name(wanted, sizeof(wanted), &n, t->text);
        }
        snprintf(wanted + n, sizeof(wanted) - n, ", it is %s", kind_name(f->value));
        return fails(m, "should be ", wanted);
}

static bool check_required(struct machine *m, const struct frame *f)
{
        for (node *name = is_object(f->value) ? f->k->first : NULL; name; name = name->next) {
                char text[80] = "\"";
                size_t n = 1;

                if (clew_json_tree_member(f->value, name->text))
                        continue;
                put_name(text, sizeof(text) - 2, &n, name->text);
                text[n++] = '"';
                text[n] = '\0';
                return fails(m, text, " is missing");
        }
        return true;
}

static bool check_pattern(struct machine *m, const struct frame *f)
{
        int r = is_text(f->value) ? stands_in(m, f->k->text, f->value->text) : 1;

        return r == 1 || fails(m, "does not match the pattern", "");
}

/* A keyword that is settled by the value alone. */
static bool check_alone(struct machine *m, enum keyword w)
{
        const struct frame *f = &m->frames[m->n - 1];

        switch ((int)w) {
        case K_TYPE:
                return check_type(m, f);
        case K_ENUM:
                return is_one_of(f->k, f->value) || fails(m, "is none of the values of enum", "");
        case K_CONST:
                return clew_json_tree_equal(f->k, f->value) || fails(m, "is not the const", "");
        case K_REQUIRED:
                return check_required(m, f);
        case K_UNIQUE:
                return f->k->kind == CLEW_JSON_FALSE || !is_list(f->value) || is_unique(f->value) ||
                       fails(m, "has elements that are equal, or more than 1,000", "");
        case K_PATTERN:
                return check_pattern(m, f);
        default:
                return is_within(w, f->k, f->value) || fails(m, "breaks ", keywords[w].name);
        }
}

static bool push(struct machine *m, node *schema, node *value, bool quiet)
{
        if (m->n == FRAMES_MAX) {
                m->error = -E2BIG;
                return false;
        }
        m->frames[m->n++] = (struct frame){
                .schema = schema, .value = value, .quiet = quiet || m->frames[m->n - 1].quiet};
        return true;
}

static bool is_named(struct machine *m, node *schema, struct clew_slice key)
{
        node *map = clew_json_tree_member(schema, CLEW_SLICE_LITERAL("properties"));

        if (map && clew_json_tree_member(map, key))
                return true;
        map = clew_json_tree_member(schema, CLEW_SLICE_LITERAL("patternProperties"));
        for (node *p = map ? map->first : NULL; p; p = p->next) {
                if (stands_in(m, p->key, key) == 1)
                        return true;
        }
        return false;
}

/* Steps f->sub to the next member or element that @w applies a schema to; NULL when there is none
 * left. The schema is *ret. */
static node *next_part(struct machine *m, struct frame *f, enum keyword w, node **ret)
{
        bool by_value =
                w == K_ADDITIONAL || w == K_ITEMS || w == K_PREFIX_ITEMS || w == K_PROPERTY_NAMES;
        node *prefix = w == K_ITEMS
                               ? clew_json_tree_member(f->schema, CLEW_SLICE_LITERAL("prefixItems"))
                               : NULL;

        if ((w == K_ITEMS || w == K_PREFIX_ITEMS) ? !is_list(f->value) : !is_object(f->value))
                return NULL;
        for (;;) {
                f->sub = f->begun ? f->sub->next : by_value ? f->value->first : f->k->first;
                f->at = f->begun ? f->at + 1 : 0;
                f->begun = true;
                if (!f->sub)
                        return NULL;
                *ret = f->k;
                if (w == K_PROPERTIES) {
                        node *value = clew_json_tree_member(f->value, f->sub->key);

                        *ret = f->sub;
                        if (value)
                                return value;
                } else if (w == K_PREFIX_ITEMS) {
                        node *schema = f->k->first;

                        for (uint32_t i = 0; schema && i < f->at; i++)
                                schema = schema->next;
                        *ret = schema;
                        return schema ? f->sub : NULL;
                } else if (w == K_ITEMS
                                   ? !prefix || f->at >= prefix->n
                                   : w != K_ADDITIONAL || !is_named(m, f->schema, f->sub->key)) {
                        return f->sub;
                }
        }
}

/* Puts a frame for the next thing that the keyword applies a schema to. 1 = it did, 0 = there is
 * nothing left, -1 = too much. */
static int apply_parts(struct machine *m, enum keyword w)
{
        struct frame *f = &m->frames[m->n - 1];
        node *schema = NULL;
        node *value = next_part(m, f, w, &schema);
        struct frame *top;

        if (!value)
                return 0;
        if (w == K_PROPERTY_NAMES) {
                struct clew_json_node *name = clew_arena_calloc(m->arena, 1, sizeof(*name));

                if (!name) {
                        m->error = -ENOMEM;
                        return -1;
                }
                *name = (struct clew_json_node){
                        .kind = CLEW_JSON_STRING, .text = value->key, .key = value->key};
                value = name;
        }
        if (!push(m, schema, value, false))
                return -1;
        top = &m->frames[m->n - 1];
        if (is_list(f->value))
                top->index = f->at + 1;
        else
                top->key = value->key;
        return 1;
}

/* The pairs of a pattern, f->sub, and a member it fits, f->part. */
static int apply_patterns(struct machine *m)
{
        struct frame *f = &m->frames[m->n - 1];

        if (!is_object(f->value))
                return 0;
        if (!f->begun)
                f->sub = f->k->first;
        f->begun = true;
        while (f->sub) {
                f->part = f->part ? f->part->next : f->value->first;
                if (!f->part) {
                        f->sub = f->sub->next;
                        continue;
                }
                if (++m->steps > STEPS_MAX) {
                        m->error = -E2BIG;
                        return -1;
                }
                if (stands_in(m, f->sub->key, f->part->key) != 1)
                        continue;
                if (!push(m, f->sub, f->part, false))
                        return -1;
                m->frames[m->n - 1].key = f->part->key;
                return 1;
        }
        return 0;
}

/* The next schema of a list, or the one that is referred to, for the same value. */
static int apply_choice(struct machine *m, enum keyword w)
{
        struct frame *f = &m->frames[m->n - 1];
        bool single = w == K_NOT || w == K_REF;
        node *schema;

        if (f->begun && single)
                return 0;
        f->sub = f->begun ? f->sub->next : single ? f->k : f->k->first;
        f->begun = true;
        if (!f->sub)
                return 0;
        schema = w == K_REF ? resolve(m->root, f->k->text) : f->sub;
        return push(m, schema, f->value, w == K_ANY_OF || w == K_ONE_OF || w == K_NOT) ? 1 : -1;
}

static bool is_choice(enum keyword w)
{
        return w == K_ALL_OF || w == K_ANY_OF || w == K_ONE_OF || w == K_NOT || w == K_REF;
}

/* After the last schema of a keyword. */
static bool settle(struct machine *m, enum keyword w)
{
        const struct frame *f = &m->frames[m->n - 1];

        if (w == K_ANY_OF && f->matched == 0)
                return fails(m, "is none of what anyOf allows", "");
        if (w == K_ONE_OF && f->matched != 1)
                return fails(m, f->matched ? "is more than one" : "is none",
                             " of what oneOf allows");
        if (w == K_NOT && f->matched)
                return fails(m, "is what \"not\" forbids", "");
        return true;
}

/* Goes on with the frame on top. 1 = another was put on top, 0 = it fails, 2 = it holds, -1. */
static int step(struct machine *m)
{
        struct frame *f = &m->frames[m->n - 1];

        if (f->schema->kind == CLEW_JSON_FALSE)
                return fails(m, "is not allowed", "");
        if (f->schema->kind == CLEW_JSON_TRUE)
                return 2;
        for (f->k = f->k ? f->k : f->schema->first; f->k; f->k = f->k->next) {
                enum keyword w = keyword_of(f->k->key);
                int r = 0;

                if (++m->steps > STEPS_MAX) {
                        m->error = -E2BIG;
                        return -1;
                }
                if (w == K_DEFS || w == K_NOTE)
                        continue;
                if (!holds_schemas(w) && w != K_REF) {
                        if (!check_alone(m, w))
                                return 0;
                        continue;
                }
                r = is_choice(w)                ? apply_choice(m, w)
                    : w == K_PATTERN_PROPERTIES ? apply_patterns(m)
                                                : apply_parts(m, w);
                if (r != 0)
                        return r;
                if (!settle(m, w))
                        return 0;
                f->begun = false;
                f->matched = 0;
        }
        return 2;
}

/* The answer of the frame that was on top, for the one below; false = that fails too. */
static bool hear(struct machine *m, bool holds)
{
        struct frame *f = &m->frames[m->n - 1];
        enum keyword w = keyword_of(f->k->key);

        if (w == K_ANY_OF || w == K_ONE_OF || w == K_NOT) {
                f->matched += holds;
                return true;
        }
        return holds;
}

int clew_shape_check(const struct clew_shape *schema, struct clew_slice value,
                     struct clew_arena *arena, struct clew_error *err)
{
        struct machine *m = clew_arena_calloc(arena, 1, sizeof(*m));
        node *tree;
        int r = clew_json_tree(value, arena, &tree, err);

        if (!m)
                return -ENOMEM;
        if (r < 0)
                return r;
        *m = (struct machine){.root = schema->root, .arena = arena, .err = err, .n = 1};
        m->frames[0] = (struct frame){.schema = schema->root, .value = tree};
        for (;;) {
                bool holds;

                r = step(m);
                if (r == 1)
                        continue;
                if (r < 0)
                        return clew_error_set(err, m->error, 0,
                                              "the schema takes more steps, or is nested deeper, "
                                              "than is allowed");
                holds = r == 2;
                m->n--;
                while (m->n > 0 && !(holds = hear(m, holds)))
                        m->n--; /* it fails too, and the one below hears of it */
                if (m->n == 0)
                        return !holds ? -EINVAL : clew_arena_failed(arena) ? -ENOMEM : 0;
        }
}
