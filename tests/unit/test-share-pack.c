/*
 * Answers packed for a page that asks no server: unpacked as the page does it they are what they
 * were, texts are kept once, nothing can end a script, and a secret stands nowhere.
 */
#include "query/serve/share-pack-int.h"

#include "proto/base/json.h"
#include "proto/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)
#define TEXTS_MAX 4096u
#define LONG_TEXT                                                                                  \
        "a text that is long enough to be kept in the table of texts, where it stands only once"

/* ---- unpacking, as a naive reader does it -----------------------------------------------------
 */

struct unpacked {
        struct clew_arena arena;
        struct clew_slice texts[TEXTS_MAX]; /* decoded, UTF-8 */
        size_t n;
};

/* The bytes of the first @units UTF-16 characters. */
static size_t bytes_of_units(struct clew_slice text, uint64_t units)
{
        size_t at = 0;

        while (units > 0 && at < text.len) {
                uint8_t c = text.data[at];
                size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

                units -= len == 4 ? 2 : 1;
                at += len;
        }
        assert_int_equal(units, 0);
        return at;
}

static void take_grown(struct unpacked *u, struct clew_json_reader *r)
{
        uint64_t of = 0;
        uint64_t units = 0;
        struct clew_slice parts[2];

        assert_true(clew_json_next_element(r) && clew_json_uint64(r, &of) && of < u->n);
        assert_true(clew_json_next_element(r) && clew_json_uint64(r, &units));
        assert_true(clew_json_next_element(r));
        parts[0] = u->texts[of];
        parts[0].len = bytes_of_units(parts[0], units);
        parts[1] = clew_json_string(r, &u->arena);
        u->texts[u->n++] = clew_arena_concat(&u->arena, parts, 2);
        assert_false(clew_json_next_element(r));
}

static void read_table(struct unpacked *u, struct clew_slice elements)
{
        struct clew_json_reader r;
        const struct clew_slice parts[3] = {CLEW_SLICE_LITERAL("["), elements,
                                            CLEW_SLICE_LITERAL("]")};

        r = clew_json_reader_make(clew_arena_concat(&u->arena, parts, 3), CLEW_JSON_DEPTH_DEFAULT);
        assert_int_equal(clew_json_next(&r), CLEW_JSON_ARRAY_BEGIN);
        while (clew_json_next_element(&r)) {
                assert_true(u->n < TEXTS_MAX);
                if (r.token == CLEW_JSON_ARRAY_BEGIN) {
                        take_grown(u, &r);
                } else {
                        assert_int_equal(r.token, CLEW_JSON_STRING);
                        u->texts[u->n++] = clew_json_string(&r, &u->arena);
                }
        }
        assert_int_equal(clew_json_next(&r), CLEW_JSON_END);
        assert_int_equal(r.status, CLEW_JSON_COMPLETE);
}

static struct clew_slice text_of(struct unpacked *u, const struct clew_json_reader *r)
{
        struct clew_slice text = clew_json_string(r, &u->arena);
        size_t number = 0;

        if (text.len < 2 || text.data[0] != 1)
                return text;
        for (size_t i = 1; i < text.len; i++)
                number = number * 10 + (size_t)(text.data[i] - '0');
        assert_true(number < u->n);
        return u->texts[number];
}

/* @json written anew, in one form, with the texts of the table in their places. */
static void unpack(struct unpacked *u, struct clew_slice json, bool is_packed,
                   struct clew_buffer *out)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        enum clew_json_token t;

        while ((t = clew_json_next(&r)) != CLEW_JSON_END) {
                if (t == CLEW_JSON_OBJECT_BEGIN)
                        clew_json_write_object_begin(&w);
                else if (t == CLEW_JSON_OBJECT_END)
                        clew_json_write_object_end(&w);
                else if (t == CLEW_JSON_ARRAY_BEGIN)
                        clew_json_write_array_begin(&w);
                else if (t == CLEW_JSON_ARRAY_END)
                        clew_json_write_array_end(&w);
                else if (t == CLEW_JSON_KEY)
                        clew_json_write_key_slice(&w, clew_json_string(&r, &u->arena));
                else if (t == CLEW_JSON_STRING && is_packed)
                        clew_json_write_string(&w, text_of(u, &r));
                else
                        clew_json_write_token(&w, &r);
        }
        assert_int_equal(r.status, CLEW_JSON_COMPLETE);
        assert_int_equal(clew_buffer_error(out), 0);
}

