/*
 * Copies of a store: what a backup believes and what not, what it costs to damage one, who may be
 * in the way of a compaction, and that a repair loses what lay on a damaged page and nothing else.
 */
#include "proto/base/mem.h"
#include "query/model/summary.h"
#include "storage/erase.h"
#include "storage/keep.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/random.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
/* A service has a segment of its own. */
#define SERVICES 6u
#define TRACES_OF_ONE 4u
#define SEALED (SERVICES * TRACES_OF_ONE)
#define TRACES (SEALED + 4u)
#define SPANS 5u
#define NOTES 3u
/* Two megabytes when they are packed. */
#define LARGE_SPANS 1200u
#define NOTE_BYTES 200u
/* A page has some seventeen notes. */
#define TRACES_OF_A_NOTE_PAGE 8u
#define FILES_MAX 64u
#define FILE_BYTES_MAX ((size_t)32 << 20)

struct fixture {
        struct test_dir dir;
        char store[300];
        char backup[300];
        char target[300];
        struct clew_clock clock;
        uint64_t now_ns;
        struct test_random random;
        unsigned n_told;
};

static uint64_t fixture_now(void *context)
{
        const struct fixture *f = context;

        return f->now_ns;
}

static struct clew_store *open_at(struct fixture *f, const char *path, enum clew_store_mode mode)
{
        const struct clew_store_options o = {
                .mode = mode, .clock = &f->clock, .deriver = clew_model_deriver()};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(path, &o, &store, &err) < 0)
                fail_msg("%s: %s", path, err.message);
        return store;
}

static void report(void *context, const char *object, const char *what)
{
        struct fixture *f = context;

        (void)object;
        (void)what;
        f->n_told++;
}

static void hear(void *context, const char *object, const char *what)
{
        (void)context;
        (void)object;
        (void)what;
}

static void say(void *context, const char *object, const char *what)
{
        (void)context;
        print_message("%s: %s\n", object, what);
}

static struct clew_keep_options options_of(struct fixture *f)
{
        return (struct clew_keep_options){
                .deriver = clew_model_deriver(), .finding = report, .context = f};
}

/* ---- what is in it --------------------------------------------------------------------------- */

static void send(struct fixture *f, struct clew_store *store, uint32_t trace, uint32_t span)
{
        char service[16];
        char text[4096];
        struct test_span s = {.trace_id = test_trace_id(trace),
                              .span_id = test_span_id(span + 1),
                              .name = "call",
                              .key = "input.value",
                              .start_ns = f->now_ns,
                              .end_ns = f->now_ns + 5};
        int n = 0;

        /* What is hot lies in pages of its own, as batches of many spans do. */
        for (unsigned i = 0; i < (trace < SEALED ? 40 : 400); i++)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "%08x",
                              (unsigned)test_random_next(&f->random));
        s.value = clew_slice_make(text, (size_t)n);
        snprintf(service, sizeof(service), "s%u", trace / TRACES_OF_ONE);
        assert_int_equal(test_store_append(store, service, &s, f->now_ns), 0);
}

