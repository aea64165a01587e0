/*
 * See lines.h.
 */
#include "query/cli/lines.h"

#include "query/answer/safe.h"
#include "query/cli/served.h"

#include <errno.h>
#include <string.h>

#define READ_BYTES 65536u

int clew_cli_read_file(struct clew_cli *cli, const char *path, size_t max_bytes,
                       struct clew_buffer *out)
{
        FILE *f = clew_cli_open_input(path);
        char name[200];
        size_t n = 0;
        int status = 0;

        clew_safe_cstr(clew_slice_of_cstr(path), name, sizeof(name));
        if (!f && clew_served())
                return CLEW_EXIT_USAGE; /* it has been asked for */
        if (!f) {
                clew_cli_error(cli, "cannot read %s: %s", name, strerror(errno));
                return errno == EACCES ? CLEW_EXIT_PERMISSION : CLEW_EXIT_USAGE;
        }
        do {
                uint8_t *p = clew_buffer_reserve(out, READ_BYTES);

                n = p ? fread(p, 1, READ_BYTES, f) : 0;
                clew_buffer_commit(out, n);
                if (!p || out->len > max_bytes) {
                        clew_cli_error(cli, "%s is larger than %zu MiB: divide it", name,
                                       max_bytes >> 20);
                        status = CLEW_EXIT_USAGE;
                        break;
                }
        } while (n > 0);
        if (status == 0 && ferror(f)) {
                clew_cli_error(cli, "cannot read %s: %s", name, strerror(errno));
                status = CLEW_EXIT_USAGE;
        }
        clew_cli_close_input(f);
        return status;
}

bool clew_lines_next(struct clew_lines *l, struct clew_slice *ret)
{
        while (l->rest.len > 0) {
                const uint8_t *end = memchr(l->rest.data, '\n', l->rest.len);
                size_t len = end ? (size_t)(end - l->rest.data) : l->rest.len;
                struct clew_slice line = clew_slice_make(l->rest.data, len);

                l->rest = clew_slice_from(l->rest, len + 1);
                l->number++;
                while (line.len > 0 &&
                       (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == ' ' ||
                        line.data[line.len - 1] == '\t'))
                        line.len--;
                while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
                        line = clew_slice_from(line, 1);
                if (line.len > 0) {
                        *ret = line;
                        return true;
                }
        }
        return false;
}
