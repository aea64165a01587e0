/*
 * See served-files.h. What the other side refuses (a file that is there already) it tells its user
 * itself, and ends the command.
 */
#include "query/cli/served-files.h"

#include "proto/base/buffer.h"

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

int clew_served_file_open(struct clew_cli *cli, const char *path, unsigned flags, int *ret_slot,
                          FILE **ret_stream)
{
        const uint8_t byte = (uint8_t)flags;
        int slot = 0;
        FILE *stream;

        while (slot < (int)CLEW_FRAME_SLOTS && slots[slot])
                slot++;
        if (slot == (int)CLEW_FRAME_SLOTS)
                return fail(cli, -EMFILE);
        stream = clew_served_stream(CLEW_FRAME_DATA, slot);
        if (!stream)
                return fail(cli, -ENOMEM);
        slots[slot] = true;
        *ret_slot = slot;
        *ret_stream = stream;
        return send(cli, CLEW_FRAME_FILE, slot, &byte, path);
}

int clew_served_file_mode(struct clew_cli *cli, int slot, unsigned mode)
{
        char text[16];

        (void)snprintf(text, sizeof(text), "%u", mode);
        return send(cli, CLEW_FRAME_MODE, slot, NULL, text);
}

int clew_served_file_close(struct clew_cli *cli, int slot, FILE *stream, bool keep)
{
        const uint8_t byte = keep;
        bool ok = fclose(stream) == 0;
        int r = send(cli, CLEW_FRAME_FILE_END, slot, &byte, "");

        slots[slot] = false;
        return ok || !keep ? r : fail(cli, -EPIPE);
}

int clew_served_dir_open(struct clew_cli *cli, const char *path, bool force)
{
        const uint8_t byte = force ? CLEW_FRAME_FORCE : 0;

        return send(cli, CLEW_FRAME_DIR, -1, &byte, path);
}

int clew_served_dir_close(struct clew_cli *cli, bool keep)
{
        const uint8_t byte = keep;

        return send(cli, CLEW_FRAME_DIR_END, -1, &byte, "");
}
