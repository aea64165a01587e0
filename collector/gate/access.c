/*
 * See access.h.
 */
#include "collector/gate/access.h"

#include "proto/base/base64.h"
#include "proto/base/buffer.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/review/record.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#define SESSIONS_MAX 512u
/* Addresses whose failures are remembered; a power of two. */
#define FAILURES 1024u
#define FAILURES_A_MINUTE_MAX 20u
#define MINUTE_S 60u
#define CREDENTIAL_BYTES_MAX 1024u

struct session {
        uint8_t hash[CLEW_SHA256_BYTES]; /* of the cookie; all zero = free */
        char key[CLEW_KEY_PUBLIC_BYTES];
        char token[CLEW_SHA256_HEX];
        char host[CLEW_ACCESS_HOST_BYTES];
        uint64_t until_s;
        uint64_t used_s;
};

struct failures {
        uint64_t peer; /* hash of the address */
        uint64_t since_s;
        uint32_t n;
};

struct clew_access {
        struct clew_access_options options;
        struct sockaddr_storage proxy; /* family 0: none */
        char secret[CLEW_SHA256_HEX];  /* of this process: tokens of those whom a proxy names */
        pthread_mutex_t lock;
        /* under the lock: */
        struct clew_keys *keys;
        struct stat seen; /* the file as it was read */
        struct stat told; /* as it was when it was told that it cannot be taken ... */
        bool is_told;     /* ... since it was read */
        struct session sessions[SESSIONS_MAX];
        struct failures failures[FAILURES];
};

