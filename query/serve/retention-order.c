/*
 * Which rules of retention leave others nothing to do; see retention-order-int.h.
 *
 * The first rule that a trace meets counts. So a rule does nothing when an earlier one takes all
 * that it means, and when a later one takes the same traces while they are younger: by the time
 * that the earlier one would, they are gone. The second is the mistake of who wants to keep
 * something longer and writes "drop older=90d failed" before "drop older=30d".
 *
 * Conditions are compared one by one, as they were given: what follows only from their meaning is
 * not seen, and such rules are taken as they stand.
 */
#include "query/serve/retention-order-int.h"

#include "proto/base/number.h"
#include "query/answer/when.h"

#include <string.h>

/* ---- conditions ------------------------------------------------------------------------------ */

/* NAME, or NAME* for all that begin so. */
static bool value_covers(const char *of, const char *in)
{
        size_t n = strlen(of);

        return strcmp(of, in) == 0 || (n > 0 && of[n - 1] == '*' && strncmp(of, in, n - 1) == 0);
}

/* Values of which a trace is to have one: the more are given, the more are meant. */
static bool any_covers(const struct clew_flag_values *of, const struct clew_flag_values *in)
{
        bool all = of->n == 0 || in->n > 0;

        for (size_t i = 0; all && of->n > 0 && i < in->n; i++) {
                bool found = false;

                for (size_t k = 0; k < of->n && !found; k++)
                        found = value_covers(of->values[k], in->values[i]);
                all = found;
        }
        return all;
}

/* Values of which a trace is to have all: the more are given, the fewer are meant. */
static bool all_cover(const struct clew_flag_values *of, const struct clew_flag_values *in)
{
        bool all = true;

        for (size_t i = 0; all && i < of->n; i++) {
                bool found = false;

                for (size_t k = 0; k < in->n && !found; k++)
                        found = strcmp(of->values[i], in->values[k]) == 0;
                all = found;
        }
        return all;
}

/* The same attributes: of one key any value will do, and of several keys each. */
static bool attributes_cover(const struct clew_flag_values *of, const struct clew_flag_values *in)
{
        return of->n == 0 || (of->n == in->n && all_cover(of, in));
}

static unsigned outcomes(const struct clew_filter_flags *f)
{
        return (unsigned)f->failed | (unsigned)f->ok << 1 | (unsigned)f->open << 2 |
               (unsigned)f->paused << 3 | (unsigned)f->cancelled << 4 | (unsigned)f->lost << 5;
}

static bool length_covers(const char *of, const char *in)
{
        uint64_t a = 0;
        uint64_t b = 0;

        return !of ||
               (in && clew_when_parse_length(of, &a) && clew_when_parse_length(in, &b) && a <= b);
}

static bool cost_covers(const char *of, const char *in)
{
        double a = 0;
        double b = 0;

        return !of || (in && clew_parse_double(clew_slice_of_cstr(of), &a) &&
                       clew_parse_double(clew_slice_of_cstr(in), &b) && a <= b);
}

static bool run_covers(const struct clew_filter_flags *of, const struct clew_filter_flags *in)
{
        unsigned mine = outcomes(of);
        unsigned other = outcomes(in);

        return (mine == 0 || (other != 0 && (other & ~mine) == 0)) &&
               of->tokens_over <= in->tokens_over && of->retries <= in->retries &&
               of->waste_tokens <= in->waste_tokens && of->loop <= in->loop &&
               of->stall <= in->stall && of->unlabeled <= in->unlabeled &&
               length_covers(of->longer, in->longer) &&
               length_covers(of->waste_time, in->waste_time) &&
               cost_covers(of->cost_over, in->cost_over);
}

/* "{ }" selects everything. */
static bool is_open_query(const char *query)
{
        return !query || strspn(query, "{} \t\r") == strlen(query);
}

