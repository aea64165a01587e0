/*
 * A rule about a part of the request that was lost on the way: the plan, or the order to another
 * agent, says again what was asked for, but not "that is step-free" or "up to 1998", and nothing
 * that a model wrote from there on has a word of it.
 *
 * Parts are what limits a request: clauses behind a word such as "that", "without" or "at most",
 * and those with a number; not how the answer is to look, which is for who answers. A part counts
 * as said when one of its words is, each known by its first letters. Words of the request are
 * numbered, and each text is read once.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define REQUEST_MAX 1000u /* bytes; a longer one holds documents */
#define WORDS_MAX 64u     /* of the request: the bits of a set */
#define PARTS_MAX 24u
#define PART_WORDS_MAX 5u
#define PART_MAX 80u /* bytes of one that is shown */
#define WORD_MIN 4u  /* letters */
#define PLACES 1024u
#define STEM 5u /* by which a word is known */
#define TEXT_MAX 16384u
#define SAME_MIN 24u  /* bytes of the request that are a copy of it */
#define COPIES_MAX 4u /* of the request in one text that are passed over */
#define NUMBERS_MIN 4u
#define SAID_MIN 3u /* words of the request that a plan or an order says again */

struct part {
        struct clew_slice text; /* of the request */
        uint64_t words;
};

struct lost {
        const struct clew_rca_view *v;
        struct clew_slice request;
        uint64_t stems[WORDS_MAX];
        uint32_t n_stems;
        uint64_t places[PLACES /
                        64]; /* where stems are, by their middle bits: most words are none */
        struct part parts[PARTS_MAX];
        uint32_t n_parts;
        uint64_t *said; /* of each step: words of the request in its text and its calls */
        bool *order;    /* of each step: another agent acts on it */
};

/* ---- words ---------------------------------------------------------------------------------- */

struct word {
        struct clew_slice text;
        uint64_t stem; /* of what is a word of its own weight, else 0 */
        bool digit;
        bool date; /* beside another number: part of a date or an hour, which has many forms */
};

/* @word is not empty. */
static bool is_in(struct clew_slice word, const char *const *list, size_t n)
{
        uint8_t first = lower(word.data[0]);

        for (size_t i = 0; i < n; i++) {
                if ((uint8_t)list[i][0] == first && strlen(list[i]) == word.len &&
                    clew_text_begins(word, list[i]))
                        return true;
        }
        return false;
}

/* Words that say little of what is asked for. */
static bool is_plain(struct clew_slice word)
{
        static const char *const words[] = {
                "that",    "this",    "with",    "which",    "must",      "have",    "will",
                "should",  "would",   "please",  "each",     "every",     "their",   "there",
                "them",    "they",    "than",    "then",     "when",      "what",    "where",
                "from",    "into",    "your",    "also",     "only",      "need",    "needs",
                "want",    "wants",   "just",    "give",     "answer",    "find",    "name",
                "make",    "sure",    "least",   "most",     "more",      "less",    "under",
                "over",    "after",   "before",  "does",     "count",     "about",   "number",
                "list",    "time",    "these",   "those",    "some",      "such",    "very",
                "here",    "been",    "were",    "being",    "other",     "could",   "can",
                "take",    "know",    "like",    "look",     "tell",      "said",    "says",
                "whether", "without", "within",  "until",    "between",   "during",  "because",
                "below",   "above",   "really",  "exactly",  "actually",  "things",  "going",
                "using",   "correct", "provide", "attached", "following", "question"};

        return is_in(word, words, CLEW_ARRAY_LEN(words));
}

static bool next_word(struct clew_slice t, size_t *at, struct word *ret)
{
        size_t i = *at;
        size_t from;
        uint64_t h = 0;

        if (t.len == 0)
                return false; /* perhaps there are no bytes at all */
        while (i < t.len && !clew_word_class[t.data[i]])
                i++;
        from = i;
        ret->digit = false;
        ret->date = from > 1 && memchr("-/:.", t.data[from - 1], 4) && is_digit(t.data[from - 2]);
        for (uint8_t c; i < t.len && (c = clew_word_class[t.data[i]]) != 0; i++) {
                ret->digit |= c <= '9';
                if (i - from < STEM || ret->digit)
                        h = word_hash_add(h, c);
        }
        ret->date |= i + 1 < t.len && memchr("-/:", t.data[i], 3) && is_digit(t.data[i + 1]);
        *at = i;
        ret->text = clew_slice_make(t.data + from, i - from);
        ret->stem = ret->digit ? (i - from > 1) : i - from >= WORD_MIN;
        if (ret->stem)
                ret->stem = word_hash_end(h) | 1;
        return i > from;
}