static uint64_t now_s(void)
{
        return (uint64_t)time(NULL);
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* An IPv4 address, or the 64 bits of an IPv6 one that a household or a machine has. */
static struct clew_slice address_bytes(const struct sockaddr *peer)
{
        if (peer && peer->sa_family == AF_INET)
                return clew_slice_make(&((const struct sockaddr_in *)(const void *)peer)->sin_addr,
                                       4);
        if (peer && peer->sa_family == AF_INET6)
                return clew_slice_make(
                        &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 8);
        return CLEW_SLICE_LITERAL("other");
}

static bool is_proxy(const struct clew_access *a, const struct sockaddr *peer)
{
        if (!peer || a->proxy.ss_family == 0 || peer->sa_family != a->proxy.ss_family)
                return false;
        if (peer->sa_family == AF_INET)
                return memcmp(&((const struct sockaddr_in *)(const void *)peer)->sin_addr,
                              &((const struct sockaddr_in *)(const void *)&a->proxy)->sin_addr,
                              4) == 0;
        return memcmp(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr,
                      &((const struct sockaddr_in6 *)(const void *)&a->proxy)->sin6_addr, 16) == 0;
}

static int read_proxy(struct clew_access *a, struct clew_error *err)
{
        const char *text = a->options.proxy;
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&a->proxy;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&a->proxy;

        if (!text || !*text)
                return 0;
        if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
                a->proxy.ss_family = AF_INET;
        else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
                a->proxy.ss_family = AF_INET6;
        else
                return clew_error_set(err, -EPERM, 0,
                                      "trusted-proxy takes the numeric address of one machine, "
                                      "not \"%.64s\"",
                                      text);
        return 0;
}

/* ---- failures ------------------------------------------------------------------------------- */

/* Counts one; the verdict is told unless there were too many within a minute. */
static enum clew_access_verdict failed(struct clew_access *a, const struct sockaddr *peer,
                                       enum clew_access_verdict verdict)
{
        uint64_t hash = clew_hash(address_bytes(peer));
        struct failures *f = &a->failures[hash & (FAILURES - 1)];
        uint64_t now = now_s();

        if (f->peer != hash || now - f->since_s >= MINUTE_S)
                *f = (struct failures){.peer = hash, .since_s = now};
        f->n++;
        return f->n > FAILURES_A_MINUTE_MAX ? CLEW_ACCESS_LIMITED : verdict;
}

/* ---- what is shown -------------------------------------------------------------------------- */

static struct clew_slice trimmed(struct clew_slice s)
{
        while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
                s = clew_slice_from(s, 1);
        while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
                s.len--;
        return s;
}

/* What is behind "Bearer " or "Basic ", in any case. */
static bool behind_scheme(struct clew_slice header, const char *scheme, struct clew_slice *ret)
{
        size_t n = strlen(scheme);

        if (header.len <= n || strncasecmp((const char *)header.data, scheme, n) != 0 ||
            header.data[n] != ' ')
                return false;
        *ret = trimmed(clew_slice_from(header, n + 1));
        return true;
}

/* The secret half, and the public half where it is told too. @room holds what was decoded. False
 * when no key is shown. */
static bool shown_key(const struct clew_credentials *c, struct clew_buffer *room,
                      struct clew_slice *ret_secret, struct clew_slice *ret_public)
{
        struct clew_slice value;
        struct clew_slice pair;
        const uint8_t *colon;

        *ret_public = CLEW_SLICE_NULL;
        if (behind_scheme(c->authorization, "Bearer", ret_secret))
                return true;
        if (behind_scheme(c->authorization, "Basic", &value) && clew_base64_decode(value, room)) {
                pair = clew_buffer_slice(room);
                colon = pair.len > 0 ? memchr(pair.data, ':', pair.len) : NULL;
                if (colon) {
                        *ret_public = clew_slice_make(pair.data, (size_t)(colon - pair.data));
                        *ret_secret = clew_slice_from(pair, ret_public->len + 1);
                        return true;
                }
        }
        *ret_secret = trimmed(c->api_key);
        return ret_secret->len > 0 || c->authorization.len > 0;
}

static struct clew_slice cookie_value(struct clew_slice header)
{
        static const char name[] = CLEW_ACCESS_COOKIE "=";

        while (header.len > 0) {
                const uint8_t *end = memchr(header.data, ';', header.len);
                size_t len = end ? (size_t)(end - header.data) : header.len;
                struct clew_slice pair = trimmed(clew_slice_make(header.data, len));

                header = clew_slice_from(header, end ? len + 1 : len);
                if (clew_slice_starts_with(pair, clew_slice_of_cstr(name)))
                        return clew_slice_from(pair, sizeof(name) - 1);
        }
        return CLEW_SLICE_NULL;
}

/* ---- keys and sessions ---------------------------------------------------------------------- */

static enum clew_access_verdict state_of(const struct clew_access_key *k)
{
        if (k->revoked_s > 0)
                return CLEW_ACCESS_REVOKED;
        return k->expires_s > 0 && k->expires_s <= now_s() ? CLEW_ACCESS_EXPIRED : CLEW_ACCESS_OK;
}

static void grant_key(const struct clew_access_key *k, struct clew_grant *ret)
{
        *ret = (struct clew_grant){.scopes = k->scopes};
        memcpy(ret->name, k->name, sizeof(ret->name));
        memcpy(ret->key, k->id, sizeof(ret->key));
        memcpy(ret->project, k->project, sizeof(ret->project));
}

static enum clew_access_verdict by_key(const struct clew_access *a, struct clew_slice secret,
                                       struct clew_slice public, struct clew_grant *ret)
{
        const struct clew_access_key *k;
        uint32_t i;

        if (secret.len > CREDENTIAL_BYTES_MAX)
                return CLEW_ACCESS_UNKNOWN_KEY;
        i = clew_keys_find(a->keys, secret);
        if (i == UINT32_MAX)
                return CLEW_ACCESS_UNKNOWN_KEY;
        k = &a->keys->keys[i];
        if (public.len > 0 && !clew_slice_eq_cstr(public, k->id))
                return CLEW_ACCESS_UNKNOWN_KEY;
        grant_key(k, ret);
        return state_of(k);
}

static struct session *find_session(struct clew_access *a, struct clew_slice cookie)
{
        uint8_t hash[CLEW_SHA256_BYTES];
        struct session *found = NULL;

        if (cookie.len != CLEW_SHA256_HEX - 1)
                return NULL;
        clew_sha256_of(cookie, hash);
        for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
                struct session *s = &a->sessions[i];

                if (s->until_s > 0 &&
                    clew_equal_in_constant_time(clew_slice_make(hash, sizeof(hash)),
                                                clew_slice_make(s->hash, sizeof(s->hash))))
                        found = s;
        }
        return found;
}

