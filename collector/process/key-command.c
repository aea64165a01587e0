/*
 * See key-command.h.
 */
#include "collector/process/key-command.h"

#include "collector/gate/keys.h"
#include "proto/base/clock.h"
#include "query/answer/when.h"
#include "query/model/summary.h"
#include "query/review/record.h"
#include "query/serve/access.h"
#include "query/serve/audit.h"
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096u
#define PASSWD_BYTES 16384u
#define FAILED 1
#define USAGE 2

struct command {
        const char *verb;
        const char *name; /* of the key that is meant: its name or public half */
        const char *store;
        const char *projects;
        const char *project;
        const char *scope;
        const char *expires;
        const char *url;
        char path[PATH_BYTES];
        struct clew_keys *keys;
};

static const char usage[] =
        "clewd key add --name NAME --scope S [--project P] [--expires 30d]\n"
        "clewd key list\n"
        "clewd key revoke NAME|pk-clew-...\n"
        "clewd key link NAME|pk-clew-... [--url https://HOST:PORT]\n"
        "\n"
        "S is some of ingest,read,annotate,admin,metrics. link makes a link for one\n"
        "sign-in within 10 minutes. Each with --store DIR (./data), and with --projects\n"
        "DIR where there are projects.\n";

bool clew_key_command_wanted(int argc, char *const *argv)
{
        return argc > 1 && strcmp(argv[1], "key") == 0;
}

static int fail(const struct clew_error *err)
{
        fprintf(stderr, "clewd key: %s\n", err->message);
        return FAILED;
}

static int wrong(const char *what)
{
        fprintf(stderr, "clewd key: %s\n%s", what, usage);
        return USAGE;
}

/* ---- arguments ------------------------------------------------------------------------------ */

static bool take_flag(struct command *c, const char *name, const char *value)
{
        const struct {
                const char *name;
                const char **ret;
        } flags[] = {{"--name", &c->name},       {"--store", &c->store},
                     {"--project", &c->project}, {"--projects", &c->projects},
                     {"--scope", &c->scope},     {"--expires", &c->expires},
                     {"--url", &c->url}};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++) {
                if (strcmp(name, flags[i].name) != 0)
                        continue;
                *flags[i].ret = value;
                return value != NULL;
        }
        return false;
}

