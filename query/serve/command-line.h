/*
 * A command line as a request: what `clew --url` sends, and what comes back.
 *
 * The command runs beside the store, in a process of its own, by the same program that runs it at
 * home: so it prints the same bytes. The request is one JSON object,
 *
 *      {"words":["list","--failed"],"columns":120,"colour":true,"time_zone":"Europe/Oslo",
 *       "self":"clew --url https://host","user":"ana","files":[{"name":"-","text":"..."}]}
 *
 * of which only "words" must be there. "columns" is given when a person reads the output on a
 * terminal of that width. Files that the words name are not those of the server: the command asks
 * for their texts (CLEW_FRAME_NEED), and who sent it sends it again with them.
 *
 * The answer is a row of frames: one byte (enum clew_frame), four bytes (length, little-endian), so
 * many bytes. The last one is CLEW_FRAME_EXIT or CLEW_FRAME_CUT; without it the answer is not
 * whole.
 */
#ifndef CLEW_QUERY_SERVE_COMMAND_LINE_H
#define CLEW_QUERY_SERVE_COMMAND_LINE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the command line itself takes (CLEW_ARGUMENTS_MAX). */
#define CLEW_COMMAND_WORDS_MAX 4096u
/* Files that one command reads. */
#define CLEW_COMMAND_FILES_MAX 16u

struct clew_command_file {
        const char *name; /* as a word has it; "-" is standard input */
        struct clew_slice text;
};

struct clew_command_line {
        char **values; /* the command, its flags and arguments; ends with NULL */
        size_t n;
        struct clew_command_file files[CLEW_COMMAND_FILES_MAX];
        size_t n_files;
        uint64_t columns; /* 0: no terminal */
        bool colour;
        const char *time_zone; /* NULL: the server's */
        const char *self;      /* how a suggested command begins */
        const char *user;      /* who says it, where nobody signed in; NULL: not told */
};

/* All of it lives in @arena. 0, -EINVAL or -ENOMEM with a message. */
CLEW_MUST_USE int clew_command_line_read(struct clew_slice body, struct clew_arena *arena,
                                         struct clew_command_line *ret, struct clew_error *err);

enum clew_frame {
        CLEW_FRAME_OUT = 'o',      /* bytes of standard output */
        CLEW_FRAME_ERR = 'e',      /* bytes of standard error */
        CLEW_FRAME_PAGE = 'p',     /* the output is one to be paged; empty */
        CLEW_FRAME_NEED = 'n',     /* name of a file that is needed */
        CLEW_FRAME_DIR = 'd',      /* flags, path: a directory of files begins */
        CLEW_FRAME_DIR_END = 'D',  /* 0 or 1: whether it is kept */
        CLEW_FRAME_FILE = 'f',     /* slot, flags, path: a file begins */
        CLEW_FRAME_MODE = 'm',     /* slot, mode (decimal digits) */
        CLEW_FRAME_DATA = 'b',     /* slot, bytes of that file */
        CLEW_FRAME_FILE_END = 'F', /* slot, 0 or 1: whether it is kept */
        CLEW_FRAME_LAST = 'l',     /* what is told when who asked interrupts now */
        CLEW_FRAME_EXIT = 'x',     /* exit status: one byte */
        CLEW_FRAME_CUT = 'k',      /* a sentence: why the command was ended */
};

/* Flags of CLEW_FRAME_DIR and CLEW_FRAME_FILE. */
#define CLEW_FRAME_FORCE 1u  /* what is there is replaced */
#define CLEW_FRAME_IN_DIR 2u /* the path is a name in the directory */
/* Slots of files that are open at a time. */
#define CLEW_FRAME_SLOTS 8u

#define CLEW_FRAME_HEAD_BYTES 5u
#define CLEW_FRAME_BYTES_MAX 65536u

void clew_frame_head(uint8_t ret[CLEW_FRAME_HEAD_BYTES], enum clew_frame kind, size_t n);

/*
 * Takes the frame at the beginning of @input: its size with the head when it is whole, 0 when more
 * bytes are needed, or -EBADMSG: it is none.
 */
CLEW_MUST_USE int clew_frame_take(struct clew_slice input, enum clew_frame *ret_kind,
                                  struct clew_slice *ret);

#endif
