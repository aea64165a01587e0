/*
 * TLS as OpenSSL has it: a context made of files, and one session a connection. The only file that
 * includes OpenSSL is tls-session.c.
 */
#ifndef CLEW_COLLECTOR_TLS_SESSION_INT_H
#define CLEW_COLLECTOR_TLS_SESSION_INT_H

#include "collector/front/tls-files.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct clew_tls_context;
struct clew_tls_session;

/* What a step came to. */
enum clew_tls_step {
        CLEW_TLS_DONE,       /* n bytes, or the handshake */
        CLEW_TLS_WANT_READ,  /* when the socket can be read */
        CLEW_TLS_WANT_WRITE, /* when it can be written */
        CLEW_TLS_END,        /* the other side has said all */
        CLEW_TLS_FAILED,
};

/* Reads the files. Sessions keep what they need of a context. 0 or a negative errno with a message
 * that names the file. */
CLEW_MUST_USE int clew_tls_context_new(const struct clew_tls_files *files,
                                       struct clew_tls_context **ret, struct clew_error *err);
void clew_tls_context_free(struct clew_tls_context *context);

/* NULL: no memory. @fd stays the caller's. */
struct clew_tls_session *clew_tls_session_new(struct clew_tls_context *context, int fd);
void clew_tls_session_free(struct clew_tls_session *s);
CLEW_MUST_USE enum clew_tls_step clew_tls_session_accept(struct clew_tls_session *s);
CLEW_MUST_USE enum clew_tls_step clew_tls_session_read(struct clew_tls_session *s, uint8_t *to,
                                                       size_t max, size_t *ret_n);
CLEW_MUST_USE enum clew_tls_step
clew_tls_session_write(struct clew_tls_session *s, const uint8_t *from, size_t n, size_t *ret_n);
/* Bytes that were decrypted and not read: the socket does not tell of them. */
bool clew_tls_session_has_more(const struct clew_tls_session *s);
/* Says that nothing more comes. Once is enough. */
void clew_tls_session_say_end(struct clew_tls_session *s);
/* Why it failed, in English; static or of the session. */
const char *clew_tls_session_why(struct clew_tls_session *s);

#endif
