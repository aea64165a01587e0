#include "query/model/fields-int.h"

#include "proto/base/compiler.h"
#include "query/model/usage-keys-int.h"
#include "query/model/value-int.h"

#include <math.h>
#include <string.h>

/* Event name, slash, key. Longer ones are in no table. */
/* Behind the rows of every field. */
#define LATE_RANK 128u
#define QUALIFIED_MAX 96u

void clew_fields_reset(struct clew_fields *f)
{
        f->kinds = UINT32_MAX;
        f->redacted = false;
        f->unreadable = false;
        f->wanted = NULL;
        f->families = 0;
        f->scope = CLEW_DIALECT_NONE;
        f->n = 0;
        f->n_provenance = 0;
        f->late = false;
        memset(f->head, 0, sizeof(f->head));
}

static bool is_body(unsigned field)
{
        return field == CLEW_FIELD_INPUT || field == CLEW_FIELD_OUTPUT ||
               field == CLEW_FIELD_TOOL_ARGUMENTS || field == CLEW_FIELD_TOOL_RESULT ||
               field == CLEW_FIELD_SYSTEM || field == CLEW_FIELD_TOOL_DEFINITIONS;
}

/* Inserts by (rank, origin); an equal one is replaced. */
static void insert(struct clew_fields *f, const struct clew_rule_hit *row,
                   const struct clew_attribute *attribute, enum clew_origin origin)
{
        uint8_t *link = &f->head[row->field];
        uint8_t rank = (uint8_t)(row->rank + (f->late ? LATE_RANK : 0));
        struct clew_field_hit *hit;

        while (*link) {
                hit = &f->hits[*link - 1];
                if (hit->rank > rank || (hit->rank == rank && hit->origin > origin))
                        break;
                if (hit->rank == rank && hit->origin == (uint8_t)origin) {
                        hit->value = attribute->value;
                        hit->key = attribute->key;
                        return;
                }
                link = &hit->next;
        }
        if (f->n == CLEW_FIELD_HITS_MAX)
                return;
        hit = &f->hits[f->n++];
        *hit = (struct clew_field_hit){
                .rule = row->rule,
                .key = attribute->key,
                .value = attribute->value,
                .field = row->field,
                .rank = rank,
                .origin = (uint8_t)origin,
                .key_dialect = row->key_dialect,
                .next = *link,
        };
        *link = f->n;
}

static bool is_wanted(const struct clew_fields *f, const struct clew_rule_hit *rows, unsigned n)
{
        for (unsigned i = 0; f->wanted && i < n; i++) {
                if (f->wanted[rows[i].field])
                        return true;
        }
        return !f->wanted;
}

static void insert_wanted(struct clew_fields *f, const struct clew_rule_hit *rows, unsigned n,
                          const struct clew_attribute *attribute, enum clew_origin origin)
{
        for (unsigned i = 0; i < n; i++) {
                if (!f->wanted || f->wanted[rows[i].field])
                        insert(f, &rows[i], attribute, origin);
        }
}

/* A count of tokens under a name that no table has, or an object of counts. */
static void add_usage(struct clew_fields *f, struct clew_slice name, struct clew_slice key,
                      struct clew_slice value, enum clew_origin origin)
{
        struct clew_attribute attr = {.key = key};
        const struct clew_rule_hit *row;
        struct clew_usage_walk walk;
        struct clew_slice number;
        double v;

        if (!clew_value_parse(value, &attr.value))
                return;
        clew_value_decode_bytes(&attr.value);
        if (clew_value_number(&attr.value, &v)) {
                row = clew_usage_key_find(name);
                if (row)
                        insert_wanted(f, row, 1, &attr, origin);
                return;
        }
        if (!clew_usage_walk_begin(&walk, name, &attr.value, f->arena))
                return;
        while (clew_usage_walk_next(&walk, &name, &number)) {
                unsigned n;
                const struct clew_rule_hit *rows = clew_rules_find(name, &n);

                attr.value = (struct clew_value){.type = CLEW_VALUE_STRING, .bytes = number};
                if (n > 0) {
                        insert_wanted(f, rows, n, &attr, origin);
                } else if (clew_text_number(number, &v)) {
                        row = clew_usage_key_find(name);
                        if (row)
                                insert_wanted(f, row, 1, &attr, origin);
                }
        }
}

