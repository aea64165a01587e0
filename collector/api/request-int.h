/*
 * One request of the API from its headers to its answer, and who makes it.
 */
#ifndef CLEW_COLLECTOR_API_REQUEST_INT_H
#define CLEW_COLLECTOR_API_REQUEST_INT_H

#include "collector/api/options.h"
#include "query/serve/command.h"

#include <microhttpd.h>
#include <signal.h>
#include <stdatomic.h>

struct clew_api;

enum clew_api_state { CLEW_API_NEW, CLEW_API_WAITING, CLEW_API_ANSWERED };

#define CLEW_API_FROM_BYTES 64u
#define CLEW_API_SET_COOKIE_BYTES 256u

struct clew_api_request {
        struct clew_api *api; /* api.c's */
        struct MHD_Connection *connection;
        struct clew_api_request *next; /* in the queue */
        _Atomic enum clew_api_state state;
        bool streams;                  /* the answer is made and sent piece by piece */
        size_t target_bytes;           /* of the first piece's target */
        size_t sent_bytes;             /* of the piece at hand */
        struct clew_mem_ticket ticket; /* of a large question, questions.c's, as the next ones */
        uint64_t turn_until_ns;
        bool has_place;             /* for a large question */
        bool is_late;               /* it had no turn */
        atomic_bool has_left;       /* who asked: nobody waits for the answer */
        volatile sig_atomic_t stop; /* not 0: its walks end */
        bool is_write;
        bool is_sign_in;     /* or out: answered here, not by the service */
        bool is_metrics;     /* a scrape: answered at once */
        bool is_tail;        /* what is not sealed here, for a reader */
        bool is_mcp;         /* a message of the Model Context Protocol */
        size_t kept_bytes;   /* of the body, counted in the api */
        size_t answer_bytes; /* counted in the api, until it is sent */
        size_t waste_bytes;  /* read and thrown away */
        struct clew_buffer body;
        struct clew_buffer target;
        const char *method; /* the library's, as long as the request */
        const struct clew_service *service;
        struct clew_grant grant;
        char from[CLEW_API_FROM_BYTES];             /* address of who asks */
        char word[CLEW_COMMAND_WORD_BYTES];         /* the command that is run; "" = none */
        char set_cookie[CLEW_API_SET_COOKIE_BYTES]; /* "" = none */
        const char *location;                       /* to go on to; static */
        struct clew_serve_answer answer;
};

/* A header; a null slice when it was not sent. */
struct clew_slice clew_api_header(const struct clew_api_request *q, const char *name);
/* What the request shows of who makes it. */
struct clew_credentials clew_api_credentials(const struct clew_api_request *q,
                                             const struct clew_api_options *options);

/* Whether it may be answered at all: who asks, from where, for which project. Fills grant;
 * otherwise the refusal is there. Pages need nobody. */
CLEW_MUST_USE bool clew_api_admits(struct clew_api_request *q,
                                   const struct clew_api_options *options);
/* Index of the project among the options', after clew_api_admits(). */
CLEW_MUST_USE unsigned clew_api_project(const struct clew_api_request *q,
                                        const struct clew_api_options *options);

/* Whether path and method are those of signing in and out. */
CLEW_MUST_USE bool clew_api_is_sign_in(const char *method, const char *path);
/* Answers them. */
void clew_api_sign_in(struct clew_api_request *q, const struct clew_api_options *options);

/* Whether the path is that of the Model Context Protocol; and its answer. */
CLEW_MUST_USE bool clew_api_is_mcp(const char *path);
void clew_api_mcp(struct clew_api_request *q);

/* Notes what was done, when it is to be noted. Called when the answer is there. */
void clew_api_note(const struct clew_api_request *q, const struct clew_api_options *options);

#endif