static enum clew_access_verdict by_cookie(struct clew_access *a, const struct clew_credentials *c,
                                          struct clew_slice cookie, struct clew_grant *ret)
{
        struct session *s = find_session(a, cookie);

        if (!s || s->until_s <= now_s() || !clew_slice_eq_cstr(c->host, s->host))
                return CLEW_ACCESS_UNKNOWN_KEY;
        for (uint32_t i = 0; i < a->keys->n; i++) {
                const struct clew_access_key *k = &a->keys->keys[i];

                if (strcmp(k->id, s->key) != 0)
                        continue;
                grant_key(k, ret);
                ret->ambient = true;
                memcpy(ret->token, s->token, sizeof(ret->token));
                s->used_s = now_s();
                return state_of(k);
        }
        return CLEW_ACCESS_UNKNOWN_KEY;
}

/* Whom the proxy names. The token is bound to the name: it is the same for all of its pages. */
static enum clew_access_verdict by_proxy(const struct clew_access *a, struct clew_slice user,
                                         struct clew_grant *ret)
{
        struct clew_sha256 h;
        uint8_t hash[CLEW_SHA256_BYTES];

        if (user.len >= sizeof(ret->name) || !clew_name_is_good(user))
                return CLEW_ACCESS_UNKNOWN_KEY;
        *ret = (struct clew_grant){.scopes = a->options.proxy_scopes, .ambient = true};
        memcpy(ret->name, user.data, user.len);
        (void)snprintf(ret->project, sizeof(ret->project), "%s", CLEW_KEY_PROJECT_DEFAULT);
        (void)snprintf(ret->key, sizeof(ret->key), "proxy");
        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_of_cstr(a->secret));
        clew_sha256_add(&h, user);
        clew_sha256_end(&h, hash);
        clew_hex_encode(clew_slice_make(hash, sizeof(hash)), ret->token);
        return CLEW_ACCESS_OK;
}

static enum clew_access_verdict identify(struct clew_access *a, const struct clew_credentials *c,
                                         struct clew_grant *ret)
{
        CLEW_BUFFER room = {0};
        struct clew_slice cookie = cookie_value(c->cookie);
        struct clew_slice secret;
        struct clew_slice public;

        clew_buffer_init(&room, CREDENTIAL_BYTES_MAX);
        if (shown_key(c, &room, &secret, &public))
                return by_key(a, secret, public, ret);
        if (cookie.len > 0)
                return by_cookie(a, c, cookie, ret);
        if (c->user.len > 0 && is_proxy(a, c->peer))
                return by_proxy(a, c->user, ret);
        return CLEW_ACCESS_NO_KEY;
}

static void grant_all(struct clew_grant *ret)
{
        *ret = (struct clew_grant){.scopes = CLEW_SCOPES_ALL};
        (void)snprintf(ret->project, sizeof(ret->project), "%s", CLEW_KEY_PROJECT_DEFAULT);
}

static bool is_on(const struct clew_access *a)
{
        return a->keys->n > 0 || a->proxy.ss_family != 0;
}

enum clew_access_verdict clew_access_check(struct clew_access *a, const struct clew_credentials *c,
                                           uint32_t scopes, struct clew_grant *ret)
{
        enum clew_access_verdict v;

        *ret = (struct clew_grant){0};
        pthread_mutex_lock(&a->lock);
        if (!is_on(a)) {
                grant_all(ret);
                v = CLEW_ACCESS_OK;
        } else {
                v = identify(a, c, ret);
                if (v != CLEW_ACCESS_OK)
                        v = failed(a, c->peer, v);
                else if ((ret->scopes & scopes) == 0)
                        v = CLEW_ACCESS_NO_SCOPE;
        }
        pthread_mutex_unlock(&a->lock);
        return v;
}