/* Objects of which a table knows some members alone. */
static bool ends_with_details(struct clew_slice name)
{
        return name.len > 8 && memcmp(name.data + name.len - 8, "_details", 8) == 0;
}

/* Most keys of most spans are in no table: their values are not even parsed. */
static void add(struct clew_fields *f, struct clew_slice name, struct clew_slice key,
                struct clew_slice value, enum clew_origin origin)
{
        struct clew_attribute attr = {.key = key};
        unsigned n;
        const struct clew_rule_hit *rows = clew_rules_find(name, &n);

        if (n == 0 && f->wanted)
                return;
        if (n == 0 && origin == CLEW_ORIGIN_SPAN)
                f->families |= clew_rules_family(name);
        if ((n == 0 || ends_with_details(name)) && clew_usage_key_is(name))
                add_usage(f, name, key, value, origin);
        if (n == 0 || !is_wanted(f, rows, n) || !clew_value_parse(value, &attr.value) ||
            attr.value.type == CLEW_VALUE_EMPTY)
                return;
        clew_value_decode_bytes(&attr.value);
        insert_wanted(f, rows, n, &attr, origin);
}

void clew_fields_add(struct clew_fields *f, struct clew_message_iter it, enum clew_origin origin)
{
        struct clew_slice key;
        struct clew_slice value;

        while (clew_attribute_next_raw(&it, &key, &value))
                add(f, key, key, value, origin);
}

/* An element of a flattened history: "llm.input_messages.3. ...", "gen_ai.prompt.3. ...". No table
 * has such keys, and a span may have hundreds. */
static bool is_of_history(struct clew_slice key)
{
        static const char openinference[] = "llm.input_messages.";
        static const char openllmetry[] = "gen_ai.prompt.";

        if (key.len < sizeof(openinference))
                return false;
        if (key.data[0] == 'l')
                return memcmp(key.data, openinference, sizeof(openinference) - 1) == 0;
        return key.data[0] == 'g' && memcmp(key.data, openllmetry, sizeof(openllmetry) - 1) == 0 &&
               key.data[sizeof(openllmetry) - 1] >= '0' && key.data[sizeof(openllmetry) - 1] <= '9';
}

void clew_fields_add_span(struct clew_fields *f, struct clew_span *span)
{
        struct clew_message_iter it = clew_span_attributes_brief(span);
        const uint8_t *from = NULL; /* of the elements in a row */
        const uint8_t *at = it.left.data;
        struct clew_slice key;
        struct clew_slice value;

        for (; clew_attribute_next_raw(&it, &key, &value); at = it.left.data) {
                if (!is_of_history(key)) {
                        from = NULL;
                        add(f, key, key, value, CLEW_ORIGIN_SPAN);
                        continue;
                }
                from = from ? from : at;
                if ((size_t)(it.left.data - from) > span->apart.len)
                        span->apart = clew_slice_make(from, (size_t)(it.left.data - from));
        }
}

void clew_fields_add_told(struct clew_fields *f, struct clew_slice told)
{
        f->late = true;
        clew_fields_add(f, clew_messages_of(told, CLEW_TOLD_FIELD), CLEW_ORIGIN_LOG);
        f->late = false;
}

/* Events whose attributes are fields of the span that they belong to. */
static bool carries_fields(struct clew_slice name)
{
        return clew_slice_eq_cstr(name, "gen_ai.client.inference.operation.details");
}

static void add_qualified(struct clew_fields *f, struct clew_slice event,
                          struct clew_message_iter it, enum clew_origin origin)
{
        uint8_t name[QUALIFIED_MAX];
        struct clew_slice key;
        struct clew_slice value;

        if (event.len >= QUALIFIED_MAX || !clew_rules_has_event(event))
                return;
        memcpy(name, event.data, event.len);
        name[event.len] = '/';
        while (clew_attribute_next_raw(&it, &key, &value)) {
                size_t at = event.len + 1;

                if (key.len == 0 || key.len > QUALIFIED_MAX - at)
                        continue;
                memcpy(name + at, key.data, key.len);
                add(f, clew_slice_make(name, at + key.len), key, value, origin);
        }
}

