/*
 * Words of a run, once through in the order in which they appeared.
 *
 * A table holds every word met so far, with the text that had it last: so a word counts once in a
 * text, and is new when no text had it. It also knows the text that had it first, the last order
 * that held it, and whether the request does. Of long texts the head and the tail are read. The
 * table has a fixed size, which the bound on all text makes large enough; when it is full nothing
 * is new any more.
 */
#include "query/rca/wording-int.h"

#include "query/rca/words-int.h"

#define WORD_MIN 4u
#define TABLE_FIRST 256u /* grows; most runs have some hundred words */
#define TABLE_MAX (1u << 19)

struct word {
        uint64_t hash; /* 0 for a free place */
        uint32_t unit;
        uint32_t first;
        uint32_t order; /* the last one that held it, from 1 */
        bool asked;     /* the request holds it */
};

struct table {
        struct clew_arena *arena;
        struct word *items;
        uint32_t mask;
        uint32_t n;
        bool failed;
};

/* ---- the table ------------------------------------------------------------------------------ */

static struct word *place_of(const struct table *t, uint64_t hash)
{
        uint32_t i = (uint32_t)hash & t->mask;

        while (t->items[i].hash && t->items[i].hash != hash)
                i = (i + 1) & t->mask;
        return &t->items[i];
}

static bool resize(struct table *t, uint32_t n)
{
        struct table grown = {.arena = t->arena, .mask = n - 1, .n = t->n};

        grown.items = clew_arena_calloc(t->arena, n, sizeof(*grown.items));
        if (!grown.items)
                return false;
        for (uint32_t i = 0; t->items && i <= t->mask; i++) {
                if (t->items[i].hash)
                        *place_of(&grown, t->items[i].hash) = t->items[i];
        }
        *t = grown;
        return true;
}

enum met { MET_HERE, MET_BEFORE, MET_NEW };

/* Whether a word stood in this unit before, in another one, or nowhere. */
static enum met meet(struct table *t, uint64_t hash, uint32_t unit, struct word **ret)
{
        struct word *w;

        *ret = NULL;
        if (t->n * 2 > t->mask && t->mask + 1 < TABLE_MAX && !resize(t, (t->mask + 1) * 2))
                t->failed = true;
        w = place_of(t, hash);
        if (w->hash) {
                enum met met = w->unit == unit ? MET_HERE : MET_BEFORE;

                w->unit = unit;
                *ret = w;
                return met;
        }
        if (t->failed || t->n * 4 > t->mask * 3)
                return MET_BEFORE;
        *w = (struct word){.hash = hash, .unit = unit, .first = unit};
        *ret = w;
        t->n++;
        return MET_NEW;
}

/* ---- words ---------------------------------------------------------------------------------- */

static const bool ends_sentence[256] = {
        ['.'] = true,  ['!'] = true, ['?'] = true, [':'] = true,
        ['\n'] = true, ['*'] = true, ['-'] = true, ['"'] = true,
};

/* What a text is, beside who wrote it. */
enum part { PART_PLAIN, PART_REQUEST, PART_ORDER };

struct reading {
        struct table table;
        size_t left;      /* bytes that may still be read */
        uint32_t asked;   /* words of the request */
        uint32_t order;   /* the last order, from 1; 0 before there is one */
        uint32_t ordered; /* its words */
        uint32_t held;    /* the order that a text is held against: the one before it */
};

struct counts {
        uint32_t asked; /* words that the request holds too */
        uint32_t kept;  /* and the last order */
};

static void note_part(struct reading *r, struct word *w, enum part part)
{
        if (part == PART_REQUEST && !w->asked) {
                w->asked = true;
                r->asked++;
        } else if (part == PART_ORDER && w->order != r->order) {
                w->order = r->order;
                r->ordered++;
        }
}

/* The word at @at has a capital, and no sentence begins with it: the one before it ends at @before,
 * 0 without one. */
static bool is_name(struct clew_slice text, size_t before, size_t at)
{
        if (text.data[at] < 'A' || text.data[at] > 'Z' || before == 0)
                return false;
        while (before < at && !ends_sentence[text.data[before]])
                before++;
        return before == at;
}

/* Reads the words of @text into @ret, or only into the table when it is NULL. */
static void read_words(struct reading *r, struct clew_slice text, uint32_t unit, enum part part,
                       struct clew_wording *ret, struct counts *counts)
{
        struct word_scan scan;
        struct scanned_word said;

