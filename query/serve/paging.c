/*
 * Where a page goes on: lists in the order of names (which is that of the names' hashes, as the
 * shelf has them), and lists in order of size. A place is named by what stood there, so a page is
 * right also when that is gone.
 */
#include "query/serve/paging-int.h"

#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/base/number.h"
#include "query/review/rubric.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of one name that of the writer without a name comes first, then they are in the order of what
 * stands above the writers' numbers. */
static int compare_names(struct clew_slice a, struct clew_slice b)
{
        struct clew_slice writers[2];
        struct clew_slice names[2];
        struct clew_content_id x;
        struct clew_content_id y;
        uint64_t n[2];
        int order;

        if (!clew_name_split(a, &writers[0], &names[0]) ||
            !clew_name_split(b, &writers[1], &names[1])) {
                names[0] = a;
                names[1] = b;
                writers[0] = writers[1] = CLEW_SLICE_NULL;
        }
        x = clew_content_id_of(names[0]);
        y = clew_content_id_of(names[1]);
        order = memcmp(x.bytes, y.bytes, sizeof(x.bytes));
        if (order != 0)
                return order;
        for (int i = 0; i < 2; i++)
                n[i] = clew_tier_numbers_of(writers[i]);
        return n[0] < n[1] ? -1 : n[0] > n[1];
}

bool clew_page_is_behind_name(const char *after, struct clew_slice name, uint64_t version)
{
        struct clew_slice text = after ? clew_slice_of_cstr(after) : CLEW_SLICE_NULL;
        struct clew_slice last;
        uint64_t at;
        int order;

        if (!after)
                return true;
        if (!clew_version_parse(text, &last, &at))
                return false;
        order = compare_names(name, last);
        return order > 0 || (order == 0 && version > at);
}

bool clew_page_takes_name(struct clew_call *call)
{
        struct clew_slice name;
        uint64_t version;

        if (!call->inputs.after ||
            clew_version_parse(clew_slice_of_cstr(call->inputs.after), &name, &version))
                return true;
        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                "after takes a name as \"next\" has given it");
        return false;
}

void clew_page_print_name(struct clew_slice name, uint64_t version, char ret[CLEW_PAGE_NAME_TEXT])
{
        if (version > 0)
                (void)snprintf(ret, CLEW_PAGE_NAME_TEXT, "%.*s@%" PRIu64, (int)name.len,
                               (const char *)name.data, version);
        else
                (void)snprintf(ret, CLEW_PAGE_NAME_TEXT, "%.*s", (int)name.len,
                               (const char *)name.data);
}

bool clew_page_parse_size(const char *text, uint64_t *ret_size, uint64_t *ret_hash)
{
        const char *dash = strchr(text, '-');
        uint8_t bytes[sizeof(*ret_hash)];
        uint64_t hash = 0;

        if (!dash || !clew_parse_uint64(clew_slice_make(text, (size_t)(dash - text)), ret_size) ||
            !clew_hex_decode(clew_slice_of_cstr(dash + 1), bytes, sizeof(bytes)))
                return false;
        for (size_t i = 0; i < sizeof(bytes); i++)
                hash = hash << 8 | bytes[i];
        *ret_hash = hash;
        return true;
}

void clew_page_print_size(uint64_t size, uint64_t hash, char ret[CLEW_PAGE_SIZE_TEXT])
{
        (void)snprintf(ret, CLEW_PAGE_SIZE_TEXT, "%" PRIu64 "-%016" PRIx64, size, hash);
}

uint64_t clew_page_item(const struct clew_slice *names, uint32_t n, uint64_t number)
{
        uint64_t hash = number;

        for (uint32_t i = 0; i < n; i++)
                hash = clew_hash_seeded(names[i], hash);
        return hash;
}

void clew_page_print_item(uint64_t item, char ret[CLEW_PAGE_ITEM_TEXT])
{
        (void)snprintf(ret, CLEW_PAGE_ITEM_TEXT, "%016" PRIx64, item);
}

int clew_page_begin(struct clew_call *call, const void *items, uint32_t n,
                    uint64_t (*item_at)(const void *items, uint32_t i), uint32_t *ret)
{
        const char *after = call->inputs.after;
        uint8_t bytes[sizeof(uint64_t)];
        uint64_t item = 0;

        *ret = 0;
        if (!after)
                return 0;
        if (!clew_hex_decode(clew_slice_of_cstr(after), bytes, sizeof(bytes))) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "after takes a place as \"next\" has given it");
                return 1;
        }
        for (size_t i = 0; i < sizeof(bytes); i++)
                item = item << 8 | bytes[i];
        for (uint32_t i = 0; i < n; i++) {
                if (item_at(items, i) != item)
                        continue;
                *ret = i + 1;
                return 0;
        }
        (void)!clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                "what stood at that place (after) is not in the list any more: "
                                "begin anew");
        return 1;
}