void clew_fields_add_event(struct clew_fields *f, const struct clew_span_event *event)
{
        if (carries_fields(event->name))
                clew_fields_add(f, clew_event_attributes(event), CLEW_ORIGIN_EVENT);
        else
                add_qualified(f, event->name, clew_event_attributes(event), CLEW_ORIGIN_EVENT);
}

struct clew_slice clew_log_name(const struct clew_log_record *record)
{
        struct clew_value value;

        if (record->event_name.len > 0)
                return record->event_name;
        if (clew_attribute_find(clew_log_attributes(record), CLEW_SLICE_LITERAL("event.name"),
                                &value) &&
            value.type == CLEW_VALUE_STRING)
                return value.bytes;
        return CLEW_SLICE_NULL;
}

/* Log bodies that are known by their first words alone. */
static void add_body(struct clew_fields *f, const struct clew_value *body)
{
        static const struct {
                const char *head;
                const char *key;
        } heads[] = {
                {"Chat Model Prompt Content:", "spring-ai/prompt"},
                {"Chat Model Completion:", "spring-ai/completion"},
        };

        if (body->type != CLEW_VALUE_STRING)
                return;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(heads); i++) {
                struct clew_slice head = clew_slice_of_cstr(heads[i].head);
                struct clew_attribute attr = {.key = head, .value = *body};
                const struct clew_rule_hit *rows;
                unsigned n;

                if (!clew_slice_starts_with(body->bytes, head))
                        continue;
                attr.value.bytes = clew_slice_from(body->bytes, head.len);
                while (attr.value.bytes.len > 0 && attr.value.bytes.data[0] <= ' ')
                        attr.value.bytes = clew_slice_from(attr.value.bytes, 1);
                rows = clew_rules_find(clew_slice_of_cstr(heads[i].key), &n);
                for (unsigned k = 0; k < n; k++)
                        insert(f, &rows[k], &attr, CLEW_ORIGIN_LOG);
        }
}

/* {"input":{"messages":...},"output":{"messages":...}}, whatever the record's name (AgentCore). */
static void add_exchange(struct clew_fields *f, const struct clew_value *body)
{
        struct clew_message_iter it = clew_value_elements(body);
        struct clew_attribute attr;

        while (clew_attribute_next(&it, &attr)) {
                bool in = clew_slice_eq_cstr(attr.key, "input");
                const struct clew_rule_hit *rows;
                unsigned n;

                if ((!in && !clew_slice_eq_cstr(attr.key, "output")) ||
                    attr.value.type != CLEW_VALUE_KVLIST)
                        continue;
                rows = clew_rules_find(
                        clew_slice_of_cstr(in ? "log-body/input" : "log-body/output"), &n);
                for (unsigned k = 0; k < n; k++)
                        insert(f, &rows[k], &attr, CLEW_ORIGIN_LOG);
        }
}

void clew_fields_add_log(struct clew_fields *f, const struct clew_log_record *record)
{
        const struct clew_slice claude = CLEW_SLICE_LITERAL("claude_code.");
        struct clew_slice name = clew_log_name(record);

        if (clew_slice_starts_with(name, claude))
                name = clew_slice_from(name, claude.len);
        if (carries_fields(name))
                clew_fields_add(f, clew_log_attributes(record), CLEW_ORIGIN_LOG);
        else
                add_qualified(f, name, clew_log_attributes(record), CLEW_ORIGIN_LOG);
        if (record->body.type == CLEW_VALUE_KVLIST) {
                add_qualified(f, name, clew_value_elements(&record->body), CLEW_ORIGIN_LOG);
                add_exchange(f, &record->body);
        }
        add_body(f, &record->body);
}

void clew_fields_collect_some(struct clew_fields *f, const struct clew_trace *trace,
                              const struct clew_step *step, const bool *wanted,
                              struct clew_arena *arena)
{
        struct clew_message_iter it = clew_span_events(&step->span);
        struct clew_span_event event;

        clew_fields_reset(f);
        f->arena = arena;
        f->wanted = wanted;
        f->keep_provenance = true;
        f->kinds = CLEW_KINDS(step->kind);
        f->scope = clew_dialect_of_scope(clew_scope_name(step->scope));
        clew_fields_add(f, clew_span_attributes_brief(&step->span), CLEW_ORIGIN_SPAN);
        while (clew_span_event_next(&it, &event))
                clew_fields_add_event(f, &event);
        for (uint32_t i = 0; i < step->n_logs; i++) {
                const struct clew_step_log *log = &trace->logs[step->logs + i];

                if (log->told.len > 0)
                        clew_fields_add_told(f, log->told);
                clew_fields_add_log(f, &log->record);
        }
}

