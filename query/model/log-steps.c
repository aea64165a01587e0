/*
 * From records to steps, in one pass over them in the sender's order.
 *
 * Programs tell of one model call in one record (at its end), in two (begun, ended), or in a stream
 * whose last piece has the counts; of a tool call by a decision and a result. Ids join where there
 * are some, else the order does. What belongs together is near each other: looking back is bounded.
 */
#include "query/model/log-run-int.h"

#include "proto/base/compiler.h"
#include "proto/base/sort.h"
#include "query/model/build-int.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define NONE CLEW_STEP_NONE
/* Steps that may be under way at once, or have just ended, when a record speaks of one of them. */
#define LOOK_BACK_MAX 256u

struct maker {
        struct clew_log_run *run;
        struct clew_arena *arena;
        struct clew_log_fact **bodies; /* requests that no call has taken */
        uint32_t n_bodies;
        uint32_t first_body;
        const struct clew_log_fact *prompt; /* that no call has answered */
};

/* ---- order ------------------------------------------------------------------------------------
 */

static int by_sequence(const void *a, const void *b)
{
        const struct clew_log_fact *x = a;
        const struct clew_log_fact *y = b;

        if (x->sequence != y->sequence)
                return x->sequence < y->sequence ? -1 : 1;
        return x->ordinal < y->ordinal ? -1 : 1;
}

static int by_time(const void *a, const void *b)
{
        const struct clew_log_fact *x = a;
        const struct clew_log_fact *y = b;

        if (x->time_ns != y->time_ns)
                return x->time_ns < y->time_ns ? -1 : 1;
        return by_sequence(a, b);
}

/* A program that was started again counts from 0 again: then numbers meet twice, and time decides.
 */
static bool sequences_order(const struct clew_sort_entry *entries, uint32_t n)
{
        for (uint32_t i = 0; i < n; i++) {
                const struct clew_log_fact *f = entries[i].item;

                if (f->sequence == UINT64_MAX ||
                    (i > 0 &&
                     ((const struct clew_log_fact *)entries[i - 1].item)->sequence == f->sequence))
                        return false;
        }
        return true;
}

static int sort_facts(struct clew_log_run *run, struct clew_arena *arena)
{
        uint32_t n = run->n_facts;
        struct clew_sort_entry *entries =
                clew_arena_calloc(arena, 2 * (size_t)n + 1, sizeof(*entries));
        struct clew_log_fact *sorted = clew_arena_alloc(arena, (n + 1) * sizeof(*sorted));
        bool numbered;

        if (!entries || !sorted)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                entries[i] = (struct clew_sort_entry){.key = run->facts[i].sequence,
                                                      .item = &run->facts[i]};
        clew_sort(entries, entries + n, n, by_sequence);
        numbered = sequences_order(entries, n);
        for (uint32_t i = 0; i < n && !numbered; i++)
                entries[i] = (struct clew_sort_entry){.key = run->facts[i].time_ns,
                                                      .item = &run->facts[i]};
        if (!numbered)
                clew_sort(entries, entries + n, n, by_time);
        for (uint32_t i = 0; i < n; i++) {
                sorted[i] = *(const struct clew_log_fact *)entries[i].item;
                /* Clocks that step back do not undo the order. */
                if (numbered && i > 0 && sorted[i].time_ns < sorted[i - 1].time_ns)
                        sorted[i].time_ns = sorted[i - 1].time_ns;
        }
        run->facts = sorted;
        return 0;
}

/* ---- finding the step that a record speaks of ---------------------------------------------------
 */

static struct clew_slice id_of(const struct clew_log_fact *f, enum clew_log_role role)
{
        return f ? f->text[role] : CLEW_SLICE_NULL;
}

static bool carries(const struct clew_log_step *s, enum clew_log_role role, struct clew_slice id)
{
        return clew_slice_eq(id_of(s->begun, role), id) ||
               clew_slice_eq(id_of(s->ended, role), id) || clew_slice_eq(id_of(s->first, role), id);
}

static bool without_id(const struct clew_log_step *s, enum clew_log_role role)
{
        return id_of(s->begun, role).len + id_of(s->ended, role).len + id_of(s->first, role).len ==
               0;
}

static uint32_t back_from(const struct clew_log_run *run)
{
        return run->n_steps > LOOK_BACK_MAX ? run->n_steps - LOOK_BACK_MAX : 0;
}

