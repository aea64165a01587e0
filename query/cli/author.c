/*
 * See author.h.
 */
#include "query/cli/author.h"

#include "query/cli/served.h"
#include "query/review/record.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PASSWD_BYTES 16384

bool clew_cli_author_name(char *ret, size_t size)
{
        const char *name = clew_served() ? clew_served_author() : getenv("CLEW_USER");
        char room[PASSWD_BYTES];
        struct passwd entry;
        struct passwd *found = NULL;

        if (!clew_served() && (!name || !*name)) {
                (void)getpwuid_r(geteuid(), &entry, room, sizeof(room), &found);
                name = found ? found->pw_name : NULL;
        }
        return name && (size_t)snprintf(ret, size, "%s", name) < size &&
               clew_name_is_good(clew_slice_of_cstr(ret));
}

int clew_cli_author(struct clew_cli *cli, char *ret, size_t size)
{
        if (clew_cli_author_name(ret, size))
                return 0;
        clew_cli_error(cli,
                       "who are you? set CLEW_USER to a name of at most %u bytes without "
                       "blanks, '@', ',' and '='",
                       CLEW_NAME_BYTES_MAX);
        return CLEW_EXIT_USAGE;
}
