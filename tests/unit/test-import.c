/*
 * clew import and clew export, called as the program calls them, on stores of their own.
 */
#include "query/cli/cli.h"
#include "query/cli/export-otlp.h"
#include "query/cli/input.h"

#include "proto/base/buffer.h"
#include "proto/otlp/json.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#define ARGUMENTS_MAX 12

/* Two runs, one of them with a log record and with what only OTLP can say. */
#define RUN_A                                                                                      \
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{" \
        "\"stringValue\":\"a\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[{"       \
        "\"traceId\":\"00000000000000000000000000000001\",\"spanId\":\"0000000000000001\","        \
        "\"name\":\"root\",\"startTimeUnixNano\":\"1757000000000000000\",\"endTimeUnixNano\":"     \
        "\"1757000001000000000\",\"attributes\":[{\"key\":\"n\",\"value\":{\"doubleValue\":-0}},"  \
        "{\"key\":\"b\",\"value\":{\"bytesValue\":\"AAH/\"}},{\"key\":\"e\",\"value\":{}}],"       \
        "\"unknownFields\":\"2j4DYWJj\"}]}]}]}"
#define RUN_B                                                                                      \
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"                           \
        "\"00000000000000000000000000000002\",\"spanId\":\"0000000000000002\",\"name\":\"later\"," \
        "\"startTimeUnixNano\":\"1757000005000000000\",\"endTimeUnixNano\":"                       \
        "\"1757000006000000000\"}]}]}]}"
#define LOG_B                                                                                      \
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"7\",\"body\":{"   \
        "\"stringValue\":\"hello\"},\"traceId\":\"00000000000000000000000000000002\"}]}]}]}"

struct fixture {
        struct test_dir dir;
        char *out; /* of the latest command */
        char *err;
        size_t out_len;
        size_t err_len;
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        test_dir_make(&f->dir);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        test_dir_remove(&f->dir);
        free(f->out);
        free(f->err);
        free(f);
        return 0;
}

static char *path_of(const struct fixture *f, const char *name, char ret[512])
{
        snprintf(ret, 512, "%s/%s", f->dir.path, name);
        return ret;
}

static void write_file(const struct fixture *f, const char *name, const void *data, size_t n)
{
        char path[512];
        FILE *file = fopen(path_of(f, name, path), "w");

        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, n, file), n);
        assert_int_equal(fclose(file), 0);
}

static void write_text(const struct fixture *f, const char *name, const char *text)
{
        write_file(f, name, text, strlen(text));
}

/* Runs `clew --store STORE a b c d`; names with a leading '/' are files in the directory. */
static int clew(struct fixture *f, const char *store, const char *a, const char *b, const char *c,
                const char *d)
{
        const char *words[] = {a, b, c, d};
        char text[CLEW_ARRAY_LEN(words) + 1][512];
        char program[] = "clew";
        char flag[] = "--store";
        char *argv[ARGUMENTS_MAX] = {program, flag, path_of(f, store, text[0])};
        struct clew_cli cli;
        int argc = 3;
        int status;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words) && words[i]; i++) {
                if (words[i][0] == '/')
                        path_of(f, words[i] + 1, text[i + 1]);
                else
                        snprintf(text[i + 1], sizeof(text[i + 1]), "%s", words[i]);
                argv[argc++] = text[i + 1];
        }
        free(f->out);
        free(f->err);
        clew_cli_init(&cli);
        cli.out = open_memstream(&f->out, &f->out_len);
        cli.err = open_memstream(&f->err, &f->err_len);
        assert_true(cli.out && cli.err);
        status = clew_cli_run(&cli, argc, argv);
        clew_cli_deinit(&cli);
        fclose(cli.out);
        fclose(cli.err);
        return status;
}

static void assert_said(const struct fixture *f, const char *part)
{
        if (!strstr(f->err, part))
                print_error("said: %s\n", f->err);
        assert_non_null(strstr(f->err, part));
}

