/*
 * What a trace is found by, given to its index while it is sealed: facets and columns.
 *
 * Facets are read by the same readers that a query uses (language/field-table.c), so that they say
 * what a query would see. Most of what spans carry repeats from span to span; a small set of what
 * was given lately keeps that cheap.
 */
#include "query/find/index/index.h"

#include "proto/base/hash.h"
#include "query/find/index/facet-int.h"
#include "query/find/index/path-index-int.h"
#include "query/find/index/step-sums-int.h"
#include "query/find/index/term-int.h"

#include <string.h>

/* Facets of one trace; with more it is special. */
#define FACETS_MAX 16384u
/* Keys of one span, to see those that stand there twice. */
#define KEYS 512u
/* A longer value is not looked at: it is a text. */
#define RAW_BYTES_MAX 400u

struct giver {
        struct clew_index_sink *sink;
        struct clew_run_at at;
        struct clew_arena scratch;
        uint32_t list;
        uint32_t n;
        bool special;
        uint32_t key_of[KEYS];   /* number of the list of attributes */
        uint64_t key_hash[KEYS]; /* not set before key_of is; seeded */
};

static void give(struct giver *g, struct clew_slice key)
{
        if (g->n == FACETS_MAX) {
                g->special = true;
                return;
        }
        g->n++;
        clew_index_add(g->sink, CLEW_INDEX_FACET, key);
}

/* Whether what is given for @piece is there already, from this trace or an earlier one; else it is
 * to be given until end_piece(). */
static bool has_piece(struct giver *g, struct clew_slice piece, uint64_t seed)
{
        int n = clew_index_again(g->sink, piece, seed);

        if (n < 0)
                return false;
        if ((uint32_t)n > FACETS_MAX - g->n) {
                g->special = true;
                n = (int)(FACETS_MAX - g->n);
        }
        g->n += (uint32_t)n;
        return true;
}

/* ---- derived fields and intrinsics ------------------------------------------------------------
 */

static void give_values(struct giver *g, struct clew_index_facet *f,
                        const struct clew_values *values)
{
        bool exact;

        for (uint32_t i = 0; i < values->n; i++) {
                if (clew_facet_value(f, &values->items[i], &exact))
                        give(g, clew_facet_key(f));
        }
        if (values->n > 0) {
                f->len = f->name_len;
                give(g, clew_facet_key(f));
        }
}

/* Where memory lies is nobody's choice: no values can be made that pass for others. */
static uint64_t secret(const struct giver *g)
{
        return (uint64_t)(uintptr_t)g->sink;
}

static uint64_t hash_of_values(const struct clew_values *values, uint64_t seed)
{
        uint64_t hash = seed;

        for (uint32_t i = 0; i < values->n; i++) {
                const struct clew_operand *v = &values->items[i];

                if (v->type == CLEW_TYPE_TEXT)
                        hash = clew_hash_seeded(v->text, hash);
                else
                        hash = clew_hash_seeded(
                                clew_slice_make(&v->integer, v->type == CLEW_TYPE_BOOL
                                                                     ? sizeof(v->boolean)
                                                                     : sizeof(v->integer)),
                                hash + (uint64_t)v->type);
        }
        return hash;
}

/* Most fields have one value. */
#define VALUES_FIRST 4u
/* What so many of them read is forgotten at once. */
#define STEPS_OF_SCRATCH 16u

static void give_field(struct giver *g, const struct clew_facet_field *field,
                       const struct clew_field_ref *ref, uint64_t seed)
{
        const struct clew_trace *t = g->at.trace;
        struct clew_index_facet f;
        uint64_t last = 0; /* most steps say what the one before said */

        if (!clew_facet_begin(&f, CLEW_FACET_DERIVED, clew_slice_of_cstr(field->name)))
                return;
        if (field->of_run) {
                struct clew_values values = {.arena = &g->scratch};

                if (!ref->row->tell(g->at.facts, CLEW_SLICE_NULL, &values)) {
                        clew_facet_tag(&f, '?');
                        give(g, clew_facet_key(&f));
                }
                give_values(g, &f, &values);
                return;
        }
        for (uint32_t i = 0; i < t->n_steps; i++) {
                struct clew_operand room[VALUES_FIRST];
                struct clew_values values = {
                        .items = room, .capacity = VALUES_FIRST, .arena = &g->scratch};
                uint64_t hash;

                if (i != g->at.speaker && clew_step_is(&t->steps[i], CLEW_STEP_STANDIN))
                        continue;
                if (i % STEPS_OF_SCRATCH == 0)
                        clew_arena_reset(&g->scratch);
                clew_field_read(&g->at, ref, i, &values);
                hash = hash_of_values(&values, seed + secret(g));
                if (values.n == 0 || hash == last)
                        continue;
                last = hash;
                if (has_piece(g, clew_slice_make(&hash, sizeof(hash)), seed))
                        continue;
                give_values(g, &f, &values);
                clew_index_again_end(g->sink, g->n < FACETS_MAX);
        }
}