bool clew_retention_selects_less(const struct clew_filter_flags *in,
                                 const struct clew_filter_flags *of)
{
        bool texts = of->texts.n + of->patterns.n == 0 || of->ignore_case == in->ignore_case;

        if (!is_open_query(of->query) && (!in->query || strcmp(of->query, in->query) != 0))
                return false;
        return run_covers(of, in) && any_covers(&of->agents, &in->agents) &&
               any_covers(&of->tools, &in->tools) && any_covers(&of->models, &in->models) &&
               any_covers(&of->services, &in->services) &&
               any_covers(&of->sessions, &in->sessions) && any_covers(&of->users, &in->users) &&
               any_covers(&of->causes, &in->causes) &&
               any_covers(&of->signatures, &in->signatures) &&
               any_covers(&of->labels, &in->labels) && texts && all_cover(&of->texts, &in->texts) &&
               all_cover(&of->patterns, &in->patterns) && all_cover(&of->paths, &in->paths) &&
               attributes_cover(&of->attributes, &in->attributes);
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* @y stands first and takes all that @rule means. A rule that keeps, behind one that takes, is
 * looked at when all are known: clew_retention_idle_keep(). */
static bool takes_first(const struct clew_retention_rule *y, const struct clew_retention_rule *rule)
{
        bool keeps = rule->action == CLEW_RETENTION_KEEP;

        if (!clew_retention_selects_less(&rule->flags, &y->flags))
                return false;
        if (y->action == CLEW_RETENTION_KEEP)
                return y->younger_ns == 0 ||
                       (keeps && rule->younger_ns && rule->younger_ns <= y->younger_ns);
        /* What is younger than such a rule says is kept anyway. */
        return !keeps && y->over_bytes <= rule->over_bytes && rule->older_ns >= y->older_ns;
}

/* @rule stands behind @y and takes all that @y means while it is younger. */
static bool takes_younger(const struct clew_retention_rule *rule,
                          const struct clew_retention_rule *y)
{
        return y->action != CLEW_RETENTION_KEEP && rule->action >= y->action &&
               rule->older_ns < y->older_ns && rule->over_bytes <= y->over_bytes &&
               clew_retention_selects_less(&y->flags, &rule->flags);
}

/* A rule that keeps some of it until then. */
static bool is_kept_until(const struct clew_retention *r, uint64_t age_ns)
{
        for (unsigned i = 0; i < r->n; i++) {
                if (r->rules[i].action == CLEW_RETENTION_KEEP &&
                    (r->rules[i].younger_ns == 0 || r->rules[i].younger_ns >= age_ns))
                        return true;
        }
        return false;
}

const char *clew_retention_no_effect(const struct clew_retention *r,
                                     const struct clew_retention_rule *rule, unsigned *ret_line,
                                     bool *ret_earlier)
{
        for (unsigned i = 0; i < r->n; i++) {
                const struct clew_retention_rule *y = &r->rules[i];

                *ret_line = y->line;
                *ret_earlier = false;
                if (takes_first(y, rule))
                        return y->action != rule->action && rule->older_ns > y->older_ns
                                       ? "takes all that it means, first; of two ages the greater "
                                         "stands first"
                                       : "takes all that it means, first";
                *ret_earlier = true;
                if (takes_younger(rule, y) && !is_kept_until(r, y->older_ns))
                        return "takes the same while it is younger; to keep something longer, "
                               "write keep ... younger=AGE before both";
        }
        return NULL;
}

/* Whether rule @at keeps something from one behind it: what is younger than @age_ns. */
static bool is_needed(const struct clew_retention *r, unsigned at, uint64_t age_ns)
{
        bool needed = r->quota_bytes > 0;

        for (unsigned i = at + 1; i < r->n && !needed; i++)
                needed = r->rules[i].action != CLEW_RETENTION_KEEP && r->rules[i].older_ns < age_ns;
        return needed;
}

bool clew_retention_idle_keep(const struct clew_retention *r, unsigned *ret_line, unsigned *ret_by)
{
        for (unsigned i = 0; i < r->n; i++) {
                const struct clew_retention_rule *x = &r->rules[i];

                for (unsigned k = 0; x->action == CLEW_RETENTION_KEEP && k < i; k++) {
                        const struct clew_retention_rule *y = &r->rules[k];

                        if (y->action == CLEW_RETENTION_KEEP || y->over_bytes ||
                            !clew_retention_selects_less(&x->flags, &y->flags) ||
                            is_needed(r, i, y->older_ns))
                                continue;
                        *ret_line = x->line;
                        *ret_by = y->line;
                        return true;
                }
        }
        return false;
}