/* The latest step with that id, or NONE. */
static uint32_t step_with_id(const struct clew_log_run *run, enum clew_log_step_kind kind,
                             enum clew_log_role role, struct clew_slice id)
{
        for (uint32_t i = run->n_steps; id.len > 0 && i-- > back_from(run);) {
                if (run->steps[i].kind == kind && carries(&run->steps[i], role, id))
                        return i;
        }
        return NONE;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
        return a > b ? a - b : b - a;
}

/* The open call whose start fits best to one that ended with @f. */
static uint32_t open_call(const struct clew_log_run *run, const struct clew_log_fact *f)
{
        struct clew_slice id = id_of(f, CLEW_LOG_ROLE_CALL);
        uint32_t found = step_with_id(run, CLEW_LOG_STEP_CALL, CLEW_LOG_ROLE_CALL, id);
        uint64_t start = f->time_ns > f->duration_ns ? f->time_ns - f->duration_ns : 0;
        uint64_t best = UINT64_MAX;

        if (found != NONE)
                return found;
        /* Without a length the latest: one before it was broken off. */
        for (uint32_t i = run->n_steps; i-- > back_from(run);) {
                const struct clew_log_step *s = &run->steps[i];
                uint64_t off = f->duration_ns ? distance(s->start_ns, start) : 0;

                if (s->kind != CLEW_LOG_STEP_CALL || s->ended ||
                    (id.len > 0 && !without_id(s, CLEW_LOG_ROLE_CALL)) || off >= best)
                        continue;
                found = i;
                best = off;
        }
        return found;
}

/* The call that an answer or a body of one belongs to. */
static uint32_t ended_call(const struct clew_log_run *run, const struct clew_log_fact *f)
{
        struct clew_slice id = id_of(f, CLEW_LOG_ROLE_CALL);
        uint32_t found = step_with_id(run, CLEW_LOG_STEP_CALL, CLEW_LOG_ROLE_CALL, id);

        for (uint32_t i = run->n_steps; found == NONE && i-- > back_from(run);) {
                if (run->steps[i].kind == CLEW_LOG_STEP_CALL &&
                    (id.len == 0 || without_id(&run->steps[i], CLEW_LOG_ROLE_CALL)))
                        found = i;
        }
        return found;
}