void clew_access_explain(enum clew_access_verdict verdict, uint32_t scopes,
                         char ret[CLEW_ACCESS_TEXT_MAX])
{
        static const char *const texts[CLEW_ACCESS_VERDICTS] = {
                [CLEW_ACCESS_OK] = "",
                [CLEW_ACCESS_NO_KEY] =
                        "a key is needed: send Authorization: Bearer KEY, x-api-key: "
                        "KEY, or Basic with both halves; clewd key add makes one",
                [CLEW_ACCESS_UNKNOWN_KEY] =
                        "this key, or sign-in, is not known here: clewd key list "
                        "shows those that are; a page signs in anew",
                [CLEW_ACCESS_EXPIRED] = "this key has expired: clewd key add makes another",
                [CLEW_ACCESS_REVOKED] = "this key was revoked: clewd key add makes another",
                [CLEW_ACCESS_NO_PROJECT] = "the project of this key is not open here: start clewd "
                                           "again, with the same --projects",
                [CLEW_ACCESS_LIMITED] = "too many wrong keys from this address: wait a minute",
        };

        if (verdict == CLEW_ACCESS_NO_SCOPE) {
                uint32_t first = scopes & (~scopes + 1);

                (void)snprintf(ret, CLEW_ACCESS_TEXT_MAX,
                               "this needs a key with the scope \"%s\", which this one has not",
                               clew_access_word(first));
                return;
        }
        (void)snprintf(ret, CLEW_ACCESS_TEXT_MAX, "%s", texts[verdict]);
}

/* ---- signing in ----------------------------------------------------------------------------- */

/* A free place, else that of who has not come for longest. */
static struct session *place(struct clew_access *a)
{
        struct session *oldest = &a->sessions[0];
        uint64_t now = now_s();

        for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
                struct session *s = &a->sessions[i];

                if (s->until_s <= now)
                        return s;
                if (s->used_s < oldest->used_s)
                        oldest = s;
        }
        return oldest;
}

static bool open_session(struct clew_access *a, const struct clew_access_key *k,
                         struct clew_slice host, struct clew_grant *grant,
                         char ret_cookie[CLEW_SHA256_HEX])
{
        struct session *s = place(a);
        uint64_t now = now_s();

        *s = (struct session){.used_s = now, .until_s = now + CLEW_ACCESS_WEEK_S};
        if (k->expires_s > 0 && k->expires_s < s->until_s)
                s->until_s = k->expires_s;
        if (host.len >= sizeof(s->host) || clew_random_hex(ret_cookie) < 0 ||
            clew_random_hex(s->token) < 0) {
                s->until_s = 0;
                return false;
        }
        if (host.len > 0)
                memcpy(s->host, host.data, host.len);
        memcpy(s->key, k->id, sizeof(s->key));
        clew_sha256_of(clew_slice_of_cstr(ret_cookie), s->hash);
        grant->ambient = true;
        memcpy(grant->token, s->token, sizeof(grant->token));
        return true;
}

/* Index of the key that the code stands for. */
static uint32_t use_link(struct clew_access *a, struct clew_slice code)
{
        uint32_t i = clew_keys_find_link(a->keys, code);
        struct clew_key_link *link = i == UINT32_MAX ? NULL : &a->keys->links[i];
        struct clew_error err = {0};

        if (!link || link->used || link->expires_s <= now_s())
                return UINT32_MAX;
        link->used = true;
        if (clew_keys_use_link(a->options.keys_path, link, &err) < 0)
                clew_log(CLEW_LOG_WARN, "keys.not_written", "reason=\"%s\"", err.message);
        return link->key;
}

enum clew_access_verdict clew_access_sign_in(struct clew_access *a,
                                             const struct clew_credentials *c,
                                             struct clew_slice key, struct clew_slice code,
                                             struct clew_grant *ret,
                                             char ret_cookie[CLEW_SHA256_HEX])
{
        enum clew_access_verdict v = CLEW_ACCESS_UNKNOWN_KEY;
        uint32_t i;

        *ret = (struct clew_grant){0};
        pthread_mutex_lock(&a->lock);
        i = code.len > 0 ? use_link(a, code) : clew_keys_find(a->keys, trimmed(key));
        if (i != UINT32_MAX) {
                v = state_of(&a->keys->keys[i]);
                grant_key(&a->keys->keys[i], ret);
        }
        if (v == CLEW_ACCESS_OK && !open_session(a, &a->keys->keys[i], c->host, ret, ret_cookie))
                v = CLEW_ACCESS_UNKNOWN_KEY;
        if (v != CLEW_ACCESS_OK)
                v = failed(a, c->peer, v);
        pthread_mutex_unlock(&a->lock);
        return v;
}

