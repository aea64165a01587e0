/*
 * See select.h. The walk of the store gives traces newest first, so --since ends it and --until is
 * where it begins; the other conditions look at summaries.
 */
#include "query/find/select.h"

#include "query/model/prices.h"

#include "query/find/aimed.h"
#include "query/find/index/index.h"
#include "query/find/own-query-int.h"
#include "query/find/run.h"
#include "query/find/select-int.h"

#include "proto/base/mem.h"
#include "proto/base/stop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One summary; the longest have some kilobytes. */
#define SUMMARY_BYTES_MAX ((size_t)1 << 20)
/* All that indexes are asked. Returns how many queries, or -ENOMEM. */
static int gather_asked(struct clew_select *s)
{
        const struct clew_filter *f = s->filter;
        uint32_t n = 0;

        for (uint32_t i = 0; i < f->n_queries; i++)
                s->asked[n++] = f->queries[i];
        if (f->outcomes == 0 && f->sessions.n == 0)
                return (int)n;
        s->own = clew_calloc(1, sizeof(*s->own));
        if (!s->own ||
            clew_own_query_make(f->outcomes, f->sessions.values, f->sessions.n, s->own) < 0)
                return -ENOMEM;
        if (s->own->query)
                s->asked[n++] = s->own->query;
        return (int)n;
}

/* What people said is asked for: it stands in no index. Scores that other traces carry are met on
 * the way, too late for the indexes: their targets are gathered first. */
static int gather_said(struct clew_select *s, const struct clew_list_entry *from,
                       struct clew_error *err)
{
        const struct clew_said_source source = {s->filter->spoken, s->filter->say, s->view};
        CLEW_BUFFER targets = {0};
        int r;

        if (!source.each || !source.say || !clew_index_choice_asks_said(s->choice))
                return 0;
        clew_buffer_init(&targets, CLEW_SELECT_AIMED_MAX * sizeof(struct clew_trace_id));
        r = clew_aimed_targets(s->view, from, s->filter->since_ns, &targets, err);
        if (r == -ESTALE)
                return r;
        clew_index_choice_set_said(s->choice, s->view, &source,
                                   (const struct clew_trace_id *)(const void *)targets.data,
                                   r < 0 ? UINT32_MAX
                                         : (uint32_t)(targets.len / sizeof(struct clew_trace_id)));
        return 0;
}

/* The walk over all traces, or over those that indexes cannot rule out. */
static int begin_walk(struct clew_select *s, const struct clew_list_entry *from,
                      struct clew_error *err)
{
        const struct clew_filter *f = s->filter;
        bool no_index = !f || f->no_index || s->index_failed;
        bool light = !no_index && f->light != 0 && f->sessions.n == 0;
        int n = no_index ? 0 : gather_asked(s);