static uint32_t open_tool(const struct clew_log_run *run, const struct clew_log_fact *f)
{
        struct clew_slice id = id_of(f, CLEW_LOG_ROLE_TOOL_CALL);
        struct clew_slice name = id_of(f, CLEW_LOG_ROLE_TOOL);

        if (id.len > 0)
                return step_with_id(run, CLEW_LOG_STEP_TOOL, CLEW_LOG_ROLE_TOOL_CALL, id);
        for (uint32_t i = back_from(run); i < run->n_steps; i++) {
                const struct clew_log_step *s = &run->steps[i];

                if (s->kind == CLEW_LOG_STEP_TOOL && !s->ended &&
                    without_id(s, CLEW_LOG_ROLE_TOOL_CALL) && carries(s, CLEW_LOG_ROLE_TOOL, name))
                        return i;
        }
        return NONE;
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static struct clew_log_step *new_step(struct maker *m, enum clew_log_step_kind kind,
                                      struct clew_log_fact *f)
{
        struct clew_log_step *s = &m->run->steps[m->run->n_steps];

        *s = (struct clew_log_step){.kind = kind, .first = f, .start_ns = f->time_ns};
        f->step = m->run->n_steps++;
        return s;
}

/* The step at @at, or a new one. */
static struct clew_log_step *step_at(struct maker *m, uint32_t at, enum clew_log_step_kind kind,
                                     struct clew_log_fact *f)
{
        if (at == NONE)
                return new_step(m, kind, f);
        f->step = at;
        return &m->run->steps[at];
}

static void end_step(struct clew_log_step *s, const struct clew_log_fact *f)
{
        s->ended = f;
        s->end_ns = f->time_ns;
        s->failed = s->failed || clew_log_fact_failed(f);
        if (f->duration_ns > 0 && f->duration_ns < f->time_ns && !s->begun)
                s->start_ns = f->time_ns - f->duration_ns;
        if (s->start_ns > s->end_ns)
                s->start_ns = s->end_ns;
}

/* Whether a body holds the text of a message: some are cut after some kilobytes, some before. */
static bool is_readable(const struct clew_log_fact *body, struct clew_arena *arena)
{
        static const char *const paths[] = {"messages.0.content", "input", "contents.0.parts",
                                            "prompt"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(paths); i++) {
                if (clew_text_member(body->text[CLEW_LOG_ROLE_BODY], paths[i], arena).len > 0)
                        return true;
        }
        return false;
}

/* The oldest body that no call has taken; of a call that was tried n times, the last of n. */
static void take_body(struct maker *m, struct clew_log_step *s, const struct clew_log_fact *end)
{
        uint32_t from = m->first_body;
        double attempts = 1;

        if (s->request || m->first_body == m->n_bodies)
                return;
        if (!clew_log_fact_number(end, CLEW_LOG_ROLE_ATTEMPT, &attempts) || attempts < 1)
                attempts = 1;
        while (attempts >= 1 && m->first_body < m->n_bodies) {
                struct clew_log_fact *body = m->bodies[m->first_body++];

                body->step = end->step;
                s->request = body;
                attempts -= 1;
        }
        if ((m->prompt || s->prompt) && !is_readable(s->request, m->arena)) {
                s->request = NULL; /* what the user said is all there is */
                while (from < m->first_body)
                        m->bodies[from++]->step = NONE;
        }
}

static void take_prompt(struct maker *m, struct clew_log_step *s)
{
        if (!s->prompt)
                s->prompt = m->prompt;
        m->prompt = NULL;
}

/* A rule of the settings, or a hook, decides as well: that is a failure of the call. */
static bool by_user(const struct clew_log_fact *f)
{
        struct clew_slice who = f->text[CLEW_LOG_ROLE_DECIDED_BY];

        return who.len == 0 ||
               (who.len >= 4 && strncasecmp((const char *)who.data, "user", 4) == 0);
}

/* What went wrong is that the user did not want it. */
static bool says_refused(const struct clew_log_fact *f)
{
        struct clew_slice type = f->text[CLEW_LOG_ROLE_ERROR_TYPE];
        struct clew_slice error = f->text[CLEW_LOG_ROLE_ERROR];

        return clew_refusal_is_told(error) || clew_control_of(type, error) == CLEW_CONTROL_CANCEL ||
               (f->event.kind == CLEW_LOG_TOOL &&
                clew_refusal_is_told(f->text[CLEW_LOG_ROLE_RESULT]));
}

static void settle_refusal(struct clew_log_step *s, bool refused)
{
        s->refused = s->refused || (refused && s->failed);
        s->failed = s->failed && !s->refused;
}

static void on_call(struct maker *m, struct clew_log_fact *f)
{
        bool failed = clew_log_fact_failed(f);
        struct clew_log_step *s;

        if (failed || clew_log_fact_ends_call(f) || f->event.kind == CLEW_LOG_FAILED) {
                s = step_at(m, open_call(m->run, f), CLEW_LOG_STEP_CALL, f);
                if (s->ended && failed && !s->failed) /* of a call that had ended well: another */
                        s = new_step(m, CLEW_LOG_STEP_CALL, f);
                end_step(s, f);
                settle_refusal(s, says_refused(f));
                take_body(m, s, f);
        } else {
                s = new_step(m, CLEW_LOG_STEP_CALL, f);
                s->begun = f;
                if (f->duration_ns > 0 && f->duration_ns < f->time_ns)
                        s->start_ns = f->time_ns - f->duration_ns;
        }
        take_prompt(m, s);
}

static void on_stream(struct maker *m, struct clew_log_fact *f)
{
        if (clew_log_fact_failed(f) || clew_log_fact_ends_call(f)) {
                f->duration_ns = 0; /* of the piece, not of the call */
                on_call(m, f);
                return;
        }
        f->step = ended_call(m->run, f);
}

static void on_answer(struct maker *m, struct clew_log_fact *f)
{
        uint32_t at = ended_call(m->run, f);

        f->step = at;
        if (at == NONE)
                return;
        if (f->event.kind == CLEW_LOG_ANSWER)
                m->run->steps[at].answer = f;
        else
                m->run->steps[at].reply = f;
}

static bool says_no(struct clew_slice decision)
{
        static const char *const words[] = {"reject",   "rejected", "deny",     "denied",
                                            "declined", "abort",    "cancelled"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_slice_eq_cstr(decision, words[i]))
                        return true;
        }
        return false;
}

