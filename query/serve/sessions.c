/*
 * See sessions.h.
 */
#include "query/serve/sessions.h"

#include "proto/base/hash.h"
#include "query/answer/trace-record.h"
#include "query/answer/values.h"

#include <errno.h>
#include <string.h>

#define BUCKETS 65536u /* a power of two */
/* Sessions that one walk asks indexes for; more are found by looking at everything. */
#define LIMIT_MAX 200u

static struct clew_session *find(struct clew_sessions *g, struct clew_slice id)
{
        struct clew_session **bucket = &g->buckets[clew_hash(id) & (BUCKETS - 1)];
        struct clew_session *s;

        for (s = *bucket; s; s = s->next_in_bucket) {
                if (clew_slice_eq(s->id, id))
                        return s;
        }
        if (g->closed || (g->limit > 0 && g->n == g->limit)) {
                g->more = true;
                return NULL;
        }
        s = clew_arena_calloc(g->arena, 1, sizeof(*s));
        if (!s)
                return NULL;
        s->id = clew_arena_copy(g->arena, id);
        s->next_in_bucket = *bucket;
        *bucket = s;
        if (g->last)
                g->last->next = s;
        else
                g->first = s;
        g->last = s;
        g->n++;
        return s;
}

static int keep_scores(struct clew_sessions *g, struct clew_session *s,
                       const struct clew_summary *sum)
{
        CLEW_BUFFER text = {0};

        if (s->n_scores > 0 || sum->n_scores == 0)
                return 0;
        s->score_list = clew_arena_calloc(g->arena, sum->n_scores, sizeof(*s->score_list));
        if (!s->score_list)
                return -ENOMEM;
        clew_buffer_init(&text, 1 << 16);
        for (uint32_t i = 0; i < sum->n_scores; i++) {
                struct clew_summary_score score = sum->scores[i];

                if (score.target != CLEW_SCORE_SESSION)
                        continue;
                clew_buffer_append_cstr(&text, s->n_scores ? ", " : "");
                clew_summary_score_brief(&score, &text);
                score.name = clew_arena_copy(g->arena, score.name);
                score.label = clew_arena_copy(g->arena, score.label);
                s->score_list[s->n_scores++] = score;
        }
        s->scores = clew_arena_copy(g->arena, clew_buffer_slice(&text));
        return 0;
}

/* The walk is newest first, so the first trace of a session is its last run. @own: the session is
 * that of the whole run, not only of a part; tokens and cost count there. */
static int add_to(struct clew_sessions *g, const struct clew_selected *t, struct clew_slice id,
                  bool own)
{
        const struct clew_summary *sum = &t->summary;
        struct clew_session *s = find(g, id);

        if (!s)
                return g->more ? 0 : -ENOMEM;
        if (s->n_runs++ == 0) {
                s->last_ns = t->start_ns;
                s->last_trace = t->id;
                s->user = clew_arena_copy(g->arena, sum->user);
                if (sum->n_agents > 0)
                        s->agent = clew_arena_copy(g->arena, sum->agents[0].name);
        }
        if (s->user.len == 0)
                s->user = clew_arena_copy(g->arena, sum->user);
        s->first_ns = t->start_ns;
        s->n_failed += (CLEW_OUTCOME_BIT(sum->outcome) & CLEW_OUTCOMES_FAILED) != 0;
        s->n_open += sum->outcome == CLEW_OUTCOME_OPEN;
        if (!own)
                return 0;
        s->tokens += sum->tokens.total;
        s->cost_usd += sum->cost_usd;
        s->has_cost = s->has_cost || sum->has_cost;
        return keep_scores(g, s, sum);
}

static bool is_wanted(const struct clew_sessions *g, struct clew_slice id)
{
        return id.len > 0 && (g->only.n == 0 || clew_name_filter_matches(&g->only, id));
}