        if (n > 0 || light) {
                s->columns = light ? clew_columns_new(f->light) : NULL;
                s->choice = clew_index_choice_new(s->asked, (uint32_t)n);
        }
        if (n < 0 || ((n > 0 || light) && (!s->choice || (light && !s->columns))))
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (n > 0 && clew_select_begin_glances(s) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (!s->choice || (!light && !clew_index_choice_narrows(s->choice)))
                return clew_view_list(s->view, from, err);
        if (gather_said(s, from, err) == -ESTALE)
                return -ESTALE;
        s->taker = (struct clew_index_taker){clew_select_take, s};
        clew_index_choice_set_taker(s->choice, light ? &s->taker : NULL);
        return clew_view_list_chosen(s->view, from,
                                     clew_index_choice_chooser(s->choice, f->since_ns, light), err);
}

/* Whether who gets the selected ones asks what the rules of root cause find in them. */
static bool wants_facts(const struct clew_select *s)
{
        static const unsigned found = CLEW_LIGHT_CAUSE | CLEW_LIGHT_SIGNATURE | CLEW_LIGHT_FACTS;
        const struct clew_filter *f = s->filter;

        return !f || (!f->plain && (f->light == 0 || (f->light & found) != 0));
}

/* Those rules are five sixths of what it costs to summarise a trace, and most conditions do not ask
 * for what they find: then they are asked for what is selected alone. */
static bool can_judge_plain(const struct clew_select *s)
{
        const struct clew_filter *f = s->filter;

        for (uint32_t i = 0; f && i < f->n_queries; i++) {
                if (clew_query_asks_facts(f->queries[i]))
                        return false;
        }
        return !wants_facts(s) ||
               (f && (f->n_queries > 0 || f->outcomes != 0 || f->sessions.n > 0));
}

int clew_select_init(struct clew_select *s, struct clew_view *view,
                     const struct clew_filter *filter, const struct clew_clock *clock,
                     const struct clew_selected *after, struct clew_error *err)
{
        struct clew_list_entry from = {.start_ns = UINT64_MAX};

        *s = (struct clew_select){.view = view, .filter = filter, .clock = clock};
        clew_arena_init(&s->arena, CLEW_SELECT_ARENA_MAX);
        clew_buffer_init(&s->derived, SUMMARY_BYTES_MAX);
        clew_select_remember_init(s);
        if (filter && filter->limit_ns != 0)
                s->deadline_ns = clew_clock_monotonic_ns(clock) + filter->limit_ns;
        s->plain_first = can_judge_plain(s);
        for (uint32_t i = 0; filter && i < filter->n_queries; i++) {
                s->runs[i] = clew_query_run_new(filter->queries[i]);
                if (!s->runs[i])
                        return -ENOMEM;
        }
        if (filter && filter->until_ns != 0) {
                /* Behind the last id of that instant: what starts before it. */
                from.start_ns = filter->until_ns;
                memset(&from.id, 0xff, sizeof(from.id));
        }
        if (after && after->start_ns <= from.start_ns) {
                from.start_ns = after->start_ns;
                from.id = after->id;
        }
        if (clew_view_is_old(view)) {
                int r = clew_view_renew(view, err);

                if (r < 0)
                        return r;
        }
        return begin_walk(s, from.start_ns == UINT64_MAX ? NULL : &from, err);
}

static void end_walk(struct clew_select *s)
{
        clew_columns_free(s->columns);
        s->columns = NULL;
        clew_index_choice_free(s->choice);
        s->choice = NULL;
        clew_query_run_free(s->own_run);
        s->own_run = NULL;
        s->glances = false;
        if (s->own)
                clew_own_query_deinit(s->own);
        clew_free(s->own);
        s->own = NULL;
}

int clew_select_go_on(struct clew_select *s, const struct clew_filter *filter,
                      const struct clew_selected *after, struct clew_error *err)
{
        const struct clew_list_entry from = {.id = after->id, .start_ns = after->start_ns};

        end_walk(s);
        s->filter = filter;
        return begin_walk(s, &from, err);
}

void clew_select_deinit(struct clew_select *s)
{
        clew_arena_deinit(&s->arena);
        clew_arena_deinit(&s->kept);
        clew_buffer_deinit(&s->derived);
        for (uint32_t i = 0; i < CLEW_FILTER_QUERIES_MAX; i++) {
                clew_query_run_free(s->runs[i]);
                s->runs[i] = NULL;
        }
        end_walk(s);
}

static bool session_passes(const struct clew_name_filter *filter, const struct clew_summary *s)
{
        if (filter->n == 0 || clew_name_filter_matches(filter, s->session))
                return true;
        for (uint32_t i = 0; i < s->n_sessions; i++) {
                if (clew_name_filter_matches(filter, s->sessions[i]))
                        return true;
        }
        return false;
}

static bool passes(const struct clew_filter *f, const struct clew_summary *s)
{
        if (!f)
                return true;
        return (f->outcomes == 0 || (f->outcomes & CLEW_OUTCOME_BIT(s->outcome)) != 0) &&
               session_passes(&f->sessions, s);
}

/* Summarises the trace itself; without cause and facts where the walk needs none. Stored summaries
 * of older rules are good enough for a list: `clew reindex` renews them. */
static int derive(struct clew_select *s, const struct clew_trace_id *id,
                  const struct clew_trace *built, struct clew_selected *ret, struct clew_error *err)
{
        const struct clew_deriver *deriver =
                s->is_plain ? clew_model_deriver_plain() : clew_model_deriver();
        struct clew_summary summary;
        uint64_t start_ns;
        int r;

        clew_buffer_clear(&s->derived);
        if (built) {
                r = clew_summary_of_full_trace(built, &s->arena, &summary);
                if (r == 0)
                        clew_summary_encode(&summary, &s->derived);
        } else {
                if (!s->has_data) {
                        r = clew_select_load_some(s, id, err);
                        if (r < 0)
                                return r;
                        s->cut += s->data.left_out > 0;
                }
                r = deriver->summarize(deriver->context, id, s->data.traces, s->data.logs,
                                       &s->derived, &start_ns);
        }
        if (r == 0)
                r = clew_buffer_error(&s->derived);
        if (r == 0)
                r = clew_summary_decode(clew_buffer_slice(&s->derived), &s->arena, &ret->summary);
        if (r < 0) {
                char hex[CLEW_TRACE_ID_HEX];

                clew_trace_id_to_hex(id, hex);
                return clew_error_set(err, r, 0, "trace %s: cannot be summarised: %s", hex,
                                      strerror(-r));
        }
        return 0;
}

/* Stored without a cost, before this price list was there: `clew reindex` stores it with one. */
static bool is_unpriced(const struct clew_summary *s)
{
        return clew_prices_mark() != 0 && !s->has_cost && s->tokens.total > 0 &&
               s->rules_version >> 16 != clew_prices_mark();
}

/* A trace of a run in several is shown as the whole of it. @built: that, built already. */
static int fill_joined(struct clew_select *s, const struct clew_run *run,
                       const struct clew_trace *built, struct clew_selected *ret,
                       struct clew_error *err)
{
        struct clew_run_data data;
        struct clew_summary summary;
        int r;

