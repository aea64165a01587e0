/*
 * See filter.h.
 */
#include "query/serve/filter-int.h"

#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "query/answer/when.h"
#include "query/review/reviews.h"

#include <errno.h>
#include <string.h>

void clew_filter_flags_add(struct clew_flag_set *set, struct clew_filter_flags *f)
{
        const struct clew_flag flags[] = {
                {"since", 's', "TIME", "started at or after: 90m, 24h, 7d, a date, all",
                 .ret_text = &f->since},
                {"until", 'u', "TIME", "started before", .ret_text = &f->until},
                {"failed", 'f', NULL, "failed, or ended in an error", .ret_flag = &f->failed},
                {"ok", 0, NULL, "ended well", .ret_flag = &f->ok},
                {"open", 0, NULL, "not ended yet", .ret_flag = &f->open},
                {"lost", 0, NULL, "not ended, and silent for too long", .ret_flag = &f->lost},
                {"paused", 0, NULL, "ended waiting for an approval or an answer",
                 .ret_flag = &f->paused},
                {"cancelled", 0, NULL, "refused or stopped by the user", .ret_flag = &f->cancelled},
                {"lost-after", 0, "LENGTH", "silence that makes an open run lost (10m)",
                 .ret_text = &f->lost_after},
                {"agent", 'a', "NAME", "has this agent (NAME* = prefix; repeat for or)",
                 .ret_values = &f->agents},
                {"tool", 't', "NAME", "called this tool", .ret_values = &f->tools},
                {"model", 'm', "NAME", "used this model", .ret_values = &f->models},
                {"service", 0, "NAME", "of this service", .ret_values = &f->services},
                {"session", 0, "ID", "of this session", .ret_values = &f->sessions},
                {"user", 0, "ID", "of this user", .ret_values = &f->users},
                {"longer", 0, "LENGTH", "took longer than 5s, 2m ...", .ret_text = &f->longer},
                {"tokens-over", 0, "N", "used more tokens", .ret_number = &f->tokens_over},
                {"cost-over", 0, "USD", "cost more dollars", .ret_text = &f->cost_over},
                {"loop", 0, NULL, "went round: the same calls and answers three times",
                 .ret_flag = &f->loop},
                {"stall", 0, NULL, "eight model calls in a row learnt nothing",
                 .ret_flag = &f->stall},
                {"retries", 0, "N", "made N failed calls or more again", .ret_number = &f->retries},
                {"waste-tokens", 0, "N", "wasted N tokens or more", .ret_number = &f->waste_tokens},
                {"waste-time", 0, "LENGTH", "wasted 5s, 2m ... or more",
                 .ret_text = &f->waste_time},
                {"cause", 0, "RULE", "explained by this rule of clew why (RULE* = prefix)",
                 .ret_values = &f->causes},
                {"signature", 0, "TEXT", "failed so: the signature of clew clusters",
                 .ret_values = &f->signatures},
                {"attr", 0, "KEY[=VALUE]", "a span, event, resource or log has this attribute",
                 .ret_values = &f->attributes},
                {"grep", 'g', "TEXT", "has this text somewhere in its spans, JSON decoded",
                 .ret_values = &f->texts},
                {"ignore-case", 'i', NULL, "--grep takes no notice of case",
                 .ret_flag = &f->ignore_case},
                {"label", 'l', "LABEL", "somebody gave it this label (LABEL* = prefix)",
                 .ret_values = &f->labels},
                {"unlabeled", 0, NULL, "nobody gave it a label", .ret_flag = &f->unlabeled},
                {"regex", 'G', "PATTERN", "has a text that this regular expression finds",
                 .ret_values = &f->patterns},
                {"path", 0, "PATTERN", "took these steps: \"search{3,} !open* answer\"",
                 .ret_values = &f->paths},
                {"query", 0, "QUERY", "meets this query: { status = error } (clew help query)",
                 .ret_text = &f->query},
                {"explain", 0, NULL, "print query, plan and what each step let through",
                 .ret_flag = &f->explain},
                {"allow-unknown", 0, NULL, "attributes that no span has are no mistake",
                 .ret_flag = &f->allow_unknown},
                {"no-index", 0, NULL, "look at all traces, use no index", .ret_flag = &f->no_index},
                {"limit-time", 0, "LENGTH", "end the search after 5s, 2m ... (exit 4)",
                 .ret_text = &f->limit_time},
                {"limit-bytes", 0, "SIZE", "and after reading 64M, 2G ... of spans (exit 4)",
                 .ret_text = &f->limit_bytes},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

bool clew_filter_flags_choose_outcomes(const struct clew_filter_flags *f)
{
        return f->failed || f->ok || f->open || f->lost || f->paused || f->cancelled || f->query;
}

static bool parse_time(const char *text, uint64_t now_ns, bool utc, uint64_t *ret_ns)
{
        return !text || strcmp(text, "all") == 0 || clew_when_parse(text, now_ns, utc, ret_ns);
}

static int bad_time(struct clew_error *err, const char *flag)
{
        return clew_error_set(err, -EINVAL, 0,
                              "--%s takes an age (90m, 24h, 7d), a date (2026-11-20), a date and "
                              "time, or all; see clew help dates",
                              flag);
}

/* ---- queries ----------------------------------------------------------------------------------
 */

struct clew_query_set {
        struct clew_arena arena;
        struct clew_query *queries[CLEW_FILTER_QUERIES_MAX];
        uint32_t n;
};

void clew_query_set_free(struct clew_query_set *set)
{
        if (!set)
                return;
        for (uint32_t i = 0; i < set->n; i++)
                clew_query_deinit(set->queries[i]);
        clew_arena_deinit(&set->arena);
        clew_free(set);
}

void clew_filter_deinit(struct clew_filter *f)
{
        clew_query_set_free(f->set);
        f->set = NULL;
        f->n_queries = 0;
}

static int add_query(struct clew_filter *f, struct clew_slice text, struct clew_error *err,
                     struct clew_filter_error *where)
{
        const struct clew_query_options options = {.strict = true};
        struct clew_query_set *set = f->set;
        struct clew_query_error e;
        int r = clew_query_parse(text, &options, &set->arena, &set->queries[set->n], &e);

        if (r == -ENOMEM)
                return clew_error_set(err, r, 0, "the query needs more memory than there is");
        if (r < 0) {
                if (where) {
                        where->query = e;
                        clew_buffer_append_slice(&where->text, text);
                }
                return clew_error_set(err, -EINVAL, e.offset, "query error at column %zu: %s%s%s",
                                      clew_query_column(text, e.offset), e.message,
                                      e.hint[0] ? "; " : "", e.hint);
        }
        f->queries[f->n_queries++] = set->queries[set->n++];
        return 0;
}

static int add_queries(const struct clew_filter_flags *flags, struct clew_filter *f,
                       struct clew_error *err, struct clew_filter_error *where)
{
        CLEW_BUFFER text = {0};
        int r;

        clew_buffer_init(&text, CLEW_QUERY_TEXT_MAX + 1);
        r = clew_filter_write_query(flags, &text, err);
        if (r == -EMSGSIZE)
                return clew_error_set(err, -EINVAL, 0, "flags that make a query of over %zu bytes",
                                      CLEW_QUERY_TEXT_MAX);
        if (r < 0)
                return r;
        f->set = clew_calloc(1, sizeof(*f->set));
        if (!f->set)
                return -ENOMEM;
        clew_arena_init(&f->set->arena, 2 * CLEW_QUERY_ARENA_MAX);
        if (text.len > 0)
                r = add_query(f, clew_buffer_slice(&text), err, where);
        if (r == 0 && flags->query)
                r = add_query(f, clew_slice_of_cstr(flags->query), err, where);
        return r;
}

void clew_filter_print_query(const struct clew_filter *f, struct clew_buffer *out)
{
        if (f->n_queries == 0)
                clew_buffer_append_cstr(out, "{ }");
        for (uint32_t i = 0; i < f->n_queries; i++) {
                if (f->n_queries > 1)
                        clew_buffer_append_cstr(out, i > 0 ? " && (" : "(");
                clew_buffer_append_slice(out, clew_query_text(f->queries[i]));
                if (f->n_queries > 1)
                        clew_buffer_append_cstr(out, ")");
        }
}

/* ---- what people said -------------------------------------------------------------------------
 */

static int say(void *context, const struct clew_trace_id *id, struct clew_arena *arena,
               struct clew_query_said *ret)
{
        struct clew_reviews reviews;
        struct clew_error err;
        struct clew_slice *labels;
        struct clew_query_said_score *scores;
        int r = clew_reviews_of_trace(context, id, arena, &reviews, &err);

        if (r < 0)
                return r;
        labels = clew_arena_calloc(arena, reviews.n_now + 1u, sizeof(*labels));
        scores = clew_arena_calloc(arena, reviews.n_now + 1u, sizeof(*scores));
        if (!labels || !scores)
                return -ENOMEM;
        *ret = (struct clew_query_said){.labels = labels, .scores = scores};
        for (uint32_t i = 0; i < reviews.n_now; i++) {
                const struct clew_facet *f = &reviews.now[i];

                if (f->kind == CLEW_FACET_LABEL)
                        labels[ret->n_labels++] = clew_facet_name(f);
                if (f->kind == CLEW_FACET_SCORE) {
                        const struct clew_annotation_score *score = &f->by->scores[f->index];

                        scores[ret->n_scores++] = (struct clew_query_said_score){
                                score->name, score->label, score->value, score->has_value};
                }
        }
        return 0;
}

static int spoken(void *context, int (*fn)(void *argument, const struct clew_trace_id *id),
                  void *argument, struct clew_error *err)
{
        return clew_reviews_traces(context, fn, argument, err);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* "64K", "10MiB", "2G", or bytes. */
static bool parse_size(const char *text, uint64_t *ret)
{
        static const char units[] = "kmgt";
        size_t n = strlen(text);
        size_t tail = n > 3 && strcmp(text + n - 2, "iB") == 0 ? 2 : 0;
        const char *unit = n > tail ? strchr(units, text[n - tail - 1] | 0x20) : NULL;
        unsigned shift = unit && text[n - tail - 1] ? 10 * (unsigned)(unit - units + 1) : 0;
        uint64_t v;

        if ((tail > 0 && shift == 0) ||
            !clew_parse_uint64(clew_slice_make(text, n - tail - (shift > 0)), &v) || v == 0 ||
            v > UINT64_MAX >> shift)
                return false;
        *ret = v << shift;
        return true;
}

static int read_bounds(const struct clew_filter_flags *flags, const char *since_default,
                       uint64_t now_ns, bool utc, struct clew_filter *f, struct clew_error *err)
{
        if (!parse_time(flags->since ? flags->since : since_default, now_ns, utc, &f->since_ns))
                return bad_time(err, "since");
        if (!parse_time(flags->until, now_ns, utc, &f->until_ns))
                return bad_time(err, "until");
        if (flags->lost_after && (!clew_when_parse_length(flags->lost_after, &f->lost_after_ns) ||
                                  f->lost_after_ns == 0))
                return clew_error_set(err, -EINVAL, 0,
                                      "--lost-after takes a length of time such as 5m or 2h");
        if (flags->limit_time &&
            (!clew_when_parse_length(flags->limit_time, &f->limit_ns) || f->limit_ns == 0))
                return clew_error_set(err, -EINVAL, 0,
                                      "--limit-time takes a length of time such as 5s or 2m");
        if (flags->limit_bytes && !parse_size(flags->limit_bytes, &f->limit_bytes))
                return clew_error_set(err, -EINVAL, 0,
                                      "--limit-bytes takes a size such as 64K, 10MiB or 2G");
        return 0;
}

int clew_filter_read_all(const struct clew_filter_flags *flags, const char *since_default,
                         const struct clew_clock *clock, bool utc, struct clew_filter *ret,
                         struct clew_error *err, struct clew_filter_error *where)
{
        struct clew_filter f = {.say = say,
                                .spoken = spoken,
                                .allow_unknown = flags->allow_unknown,
                                .no_index = flags->no_index};
        int r = read_bounds(flags, since_default, clew_clock_unix_ns(clock), utc, &f, err);

        if (r == 0)
                r = add_queries(flags, &f, err, where);
        if (r < 0) {
                clew_filter_deinit(&f);
                return r;
        }
        *ret = f;
        return 0;
}

int clew_filter_read(const struct clew_filter_flags *flags, const char *since_default,
                     const struct clew_clock *clock, bool utc, struct clew_filter *ret,
                     struct clew_error *err)
{
        return clew_filter_read_all(flags, since_default, clock, utc, ret, err, NULL);
}