void clew_fields_collect(struct clew_fields *f, const struct clew_trace *trace,
                         const struct clew_step *step, struct clew_arena *arena)
{
        clew_fields_collect_some(f, trace, step, NULL, arena);
}

bool clew_step_field(const struct clew_trace *trace, const struct clew_step *step,
                     enum clew_field field, struct clew_arena *arena, struct clew_slice *ret)
{
        struct clew_fields fields;

        if (clew_step_is(step, CLEW_STEP_STANDIN))
                return false;
        clew_fields_collect(&fields, trace, step, arena);
        return clew_fields_text(&fields, field, ret);
}

bool clew_step_field_origin(const struct clew_trace *trace, const struct clew_step *step,
                            enum clew_field field, struct clew_arena *arena,
                            struct clew_provenance *ret)
{
        struct clew_fields fields;
        struct clew_slice text;

        if (clew_step_is(step, CLEW_STEP_STANDIN))
                return false;
        clew_fields_collect(&fields, trace, step, arena);
        if (!clew_fields_text(&fields, field, &text) || fields.n_provenance == 0)
                return false;
        *ret = fields.provenance[0];
        return true;
}

const struct clew_field_hit *clew_fields_first(const struct clew_fields *f, enum clew_field field)
{
        return f->head[field] ? &f->hits[f->head[field] - 1] : NULL;
}

const struct clew_field_hit *clew_fields_next(const struct clew_fields *f,
                                              const struct clew_field_hit *hit)
{
        return hit->next ? &f->hits[hit->next - 1] : NULL;
}

void clew_fields_note(struct clew_fields *f, enum clew_field field, enum clew_origin origin,
                      enum clew_dialect dialect, struct clew_slice key)
{
        if (!f->keep_provenance)
                return;
        for (unsigned i = 0; i < f->n_provenance; i++) {
                if (f->provenance[i].field == field)
                        return;
        }
        if (f->n_provenance < CLEW_FIELD_COUNT)
                f->provenance[f->n_provenance++] =
                        (struct clew_provenance){field, origin, dialect, key};
}

static void note_hit(struct clew_fields *f, const struct clew_field_hit *hit)
{
        clew_fields_note(f, (enum clew_field)hit->field, (enum clew_origin)hit->origin,
                         (enum clew_dialect)hit->rule->dialect, hit->key);
}

static bool is_blank(struct clew_slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                if (text.data[i] > ' ')
                        return false;
        }
        return true;
}

/* Words that stand for "nothing here". */
static bool is_placeholder(struct clew_fields *f, const struct clew_field_hit *hit,
                           struct clew_slice text)
{
        static const char *const nothings[] = {"<not serializable>", "<not specified>"};
        static const char *const no_names[] = {"N/A", "_OTHER", "null", "None"};

        if (hit->field == CLEW_FIELD_PROVIDER && clew_provider_canonical(text).len == 0)
                return true; /* a framework */
        if (hit->rule->flags & CLEW_RULE_NOT_SCHEMA &&
            clew_text_member(text, "properties", f->arena).len > 0)
                return true;
        if (hit->field == CLEW_FIELD_ERROR_MESSAGE &&
            (clew_slice_eq_cstr(text, "true") || clew_slice_eq_cstr(text, "false")))
                return true; /* a flag, not a message */
        if (text.len > 20)
                return false;
        if (!is_body(hit->field) && is_blank(text))
                return true;
        if (clew_text_is_redaction(text)) {
                f->redacted = true;
                return true;
        }
        if (hit->rule->flags & CLEW_RULE_NOT_BRACES && clew_slice_eq_cstr(text, "{}"))
                return true;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(nothings); i++) {
                if (clew_slice_eq_cstr(text, nothings[i]))
                        return true;
        }
        if (is_body(hit->field)) /* a tool may well answer "None" */
                return hit->rule->dialect == CLEW_DIALECT_ADK && clew_slice_eq_cstr(text, "N/A");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(no_names); i++) {
                if (clew_slice_eq_cstr(text, no_names[i]))
                        return true;
        }
        return hit->field == CLEW_FIELD_TOOL_CALL_ID && clew_slice_eq_cstr(text, "unknown");
}

