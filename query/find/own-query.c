/*
 * See own-query-int.h.
 */
#include "query/find/own-query-int.h"

#include "query/find/language/language.h"
#include "query/model/summary.h"

#include <errno.h>
#include <string.h>

/* Texts in a summary are cut: a longer one is only known to begin so. */
#define WHOLE_BYTES (CLEW_SUMMARY_TEXT_MAX - 4)
/* A query of more texts costs more than it saves. */
#define TEXT_BYTES_MAX ((size_t)48 << 10)

static void put_outcomes(uint32_t outcomes, struct clew_buffer *out)
{
        uint32_t told = 0;

        if (outcomes == 0)
                return;
        clew_buffer_append_cstr(out, "{ ");
        for (unsigned i = 0; i < CLEW_OUTCOME_COUNT; i++) {
                if ((outcomes & 1u << i) == 0)
                        continue;
                clew_buffer_printf(out, "%sspan.clew.outcome = \"%s\"", told++ > 0 ? " || " : "",
                                   clew_outcome_name((enum clew_outcome)i));
        }
        clew_buffer_append_cstr(out, " }");
}

static void put_session(const char *value, struct clew_buffer *out)
{
        struct clew_slice name = clew_slice_of_cstr(value);
        bool is_prefix = name.len > 0 && name.data[name.len - 1] == '*';
        CLEW_BUFFER pattern = {0};

        if (!is_prefix && name.len < WHOLE_BYTES) {
                clew_buffer_append_cstr(out, "span.clew.session = ");
                clew_query_quote(name, out);
                return;
        }
        name.len -= is_prefix;
        clew_buffer_init(&pattern, 4 * name.len + 16);
        clew_query_regex_escape(name, &pattern);
        clew_buffer_append_cstr(&pattern, ".*");
        clew_buffer_append_cstr(out, "span.clew.session =~ ");
        clew_query_quote(clew_buffer_slice(&pattern), out);
}

static void put_sessions(const char *const *sessions, size_t n, struct clew_buffer *out)
{
        if (n == 0)
                return;
        clew_buffer_append_cstr(out, out->len > 0 ? " && { " : "{ ");
        for (size_t i = 0; i < n && out->len < TEXT_BYTES_MAX; i++) {
                clew_buffer_append_cstr(out, i > 0 ? " || " : "");
                put_session(sessions[i], out);
        }
        clew_buffer_append_cstr(out, " }");
}

int clew_own_query_make(uint32_t outcomes, const char *const *sessions, size_t n,
                        struct clew_own_query *ret)
{
        const struct clew_query_options options = {0};
        struct clew_query_error ignored;
        CLEW_BUFFER text = {0};
        int r;

        *ret = (struct clew_own_query){0};
        clew_buffer_init(&text, 2 * TEXT_BYTES_MAX);
        put_outcomes(outcomes, &text);
        put_sessions(sessions, n, &text);
        if (text.len == 0 || text.len >= TEXT_BYTES_MAX || clew_buffer_error(&text) < 0)
                return 0;
        clew_arena_init(&ret->arena, CLEW_QUERY_ARENA_MAX);
        r = clew_query_parse(clew_buffer_slice(&text), &options, &ret->arena, &ret->query,
                             &ignored);
        if (r < 0)
                ret->query = NULL; /* a text that is none, such as of half a letter */
        return r == -ENOMEM ? r : 0;
}

void clew_own_query_deinit(struct clew_own_query *q)
{
        clew_query_deinit(q->query);
        clew_arena_deinit(&q->arena);
        *q = (struct clew_own_query){0};
}