void clew_access_sign_out(struct clew_access *a, const struct clew_credentials *c)
{
        struct session *s;

        pthread_mutex_lock(&a->lock);
        s = find_session(a, cookie_value(c->cookie));
        if (s)
                *s = (struct session){0};
        pthread_mutex_unlock(&a->lock);
}

/* ---- the file ------------------------------------------------------------------------------- */

bool clew_access_is_on(struct clew_access *a)
{
        bool on;

        pthread_mutex_lock(&a->lock);
        on = is_on(a);
        pthread_mutex_unlock(&a->lock);
        return on;
}

bool clew_access_knows(struct clew_access *a, const char *const *projects)
{
        bool all = true;

        pthread_mutex_lock(&a->lock);
        for (uint32_t i = 0; i < a->keys->n; i++) {
                const struct clew_access_key *k = &a->keys->keys[i];
                bool found = state_of(k) != CLEW_ACCESS_OK;

                for (size_t p = 0; projects[p] && !found; p++)
                        found = strcmp(k->project, projects[p]) == 0;
                all = all && found;
        }
        pthread_mutex_unlock(&a->lock);
        return all;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What was told of this very file is not told each second. */
static bool is_told(struct clew_access *a, const struct stat *st)
{
        if (a->is_told && same_file(st, &a->told))
                return true;
        a->told = *st;
        a->is_told = true;
        return false;
}

void clew_access_tick(struct clew_access *a)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_keys *keys = NULL;
        struct clew_keys *old;
        struct clew_error err = {0};
        struct stat st = {0};

        (void)!stat(a->options.keys_path, &st);
        if (same_file(&st, &a->seen)) /* only this thread changes it */
                return;
        if (clew_keys_load(a->options.keys_path, &keys, &err) < 0) {
                if (is_told(a, &st))
                        return;
                clew_log_limited(&limit, CLEW_LOG_ERROR, "keys.unreadable",
                                 "reason=\"%s\" action=\"the keys read before still count\"",
                                 err.message);
                return;
        }
        pthread_mutex_lock(&a->lock);
        old = a->keys;
        if (keys->n == 0 && old->n > 0) { /* emptied, or gone: that opens no door */
                pthread_mutex_unlock(&a->lock);
                clew_keys_free(keys);
                if (is_told(a, &st))
                        return;
                clew_log_limited(&limit, CLEW_LOG_ERROR, "keys.gone",
                                 "action=\"the keys read before still count until a restart\"");
                return;
        }
        a->keys = keys;
        a->seen = st;
        a->is_told = false;
        pthread_mutex_unlock(&a->lock);
        clew_keys_free(old);
        clew_log(CLEW_LOG_INFO, "keys.read", "keys=%u", keys->n);
}

int clew_access_new(const struct clew_access_options *options, struct clew_access **ret,
                    struct clew_error *err)
{
        struct clew_access *a = clew_calloc(1, sizeof(*a));
        int r;

        if (!a)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        a->options = *options;
        pthread_mutex_init(&a->lock, NULL);
        r = clew_random_hex(a->secret);
        if (r < 0)
                clew_error_set(err, r, 0, "the system gives no random bytes");
        if (r == 0)
                r = read_proxy(a, err);
        (void)!stat(options->keys_path, &a->seen);
        if (r == 0)
                r = clew_keys_load(options->keys_path, &a->keys, err);
        if (r < 0) {
                clew_access_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

void clew_access_free(struct clew_access *a)
{
        if (!a)
                return;
        clew_keys_free(a->keys);
        pthread_mutex_destroy(&a->lock);
        explicit_bzero(a, sizeof(*a));
        clew_free(a);
}