        clew_buffer_clear(&s->derived);
        s->has_data = false;
        s->is_plain = false;
        if (built) {
                r = clew_summary_of_full_trace(built, &s->arena, &summary);
                if (r == 0)
                        clew_summary_encode(&summary, &s->derived);
        } else {
                r = clew_run_load(s->view, &run->head, &s->arena, &data, err);
                if (r < 0)
                        return r;
                s->data = data.data;
                s->has_data = true;
                s->joined = data.joined;
                /* Not joined: the others had named it, but are of another one first. */
                r = data.joined
                            ? clew_summary_of_run(data.data.traces, data.data.logs, &s->derived)
                            : clew_summary_of_one(data.data.traces, data.data.logs, &s->derived);
        }
        if (r == 0)
                r = clew_buffer_error(&s->derived);
        return r == 0 ? clew_summary_decode(clew_buffer_slice(&s->derived), &s->arena,
                                            &ret->summary)
                      : r;
}

/* What else is of its run; *ret_silent_ns is moved to the last arrival of any of it. */
static int join(struct clew_select *s, const struct clew_trace *built, struct clew_selected *ret,
                uint64_t *ret_silent_ns, struct clew_error *err)
{
        struct clew_run run;
        int r;

        if (!ret->summary.has_run || (s->filter && s->filter->apart))
                return 0;
        r = clew_run_find(s->view, &ret->summary.run, &run, err);
        if (r < 0 || run.n < 2)
                return r;
        ret->part = !clew_trace_id_eq(&run.head, &ret->id);
        if (ret->part && !built && !s->parts_speak)
                return 0;
        if (ret->part && !built) {
                struct clew_list_entry head;

                r = clew_view_entry(s->view, &run.head, &head, err);
                if (r < 0)
                        return r;
                ret->id = run.head;
                ret->start_ns = head.start_ns;
                ret->part = false;
        }
        ret->hot = run.hot;
        if (run.last_arrival_ns > *ret_silent_ns)
                *ret_silent_ns = run.last_arrival_ns;
        return fill_joined(s, &run, built, ret, err);
}

/* What time makes of it. @silent_since 0 = what its spans say. */
static void look_at_time(const struct clew_select *s, uint64_t silent_since,
                         struct clew_selected *ret)
{
        uint64_t patience = CLEW_LOST_AFTER_NS;
        uint64_t now;

