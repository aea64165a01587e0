/*
 * Root cause on OTLP JSON of one trace. Whatever was sent: at most five findings in order of score,
 * each blames a model or tool step, evidence and effects lie in the trace, and a second analysis
 * says the same. The run compared with itself has no difference, a value's path is in time order.
 */
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "proto/otlp/json.h"
#include "query/rca/diff.h"
#include "query/rca/lineage.h"
#include "query/rca/rca.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)512 << 20)

static uint64_t check_why(const struct clew_why *w)
{
        const struct clew_rca_view *v = w->view;
        uint64_t hash = w->n_findings;

        CLEW_ASSERT(w->n_findings <= CLEW_WHY_FINDINGS_MAX);
        for (uint32_t i = 0; i < w->n_findings; i++) {
                const struct clew_finding *f = &w->findings[i];

                CLEW_ASSERT(f->step < v->n_steps && v->steps[f->step].kind <= CLEW_RCA_TOOL);
                /* What did no harm stands behind what may be a cause, whatever its score. */
                CLEW_ASSERT(i == 0 || w->findings[i - 1].score >= f->score ||
                            (f->harmless && f->looked_at && !w->findings[i - 1].harmless));
                CLEW_ASSERT(f->summary.len > 0);
                for (uint32_t k = 0; k < f->n_evidence; k++) {
                        CLEW_ASSERT(f->evidence[k].step < v->n_steps);
                        CLEW_ASSERT(f->evidence[k].text.len <= CLEW_RCA_EVIDENCE_TEXT_MAX);
                        hash = clew_hash_seeded(f->evidence[k].text, hash);
                }
                for (uint32_t k = 0; k < f->n_effects; k++)
                        CLEW_ASSERT(f->effects[k] < v->n_steps);
                hash = clew_hash_seeded(f->summary, hash + f->step);
        }
        for (uint32_t i = 0; i < w->n_excluded; i++)
                CLEW_ASSERT(w->excluded[i].step < v->n_steps && w->excluded[i].reason.len > 0);
        return hash;
}

static void check_view(const struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                CLEW_ASSERT(s->caller == CLEW_RCA_NONE || s->caller < v->n_steps);
                CLEW_ASSERT(s->prev_llm == CLEW_RCA_NONE ||
                            v->steps[s->prev_llm].kind == CLEW_RCA_LLM);
                CLEW_ASSERT(s->next_llm == CLEW_RCA_NONE ||
                            v->steps[s->next_llm].kind == CLEW_RCA_LLM);
                CLEW_ASSERT(s->first_call + s->n_calls <= v->n_calls);
                CLEW_ASSERT(i == 0 || v->steps[i - 1].start_ns <= s->start_ns);
        }
        for (uint32_t u = 0; u < v->n_units; u++)
                CLEW_ASSERT(v->units[u].step < v->n_steps);
        for (uint32_t c = 0; c < v->n_calls; c++)
                CLEW_ASSERT(v->calls[c].tool_step == CLEW_RCA_NONE ||
                            v->calls[c].tool_step < v->n_steps);
}

static void check_lineage(const struct clew_rca_view *v)
{
        struct clew_lineage path;

        for (uint32_t i = 0; i < v->n_novel && i < 4; i++) {
                clew_lineage_of(v, v->novel[i].token.text, &path);
                CLEW_ASSERT(path.n <= CLEW_LINEAGE_MAX);
        }
}

static void check_diff(const struct clew_rca_view *v, struct clew_arena *arena)
{
        struct clew_diff diff;

        if (clew_diff_runs(v, v, false, arena, &diff) < 0)
                return;
        for (uint32_t i = 0; i < diff.n; i++)
                CLEW_ASSERT(diff.rows[i].a == diff.rows[i].b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEW_BUFFER traces = {.max_bytes = MEMORY_MAX};
        CLEW_ARENA arena = {0};
        struct clew_trace *t;
        struct clew_why once;
        struct clew_why again;

        clew_arena_init(&arena, MEMORY_MAX);
        if (clew_otlp_from_json(clew_slice_make(data, size), CLEW_OTLP_TRACES, &traces, NULL) < 0 ||
            clew_trace_build(clew_buffer_slice(&traces), CLEW_SLICE_NULL, &CLEW_TRACE_FULL, &arena,
                             &t) < 0)
                return 0;
        if (clew_why_analyse(t, NULL, 0, &arena, &once) < 0 ||
            clew_why_analyse(t, NULL, 0, &arena, &again) < 0)
                return 0;
        check_view(once.view);
        CLEW_ASSERT(check_why(&once) == check_why(&again));
        check_lineage(once.view);
        check_diff(once.view, &arena);
        return 0;
}