static void seal(struct clew_store *store)
{
        const struct clew_seal_options o = {.idle_ns = 0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        for (int i = 0; i < 20; i++)
                assert_true(clew_store_seal(store, &o, &stats, &err) >= 0);
}

static const char *text_of_note(uint32_t trace, uint32_t note, char text[NOTE_BYTES])
{
        memset(text, (int)('a' + trace % 26), NOTE_BYTES);
        text[0] = (char)('0' + note);
        return text;
}

/* Sealed traces with notes, and some that are hot. */
static void fill(struct fixture *f, uint32_t from, uint32_t sealed, uint32_t to)
{
        struct clew_store *store = open_at(f, f->store, CLEW_STORE_COLLECT);
        struct clew_error err = {0};
        char text[NOTE_BYTES];

        for (uint32_t t = from; t < to; t++) {
                struct clew_trace_id id = test_trace_id(t);

                if (t == sealed)
                        seal(store);
                for (uint32_t s = 0; s < SPANS; s++)
                        send(f, store, t, s);
                for (uint32_t n = 0; t < sealed && n < NOTES; n++)
                        assert_int_equal(
                                clew_store_add_note(
                                        store, &id,
                                        clew_slice_make(text_of_note(t, n, text), NOTE_BYTES),
                                        &err),
                                0);
                f->now_ns += CLEW_NS_PER_S;
        }
        if (to == sealed)
                seal(store);
        clew_store_close(store);
}

/* Each trace as a number, and its notes as one; 0 = there is nothing. */
struct content {
        uint64_t spans[2 * TRACES];
        uint64_t notes[2 * TRACES];
};

static uint64_t sum_up(uint64_t sum, struct clew_slice s)
{
        for (size_t i = 0; i < s.len; i++)
                sum = sum * 1099511628211ull + s.data[i] + 1;
        return sum;
}

static void read_content(struct fixture *f, const char *path, struct content *ret)
{
        struct clew_store *store = open_at(f, path, CLEW_STORE_READ);
        struct clew_view *v = NULL;
        struct clew_error err = {0};

        *ret = (struct content){.spans = {0}};
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        for (uint32_t t = 0; t < 2 * TRACES; t++) {
                struct clew_trace_id id = test_trace_id(t);
                struct clew_trace_data data;
                struct clew_slice note;
                int r = clew_view_load(v, &id, &data, &err);

                assert_true(r == 0 || r == -ENOENT);
                ret->spans[t] = r == 0 ? sum_up(0, data.traces) : 0;
                for (uint32_t n = 0; clew_view_note(v, &id, n, &note, &err) == 0; n++)
                        ret->notes[t] = sum_up(ret->notes[t], note);
        }
        clew_view_close(v);
        clew_store_close(store);
}

static void assert_same(struct fixture *f, const char *a, const char *b)
{
        struct content x;
        struct content y;
        struct clew_error err = {0};

        read_content(f, a, &x);
        read_content(f, b, &y);
        assert_memory_equal(&x, &y, sizeof(x));
        assert_int_equal(clew_store_verify(b, say, NULL, &err), 0);
}

/* ---- files ----------------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *ret_n)
{
        uint8_t *data = clew_malloc(FILE_BYTES_MAX);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t n = 0;
        ssize_t got;

        assert_true(fd >= 0 && data);
        while ((got = read(fd, data + n, FILE_BYTES_MAX - n)) > 0)
                n += (size_t)got;
        close(fd);
        *ret_n = n;
        return data;
}

static void write_file(const char *path, const uint8_t *data, size_t n)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, n), n);
        close(fd);
}

struct names {
        char name[FILES_MAX][700];
        unsigned n;
};

/* The files of a backup that hold what a store has: objects and the state. */
static void files_of(const struct fixture *f, struct names *ret)
{
        char path[400];
        const struct dirent *e;
        DIR *dir;

        ret->n = 0;
        snprintf(ret->name[ret->n++], sizeof(ret->name[0]), "%s/state", f->backup);
        snprintf(path, sizeof(path), "%s/objects", f->backup);
        dir = opendir(path);
        assert_non_null(dir);
        while ((e = readdir(dir)) != NULL && ret->n < FILES_MAX) {
                if (e->d_name[0] != '.')
                        snprintf(ret->name[ret->n++], sizeof(ret->name[0]), "%s/%s", path,
                                 e->d_name);
        }
        closedir(dir);
}

static int set_up(void **state)
{
        struct fixture *f = clew_calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        snprintf(f->store, sizeof(f->store), "%s/store", f->dir.path);
        snprintf(f->backup, sizeof(f->backup), "%s/backup", f->dir.path);
        snprintf(f->target, sizeof(f->target), "%s/target", f->dir.path);
        f->random = test_random_seeded("keep");
        f->now_ns = 1700000000ull * CLEW_NS_PER_S;
        f->clock = (struct clew_clock){fixture_now, fixture_now, f};
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        test_dir_remove(&f->dir);
        clew_free(f);
        return 0;
}

/* ---- backups --------------------------------------------------------------------------------- */

static struct clew_backup_report backup(struct fixture *f)
{
        struct clew_keep_options o = options_of(f);
        struct clew_backup_report r;
        struct clew_error err = {0};

        if (clew_store_backup(f->store, f->backup, &o, &r, &err) < 0)
                fail_msg("backup: %s", err.message);
        return r;
}

static int restore(struct fixture *f)
{
        struct clew_keep_options o = options_of(f);
        struct clew_restore_report r;
        struct clew_error err = {0};

        test_dir_remove_flat(f->target);
        return clew_store_restore(f->backup, f->target, &o, &r, &err);
}

static bool is_whole(struct fixture *f)
{
        struct clew_keep_options o = options_of(f);
        struct clew_backup_report r;
        struct clew_error err = {0};

        return clew_backup_verify(f->backup, &o, &r, &err) == 0 && r.damaged == 0;
}

static void drop(struct fixture *f, uint32_t from, uint32_t to)
{
        struct clew_store *store = open_at(f, f->store, CLEW_STORE_COLLECT);
        const struct clew_rewrite_options o = {0};
        struct clew_rewrite_stats stats;
        struct clew_error err = {0};

        for (uint32_t t = from; t < to; t++) {
                struct clew_trace_id id = test_trace_id(t);

                assert_int_equal(clew_store_delete(store, &id, 1, &o, &stats, &err), 0);
        }
        clew_store_close(store);
}

static void test_backup_is_incremental(void **state)
{
        struct fixture *f = *state;
        struct clew_backup_report first;
        struct clew_backup_report second;
        struct names files;

        fill(f, 0, SEALED, TRACES);
        first = backup(f);
        assert_true(first.objects >= SERVICES && first.new_objects == first.objects);
        assert_true(is_whole(f));
        assert_int_equal(restore(f), 0);
        assert_same(f, f->store, f->target);

        fill(f, TRACES, TRACES + TRACES_OF_ONE, TRACES + TRACES_OF_ONE);
        drop(f, 0, TRACES_OF_ONE);
        second = backup(f);
        assert_true(second.new_objects > 0 && second.new_objects < first.objects);
        assert_true(second.removed > 0);
        files_of(f, &files);
        assert_int_equal(files.n, second.objects + 1);
        assert_true(is_whole(f));
        assert_int_equal(restore(f), 0);
        assert_same(f, f->store, f->target);

        second = backup(f);
        assert_int_equal(second.new_objects, 0);
        assert_int_equal(second.removed, 0);
}

/* What a run left that came to no end is looked at, not believed; of what it has finished, the
 * sizes are. */
static void test_backup_believes_nothing(void **state)
{
        struct fixture *f = *state;
        struct clew_backup_report report;
        struct names files;
        uint8_t *data;
        size_t n;

        fill(f, 0, SEALED, TRACES);
        (void)backup(f);
        files_of(f, &files);
        assert_int_equal(unlink(files.name[0]), 0);
        assert_false(is_whole(f));
        assert_true(restore(f) < 0);
        data = read_file(files.name[1], &n);
        data[n / 2] ^= 1;
        write_file(files.name[1], data, n);
        clew_free(data);
        report = backup(f);
        assert_int_equal(report.new_objects, 1);
        assert_int_equal(restore(f), 0);
        assert_same(f, f->store, f->target);

        assert_int_equal(truncate(files.name[2], 40), 0);
        report = backup(f);
        assert_int_equal(report.new_objects, 1);
        assert_int_equal(restore(f), 0);
        assert_same(f, f->store, f->target);
}

/* A byte that is another one, one too few, one too many, in each file of a backup. */
static void test_damage_in_a_backup(void **state)
{
        struct fixture *f = *state;
        struct names files;
        char data_file[400];

        fill(f, 0, SEALED, TRACES);
        (void)backup(f);
        files_of(f, &files);
        snprintf(data_file, sizeof(data_file), "%s/data.mdb", f->target);
        for (unsigned i = 0; i < files.n; i++) {
                size_t n;
                uint8_t *data = read_file(files.name[i], &n);

                for (unsigned k = 0; k < 14; k++) {
                        size_t at = k < 4 ? k * 8 : test_random_below(&f->random, n);

                        uint8_t bit = (uint8_t)(1u << test_random_below(&f->random, 8));

                        data[at] ^= k < 12 ? bit : 0;
                        data[n] = 0;
                        write_file(files.name[i], data, k == 12 ? n - 1 : n + (k == 13));
                        if (is_whole(f))
                                fail_msg("%s: byte %zu of %zu, %u", files.name[i], at, n, k);
                        if (k % 4 == 0) {
                                assert_true(restore(f) < 0);
                                assert_int_equal(access(data_file, F_OK), -1);
                        }
                        data[at] ^= k < 12 ? bit : 0;
                }
                write_file(files.name[i], data, n);
                assert_true(is_whole(f));
                clew_free(data);
        }
}

static void test_of_another_store(void **state)
{
        struct fixture *f = *state;
        struct clew_keep_options o = options_of(f);
        struct clew_backup_report r;
        struct clew_error err = {0};
        char other[400];

        fill(f, 0, SEALED, TRACES);
        (void)backup(f);
        test_dir_remove_flat(f->store);
        f->now_ns += CLEW_NS_PER_S;
        fill(f, 0, SEALED, TRACES);
        assert_int_equal(clew_store_backup(f->store, f->backup, &o, &r, &err), -EINVAL);
        assert_non_null(strstr(err.message, "another store"));
        assert_int_equal(clew_store_backup(f->store, f->store, &o, &r, &err), -EINVAL);
        assert_true(is_whole(f));
        /* Neither onto a store nor onto anything else. */
        assert_int_equal(restore(f), 0);
        assert_int_equal(clew_store_restore(f->backup, f->target, &o,
                                            &(struct clew_restore_report){0}, &err),
                         -EINVAL);
        test_dir_remove_flat(f->target);
        assert_int_equal(mkdir(f->target, 0700), 0);
        snprintf(other, sizeof(other), "%s/theirs", f->target);
        write_file(other, (const uint8_t *)"x", 1);
        assert_int_equal(clew_store_restore(f->backup, f->target, &o,
                                            &(struct clew_restore_report){0}, &err),
                         -EINVAL);
        assert_int_equal(clew_store_restore(f->backup, f->dir.path, &o,
                                            &(struct clew_restore_report){0}, &err),
                         -EINVAL);
}

/* ---- compacting ------------------------------------------------------------------------------ */

static void test_compact(void **state)
{
        struct fixture *f = *state;
        struct clew_compact_report report;
        struct clew_error err = {0};
        int fds[2];
        char byte;
        pid_t pid;

        fill(f, 0, SEALED, TRACES);
        drop(f, 0, SEALED / 2);
        (void)backup(f);
        assert_int_equal(restore(f), 0);
        assert_int_equal(pipe(fds), 0);
        pid = fork();
        if (pid == 0) { /* somebody reads */
                struct clew_store *store = open_at(f, f->store, CLEW_STORE_READ);

                if (write(fds[1], "r", 1) == 1 && store)
                        pause();
                _exit(1);
        }
        assert_int_equal(read(fds[0], &byte, 1), 1);
        assert_int_equal(clew_store_compact(f->store, &report, &err), -EBUSY);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close(fds[0]);
        close(fds[1]);
        assert_int_equal(clew_store_compact(f->store, &report, &err), 0);
        assert_true(report.after_bytes < report.before_bytes);
        assert_same(f, f->target, f->store);
        fill(f, TRACES, TRACES + TRACES_OF_ONE, TRACES + TRACES_OF_ONE);
        assert_int_equal(clew_store_verify(f->store, say, NULL, &err), 0);
}

/* ---- repairing ------------------------------------------------------------------------------- */

/* What is lost: sealed traces of how many services, hot ones, notes of how many traces. */
struct lost {
        unsigned services;
        unsigned hot;
        unsigned notes;
        unsigned wrong; /* sealed ones that are there, and not as they were */
};

static struct lost compare(const struct content *was, const struct content *is)
{
        struct lost lost = {0};
        uint32_t last = UINT32_MAX;

        for (uint32_t t = 0; t < 2 * TRACES; t++) {
                lost.notes += was->notes[t] != is->notes[t];
                if (was->spans[t] == is->spans[t])
                        continue;
                lost.wrong += t < SEALED && is->spans[t] != 0;
                lost.hot += t >= SEALED;
                if (t < SEALED && t / TRACES_OF_ONE != last) {
                        last = t / TRACES_OF_ONE;
                        lost.services++;
                }
        }
        return lost;
}

enum harm { NOISE, ONE_BIT, OF_ANOTHER, HARMS };

/* Damages page @page of @data, whose own bytes go to @kept. */
static void harm(struct fixture *f, uint8_t *data, size_t n_pages, size_t page, enum harm how,
                 uint8_t kept[PAGE])
{
        uint8_t *at = data + page * PAGE;

        memcpy(kept, at, PAGE);
        for (unsigned i = 0; how == NOISE && i < PAGE; i++)
                at[i] = (uint8_t)test_random_next(&f->random);
        if (how == ONE_BIT)
                at[test_random_below(&f->random, PAGE)] ^= 16;
        if (how == OF_ANOTHER) /* a write that went astray */
                memcpy(at, data + (page + 1 < n_pages ? page + 1 : 2) * PAGE, PAGE);
}

/* Repairs what is in f->target. True: something was lost, and all that must hold then does. */
static bool repaired(struct fixture *f, const struct content *was, size_t page)
{
        struct clew_keep_options o = options_of(f);
        struct clew_repair_report report;
        struct clew_error err = {0};
        struct content is;
        struct lost lost;
        bool any;
        int found;

        f->n_told = 0;
        found = clew_store_verify(f->target, hear, NULL, &err);
        if (clew_store_repair(f->target, &o, &report, &err) < 0)
                fail_msg("page %zu: %s", page, err.message);
        if (clew_store_verify(f->target, say, NULL, &err) != 0)
                fail_msg("page %zu: is not whole afterwards", page);
        read_content(f, f->target, &is);
        lost = compare(was, &is);
        any = lost.services || lost.hot || lost.notes;
        if (lost.wrong || lost.services > 1 || lost.hot > 1 || lost.notes > TRACES_OF_A_NOTE_PAGE ||
            (lost.services && lost.hot) || ((lost.services || lost.hot) && lost.notes) ||
            (lost.services && report.lost_traces == 0) ||
            (any && (f->n_told == 0 || found == 0 || report.damaged == 0)))
                fail_msg("page %zu: %u services, %u hot, notes of %u, %u wrong; %u told, %d "
                         "found, %llu traces lost",
                         page, lost.services, lost.hot, lost.notes, lost.wrong, f->n_told, found,
                         (unsigned long long)report.lost_traces);
        return any;
}

/* Each page in turn: at most one segment, or one hot trace, or notes are lost, and told (a leaf
 * leads to all of them, and its loss costs none); what was deleted stays away. */
static void test_repair_page_by_page(void **state)
{
        struct fixture *f = *state;
        unsigned lossless = 0;
        struct content was;
        uint8_t kept[PAGE];
        char path[400];
        char hurt[400];
        uint8_t *data;
        size_t n;

        fill(f, 0, SEALED, TRACES);
        drop(f, 0, 1);
        read_content(f, f->store, &was);
        assert_int_equal(was.spans[0], 0);
        snprintf(path, sizeof(path), "%s/data.mdb", f->store);
        snprintf(hurt, sizeof(hurt), "%s/data.mdb", f->target);
        data = read_file(path, &n);
        for (size_t at = 0; at < n / PAGE * HARMS; at++) {
                size_t page = at / HARMS;

                test_dir_remove_flat(f->target);
                assert_int_equal(mkdir(f->target, 0700), 0);
                harm(f, data, n / PAGE, page, (enum harm)(at % HARMS), kept);
                write_file(hurt, data, n);
                memcpy(data + page * PAGE, kept, PAGE);
                lossless += !repaired(f, &was, page);
        }
        /* Most pages hold what can be made anew, or nothing. */
        print_message("# %u of %zu repairs cost nothing\n", lossless, n / PAGE * HARMS);
        assert_true(lossless > 10 && lossless < n / PAGE * HARMS);
        clew_free(data);
}

/* An object in several parts, whose leaf is lost. */
static void test_repair_large(void **state)
{
        struct fixture *f = *state;
        struct clew_store *store = open_at(f, f->store, CLEW_STORE_COLLECT);
        struct content was;
        unsigned leaves = 0;
        uint8_t kept[PAGE];
        char path[400];
        char hurt[400];
        uint8_t *data;
        size_t n;

        for (uint32_t span = 0; span < LARGE_SPANS; span++)
                send(f, store, SEALED, span);
        seal(store);
        clew_store_close(store);
        read_content(f, f->store, &was);
        assert_true(was.spans[SEALED] != 0);
        snprintf(path, sizeof(path), "%s/data.mdb", f->store);
        snprintf(hurt, sizeof(hurt), "%s/data.mdb", f->target);
        data = read_file(path, &n);
        assert_true(n > (size_t)2 << 20);
        for (size_t page = 2; page < n / PAGE; page++) {
                struct clew_keep_options o = options_of(f);
                struct clew_repair_report report;
                struct clew_error err = {0};
                struct content is;
                uint64_t number;

                memcpy(&number, data + page * PAGE, sizeof(number));
                if (number != page || data[page * PAGE + 10] != 2) /* a leaf */
                        continue;
                test_dir_remove_flat(f->target);
                assert_int_equal(mkdir(f->target, 0700), 0);
                harm(f, data, n / PAGE, page, NOISE, kept);
                write_file(hurt, data, n);
                memcpy(data + page * PAGE, kept, PAGE);
                assert_int_equal(clew_store_repair(f->target, &o, &report, &err), 0);
                read_content(f, f->target, &is);
                assert_memory_equal(&was, &is, sizeof(is));
                leaves++;
        }
        assert_true(leaves > 5);
        clew_free(data);
}

/* The root of the tree of the tables' names, by the newer of LMDB's first pages. */
static size_t page_of_names(const uint8_t *data)
{
        uint64_t id[2];
        uint64_t root[2];

        for (size_t i = 0; i < 2; i++) {
                memcpy(&root[i], data + i * PAGE + 128, sizeof(root[i]));
                memcpy(&id[i], data + i * PAGE + 144, sizeof(id[i]));
        }
        return (size_t)root[id[1] > id[0]];
}

/* Where the list of tables is damaged, no program opens the store; each says what does help. */
static void test_names_of_tables(void **state)
{
        struct fixture *f = *state;
        struct clew_keep_options o = options_of(f);
        const struct clew_store_options modes[] = {{.mode = CLEW_STORE_READ},
                                                   {.mode = CLEW_STORE_COLLECT}};
        struct clew_backup_report report;
        struct content was;
        char path[400];
        uint8_t kept[PAGE];
        uint8_t *data;
        size_t n;
        size_t page;

        fill(f, 0, SEALED, TRACES);
        read_content(f, f->store, &was);
        snprintf(path, sizeof(path), "%s/data.mdb", f->store);
        data = read_file(path, &n);
        page = page_of_names(data);
        for (int how = 0; how < 4; how++) {
                struct clew_error err = {0};

                memcpy(kept, data + page * PAGE, PAGE);
                if (how < 2)
                        harm(f, data, n / PAGE, page, how ? OF_ANOTHER : NOISE, kept);
                else if (how == 2)
                        memset(data + page * PAGE, 0, PAGE);
                else /* the name of one table */
                        *(uint8_t *)memmem(data + page * PAGE, PAGE, "time", 4) ^= 1;
                test_dir_remove_flat(f->target);
                assert_int_equal(mkdir(f->target, 0700), 0);
                snprintf(path, sizeof(path), "%s/data.mdb", f->target);
                write_file(path, data, n);
                memcpy(data + page * PAGE, kept, PAGE);
                for (size_t i = 0; i < CLEW_ARRAY_LEN(modes); i++) {
                        struct clew_store *store = NULL;

                        assert_int_equal(clew_store_open(f->target, &modes[i], &store, &err),
                                         -EBADMSG);
                        assert_non_null(strstr(err.message, "clew doctor --repair"));
                }
                assert_int_equal(clew_store_backup(f->target, f->backup, &o, &report, &err),
                                 -EBADMSG);
                assert_non_null(strstr(err.message, "clew doctor --repair"));
                assert_false(repaired(f, &was, page));
        }
        clew_free(data);
}

/* A file of which nothing is Clew's stays as it is. */
static void test_nothing_to_repair_from(void **state)
{
        struct fixture *f = *state;
        struct clew_keep_options o = options_of(f);
        struct clew_repair_report report;
        struct clew_error err = {0};
        char path[400];
        uint8_t *data;
        uint8_t *after;
        size_t n;
        size_t m;

        fill(f, 0, SEALED, TRACES);
        snprintf(path, sizeof(path), "%s/data.mdb", f->store);
        data = read_file(path, &n);
        for (size_t i = 2 * PAGE; i < n; i++)
                data[i] = (uint8_t)test_random_next(&f->random);
        write_file(path, data, n);
        assert_int_equal(clew_store_repair(f->store, &o, &report, &err), -EINVAL);
        assert_non_null(strstr(err.message, "nothing in its data.mdb is Clew's"));
        assert_string_equal(report.aside, "");
        after = read_file(path, &m);
        assert_int_equal(n, m);
        assert_memory_equal(data, after, n);
        clew_free(data);
        clew_free(after);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_backup_is_incremental, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_backup_believes_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_damage_in_a_backup, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_of_another_store, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_compact, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_repair_page_by_page, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_repair_large, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_names_of_tables, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nothing_to_repair_from, set_up, tear_down),
        };

        /* Hundreds of stores are made, and each is synced: in memory where that is possible. */
        if (access("/dev/shm", W_OK) == 0)
                (void)setenv("TMPDIR", "/dev/shm", 0);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