static void give_first_agent(struct giver *g)
{
        const struct clew_summary *s = g->at.facts->summary;
        struct clew_index_facet f;
        bool exact;

        if (s->n_agents == 0 ||
            !clew_facet_begin(&f, CLEW_FACET_DERIVED, CLEW_SLICE_LITERAL(CLEW_FACET_FIRST_AGENT)))
                return;
        clew_facet_text(&f, s->agents[0].name, &exact);
        give(g, clew_facet_key(&f));
}

/* That there is a score of that name. */
static void give_scores(struct giver *g)
{
        const struct clew_trace *t = g->at.trace;

        for (uint32_t i = 0; i < t->n_scores; i++) {
                struct clew_slice parts[] = {CLEW_SLICE_LITERAL(CLEW_FACET_SCORE),
                                             t->scores[i].name};
                struct clew_index_facet f;

                clew_arena_reset(&g->scratch);
                if (t->scores[i].name.len == 0)
                        continue;
                if (clew_facet_begin(&f, CLEW_FACET_DERIVED,
                                     clew_arena_concat(&g->scratch, parts, 2)))
                        give(g, clew_facet_key(&f));
                else
                        g->special = true;
        }
}

#define FIELDS_MAX 64u

/* Found once, by clew_index_install(). */
static struct clew_field_ref fields[FIELDS_MAX];

static struct clew_field_ref find_field(const char *name)
{
        struct clew_field_ref ref = {0};

        ref.row = clew_field_find(clew_slice_of_cstr(name), &ref.name);
        return ref;
}

static void give_fields(struct giver *g)
{
        give_first_agent(g);
        give_scores(g);
        for (size_t i = 0; i < clew_n_facet_fields; i++) {
                struct clew_field_ref ref =
                        fields[i].row ? fields[i] : find_field(clew_facet_fields[i].name);

                if (ref.row)
                        give_field(g, &clew_facet_fields[i], &ref, i << 32);
        }
}

/* ---- numbers of steps -------------------------------------------------------------------------
 */

/* Of a trace with more steps than this each number may be there. */
#define NUMBERED_STEPS_MAX 65536u
/* Keys that are given at once. */
#define WORDS 32u

struct number_words {
        struct clew_index_word items[WORDS];
        uint32_t n;
};

static void give_word(struct giver *g, struct number_words *words, const struct clew_index_facet *f)
{
        struct clew_index_word *w = &words->items[words->n++];

        *w = (struct clew_index_word){.len = (uint32_t)f->len, .kind = CLEW_INDEX_FACET};
        for (size_t i = 0; i < f->len; i++)
                w->bytes |= (uint64_t)f->bytes[i] << 8 * i;
        if (words->n == WORDS) {
                clew_index_add_words(g->sink, words->items, words->n);
                words->n = 0;
        }
}

static void give_number(struct giver *g, const struct clew_facet_number *number,
                        const struct clew_field_ref *ref, struct number_words *words)
{
        const struct clew_trace *t = g->at.trace;
        struct clew_index_facet f;
        bool any = false;

        (void)clew_facet_begin(&f, CLEW_FACET_NUMBER, clew_slice_of_cstr(number->name));
        for (uint32_t i = 0; i < t->n_steps && t->n_steps <= NUMBERED_STEPS_MAX; i++) {
                struct clew_operand room[VALUES_FIRST];
                struct clew_values values = {
                        .items = room, .capacity = VALUES_FIRST, .arena = &g->scratch};

                if (i != g->at.speaker && clew_step_is(&t->steps[i], CLEW_STEP_STANDIN))
                        continue;
                clew_field_read(&g->at, ref, i, &values);
                if (values.n == 0)
                        continue;
                any = true;
                clew_facet_code_put(&f, 'F',
                                    clew_facet_code(clew_operand_number(&values.items[0])));
                give_word(g, words, &f);
        }
        if (t->n_steps > NUMBERED_STEPS_MAX) {
                clew_facet_tag(&f, '?');
                give_word(g, words, &f);
        }
        f.len = f.name_len;
        if (any)
                give_word(g, words, &f);
}

static struct clew_field_ref number_fields[CLEW_FACET_NUMBERS];

