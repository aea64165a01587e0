/*
 * What the files of `clew show` share.
 */
#ifndef CLEW_QUERY_CLI_SHOW_INT_H
#define CLEW_QUERY_CLI_SHOW_INT_H

#include "query/answer/step-full.h"
#include "query/cli/open.h"
#include "query/cli/page.h"
#include "query/model/message.h"
#include "query/model/parameters.h"

struct clew_show {
        struct clew_cli *cli;
        struct clew_look look;
        bool all;
        bool logs;
        bool why_fields;
        bool tokens;
        bool raw_json;
        bool json;
        const char *price_file;
        struct clew_opened opened;
        const struct clew_step *step; /* opened.trace->steps[opened.step] */
        struct clew_arena scratch;
        struct clew_buffer raw; /* text on its way to the page */
        struct clew_page page;
};

/* Messages, arguments, result, input and output. 0 or -ENOMEM. (show-text.c) */
CLEW_MUST_USE int clew_show_texts(struct clew_show *v);
/* The parts of one message. (show-text.c) */
void clew_show_message(struct clew_show *v, const struct clew_message *m);
/* Attributes, events, links, logs, scope and resource. (show-span.c) */
void clew_show_span(struct clew_show *v);
/* All log records of the trace, by step, those of no step last. (show-span.c) */
void clew_show_logs(struct clew_show *v);
/* ", cache written 5, audio in 7": what a line of counts names only when there is some. (show.c) */
void clew_show_token_parts(const struct clew_tokens *tokens, struct clew_buffer *out);
/* The ledger of the trace. Returns an exit status. (show-tokens.c) */
CLEW_MUST_USE int clew_show_tokens(struct clew_show *v);

#endif
