/*
 * See complete.h.
 */
#include "query/cli/complete.h"

#include "proto/base/mem.h"
#include "query/answer/safe.h"
#include "query/cli/commands.h"
#include "query/cli/help.h"
#include "query/cli/names.h"
#include "query/cli/open.h"
#include "query/cli/remote.h"
#include "query/review/export/export.h"

#include <string.h>
#include <time.h>

/* How long traces are looked at; all together takes less than a person notices. It is time of the
 * processor: on a machine that is busy a look by the wall clock would end before it began. Of that
 * one it may be WALL_FACTOR times as much. */
#define LOOK_NS (25 * UINT64_C(1000000))
#define WALL_FACTOR 4u
/* How long a server may take, which is looked at about once a second. */
#define SERVER_NS (1000 * UINT64_C(1000000))
#define TRACES_MAX 2000u
/* Ids of the newest runs. */
#define IDS_MAX 50u
#define ARENA_MAX ((size_t)64 << 20)
/* The help text of the longest command is a tenth of it. */
#define HELP_BYTES_MAX 65536u
/* Of one name, and of what it is; longer names are left out. */
#define NAME_BYTES_MAX 512u

struct complete {
        struct clew_cli *cli;
        const struct clew_command *command;
        const char *before; /* the word before the last one, or "" */
        const char *word;   /* the last one */
        unsigned place;     /* words behind the command that are neither flags nor their values */
        const char *first;  /* the first of those, or "" */
        char *help;         /* of the command */
};

static void put(struct complete *c, struct clew_slice name, struct clew_slice text)
{
        char safe[NAME_BYTES_MAX];

        /* What would not be typed as it is shown is left out: a line and a tab are the form, and a
         * terminal obeys some bytes. */
        if (name.len >= sizeof(safe) ||
            !clew_slice_eq_cstr(name, clew_safe_cstr(name, safe, sizeof(safe))))
                return;
        fwrite(name.data, 1, name.len, c->cli->out);
        if (text.len > 0)
                fprintf(c->cli->out, "\t%s", clew_safe_cstr(text, safe, sizeof(safe)));
        fputc('\n', c->cli->out);
}

static void put_word(struct complete *c, const char *name, const char *text)
{
        put(c, clew_slice_of_cstr(name), clew_slice_of_cstr(text));
}

/* Words with blanks between. */
static void put_words(struct complete *c, const char *words)
{
        struct clew_slice rest = clew_slice_of_cstr(words);

        while (rest.len > 0) {
                const uint8_t *blank = memchr(rest.data, ' ', rest.len);
                size_t n = blank ? (size_t)(blank - rest.data) : rest.len;

                put(c, clew_slice_make(rest.data, n), CLEW_SLICE_NULL);
                rest = clew_slice_from(rest, n < rest.len ? n + 1 : n);
        }
}

/* ---- names of the store ------------------------------------------------------------------------
 */

/* When a look began. */
struct look {
        const struct clew_clock *clock;
        uint64_t wall_ns;
        uint64_t cpu_ns;
};

