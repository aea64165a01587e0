/*
 * Scores: gathered while the steps are derived, settled when all steps are known.
 */
#include "query/model/score.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/model/build-int.h"
#include "query/model/value-int.h"

#include <string.h>
#include <strings.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)

/* annotations.<i>, evaluations.<i>: more indices than this on one span are nonsense. */
#define INDEX_MAX 256u
/* An evaluator's output longer than this is no score. */
#define EVALUATOR_OUTPUT_MAX ((size_t)64 * 1024)

enum clew_verdict clew_verdict_of_label(struct clew_slice label)
{
        static const struct {
                const char *word;
                enum clew_verdict verdict;
        } words[] = {
                {"pass", CLEW_VERDICT_PASS},    {"passed", CLEW_VERDICT_PASS},
                {"success", CLEW_VERDICT_PASS}, {"succeeded", CLEW_VERDICT_PASS},
                {"correct", CLEW_VERDICT_PASS}, {"resolved", CLEW_VERDICT_PASS},
                {"fail", CLEW_VERDICT_FAIL},    {"failed", CLEW_VERDICT_FAIL},
                {"failure", CLEW_VERDICT_FAIL}, {"incorrect", CLEW_VERDICT_FAIL},
                {"wrong", CLEW_VERDICT_FAIL},   {"unresolved", CLEW_VERDICT_FAIL},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (label.len == strlen(words[i].word) &&
                    strncasecmp((const char *)label.data, words[i].word, label.len) == 0)
                        return words[i].verdict;
        }
        return CLEW_VERDICT_NONE;
}

static struct clew_score *new_score(struct clew_builder *b)
{
        if (b->n_scores == b->max_scores) {
                uint32_t max = b->max_scores ? b->max_scores * 2 : 8;
                struct clew_score *grown;

                if (max > CLEW_SCORES_MAX)
                        return NULL;
                grown = clew_arena_calloc(b->arena, max, sizeof(*grown));
                if (!grown)
                        return NULL;
                if (b->n_scores > 0)
                        memcpy(grown, b->scores, b->n_scores * sizeof(*grown));
                b->scores = grown;
                b->max_scores = max;
        }
        return &b->scores[b->n_scores];
}

/* Takes one attribute of a score by the last part of its name. */
static void set_member(struct clew_builder *b, struct clew_score *score, struct clew_slice member,
                       const struct clew_value *value)
{
        if (clew_slice_eq(member, KEY("name")))
                score->name = clew_value_text(value, b->arena);
        else if (clew_slice_eq(member, KEY("score")) || clew_slice_eq(member, KEY("score.value")))
                score->has_value = clew_value_number(value, &score->value);
        else if (clew_slice_eq(member, KEY("label")) || clew_slice_eq(member, KEY("score.label")))
                score->label = clew_value_text(value, b->arena);
        else if (clew_slice_eq(member, KEY("explanation")))
                score->explanation = clew_value_text(value, b->arena);
        else if (clew_slice_eq(member, KEY("annotator_kind")) ||
                 clew_slice_eq(member, KEY("evaluator.source")))
                score->source = clew_value_text(value, b->arena);
        else if (clew_slice_eq(member, KEY("identifier")) ||
                 clew_slice_eq(member, KEY("evaluator.version")))
                score->identifier = clew_value_text(value, b->arena);
}

void clew_score_from_event(struct clew_builder *b, struct clew_message_iter attributes,
                           enum clew_score_carrier carrier, uint32_t index, uint64_t time_ns)
{
        const struct clew_slice prefix = KEY("gen_ai.evaluation.");
        struct clew_score *score = new_score(b);
        struct clew_attribute attr;

        if (!score)
                return;
        *score = (struct clew_score){
                .target = CLEW_SCORE_STEP,
                .carrier = carrier,
                .step = index,
                .emitter = index,
                .time_ns = time_ns,
        };
        while (clew_attribute_next(&attributes, &attr)) {
                if (clew_slice_starts_with(attr.key, prefix))
                        set_member(b, score, clew_slice_from(attr.key, prefix.len), &attr.value);
                else if (clew_slice_eq(attr.key, KEY("error.type")))
                        score->error_type = clew_value_text(&attr.value, b->arena);
                else if (clew_slice_eq(attr.key, KEY("gen_ai.response.id")))
                        score->response_id = clew_value_text(&attr.value, b->arena);
        }
        score->verdict = clew_verdict_of_label(score->label);
        b->n_scores++;
}

