/*
 * A rule about results that say that they are old and name the place of what replaced them, where
 * no call went there.
 */
#include "query/rca/request-rules-int.h"
#include "query/rca/sentences-int.h"

#define RESULT_MAX 16384u
#define LINE_BYTES_MAX 400u
#define ADDRESS_MIN 12u
#define ADDRESS_MAX 200u

static bool says_old(struct clew_slice s)
{
        static const char *const words[] = {"no longer maintained",
                                            "no longer updated",
                                            "not maintained",
                                            "outdated",
                                            "out of date",
                                            "out-of-date",
                                            "superseded",
                                            "obsolete",
                                            "has moved",
                                            "have moved",
                                            "replaced by",
                                            "no longer current",
                                            "not up to date"};
        static const char *const readers[] = {"browser",
                                              "javascript"}; /* are told to be old, too */

        return HAS_ANY(s, words) && !HAS_ANY(s, readers);
}

/* An address in @s, without what ends its sentence; null without one. */
static struct clew_slice address_in(struct clew_slice s)
{
        const uint8_t *at = clew_find(s, "://", 3);
        size_t from;
        size_t to;

        if (!at || at - s.data < 4)
                return CLEW_SLICE_NULL;
        from = (size_t)(at - s.data);
        to = from;
        while (from > 0 && is_alpha(s.data[from - 1]) && s.data[from - 1] < 0x80)
                from--;
        while (to < s.len && !is_space(s.data[to]) && !memchr("\"'<>()[]\\", s.data[to], 9))
                to++;
        while (to > from && memchr(".,:/", s.data[to - 1], 4))
                to--;
        return to - from >= ADDRESS_MIN && to - from <= ADDRESS_MAX
                       ? clew_slice_make(s.data + from, to - from)
                       : CLEW_SLICE_NULL;
}

/* Lines, and not sentences: addresses hold full stops. */
static bool next_line(struct clew_slice t, size_t *at, struct clew_slice *ret)
{
        while (*at < t.len) {
                const uint8_t *end = memchr(t.data + *at, '\n', t.len - *at);
                size_t from = *at;
                size_t to = end ? (size_t)(end - t.data) : t.len;

                *at = to + 1;
                if (to > from && to - from <= LINE_BYTES_MAX) {
                        *ret = clew_slice_make(t.data + from, to - from);
                        return true;
                }
        }
        return false;
}

/* Some call, or a user, has the address: it was gone to, or is where this came from. */
static bool is_gone_to(const struct clew_acts *a, struct clew_slice address)
{
        for (uint32_t i = 0; i < a->n; i++) {
                if (clew_find(a->items[i].args, address.data, address.len))
                        return true;
        }
        return clew_find(a->heard, address.data, address.len) != NULL;
}

void clew_rule_pointer(const struct clew_rca_view *v, const struct clew_acts *acts,
                       struct clew_findings *ret)
{
        for (uint32_t i = 0; i < v->n_steps; i++) {
                const struct clew_rca_step *s = &v->steps[i];
                struct clew_slice t = head(s->result, RESULT_MAX);
                struct clew_slice line;
                size_t at = 0;

                if (s->kind != CLEW_RCA_TOOL || s->next_llm == CLEW_RCA_NONE ||
                    clew_rca_has_error(s) || !clew_find(t, "://", 3))
                        continue;
                while (next_line(t, &at, &line)) {
                        struct clew_slice address = address_in(line);
                        struct clew_finding *f;

                        if (!address.len || !says_old(line) || is_gone_to(acts, address))
                                continue;
                        f = clew_finding_add(ret, CLEW_RULE_POINTER, s->next_llm, 1.0);
                        clew_finding_effect(f, i);
                        clew_finding_evidence(f, i, line);
                        clew_finding_say(ret, f,
                                         "Step %u went on with the result of step %u, which says "
                                         "\"%.*s\"; no call asked for %.*s.",
                                         v->steps[s->next_llm].number, s->number,
                                         CLEW_SHOWN(clew_text_trim(line), 200),
                                         CLEW_SHOWN(address, ADDRESS_MAX));
                        return;
                }
        }
}
