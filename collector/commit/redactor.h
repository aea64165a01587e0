/*
 * What rules of a file (proto/mask/rules.h) take out of requests before anything of them is stored.
 *
 * The file is read at the start and again when that is asked for; a file that is wrong changes
 * nothing. A request is redacted whole by the rules that counted when it came. What is found is
 * replaced by a mark with a hash under the key of its project's store, so that joins still work.
 * Nothing is stored of a request in which it cannot be said whether there is something to be found.
 *
 * Threads: all functions from any.
 */
#ifndef CLEW_COLLECTOR_REDACTOR_H
#define CLEW_COLLECTOR_REDACTOR_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "proto/mask/rules.h"
#include "proto/otlp/walk.h"

#include <stdint.h>

/* Marks are longer than short secrets; a request that would grow beyond twice its size gets marks
 * as long as what they stand for. */
#define CLEW_REDACTED_BYTES_MAX(max_request_bytes) (2 * (max_request_bytes) + ((size_t)1 << 20))
/* Names of rules that are counted, over all files that were read. */
#define CLEW_REDACTOR_NAMES_MAX 256u

struct clew_redactor;

/* Reads @path, which is borrowed until free. 0, or a negative errno with a message that names file
 * and line. */
CLEW_MUST_USE int clew_redactor_new(const char *path, struct clew_redactor **ret,
                                    struct clew_error *err);
void clew_redactor_free(struct clew_redactor *r); /* NULL is fine */
/* Reads the file again. On an error the rules read before go on to count. */
CLEW_MUST_USE int clew_redactor_reload(struct clew_redactor *r, struct clew_error *err);

/* What was taken out of one request. */
struct clew_redacted {
        size_t len; /* of what is left */
        uint64_t n[CLEW_MASK_RULES];
        uint64_t n_own[CLEW_OWN_RULES_MAX];
        uint64_t n_unsure;
        uint64_t n_deep; /* spans or log records nested too deep to be read: they are gone */
        uint16_t counter[CLEW_MASK_RULES + CLEW_OWN_RULES_MAX]; /* of each rule */
};

/*
 * Redacts *body: when something was found it is then in @out, else untouched. 0; -EBADMSG: no OTLP,
 * the walk says so too; -EMSGSIZE, -ENOMEM with a message: nothing of it may be stored.
 */
CLEW_MUST_USE int clew_redactor_run(struct clew_redactor *r, const uint8_t *key,
                                    enum clew_otlp_signal signal, struct clew_slice *body,
                                    struct clew_mask_work *work, struct clew_buffer *out,
                                    struct clew_redacted *ret, struct clew_error *err);
/* Counts it, once it is known that the request is not looked at again. */
void clew_redactor_count(struct clew_redactor *r, const struct clew_redacted *redacted);

struct clew_redactor_figures {
        struct {
                char name[CLEW_OWN_NAME_MAX + 1];
                uint64_t n;
        } rules[CLEW_REDACTOR_NAMES_MAX];
        unsigned n;
        uint64_t n_unsure;
        uint64_t n_refused; /* reloads */
        uint64_t loaded_ns; /* unix time */
};

/* All rules that count now, and those that did. */
void clew_redactor_figures(struct clew_redactor *r, struct clew_redactor_figures *ret);

#endif