static uint64_t cpu_ns(void)
{
        struct timespec now = {0};

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * CLEW_NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t unix_of(void *context)
{
        return clew_clock_unix_ns(((const struct look *)context)->clock);
}

/* What the look has taken. */
static uint64_t taken(void *context)
{
        const struct look *look = context;
        uint64_t wall = clew_clock_monotonic_ns(look->clock) - look->wall_ns;
        uint64_t cpu = cpu_ns() - look->cpu_ns;

        return cpu > wall / WALL_FACTOR ? cpu : wall / WALL_FACTOR;
}

static const char *const kinds[] = {
        [CLEW_NAMES_AGENTS] = "agents",           [CLEW_NAMES_TOOLS] = "tools",
        [CLEW_NAMES_MODELS] = "models",           [CLEW_NAMES_SERVICES] = "services",
        [CLEW_NAMES_SESSIONS] = "sessions",       [CLEW_NAMES_USERS] = "users",
        [CLEW_NAMES_SIGNATURES] = "signatures",   [CLEW_NAMES_TRACES] = "traces",
        [CLEW_NAMES_LABELS] = "labels",           [CLEW_NAMES_SCORES] = "scores",
        [CLEW_NAMES_RUBRICS] = "rubrics",         [CLEW_NAMES_DATASETS] = "datasets",
        [CLEW_NAMES_EXPERIMENTS] = "experiments", [CLEW_NAMES_RULES] = "rules",
        [CLEW_NAMES_ATTRIBUTES] = "attributes",   [CLEW_NAMES_VALUES] = "values",
};

/* Who waits for a word does not wait for a server that is slow. */
static uint64_t asked_until_ns;

static bool took_too_long(void)
{
        return clew_clock_monotonic_ns(clew_clock_system()) > asked_until_ns;
}

/* Those of a server's store: the program there says them. @key: of values alone. */
static void ask_names(struct complete *c, enum clew_names_of of, struct clew_slice key)
{
        char completion[] = "completion";
        char names[] = "names";
        char kind[16];
        char whose[NAME_BYTES_MAX];
        char *words[] = {completion, names, kind, key.len ? whose : NULL, NULL};
        struct clew_remote_call call = {
                .words = words, .n_words = key.len ? 4 : 3, .stop = took_too_long};

        snprintf(kind, sizeof(kind), "%s", kinds[of]);
        snprintf(whose, sizeof(whose), "%.*s", (int)key.len, (const char *)key.data);
        asked_until_ns = clew_clock_monotonic_ns(clew_clock_system()) + SERVER_NS;
        (void)!clew_remote_call(c->cli, &call);
}

static int gather(struct clew_view *view, enum clew_names_of of, struct clew_slice key,
                  const struct clew_clock *clock, struct clew_arena *arena, struct clew_names *ret)
{
        return of == CLEW_NAMES_VALUES
                       ? clew_names_values(view, key, TRACES_MAX, LOOK_NS, clock, arena, ret)
                       : clew_names_gather(view, of, of == CLEW_NAMES_TRACES ? IDS_MAX : TRACES_MAX,
                                           LOOK_NS, clock, arena, ret);
}

/* @key: whose values, when it is asked for those. */
static void put_names_of(struct complete *c, enum clew_names_of of, struct clew_slice key)
{
        CLEW_ARENA arena = {0};
        struct clew_view *view = NULL;
        struct clew_names names;
        FILE *err = c->cli->err;
        struct look look = {.clock = c->cli->clock};
        const struct clew_clock clock = {
                .unix_ns = unix_of, .monotonic_ns = taken, .context = &look};
        char unheard[256];
        int r = 0;

        if (of != CLEW_NAMES_RULES) {
                /* A store that is not there is no news; beside a server there is no /dev/null. */
                c->cli->err = fmemopen(unheard, sizeof(unheard), "w");
                if (c->cli->err && c->cli->url)
                        ask_names(c, of, key);
                r = c->cli->err && !c->cli->url ? clew_cli_view(c->cli, &view) : -1;
                if (c->cli->err)
                        fclose(c->cli->err);
                c->cli->err = err;
        }
        look.wall_ns = clew_clock_monotonic_ns(look.clock);
        look.cpu_ns = cpu_ns();
        clew_arena_init(&arena, ARENA_MAX);
        if (r != 0 || gather(view, of, key, &clock, &arena, &names) < 0)
                return;
        for (uint32_t i = 0; i < names.n; i++)
                put(c, names.items[i].name, names.items[i].text);
}

static void put_names(struct complete *c, enum clew_names_of of)
{
        put_names_of(c, of, CLEW_SLICE_NULL);
}

/* ---- flags -------------------------------------------------------------------------------------
 */

/* The command's own help, as --help prints it: flags are declared in the command. */
static void read_help(struct complete *c)
{
        char name[32];
        char flag[] = "--help";
        char *argv[] = {name, flag, NULL};
        FILE *out = c->cli->out;

        c->help = clew_calloc(HELP_BYTES_MAX, 1);
        if (!c->help)
                return;
        c->cli->out = fmemopen(c->help, HELP_BYTES_MAX - 1, "w");
        snprintf(name, sizeof(name), "%s", c->command->name);
        if (c->cli->out) {
                (void)!c->command->run(c->cli, 2, argv);
                fclose(c->cli->out);
        }
        c->cli->out = out;
}

struct flag {
        char letter;
        struct clew_slice name; /* without "--" */
        bool takes_value;
        bool takes_file;
        struct clew_slice text;
};

/* "FILE", "F", "FILE|DIR": what stands for a path of this machine, alone or before others. */
static bool is_file(const char *text, const char *end)
{
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

        return text + n <= end &&
               ((n == 4 && strncmp(text, "FILE", 4) == 0) || (n == 1 && *text == 'F'));
}

/* "  -s, --since TIME           started at or after ..." */
static bool read_flag(const char *line, size_t n, struct flag *ret)
{
        const char *end = line + n;
        const char *at = n > 8 && line[0] == ' ' && line[1] == ' ' ? strstr(line, "--") : NULL;
        const char *stop;

        if (!at || at - line > 6 || at >= end)
                return false;
        *ret = (struct flag){.letter = line[2] == '-' && line[3] != '-' ? line[3] : '\0'};
        at += 2;
        for (stop = at; stop < end && *stop != ' '; stop++)
                ;
        ret->name = clew_slice_make(at, (size_t)(stop - at));
        ret->takes_value = stop + 1 < end && stop[1] != ' ';
        ret->takes_file = ret->takes_value && is_file(stop + 1, end);
        while (stop + 1 < end && !(stop[0] == ' ' && stop[1] == ' '))
                stop++;
        while (stop < end && *stop == ' ')
                stop++;
        ret->text = clew_slice_make(stop, (size_t)(end - stop));
        return true;
}

/* Calls @fn for each flag until it says true. */
static bool each_flag(const struct complete *c, bool (*fn)(const struct flag *f, void *context),
                      void *context)
{
        const char *line = c->help ? c->help : "";

        while (*line) {
                const char *end = strchr(line, '\n');
                size_t n = end ? (size_t)(end - line) : strlen(line);
                struct flag f;

                if (read_flag(line, n, &f) && fn(&f, context))
                        return true;
                line += n + (end != NULL);
        }
        return false;
}

static bool put_flag(const struct flag *f, void *context)
{
        struct complete *c = context;

        fputs("--", c->cli->out);
        put(c, f->name, f->text);
        return false;
}

struct wanted {
        const char *word; /* "--since" or "-s" */
        struct flag found;
};

static bool is_wanted(const struct flag *f, void *context)
{
        struct wanted *w = context;
        bool is_long = strncmp(w->word, "--", 2) == 0;

        if (is_long ? !clew_slice_eq_cstr(f->name, w->word + 2)
                    : !f->letter || w->word[1] != f->letter || w->word[2])
                return false;
        w->found = *f;
        return true;
}

static bool find_flag(const struct complete *c, const char *word, struct flag *ret)
{
        struct wanted w = {.word = word};

        if (word[0] != '-' || !word[1] || !each_flag(c, is_wanted, &w))
                return false;
        *ret = w.found;
        return true;
}

static const struct {
        const char *flag;
        enum clew_names_of of;
} names_of_flags[] = {
        {"agent", CLEW_NAMES_AGENTS},     {"tool", CLEW_NAMES_TOOLS},
        {"model", CLEW_NAMES_MODELS},     {"service", CLEW_NAMES_SERVICES},
        {"session", CLEW_NAMES_SESSIONS}, {"user", CLEW_NAMES_USERS},
        {"label", CLEW_NAMES_LABELS},     {"labels", CLEW_NAMES_LABELS},
        {"score", CLEW_NAMES_SCORES},     {"rubric", CLEW_NAMES_RUBRICS},
        {"dataset", CLEW_NAMES_DATASETS}, {"cause", CLEW_NAMES_RULES},
        {"confirm", CLEW_NAMES_RULES},    {"reject", CLEW_NAMES_RULES},
        {"attr", CLEW_NAMES_ATTRIBUTES},  {"signature", CLEW_NAMES_SIGNATURES},
};

/* Sets that are known without a store. */
static const struct {
        const char *flag;
        const char *words;
} words_of_flags[] = {
        {"color", "auto always never"},
        {"since", "1h 24h 7d 30d today yesterday all"},
        {"until", "1h 24h 7d 30d today yesterday"},
        {"sort", "n failed rate p50 p95 p99 tokens cost"},
        {"by",
         "agent service outcome cause signature user session name tool model kind step error"},
        {"only", "llm tool agent input output calls arguments result error"},
        {"over", "10m 1h 1d"},
        {"as", "run turn step"},
        {"lost-after", "5m 10m 1h"},
        {"check", "exit equals contains json calls number regex:"},
};

static void put_formats(struct complete *c)
{
        put_words(c, "otlp perfetto speedscope");
        for (const struct clew_export_format *f = clew_export_formats(); f->name; f++)
                put_word(c, f->name, f->help);
}

/* The fields are what the command names when it is asked for one that is none. */
static void put_fields(struct complete *c)
{
        char name[32];
        char json[] = "--json";
        char fields[] = "--fields";
        char none[] = "?";
        char *argv[] = {name, json, fields, none, NULL};
        FILE *err = c->cli->err;
        char *text = clew_calloc(HELP_BYTES_MAX, 1);

        if (!text)
                return;
        snprintf(name, sizeof(name), "%s", c->command->name);
        c->cli->err = fmemopen(text, HELP_BYTES_MAX - 1, "w");
        if (c->cli->err) {
                (void)!c->command->run(c->cli, 4, argv);
                fclose(c->cli->err);
        }
        c->cli->err = err;
        for (const char *line = text; *line;) {
                const char *end = strchr(line, '\n');
                size_t n = end ? (size_t)(end - line) : strlen(line);

                if (n > 2 && line[0] == ' ' && line[1] == ' ')
                        put(c, clew_slice_make(line + 2, n - 2), CLEW_SLICE_NULL);
                line += n + (end != NULL);
        }
        clew_free(text);
}

/* Commands that can be asked for their fields without an id. */
static bool names_fields(const struct clew_command *command)
{
        static const char *const names[] = {"list", "sessions", "stats", "clusters", "attrs"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (strcmp(command->name, names[i]) == 0)
                        return true;
        }
        return false;
}

static void put_value(struct complete *c, const struct flag *f)
{
        const char *end = strchr(c->word, '=');

        if (clew_slice_eq_cstr(f->name, "attr") && end && end > c->word &&
            (size_t)(end - c->word) < NAME_BYTES_MAX) {
                put_names_of(c, CLEW_NAMES_VALUES,
                             clew_slice_make(c->word, (size_t)(end - c->word)));
                return;
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names_of_flags); i++) {
                if (clew_slice_eq_cstr(f->name, names_of_flags[i].flag))
                        put_names(c, names_of_flags[i].of);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words_of_flags); i++) {
                if (clew_slice_eq_cstr(f->name, words_of_flags[i].flag))
                        put_words(c, words_of_flags[i].words);
        }
        if (clew_slice_eq_cstr(f->name, "by"))
                put_names(c, CLEW_NAMES_ATTRIBUTES);
        if (clew_slice_eq_cstr(f->name, "format"))
                put_formats(c);
        if (clew_slice_eq_cstr(f->name, "fields") && names_fields(c->command))
                put_fields(c);
        if (f->takes_file && !clew_slice_eq_cstr(f->name, "rubric"))
                put_words(c, ":files");
}

