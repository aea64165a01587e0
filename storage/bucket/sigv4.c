#include "storage/bucket/sigv4-int.h"

#include "proto/base/ids.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define BLOCK_BYTES 64u
#define CANONICAL_MAX ((size_t)64 << 10)
#define DAY_BYTES 8u

static void hmac(struct clew_slice key, struct clew_slice text, uint8_t ret[CLEW_SHA256_BYTES])
{
        uint8_t block[BLOCK_BYTES] = {0};
        uint8_t pad[BLOCK_BYTES];
        uint8_t inner[CLEW_SHA256_BYTES];
        struct clew_sha256 h;

        if (key.len > BLOCK_BYTES)
                clew_sha256_of(key, block);
        else if (key.len > 0)
                memcpy(block, key.data, key.len);
        for (unsigned i = 0; i < BLOCK_BYTES; i++)
                pad[i] = block[i] ^ 0x36;
        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_make(pad, sizeof(pad)));
        clew_sha256_add(&h, text);
        clew_sha256_end(&h, inner);
        for (unsigned i = 0; i < BLOCK_BYTES; i++)
                pad[i] = block[i] ^ 0x5c;
        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_make(pad, sizeof(pad)));
        clew_sha256_add(&h, clew_slice_make(inner, sizeof(inner)));
        clew_sha256_end(&h, ret);
        explicit_bzero(block, sizeof(block));
        explicit_bzero(pad, sizeof(pad));
        explicit_bzero(&h, sizeof(h));
}

void clew_sigv4_hex(const uint8_t digest[CLEW_SHA256_BYTES], char ret[CLEW_SHA256_HEX])
{
        clew_hex_encode(clew_slice_make(digest, CLEW_SHA256_BYTES), ret);
}

void clew_sigv4_time(uint64_t unix_s, char ret[CLEW_SIGV4_TIME_BYTES])
{
        time_t t = (time_t)unix_s;
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(ret, CLEW_SIGV4_TIME_BYTES, "%Y%m%dT%H%M%SZ", &tm) == 0)
                memcpy(ret, "19700101T000000Z", CLEW_SIGV4_TIME_BYTES);
}

void clew_sigv4_encode(const char *text, bool slashes, struct clew_buffer *out)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-._~";

        for (; *text; text++) {
                if (strchr(plain, *text) || (slashes && *text == '/'))
                        clew_buffer_append_byte(out, (uint8_t)*text);
                else
                        clew_buffer_printf(out, "%%%02X", (unsigned)(uint8_t)*text);
        }
}

/* Pairs in the order of their names. */
static void sort(const struct clew_sigv4_pair *from, size_t n,
                 const struct clew_sigv4_pair *ret[CLEW_SIGV4_PAIRS_MAX])
{
        for (size_t i = 0; i < n; i++) {
                size_t at = i;

                for (; at > 0 && strcmp(ret[at - 1]->name, from[i].name) > 0; at--)
                        ret[at] = ret[at - 1];
                ret[at] = &from[i];
        }
}

void clew_sigv4_query(const struct clew_sigv4_request *r, struct clew_buffer *out)
{
        const struct clew_sigv4_pair *pairs[CLEW_SIGV4_PAIRS_MAX];
        size_t n = r->n_query <= CLEW_SIGV4_PAIRS_MAX ? r->n_query : 0;

        sort(r->query, n, pairs);
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        clew_buffer_append_byte(out, '&');
                clew_sigv4_encode(pairs[i]->name, false, out);
                clew_buffer_append_byte(out, '=');
                clew_sigv4_encode(pairs[i]->value, false, out);
        }
}

/* The request in one form, hashed; the names of its headers go to @signed_names. */
static void canonical(const struct clew_sigv4_request *r, struct clew_buffer *text,
                      struct clew_buffer *signed_names)
{
        const struct clew_sigv4_pair *headers[CLEW_SIGV4_PAIRS_MAX];

        sort(r->headers, r->n_headers, headers);
        clew_buffer_printf(text, "%s\n%s\n", r->method, r->path);
        clew_sigv4_query(r, text);
        clew_buffer_append_byte(text, '\n');
        for (size_t i = 0; i < r->n_headers; i++) {
                clew_buffer_printf(text, "%s:%s\n", headers[i]->name, headers[i]->value);
                if (i > 0)
                        clew_buffer_append_byte(signed_names, ';');
                clew_buffer_append_cstr(signed_names, headers[i]->name);
        }
        clew_buffer_append_byte(text, '\n');
        clew_buffer_append_slice(text, clew_buffer_slice(signed_names));
        clew_buffer_printf(text, "\n%s", r->payload);
}

/* The key of one day, region and service. */
static void derive(const struct clew_sigv4_key *key, struct clew_slice day,
                   uint8_t ret[CLEW_SHA256_BYTES])
{
        CLEW_BUFFER first = {0};

        clew_buffer_init(&first, 4096);
        clew_buffer_printf(&first, "AWS4%s", key->secret);
        hmac(clew_buffer_slice(&first), day, ret);
        if (first.data)
                explicit_bzero(first.data, first.len);
        hmac(clew_slice_make(ret, CLEW_SHA256_BYTES), clew_slice_of_cstr(key->region), ret);
        hmac(clew_slice_make(ret, CLEW_SHA256_BYTES), clew_slice_of_cstr(key->service), ret);
        hmac(clew_slice_make(ret, CLEW_SHA256_BYTES), CLEW_SLICE_LITERAL("aws4_request"), ret);
}

bool clew_sigv4_sign(const struct clew_sigv4_request *r, const struct clew_sigv4_key *key,
                     struct clew_buffer *out)
{
        CLEW_BUFFER text = {0};
        CLEW_BUFFER names = {0};
        CLEW_BUFFER scope = {0};
        uint8_t digest[CLEW_SHA256_BYTES];
        uint8_t day_key[CLEW_SHA256_BYTES];
        char hex[CLEW_SHA256_HEX];

        if (r->n_query > CLEW_SIGV4_PAIRS_MAX || r->n_headers > CLEW_SIGV4_PAIRS_MAX)
                return false;
        clew_buffer_init(&text, CANONICAL_MAX);
        clew_buffer_init(&names, CANONICAL_MAX);
        clew_buffer_init(&scope, CANONICAL_MAX);
        canonical(r, &text, &names);
        clew_sha256_of(clew_buffer_slice(&text), digest);
        if (clew_buffer_error(&text) < 0)
                return false;
        clew_sigv4_hex(digest, hex);
        clew_buffer_printf(&scope, "%.*s/%s/%s/aws4_request", (int)DAY_BYTES, r->time, key->region,
                           key->service);
        clew_buffer_append_byte(&scope, '\0');
        clew_buffer_clear(&text);
        if (clew_buffer_error(&scope) < 0)
                return false;
        clew_buffer_printf(&text, ALGORITHM "\n%s\n%s\n%s", r->time, (const char *)scope.data, hex);
        derive(key, clew_slice_make(r->time, DAY_BYTES), day_key);
        hmac(clew_slice_make(day_key, sizeof(day_key)), clew_buffer_slice(&text), digest);
        explicit_bzero(day_key, sizeof(day_key));
        clew_sigv4_hex(digest, hex);
        clew_buffer_printf(out, ALGORITHM " Credential=%s/%s, SignedHeaders=%.*s, Signature=%s",
                           key->id, (const char *)scope.data, (int)names.len,
                           names.data ? (const char *)names.data : "", hex);
        return clew_buffer_error(&text) == 0 && clew_buffer_error(&names) == 0 &&
               clew_buffer_error(out) == 0;
}