static void give_numbers(struct giver *g)
{
        struct number_words words;

        words.n = 0;
        for (size_t i = 0; i < CLEW_FACET_NUMBERS; i++) {
                if (number_fields[i].row)
                        give_number(g, &clew_facet_numbers[i], &number_fields[i], &words);
        }
        clew_index_add_words(g->sink, words.items, words.n);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static void begin_list(struct giver *g)
{
        g->list++;
}

/* A key that stands twice in one list has one value for a query, and two here. */
static void note_key(struct giver *g, uint64_t hash)
{
        for (uint32_t n = 0; n < KEYS; n++) {
                size_t i = (hash + n) % KEYS;

                if (g->key_of[i] == g->list && g->key_hash[i] == hash) {
                        g->special = true;
                        return;
                }
                if (g->key_of[i] != g->list) {
                        g->key_of[i] = g->list;
                        g->key_hash[i] = hash;
                        return;
                }
        }
        g->special = true;
}

static void give_value(struct giver *g, struct clew_index_facet *f, struct clew_slice raw,
                       bool counts)
{
        struct clew_values values = {.arena = &g->scratch};
        struct clew_value v;

        clew_arena_reset(&g->scratch);
        if (clew_value_parse(raw, &v)) {
                clew_values_add_value(&values, &v);
                if (v.type == CLEW_VALUE_BYTES) {
                        clew_facet_tag(f, 'X');
                        give(g, clew_facet_key(f));
                }
        }
        g->special |= values.n >= CLEW_VALUES_MAX / 2;
        if (values.n == 0) {
                clew_facet_tag(f, 'E');
                give(g, clew_facet_key(f));
        }
        if (values.n > 0 && counts) {
                f->len = f->name_len;
                give(g, clew_facet_key(f));
                clew_facet_tag(f, '*');
                give(g, clew_facet_key(f));
        } else {
                give_values(g, f, &values);
        }
}

static void give_attribute(struct giver *g, enum clew_facet_place place, struct clew_slice key,
                           struct clew_slice raw)
{
        struct clew_index_facet f;

        if (clew_facet_begin(&f, place, key))
                give_value(g, &f, raw, clew_facet_counts(key));
        else
                g->special = true;
}

/* The same, to be remembered for the traces that follow; not when it makes this one special. */
static void give_piece(struct giver *g, enum clew_facet_place place, struct clew_slice key,
                       struct clew_slice raw)
{
        bool was_special = g->special;

        g->special = false;
        give_attribute(g, place, key, raw);
        clew_index_again_end(g->sink, !g->special);
        g->special |= was_special;
}

static void give_list(struct giver *g, enum clew_facet_place place, struct clew_message_iter it)
{
        struct clew_slice key;
        struct clew_slice raw;
        uint64_t hash;

        begin_list(g);
        while (clew_attribute_next_raw(&it, &key, &raw)) {
                hash = clew_hash_seeded(key, secret(g) + (uint64_t)place);
                note_key(g, hash);
                if (raw.len > RAW_BYTES_MAX)
                        give_attribute(g, place, key, raw);
                else if (!has_piece(g, raw, hash))
                        give_piece(g, place, key, raw);
        }
}

static void give_step(struct giver *g, const struct clew_step *s)
{
        struct clew_message_iter it = clew_span_events(&s->span);
        struct clew_span_event event;
        struct clew_span_link link;

        give_list(g, CLEW_FACET_SPAN, clew_span_attributes(&s->span));
        while (clew_span_event_next(&it, &event))
                give_list(g, CLEW_FACET_EVENT, clew_event_attributes(&event));
        it = clew_span_links(&s->span);
        while (clew_span_link_next(&it, &link))
                give_list(g, CLEW_FACET_LINK, clew_link_attributes(&link));
}

static void give_attributes(struct giver *g)
{
        const struct clew_trace *t = g->at.trace;
        const uint8_t *resource = NULL;
        const uint8_t *scope = NULL;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];

                if (s->resource.data != resource)
                        give_list(g, CLEW_FACET_RESOURCE, clew_resource_attributes(s->resource));
                if (s->scope.data != scope)
                        give_list(g, CLEW_FACET_SCOPE, clew_scope_attributes(s->scope));
                resource = s->resource.data;
                scope = s->scope.data;
                give_step(g, s);
        }
        for (uint32_t i = 0; i < t->n_logs; i++) {
                const struct clew_step_log *log = &t->logs[i];

                give_list(g, CLEW_FACET_LOG, clew_log_attributes(&log->record));
                give_list(g, CLEW_FACET_LOG, clew_resource_attributes(log->resource));
                give_list(g, CLEW_FACET_LOG, clew_scope_attributes(log->scope));
        }
}

/* ---- columns --------------------------------------------------------------------------------- */

/* As a summary keeps it. */
static uint64_t cost_units(double usd)
{
        double units = usd * 1e8 + 0.5;

        return units >= 0 && units < 1e18 ? (uint64_t)units + 1 : 1;
}