/* ---- flattened annotations --------------------------------------------------------------------
 */

struct score_prefix {
        const char *text; /* up to the index */
        const char *inner;
        enum clew_score_target target;
};

static const struct score_prefix prefixes[] = {
        {"annotations.", "annotation.", CLEW_SCORE_STEP},
        {"evaluations.", "evaluation.", CLEW_SCORE_STEP},
        {"trace.annotations.", "annotation.", CLEW_SCORE_TRACE},
        {"trace.evaluations.", "evaluation.", CLEW_SCORE_TRACE},
        {"session.annotations.", "annotation.", CLEW_SCORE_SESSION},
        {"session.evaluations.", "evaluation.", CLEW_SCORE_SESSION},
};

static bool take_index(struct clew_slice *key, uint32_t *ret)
{
        uint32_t v = 0;
        size_t i = 0;

        for (; i < key->len && key->data[i] >= '0' && key->data[i] <= '9'; i++) {
                v = v * 10 + (uint32_t)(key->data[i] - '0');
                if (v >= INDEX_MAX)
                        return false;
        }
        if (i == 0 || i >= key->len || key->data[i] != '.')
                return false;
        *key = clew_slice_from(*key, i + 1);
        *ret = v;
        return true;
}

static bool match_prefix(struct clew_slice key, const struct score_prefix *p, uint32_t *ret_index,
                         struct clew_slice *ret_member)
{
        struct clew_slice text = clew_slice_of_cstr(p->text);
        struct clew_slice inner = clew_slice_of_cstr(p->inner);

        if (!clew_slice_starts_with(key, text))
                return false;
        key = clew_slice_from(key, text.len);
        if (!take_index(&key, ret_index) || !clew_slice_starts_with(key, inner))
                return false;
        *ret_member = clew_slice_from(key, inner.len);
        return true;
}

/* The score with that prefix and index among those that this span has brought, or a new one. The
 * index is kept in `time_ns` until the span is done. */
static struct clew_score *score_at(struct clew_builder *b, uint32_t first,
                                   const struct score_prefix *p, uint32_t number)
{
        struct clew_score *score;

        for (uint32_t i = first; i < b->n_scores; i++) {
                if (b->scores[i].time_ns == number && b->scores[i].target == p->target)
                        return &b->scores[i];
        }
        score = new_score(b);
        if (!score)
                return NULL;
        *score = (struct clew_score){
                .target = p->target, .carrier = CLEW_SCORE_FROM_ATTRIBUTE, .time_ns = number};
        b->n_scores++;
        return score;
}

/* One link alone names the span that a carrier span speaks about. @without: what holds without such
 * a link. */
static void aim(struct clew_builder *b, uint32_t index, uint32_t without, struct clew_score *score)
{
        struct clew_message_iter links = clew_span_links(&b->trace->steps[index].span);
        struct clew_span_link link;
        struct clew_span_link second;
        uint32_t target = without;

        if (clew_span_link_next(&links, &link) && !clew_span_link_next(&links, &second)) {
                target = CLEW_STEP_NONE;
                if (clew_trace_id_eq(&link.trace_id, &b->trace->id)) {
                        target = clew_trace_find(b->trace, &link.span_id);
                } else if (score->target != CLEW_SCORE_SESSION) {
                        score->place = CLEW_SCORE_AIMED;
                        score->other_trace = link.trace_id;
                        score->target_span = link.span_id;
                }
        }
        score->step = score->target == CLEW_SCORE_STEP ? target : CLEW_STEP_NONE;
}

static void read_annotations(struct clew_builder *b, uint32_t index)
{
        const struct clew_step *step = &b->trace->steps[index];
        struct clew_message_iter it = clew_span_attributes(&step->span);
        struct clew_attribute attr;
        uint32_t first = b->n_scores;

        while (clew_attribute_next(&it, &attr)) {
                struct clew_slice member;
                struct clew_score *score;
                uint32_t number;

                for (size_t i = 0; i < CLEW_ARRAY_LEN(prefixes); i++) {
                        if (!match_prefix(attr.key, &prefixes[i], &number, &member))
                                continue;
                        /* The two families count separately. */
                        score = score_at(b, first, &prefixes[i],
                                         number * 2 + (prefixes[i].inner[0] == 'e'));
                        if (score)
                                set_member(b, score, member, &attr.value);
                        break;
                }
        }
        for (uint32_t i = first; i < b->n_scores; i++) {
                aim(b, index, index, &b->scores[i]);
                b->scores[i].emitter = index;
                b->scores[i].time_ns = step->end_ns;
                b->scores[i].verdict = clew_verdict_of_label(b->scores[i].label);
        }
}