        if (silent_since == 0)
                silent_since = ret->start_ns + ret->summary.duration_ns;
        ret->last_sign_ns = silent_since;
        if (ret->summary.outcome != CLEW_OUTCOME_OPEN)
                return;
        now = clew_clock_unix_ns(s->clock);
        if (s->filter && s->filter->lost_after_ns != 0)
                patience = s->filter->lost_after_ns;
        clew_settle_summary(&ret->summary, ret->start_ns, now, patience);
        ret->lost = ret->summary.outcome == CLEW_OUTCOME_OPEN && silent_since < now &&
                    now - silent_since > patience;
}

/* A summary of what is hot dies with the next entry that is asked for, as the head of its run. */
static int decode_hot(struct clew_select *s, const struct clew_list_entry *entry,
                      struct clew_selected *ret)
{
        clew_buffer_clear(&s->derived);
        clew_buffer_append_slice(&s->derived, entry->summary);
        return clew_buffer_error(&s->derived) < 0
                       ? -ENOENT
                       : clew_summary_decode(clew_buffer_slice(&s->derived), &s->arena,
                                             &ret->summary);
}

static int fill(struct clew_select *s, const struct clew_list_entry *entry,
                const struct clew_trace *built, struct clew_selected *ret, struct clew_error *err)
{
        uint64_t silent_since = entry->last_arrival_ns;
        int r = -ENOENT;

        clew_arena_reset(&s->arena);
        s->has_data = s->has_glanced;
        s->has_glanced = false;
        s->joined = false;
        s->is_plain = false;
        s->found = (struct clew_query_result){0};
        *ret = (struct clew_selected){
                .id = entry->id, .start_ns = entry->start_ns, .view = s->view, .hot = entry->hot};
        if (clew_select_is_told(entry))
                r = decode_hot(s, entry, ret);
        else if (!entry->hot && entry->summary.len > 0)
                r = clew_summary_decode(entry->summary, &s->arena, &ret->summary);
        if (r < 0 || is_unpriced(&ret->summary)) {
                s->is_plain = s->plain_first && !built;
                r = derive(s, &entry->id, built, ret, err);
        }
        if (r == 0)
                r = join(s, built, ret, &silent_since, err);
        if (r < 0)
                return r;
        clew_select_remember(s, &ret->summary);
        clew_select_recall(s, ret);
        look_at_time(s, silent_since, ret);
        return 0;
}

/* Adds cause and facts to a summary that lacks them. */
static int complete(struct clew_select *s, struct clew_selected *t, struct clew_error *err)
{
        int r;

        s->is_plain = false;
        r = derive(s, &t->id, NULL, t, err);
        if (r < 0)
                return r;
        clew_select_recall(s, t);
        look_at_time(s, t->last_sign_ns, t);
        return 0;
}

/* Of what an index is sure of, from its columns. 1, or 0: the summary is to be read. */
static int fill_light(struct clew_select *s, const struct clew_list_entry *entry,
                      struct clew_selected *ret, struct clew_error *err)
{
        s->has_data = false;
        s->joined = false;
        s->is_plain = false;
        *ret = (struct clew_selected){
                .id = entry->id, .start_ns = entry->start_ns, .view = s->view};
        if (!s->columns ||
            clew_columns_read(s->columns, entry->run, entry->ordinal, &ret->summary, err) != 1 ||
            is_unpriced(&ret->summary))
                return 0;
        look_at_time(s, 0, ret);
        return 1;
}

static int fill_any(struct clew_select *s, const struct clew_list_entry *entry,
                    struct clew_selected *ret, struct clew_error *err)
{
        struct clew_list_entry whole;
        int r;

        s->is_light = false;
        if (!entry->run)
                return fill(s, entry, NULL, ret, err);
        if (fill_light(s, entry, ret, err) == 1) {
                s->is_light = true;
                return 0;
        }
        r = clew_view_entry(s->view, &entry->id, &whole, err);
        return r < 0 ? r : fill(s, &whole, NULL, ret, err);
}

/* An index that turned out to be damaged on the way: who asked is to know. */
static void note_damage(struct clew_select *s)
{
        const struct clew_index_use *use = clew_view_index_use(s->view);

        if (use->is_damaged && s->index_damage[0] == '\0')
                snprintf(s->index_damage, sizeof(s->index_damage), "%s", use->why_not);
}

const char *clew_select_index_damage(struct clew_select *s)
{
        note_damage(s);
        return s->index_damage[0] ? s->index_damage : NULL;
}

/* Of what columns tell, thousands pass in a millisecond. */
static bool is_time_to_look(const struct clew_select *s)
{
        return !s->is_light || s->seen % 64 == 0;
}

/* Time to move on to a newer snapshot. Not after runs were taken in no order: nobody knows how far
 * the walk has come then, and it is over soon. */
static bool must_yield(const struct clew_select *s)
{
        return s->has_last && is_time_to_look(s) && clew_view_index_use(s->view)->taken == 0 &&
               clew_view_is_old(s->view);
}

/* Goes on behind the trace looked at last. */
static int yield(struct clew_select *s, struct clew_error *err)
{
        int r;

        note_damage(s);
        end_walk(s);
        s->has_data = false;
        r = clew_view_renew(s->view, err);
        if (r == 0)
                r = begin_walk(s, &s->last, err);
        return r;
}

/* What columns told cannot be read: the trace itself may well be. */
static int fill_without(struct clew_select *s, struct clew_list_entry *entry,
                        struct clew_selected *ret, struct clew_error *err)
{
        struct clew_trace_id id = entry->id;
        int r;

