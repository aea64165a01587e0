/*
 * See remote-int.h: the options that name a server, and what is told it of this side: how wide the
 * terminal is, the zone of its times, how a suggested command begins, who it is.
 */
#include "query/cli/remote-int.h"

#include "proto/base/buffer.h"
#include "query/answer/safe.h"
#include "query/cli/author.h"
#include "query/cli/lines.h"
#include "query/cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ZONE_BYTES 256u
#define AUTHOR_BYTES 256u

/* ---- options -------------------------------------------------------------------------------- */

static bool take_value(int argc, char **argv, int *i, const char *name, const char **ret,
                       bool *ret_wrong)
{
        size_t n = strlen(name);
        const char *a = argv[*i];

        if (strncmp(a, name, n) != 0 || (a[n] != '\0' && a[n] != '='))
                return false;
        if (a[n] == '=')
                *ret = a + n + 1;
        else if (*i + 1 < argc)
                *ret = argv[++*i];
        else
                *ret_wrong = true;
        return true;
}

bool clew_remote_option(struct clew_cli *cli, int argc, char **argv, int *i, bool *ret_wrong)
{
        const char *name = argv[*i];

        if (!take_value(argc, argv, i, "--url", &cli->url, ret_wrong) &&
            !take_value(argc, argv, i, "--token-file", &cli->token_file, ret_wrong) &&
            !take_value(argc, argv, i, "--ca-file", &cli->ca_file, ret_wrong))
                return false;
        if (*ret_wrong)
                clew_cli_error(cli, "%s needs a value", name);
        return true;
}

/* ---- where and who -------------------------------------------------------------------------- */

