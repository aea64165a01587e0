/*
 * The web pages that are compiled into the program. They are kept as gzip, which is how they are
 * sent; who serves a client that does not take gzip inflates them.
 */
#ifndef CLEW_QUERY_UI_ASSETS_H
#define CLEW_QUERY_UI_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

struct clew_ui_asset {
        const char *media_type;
        const char *etag; /* quoted, as in the header */
        struct clew_slice gzip;
        size_t plain_bytes;
        bool is_page; /* index.html: the answer to every address of a page */
};

/* What a page may do, for the header Content-Security-Policy: nothing from elsewhere, no inline
 * script. */
#define CLEW_UI_POLICY                                                                             \
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "            \
        "img-src 'self' data:; media-src data:; base-uri 'none'; form-action 'none'; "             \
        "frame-ancestors 'none'"

/*
 * Finds what belongs to a path: a file by its name, or the page for every address that is one of a
 * page
 * ("/", "/t/...", "/sessions", ...). False when nothing does: paths of the API and of OTLP, and
 * names with a dot that no file has. The strings live as long as the program.
 */
bool clew_ui_asset_find(struct clew_slice path, struct clew_ui_asset *ret_asset);

/* Appends the bytes as they were before they were packed. 0, -ENOMEM or -EBADMSG. */
CLEW_MUST_USE int clew_ui_asset_inflate(const struct clew_ui_asset *asset, struct clew_buffer *out);

#endif