static uint32_t place_of(uint64_t stem)
{
        return (uint32_t)(stem >> 20) % PLACES;
}

/* Its number; that of the next one when it is none. */
static uint32_t stem_at(const struct lost *x, uint64_t stem)
{
        uint32_t i = 0;

        if (!(x->places[place_of(stem) / 64] >> (place_of(stem) % 64) & 1))
                return x->n_stems;
        while (i < x->n_stems && x->stems[i] != stem)
                i++;
        return i;
}

/* The words of the request in @t. */
static uint64_t words_in(const struct lost *x, struct clew_slice t)
{
        uint64_t ret = 0;
        struct word w;

        for (size_t at = 0; next_word(t, &at, &w);) {
                uint32_t i = w.stem ? stem_at(x, w.stem) : x->n_stems;

                if (i < x->n_stems)
                        ret |= 1ull << i;
        }
        return ret;
}

/* The same without copies of the request: who quotes it has not said what is to be done. */
static uint64_t said_in(const struct lost *x, struct clew_slice t)
{
        struct clew_slice begins = head(x->request, SAME_MIN);
        uint64_t ret = 0;

        t = head(t, TEXT_MAX);
        for (uint32_t n = 0; n < COPIES_MAX && begins.len == SAME_MIN; n++) {
                const uint8_t *copy = clew_find(t, begins.data, begins.len);
                size_t at = copy ? (size_t)(copy - t.data) : 0;
                size_t same = 0;

                if (!copy)
                        break;
                while (same < x->request.len && at + same < t.len &&
                       t.data[at + same] == x->request.data[same])
                        same++;
                ret |= words_in(x, head(t, at));
                t = clew_slice_from(t, at + same);
        }
        return ret | words_in(x, t);
}

/* ---- parts of the request ------------------------------------------------------------------- */

/* Words that are a limit by themselves: what follows matters, one word as it may be. */
static bool limits_strictly(struct clew_slice word)
{
        static const char *const words[] = {"without", "only",      "no",        "least",  "most",
                                            "up",      "under",     "except",    "within", "below",
                                            "above",   "excluding", "including", "exactly"};

        return is_in(word, words, CLEW_ARRAY_LEN(words));
}

static bool limits(struct clew_slice word)
{
        static const char *const words[] = {
                "that",  "which",   "who",       "whose",     "must",   "with",  "without",
                "only",  "not",     "no",        "least",     "most",   "than",  "up",
                "under", "over",    "after",     "before",    "except", "until", "within",
                "since", "between", "excluding", "including", "should", "whose", "has",
                "have",  "needs",   "below",     "above",     "exactly"};

        return is_in(word, words, CLEW_ARRAY_LEN(words));
}

static bool joins(struct clew_slice word)
{
        static const char *const words[] = {"and", "but", "or", "then"};

        return is_in(word, words, CLEW_ARRAY_LEN(words));
}

/* A mark between two words that ends a clause. */
static bool has_mark(struct clew_slice between)
{
        for (size_t i = 0; i < between.len; i++) {
                if (memchr(".,;:?!()\n", between.data[i], 9) &&
                    (i + 1 == between.len || is_space(between.data[i + 1]) ||
                     between.data[i] == '\n'))
                        return true;
        }
        return false;
}