/* ---- evaluator spans --------------------------------------------------------------------------
 */

/* Judges answer with an object, or with the bare value: a number, a bool. */
static void take_verdict(struct clew_builder *b, struct clew_score *score, struct clew_slice output)
{
        struct clew_slice value = output;

        if (clew_text_is_json(output)) {
                value = clew_text_member(output, "score", b->arena);
                if (value.len == 0)
                        value = clew_text_member(output, "value", b->arena);
                score->label = clew_text_member(output, "label", b->arena);
                score->explanation = clew_text_member(output, "explanation", b->arena);
        }
        score->has_value = clew_text_number(value, &score->value);
        if (score->label.len == 0 &&
            (clew_slice_eq(value, KEY("true")) || clew_slice_eq(value, KEY("false"))))
                score->label = value;
        score->verdict = clew_verdict_of_label(score->label);
}

static void read_evaluator(struct clew_builder *b, uint32_t index)
{
        const struct clew_step *step = &b->trace->steps[index];
        struct clew_slice output = CLEW_SLICE_NULL;
        struct clew_score *score;

        if (!clew_fields_text(&b->fields, CLEW_FIELD_OUTPUT, &output) ||
            output.len > EVALUATOR_OUTPUT_MAX)
                return;
        score = new_score(b);
        if (!score)
                return;
        *score = (struct clew_score){
                .target = CLEW_SCORE_STEP,
                .carrier = CLEW_SCORE_FROM_EVALUATOR,
                .emitter = index,
                .time_ns = step->end_ns,
                .name = step->name,
        };
        aim(b, index, step->parent, score);
        take_verdict(b, score, output);
        if (score->has_value || score->label.len > 0)
                b->n_scores++;
}

/* ---- a list in JSON ---------------------------------------------------------------------------
 */

/* {"name", "score", "passed", "label", "details"}: what has neither score nor verdict was skipped.
 */
static void read_listed(struct clew_builder *b, uint32_t index, struct clew_slice item)
{
        const struct clew_step *step = &b->trace->steps[index];
        struct clew_slice passed = clew_text_member(item, "passed", b->arena);
        struct clew_score *score = new_score(b);

        if (!score)
                return;
        *score = (struct clew_score){
                .target = CLEW_SCORE_STEP,
                .carrier = CLEW_SCORE_FROM_ATTRIBUTE,
                .step = index,
                .emitter = index,
                .time_ns = step->end_ns,
                .name = clew_text_member(item, "name", b->arena),
                .label = clew_text_member(item, "label", b->arena),
                .explanation = clew_text_member(item, "details", b->arena),
        };
        score->has_value =
                clew_text_number(clew_text_member(item, "score", b->arena), &score->value);
        if (score->label.len == 0 && passed.len > 0)
                score->label = clew_slice_eq(passed, KEY("true")) ? KEY("passed") : KEY("failed");
        score->verdict = clew_verdict_of_label(score->label);
        if (score->has_value || score->label.len > 0)
                b->n_scores++;
}

/* "name": 0.5, true, "label", or an object {"value", "reason", "source"}; null was skipped. */
static void read_named(struct clew_builder *b, uint32_t index, struct clew_slice name,
                       struct clew_slice item)
{
        const struct clew_step *step = &b->trace->steps[index];
        struct clew_slice value = clew_text_unquote(item, b->arena);
        struct clew_score *score = new_score(b);

        if (!score || clew_slice_eq(item, KEY("null")))
                return;
        *score = (struct clew_score){
                .target = CLEW_SCORE_STEP,
                .carrier = CLEW_SCORE_FROM_ATTRIBUTE,
                .step = index,
                .emitter = index,
                .time_ns = step->end_ns,
                .name = name,
        };
        if (clew_text_is_json(value)) {
                score->explanation = clew_text_member(value, "reason", b->arena);
                score->source = clew_text_member(value, "source.name", b->arena);
                value = clew_text_member(value, "value", b->arena);
                if (value.len == 0)
                        value = clew_text_member(item, "score", b->arena);
        }
        score->has_value = clew_text_number(value, &score->value);
        if (clew_slice_eq(value, KEY("true")) || clew_slice_eq(value, KEY("false")))
                score->label = value.data[0] == 't' ? KEY("passed") : KEY("failed");
        else if (!score->has_value)
                score->label = value;
        score->verdict = clew_verdict_of_label(score->label);
        if (score->has_value || score->label.len > 0)
                b->n_scores++;
}

