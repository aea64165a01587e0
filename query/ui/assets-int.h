/* The table that embed.py writes. */
#ifndef CLEW_QUERY_UI_ASSETS_INT_H
#define CLEW_QUERY_UI_ASSETS_INT_H

#include <stddef.h>

struct clew_ui_file {
        const char *path;
        const char *media_type;
        const char *etag;
        const unsigned char *begin; /* gzip */
        const unsigned char *end;
        size_t plain_bytes;
};

extern const struct clew_ui_file clew_ui_files[];
extern const size_t clew_ui_file_count;

#endif
