/*
 * Buckets: signatures as published, addresses, names, and texts of strangers (lists, errors, keys).
 * What stores do is tests/integration/test-bucket.
 */
#include "proto/base/clock.h"
#include "storage/bucket/bucket-int.h"
#include "storage/bucket/credentials-int.h"
#include "storage/bucket/moving-int.h"
#include "storage/bucket/s3-answer-int.h"
#include "storage/bucket/s3-place-int.h"
#include "storage/bucket/sigv4-int.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The examples of "Signature Calculations for the Authorization Header" (S3), and get-vanilla of
 * the general suite. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define S3_HOST                                                                                    \
        {                                                                                          \
                "host", "examplebucket.s3.amazonaws.com"                                           \
        }
#define S3_DATE                                                                                    \
        {                                                                                          \
                "x-amz-date", "20130524T000000Z"                                                   \
        }

static const struct clew_sigv4_key s3_key = {
        "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"};

static void assert_signed(const struct clew_sigv4_request *r, const struct clew_sigv4_key *key,
                          const char *names, const char *signature)
{
        CLEW_BUFFER got = {0};
        char want[1024];

        clew_buffer_init(&got, 4096);
        assert_true(clew_sigv4_sign(r, key, &got));
        clew_buffer_append_byte(&got, '\0');
        snprintf(want, sizeof(want),
                 "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, "
                 "Signature=%s",
                 key->id, r->time, key->region, key->service, names, signature);
        assert_string_equal((const char *)got.data, want);
}

