/*
 * What stores and their surroundings say: a list, an error, uploads, a file of keys, the metadata
 * service's answer, an address. Whatever the bytes are: they are read or refused, texts end inside
 * their rooms, and a list gives each object once.
 */
#include "storage/bucket/credentials-int.h"
#include "storage/bucket/s3-answer-int.h"
#include "storage/bucket/s3-place-int.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool ends(const char *text, size_t size)
{
        return memchr(text, '\0', size) != NULL;
}

static void read_list(struct clew_slice text)
{
        struct clew_s3_list list;
        struct clew_s3_item item;
        const uint8_t *last = text.data;
        char key[64];

        if (!clew_s3_list_open(text, &list))
                return;
        while (clew_s3_list_next(&list, &item) == 1) {
                CLEW_ASSERT(item.key.data > last && item.key.data <= text.data + text.len);
                last = item.key.data;
                if (clew_s3_unescape(item.key, key, sizeof(key)))
                        CLEW_ASSERT(strlen(key) <= item.key.len);
                CLEW_ASSERT(ends(key, sizeof(key)));
        }
}

static void read_uploads(struct clew_slice text)
{
        struct clew_s3_uploads list;
        struct clew_s3_upload item;
        const uint8_t *last = text.data;

        if (clew_s3_upload_id_read(text, item.id))
                CLEW_ASSERT(ends(item.id, sizeof(item.id)) && item.id[0] &&
                            !strpbrk(item.id, "<> \r\n"));
        (void)!clew_s3_is_completed(text);
        if (!clew_s3_uploads_open(text, &list))
                return;
        while (clew_s3_uploads_next(&list, &item) == 1) {
                CLEW_ASSERT(item.key.data > last && item.key.data <= text.data + text.len);
                CLEW_ASSERT(ends(item.id, sizeof(item.id)) && item.id[0]);
                last = item.key.data;
        }
}

static void read_address(struct clew_slice text)
{
        struct clew_s3_place place;
        struct clew_error err = {0};
        char url[CLEW_BUCKET_URL_MAX];
        CLEW_BUFFER path = {.max_bytes = 16384};

        if (text.len + 6 > sizeof(url))
                return;
        memcpy(url, "s3://", 5);
        if (text.len)
                memcpy(url + 5, text.data, text.len);
        url[5 + text.len] = '\0';
        if (clew_s3_place_read(url, &place, &err) < 0) {
                CLEW_ASSERT(err.message[0]);
                return;
        }
        clew_s3_place_path(&place, "seg/x", &path);
        CLEW_ASSERT(clew_buffer_error(&path) == 0 && path.data[0] == '/' &&
                    !memmem(path.data, path.len, "/../", 4) &&
                    !memmem(path.data, path.len, "/./", 3));
        CLEW_ASSERT(strpbrk(place.host, " /?#@\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice text = clew_slice_make(data, size);
        struct clew_s3_error e;
        struct clew_s3_key c;
        uint64_t end_s;

        read_list(text);
        read_uploads(text);
        clew_s3_error_read(text, &e);
        CLEW_ASSERT(ends(e.code, sizeof(e.code)) && ends(e.message, sizeof(e.message)));
        CLEW_ASSERT(!strpbrk(e.code, "\r\n\x1b"));
        if (clew_credentials_of_file(text, "default", &c))
                CLEW_ASSERT(c.id[0] && c.secret[0] && !strpbrk(c.id, " \r\n"));
        if (clew_credentials_of_json(text, &c, &end_s))
                CLEW_ASSERT(c.id[0] && c.secret[0] && !strpbrk(c.token, " \r\n"));
        read_address(text);
        return 0;
}