static int read_arguments(struct command *c, int argc, char *const *argv)
{
        int n;

        *c = (struct command){.store = "./data", .project = CLEW_KEY_PROJECT_DEFAULT};
        for (int i = 2; i < argc; i++) {
                if (strncmp(argv[i], "--", 2) == 0) {
                        if (!take_flag(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
                                return wrong("a flag that is not known, or without its value");
                        i++;
                } else if (!c->verb) {
                        c->verb = argv[i];
                } else if (!c->name) {
                        c->name = argv[i];
                } else {
                        return wrong("one key at a time");
                }
        }
        n = snprintf(c->path, sizeof(c->path), "%s/" CLEW_KEYS_FILE, c->store);
        return c->verb && n > 0 && (size_t)n < sizeof(c->path) ? 0
                                                               : wrong("add, list, revoke or "
                                                                       "link?");
}

/* ---- who did it ----------------------------------------------------------------------------- */

/* What was done to keys is told by the audit log, with the name of who did it on this machine. */
static void note(const struct command *c, const struct clew_access_key *key)
{
        char path[PATH_BYTES + sizeof(CLEW_AUDIT_FILE)];
        char what[CLEW_AUDIT_TEXT_MAX];
        char room[PASSWD_BYTES];
        struct passwd entry;
        struct passwd *found = NULL;
        struct clew_audit *audit;
        struct clew_error err = {0};

        (void)getpwuid_r(geteuid(), &entry, room, sizeof(room), &found);
        (void)snprintf(path, sizeof(path), "%s/" CLEW_AUDIT_FILE, c->store);
        (void)snprintf(what, sizeof(what), "key %s %s", c->verb, key->name);
        if (clew_audit_new(path, &audit) < 0)
                return;
        if (clew_audit_add(audit,
                           &(struct clew_audit_entry){
                                   .time_ns = clew_clock_unix_ns(clew_clock_system()),
                                   .who = clew_slice_of_cstr(found ? found->pw_name : "local"),
                                   .key = clew_slice_of_cstr(key->id),
                                   .from = CLEW_SLICE_LITERAL("local"),
                                   .what = clew_slice_of_cstr(what),
                           },
                           &err) < 0)
                fprintf(stderr, "clewd key: %s\n", err.message);
        clew_audit_free(audit);
}

/* ---- add ------------------------------------------------------------------------------------ */

static int read_expiry(const struct command *c, uint64_t *ret_s)
{
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        uint64_t ns = 0;

        *ret_s = 0;
        if (!c->expires || strcmp(c->expires, "never") == 0)
                return 0;
        if (clew_when_parse_length(c->expires, &ns) && ns < UINT64_MAX - now)
                ns += now;
        else if (!clew_when_parse(c->expires, now, false, &ns))
                return wrong("--expires takes 12h, 30d, a date such as 2027-01-31, or never");
        if (ns <= now)
                return wrong("--expires lies in the past");
        *ret_s = ns / CLEW_NS_PER_S;
        return 0;
}

/* A project's directory is made with its first key. */
static int make_project(const struct command *c)
{
        char path[PATH_BYTES];
        int n;

        if (strcmp(c->project, CLEW_KEY_PROJECT_DEFAULT) == 0)
                return 0;
        if (!c->projects)
                return wrong("--project needs --projects DIR, as clewd has it");
        n = snprintf(path, sizeof(path), "%s/%s", c->projects, c->project);
        if (n < 0 || (size_t)n >= sizeof(path))
                return wrong("--projects is too long");
        if ((mkdir(c->projects, 0700) < 0 && errno != EEXIST) ||
            (mkdir(path, 0700) < 0 && errno != EEXIST)) {
                fprintf(stderr, "clewd key: cannot make %s: %s\n", path, strerror(errno));
                return FAILED;
        }
        return 0;
}

/* A store that is not there yet is made: the directory must be its own before a key lies in it. */
static int make_store(const struct command *c)
{
        const struct clew_store_options options = {.mode = CLEW_STORE_WRITE,
                                                   .deriver = clew_model_deriver_plain()};
        struct clew_error err = {0};
        struct clew_store *store;
        int r = clew_store_open(c->store, &options, &store, &err);

        if (r < 0) {
                if (!err.message[0])
                        clew_error_set(&err, r, 0, "store %s: %s", c->store, strerror(-r));
                return fail(&err);
        }
        clew_store_close(store);
        return 0;
}

static int add(struct command *c)
{
        struct clew_access_key key = {.created_s = 0};
        struct clew_error err = {0};
        char secret[CLEW_KEY_SECRET_BYTES];
        int r;

        if (!c->name || !clew_name_is_good(clew_slice_of_cstr(c->name)))
                return wrong("--name is needed: who has the key; without blanks, '@', ',' and '='");
        if (!c->scope || !clew_access_parse(clew_slice_of_cstr(c->scope), &key.scopes))
                return wrong(
                        "--scope is needed: ingest, read, annotate, admin, metrics, with commas");
        if (!clew_project_name_is_good(clew_slice_of_cstr(c->project)))
                return wrong("--project takes letters, digits, '-', '_' and '.', at most 64");
        for (uint32_t i = 0; i < c->keys->n; i++) {
                if (strcmp(c->keys->keys[i].name, c->name) == 0 && !c->keys->keys[i].revoked_s)
                        return wrong(
                                "there is a key of that name; revoke it, or take another name");
        }
        if (c->keys->n == CLEW_KEYS_MAX)
                return wrong("there are 1024 keys already, those that were revoked among them");
        r = read_expiry(c, &key.expires_s);
        if (r == 0)
                r = make_project(c);
        if (r != 0)
                return r;
        r = make_store(c);
        if (r != 0)
                return r;
        (void)snprintf(key.name, sizeof(key.name), "%s", c->name);
        (void)snprintf(key.project, sizeof(key.project), "%s", c->project);
        if (clew_keys_add(c->path, &key, secret, &err) < 0)
                return fail(&err);
        note(c, &key);
        printf("public  %s\nsecret  %s\n", key.id, secret);
        fflush(stdout);
        explicit_bzero(secret, sizeof(secret));
        fprintf(stderr,
                "The secret is shown once: keep it. From now on every request needs a key.\n");
        return 0;
}

/* ---- list, revoke, link --------------------------------------------------------------------- */

static void print_time(const char *before, uint64_t s)
{
        char text[CLEW_WHEN_TEXT];

        clew_when_rfc3339(s * CLEW_NS_PER_S, text);
        printf("  %s %s", before, text);
}

static int list(struct command *c)
{
        uint64_t now = clew_clock_unix_ns(clew_clock_system()) / CLEW_NS_PER_S;

        for (uint32_t i = 0; i < c->keys->n; i++) {
                const struct clew_access_key *k = &c->keys->keys[i];

                printf("%s  %s  %s  ", k->id, k->name, k->project);
                for (uint32_t scope = 1; scope <= CLEW_SCOPES_ALL; scope <<= 1) {
                        if ((k->scopes & scope) != 0)
                                printf("%s%s", (k->scopes & (scope - 1)) != 0 ? "," : "",
                                       clew_access_word(scope));
                }
                print_time("made", k->created_s);
                if (k->expires_s)
                        print_time(k->expires_s <= now ? "EXPIRED" : "expires", k->expires_s);
                if (k->revoked_s)
                        print_time("REVOKED", k->revoked_s);
                putchar('\n');
        }
        return 0;
}

/* The key of that name or public half that still counts. */
static const struct clew_access_key *find(const struct command *c)
{
        for (uint32_t i = c->keys->n; c->name && i-- > 0;) {
                const struct clew_access_key *k = &c->keys->keys[i];

                if (!k->revoked_s && (strcmp(k->id, c->name) == 0 || strcmp(k->name, c->name) == 0))
                        return k;
        }
        return NULL;
}

static int end_key(struct command *c)
{
        const struct clew_access_key *key = find(c);
        struct clew_error err = {0};

        if (!key)
                return wrong("no key of that name counts; clewd key list shows them");
        if (clew_keys_revoke(c->path, key, &err) < 0)
                return fail(&err);
        note(c, key);
        printf("revoked %s %s; a clewd that runs knows within a second\n", key->id, key->name);
        return 0;
}

static int make_link(struct command *c)
{
        const struct clew_access_key *key = find(c);
        struct clew_error err = {0};
        char code[CLEW_KEY_SECRET_BYTES];

        if (!key)
                return wrong("no key of that name counts; clewd key list shows them");
        if (clew_keys_link(c->path, key, code, &err) < 0)
                return fail(&err);
        note(c, key);
        printf("%s/sign-in?code=%s\n", c->url ? c->url : "http://localhost:4318", code);
        fflush(stdout);
        explicit_bzero(code, sizeof(code));
        fprintf(stderr, "One browser is signed in by it as %s, within 10 minutes.\n", key->name);
        return 0;
}

int clew_key_command(int argc, char *const *argv)
{
        static const struct {
                const char *verb;
                int (*run)(struct command *c);
        } verbs[] = {{"add", add}, {"list", list}, {"revoke", end_key}, {"link", make_link}};
        struct clew_error err = {0};
        struct command c;
        int r;

        if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
                fputs(usage, stdout);
                return 0;
        }
        r = read_arguments(&c, argc, argv);

        if (r != 0)
                return r;
        if (clew_keys_load(c.path, &c.keys, &err) < 0)
                return fail(&err);
        r = -1;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(verbs); i++) {
                if (strcmp(c.verb, verbs[i].verb) == 0)
                        r = verbs[i].run(&c);
        }
        clew_keys_free(c.keys);
        return r < 0 ? wrong("add, list, revoke or link?") : r;
}
