/*
 * A rule about requests with several parts: "compare Arbor and Lviv", "orders and A-3". A
 * part that no call asks for and no result shows, where another part of the same list was asked
 * for, was left out: by the plan, when one names the others, else by whom ended the run.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/text-int.h"

#define PARTS_MAX 12u /* of one list */
#define LISTS_MAX 8u
#define PART_MIN 3u
#define PART_MAX 48u
#define PLAN_MIN 60u
#define TEXT_MAX CLEW_RCA_UNIT_MAX
#define BEGUN 3u /* letters by which a name is known in another form */
#define UNITS_MAX 2000u
#define REQUEST_MAX 1500u /* bytes; a longer one holds documents, which name much */
#define KEYS_REACH 48u    /* bytes before a list in which it is told what it is a list of */

struct list {
        struct clew_slice parts[PARTS_MAX];
        uint32_t n;
};

/* ---- lists in a request ---------------------------------------------------------------------- */

/* A name or an id at @at: words with a capital or a digit, or what stands in quotes. Its end, or
 * @at. */
static size_t part_at(struct clew_slice t, size_t at, struct clew_slice *ret)
{
        size_t end = at;
        bool digit = false;

        if (at < t.len && (t.data[at] == '"' || t.data[at] == '\'')) {
                const uint8_t *close = memchr(t.data + at + 1, t.data[at], t.len - at - 1);

                if (!close || (size_t)(close - t.data) - at - 1 > PART_MAX)
                        return at;
                *ret = clew_slice_make(t.data + at + 1, (size_t)(close - t.data) - at - 1);
                return (size_t)(close - t.data) + 1;
        }
        for (size_t i = at;
             i < t.len &&
             (t.data[i] == '#' || (t.data[i] >= 'A' && t.data[i] <= 'Z') || is_digit(t.data[i]));) {
                while (i < t.len && (is_alpha(t.data[i]) || is_digit(t.data[i]) ||
                                     t.data[i] == '-' || t.data[i] == '#' || t.data[i] == '_')) {
                        digit |= is_digit(t.data[i]);
                        i++;
                }
                end = i;
                if (i + 1 < t.len && t.data[i] == ' ')
                        i++;
                else
                        break;
        }
        *ret = clew_slice_make(t.data + at, end - at);
        return end - at >= PART_MIN && end - at <= PART_MAX ? end : at;
}

/* ", ", " and ", ", and ", " or ", " vs ", " & ": its end, or @at. */
static size_t joint_at(struct clew_slice t, size_t at)
{
        static const char *const joints[] = {", and ", ", or ", " and ", " or ",
                                             " vs. ",  " vs ",  " & ",   ", "};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(joints); i++) {
                size_t n = strlen(joints[i]);

                if (at + n <= t.len && memcmp(t.data + at, joints[i], n) == 0)
                        return at + n;
        }
        return at;
}

/* All of one kind: ids, or names. "Vigo, Spain" is one place, "June, 2026" one date. */
static bool of_a_kind(const struct list *l)
{
        bool ids = memchr(l->parts[0].data, '-', l->parts[0].len) != NULL;
        uint32_t digits = 0;

        for (uint32_t i = 0; i < l->n; i++) {
                bool digit = false;
                bool alpha = false;

                for (size_t k = 0; k < l->parts[i].len; k++) {
                        digit |= is_digit(l->parts[i].data[k]);
                        alpha |= is_alpha(l->parts[i].data[k]);
                }
                digits += digit;
                if (digit && !alpha)
                        return false; /* plain numbers are amounts, years, sizes */
                ids &= digit;
        }
        return digits == 0 || digits == l->n;
}

/* Behind the first word of a sentence, which has a capital of its own: "Compare Arbor and Lviv". */
static size_t behind_opening(struct clew_slice t, size_t at)
{
        size_t end = at;

        if (at > 0 && t.data[at - 1] != '\n' &&
            !(at > 1 && t.data[at - 1] == ' ' &&
              (t.data[at - 2] == '.' || t.data[at - 2] == '?' || t.data[at - 2] == ':')))
                return at;
        while (end < t.len && is_alpha(t.data[end]))
                end++;
        return end > at + 1 && end + 1 < t.len && t.data[end] == ' ' && t.data[end + 1] >= 'A' &&
                               t.data[end + 1] <= 'Z'
                       ? end + 1
                       : at;
}

/* A list has one of these joints. */
static bool may_list(struct clew_slice t)
{
        static const char *const joints[] = {" and ", " or ", " vs", " & "};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(joints); i++) {
                if (clew_find(t, joints[i], strlen(joints[i])))
                        return true;
        }
        return false;
}

static uint32_t read_lists(struct clew_slice t, struct list *ret)
{
        uint32_t n = 0;
        size_t at = 0;

        if (!may_list(t))
                return 0;
        while (at < t.len && n < LISTS_MAX) {
                struct list l = {.n = 0};
                size_t end = at;
                size_t next = behind_opening(t, at);
                bool last = false; /* an "and" or "or" came: a list, and no address */

                if (at > 0 && (is_alpha(t.data[at - 1]) || is_digit(t.data[at - 1]))) {
                        at++;
                        continue;
                }
                while (l.n < PARTS_MAX && (end = part_at(t, next, &l.parts[l.n])) > next) {
                        size_t from = end;

                        l.n++;
                        next = joint_at(t, end);
                        if (next == from)
                                break;
                        last |= t.data[next - 2] != ',';
                }
                if (l.n >= 2 && last && of_a_kind(&l))
                        ret[n++] = l;
                at = end > at ? end : at + 1;
        }
        return n;
}

/* ---- what became of them --------------------------------------------------------------------- */

struct fate {
        uint32_t wrote; /* first step that wrote it, in a text or a call; NONE */
        bool asked;     /* a call holds it */
        bool shown;     /* a result holds it */
};