bool clew_fields_applies(const struct clew_fields *f, const struct clew_field_hit *hit)
{
        const struct clew_rule *rule = hit->rule;

        if (rule->kinds != 0 && (rule->kinds & f->kinds) == 0)
                return false;
        if (rule->flags & CLEW_RULE_OWN && f->scope != (enum clew_dialect)rule->dialect)
                return false;
        return !(rule->flags & CLEW_RULE_STRING) || hit->value.type == CLEW_VALUE_STRING;
}

static struct clew_slice decode_text(struct clew_fields *f, const struct clew_field_hit *hit)
{
        switch ((enum clew_encoding)hit->rule->encoding) {
        case CLEW_ENC_QUOTED:
                return clew_text_unquote(clew_value_text(&hit->value, f->arena), f->arena);
        case CLEW_ENC_MEMBER:
        case CLEW_ENC_MEMBER_NUMBER:
                return clew_value_member(&hit->value, hit->rule->member, f->arena);
        case CLEW_ENC_FIRST:
                return clew_value_first(&hit->value, f->arena);
        case CLEW_ENC_TEXT:
        case CLEW_ENC_NUMBER:
        case CLEW_ENC_FLAG:
        case CLEW_ENC_NOT:
        case CLEW_ENC_EQUALS:
        case CLEW_ENC_AT_LEAST:
        case CLEW_ENC_KIND:
        case CLEW_ENC_KIND_WORD:
        case CLEW_ENC_KIND_TYPE:
        case CLEW_ENC_PREFIX:
                break;
        }
        return clew_value_text(&hit->value, f->arena);
}

bool clew_fields_text(struct clew_fields *f, enum clew_field field, struct clew_slice *ret)
{
        const struct clew_field_hit *empty = NULL;

        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                struct clew_slice text;

                if (!clew_fields_applies(f, hit))
                        continue;
                text = decode_text(f, hit);
                if (text.len == 0) {
                        if (!empty && is_body(field) && hit->value.type == CLEW_VALUE_STRING &&
                            hit->rule->encoding != CLEW_ENC_MEMBER)
                                empty = hit;
                        continue;
                }
                if (is_placeholder(f, hit, text))
                        continue;
                note_hit(f, hit);
                *ret = text;
                return true;
        }
        if (!empty)
                return false;
        note_hit(f, empty);
        *ret = CLEW_SLICE_LITERAL("");
        return true;
}

bool clew_fields_other_text(struct clew_fields *f, enum clew_field field, struct clew_slice first,
                            struct clew_slice *ret)
{
        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                struct clew_slice text;

                if (!(hit->rule->flags & CLEW_RULE_BOTH) || !clew_fields_applies(f, hit))
                        continue;
                text = decode_text(f, hit);
                if (text.len == 0 || clew_slice_eq(text, first) || is_placeholder(f, hit, text))
                        continue;
                *ret = text;
                return true;
        }
        return false;
}

/* A count above this is an error of the sender; sums over a trace stay below 2^63. */
#define COUNT_MAX 1e15

/* Counts and costs have a range; what is outside is no value, and the next row speaks. */
static bool in_range(unsigned field, double v)
{
        switch (field) {
        case CLEW_FIELD_TOKENS_IN:
        case CLEW_FIELD_TOKENS_OUT:
        case CLEW_FIELD_TOKENS_TOTAL:
        case CLEW_FIELD_TOKENS_CACHE_READ:
        case CLEW_FIELD_TOKENS_CACHE_WRITE:
        case CLEW_FIELD_TOKENS_REASONING:
        case CLEW_FIELD_TOKENS_IN_AUDIO:
        case CLEW_FIELD_TOKENS_IN_IMAGE:
        case CLEW_FIELD_TOKENS_OUT_AUDIO:
        case CLEW_FIELD_TOKENS_OUT_IMAGE:
        case CLEW_FIELD_COST:
        case CLEW_FIELD_COST_IN:
        case CLEW_FIELD_COST_OUT:
        case CLEW_FIELD_COST_OTHER:
        case CLEW_FIELD_COST_IN_PART:
        case CLEW_FIELD_COST_OUT_PART:
        case CLEW_FIELD_TOKENS_BARE_IN:
        case CLEW_FIELD_TOKENS_BARE_OUT:
                return v >= 0 && v <= COUNT_MAX;
        default:
                return true;
        }
}