        if (text.len > r->left)
                text.len = r->left;
        r->left -= text.len;
        scan = word_scan_of(text);
        for (size_t before = 0; scan_word(&scan, &said); before = said.to) {
                enum met met;
                struct word *w;
                uint64_t h;

                if (said.to - said.from < WORD_MIN && !said.digit)
                        continue;
                h = hash_of_word(text, &said);
                met = meet(&r->table, h ? h : 1, unit, &w);
                if (w && met != MET_HERE) {
                        counts->asked += w->asked;
                        counts->kept += r->held && w->order == r->held;
                }
                if (w)
                        note_part(r, w, part);
                if (!ret || met == MET_HERE)
                        continue;
                ret->words++;
                ret->numbers += said.digit;
                if (met != MET_NEW)
                        continue;
                ret->new_words++;
                ret->new_names += !said.digit && is_name(text, before, said.from);
        }
}

static struct counts read_unit(struct reading *r, const struct clew_rca_unit *u, uint32_t unit,
                               enum part part, struct clew_wording *ret)
{
        struct counts counts = {0, 0};

        if (u->text.len <= CLEW_WORDING_HEAD_MAX + CLEW_WORDING_TAIL_MAX) {
                read_words(r, u->text, unit, part, ret, &counts);
                return counts;
        }
        read_words(r, head(u->text, CLEW_WORDING_HEAD_MAX), unit, part, ret, &counts);
        read_words(r, tail(u->text, CLEW_WORDING_TAIL_MAX), unit, part, ret, &counts);
        return counts;
}

/* ---- manners -------------------------------------------------------------------------------- */

static bool any_of(const struct lowered *l, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (has_word(l, list[i]))
                        return true;
        }
        return false;
}

#define ANY_OF(l, list) any_of(l, list, CLEW_ARRAY_LEN(list))

static void read_manner(struct clew_slice text, struct clew_wording *ret)
{
        static const char *const supposes[] = {
                "assum",
                "hypothetical",
                "simulat",
                "placeholder",
                "mock",
                "dummy",
                "for the sake of",
                "for simplicity",
                "as an example",
                "sample data",
                "typical",
                "presumabl",
                "probabl",
                " likely",
                "i believe",
                "i think",
                "i recall",
                "i guess",
                "from memory",
                "general knowledge",
                "known to",
                "estimat",
                "approximat",
                "roughly",
                "should be about",
                "should be around",
        };
        static const char *const concludes[] = {
                "final answer", "in conclusion", "therefore", "thus",     "in summary",
                "to summari",   "terminate",     "complete",  "verified", "confirmed",
                "success",      "satisfied",     "correct",
        };
        static const char *const excuses[] = {
                "unable",        "cannot",        "can't",          "could not", "couldn't",
                "sorry",         "unfortunately", "apolog",         "failed",    "error",
                "not found",     "no result",     "no information", "no data",   "unavailable",
                "not available", "instead",
        };
        static const char *const checks[] = {
                "verif", "double-check", "double check", "cross-check", "confirm", "validat",
        };
        struct lowered l;

        make_lowered(text, &l);
        ret->supposes = ANY_OF(&l, supposes);
        ret->concludes = ANY_OF(&l, concludes);
        ret->excuses = ANY_OF(&l, excuses);
        ret->checks = ANY_OF(&l, checks);
        ret->questions = text.len && memchr(text.data, '?', text.len) != NULL;
        ret->program = clew_text_program(text) >= 0;
}

/* ---- a run ---------------------------------------------------------------------------------- */

/* The model call that a text belongs to: who wrote it. */
static uint32_t writer_of(const struct clew_rca_view *v, uint32_t step)
{
        return v->steps[step].kind == CLEW_RCA_LLM ? step : v->steps[step].caller;
}

static bool other_agent(const struct clew_rca_step *a, const struct clew_rca_step *b)
{
        return a->agent_name.len || b->agent_name.len ? !clew_slice_eq(a->agent_name, b->agent_name)
                                                      : a->system_hash != b->system_hash;
}

/* For each step whether the next model call is another agent's: what it writes is an order. */
static bool *orders_of(const struct clew_rca_view *v)
{
        bool *ret = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*ret));
        uint32_t next = CLEW_RCA_NONE;

        for (uint32_t i = v->n_steps; ret && i-- > 0;) {
                if (v->steps[i].kind != CLEW_RCA_LLM)
                        continue;
                ret[i] = next != CLEW_RCA_NONE && other_agent(&v->steps[i], &v->steps[next]);
                next = i;
        }
        return ret;
}

static double share(uint32_t part, uint32_t whole)
{
        return whole ? (double)(part < whole ? part : whole) / whole : 0;
}

