#include "query/ui/assets.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "query/ui/assets-int.h"

#define GZIP_WINDOW_BITS 31

/* First parts of addresses that pages have; the page itself says what it does not know below them.
 */
static const char *const page_roots[] = {
        "",         "t",           "sessions", "clusters", "diff",       "review",
        "datasets", "experiments", "stats",    "status",   "reference",  "trace",
        "traces",   "run",         "runs",     "search",   "statistics", /* other names
                                                                            (core/route.js) */
};

static void fill(const struct clew_ui_file *file, bool is_page, struct clew_ui_asset *ret_asset)
{
        *ret_asset = (struct clew_ui_asset){
                .media_type = file->media_type,
                .etag = file->etag,
                .gzip = clew_slice_make(file->begin, (size_t)(file->end - file->begin)),
                .plain_bytes = file->plain_bytes,
                .is_page = is_page,
        };
}

static bool is_page_address(struct clew_slice path)
{
        if (path.len == 0 || path.data[0] != '/')
                return false;
        const uint8_t *begin = path.data + 1;
        const uint8_t *slash = memchr(begin, '/', path.len - 1);
        size_t size = slash ? (size_t)(slash - begin) : path.len - 1;
        for (size_t i = 0; i < sizeof page_roots / sizeof *page_roots; i++)
                if (clew_slice_eq_cstr(clew_slice_make(begin, size), page_roots[i]))
                        return size > 0 || path.len == 1;
        return false;
}

bool clew_ui_asset_find(struct clew_slice path, struct clew_ui_asset *ret_asset)
{
        bool is_page = is_page_address(path);
        for (size_t i = 0; i < clew_ui_file_count; i++) {
                const struct clew_ui_file *file = &clew_ui_files[i];
                bool wanted = is_page ? strcmp(file->path, "/index.html") == 0
                                      : clew_slice_eq_cstr(path, file->path);
                if (!wanted)
                        continue;
                fill(file, is_page, ret_asset);
                return true;
        }
        return false;
}

int clew_ui_asset_inflate(const struct clew_ui_asset *asset, struct clew_buffer *out)
{
        z_stream z = {0};
        uint8_t *room = clew_buffer_reserve(out, asset->plain_bytes);
        int r;

        if (!room || inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
                return -ENOMEM;
        memcpy(&z.next_in, &asset->gzip.data, sizeof(z.next_in)); /* is only read */
        z.avail_in = (uInt)asset->gzip.len;
        z.next_out = room;
        z.avail_out = (uInt)asset->plain_bytes;
        r = inflate(&z, Z_FINISH);
        inflateEnd(&z);
        clew_buffer_commit(out, asset->plain_bytes - z.avail_out);
        return r == Z_STREAM_END ? 0 : -EBADMSG;
}
