/*
 * How output looks: width, colour, line-drawing characters, pager.
 *
 * Decided once per command from the flags, then the environment (NO_COLOR, CLICOLOR_FORCE,
 * CLICOLOR, TERM, COLUMNS), then what the streams are. Colour is never the only sign of anything.
 */
#ifndef CLEW_QUERY_CLI_TERMINAL_H
#define CLEW_QUERY_CLI_TERMINAL_H

#include "query/cli/cli.h"
#include "query/cli/options.h"

#include <stdbool.h>
#include <stddef.h>

/* Of a terminal that does not tell its width. Output that goes elsewhere is not cut, unless COLUMNS
 * says how wide it is. */
#define CLEW_COLUMNS_DEFAULT 80u
/* Narrower than this no table can be read; wider values are taken as they are. */
#define CLEW_COLUMNS_MIN 40u
#define CLEW_COLUMNS_MAX 4096u

/* What a piece of text is, not what it looks like. */
enum clew_tone {
        CLEW_TONE_PLAIN,
        CLEW_TONE_DIM,    /* structure, what repeats */
        CLEW_TONE_STRONG, /* headings, numbers of steps */
        CLEW_TONE_BAD,    /* errors, failed */
        CLEW_TONE_WARN,
        CLEW_TONE_GOOD,
        CLEW_TONE_AGENT, /* kinds of steps */
        CLEW_TONE_LLM,
        CLEW_TONE_TOOL,
        CLEW_TONE_COUNT,
};

struct clew_look {
        size_t columns; /* SIZE_MAX with --wide */
        bool colour;
        bool ascii;
        bool utc;
};

/* Values of the display flags, as given. */
struct clew_display_flags {
        const char *color; /* auto, always, never; NULL = auto */
        bool wide;
        bool ascii;
        bool utc;
        bool no_pager;
};

/* Adds --wide --ascii --utc --color --no-pager. */
void clew_display_flags_add(struct clew_flag_set *set, struct clew_display_flags *d);

/* Fills @ret. Returns 0, or CLEW_EXIT_USAGE after a message. */
CLEW_MUST_USE int clew_look_init(struct clew_look *ret, struct clew_cli *cli,
                                 const struct clew_display_flags *flags);

/* Escape sequence that begins a tone, "" without colour; clew_look_end() ends it. */
const char *clew_look_begin(const struct clew_look *look, enum clew_tone tone);
const char *clew_look_end(const struct clew_look *look, enum clew_tone tone);

/*
 * Sends standard output through $CLEW_PAGER, $PAGER or `less -FIRX` when it is a terminal and
 * @flags allow it. Failure to start one is not an error. clew_cli_deinit() waits for it.
 */
void clew_pager_start(struct clew_cli *cli, const struct clew_display_flags *flags);
void clew_pager_wait(struct clew_cli *cli);

#endif