static void lines_come_back(void **state)
{
        struct fixture *f = *state;

        write_text(f, "in", RUN_A "\n" RUN_B "\r\n\n" LOG_B); /* no line end at the end */
        assert_int_equal(clew(f, "one", "import", "/in", NULL, NULL), CLEW_EXIT_OK);
        assert_said(f, "3 requests: 2 spans, 1 log record");
        assert_int_equal(clew(f, "one", "export", "--format", "otlp", NULL), CLEW_EXIT_OK);
        /* Newest first; spans, then logs. */
        assert_string_equal(f->out, RUN_B "\n" LOG_B "\n" RUN_A "\n");
        assert_int_equal(clew(f, "one", "export",
                              "0000000000000000000000000000000"
                              "1",
                              "-o", "/out"),
                         CLEW_EXIT_OK);
        assert_string_equal(f->out, "");
        assert_int_equal(clew(f, "two", "import", "/out", NULL, NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "two", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        assert_string_equal(f->out, RUN_A "\n");
}

static void again_changes_nothing(void **state)
{
        struct fixture *f = *state;

        write_text(f, "in", RUN_A "\n" LOG_B "\n" RUN_A "\n");
        for (int i = 0; i < 3; i++)
                assert_int_equal(clew(f, "s", "import", "/in", "/in", NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "s", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        /* Sealed, logs alone have the place of their first record; hot, that of their arrival. */
        assert_string_equal(f->out, RUN_A "\n" LOG_B "\n");
}

static void bad_lines_cost_themselves(void **state)
{
        struct fixture *f = *state;

        write_text(f, "in",
                   "\xef\xbb\xbf" RUN_A "\nnonsense\n{\"resourceSpans\":[{\"sco\n{\"a\":1}\n"
                   "{\"resourceMetrics\":[]}\n" RUN_B "\n"
                   "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"spanId\":\"zz\"}]}]}]}\n");
        assert_int_equal(clew(f, "s", "import", "/in", NULL, NULL), CLEW_EXIT_PARTIAL);
        assert_said(f, "/in:2: malformed JSON");
        assert_said(f, "/in:3: JSON cut short");
        assert_said(f, "/in:4: not OTLP");
        assert_said(f, "1 line of metrics");
        assert_said(f, "2 spans, 0 log records; 1 refused, 3 lines unreadable");
        assert_int_equal(clew(f, "s", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        assert_string_equal(f->out, RUN_B "\n" RUN_A "\n");
}

static void documents_over_several_lines(void **state)
{
        struct fixture *f = *state;

        write_text(f, "in",
                   "{\n  \"resourceSpans\": [\n    {\"scopeSpans\": [{\"spans\": [{\"traceId\": "
                   "\"00000000000000000000000000000003\",\n\"spanId\": \"0000000000000003\"}]}]}\n"
                   "  ]\n}\n" RUN_A "\n{\n\"resourceSpans\": [\n5\n]\n}\n" RUN_B);
        assert_int_equal(clew(f, "s", "import", "/in", NULL, NULL), CLEW_EXIT_PARTIAL);
        assert_said(f, "/in:10: byte"); /* the line inside the document */
        assert_said(f, "3 requests: 3 spans");
}

static void compressed_files(void **state)
{
        static const char text[] = RUN_A "\n" RUN_B "\n";
        struct fixture *f = *state;
        uint8_t packed[4096];
        char path[512];
        size_t n;
        gzFile gz;

        /* Two frames, one behind the other; then one cut short. */
        n = ZSTD_compress(packed, 2048, RUN_A "\n", sizeof(RUN_A), 3);
        assert_false(ZSTD_isError(n));
        n += ZSTD_compress(packed + n, 2048, RUN_B "\n", sizeof(RUN_B), 3);
        write_file(f, "in.zst", packed, n);
        write_file(f, "cut.zst", packed, n - 10);
        for (int i = 0; i < 2; i++) {
                gz = gzopen(path_of(f, "in.gz", path), i ? "ab" : "wb");
                assert_non_null(gz);
                assert_int_equal(gzwrite(gz, text, sizeof(text) - 1), sizeof(text) - 1);
                assert_int_equal(gzclose(gz), Z_OK);
        }
        assert_int_equal(clew(f, "s", "import", "/in.zst", NULL, NULL), CLEW_EXIT_OK);
        assert_said(f, "2 requests: 2 spans");
        assert_int_equal(clew(f, "s", "import", "/in.gz", NULL, NULL), CLEW_EXIT_OK);
        assert_said(f, "4 requests: 4 spans");
        assert_int_equal(clew(f, "s", "import", "/cut.zst", NULL, NULL), CLEW_EXIT_PARTIAL);
        assert_said(f, "1 request: 1 span");
        assert_said(f, "ends inside compressed data");
}

/* A small file that unpacks to a line of 100 MiB costs that line, and memory for 64 MiB. */
static void long_lines_are_skipped(void **state)
{
        struct fixture *f = *state;
        size_t n = (size_t)100 << 20;
        char *text = malloc(n + sizeof(RUN_A) + 1);
        uint8_t *packed = malloc((size_t)1 << 20);

        assert_true(text && packed);
        memset(text, ' ', n);
        text[0] = '{';
        memcpy(text + n, "\n" RUN_A, sizeof(RUN_A) + 1);
        n = ZSTD_compress(packed, (size_t)1 << 20, text, n + sizeof(RUN_A), 1);
        assert_false(ZSTD_isError(n));
        write_file(f, "in", packed, n);
        free(text);
        free(packed);
        assert_int_equal(clew(f, "s", "import", "/in", NULL, NULL), CLEW_EXIT_PARTIAL);
        assert_said(f, "/in:1: longer than 64 MiB");
        assert_said(f, "1 request: 1 span");
}

static void mistakes_are_told(void **state)
{
        struct fixture *f = *state;

        write_text(f, "in", RUN_A);
        assert_int_equal(clew(f, "s", "import", NULL, NULL, NULL), CLEW_EXIT_USAGE);
        assert_int_equal(clew(f, "s", "import", "/missing", NULL, NULL), CLEW_EXIT_USAGE);
        assert_said(f, "missing: No such file");
        assert_int_equal(clew(f, "s", "import", "/missing", "/in", NULL), CLEW_EXIT_PARTIAL);
        assert_said(f, "1 span");
        assert_int_equal(clew(f, "s", "export", "--format", "xml", NULL), CLEW_EXIT_USAGE);
        assert_int_equal(clew(f, "s", "export", "ffff", NULL, NULL), CLEW_EXIT_USAGE);
        assert_int_equal(clew(f, "none", "export", NULL, NULL, NULL), CLEW_EXIT_STORE);
        assert_int_equal(clew(f, "s", "export", "-o", "/no/such/dir", NULL), CLEW_EXIT_STORE);
}

/* A failed export leaves what was there before, and nothing beside it. */
static void output_is_whole_or_absent(void **state)
{
        struct fixture *f = *state;
        char path[512];
        char text[16] = "";
        FILE *file;

        write_text(f, "in", RUN_A);
        write_text(f, "out", "before");
        assert_int_equal(clew(f, "s", "import", "/in", NULL, NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "none", "export", "--force", "-o", "/out"), CLEW_EXIT_STORE);
        file = fopen(path_of(f, "out", path), "r");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        fclose(file);
        assert_string_equal(text, "before");
        assert_int_equal(clew(f, "s", "export", "-n", "1", NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "s", "export", "-o", "/out", NULL), CLEW_EXIT_USAGE);
        assert_said(f, "--force replaces it");
        assert_int_equal(clew(f, "s", "export", "--force", "-o", "/out"), CLEW_EXIT_OK);
        file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        fclose(file);
        assert_memory_equal(text, "{\"resourceSpan", 14);
}

/* Prompts are private: a new file, and one that replaces another, is this user's alone unless told;
 * and the files of a store are never replaced. */
static void output_is_private(void **state)
{
        struct fixture *f = *state;
        struct stat st;
        struct stat before;
        char path[512];

        write_text(f, "in", RUN_A);
        write_text(f, "out", "before");
        assert_int_equal(chmod(path_of(f, "out", path), 0644), 0);
        assert_int_equal(clew(f, "s", "import", "/in", NULL, NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "s", "export", "--force", "-o", "/out"), CLEW_EXIT_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(clew(f, "s", "export", "--mode=640", "-o", "/out"), CLEW_EXIT_OK);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0640);
        assert_int_equal(clew(f, "s", "export", "--mode=8", "-o", "/out"), CLEW_EXIT_USAGE);
        assert_int_equal(stat(path_of(f, "s/data.mdb", path), &before), 0);
        assert_int_equal(clew(f, "s", "export", "-o", "/s/data.mdb", NULL), CLEW_EXIT_USAGE);
        assert_int_equal(clew(f, "s", "export", "-o", "/s/lock.mdb", NULL), CLEW_EXIT_USAGE);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_ino, before.st_ino);
}

/* A trace too large for one line becomes several that import as the same trace. */
static void large_traces_are_cut(void **state)
{
        struct fixture *f = *state;
        CLEW_BUFFER in = {0};
        char *line_end;
        CLEW_BUFFER first = {0};

        clew_buffer_init(&in, (size_t)256 << 20);
        clew_buffer_init(&first, (size_t)256 << 20);
        for (unsigned i = 1; i <= 40; i++) {
                clew_buffer_printf(&in,
                                   "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
                                   "\"00000000000000000000000000000009\",\"spanId\":\"%016x\","
                                   "\"name\":\"",
                                   i);
                for (unsigned j = 0; j < 1u << 20; j++)
                        clew_buffer_append_byte(&in, (uint8_t)('a' + (i * 7 + j * j) % 26));
                clew_buffer_append_cstr(&in, "\"}]}]}]}\n");
        }
        assert_int_equal(clew_buffer_error(&in), 0);
        write_file(f, "in", in.data, in.len);
        assert_int_equal(clew(f, "one", "import", "/in", NULL, NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "one", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        clew_buffer_append(&first, f->out, f->out_len);
        line_end = strchr(f->out, '\n');
        assert_true(line_end && line_end + 1 < f->out + f->out_len);
        assert_true((size_t)(line_end - f->out) <= CLEW_INPUT_LINE_MAX);
        write_file(f, "again", f->out, f->out_len);
        assert_int_equal(clew(f, "two", "import", "/again", NULL, NULL), CLEW_EXIT_OK);
        assert_said(f, "40 spans");
        assert_int_equal(clew(f, "two", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        assert_true(clew_slice_eq(clew_buffer_slice(&first), clew_slice_make(f->out, f->out_len)));
}

/* Real runs: out of one store and into another, nothing changes. */
static void real_runs_come_back(void **state)
{
        struct fixture *f = *state;
        const char *root = getenv("CLEW_SOURCE_ROOT");
        char path[512];
        char link[512];
        CLEW_BUFFER first = {0};

        snprintf(path, sizeof(path), "%s/../shared/data/tau-retail.jsonl.zst", root ? root : ".");
        if (access(path, R_OK) != 0) {
                print_message("# the data set is not here: %s\n", path);
                skip();
        }
        assert_int_equal(symlink(path, path_of(f, "in", link)), 0);
        clew_buffer_init(&first, (size_t)256 << 20);
        assert_int_equal(clew(f, "one", "import", "/in", NULL, NULL), CLEW_EXIT_OK);
        assert_said(f, "100 requests: 2311 spans");
        assert_int_equal(clew(f, "one", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        clew_buffer_append(&first, f->out, f->out_len);
        assert_true(first.len > 40000000);
        write_file(f, "out", f->out, f->out_len);
        assert_int_equal(clew(f, "two", "import", "/out", NULL, NULL), CLEW_EXIT_OK);
        assert_int_equal(clew(f, "two", "export", NULL, NULL, NULL), CLEW_EXIT_OK);
        assert_true(clew_slice_eq(clew_buffer_slice(&first), clew_slice_make(f->out, f->out_len)));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(lines_come_back),           TEST(again_changes_nothing),
                TEST(bad_lines_cost_themselves), TEST(documents_over_several_lines),
                TEST(compressed_files),          TEST(long_lines_are_skipped),
                TEST(mistakes_are_told),         TEST(output_is_whole_or_absent),
                TEST(output_is_private),         TEST(large_traces_are_cut),
                TEST(real_runs_come_back),
        };

        return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