/* What the answer is to look like, or how to go about it. */
static bool is_form(struct clew_slice part)
{
        static const char *const words[] = {
                "answer",  "format",      "return",   "line",    "lines",     "round",
                "rounded", "text",        "integer",  "decimal", "decimals",  "number",
                "numbers", "action",      "tool",     "tools",   "plan",      "code",
                "words",   "english",     "sentence", "message", "json",      "output",
                "final",   "places",      "file",     "files",   "filename",  "steps",
                "skip",    "punctuation", "comma",    "commas",  "separator", "separators"};
        struct word w;

        for (size_t at = 0; next_word(part, &at, &w);) {
                if (is_in(w.text, words, CLEW_ARRAY_LEN(words)))
                        return true;
        }
        return false;
}

/* @weight: how much a clause is a limit of its own: 2 with a number or behind a strict word. */
static void end_part(struct lost *x, struct part *part, uint32_t weight)
{
        uint32_t n = (uint32_t)__builtin_popcountll(part->words);

        if (weight > 0 && n > 0 && n + weight >= 3 && n <= PART_WORDS_MAX &&
            part->text.len <= PART_MAX && !is_form(part->text) && x->n_parts < PARTS_MAX)
                x->parts[x->n_parts++] = *part;
        *part = (struct part){.words = 0};
}

static void add_word(struct lost *x, struct part *part, const struct word *w)
{
        uint32_t i = stem_at(x, w->stem);

        if (i == WORDS_MAX)
                return;
        if (i == x->n_stems) {
                x->stems[x->n_stems++] = w->stem;
                x->places[place_of(w->stem) / 64] |= 1ull << (place_of(w->stem) % 64);
        }
        part->words |= 1ull << i;
        if (!part->text.len)
                part->text = w->text;
        part->text.len = (size_t)(w->text.data + w->text.len - part->text.data);
}

/* So many numbers are what is to be computed with: results stand for them later. */
static bool is_a_sum(struct clew_slice request)
{
        uint32_t n = 0;
        struct word w;

        for (size_t at = 0; next_word(request, &at, &w);)
                n += w.digit && !w.date;
        return n >= NUMBERS_MIN;
}

static void read_parts(struct lost *x)
{
        struct part part = {.words = 0};
        struct clew_slice t = x->request;
        bool sum = is_a_sum(x->request);
        uint32_t weight = 0;
        size_t before = 0;
        struct word w;

        for (size_t at = 0; next_word(t, &at, &w); before = at) {
                size_t from = (size_t)(w.text.data - t.data);
                bool strict = limits_strictly(w.text);
                bool starts = strict || limits(w.text);

                if (starts || joins(w.text) ||
                    has_mark(clew_slice_make(t.data + before, from - before))) {
                        end_part(x, &part, weight);
                        weight = strict ? 2 : starts;
                }
                if (!w.stem || w.date || is_plain(w.text))
                        continue;
                if (w.digit && !sum)
                        weight = 2;
                add_word(x, &part, &w);
        }
        end_part(x, &part, weight);
}

/* ---- who said what -------------------------------------------------------------------------- */

/* Of one agent, or of one that has another span in each turn. */
static bool is_same_speaker(const struct clew_rca_step *a, const struct clew_rca_step *b)
{
        return a->agent_name.len || b->agent_name.len
                       ? clew_slice_eq(a->agent_name, b->agent_name)
                       : a->agent == b->agent && a->system_hash == b->system_hash;
}

/* Marks the calls of the agent that began the run behind which another one speaks; true when there
 * are some. */
static bool find_orders(struct lost *x)
{
        const struct clew_rca_view *v = x->v;
        uint32_t last = CLEW_RCA_NONE;
        bool any = false;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                if (last != CLEW_RCA_NONE && !is_same_speaker(s, &v->steps[last]) &&
                    is_same_speaker(&v->steps[last], &v->steps[v->first_llm]))
                        any = x->order[last] = true;
                last = i;
        }
        return any;
}

/* The run ended before it was done: what nobody had said might have come. */
static bool broke_off(const struct clew_rca_view *v)
{
        return v->root_failed || v->last_llm == CLEW_RCA_NONE ||
               clew_rca_has_error(&v->steps[v->last_llm]);
}

/* Two points at least. */
static bool is_plan(struct clew_slice text)
{
        static const char *const marks[] = {"\n- ", "\n2. ", "\n* ", " 2. ", "2) "};

        return HAS_ANY(head(text, TEXT_MAX), marks);
}

