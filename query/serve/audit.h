/*
 * The audit log: who did what, in a file that is only added to, each line bound to the one before
 * by its hash. `clew audit` checks the chain: a line that was changed, taken out or put in breaks
 * it. What a chain cannot show is that its end was cut off: who must know keeps the newest hash
 * elsewhere (`clew audit` prints it, `--after HASH` asks for it).
 *
 *     {"v":1,"n":7,"time_unix_nano":"...","who":"ana","key":"pk-clew-...","from":"10.0.0.9",
 *      "what":"POST /api/v1/annotations","status":201,"prev":"<hash>","hash":"<hash>"}
 *
 * A line with "more":17,"since_unix_nano":"..." stands for so many that were like it.
 *
 * hash = SHA-256 of the line up to `,"hash"`; prev = hash of the line before, of the first 64
 * zeros.
 */
#ifndef CLEW_QUERY_SERVE_AUDIT_H
#define CLEW_QUERY_SERVE_AUDIT_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/sha256.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* In the directory of the store. */
#define CLEW_AUDIT_FILE "audit.jsonl"
/* Of a path with its parameters; the rest is cut. */
#define CLEW_AUDIT_TEXT_MAX 512u

struct clew_audit;

struct clew_audit_entry {
        uint64_t time_ns;
        struct clew_slice who; /* empty: nobody signed in */
        struct clew_slice key; /* id of the key */
        struct clew_slice from;
        struct clew_slice what;
        unsigned status;
        uint64_t more; /* so many were like it since @since_ns, and are told by this line alone */
        uint64_t since_ns;
};

/* @path is copied; the file is made with the first line. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_audit_new(const char *path, struct clew_audit **ret);
void clew_audit_free(struct clew_audit *a);
/* Adds a line; other processes may add too. 0 or a negative errno with a message: -ETIMEDOUT when
 * one of them holds the file's lock for CLEW_FILE_LOCK_NS. */
CLEW_MUST_USE int clew_audit_add(struct clew_audit *a, const struct clew_audit_entry *entry,
                                 struct clew_error *err);

struct clew_audit_result {
        uint64_t n; /* lines that hold */
        char last[CLEW_SHA256_HEX];
        bool found; /* the hash that was asked for is one of them */
};
/* Checks the chain. @wanted (may be NULL) is a hash that must be in it. 0; -ENOENT: there is no
 * file; -EBADMSG with a message that names the first line that does not hold. */
CLEW_MUST_USE int clew_audit_verify(const char *path, const char *wanted,
                                    struct clew_audit_result *ret, struct clew_error *err);

#endif