/* NaN stands for "nothing"; everything else that is no number is worth a mark. */
static bool is_missing(const struct clew_value *value)
{
        return value->type == CLEW_VALUE_DOUBLE && !isfinite(value->number);
}

/* Counts or costs by name, for which another row of the key speaks. */
static bool is_object(const struct clew_value *value)
{
        return value->type == CLEW_VALUE_KVLIST ||
               (value->type == CLEW_VALUE_STRING && clew_text_is_json(value->bytes));
}

static bool decode_number(struct clew_fields *f, const struct clew_field_hit *hit, double *ret)
{
        uint64_t ns;

        if (hit->rule->flags & CLEW_RULE_TIME) {
                if (!clew_text_time(
                            clew_text_unquote(clew_value_text(&hit->value, f->arena), f->arena),
                            &ns))
                        return false;
                *ret = (double)ns;
                return true;
        }
        if (hit->rule->encoding == CLEW_ENC_MEMBER_NUMBER)
                return clew_text_number(clew_value_member(&hit->value, hit->rule->member, f->arena),
                                        ret) ||
                       (hit->value.type == CLEW_VALUE_STRING &&
                        clew_text_number(clew_text_pair(hit->value.bytes, hit->rule->member), ret));
        return clew_value_number(&hit->value, ret);
}

bool clew_fields_number(struct clew_fields *f, enum clew_field field, double *ret,
                        const struct clew_rule **ret_rule)
{
        double v;

        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                if (!clew_fields_applies(f, hit))
                        continue;
                if (!decode_number(f, hit, &v) || !in_range(field, v)) {
                        if (hit->rule->encoding == CLEW_ENC_NUMBER && !is_missing(&hit->value) &&
                            !is_object(&hit->value))
                                f->unreadable = true;
                        continue;
                }
                *ret = v;
                note_hit(f, hit);
                if (ret_rule)
                        *ret_rule = hit->rule;
                return true;
        }
        return false;
}

bool clew_fields_sum(struct clew_fields *f, enum clew_field field, double *ret)
{
        bool any = false;
        double v;

        *ret = 0;
        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                if (!clew_fields_applies(f, hit) || !decode_number(f, hit, &v) ||
                    !in_range(field, v))
                        continue;
                *ret += v;
                any = true;
                note_hit(f, hit);
        }
        return any;
}

static bool is_set(struct clew_fields *f, const struct clew_field_hit *hit)
{
        double number;
        double bound;
        bool flag;

        switch ((enum clew_encoding)hit->rule->encoding) {
        case CLEW_ENC_FLAG:
                return clew_value_flag(&hit->value, &flag) && flag;
        case CLEW_ENC_NOT:
                return clew_value_flag(&hit->value, &flag) && !flag;
        case CLEW_ENC_EQUALS:
                return clew_slice_eq_cstr(clew_value_text(&hit->value, f->arena),
                                          hit->rule->member);
        case CLEW_ENC_AT_LEAST:
                return clew_value_number(&hit->value, &number) &&
                       clew_text_number(clew_slice_of_cstr(hit->rule->member), &bound) &&
                       number >= bound;
        case CLEW_ENC_PREFIX: /* what it says is the sign, whatever it is */
                return clew_value_text(&hit->value, f->arena).len > 0;
        case CLEW_ENC_TEXT:
        case CLEW_ENC_QUOTED:
        case CLEW_ENC_NUMBER:
        case CLEW_ENC_FIRST:
        case CLEW_ENC_MEMBER:
        case CLEW_ENC_MEMBER_NUMBER:
        case CLEW_ENC_KIND:
        case CLEW_ENC_KIND_WORD:
        case CLEW_ENC_KIND_TYPE:
                break;
        }
        return false;
}

bool clew_fields_flag(struct clew_fields *f, enum clew_field field)
{
        for (const struct clew_field_hit *hit = clew_fields_first(f, field); hit;
             hit = clew_fields_next(f, hit)) {
                if (clew_fields_applies(f, hit) && is_set(f, hit)) {
                        note_hit(f, hit);
                        return true;
                }
        }
        return false;
}