        s->index_failed = true;
        s->is_light = false;
        if (s->index_damage[0] == '\0')
                snprintf(s->index_damage, sizeof(s->index_damage), "a column cannot be read");
        r = yield(s, err);
        if (r == 0)
                r = clew_view_entry(s->view, &id, entry, err);
        return r < 0 ? r : fill(s, entry, NULL, ret, err);
}

int clew_select_whole(struct clew_select *s, struct clew_selected *t, struct clew_error *err)
{
        struct clew_list_entry whole;
        struct clew_trace_id id = t->id;
        int r;

        if (!s->is_light) {
                s->has_data = s->has_data && !s->is_plain; /* the view may have loaded another */
                return s->is_plain ? complete(s, t, err) : 0;
        }
        r = clew_view_entry(s->view, &id, &whole, err);
        if (r == 0)
                r = fill(s, &whole, NULL, t, err);
        if (r == 0 && s->is_plain)
                r = complete(s, t, err);
        whole.id = id;
        if (r < 0 && clew_view_is_broken(s->view))
                r = fill_without(s, &whole, t, err);
        s->is_light = r < 0;
        return r;
}

static bool must_end(struct clew_select *s)
{
        const struct clew_filter *f = s->filter;

        if (f && clew_stop_is_set(f->stop))
                s->end = CLEW_SELECT_STOPPED;
        else if (s->deadline_ns != 0 && is_time_to_look(s) &&
                 clew_clock_monotonic_ns(s->clock) >= s->deadline_ns)
                s->end = CLEW_SELECT_OUT_OF_TIME;
        else if (f && f->limit_bytes != 0 && s->read_bytes >= f->limit_bytes)
                s->end = CLEW_SELECT_OUT_OF_BYTES;
        return s->end != CLEW_SELECT_WHOLE;
}

void clew_select_count_read(struct clew_select *s, uint64_t bytes)
{
        if (!s->has_data)
                s->read_bytes += bytes;
}

void clew_filter_spend(struct clew_filter *f, const struct clew_select *s)
{
        uint64_t now = s->deadline_ns ? clew_clock_monotonic_ns(s->clock) : 0;

        if (s->deadline_ns != 0)
                f->limit_ns = s->deadline_ns > now ? s->deadline_ns - now : 1;
        if (f->limit_bytes != 0)
                f->limit_bytes =
                        f->limit_bytes > s->read_bytes ? f->limit_bytes - s->read_bytes : 1;
}

static int load(struct clew_select *s, const struct clew_trace_id *id, struct clew_error *err)
{
        int r = s->has_data ? 0 : clew_view_load(s->view, id, &s->data, err);

        if (r < 0)
                return r;
        clew_select_count_read(s, s->data.traces.len + s->data.logs.len);
        s->has_data = true;
        return 0;
}

struct clew_query_facts clew_select_facts(const struct clew_select *s,
                                          const struct clew_selected *t)
{
        return (struct clew_query_facts){.id = t->id,
                                         .start_ns = t->start_ns,
                                         .summary = &t->summary,
                                         .lost = t->lost,
                                         .joined = s->joined,
                                         .say = s->filter ? s->filter->say : NULL,
                                         .say_context = s->view};
}

int clew_select_open(struct clew_select *s, const struct clew_selected *t,
                     struct clew_trace_data *ret, struct clew_error *err)
{
        int r = load(s, &t->id, err);