static enum part part_of(const struct clew_rca_view *v, uint32_t u, bool spoken, const bool *orders)
{
        const struct clew_rca_unit *unit = &v->units[u];

        if (unit->origin == CLEW_RCA_USER)
                return spoken ? PART_ORDER : PART_REQUEST;
        return unit->origin == CLEW_RCA_WRITTEN && orders[unit->step] ? PART_ORDER : PART_PLAIN;
}

/* What LLM step @who said in one of its texts, or got back. */
static void add_shares(const struct reading *r, const struct counts *c, bool written,
                       struct clew_wording *ret)
{
        if (written) {
                ret->asked += share(c->asked, r->asked);
                ret->asked = ret->asked > 1 ? 1 : ret->asked;
                ret->kept += r->order ? share(c->kept, r->ordered) : 0;
                ret->kept = ret->kept > 1 ? 1 : ret->kept;
                ret->ordered = r->order > 0;
        } else {
                double found = share(c->asked, r->asked);

                ret->found = found > ret->found ? found : ret->found;
        }
}

/* Where the words of the answer came up first. */
static void trace_answer(const struct clew_rca_view *v, struct reading *r, struct clew_wording *all)
{
        struct clew_slice t = clew_text_trim(v->output);
        struct word_scan scan;
        struct scanned_word said;
        uint32_t n = 0;

        if (!t.len && v->last_llm != CLEW_RCA_NONE)
                t = v->steps[v->last_llm].text;
        t = head(t, CLEW_WORDING_HEAD_MAX);
        scan = word_scan_of(t);
        while (scan_word(&scan, &said)) {
                struct word *w;
                uint64_t h;

                if (said.to - said.from < WORD_MIN && !said.digit)
                        continue;
                h = hash_of_word(t, &said);
                w = place_of(&r->table, h ? h : 1);
                if (w->hash && !w->asked && w->first < v->n_units) {
                        const struct clew_rca_unit *u = &v->units[w->first];
                        uint32_t who = writer_of(v, u->step);

                        n++;
                        if (who != CLEW_RCA_NONE && u->origin == CLEW_RCA_RESULT)
                                all[who].brought++;
                        else if (who != CLEW_RCA_NONE && u->origin != CLEW_RCA_SYSTEM)
                                all[who].wrote++;
                }
        }
        for (uint32_t i = 0; n && i < v->n_steps; i++) {
                all[i].brought /= n;
                all[i].wrote /= n;
        }
}

static void read_units(const struct clew_rca_view *v, struct clew_wording *all)
{
        struct reading r = {.table = {.arena = v->arena}, .left = CLEW_WORDING_TEXT_MAX};
        bool *orders = orders_of(v);
        bool spoken = false; /* a model wrote something */

        if (!orders || !resize(&r.table, TABLE_FIRST))
                return;
        for (uint32_t u = 0; u < v->n_units; u++) {
                const struct clew_rca_unit *unit = &v->units[u];
                bool written = unit->origin == CLEW_RCA_WRITTEN || unit->origin == CLEW_RCA_ARGS;
                uint32_t who = writer_of(v, unit->step);
                enum part part = part_of(v, u, spoken, orders);
                struct reading before = r;
                struct counts c;

                spoken |= written;
                r.held = r.order;
                if (part == PART_ORDER) {
                        r.order++;
                        r.ordered = 0;
                }
                c = read_unit(&r, unit, u, part,
                              written && who != CLEW_RCA_NONE ? &all[who] : NULL);
                before.table = r.table;
                if (who != CLEW_RCA_NONE && (written || unit->origin == CLEW_RCA_RESULT))
                        add_shares(&before, &c, written, &all[who]);
        }
        trace_answer(v, &r, all);
}

/* What came back right before a model call, of all tools since the one before it. */
static void read_results(const struct clew_rca_view *v, struct clew_wording *all)
{
        uint32_t bytes = 0;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind == CLEW_RCA_TOOL) {
                        bytes += s->result.len < CLEW_RCA_UNIT_MAX ? (uint32_t)s->result.len
                                                                   : CLEW_RCA_UNIT_MAX;
                } else if (s->kind == CLEW_RCA_LLM) {
                        all[i].reads = bytes;
                        bytes = 0;
                }
        }
}

struct clew_wording *clew_wording_of(const struct clew_rca_view *v)
{
        struct clew_wording *all = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*all));

        if (!all)
                return NULL;
        read_units(v, all);
        read_results(v, all);
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM)
                        read_manner(v->steps[i].text, &all[i]);
        }
        return all;
}
