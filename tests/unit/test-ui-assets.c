/* The pages inside the program: every file is found, is what dist/ holds, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "query/ui/assets.h"

static bool find(const char *path, struct clew_ui_asset *ret_asset)
{
        return clew_ui_asset_find(clew_slice_of_cstr(path), ret_asset);
}

static void holds_what_dist_holds(void **state)
{
        (void)state;
        static const char *const names[] = {"index.html", "app.js", "app.css", "icon.svg"};
        const char *root = getenv("CLEW_SOURCE_ROOT");
        assert_non_null(root);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                char path[4096];
                snprintf(path, sizeof path, "/%s", names[i]);
                struct clew_ui_asset asset;
                assert_true(find(path, &asset));
                snprintf(path, sizeof path, "%s/query/ui/dist/%s", root, names[i]);
                FILE *file = fopen(path, "rb");
                assert_non_null(file);
                unsigned char *want = malloc(asset.plain_bytes + 1);
                assert_int_equal(fread(want, 1, asset.plain_bytes + 1, file), asset.plain_bytes);
                fclose(file);
                unsigned char *got = malloc(asset.plain_bytes + 1);
                z_stream z = {.next_in = (unsigned char *)(uintptr_t)asset.gzip.data,
                              .avail_in = (unsigned)asset.gzip.len,
                              .next_out = got,
                              .avail_out = (unsigned)asset.plain_bytes + 1};
                assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
                assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
                assert_int_equal(z.total_out, asset.plain_bytes);
                inflateEnd(&z);
                assert_memory_equal(got, want, asset.plain_bytes);
                free(got);
                free(want);
        }
}

static void every_address_of_a_page_gets_the_page(void **state)
{
        (void)state;
        static const char *const pages[] = {"/",     "/t/7f3a91c2", "/sessions", "/sessions/a%2Fb",
                                            "/diff", "/status"};
        for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
                struct clew_ui_asset asset;
                assert_true(find(pages[i], &asset));
                assert_true(asset.is_page);
                assert_string_equal(asset.media_type, "text/html; charset=utf-8");
        }
}

static void nothing_else_is_found(void **state)
{
        (void)state;
        static const char *const others[] = {
                "",         "x",           "/api/v1/traces", "/v1/traces",
                "/app.jsx", "/../app.js",  "/dist/app.js",   "//",
                "/tt",      "/favicon.ico"};
        for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
                struct clew_ui_asset asset;
                assert_false(find(others[i], &asset));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(holds_what_dist_holds),
                cmocka_unit_test(every_address_of_a_page_gets_the_page),
                cmocka_unit_test(nothing_else_is_found),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
