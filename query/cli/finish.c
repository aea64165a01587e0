#include "query/cli/finish.h"

#include "query/cli/open.h"
#include "query/serve/erase.h"
#include "storage/keep.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

/* A collector looks each second; a large file takes a while to go through. */
#define WAIT_POLLS 300u
#define POLL_NS 100000000

static int tell_waits(struct clew_cli *cli, const struct clew_erasure_status *s)
{
        if (s->held_by)
                clew_cli_error(cli,
                               "free pages are not wiped yet: process %" PRId32
                               " holds an older snapshot; end it, then run any clew delete again, "
                               "or leave it to the collector",
                               s->held_by);
        else
                clew_cli_error(cli, "free pages are not wiped yet: the collector goes on with it");
        return CLEW_EXIT_PARTIAL;
}

static int wipe_here(struct clew_cli *cli, struct clew_store *store)
{
        const struct clew_rewrite_options options = clew_erasing_rewrite();
        struct clew_erasure_status s;
        struct clew_error err = {0};
        int r = clew_store_finish_erasure(store, &options, &s, &err);

        if (r < 0)
                return clew_cli_fail(cli, r, &err);
        if (!s.is_wiped)
                return tell_waits(cli, &s);
        clew_cli_note(cli, "no collector runs on this store: this command wiped free pages itself");
        return 0;
}

static int wait_for_collector(struct clew_cli *cli, struct clew_store *store)
{
        static const struct timespec pause = {.tv_nsec = POLL_NS};
        struct clew_erasure_status s = {0};
        struct clew_error err = {0};
        int r = 0;

        for (unsigned i = 0; r == 0 && i < WAIT_POLLS; i++) {
                struct clew_view *view = NULL;

                r = clew_view_open(store, &view, &err);
                if (r == 0)
                        r = clew_view_erasure(view, &s, &err);
                clew_view_close(view);
                if (r == 0 && s.is_wiped) {
                        clew_cli_note(cli, "the collector on this store wiped free pages");
                        return 0;
                }
                if (r == 0 && !clew_store_has_collector(store))
                        return wipe_here(cli, store);
                nanosleep(&pause, NULL);
        }
        return r < 0 ? clew_cli_fail(cli, r, &err) : tell_waits(cli, &s);
}

int clew_cli_finish_erasure(struct clew_cli *cli)
{
        struct clew_store *store;
        int r = clew_cli_store_existing(cli, &store);

        if (r != 0)
                return r;
        r = clew_store_has_collector(store) ? wait_for_collector(cli, store)
                                            : wipe_here(cli, store);
        if (clew_store_has_left_behind(store)) /* also what was met just now */
                clew_cli_note(cli, "indexes that were damaged lie in the file with the words that "
                                   "stand in them: clew compact takes them out of it");
        return r;
}

void clew_cli_tell_copies(struct clew_cli *cli)
{
        char names[1024];
        unsigned n = clew_store_set_aside(cli->store_dir, names, sizeof(names));

        if (n > 0)
                clew_cli_note(cli,
                              "%s beside the store: %u damaged file%s of before, set aside by clew "
                              "doctor --repair, with all that was in it then; remove %s",
                              names, n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
        clew_cli_note(cli,
                      "backups made before still have it: clew backup DEST takes it out of one");
}
