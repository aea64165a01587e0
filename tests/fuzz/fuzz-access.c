/*
 * What a request shows of who makes it. Lines: Authorization, x-api-key, Cookie, Host; the rest is
 * a file of keys.
 *
 * Promise: nobody gets in who shows neither a secret half of this store nor a cookie that it gave;
 * a file of keys that is read is the same when it is read again, and never opens what has keys.
 */
#include "collector/gate/access.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct clew_access *mine;
static char dir[] = "/tmp/clew-fuzz-access-XXXXXX";
static char keys_path[64];
static char read_path[64];

static void remove_all(void)
{
        clew_access_free(mine);
        (void)!unlink(keys_path);
        (void)!unlink(read_path);
        (void)!rmdir(dir);
}

static void make(void)
{
        struct clew_access_options options = {.keys_path = keys_path};
        struct clew_access_key key = {
                .name = "fuzz", .project = "default", .scopes = CLEW_SCOPES_ALL};
        char secret[CLEW_KEY_SECRET_BYTES];
        struct clew_error err = {0};

        CLEW_ASSERT(mkdtemp(dir) != NULL);
        snprintf(keys_path, sizeof(keys_path), "%s/keys", dir);
        snprintf(read_path, sizeof(read_path), "%s/read", dir);
        CLEW_ASSERT(clew_keys_add(keys_path, &key, secret, &err) == 0);
        CLEW_ASSERT(clew_access_new(&options, &mine, &err) == 0);
        atexit(remove_all);
}

static struct clew_slice take_line(struct clew_slice *input)
{
        const uint8_t *end = input->len > 0 ? memchr(input->data, '\n', input->len) : NULL;
        size_t n = end ? (size_t)(end - input->data) : input->len;
        struct clew_slice line = clew_slice_make(input->data, n);

        *input = clew_slice_from(*input, n + (end != NULL));
        return line;
}

static void read_file(struct clew_slice text)
{
        struct clew_keys *keys;
        struct clew_keys *again;
        struct clew_error err = {0};
        FILE *f = fopen(read_path, "we");

        CLEW_ASSERT(f != NULL);
        CLEW_ASSERT(fwrite(text.data, 1, text.len, f) == text.len);
        CLEW_ASSERT(fclose(f) == 0);
        if (clew_keys_load(read_path, &keys, &err) < 0) {
                CLEW_ASSERT(err.message[0] != '\0');
                return;
        }
        CLEW_ASSERT(clew_keys_load(read_path, &again, &err) == 0);
        CLEW_ASSERT(memcmp(keys, again, sizeof(*keys)) == 0 && keys->n <= CLEW_KEYS_MAX);
        for (uint32_t i = 0; i < keys->n; i++)
                CLEW_ASSERT(keys->keys[i].scopes != 0 &&
                            clew_project_name_is_good(clew_slice_of_cstr(keys->keys[i].project)));
        clew_keys_free(keys);
        clew_keys_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice input = clew_slice_make(data, size);
        struct clew_credentials c = {.authorization = take_line(&input)};
        struct clew_grant grant;
        char cookie[CLEW_SHA256_HEX];

        if (!mine) {
                umask(077);
                make();
        }
        c.api_key = take_line(&input);
        c.cookie = take_line(&input);
        c.host = take_line(&input);
        CLEW_ASSERT(clew_access_check(mine, &c, CLEW_SCOPES_ALL, &grant) != CLEW_ACCESS_OK);
        CLEW_ASSERT(clew_access_sign_in(mine, &c, c.api_key, c.cookie, &grant, cookie) !=
                    CLEW_ACCESS_OK);
        clew_access_sign_out(mine, &c);
        read_file(input);
        return 0;
}
