/*
 * clew help query, clew help path.
 */
#include "query/cli/help.h"

#include "query/answer/query-help.h"

#define TEXT_MAX 65536u

bool clew_help_query(const char *topic, FILE *out)
{
        CLEW_BUFFER text = {0};
        bool known;

        clew_buffer_init(&text, TEXT_MAX);
        known = clew_query_help(topic, &text);
        if (known)
                fwrite(text.data, 1, text.len, out);
        return known;
}