static void signatures_are_those_that_are_published(void **state)
{
        static const struct clew_sigv4_pair get[] = {
                S3_DATE, {"x-amz-content-sha256", EMPTY}, {"range", "bytes=0-9"}, S3_HOST};
        static const char put_hash[] =
                "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        static const struct clew_sigv4_pair put[] = {S3_HOST,
                                                     {"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                                     {"x-amz-content-sha256", put_hash},
                                                     S3_DATE};
        static const struct clew_sigv4_pair plain[] = {
                S3_HOST, {"x-amz-content-sha256", EMPTY}, S3_DATE};
        static const struct clew_sigv4_pair lifecycle[] = {{"lifecycle", ""}};
        static const struct clew_sigv4_pair list[] = {{"prefix", "J"}, {"max-keys", "2"}};
        struct clew_sigv4_request r = {"GET", "/test.txt", NULL,  0,
                                       get,   4,           EMPTY, "20130524T000000Z"};

        (void)state;
        assert_signed(&r, &s3_key, "host;range;x-amz-content-sha256;x-amz-date",
                      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        r = (struct clew_sigv4_request){"PUT",    "/test%24file.text", NULL, 0, put, 5,
                                        put_hash, "20130524T000000Z"};
        assert_signed(&r, &s3_key, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
        r = (struct clew_sigv4_request){"GET", "/", lifecycle, 1,
                                        plain, 3,   EMPTY,     "20130524T000000Z"};
        assert_signed(&r, &s3_key, "host;x-amz-content-sha256;x-amz-date",
                      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        r.query = list;
        r.n_query = 2;
        assert_signed(&r, &s3_key, "host;x-amz-content-sha256;x-amz-date",
                      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void the_general_suite_s_first_case_too(void **state)
{
        static const struct clew_sigv4_pair headers[] = {{"host", "example.amazonaws.com"},
                                                         {"x-amz-date", "20150830T123600Z"}};
        static const struct clew_sigv4_key key = {
                "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
        const struct clew_sigv4_request r = {"GET",   "/", NULL,  0,
                                             headers, 2,   EMPTY, "20150830T123600Z"};
        char time[CLEW_SIGV4_TIME_BYTES];

        (void)state;
        assert_signed(&r, &key, "host;x-amz-date",
                      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        clew_sigv4_time(1440938160, time);
        assert_string_equal(time, "20150830T123600Z");
}

static void names_are_what_no_store_changes(void **state)
{
        static const char *const good[] = {"a", "a/b", "cat/00000000000000000001", "x.y-z/0"};
        static const char *const bad[] = {"",   "/a",  "a/",    "a/b/c", "A",    "a b", "..",
                                          ".a", "a/.", "a/..b", "a%20",  "a/b?", "\xc3"};
        char longest[CLEW_BUCKET_NAME_MAX + 2];

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(good); i++)
                assert_true(clew_bucket_name_is_good(good[i]));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++)
                assert_false(clew_bucket_name_is_good(bad[i]));
        memset(longest, 'a', sizeof(longest));
        longest[CLEW_BUCKET_NAME_MAX] = '\0';
        assert_true(clew_bucket_name_is_good(longest));
        longest[CLEW_BUCKET_NAME_MAX] = 'a';
        longest[CLEW_BUCKET_NAME_MAX + 1] = '\0';
        assert_false(clew_bucket_name_is_good(longest));
}

static void assert_place(const char *url, const char *scheme, const char *host, const char *path)
{
        struct clew_s3_place p;
        struct clew_error err = {0};
        CLEW_BUFFER got = {0};

        clew_buffer_init(&got, 4096);
        if (clew_s3_place_read(url, &p, &err) < 0)
                fail_msg("%s: %s", url, err.message);
        clew_s3_place_path(&p, "seg/x", &got);
        clew_buffer_append_byte(&got, '\0');
        assert_string_equal(p.scheme, scheme);
        assert_string_equal(p.host, host);
        assert_string_equal((const char *)got.data, path);
}

static void addresses_become_hosts_and_paths(void **state)
{
        (void)state;
        unsetenv("AWS_ENDPOINT_URL");
        unsetenv("AWS_ENDPOINT_URL_S3");
        unsetenv("AWS_REGION");
        unsetenv("AWS_DEFAULT_REGION");
        assert_place("s3://traces", "https", "traces.s3.us-east-1.amazonaws.com", "/seg/x");
        assert_place("s3://traces/team//a/?region=eu-west-1", "https",
                     "traces.s3.eu-west-1.amazonaws.com", "/team/a/seg/x");
        assert_place("s3://tra.ces/p", "https", "s3.us-east-1.amazonaws.com", "/tra.ces/p/seg/x");
        assert_place("s3://traces/a=b?endpoint=https://store.example:9000/", "https",
                     "store.example:9000", "/traces/a%3Db/seg/x");
        assert_place("s3://traces?endpoint=https://store.example&style=host", "https",
                     "traces.store.example", "/seg/x");
        setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
        setenv("AWS_DEFAULT_REGION", "x-1", 1);
        assert_place("s3://traces/p", "http", "127.0.0.1:1", "/traces/p/seg/x");
        setenv("AWS_ENDPOINT_URL_S3", "http://[::1]:2", 1);
        assert_place("s3://traces/p", "http", "[::1]:2", "/traces/p/seg/x");
        unsetenv("AWS_ENDPOINT_URL");
        unsetenv("AWS_ENDPOINT_URL_S3");
        unsetenv("AWS_DEFAULT_REGION");
}

static void an_address_says_how_large_parts_are(void **state)
{
        struct clew_s3_place p;
        struct clew_error err;

        (void)state;
        assert_int_equal(clew_s3_place_read("s3://abc", &p, &err), 0);
        assert_int_equal(p.part_bytes, CLEW_BUCKET_PART_BYTES);
        assert_int_equal(clew_s3_place_read("s3://abc?part=5", &p, &err), 0);
        assert_int_equal(p.part_bytes, 5 << 20);
        assert_int_equal(clew_s3_place_read("s3://abc?part=0", &p, &err), 0);
        assert_int_equal(p.part_bytes, 0);
}

static void addresses_that_are_none_are_refused(void **state)
{
        static const char *const bad[] = {"s3://",
                                          "s3://ab",
                                          "s3:///p",
                                          "s3://a_b$c",
                                          "s3://abc/..",
                                          "s3://abc/a/../b",
                                          "s3://abc/a b",
                                          "s3://abc?region=",
                                          "s3://abc?x=y",
                                          "s3://abc?timeout=x",
                                          "s3://abc?timeout=3601",
                                          "s3://abc?part=4",
                                          "s3://abc?part=257",
                                          "s3://abc?part=x",
                                          "s3://abc?endpoint=store.example",
                                          "s3://abc?endpoint=http://store.example",
                                          "s3://abc?endpoint=http://localhost.evil.example",
                                          "s3://abc?endpoint=ftp://h",
                                          "s3://abc?endpoint=https://h/x",
                                          "s3://abc?region=a/b",
                                          "s3://abc?style=",
                                          "s3://abc?endpoint=https://u:p@h"};
        struct clew_s3_place p;
        struct clew_error err;

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++) {
                err.message[0] = '\0';
                assert_int_equal(clew_s3_place_read(bad[i], &p, &err), -EINVAL);
                assert_true(strstr(err.message, ": ") != NULL);
        }
}

static void lists_are_read_piece_by_piece(void **state)
{
        static const char xml[] =
                "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"x\"><Name>b</Name>"
                "<IsTruncated>true</IsTruncated><Contents><Key>p/a&amp;b</Key><Size>12</Size>"
                "<ETag>&quot;x&quot;</ETag></Contents>\n<Contents><Size>0</Size><Key>p/c</Key>"
                "</Contents></ListBucketResult>";
        struct clew_s3_list list;
        struct clew_s3_item item;
        char text[32];

        (void)state;
        assert_true(clew_s3_list_open(clew_slice_of_cstr(xml), &list));
        assert_true(list.truncated);
        assert_int_equal(clew_s3_list_next(&list, &item), 1);
        assert_true(clew_s3_unescape(item.key, text, sizeof(text)));
        assert_string_equal(text, "p/a&b");
        assert_int_equal(item.bytes, 12);
        assert_int_equal(clew_s3_list_next(&list, &item), 1);
        assert_int_equal(item.bytes, 0);
        assert_int_equal(clew_s3_list_next(&list, &item), 0);
        /* Cut anywhere, it is no list. */
        for (size_t n = 0; n + 1 < sizeof(xml) - 1; n++)
                assert_false(clew_s3_list_open(clew_slice_make(xml, n), &list));
        assert_false(clew_s3_unescape(clew_slice_of_cstr("longer than its room"), text, 8));
}

static void uploads_in_parts_are_read(void **state)
{
        static const char begun[] =
                "<InitiateMultipartUploadResult xmlns=\"x\"><Bucket>b</Bucket><Key>p/a</Key>"
                "<UploadId>2~a/b+c&amp;d=</UploadId></InitiateMultipartUploadResult>";
        static const char *const bad[] = {"<UploadId></UploadId>", "<UploadId>a b</UploadId>",
                                          "<UploadId>a&lt;b</UploadId>",
                                          "<UploadId>\xc3\xa4</UploadId>"};
        char id[CLEW_S3_UPLOAD_ID_MAX];
        char longest[CLEW_S3_UPLOAD_ID_MAX + 40];

        (void)state;
        assert_true(clew_s3_upload_id_read(clew_slice_of_cstr(begun), id));
        assert_string_equal(id, "2~a/b+c&d=");
        for (size_t n = 0; n < sizeof(begun) - 1 - strlen("</InitiateMultipartUploadResult>"); n++)
                assert_false(clew_s3_upload_id_read(clew_slice_make(begun, n), id));
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++)
                assert_false(clew_s3_upload_id_read(clew_slice_of_cstr(bad[i]), id));
        snprintf(longest, sizeof(longest), "<UploadId>%0*d</UploadId>", CLEW_S3_UPLOAD_ID_MAX, 0);
        assert_false(clew_s3_upload_id_read(clew_slice_of_cstr(longest), id));
        snprintf(longest, sizeof(longest), "<UploadId>%0*d</UploadId>", CLEW_S3_UPLOAD_ID_MAX - 1,
                 0);
        assert_true(clew_s3_upload_id_read(clew_slice_of_cstr(longest), id));
        assert_true(clew_s3_tag_is_good("\"0123-2\""));
        assert_false(clew_s3_tag_is_good(""));
        assert_false(clew_s3_tag_is_good("\"a</ETag>\""));
        assert_false(clew_s3_tag_is_good("a&b"));
}

static void an_object_is_made_when_its_store_says_so_to_the_end(void **state)
{
        static const char made[] =
                "  <?xml version=\"1.0\"?><CompleteMultipartUploadResult xmlns=\"x\"><ETag>"
                "&quot;a-2&quot;</ETag></CompleteMultipartUploadResult>";

        (void)state;
        assert_true(clew_s3_is_completed(clew_slice_of_cstr(made)));
        for (size_t n = 0; n < sizeof(made) - 1; n++)
                assert_false(clew_s3_is_completed(clew_slice_make(made, n)));
        assert_false(clew_s3_is_completed(
                CLEW_SLICE_LITERAL("<Error><Code>InternalError</Code></Error>")));
}

static void lists_of_uploads_are_read_piece_by_piece(void **state)
{
        static const char xml[] =
                "<ListMultipartUploadsResult xmlns=\"x\"><UploadIdMarker></UploadIdMarker>"
                "<IsTruncated>true</IsTruncated><Upload><Key>p/a&amp;b</Key><UploadId>1</UploadId>"
                "<Initiator><ID>me</ID></Initiator></Upload><Upload><UploadId>2</UploadId>"
                "<Key>p/c</Key></Upload></ListMultipartUploadsResult>";
        struct clew_s3_uploads list;
        struct clew_s3_upload item;

        (void)state;
        assert_true(clew_s3_uploads_open(clew_slice_of_cstr(xml), &list));
        assert_true(list.truncated);
        assert_int_equal(clew_s3_uploads_next(&list, &item), 1);
        assert_true(clew_slice_eq_cstr(item.key, "p/a&amp;b"));
        assert_string_equal(item.id, "1");
        assert_int_equal(clew_s3_uploads_next(&list, &item), 1);
        assert_string_equal(item.id, "2");
        assert_int_equal(clew_s3_uploads_next(&list, &item), 0);
        for (size_t n = 0; n + 1 < sizeof(xml) - 1; n++)
                assert_false(clew_s3_uploads_open(clew_slice_make(xml, n), &list));
        assert_false(clew_s3_uploads_open(
                CLEW_SLICE_LITERAL("<ListBucketResult></ListBucketResult>"), &list));
}

static void errors_are_read_and_made_harmless(void **state)
{
        struct clew_s3_error e;

        (void)state;
        clew_s3_error_read(
                CLEW_SLICE_LITERAL("<Error><Code>NoSuch\x1b[31mKey</Code><Message>a &lt; "
                                   "b</Message><Region>eu</Region></Error>"),
                &e);
        assert_string_equal(e.code, "NoSuch?[31mKey");
        assert_string_equal(e.message, "a < b");
        assert_string_equal(e.region, "eu");
        clew_s3_error_read(CLEW_SLICE_LITERAL("<html>gateway"), &e);
        assert_string_equal(e.code, "");
}

static void keys_are_read_from_a_file_and_from_json(void **state)
{
        static const char file[] =
                "# c\n[a]\naws_access_key_id=1\n[ b ]\r\naws_access_key_id = ID\r\n"
                "aws_secret_access_key=S/+=x\n; aws_session_token=no\n[c]\n";
        struct clew_s3_key c;
        uint64_t end = 0;

        (void)state;
        assert_true(clew_credentials_of_file(clew_slice_of_cstr(file), "b", &c));
        assert_string_equal(c.id, "ID");
        assert_string_equal(c.secret, "S/+=x");
        assert_string_equal(c.token, "");
        assert_false(clew_credentials_of_file(clew_slice_of_cstr(file), "a", &c));
        assert_false(clew_credentials_of_file(clew_slice_of_cstr(file), "d", &c));
        assert_false(clew_credentials_of_file(
                CLEW_SLICE_LITERAL("[a]\naws_access_key_id=i d\naws_secret_access_key=s"), "a",
                &c));
        assert_true(clew_credentials_of_json(
                CLEW_SLICE_LITERAL("{\"Code\":\"Success\",\"X\":{\"AccessKeyId\":\"no\"},"
                                   "\"AccessKeyId\":\"I\",\"SecretAccessKey\":\"S\\/\",\"Token\":"
                                   "\"T\",\"Expiration\":\"2015-08-30T12:36:00Z\"}"),
                &c, &end));
        assert_string_equal(c.id, "I");
        assert_string_equal(c.secret, "S/");
        assert_int_equal(end, 1440938160);
        assert_false(clew_credentials_of_json(
                CLEW_SLICE_LITERAL("{\"AccessKeyId\":\"I\",\"SecretAccessKey\":\"S"), &c, &end));
        assert_false(clew_credentials_of_json(
                CLEW_SLICE_LITERAL("{\"AccessKeyId\":\"I\\n\",\"SecretAccessKey\":\"S\"}"), &c,
                &end));
}

static int none(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        (void)name;
        (void)bytes;
        (void)err;
        ++*(unsigned *)context;
        return 0;
}

static void a_directory_takes_no_link_for_an_object(void **state)
{
        struct test_dir d;
        struct clew_object_bucket *b = NULL;
        struct clew_error err = {0};
        CLEW_BUFFER got = {0};
        char url[600];
        char from[600];
        char to[600];
        unsigned n = 0;

        (void)state;
        test_dir_make(&d);
        clew_buffer_init(&got, 100);
        snprintf(url, sizeof(url), "dir://%s/b", d.path);
        assert_int_equal(clew_bucket_open(url, false, &b, &err), -ENOENT);
        assert_int_equal(clew_bucket_open(url, true, &b, &err), 0);
        assert_int_equal(clew_bucket_create(b, "seg/a", CLEW_SLICE_LITERAL("x"), &err),
                         CLEW_BUCKET_MADE);
        snprintf(from, sizeof(from), "%s/b/seg/a", d.path);
        snprintf(to, sizeof(to), "%s/b/seg/l", d.path);
        assert_int_equal(symlink(from, to), 0);
        assert_true(clew_bucket_get(b, "seg/l", 0, 10, &got, NULL, &err) < 0);
        assert_int_equal(clew_bucket_list(b, "seg", "", none, &n, &err), 0);
        assert_int_equal(n, 1);
        clew_bucket_close(b);
        test_dir_remove(&d);
}

/* ---- asking twice ---------------------------------------------------------------------------- */

static uint64_t begin_and_answer(struct clew_hedge *h, uint64_t took_ns)
{
        uint64_t delay = clew_hedge_begin(h);

        clew_hedge_answered(h, took_ns, false);
        return delay;
}

#define MS ((uint64_t)1000000)

static void a_read_is_asked_again_after_twice_what_is_slow(void **state)
{
        struct clew_hedge h;

        (void)state;
        clew_hedge_init(&h);
        for (unsigned i = 0; i < CLEW_HEDGE_SAMPLES_LEAST; i++)
                assert_true(begin_and_answer(&h, 40 * MS) == CLEW_HEDGE_UNKNOWN_NS);
        assert_true(begin_and_answer(&h, 40 * MS) == 80 * MS);
        /* One in twenty may take as long as it likes; one more says that the store is slow. */
        for (unsigned i = 0; i < CLEW_HEDGE_SAMPLES; i++)
                (void)begin_and_answer(&h, i % 20 == 0 && i > 0 ? 900 * MS : 30 * MS);
        assert_true(clew_hedge_begin(&h) == 60 * MS);
        (void)begin_and_answer(&h, 900 * MS);
        assert_true(clew_hedge_begin(&h) == 1800 * MS);
        for (unsigned i = 0; i < CLEW_HEDGE_SAMPLES; i++)
                (void)begin_and_answer(&h, MS / 10);
        assert_true(clew_hedge_begin(&h) == CLEW_HEDGE_LEAST_NS);
        for (unsigned i = 0; i < CLEW_HEDGE_SAMPLES; i++)
                (void)begin_and_answer(&h, UINT64_MAX);
        assert_true(clew_hedge_begin(&h) == CLEW_HEDGE_MOST_NS);
        clew_hedge_deinit(&h);
}

static void one_read_in_twenty_is_asked_again_at_the_most(void **state)
{
        struct clew_hedge_figures f;
        struct clew_hedge h;
        unsigned n = 0;

        (void)state;
        clew_hedge_init(&h);
        for (unsigned i = 0; i < 2000; i++) { /* all are silent */
                assert_true(clew_hedge_begin(&h) == CLEW_HEDGE_UNKNOWN_NS);
                n += clew_hedge_spend(&h);
        }
        assert_int_equal(n, CLEW_HEDGE_FIRST + 2000 / CLEW_HEDGE_SHARE);
        for (unsigned i = 0; i < 2000; i++) /* what was not needed is not kept for long */
                assert_true(clew_hedge_begin(&h) == CLEW_HEDGE_UNKNOWN_NS);
        for (n = 0; clew_hedge_spend(&h); n++)
                ;
        assert_int_equal(n, CLEW_HEDGE_SAVED);
        clew_hedge_answered(&h, MS, true);
        clew_hedge_read(&h, &f);
        assert_int_equal(f.reads, 4000);
        assert_int_equal(f.hedged, CLEW_HEDGE_FIRST + 2000 / CLEW_HEDGE_SHARE + CLEW_HEDGE_SAVED);
        assert_int_equal(f.won, 1);
        clew_hedge_deinit(&h);
}

/* Seconds until a body of @body bytes is given up, when @fn says after each 100 ms how it is. */
static uint64_t lasts_s(uint64_t body, uint64_t most_s,
                        void (*fn)(struct clew_moving_now *, double))
{
        struct clew_moving m;

        clew_moving_begin(&m, 1000 * CLEW_NS_PER_S);
        for (uint64_t i = 0; i < most_s * 10; i++) {
                struct clew_moving_now now = {.now_ns = 1000 * CLEW_NS_PER_S +
                                                        i * (CLEW_NS_PER_S / 10),
                                              .heard_ns = 1000 * CLEW_NS_PER_S,
                                              .body = body};

                fn(&now, (double)i / 10);
                if (clew_moving_is_over(&m, &now, 20 * CLEW_NS_PER_S))
                        return i / 10;
        }
        return most_s;
}

static void give(struct clew_moving_now *now, double given, double arrived)
{
        given = given < (double)now->body ? given : (double)now->body;
        arrived = arrived < given ? arrived : given;
        now->given = (uint64_t)given;
        now->waiting = (uint64_t)(given - arrived);
}

/* The system has taken 4 MiB more than what a line of 70 KB a second has carried. */
static void slow(struct clew_moving_now *now, double s)
{
        give(now, s * 70000 + (4 << 20), s * 70000);
}

/* 50 MB a second, and 3 MiB are the last. */
static void hangs(struct clew_moving_now *now, double s)
{
        double arrived = s * 50e6 < (3 << 20) ? s * 50e6 : (3 << 20);

        give(now, arrived + (4 << 20), arrived);
}

static void takes_all_fast(struct clew_moving_now *now, double s)
{
        give(now, s * 50e6, s * 50e6);
}

static void takes_all_slowly(struct clew_moving_now *now, double s)
{
        give(now, s * 300e3, s * 300e3);
}

static void a_body_moves_while_the_other_side_takes_it(void **state)
{
        (void)state;
        assert_int_equal(lasts_s((uint64_t)60 << 20, 898, slow), 898);
        /* What is with the system does not move: the silence alone. */
        assert_in_range(lasts_s((uint64_t)64 << 20, 900, hangs), 19, 21);
        /* All is taken: that, 8 s, and four times 4 MiB at that speed. */
        assert_in_range(lasts_s((uint64_t)14 << 20, 900, takes_all_fast), 28, 30);
        /* 49 s for 14 MiB, then 20, 8 and 56 s; 64 s at the most for what lies there. */
        assert_in_range(lasts_s((uint64_t)14 << 20, 900, takes_all_slowly), 131, 134);
        /* Little cannot lie there long. */
        assert_in_range(lasts_s(1000, 900, takes_all_fast), 20, 21);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(signatures_are_those_that_are_published),
                cmocka_unit_test(the_general_suite_s_first_case_too),
                cmocka_unit_test(names_are_what_no_store_changes),
                cmocka_unit_test(addresses_become_hosts_and_paths),
                cmocka_unit_test(addresses_that_are_none_are_refused),
                cmocka_unit_test(an_address_says_how_large_parts_are),
                cmocka_unit_test(lists_are_read_piece_by_piece),
                cmocka_unit_test(uploads_in_parts_are_read),
                cmocka_unit_test(an_object_is_made_when_its_store_says_so_to_the_end),
                cmocka_unit_test(lists_of_uploads_are_read_piece_by_piece),
                cmocka_unit_test(errors_are_read_and_made_harmless),
                cmocka_unit_test(keys_are_read_from_a_file_and_from_json),
                cmocka_unit_test(a_directory_takes_no_link_for_an_object),
                cmocka_unit_test(a_body_moves_while_the_other_side_takes_it),
                cmocka_unit_test(a_read_is_asked_again_after_twice_what_is_slow),
                cmocka_unit_test(one_read_in_twenty_is_asked_again_at_the_most),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
