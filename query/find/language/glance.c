/*
 * A glance: what the bytes of a trace say of a query before anything is made of them.
 *
 * What is not sealed has no index and no summary, and to make its model costs some ten times what
 * it costs to unpack it. But a text that is searched, a key that is named and a session that is
 * asked for stand in the bytes as they were sent: where they do not, nobody needs the model. The
 * judge (judge.c) puts that together as it does with a summary, of which it knows nothing here.
 */
#include "query/find/language/run-int.h"

#include "query/find/language/regex-int.h"

#include <string.h>

/* Sessions that one query looks for in bytes; with more the model costs less. */
#define SESSIONS_MAX 4u

/* ---- names that stand as they were sent ------------------------------------------------------
 */

static bool is_ascii_letter(uint8_t c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* No encoder of JSON escapes these. */
static bool is_never_escaped(uint8_t c)
{
        return is_ascii_letter(c) || (c >= '0' && c <= '9') || (c != 0 && strchr("-_.:", c));
}

/* A letter that is in no number and no truth value: those are sent as others than texts, too. */
static bool tells_text(uint8_t c)
{
        return is_ascii_letter(c) && !strchr("aefilnrstu", c | 0x20);
}

/* The longest piece of @name that must stand in the bytes of whoever has that name; empty: none. */
static struct clew_slice verbatim_piece(struct clew_slice name)
{
        struct clew_slice best = CLEW_SLICE_NULL;
        size_t from = 0;
        bool is_text = false;

        for (size_t i = 0; i <= name.len; i++) {
                if (i < name.len && is_never_escaped(name.data[i])) {
                        is_text = is_text || tells_text(name.data[i]);
                        continue;
                }
                if (is_text && i - from > best.len)
                        best = clew_slice_make(name.data + from, i - from);
                from = i + 1;
                is_text = false;
        }
        return best;
}

/* The literal that the field at @code is compared with by `=`, where the field is a session. */
static const struct clew_operand *session_at(const struct clew_query *q, uint32_t code)
{
        const struct clew_code_op *op = &q->codes[code];
        const struct clew_code_op *a;
        const struct clew_code_op *b;
        const struct clew_field_ref *ref;

        if (code < 2 || op->code != CLEW_CODE_BINARY || op->op != CLEW_OP_EQ)
                return NULL;
        a = op - 2;
        b = op - 1;
        if (a->code != CLEW_CODE_FIELD || b->code != CLEW_CODE_LITERAL)
                return NULL;
        ref = &q->fields[a->arg];
        if (!ref->row || ref->of_parent || !clew_field_is_session(ref->row) ||
            q->literals[b->arg].type != CLEW_TYPE_TEXT)
                return NULL;
        return &q->literals[b->arg];
}

bool clew_glance_lacks(const struct clew_query_run *run, uint32_t code)
{
        const struct clew_operand *name = run->glances_sessions ? session_at(run->q, code) : NULL;
        struct clew_slice piece;

        if (!name)
                return false;
        piece = verbatim_piece(name->text);
        return piece.len > 0 && !memmem(run->glanced.data, run->glanced.len, piece.data, piece.len);
}

/* ---- a query ---------------------------------------------------------------------------------
 */

static uint32_t count_sessions(const struct clew_query *q)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < q->n_codes; i++)
                n += session_at(q, i) != NULL;
        return n;
}

bool clew_query_can_glance(const struct clew_query *q)
{
        uint32_t sessions = count_sessions(q);

        for (uint32_t i = 0; i < q->n_fields; i++) {
                if (clew_field_is_key(&q->fields[i]))
                        return true;
        }
        for (uint32_t i = 0; i < q->n_regexes; i++) {
                if (clew_regex_shape(q->regexes[i]) == CLEW_REGEX_CONTAINS)
                        return true;
        }
        return sessions > 0 && sessions <= SESSIONS_MAX;
}

bool clew_query_glance(struct clew_query_run *run, struct clew_slice traces)
{
        const struct clew_query_facts unknown = {0};
        bool may;

        clew_look_at_bytes(run, traces, CLEW_SLICE_NULL);
        run->glanced = traces;
        run->glances_sessions = count_sessions(run->q) <= SESSIONS_MAX;
        run->has_bytes = true;
        may = clew_query_judge(run, &unknown) != CLEW_NO;
        run->has_bytes = false;
        run->glances_sessions = false;
        if (may)
                return true;
        run->met.opened++;
        run->met.opened_bytes += traces.len;
        run->met.no_text++;
        if (run->met.opened <= CLEW_RUN_KEY_TRACES_MAX)
                clew_collect_keys(run, traces);
        return false;
}