static void on_decided(struct maker *m, struct clew_log_fact *f)
{
        struct clew_log_step *s = step_at(m, open_tool(m->run, f), CLEW_LOG_STEP_TOOL, f);

        if (!s->begun)
                s->begun = f;
        if (says_no(f->text[CLEW_LOG_ROLE_DECISION]) && !s->ended) {
                s->end_ns = f->time_ns;
                s->failed = true;
                settle_refusal(s, by_user(f));
        }
}

static void on_tool(struct maker *m, struct clew_log_fact *f)
{
        struct clew_log_step *s = step_at(m, open_tool(m->run, f), CLEW_LOG_STEP_TOOL, f);
        const struct clew_log_fact *decided = s->begun;

        if (s->ended) /* told twice: what came first stands */
                return;
        s->begun = NULL;
        end_step(s, f);
        settle_refusal(s,
                       says_refused(f) || (says_no(f->text[CLEW_LOG_ROLE_DECISION]) && by_user(f)));
        s->begun = decided;
}

static void on_fact(struct maker *m, struct clew_log_fact *f)
{
        switch (f->event.kind) {
        case CLEW_LOG_PROMPT:
                new_step(m, CLEW_LOG_STEP_PROMPT, f)->end_ns = f->time_ns;
                m->prompt = f;
                break;
        case CLEW_LOG_CALL:
        case CLEW_LOG_FAILED:
                on_call(m, f);
                break;
        case CLEW_LOG_STREAM:
                on_stream(m, f);
                break;
        case CLEW_LOG_ANSWER:
        case CLEW_LOG_REPLY:
                on_answer(m, f);
                break;
        case CLEW_LOG_REQUEST:
                m->bodies[m->n_bodies++] = f;
                break;
        case CLEW_LOG_DECIDED:
                on_decided(m, f);
                break;
        case CLEW_LOG_TOOL:
                on_tool(m, f);
                break;
        case CLEW_LOG_FAULT:
                end_step(new_step(m, CLEW_LOG_STEP_FAULT, f), f);
                break;
        case CLEW_LOG_OTHER:
                break;
        }
}

/* A body after everything else: its call is under way. */
static void begin_last(struct maker *m)
{
        struct clew_log_run *run = m->run;
        struct clew_log_fact *body =
                m->first_body < m->n_bodies ? m->bodies[m->n_bodies - 1] : NULL;
        struct clew_log_step *s;

        for (uint32_t i = 0; body && i < run->n_steps; i++) {
                if (run->steps[i].kind == CLEW_LOG_STEP_CALL &&
                    (run->steps[i].end_ns >= body->time_ns || run->steps[i].end_ns == 0))
                        return;
        }
        if (!body)
                return;
        s = new_step(m, CLEW_LOG_STEP_CALL, body);
        s->begun = body;
        s->request = body;
        take_prompt(m, s);
}

static int order_calls(struct clew_log_run *run, struct clew_arena *arena)
{
        run->calls = clew_arena_alloc(arena, (2 * (size_t)run->n_steps + 1) * sizeof(*run->calls));
        if (!run->calls)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_steps; i++) {
                if (run->steps[i].kind == CLEW_LOG_STEP_CALL && run->steps[i].end_ns > 0)
                        run->calls[run->n_calls++] = (struct clew_sort_entry){
                                .key = run->steps[i].end_ns, .item = &run->steps[i]};
        }
        clew_sort(run->calls, run->calls + run->n_calls, run->n_calls, NULL);
        return 0;
}

int clew_log_steps_make(struct clew_log_run *run, struct clew_arena *arena)
{
        struct maker m = {.run = run, .arena = arena};

        if (sort_facts(run, arena) < 0)
                return -ENOMEM;
        run->steps = clew_arena_alloc(arena, ((size_t)run->n_facts + 1) * sizeof(*run->steps));
        m.bodies = clew_arena_alloc(arena, ((size_t)run->n_facts + 1) * sizeof(*m.bodies));
        if (!run->steps || !m.bodies)
                return -ENOMEM;
        for (uint32_t i = 0; i < run->n_facts; i++)
                on_fact(&m, &run->facts[i]);
        begin_last(&m);
        return order_calls(run, arena);
}

const struct clew_log_step *clew_log_call_at(const struct clew_log_run *run, uint64_t time_ns)
{
        uint32_t low = 0;
        uint32_t high = run->n_calls;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (run->calls[mid].key < time_ns)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == run->n_calls)
                return low > 0 ? run->calls[low - 1].item : NULL;
        return run->calls[low].item;
}
