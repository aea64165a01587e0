/*
 * Names that a filter asks for; see select.h.
 */
#include "query/find/select.h"

bool clew_name_filter_matches(const struct clew_name_filter *filter, struct clew_slice value)
{
        for (size_t i = 0; i < filter->n; i++) {
                struct clew_slice name = clew_slice_of_cstr(filter->values[i]);

                if (name.len > 0 && name.data[name.len - 1] == '*') {
                        name.len--;
                        if (clew_slice_starts_with(value, name))
                                return true;
                } else if (clew_slice_eq(value, name)) {
                        return true;
                }
        }
        return false;
}
