#include "query/cli/mirror.h"

#include "proto/base/ids.h"
#include "proto/base/sha256.h"
#include "query/cli/guard.h"
#include "query/model/summary.h"
#include "storage/tier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_BYTES 8u

/* Makes the directories above the mirror, for this user alone. */
static int make_above(char *path)
{
        for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
                int r;

                *slash = '\0';
                r = mkdir(path, 0700) < 0 && errno != EEXIST && errno != EISDIR ? -errno : 0;
                *slash = '/';
                if (r < 0 && r != -EROFS && r != -EACCES)
                        return r;
        }
        return 0;
}

/* $XDG_CACHE_HOME/clew/objects/..., else ~/.cache/clew/objects/...: one for each address. */
static int name_mirror(struct clew_cli *cli, struct clew_error *err)
{
        const char *cache = getenv("XDG_CACHE_HOME");
        const char *home = getenv("HOME");
        uint8_t sum[CLEW_SHA256_BYTES];
        char hex[2 * NAME_BYTES + 1];
        bool own = cache && cache[0] == '/';
        int n;
        int r;

        clew_sha256_of(clew_slice_of_cstr(cli->store_dir), sum);
        clew_hex_encode(clew_slice_make(sum, NAME_BYTES), hex);
        if (!own && !(home && home[0] == '/'))
                return clew_error_set(err, -ENOENT, 0,
                                      "a bucket is read through a cache, and there is no place for "
                                      "one: set HOME or XDG_CACHE_HOME");
        n = snprintf(cli->mirror_dir, sizeof(cli->mirror_dir), "%s%s/clew/objects/%s",
                     own ? cache : home, own ? "" : "/.cache", hex);
        if (n >= (int)sizeof(cli->mirror_dir))
                return clew_error_set(err, -ENAMETOOLONG, 0,
                                      "the cache directory's name is too long");
        r = make_above(cli->mirror_dir);
        return r < 0 ? clew_error_set(err, r, 0, "%s: %s", cli->mirror_dir, strerror(-r)) : 0;
}

static void on_finding(void *context, const char *object, const char *what)
{
        clew_cli_note(context, "%s: %s", object, what);
}

int clew_mirror_begin(struct clew_cli *cli, bool writes)
{
        const struct clew_tier_options options = {
                .url = cli->store_dir, .finding = on_finding, .context = cli};
        struct clew_tier_stats stats;
        struct clew_error err = {0};
        int r;

        if (cli->store_dir != cli->mirror_dir && !clew_tier_is_url(cli->store_dir))
                return 0;
        if (writes) {
                clew_cli_error(cli, "a bucket is only read, and written by its clewd alone: ask "
                                    "that with --url, or name the store's directory");
                return CLEW_EXIT_PERMISSION;
        }
        if (cli->store_dir == cli->mirror_dir)
                return 0;
        r = name_mirror(cli, &err);
        if (r == 0) {
                clew_guard_install(cli->mirror_dir);
                r = clew_tier_mirror(cli->mirror_dir, clew_model_deriver(), &options, &stats, &err);
        }
        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        cli->store_dir = cli->mirror_dir;
        return 0;
}
