/* A directory of its own for a test, removed with everything in it. */
#ifndef CLEW_TESTS_LIB_TEMP_DIR_H
#define CLEW_TESTS_LIB_TEMP_DIR_H

#include "proto/base/compiler.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test_dir {
        char path[256];
};

static inline void test_dir_make(struct test_dir *d)
{
        const char *base = getenv("TMPDIR");

        snprintf(d->path, sizeof(d->path), "%s/clew-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(d->path))
                abort();
}

/* The store directories of tests are flat; one level below the directory is enough. */
static inline void test_dir_remove_flat(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *e;
        char file[1024];

        while (dir && (e = readdir(dir)) != NULL) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                snprintf(file, sizeof(file), "%.700s/%.255s", path, e->d_name);
                if (unlink(file) < 0)
                        test_dir_remove_flat(file);
        }
        if (dir)
                closedir(dir);
        rmdir(path);
}

static inline void test_dir_remove(struct test_dir *d)
{
        test_dir_remove_flat(d->path);
}

#endif