static bool has_plan(const struct clew_rca_view *v)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                if (v->steps[i].kind == CLEW_RCA_LLM && !v->steps[i].n_calls &&
                    is_plan(v->steps[i].text))
                        return true;
        }
        return false;
}

static void hear_steps(struct lost *x)
{
        const struct clew_rca_view *v = x->v;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                x->said[i] = said_in(x, s->text);
                for (uint32_t k = 0; k < s->n_calls; k++)
                        x->said[i] |= said_in(x, v->calls[s->first_call + k].args);
        }
}

static bool is_said(uint64_t said, const struct part *part)
{
        return (said & part->words) != 0;
}

/* The step that lost @part: behind the last one that said it the first order, or else the plan,
 * that says other words of the request. NONE when some call or order asked for it. */
static uint32_t who_lost(const struct lost *x, const struct part *part)
{
        const struct clew_rca_view *v = x->v;
        uint32_t ret = CLEW_RCA_NONE;
        uint32_t plan = CLEW_RCA_NONE;

        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                bool says = __builtin_popcountll(x->said[i]) >= (int)SAID_MIN;

                if (s->kind != CLEW_RCA_LLM)
                        continue;
                if (is_said(x->said[i], part)) {
                        if ((x->order[i] && !is_plan(s->text)) || s->n_calls ||
                            ret != CLEW_RCA_NONE)
                                return CLEW_RCA_NONE;
                        plan = CLEW_RCA_NONE;
                } else if (says && x->order[i] && ret == CLEW_RCA_NONE) {
                        ret = i;
                } else if (says && plan == CLEW_RCA_NONE && !s->n_calls && is_plan(s->text)) {
                        plan = i;
                }
        }
        return plan != CLEW_RCA_NONE && (ret == CLEW_RCA_NONE || plan < ret) ? plan : ret;
}

/* What step @who did when it lost a part. A message that wants nothing of anybody is no order. */
static const char *deed_of(const struct lost *x, uint32_t who)
{
        static const char *const wants[] = {"please",       "you ",    "your ",  "next:", "task",
                                            "next speaker", "need to", "should", "must"};
        const struct clew_rca_step *s = &x->v->steps[who];

        if (!x->order[who])
                return "made a plan";
        return s->n_calls || HAS_ANY(head(s->text, LOWER_MAX), wants)
                       ? "told another agent what to do"
                       : "spoke to the other agents";
}

static void tell(const struct lost *x, const struct part *part, uint32_t who,
                 struct clew_findings *ret)
{
        struct clew_finding *f = clew_finding_add(ret, CLEW_RULE_LOST_PART, who, 1.0);

        clew_finding_evidence(f, who, x->v->steps[who].text);
        clew_finding_evidence(f, who, part->text);
        clew_finding_say(ret, f,
                         "Step %u %s without \"%.*s\" of the request; nothing that a model wrote "
                         "from there on has it.",
                         x->v->steps[who].number, deed_of(x, who),
                         CLEW_SHOWN(part->text, PART_MAX));
}

void clew_rule_lost_part(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret)
{
        struct lost *x;

        if (!acts->asked || acts->asked > REQUEST_MAX || v->first_llm == CLEW_RCA_NONE || v->talk ||
            broke_off(v))
                return;
        x = clew_arena_calloc(v->arena, 1, sizeof(*x));
        if (!x)
                return;
        x->v = v;
        x->request = clew_text_trim(head(acts->heard, acts->asked));
        x->order = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*x->order));
        if (!x->order || (!find_orders(x) && !has_plan(v)))
                return;
        x->said = clew_arena_calloc(v->arena, v->n_steps + 1u, sizeof(*x->said));
        if (!x->said)
                return;
        read_parts(x);
        if (!x->n_parts)
                return;
        hear_steps(x);
        for (uint32_t i = 0; i < x->n_parts; i++) {
                uint32_t who = who_lost(x, &x->parts[i]);

                if (who == CLEW_RCA_NONE)
                        continue;
                tell(x, &x->parts[i], who, ret);
                return;
        }
}