/* ---- arguments ---------------------------------------------------------------------------------
 */

static void put_commands(struct complete *c)
{
        for (const struct clew_command *k = clew_commands(); k->name; k++)
                put_word(c, k->name, k->help);
}

/* What stands behind a verb. */
static const struct {
        const char *command;
        const char *verbs;
        enum clew_names_of of;
} verbs[] = {
        {"dataset", "create add import list show diff schema freeze remove", CLEW_NAMES_DATASETS},
        {"experiment", "run compare list show", CLEW_NAMES_EXPERIMENTS},
        {"rubric", "add show list history diff", CLEW_NAMES_RUBRICS},
};

static void put_argument(struct complete *c)
{
        const char *name = c->command->name;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(verbs); i++) {
                if (strcmp(name, verbs[i].command) != 0)
                        continue;
                if (c->place == 0)
                        put_words(c, verbs[i].verbs);
                else if (c->place == 1 || strcmp(c->first, "compare") == 0 ||
                         strcmp(c->first, "diff") == 0)
                        put_names(c, verbs[i].of);
                else if (strcmp(c->first, "import") == 0 || strcmp(name, "rubric") == 0)
                        put_words(c, ":files");
                else
                        put_names(c, CLEW_NAMES_TRACES);
                return;
        }
        if (strcmp(name, "eval") == 0 && c->place == 0)
                put_words(c, "import");
        else if (strcmp(name, "completion") == 0)
                put_words(c, "bash zsh fish");
        else if (strcmp(name, "attrs") == 0)
                put_names(c, CLEW_NAMES_ATTRIBUTES);
        else if (strcmp(name, "help") == 0) {
                put_commands(c);
                for (size_t i = 0; clew_help_topic(i); i++)
                        put_word(c, clew_help_topic(i), "a topic");
        } else if (strstr(c->command->usage, "ID") || strcmp(name, "diff") == 0)
                put_names(c, CLEW_NAMES_TRACES);
        else if (strstr(c->command->usage, "FILE") || strstr(c->command->usage, "DEST") ||
                 strstr(c->command->usage, "SRC"))
                put_words(c, ":files");
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* The command among @words, and what of them is behind it; the store or the server that they name
 * is taken. Returns the place behind the command, or 0 without one. */
