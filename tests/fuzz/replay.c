/*
 * Runs a fuzz target over the files of one directory: the corpus as a regression test.
 *
 *     fuzz-NAME DIR
 *
 * Exits 1 when a file cannot be read or the directory holds none: a replay of nothing proves
 * nothing. Each input lies in memory of its exact size, so that sanitizers see every overrun.
 */
#include "proto/base/mem.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (16 << 20) /* corpora hold small files; a larger one is a mistake */

static int run_file(const char *path)
{
        CLEW_FREE uint8_t *data = NULL;
        FILE *file = fopen(path, "rb");
        struct stat st;
        size_t size;
        size_t n;

        if (!file || fstat(fileno(file), &st) < 0 || st.st_size > INPUT_BYTES_MAX) {
                fprintf(stderr, "replay: cannot read %s: %s\n", path, strerror(errno));
                if (file)
                        fclose(file);
                return -1;
        }
        size = (size_t)st.st_size;
        data = clew_malloc(size ? size : 1);
        n = data ? fread(data, 1, size, file) : 0;
        fclose(file);
        if (!data || n != size) {
                fprintf(stderr, "replay: %s: short read\n", path);
                return -1;
        }
        LLVMFuzzerTestOneInput(data, size);
        return 0;
}

int main(int argc, char **argv)
{
        char path[4096];
        unsigned count = 0;
        struct dirent *entry;
        DIR *dir;

        if (argc != 2) {
                fprintf(stderr, "usage: %s DIR\n", argv[0]);
                return 2;
        }
        dir = opendir(argv[1]);
        if (!dir) {
                fprintf(stderr, "replay: %s: %s\n", argv[1], strerror(errno));
                return 1;
        }
        while ((entry = readdir(dir))) {
                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
                if (run_file(path) < 0) {
                        closedir(dir);
                        return 1;
                }
                count++;
        }
        closedir(dir);
        printf("%s: %u inputs\n", argv[1], count);
        return count == 0;
}
