/*
 * Rules of retention from files. Whatever it is, it is refused with a message that names a line, or
 * becomes rules that keep the promises of retention.h: some rule takes something, nothing that is
 * younger than an hour goes, and no rule stands behind one that takes all.
 */
#include "query/serve/retention.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_retention r;
        struct clew_error err = {0};
        bool takes;

        if (size > CLEW_RETENTION_FILE_MAX)
                return 0;
        if (clew_retention_parse(&r, clew_slice_make(data, size), &err) < 0) {
                CLEW_ASSERT(strncmp(err.message, "retention", 9) == 0);
                CLEW_ASSERT(r.n == 0 && !r.rules);
                return 0;
        }
        takes = r.quota_bytes > 0;
        CLEW_ASSERT(r.n <= CLEW_RETENTION_RULES_MAX);
        for (unsigned i = 0; i < r.n; i++) {
                const struct clew_retention_rule *x = &r.rules[i];

                CLEW_ASSERT(x->text && x->line > 0 && (i == 0 || x->line > r.rules[i - 1].line));
                if (x->action == CLEW_RETENTION_KEEP) {
                        CLEW_ASSERT(x->older_ns == 0);
                        continue;
                }
                takes = true;
                CLEW_ASSERT(x->younger_ns == 0 && x->older_ns >= CLEW_RETENTION_YOUNGEST_NS);
        }
        CLEW_ASSERT(takes);
        clew_retention_deinit(&r);
        return 0;
}