static int add(struct clew_sessions *g, const struct clew_selected *t)
{
        const struct clew_summary *sum = &t->summary;
        int r = 0;

        if (sum->session.len == 0 && sum->n_sessions == 0) {
                g->without++;
                return 0;
        }
        if (is_wanted(g, sum->session))
                r = add_to(g, t, sum->session, true);
        for (uint32_t i = 0; i < sum->n_sessions && r == 0; i++) {
                if (is_wanted(g, sum->sessions[i]))
                        r = add_to(g, t, sum->sessions[i], false);
        }
        return r;
}

static const struct clew_session *of(const void *record)
{
        return record;
}

static void put_id(struct clew_json_writer *w, const void *r)
{
        clew_json_write_string(w, of(r)->id);
}

static void put_user(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->user);
}

static void put_agent(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->agent);
}

static void put_runs(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->n_runs);
}

static void put_failed(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->n_failed);
}

static void put_open(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->n_open);
}

static void put_first(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, of(r)->first_ns);
}

static void put_last(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, of(r)->last_ns);
}

static void put_last_trace(struct clew_json_writer *w, const void *r)
{
        clew_write_trace_id(w, &of(r)->last_trace);
}

static void put_tokens(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->tokens);
}

static void put_cost(struct clew_json_writer *w, const void *r)
{
        if (of(r)->has_cost)
                clew_json_write_double(w, of(r)->cost_usd);
        else
                clew_json_write_null(w);
}

static void put_scores(struct clew_json_writer *w, const void *r)
{
        struct clew_summary sum = {.n_scores = of(r)->n_scores};

        for (uint32_t i = 0; i < sum.n_scores; i++)
                sum.scores[i] = of(r)->score_list[i];
        clew_write_summary_scores(w, &sum, UINT32_MAX);
}

const struct clew_record_field clew_session_fields[] = {
        {"session", true, put_id},
        {"user", true, put_user},
        {"agent", true, put_agent},
        {"runs", true, put_runs},
        {"failed", true, put_failed},
        {"open", true, put_open},
        {"first_start", true, put_first},
        {"last_start", true, put_last},
        {"last_trace_id", true, put_last_trace},
        {"tokens_total", true, put_tokens},
        {"cost_usd", true, put_cost},
        {"scores", false, put_scores},
        {0},
};

/* Has the walk go on behind @last over the sessions that were met alone. */
static int narrow(struct clew_sessions *g, struct clew_select *s, const struct clew_selected *last,
                  struct clew_error *err)
{
        const char **names = clew_arena_calloc(g->arena, g->n + 1, sizeof(*names));
        size_t n = 0;

        g->closed = true;
        if (!names)
                return -ENOMEM;
        for (const struct clew_session *x = g->first; x; x = x->next) {
                char *name = clew_arena_calloc(g->arena, 1, x->id.len + 1);

                if (!name)
                        return -ENOMEM;
                memcpy(name, x->id.data, x->id.len);
                names[n++] = name;
        }
        g->narrowed = s->filter ? *s->filter : (struct clew_filter){0};
        g->narrowed.sessions = (struct clew_name_filter){names, n};
        return clew_select_go_on(s, &g->narrowed, last, err);
}

int clew_sessions_gather(struct clew_sessions *g, struct clew_select *s,
                         struct clew_name_filter only, uint64_t limit, struct clew_arena *arena,
                         struct clew_error *err)
{
        struct clew_selected t;
        int r = 1;

        *g = (struct clew_sessions){
                .arena = arena, .only = only, .limit = limit <= LIMIT_MAX ? limit : 0};
        g->buckets = clew_arena_calloc(arena, BUCKETS, sizeof(*g->buckets));
        if (!g->buckets)
                return -ENOMEM;
        while (r >= 0 && (r = clew_select_next(s, &t, err)) == 1) {
                struct clew_selected last = {.id = t.id, .start_ns = t.start_ns};

                r = add(g, &t);
                if (r == 0 && g->more && !g->closed)
                        r = narrow(g, s, &last, err);
        }
        if (r == 0 && clew_arena_failed(arena))
                r = -ENOMEM;
        return r;
}