/* A list of results, or results by name. */
static void read_list(struct clew_builder *b, uint32_t index, struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        enum clew_json_token first;

        if (text.len > EVALUATOR_OUTPUT_MAX)
                return;
        first = clew_json_next(&r);
        for (uint32_t i = 0; first == CLEW_JSON_ARRAY_BEGIN && i < INDEX_MAX; i++) {
                if (!clew_json_next_element(&r))
                        return;
                read_listed(b, index, clew_json_take(&r));
        }
        for (uint32_t i = 0; first == CLEW_JSON_OBJECT_BEGIN && i < INDEX_MAX; i++) {
                struct clew_slice name;

                if (!clew_json_next_member(&r))
                        return;
                name = r.text;
                read_named(b, index, name, clew_json_take(&r));
        }
}

static void read_lists(struct clew_builder *b, uint32_t index)
{
        for (const struct clew_field_hit *hit = clew_fields_first(&b->fields, CLEW_FIELD_SCORES);
             hit; hit = clew_fields_next(&b->fields, hit)) {
                if (clew_fields_applies(&b->fields, hit))
                        read_list(b, index, clew_value_text(&hit->value, b->arena));
        }
}

void clew_score_derive(struct clew_builder *b, uint32_t index)
{
        if (b->fields.families & CLEW_FAMILY_SCORES)
                read_annotations(b, index);
        if (b->fields.families & CLEW_FAMILY_EVALUATION)
                clew_score_from_event(b, clew_span_attributes(&b->trace->steps[index].span),
                                      CLEW_SCORE_FROM_ATTRIBUTE, index,
                                      b->trace->steps[index].end_ns);
        else if (b->trace->steps[index].kind == CLEW_KIND_EVALUATOR)
                read_evaluator(b, index);
        if (clew_fields_first(&b->fields, CLEW_FIELD_SCORES))
                read_lists(b, index);
}

/* ---- all together -----------------------------------------------------------------------------
 */

static bool is_call_of(const struct clew_step *step, struct clew_slice response_id)
{
        return step->kind != CLEW_KIND_EVALUATOR && clew_slice_eq(step->response_id, response_id);
}

static void find_by_response(struct clew_builder *b, struct clew_score *score)
{
        for (uint32_t i = 0; i < b->trace->n_steps; i++) {
                if (is_call_of(&b->trace->steps[i], score->response_id)) {
                        score->step = i;
                        return;
                }
        }
}

static bool same_score(const struct clew_score *a, const struct clew_score *b)
{
        return a->target == b->target && a->step == b->step && a->place == b->place &&
               clew_span_id_eq(&a->target_span, &b->target_span) &&
               clew_trace_id_eq(&a->other_trace, &b->other_trace) && a->time_ns == b->time_ns &&
               a->has_value == b->has_value && !(a->value < b->value) && !(a->value > b->value) &&
               clew_slice_eq(a->name, b->name) && clew_slice_eq(a->label, b->label) &&
               clew_slice_eq(a->source, b->source) && clew_slice_eq(a->identifier, b->identifier);
}

/* The same result is often sent as an event and as a log record. Only neighbours in the first
 * DUPLICATES_MAX are compared, so that a flood of scores stays cheap. */
#define DUPLICATES_MAX 64u

static bool is_duplicate(const struct clew_builder *b, uint32_t kept,
                         const struct clew_score *score)
{
        uint32_t from = kept > DUPLICATES_MAX ? kept - DUPLICATES_MAX : 0;

        for (uint32_t i = from; i < kept; i++) {
                if (same_score(&b->scores[i], score))
                        return true;
        }
        return false;
}

void clew_score_settle(struct clew_builder *b)
{
        uint32_t kept = 0;

        for (uint32_t i = 0; i < b->n_scores; i++) {
                struct clew_score *score = &b->scores[i];

                /* The response that it names counts for more than where it was written. */
                if (score->response_id.len > 0 &&
                    (score->step == CLEW_STEP_NONE ||
                     !is_call_of(&b->trace->steps[score->step], score->response_id)))
                        find_by_response(b, score);
                if (!is_duplicate(b, kept, score))
                        b->scores[kept++] = *score;
        }
        b->n_scores = kept;
        b->trace->scores = b->scores;
        b->trace->n_scores = kept;
}
