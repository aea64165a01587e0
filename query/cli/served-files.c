/*
 * See served-files.h. What the other side refuses (a file that is there already) it tells its user
 * itself, and ends the command.
 */
#include "query/cli/served-files.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>

static bool slots[CLEW_FRAME_SLOTS]; /* in use; one thread writes files */

static int fail(struct clew_cli *cli, int code)
{
        return clew_cli_fail(cli, code, NULL);
}

/* @before, then @text, as one frame. */
static int send(struct clew_cli *cli, enum clew_frame kind, int slot, const uint8_t *flags,
                const char *text)
{
        CLEW_BUFFER payload = {0};
        int r;

        clew_buffer_init(&payload, CLEW_FRAME_BYTES_MAX - 1);
        if (flags)
                clew_buffer_append_byte(&payload, *flags);
        clew_buffer_append_cstr(&payload, text);
        r = clew_buffer_error(&payload);
        if (r == 0)
                r = clew_served_frame(kind, slot, clew_buffer_slice(&payload));
        return r < 0 ? fail(cli, r) : 0;
}

int clew_served_file_open(struct clew_outfile *f, struct clew_cli *cli, const char *path,
                          unsigned flags)
{
        const uint8_t byte = (uint8_t)flags;
        int slot = 0;

        *f = (struct clew_outfile){.slot = -1, .summed = true};
        clew_sha256_init(&f->sum);
        while (slot < (int)CLEW_FRAME_SLOTS && slots[slot])
                slot++;
        if (slot == (int)CLEW_FRAME_SLOTS)
                return fail(cli, -EMFILE);
        f->path = clew_strdup(path);
        f->stream = f->path ? clew_served_stream(CLEW_FRAME_DATA, slot) : NULL;
        if (!f->stream)
                return fail(cli, -ENOMEM);
        slots[slot] = true;
        f->slot = slot;
        return send(cli, CLEW_FRAME_FILE, slot, &byte, path);
}

int clew_served_file_mode(struct clew_outfile *f, struct clew_cli *cli, unsigned mode)
{
        char text[16];

        if (f->slot < 0)
                return 0;
        (void)snprintf(text, sizeof(text), "%u", mode);
        return send(cli, CLEW_FRAME_MODE, f->slot, NULL, text);
}

int clew_served_file_close(struct clew_outfile *f, struct clew_cli *cli, bool keep)
{
        const uint8_t byte = keep;
        bool ok = f->stream && fclose(f->stream) == 0;
        int r = 0;

        if (f->slot >= 0) {
                slots[f->slot] = false;
                r = send(cli, CLEW_FRAME_FILE_END, f->slot, &byte, "");
        }
        clew_free(f->path);
        f->path = NULL;
        f->stream = NULL;
        f->slot = -1;
        return ok || !keep ? r : fail(cli, -EPIPE);
}

int clew_served_dir_open(struct clew_outdir *d, struct clew_cli *cli, bool force)
{
        const uint8_t byte = force ? CLEW_FRAME_FORCE : 0;

        return d->path ? send(cli, CLEW_FRAME_DIR, -1, &byte, d->path) : fail(cli, -ENOMEM);
}

int clew_served_dir_close(struct clew_outdir *d, struct clew_cli *cli, bool keep)
{
        const uint8_t byte = keep;
        int r = d->path ? send(cli, CLEW_FRAME_DIR_END, -1, &byte, "") : 0;

        clew_free(d->path);
        *d = (struct clew_outdir){0};
        return r;
}