        if (r == 0)
                *ret = s->data;
        return r;
}

/* The spans of the trace, for queries that its summary does not decide. */
static int search(struct clew_select *s, const struct clew_query_facts *facts,
                  const enum clew_verdict3 *verdicts, struct clew_error *err)
{
        int r = load(s, &facts->id, err);

        if (r < 0)
                return r;
        s->scanned++;
        s->scanned_bytes += s->data.traces.len + s->data.logs.len;
        if (clew_select_bytes_rule_out(s))
                return 0;
        for (uint32_t i = 0; i < s->filter->n_queries; i++) {
                if (verdicts[i] == CLEW_YES)
                        continue;
                r = clew_query_evaluate(s->runs[i], facts, s->data.traces, s->data.logs, &s->found);
                if (r == 0)
                        return 0;
                if (r < 0) {
                        char hex[CLEW_TRACE_ID_HEX];

                        clew_trace_id_to_hex(&facts->id, hex);
                        return clew_error_set(err, r, 0, "trace %s: %s", hex,
                                              r == -E2BIG ? "the query costs more work on it than "
                                                            "one trace may cost"
                                                          : strerror(-r));
                }
        }
        return 1;
}

/* 1 = the trace meets all queries, 0 = not. */
static int meets(struct clew_select *s, const struct clew_list_entry *entry,
                 const struct clew_selected *t, struct clew_error *err)
{
        struct clew_query_facts facts = clew_select_facts(s, t);
        enum clew_verdict3 verdicts[CLEW_FILTER_QUERIES_MAX];
        bool all = true;

        if (!s->filter || (entry->sure && !s->joined))
                return 1;
        for (uint32_t i = 0; i < s->filter->n_queries; i++) {
                verdicts[i] = clew_query_judge(s->runs[i], &facts);
                if (verdicts[i] == CLEW_NO)
                        return 0;
                all &= verdicts[i] == CLEW_YES;
        }
        return all ? 1 : search(s, &facts, verdicts, err);
}

/* Looked at last, so that what is left out is counted among what the other conditions met. */
static bool is_wanted(struct clew_select *s, const struct clew_summary *summary)
{
        if (clew_select_is_run(s->filter, summary->kinds))
                return true;
        s->helpers++;
        return false;
}

/* A trace that cannot be read, or is no more there (-ENOENT); what comes behind it is. */
static int pass_over(struct clew_select *s, int why, const struct clew_error *damage,
                     struct clew_error *err)
{
        if (why == -ENOENT)
                s->seen--;
        else if (s->damaged++ == 0)
                s->damage = *damage;
        return clew_view_is_broken(s->view) ? yield(s, err) : 0;
}

/* 1 = @entry is selected, 0 = it is not; damage is counted. An error: the walk cannot go on. */
static int examine(struct clew_select *s, const struct clew_list_entry *entry,
                   struct clew_selected *ret, struct clew_error *err)
{
        struct clew_error damage = {0};
        struct clew_list_entry e = *entry;
        int r;