static int find_command(struct complete *c, int n, char **words)
{
        bool wrong = false;

        for (int i = 0; i + 1 < n; i++) {
                const char *dir = NULL;

                if (strcmp(words[i], "--store") == 0 && i + 2 < n)
                        dir = words[++i];
                else if (strncmp(words[i], "--store=", 8) == 0)
                        dir = words[i] + 8;
                else if ((i + 2 < n || strchr(words[i], '=')) &&
                         clew_remote_option(c->cli, n - 1, words, &i, &wrong))
                        continue;
                else if (words[i][0] != '-') {
                        c->command = clew_command_find(words[i]);
                        return i + 1;
                }
                if (dir) {
                        c->cli->store_dir = dir;
                        c->cli->url = NULL;
                }
        }
        return 0;
}

static void count_arguments(struct complete *c, int from, int n, char **words)
{
        for (int i = from; i + 1 < n; i++) {
                struct flag f;

                if (words[i][0] == '-') {
                        i += find_flag(c, words[i], &f) && f.takes_value;
                        continue;
                }
                if (c->place++ == 0)
                        c->first = words[i];
        }
}

int clew_complete_names(struct clew_cli *cli, const char *kind, const char *key)
{
        struct complete c = {.cli = cli};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(kinds); i++) {
                if (strcmp(kind, kinds[i]) == 0)
                        put_names_of(&c, (enum clew_names_of)i, clew_slice_of_cstr(key));
        }
        return CLEW_EXIT_OK;
}

int clew_complete(struct clew_cli *cli, int n, char **words)
{
        struct complete c = {.cli = cli, .before = "", .word = "", .first = ""};
        struct flag f;
        int from;

        if (n == 0)
                return CLEW_EXIT_OK;
        c.word = words[n - 1];
        c.before = n > 1 ? words[n - 2] : "";
        from = find_command(&c, n, words);
        if (from == 0 &&
            (strcmp(c.before, "--store") == 0 || strcmp(c.before, "--token-file") == 0 ||
             strcmp(c.before, "--ca-file") == 0))
                put_words(&c, ":files");
        else if (from == 0) {
                put_commands(&c);
                put_words(&c,
                          "--store --url --token-file --ca-file --sealed-only --help --version");
        }
        if (!c.command)
                return CLEW_EXIT_OK;
        cli->command = c.command->name;
        read_help(&c);
        count_arguments(&c, from, n, words);
        if (find_flag(&c, c.before, &f) && f.takes_value)
                put_value(&c, &f);
        else if (c.word[0] == '-')
                (void)each_flag(&c, put_flag, &c);
        else
                put_argument(&c);
        clew_free(c.help);
        return CLEW_EXIT_OK;
}
