/*
 * See target.h. Only the text is read here; looking it up in a store is resolve.c's work.
 */
#include "query/serve/target.h"

#include "proto/base/ids.h"
#include "proto/base/number.h"

#include <errno.h>
#include <string.h>

/* Reads hex digits into @bytes until another character or @max digits; returns how many. */
static unsigned scan_hex(const char *text, uint8_t *bytes, unsigned max)
{
        unsigned n = 0;

        while (n < max) {
                int v = clew_hex_digit(text[n]);

                if (v < 0)
                        break;
                bytes[n / 2] = (uint8_t)(bytes[n / 2] | v << (n % 2 ? 0 : 4));
                n++;
        }
        return n;
}

bool clew_hex_prefix_matches(const uint8_t *id, const uint8_t *prefix, unsigned n_digits)
{
        if (memcmp(id, prefix, n_digits / 2) != 0)
                return false;
        return n_digits % 2 == 0 || (id[n_digits / 2] ^ prefix[n_digits / 2]) < 0x10;
}

/* 32 hex digits with dashes after 8, 12, 16 and 20 of them, or without. Returns the characters
 * used, 0 when it is not one. */
static size_t scan_full_id(const char *text, struct clew_trace_id *ret)
{
        struct clew_trace_id id = {{0}};
        unsigned n = 0;
        size_t at = 0;

        while (n < 2 * CLEW_TRACE_ID_BYTES) {
                int v = clew_hex_digit(text[at]);

                if (v < 0) {
                        if (text[at] != '-' || (n != 8 && n != 12 && n != 16 && n != 20) ||
                            text[at - 1] == '-')
                                return 0;
                        at++;
                        continue;
                }
                id.bytes[n / 2] = (uint8_t)(id.bytes[n / 2] | v << (n % 2 ? 0 : 4));
                n++;
                at++;
        }
        if (clew_hex_digit(text[at]) >= 0)
                return 0;
        *ret = id;
        return at;
}

/* Text with a colon and slashes: the first 32 digits that stand alone. */
static bool scan_link(const char *text, struct clew_target *ret)
{
        for (const char *s = text; *s; s++) {
                if (s > text && clew_hex_digit(s[-1]) >= 0)
                        continue;
                if (scan_full_id(s, &ret->prefix) > 0) {
                        ret->n_digits = 2 * CLEW_TRACE_ID_BYTES;
                        return true;
                }
        }
        return false;
}

/* 00-<32 hex>-<16 hex>-<2 hex>. */
static bool scan_traceparent(const char *text, struct clew_target *ret)
{
        struct clew_target t = {0};
        uint8_t version[1] = {0};

        if (strlen(text) < 55 || scan_hex(text, version, 2) != 2 || text[2] != '-' ||
            scan_hex(text + 3, t.prefix.bytes, 32) != 32 || text[35] != '-' ||
            scan_hex(text + 36, t.span.bytes, 16) != 16 || text[52] != '-')
                return false;
        t.n_digits = 32;
        t.n_span_digits = 16;
        *ret = t;
        return true;
}

/* What may follow a trace: #STEP or :SPAN. */
static int scan_suffix(const char *s, struct clew_target *ret, struct clew_error *err)
{
        uint64_t step;

        if (*s == '\0')
                return 0;
        if (*s == '#') {
                if (!clew_parse_uint64(clew_slice_of_cstr(s + 1), &step) || step == 0 ||
                    step > UINT32_MAX - 1)
                        return clew_error_set(err, -EINVAL, 0,
                                              "after # comes the number of a step, 1 or more");
                ret->step = (uint32_t)step;
                return 0;
        }
        if (*s != ':')
                return clew_error_set(err, -EINVAL, 0,
                                      "that is no trace id: an id has hex digits only "
                                      "(see clew help ids)");
        ret->n_span_digits = scan_hex(s + 1, ret->span.bytes, 2 * CLEW_SPAN_ID_BYTES);
        if (ret->n_span_digits == 0 || s[1 + ret->n_span_digits] != '\0')
                return clew_error_set(err, -EINVAL, 0,
                                      "after : come up to 16 hex digits of a span id");
        return 0;
}

static int parse_back(const char *text, struct clew_target *ret, struct clew_error *err)
{
        size_t n = strspn(text, "0123456789");
        uint64_t back = 1;

        if (n > 0 && (!clew_parse_uint64(clew_slice_make(text, n), &back) || back == 0 ||
                      back > CLEW_TARGET_BACK_MAX))
                return clew_error_set(err, -EINVAL, 0, "@ counts from 1 (the newest) to %u",
                                      CLEW_TARGET_BACK_MAX);
        ret->back = (uint32_t)back;
        return scan_suffix(text + n, ret, err);
}

void clew_target_digits(const struct clew_target *target, char ret[CLEW_TRACE_ID_HEX])
{
        clew_trace_id_to_hex(&target->prefix, ret);
        ret[target->n_digits] = '\0';
}

int clew_target_parse(const char *text, struct clew_target *ret, struct clew_error *err)
{
        struct clew_target t = {0};
        size_t used;
        int r;

        if (strlen(text) > CLEW_TARGET_TEXT_MAX)
                return clew_error_set(err, -EINVAL, 0, "an id or link is at most %u bytes long",
                                      CLEW_TARGET_TEXT_MAX);
        if (text[0] == '@') {
                r = parse_back(text + 1, &t, err);
        } else if (strstr(text, "://")) {
                r = scan_link(text, &t) ? 0
                                        : clew_error_set(err, -EINVAL, 0,
                                                         "the link holds no trace id "
                                                         "(32 hex digits)");
        } else if (scan_traceparent(text, &t)) {
                r = 0;
        } else if ((used = scan_full_id(text, &t.prefix)) > 0) {
                t.n_digits = 2 * CLEW_TRACE_ID_BYTES;
                r = scan_suffix(text + used, &t, err);
        } else {
                t.n_digits = scan_hex(text, t.prefix.bytes, 2 * CLEW_TRACE_ID_BYTES);
                if (t.n_digits > 0 && t.n_digits < CLEW_TARGET_DIGITS_MIN)
                        r = clew_error_set(err, -EINVAL, 0,
                                           "a trace id needs at least %u hex digits "
                                           "(see clew help ids)",
                                           CLEW_TARGET_DIGITS_MIN);
                else
                        r = scan_suffix(t.n_digits == 0 ? "?" : text + t.n_digits, &t, err);
        }
        if (r == 0)
                *ret = t;
        return r;
}