        if (s->skip && s->skip(s->skip_context, entry)) {
                s->seen++;
                return 0;
        }
        if (clew_select_rules_out(s, &e)) {
                s->seen++;
                return 0;
        }
        r = fill_any(s, &e, ret, &damage);
        if (r < 0 && e.run && clew_view_is_broken(s->view))
                r = fill_without(s, &e, ret, &damage);
        if (r == 0 && ret->part)
                return 0;
        s->seen++;
        if (r == 0)
                r = passes(s->filter, &ret->summary) ? meets(s, &e, ret, &damage) : 0;
        if (r == 1 && !is_wanted(s, &ret->summary))
                return 0;
        if (r == 1 && s->is_plain && wants_facts(s)) {
                r = complete(s, ret, &damage);
                r = r < 0 ? r : 1;
        }
        return r < 0 ? pass_over(s, r, &damage, err) : r;
}

/* The walk has come to its end: what indexes kept out of it was looked at, too. */
static int count_left_out(struct clew_select *s, struct clew_error *err)
{
        int r = s->choice ? clew_view_settle_index_use(s->view, err) : 0;

        if (r == 0 && s->choice)
                s->seen += clew_view_index_use(s->view)->left_out;
        return r;
}

int clew_select_next(struct clew_select *s, struct clew_selected *ret, struct clew_error *err)
{
        while (!s->done) {
                struct clew_list_entry entry;
                int r = must_end(s) ? 0 : must_yield(s) ? yield(s, err) : 1;

                if (r == 1 || (r == 0 && s->end == CLEW_SELECT_WHOLE))
                        r = clew_view_next(s->view, &entry, err);

                if (r <= 0) {
                        s->done = true;
                        return r == 0 && s->end == CLEW_SELECT_WHOLE ? count_left_out(s, err) : r;
                }
                if (s->filter && entry.start_ns < s->filter->since_ns) {
                        s->done = true;
                        return count_left_out(s, err);
                }
                s->last = (struct clew_list_entry){.id = entry.id, .start_ns = entry.start_ns};
                s->has_last = true;
                r = examine(s, &entry, ret, err);
                if (r != 0) {
                        s->done = r < 0;
                        s->selected += r == 1;
                        return r;
                }
        }
        return 0;
}

/* Traces looked at for their keys when the query opened none. */
#define SAMPLE_TRACES 64u

static void sample(struct clew_select *s)
{
        struct clew_list_entry entry;
        struct clew_trace_data data;
        struct clew_error err = {0};

        for (uint32_t i = 0; i < s->filter->n_queries; i++)
                clew_query_sample_begin(s->runs[i]);
        if (clew_view_list(s->view, NULL, &err) < 0)
                return;
        for (unsigned n = 0; n < SAMPLE_TRACES && clew_view_next(s->view, &entry, &err) == 1; n++) {
                struct clew_trace_id id = entry.id;

                if (clew_view_load(s->view, &id, &data, &err) < 0)
                        continue;
                for (uint32_t i = 0; i < s->filter->n_queries; i++)
                        clew_query_sample(s->runs[i], data.traces, data.logs);
        }
}

/* Traces that hold a name of the query, evaluated to see what stands under it. */
#define EVIDENCE_TRACES 16u

static void evaluate_some(struct clew_select *s)
{
        struct clew_list_entry entry;
        struct clew_selected t;
        struct clew_query_result found;
        struct clew_error err = {0};
        unsigned n = 0;

        if (clew_view_list_chosen(s->view, NULL, clew_index_choice_of_names(s->choice), &err) < 0)
                return;
        while (n++ < EVIDENCE_TRACES && clew_view_next(s->view, &entry, &err) == 1) {
                struct clew_query_facts facts;

                if (fill(s, &entry, NULL, &t, &err) < 0 || t.part || load(s, &t.id, &err) < 0)
                        continue;
                facts = clew_select_facts(s, &t);
                for (uint32_t i = 0; i < s->filter->n_queries; i++)
                        (void)!clew_query_evaluate(s->runs[i], &facts, s->data.traces, s->data.logs,
                                                   &found);
        }
}

/* A walk over indexes has seen only what can match: what there is else, they tell. */
static void gather_evidence(struct clew_select *s)
{
        bool misfit = false;
        bool unknown = false;
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        for (uint32_t i = 0; i < s->filter->n_queries; i++) {
                struct clew_query_error mistake;
                struct clew_index_told told;
                struct clew_error err = {0};
                bool fatal;

                if (clew_index_tell(s->view, s->runs[i], &arena, &told, &err) < 0)
                        continue;
                /* What the walk has met says enough, and is not to be counted twice. */
                misfit |= told.misfit && !clew_query_complaint(s->runs[i], 0, &mistake, &fatal);
                unknown |= told.unknown_name;
        }
        if (misfit)
                evaluate_some(s);
        if (unknown)
                sample(s);
}

bool clew_select_complaint(struct clew_select *s, uint32_t n, struct clew_slice *ret_text,
                           struct clew_query_error *err, bool *ret_fatal)
{
        uint32_t told = 0;

        if (!s->filter)
                return false;
        if (n == 0 && s->choice && clew_view_index_use(s->view)->used)
                gather_evidence(s);
        else if (n == 0 && s->selected == 0 && s->scanned == 0 && s->filter->n_queries > 0)
                sample(s);
        for (uint32_t i = 0; i < s->filter->n_queries; i++) {
                uint32_t mine = 0;

                *ret_text = clew_query_text(s->filter->queries[i]);
                while (clew_query_complaint(s->runs[i], mine, err, ret_fatal)) {
                        if (told++ == n)
                                return true;
                        mine++;
                }
        }
        return false;
}

int clew_select_one(struct clew_select *s, const struct clew_trace_id *id,
                    const struct clew_trace *built, struct clew_selected *ret,
                    struct clew_error *err)
{
        struct clew_list_entry entry;
        int r = clew_view_entry(s->view, id, &entry, err);

        return r < 0 ? r : fill(s, &entry, built, ret, err);
}

void clew_select_init_single(struct clew_select *s, struct clew_view *view,
                             const struct clew_clock *clock)
{
        *s = (struct clew_select){.view = view, .clock = clock, .done = true};
        clew_arena_init(&s->arena, CLEW_SELECT_ARENA_MAX);
        clew_select_remember_init(s);
        clew_buffer_init(&s->derived, SUMMARY_BYTES_MAX);
}