/* "XEHM4B" of "IDs XEHM4B": the last word, when it has a digit. */
static struct clew_slice id_of(struct clew_slice part)
{
        size_t from = part.len;
        bool digit = false;

        while (from > 0 && part.data[from - 1] != ' ')
                digit |= is_digit(part.data[--from]);
        return digit ? clew_slice_from(part, from) : part;
}

static bool holds(struct clew_slice t, struct clew_slice part)
{
        struct clew_slice id = id_of(part);

        return clew_find(head(t, TEXT_MAX), id.data, id.len) != NULL;
}

/* The name begun, in capitals or inflected: "MAD" for Madrid. */
static bool holds_begun(struct clew_slice t, struct clew_slice part)
{
        char begun[BEGUN + 1] = {0};
        ptrdiff_t at;

        for (size_t i = 0; i < part.len; i++) {
                if (!is_alpha(part.data[i]))
                        return false; /* an id, or more words than one */
        }
        for (size_t i = 0; i < BEGUN && i < part.len; i++)
                begun[i] = (char)lower(part.data[i]);
        for (t = head(t, TEXT_MAX); part.len > BEGUN && (at = clew_text_find(t, begun)) >= 0;
             t = clew_slice_from(t, (size_t)at + 1)) {
                if (at == 0 || !is_alpha(t.data[at - 1]))
                        return true;
        }
        return false;
}

static struct fate fate_of(const struct clew_rca_view *v, const struct clew_acts *acts,
                           struct clew_slice part)
{
        struct fate ret = {CLEW_RCA_NONE, false, false};

        for (uint32_t i = 0; i < acts->n && !ret.asked; i++)
                ret.asked =
                        holds(acts->items[i].args, part) || holds_begun(acts->items[i].args, part);
        for (uint32_t u = 0, n = 0; u < v->n_units && n < UNITS_MAX; u++) {
                const struct clew_rca_unit *x = &v->units[u];

                if (x->origin == CLEW_RCA_USER || x->origin == CLEW_RCA_SYSTEM)
                        continue;
                n++;
                if ((x->origin == CLEW_RCA_RESULT ? ret.shown : ret.wrote != CLEW_RCA_NONE) ||
                    !holds(x->text, part))
                        continue;
                if (x->origin == CLEW_RCA_RESULT)
                        ret.shown = true;
                else
                        ret.wrote = x->step;
        }
        return ret;
}

static uint32_t writer(const struct clew_rca_view *v, uint32_t step)
{
        return v->steps[step].kind == CLEW_RCA_LLM ? step : v->steps[step].caller;
}

/* Who left it out: the plan that names the other part and not this one, or the end of the run. */
static uint32_t who_left(const struct clew_rca_view *v, const struct fate *taken,
                         const struct fate *left)
{
        uint32_t plan = writer(v, taken->wrote);

        if (left->wrote == CLEW_RCA_NONE && plan != CLEW_RCA_NONE && plan == v->first_llm &&
            v->steps[plan].text.len >= PLAN_MIN)
                return plan;
        return clew_rca_answer_call(v);
}

static bool judge(const struct clew_rca_view *v, const struct clew_acts *acts, const struct list *l,
                  struct clew_findings *ret)
{
        struct fate fates[PARTS_MAX];
        uint32_t taken = PARTS_MAX;
        uint32_t left = PARTS_MAX;
        uint32_t who;
        struct clew_finding *f;

        for (uint32_t i = 0; i < l->n; i++) {
                fates[i] = fate_of(v, acts, l->parts[i]);
                if (fates[i].asked && fates[i].wrote != CLEW_RCA_NONE && taken == PARTS_MAX)
                        taken = i;
                if (!fates[i].asked && !fates[i].shown && left == PARTS_MAX)
                        left = i;
        }
        if (taken == PARTS_MAX || left == PARTS_MAX)
                return false;
        who = who_left(v, &fates[taken], &fates[left]);
        f = clew_finding_add(ret, CLEW_RULE_LEFT_OUT, who,
                             fates[left].wrote == CLEW_RCA_NONE ? 1.2 : 0.8);
        clew_finding_evidence(f, who, v->steps[who].text);
        clew_finding_say(
                ret, f,
                "Step %u %s; no call asked for %.*s and no result shows it, which the user "
                "named with %.*s.",
                v->steps[who].number,
                who == v->first_llm && who != v->last_llm ? "planned the run" : "wrote the answer",
                CLEW_SHOWN(l->parts[left], PART_MAX), CLEW_SHOWN(l->parts[taken], PART_MAX));
        return true;
}

/* The parts are what members or columns of the answer are to be called. */
static bool names_keys(struct clew_slice request, const struct list *l)
{
        static const char *const words[] = {"key", "field", "column", "member", "header", "json"};
        size_t at = (size_t)(l->parts[0].data - request.data);
        size_t from = at > KEYS_REACH ? at - KEYS_REACH : 0;

        return HAS_ANY(clew_slice_make(request.data + from, at - from), words);
}

void clew_rule_left_out(const struct clew_rca_view *v, const struct clew_acts *acts,
                        struct clew_findings *ret)
{
        struct list *lists = clew_arena_alloc(v->arena, LISTS_MAX * sizeof(*lists));
        uint32_t n;

        if (!lists || !acts->n || !acts->asked || v->last_llm == CLEW_RCA_NONE)
                return;
        if (acts->asked > REQUEST_MAX)
                return;
        n = read_lists(head(acts->heard, acts->asked), lists);
        for (uint32_t i = 0; i < n; i++) {
                if (!names_keys(head(acts->heard, acts->asked), &lists[i]) &&
                    judge(v, acts, &lists[i], ret))
                        return;
        }
}