/* ---- what is packed ---------------------------------------------------------------------------
 */

struct fixture {
        struct clew_share_pack pack;
        struct clew_buffer json; /* as our writer writes it */
        struct clew_buffer packed;
        struct clew_json_writer w;
        struct unpacked u;
};

static void begin(struct fixture *f, unsigned rules)
{
        memset(f, 0, sizeof(*f));
        clew_share_pack_init(&f->pack, rules, MEMORY_MAX);
        clew_buffer_init(&f->json, MEMORY_MAX);
        clew_buffer_init(&f->packed, MEMORY_MAX);
        clew_arena_init(&f->u.arena, 4 * MEMORY_MAX);
        f->w = clew_json_writer_make(&f->json, 0);
}

static void end(struct fixture *f)
{
        clew_share_pack_deinit(&f->pack);
        clew_buffer_deinit(&f->json);
        clew_buffer_deinit(&f->packed);
        clew_arena_deinit(&f->u.arena);
}

static void pack(struct fixture *f)
{
        assert_int_equal(clew_buffer_error(&f->json), 0);
        assert_int_equal(clew_share_pack_add(&f->pack, clew_buffer_slice(&f->json), &f->packed), 0);
        assert_null(memchr(f->packed.data, '<', f->packed.len));
        if (f->pack.texts.len)
                assert_null(memchr(f->pack.texts.data, '<', f->pack.texts.len));
        read_table(&f->u, clew_buffer_slice(&f->pack.texts));
}

static void assert_comes_back(struct fixture *f)
{
        CLEW_BUFFER before = {0};
        CLEW_BUFFER after = {0};

        clew_buffer_init(&before, MEMORY_MAX);
        clew_buffer_init(&after, MEMORY_MAX);
        pack(f);
        unpack(&f->u, clew_buffer_slice(&f->json), false, &before);
        unpack(&f->u, clew_buffer_slice(&f->packed), true, &after);
        assert_true(clew_slice_eq(clew_buffer_slice(&before), clew_buffer_slice(&after)));
}

static void put(struct fixture *f, const char *key, const char *text)
{
        clew_json_write_key(&f->w, key);
        clew_json_write_cstr(&f->w, text);
}

static void test_a_text_is_kept_once(void **state)
{
        struct fixture f;

        (void)state;
        begin(&f, 0);
        clew_json_write_object_begin(&f.w);
        for (unsigned i = 0; i < 50; i++)
                put(&f, "content", LONG_TEXT);
        put(&f, "short", "a short one stays");
        put(&f, "empty", "");
        put(&f, "content", LONG_TEXT "!");
        clew_json_write_object_end(&f.w);
        assert_comes_back(&f);
        assert_int_equal(f.u.n, 2);
        assert_true(f.packed.len < 2000);
        end(&f);
}

/* A conversation that is sent as one text, which grows at its end; the borders are characters. */
static void test_a_text_that_grows(void **state)
{
        static const char *const ends[] = {"",
                                           "\xf0\x9f\x98\x80",
                                           "\xf0\x9f\x98\x81",
                                           "\xc3\xa9",
                                           "\xc3\xa8",
                                           "\"",
                                           "\\",
                                           "\n",
                                           "\x01",
                                           "\t<",
                                           "\xe2\x80\xae"};
        struct fixture f;
        char text[512];

        (void)state;
        begin(&f, 0);
        clew_json_write_array_begin(&f.w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                for (size_t k = 0; k < CLEW_ARRAY_LEN(ends); k++) {
                        clew_json_write_object_begin(&f.w);
                        snprintf(text, sizeof(text), LONG_TEXT LONG_TEXT "%s%s end", ends[i],
                                 ends[k]);
                        put(&f, "content", text);
                        clew_json_write_object_end(&f.w);
                }
        }
        clew_json_write_array_end(&f.w);
        assert_comes_back(&f);
        assert_true(f.pack.texts.len < f.json.len / 3);
        end(&f);
}