static int read_token(struct clew_cli *cli, char ret[CLEW_TOKEN_BYTES_MAX])
{
        CLEW_BUFFER text = {0};
        struct clew_slice line = CLEW_SLICE_NULL;
        struct clew_lines lines;
        struct stat st;
        int r;

        clew_buffer_init(&text, (size_t)2 << 20);
        r = clew_cli_read_file(cli, cli->token_file, (size_t)1 << 20, &text);
        if (r != 0)
                return r;
        lines = (struct clew_lines){.rest = clew_buffer_slice(&text)};
        if (!clew_lines_next(&lines, &line) || line.len >= CLEW_TOKEN_BYTES_MAX ||
            memchr(line.data, ' ', line.len)) {
                clew_cli_error(cli,
                               "%s holds no key: its first line is the secret that clew key "
                               "add has shown",
                               cli->token_file);
                return CLEW_EXIT_USAGE;
        }
        for (size_t i = 0; i < line.len; i++) {
                if (line.data[i] <= ' ' || line.data[i] > '~') {
                        clew_cli_error(cli, "%s holds no key: byte %zu is none of a key's",
                                       cli->token_file, i + 1);
                        return CLEW_EXIT_USAGE;
                }
        }
        memcpy(ret, line.data, line.len);
        ret[line.len] = '\0';
        explicit_bzero(text.data, text.len);
        if (stat(cli->token_file, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
                clew_cli_note(cli, "others can read %s: chmod 600 keeps the key yours",
                              cli->token_file);
        return 0;
}

int clew_remote_target(struct clew_cli *cli, const char *path, char ret_url[CLEW_URL_BYTES_MAX],
                       char ret_token[CLEW_TOKEN_BYTES_MAX])
{
        size_t n = strlen(cli->url);
        const char *scheme = "";
        char shown[200];

        ret_token[0] = '\0';
        if (!strstr(cli->url, "://"))
                scheme = clew_url_is_local(cli->url) ? "http://" : "https://";
        while (n > 0 && cli->url[n - 1] == '/')
                n--;
        if (n == 0 || cli->url[strcspn(cli->url, " ?#\t\n")] != '\0' ||
            (!scheme[0] && strncmp(cli->url, "http://", 7) != 0 &&
             strncmp(cli->url, "https://", 8) != 0) ||
            (size_t)snprintf(ret_url, CLEW_URL_BYTES_MAX, "%s%.*s%s", scheme, (int)n, cli->url,
                             path) >= CLEW_URL_BYTES_MAX) {
                clew_cli_error(cli,
                               "--url takes the address of a clewd, such as "
                               "https://clew.example:4318, not \"%s\"",
                               clew_safe_cstr(clew_slice_of_cstr(cli->url), shown, sizeof(shown)));
                return CLEW_EXIT_USAGE;
        }
        return cli->token_file ? read_token(cli, ret_token) : 0;
}

/* The zone that times are shown in, by a name that the server knows too; "" when there is none. */
static void name_zone(char ret[ZONE_BYTES])
{
        static const char folder[] = "zoneinfo/";
        const char *zone = getenv("TZ");
        const char *name;
        time_t now = time(NULL);
        struct tm tm;
        ssize_t n;

        if (zone) {
                (void)snprintf(ret, ZONE_BYTES, "%s", zone[0] == ':' ? zone + 1 : zone);
                if (ret[0] != '/')
                        return;
        }
        n = readlink("/etc/localtime", ret, ZONE_BYTES - 1);
        ret[n > 0 ? n : 0] = '\0';
        name = strstr(ret, folder);
        if (name) {
                name += sizeof(folder) - 1;
                memmove(ret, name, strlen(name) + 1);
                return;
        }
        /* A rule of POSIX counts from the other side. */
        if (localtime_r(&now, &tm)) {
                long minutes = tm.tm_gmtoff / 60;

                (void)snprintf(ret, ZONE_BYTES, "<%+03ld%02ld>%s%ld:%02ld", minutes / 60,
                               labs(minutes) % 60, minutes > 0 ? "-" : "", labs(minutes) / 60,
                               labs(minutes) % 60);
        }
}

static bool put_option(char *self, size_t size, const char *name, const char *value)
{
        size_t n = strlen(self);
        bool plain = value[strcspn(value, " '\"\\$`*?[]{}()<>|&;#~!\t\n")] == '\0';

        return !strchr(value, '\'') &&
               (size_t)snprintf(self + n, size - n, plain ? " %s %s" : " %s '%s'", name, value) <
                       size - n;
}

void clew_remote_name_self(struct clew_cli *cli)
{
        char *ret = cli->self;
        const char *env_url = getenv("CLEW_URL");
        const char *env_token = getenv("CLEW_TOKEN_FILE");
        const char *env_ca = getenv("CLEW_CA_FILE");
        bool fits = true;

        (void)snprintf(ret, CLEW_SELF_BYTES_MAX, "clew");
        if (cli->url != env_url)
                fits = put_option(ret, CLEW_SELF_BYTES_MAX, "--url", cli->url);
        if (fits && cli->token_file && cli->token_file != env_token)
                fits = put_option(ret, CLEW_SELF_BYTES_MAX, "--token-file", cli->token_file);
        if (fits && cli->ca_file && cli->ca_file != env_ca)
                fits = put_option(ret, CLEW_SELF_BYTES_MAX, "--ca-file", cli->ca_file);
        if (!fits)
                (void)snprintf(ret, CLEW_SELF_BYTES_MAX, "clew");
}

/* ---- what the terminal is like --------------------------------------------------------------- */

void clew_remote_put_settings(struct clew_cli *cli, struct clew_json_writer *w)
{
        const struct clew_display_flags none = {0};
        struct clew_look look;
        char zone[ZONE_BYTES];
        char author[AUTHOR_BYTES];
        const char *user = getenv("CLEW_USER");

        if (clew_look_init(&look, cli, &none) == 0) {
                if (look.columns != SIZE_MAX) {
                        clew_json_write_key(w, "columns");
                        clew_json_write_uint64(w, look.columns);
                }
                clew_json_write_key(w, "colour");
                clew_json_write_bool(w, look.colour);
        }
        name_zone(zone);
        if (zone[0] && strlen(zone) < 64) {
                clew_json_write_key(w, "time_zone");
                clew_json_write_cstr(w, zone);
        }
        clew_remote_name_self(cli);
        clew_json_write_key(w, "self");
        clew_json_write_cstr(w, cli->self);
        if (clew_cli_author_name(author, sizeof(author))) {
                clew_json_write_key(w, "user");
                clew_json_write_cstr(w, author);
        } else if (user && *user) { /* no name is refused there, and not taken for another's */
                clew_json_write_key(w, "user");
                clew_json_write_cstr(w, " ");
        }
}
