/*
 * Keys: who may do what, in a file beside the store.
 *
 * A key has a public half (an id, "pk-clew-...") and a secret half ("sk-clew-...", 256 random
 * bits). The file holds the SHA-256 of the secret half: a secret with so many random bits needs no
 * slow hash, and the file tells nobody how to get in. Lines of JSON are added, never changed: a
 * key, the end of a key, a link for one sign-in, and that a link was used.
 *
 *     {"v":1,"key":"pk-clew-...","hash":"<hex>","name":"ci","project":"default","scopes":"ingest",
 *      "created":1757000000,"expires":0}
 *     {"v":1,"revoke":"pk-clew-...","time":1757000000}
 *     {"v":1,"link":"<hash of its code>","key":"pk-clew-...","expires":1757000600}
 *     {"v":1,"used":"<hash of its code>","time":1757000000}
 *
 * Threads: the functions that write take the file's lock, so the command line and a running clewd
 * may both write. A set is read whole and then constant.
 */
#ifndef CLEW_COLLECTOR_KEYS_H
#define CLEW_COLLECTOR_KEYS_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/sha256.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the directory of the store. */
#define CLEW_KEYS_FILE "keys.jsonl"
/* Each request looks at all of them, in constant time. */
#define CLEW_KEYS_MAX 1024u
#define CLEW_LINKS_MAX 256u
#define CLEW_KEY_NAME_BYTES 129u
#define CLEW_KEY_PROJECT_BYTES 65u
#define CLEW_KEY_PUBLIC_BYTES 32u /* "pk-clew-" and 16 digits */
#define CLEW_KEY_SECRET_BYTES 80u /* "sk-clew-" and 64 digits */
#define CLEW_KEY_PROJECT_DEFAULT "default"
/* A link is typed or clicked at once. */
#define CLEW_KEY_LINK_S 600u

struct clew_access_key {
        char id[CLEW_KEY_PUBLIC_BYTES];
        char name[CLEW_KEY_NAME_BYTES];
        char project[CLEW_KEY_PROJECT_BYTES];
        uint32_t scopes; /* bits of enum clew_scope */
        uint64_t created_s;
        uint64_t expires_s; /* 0 = never */
        uint64_t revoked_s; /* 0 = not */
        uint8_t hash[CLEW_SHA256_BYTES];
};

struct clew_key_link {
        uint8_t hash[CLEW_SHA256_BYTES];
        uint32_t key; /* index */
        uint64_t expires_s;
        bool used;
};

struct clew_keys {
        struct clew_access_key keys[CLEW_KEYS_MAX];
        struct clew_key_link links[CLEW_LINKS_MAX]; /* the newest */
        uint32_t n;
        uint32_t n_links; /* ever seen; link i is at i % CLEW_LINKS_MAX */
};

/* A name of a project is one of a directory: letters, digits, '-', '_' and '.', not at its start.
 */
CLEW_MUST_USE bool clew_project_name_is_good(struct clew_slice name);

/* Reads the file; one that is not there is an empty set. 0, -EBADMSG with a message that names the
 * line, -E2BIG, -ETIMEDOUT (another holds its lock: CLEW_FILE_LOCK_NS; so do those that write to
 * it), another negative errno. */
CLEW_MUST_USE int clew_keys_load(const char *path, struct clew_keys **ret, struct clew_error *err);
void clew_keys_free(struct clew_keys *keys);

/* Index of the key of that secret half, UINT32_MAX when there is none; of a link of that code.
 * Every entry is looked at, each in constant time. */
uint32_t clew_keys_find(const struct clew_keys *keys, struct clew_slice secret);
uint32_t clew_keys_find_link(const struct clew_keys *keys, struct clew_slice code);

/* Makes a key: fills id, hash and created_s of @key, and the secret half. Durable on return. */
CLEW_MUST_USE int clew_keys_add(const char *path, struct clew_access_key *key,
                                char ret_secret[CLEW_KEY_SECRET_BYTES], struct clew_error *err);
CLEW_MUST_USE int clew_keys_revoke(const char *path, const struct clew_access_key *key,
                                   struct clew_error *err);
/* Makes a code for one sign-in with that key. */
CLEW_MUST_USE int clew_keys_link(const char *path, const struct clew_access_key *key,
                                 char ret_code[CLEW_KEY_SECRET_BYTES], struct clew_error *err);
CLEW_MUST_USE int clew_keys_use_link(const char *path, const struct clew_key_link *link,
                                     struct clew_error *err);

/* 32 random bytes, as hex. 0 or a negative errno. */
CLEW_MUST_USE int clew_random_hex(char ret[CLEW_SHA256_HEX]);
/* Whether both are equal, in a time that depends on their lengths alone. */
CLEW_MUST_USE bool clew_equal_in_constant_time(struct clew_slice a, struct clew_slice b);

#endif
