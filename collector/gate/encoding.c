#include "collector/gate/encoding.h"

#include "collector/gate/inflate.h"
#include "collector/gate/unsnappy-int.h"
#include "collector/gate/unzstd-int.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const struct {
        const char *name;
        enum clew_encoding encoding;
} names[] = {
        {"", CLEW_ENCODING_IDENTITY},
        {"identity", CLEW_ENCODING_IDENTITY},
        {"gzip", CLEW_ENCODING_GZIP},
        {"x-gzip", CLEW_ENCODING_GZIP},
        {"deflate", CLEW_ENCODING_DEFLATE},
        {"zlib", CLEW_ENCODING_DEFLATE},
        {"zstd", CLEW_ENCODING_ZSTD},
        {"snappy", CLEW_ENCODING_SNAPPY},
        {"x-snappy-framed", CLEW_ENCODING_SNAPPY},
};

bool clew_encoding_by_name(struct clew_slice name, enum clew_encoding *ret)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (name.len == strlen(names[i].name) &&
                    strncasecmp((const char *)name.data, names[i].name, name.len) == 0) {
                        *ret = names[i].encoding;
                        return true;
                }
        }
        return false;
}

enum clew_encoding clew_encoding_sniff(struct clew_slice first)
{
        if (clew_slice_starts_with(first, CLEW_SLICE_LITERAL(CLEW_ZSTD_MAGIC)))
                return CLEW_ENCODING_ZSTD;
        if (clew_slice_starts_with(first, CLEW_SLICE_LITERAL(CLEW_SNAPPY_MAGIC)))
                return CLEW_ENCODING_SNAPPY;
        return CLEW_ENCODING_IDENTITY;
}

int clew_encoding_undo(enum clew_encoding encoding, const struct clew_slice *parts, size_t n,
                       size_t max_bytes, struct clew_buffer *out, struct clew_error *err)
{
        switch (encoding) {
        case CLEW_ENCODING_GZIP:
                return clew_inflate_gzip(parts, n, max_bytes, out, err);
        case CLEW_ENCODING_DEFLATE:
                return clew_inflate_zlib(parts, n, max_bytes, out, err);
        case CLEW_ENCODING_ZSTD:
                return clew_unzstd(parts, n, max_bytes, out, err);
        case CLEW_ENCODING_SNAPPY:
                return clew_unsnappy(parts, n, max_bytes, out, err);
        case CLEW_ENCODING_IDENTITY:
        case CLEW_ENCODINGS:
                break;
        }
        return -EINVAL;
}

size_t clew_encoding_hint(enum clew_encoding encoding, const struct clew_slice *parts, size_t n,
                          size_t max_bytes)
{
        size_t total = 0;

        if (encoding == CLEW_ENCODING_GZIP)
                return clew_inflate_hint(parts, n, max_bytes);
        if (encoding == CLEW_ENCODING_ZSTD)
                return clew_unzstd_hint(parts, n, max_bytes);
        for (size_t i = 0; i < n; i++)
                total += parts[i].len;
        return total < max_bytes ? total : max_bytes;
}