/* A text of the run that reads like a place of the table, and one that would end a script. */
static void test_what_looks_like_ours_is_theirs(void **state)
{
        struct fixture f;

        (void)state;
        begin(&f, 0);
        clew_json_write_object_begin(&f.w);
        put(&f, "content", LONG_TEXT);
        put(&f, "content",
            "\x01"
            "0");
        put(&f, "content", "\x01");
        put(&f, "<script>", "</script><!-- " LONG_TEXT);
        put(&f, "name", "</script>");
        clew_json_write_object_end(&f.w);
        assert_comes_back(&f);
        end(&f);
}

static bool stands_in(const struct fixture *f, const char *text)
{
        return memmem(f->packed.data, f->packed.len, text, strlen(text)) != NULL ||
               (f->pack.texts.len > 0 &&
                memmem(f->pack.texts.data, f->pack.texts.len, text, strlen(text)) != NULL);
}

static void test_secrets_stand_nowhere(void **state)
{
        static const char card[] = "4111 1111 1111 1111";
        struct fixture f;

        (void)state;
        begin(&f, CLEW_MASK_ALL);
        clew_json_write_object_begin(&f.w);
        put(&f, "content", LONG_TEXT " and ana@example.org with 4111 1111 1111 1111");
        put(&f, "note", card);
        put(&f, "password", "hunter2!x");
        put(&f, "start_unix_nano", "4111111111111111");
        /* Names of ours, as somebody else uses them. */
        put(&f, "id", "5555555555554444");
        put(&f, "type", "bo@example.org");
        put(&f, "status", "write to bo@example.org");
        put(&f, "trace_id", "4bf92f3577b34da6a3ce929d0e0e4736");
        clew_json_write_object_end(&f.w);
        pack(&f);
        assert_false(stands_in(&f, "ana@example.org"));
        assert_false(stands_in(&f, card));
        assert_false(stands_in(&f, "hunter2"));
        assert_false(stands_in(&f, "bo@example.org"));
        assert_false(stands_in(&f, "5555555555554444"));
        assert_true(stands_in(&f, "[redacted:card]"));
        assert_true(stands_in(&f, "4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_true(stands_in(&f, "4111111111111111"));
        end(&f);
        begin(&f, 0);
        clew_json_write_object_begin(&f.w);
        put(&f, "note", card);
        clew_json_write_object_end(&f.w);
        pack(&f);
        assert_true(stands_in(&f, card));
        end(&f);
}

/* Behind its name a text is a secret, also when the same stood elsewhere before. */
static void test_a_named_secret_that_stood_elsewhere(void **state)
{
        static const char value[] = "corridor-9-lantern-4-bishop-7-velvet-2-anchor-5-mosaic";
        struct clew_buffer named;
        struct fixture f;

        (void)state;
        begin(&f, CLEW_MASK_ALL);
        clew_json_write_array_begin(&f.w);
        clew_json_write_object_begin(&f.w);
        put(&f, "content", value);
        clew_json_write_object_end(&f.w);
        clew_json_write_object_begin(&f.w);
        put(&f, "password", value);
        clew_json_write_object_end(&f.w);
        clew_json_write_array_end(&f.w);
        pack(&f);
        clew_buffer_init(&named, MEMORY_MAX);
        unpack(&f.u, clew_buffer_slice(&f.packed), true, &named);
        assert_non_null(memmem(named.data, named.len, "\"password\":\"[redacted:secret",
                               strlen("\"password\":\"[redacted:secret")));
        clew_buffer_deinit(&named);
        end(&f);
}

static void test_what_is_too_much_is_refused(void **state)
{
        CLEW_BUFFER json = {0};
        CLEW_BUFFER packed = {0};
        struct clew_share_pack p;
        struct clew_json_writer w = clew_json_writer_make(&json, 0);
        int r = 0;

        (void)state;
        clew_buffer_init(&json, MEMORY_MAX);
        clew_buffer_init(&packed, MEMORY_MAX);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "content");
        clew_json_write_cstr(&w, LONG_TEXT LONG_TEXT);
        clew_json_write_object_end(&w);
        clew_share_pack_init(&p, 0, 100);
        r = clew_share_pack_add(&p, clew_buffer_slice(&json), &packed);
        assert_int_equal(r, -EMSGSIZE);
        clew_share_pack_deinit(&p);
        clew_share_pack_deinit(&(struct clew_share_pack){0});
}

/* ---- anything ---------------------------------------------------------------------------------
 */

static unsigned roll(unsigned *seed, unsigned n)
{
        *seed = *seed * 1103515245u + 12345u;
        return (*seed >> 16) % n;
}

static void put_random(struct fixture *f, unsigned *seed, unsigned depth)
{
        static const char *const bits[] = {LONG_TEXT,
                                           "<",
                                           "\xf0\x9f\x90\xa2",
                                           "\\",
                                           "\"",
                                           "\x01"
                                           "7",
                                           "word ",
                                           "\n",
                                           "\xc3\xbc",
                                           "</script",
                                           "\xe2\x80\x8b"};
        static const char *const keys[] = {"content", "name", "id", "x_nano", "text", "arguments"};
        char text[4096] = "";
        size_t len = 0;
        unsigned n = roll(seed, 6);

        if (depth < 4 && n == 0) {
                clew_json_write_object_begin(&f->w);
                for (unsigned i = roll(seed, 5); i > 0; i--) {
                        clew_json_write_key(&f->w, keys[roll(seed, CLEW_ARRAY_LEN(keys))]);
                        put_random(f, seed, depth + 1);
                }
                clew_json_write_object_end(&f->w);
        } else if (depth < 4 && n == 1) {
                clew_json_write_array_begin(&f->w);
                for (unsigned i = roll(seed, 5); i > 0; i--)
                        put_random(f, seed, depth + 1);
                clew_json_write_array_end(&f->w);
        } else if (n == 2) {
                clew_json_write_double(&f->w, roll(seed, 1000) / 8.0);
        } else {
                for (unsigned i = roll(seed, 9); i > 0; i--)
                        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
                                                bits[roll(seed, CLEW_ARRAY_LEN(bits))]);
                clew_json_write_cstr(&f->w, text);
        }
}

static void test_anything_comes_back(void **state)
{
        unsigned seed = 7;

        (void)state;
        for (unsigned round = 0; round < 300; round++) {
                struct fixture f;

                begin(&f, 0);
                clew_json_write_array_begin(&f.w);
                for (unsigned i = 0; i < 12; i++) {
                        clew_json_write_object_begin(&f.w);
                        clew_json_write_key(&f.w, "content");
                        put_random(&f, &seed, 0);
                        clew_json_write_object_end(&f.w);
                }
                clew_json_write_array_end(&f.w);
                assert_comes_back(&f);
                end(&f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_text_is_kept_once),
                cmocka_unit_test(test_a_text_that_grows),
                cmocka_unit_test(test_what_looks_like_ours_is_theirs),
                cmocka_unit_test(test_secrets_stand_nowhere),
                cmocka_unit_test(test_a_named_secret_that_stood_elsewhere),
                cmocka_unit_test(test_what_is_too_much_is_refused),
                cmocka_unit_test(test_anything_comes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