static void give_columns(struct clew_index_sink *sink, const struct clew_summary *s)
{
        const struct {
                enum clew_column column;
                uint64_t value;
        } numbers[] = {
                {CLEW_COLUMN_DURATION, s->duration_ns},
                {CLEW_COLUMN_TOKENS_TOTAL, s->tokens.total},
                {CLEW_COLUMN_TOKENS_IN, s->tokens.in},
                {CLEW_COLUMN_TOKENS_OUT, s->tokens.out},
                {CLEW_COLUMN_TOKENS_CACHED, s->tokens.cache_read},
                {CLEW_COLUMN_COST, s->has_cost ? cost_units(s->cost_usd) : 0},
                {CLEW_COLUMN_STEPS, s->n_steps},
                {CLEW_COLUMN_SPANS, s->n_spans},
                {CLEW_COLUMN_ERRORS, s->n_errors},
                {CLEW_COLUMN_LLM, s->n_llm},
                {CLEW_COLUMN_TOOL, s->n_tool},
                {CLEW_COLUMN_LOOPS, s->facts.loops},
                {CLEW_COLUMN_LOOP_ROUNDS, s->facts.loop_rounds},
                {CLEW_COLUMN_STALLS, s->facts.stalls},
                {CLEW_COLUMN_STALL_CALLS, s->facts.stall_calls},
                {CLEW_COLUMN_RETRIES, s->facts.retries},
                {CLEW_COLUMN_WASTE_STEPS, s->facts.waste_steps},
                {CLEW_COLUMN_WASTE_TOKENS, s->facts.waste_tokens},
                {CLEW_COLUMN_WASTE_NS, s->facts.waste_ns},
                {CLEW_COLUMN_CAUSE_STEP, s->cause.step},
                {CLEW_COLUMN_OUTCOME, s->outcome},
                {CLEW_COLUMN_SETTLED, s->settled},
                {CLEW_COLUMN_KINDS, s->kinds},
                {CLEW_COLUMN_RULES, s->rules_version},
                {CLEW_COLUMN_WASTE_COST,
                 s->facts.waste_usd > 0 ? cost_units(s->facts.waste_usd) : 0},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++)
                clew_index_set_number(sink, numbers[i].column, numbers[i].value);
}

/* ---- the whole ------------------------------------------------------------------------------- */

#define SCRATCH_MAX ((size_t)64 << 20)

int clew_facets_give(const struct clew_trace *trace, const struct clew_summary *summary,
                     struct clew_arena *arena, struct clew_index_sink *sink)
{
        const struct clew_query_facts facts = {
                .id = trace->id, .start_ns = trace->start_ns, .summary = summary};
        struct giver *g = clew_arena_alloc(arena, sizeof(*g));

        if (!g)
                return -1;
        memset(g, 0, offsetof(struct giver, key_hash));
        g->sink = sink;
        clew_arena_init(&g->scratch, SCRATCH_MAX);
        g->at = (struct clew_run_at){.trace = trace,
                                     .facts = &facts,
                                     .arena = &g->scratch,
                                     .speaker = clew_speaker_of(trace)};
        /* A run in several traces is judged as one; who speaks about others is to be met first. */
        g->special = trace->n_spans == 0 || trace->n_steps == 0 || summary->has_run ||
                     summary->n_aimed > 0;
        give_columns(sink, summary);
        if (trace->n_steps > 0) {
                give_fields(g);
                give_numbers(g);
                give_attributes(g);
                clew_path_index_give(trace, &g->scratch, sink);
                if (!g->special) /* is opened anyway */
                        clew_step_index_give(&g->at,
                                             summary->outcome != CLEW_OUTCOME_OPEN &&
                                                     clew_summary_is_run(summary->kinds),
                                             &g->scratch, sink);
        }
        g->special |= clew_arena_failed(&g->scratch);
        if (g->special)
                clew_index_add(sink, CLEW_INDEX_FACET, CLEW_FACET_SPECIAL);
        clew_arena_deinit(&g->scratch);
        return 0;
}

static void give_all(const struct clew_trace *trace, const struct clew_summary *summary,
                     struct clew_arena *arena, struct clew_index_sink *sink)
{
        if (clew_facets_give(trace, summary, arena, sink) < 0)
                clew_index_add(sink, CLEW_INDEX_FACET, CLEW_FACET_SPECIAL);
        clew_terms_give(trace, sink);
}

void clew_index_install(void)
{
        CLEW_ASSERT(clew_n_facet_fields <= FIELDS_MAX);
        for (size_t i = 0; i < clew_n_facet_fields; i++)
                fields[i] = find_field(clew_facet_fields[i].name);
        for (size_t i = 0; i < CLEW_FACET_NUMBERS; i++)
                number_fields[i] = find_field(clew_facet_numbers[i].field);
        clew_step_index_install();
        clew_model_set_index(give_all, clew_index_version(), clew_step_sums_adder());
}

uint64_t clew_index_version(void)
{
        return (uint64_t)CLEW_FACETS_VERSION << 32 | (uint64_t)CLEW_TERMS_VERSION << 48 |
               CLEW_RULES_VERSION;
}
