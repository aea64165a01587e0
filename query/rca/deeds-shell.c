/*
 * What a shell command line does: the program of each simple command in it, with the word behind it
 * where programs have commands of their own (git, kubectl), and redirections into files.
 *
 * Not a shell: quotes, heredocs and separators are seen, substitutions are commands too, variables
 * are not followed. A program that is in no list makes the line unknown, unless another one in it
 * changes something.
 */
#include "query/rca/deeds.h"
#include "query/rca/text-int.h"

#define WORD_MAX 32u
#define LINE_MAX 16384u /* bytes of a command line that are read */

enum doing { NOTHING_KNOWN, LOOKS, WRITES, BY_SECOND, IN_PLACE, WRAPS, OPENS_QUOTE };

static const struct {
        const char *name;
        enum doing doing;
} programs[] = {
        {"ls", LOOKS},          {"cat", LOOKS},         {"grep", LOOKS},
        {"rg", LOOKS},          {"egrep", LOOKS},       {"fgrep", LOOKS},
        {"ag", LOOKS},          {"find", IN_PLACE},     {"fd", LOOKS},
        {"head", LOOKS},        {"tail", LOOKS},        {"less", LOOKS},
        {"more", LOOKS},        {"wc", LOOKS},          {"sort", LOOKS},
        {"uniq", LOOKS},        {"cut", LOOKS},         {"awk", LOOKS},
        {"sed", IN_PLACE},      {"perl", IN_PLACE},     {"tr", LOOKS},
        {"diff", LOOKS},        {"cmp", LOOKS},         {"comm", LOOKS},
        {"stat", LOOKS},        {"file", LOOKS},        {"du", LOOKS},
        {"df", LOOKS},          {"ps", LOOKS},          {"top", LOOKS},
        {"which", LOOKS},       {"whereis", LOOKS},     {"type", LOOKS},
        {"pwd", LOOKS},         {"cd", LOOKS},          {"echo", LOOKS},
        {"printf", LOOKS},      {"env", WRAPS},         {"printenv", LOOKS},
        {"date", LOOKS},        {"whoami", LOOKS},      {"id", LOOKS},
        {"uname", LOOKS},       {"hostname", LOOKS},    {"tree", LOOKS},
        {"jq", LOOKS},          {"yq", LOOKS},          {"xxd", LOOKS},
        {"od", LOOKS},          {"strings", LOOKS},     {"nl", LOOKS},
        {"column", LOOKS},      {"basename", LOOKS},    {"dirname", LOOKS},
        {"realpath", LOOKS},    {"readlink", LOOKS},    {"md5sum", LOOKS},
        {"sha256sum", LOOKS},   {"zcat", LOOKS},        {"tac", LOOKS},
        {"test", LOOKS},        {"[", LOOKS},           {"true", LOOKS},
        {"false", LOOKS},       {"sleep", LOOKS},       {"export", LOOKS},
        {"man", LOOKS},         {"history", LOOKS},     {"free", LOOKS},
        {"uptime", LOOKS},      {"dig", LOOKS},         {"nslookup", LOOKS},
        {"host", LOOKS},        {"ping", LOOKS},        {"netstat", LOOKS},
        {"ss", LOOKS},          {"lsof", LOOKS},        {"journalctl", LOOKS},
        {"dmesg", LOOKS},       {"for", LOOKS},         {"do", WRAPS},
        {"done", LOOKS},        {"if", WRAPS},          {"then", WRAPS},
        {"else", WRAPS},        {"fi", LOOKS},          {"while", WRAPS},
        {"in", LOOKS},          {"xargs", WRAPS},       {"sudo", WRAPS},
        {"time", WRAPS},        {"timeout", WRAPS},     {"nohup", WRAPS},
        {"exec", WRAPS},        {"nice", WRAPS},        {"ssh", OPENS_QUOTE},
        {"bash", OPENS_QUOTE},  {"sh", OPENS_QUOTE},    {"rm", WRITES},
        {"mv", WRITES},         {"cp", WRITES},         {"mkdir", WRITES},
        {"rmdir", WRITES},      {"touch", WRITES},      {"chmod", WRITES},
        {"chown", WRITES},      {"ln", WRITES},         {"dd", WRITES},
        {"tee", WRITES},        {"truncate", WRITES},   {"patch", WRITES},
        {"kill", WRITES},       {"pkill", WRITES},      {"killall", WRITES},
        {"reboot", WRITES},     {"shutdown", WRITES},   {"mkfs", WRITES},
        {"mount", WRITES},      {"umount", WRITES},     {"crontab", WRITES},
        {"useradd", WRITES},    {"userdel", WRITES},    {"unzip", WRITES},
        {"rsync", WRITES},      {"scp", WRITES},        {"git", BY_SECOND},
        {"kubectl", BY_SECOND}, {"docker", BY_SECOND},  {"systemctl", BY_SECOND},
        {"service", BY_SECOND}, {"helm", BY_SECOND},    {"gh", BY_SECOND},
        {"apt", BY_SECOND},     {"apt-get", BY_SECOND}, {"yum", BY_SECOND},
        {"dnf", BY_SECOND},     {"pip", BY_SECOND},     {"pip3", BY_SECOND},
        {"npm", BY_SECOND},     {"yarn", BY_SECOND},    {"terraform", BY_SECOND},
};

/* Words behind programs that have commands of their own, whatever the program. */
static const char *const seconds_look[] = {
        "status", "log",  "diff",    "show",    "blame",    "grep",        "ls-files", "rev-parse",
        "branch", "get",  "explain", "version", "describe", "logs",        "inspect",  "images",
        "list",   "view", "freeze",  "ps",      "reflog",   "is-active",   "top",      "search",
        "plan",   "ls",   "info",    "config",  "shortlog", "list-units",  "remote",   "history",
        "stats",  "help", "check",   "policy",  "cat-file", "list-timers", "cat",      "ls-tree"};
static const char *const seconds_write[] = {
        "add",      "commit",  "push",     "pull",    "merge",    "rebase",    "reset",
        "checkout", "switch",  "restore",  "stash",   "clean",    "rm",        "mv",
        "apply",    "tag",     "revert",   "clone",   "init",     "delete",    "create",
        "scale",    "patch",   "edit",     "set",     "restart",  "reload",    "start",
        "stop",     "enable",  "disable",  "install", "remove",   "uninstall", "upgrade",
        "update",   "rollout", "rollback", "label",   "annotate", "cordon",    "drain",
        "destroy",  "kill",    "build",    "prune",   "rename",   "mask",      "cherry-pick"};

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (word[0] == list[i][0] && strcmp(word, list[i]) == 0)
                        return true;
        }
        return false;
}

/* A walk over one command line. */
struct line {
        struct clew_slice t;
        size_t at;
        bool quotes_open; /* what stands in quotes is commands: ssh host "..." */
        bool begins;      /* the next word is a program */
        bool wrote;
        bool looked;
        bool unknown;
        enum clew_no no;
        enum doing pending; /* what the word behind the program decides */
};

static bool ends_word(uint8_t c)
{
        return is_space(c) || memchr(";|&()<>`\"'", c, 10) != NULL;
}

/* The word at the walk's place, in small letters, without the path before it; "" for one that is
 * too long. */
static void take_word(struct line *l, char ret[WORD_MAX])
{
        size_t n = 0;
        bool fits = true;

        while (l->at < l->t.len && !ends_word(l->t.data[l->at])) {
                uint8_t c = l->t.data[l->at++];

                if (c == '/') {
                        n = 0;
                        fits = true;
                } else if (n + 1 < WORD_MAX) {
                        ret[n++] = (char)lower(c);
                } else {
                        fits = false;
                }
        }
        ret[fits ? n : 0] = 0;
}

static void meet_question(struct line *l, const char *word)
{
        static const char *const match[] = {"grep",  "egrep", "fgrep", "rg",    "ag",
                                            "zgrep", "test",  "[",     "pgrep", "which"};
        static const char *const compare[] = {"diff", "cmp", "colordiff"};

        if (is_one_of(word, match, CLEW_ARRAY_LEN(match)))
                l->no = CLEW_NO_MATCH;
        else if (is_one_of(word, compare, CLEW_ARRAY_LEN(compare)))
                l->no = CLEW_NO_DIFFERENCE;
}

static void meet_program(struct line *l, const char *word)
{
        l->begins = false;
        l->pending = NOTHING_KNOWN;
        if (strchr(word, '=')) { /* NAME=value before a program */
                l->begins = true;
                return;
        }
        meet_question(l, word);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(programs); i++) {
                if (word[0] != programs[i].name[0] || strcmp(word, programs[i].name) != 0)
                        continue;
                l->pending = programs[i].doing;
                l->wrote |= programs[i].doing == WRITES;
                l->looked |= programs[i].doing == LOOKS || programs[i].doing == IN_PLACE;
                l->begins = programs[i].doing == WRAPS;
                l->quotes_open |= programs[i].doing == OPENS_QUOTE;
                return;
        }
        l->unknown = true;
}

static void meet_argument(struct line *l, const char *word)
{
        if (l->pending == IN_PLACE)
                l->wrote |= strncmp(word, "-i", 2) == 0 || strcmp(word, "--in-place") == 0 ||
                            strcmp(word, "-delete") == 0 || strcmp(word, "-exec") == 0 ||
                            strcmp(word, "-pi") == 0;
        if (l->pending != BY_SECOND || word[0] == '-' || !word[0])
                return;
        l->pending = NOTHING_KNOWN;
        meet_question(l, word); /* git grep, git diff */
        if (is_one_of(word, seconds_write, CLEW_ARRAY_LEN(seconds_write)))
                l->wrote = true;
        else if (is_one_of(word, seconds_look, CLEW_ARRAY_LEN(seconds_look)))
                l->looked = true;
        else
                l->unknown = true;
}

/* "> file": a change, unless it goes nowhere or to another stream. Behind "<<" a heredoc's body is
 * passed over, up to the line that ends it. */
static void redirect(struct line *l)
{
        struct clew_slice rest;
        char word[WORD_MAX];
        bool out = l->t.data[l->at] == '>';

        l->at++;
        if (!out && l->at < l->t.len && l->t.data[l->at] == '<') {
                const uint8_t *end;

                while (l->at < l->t.len && memchr("<-'\" ", l->t.data[l->at], 5))
                        l->at++;
                take_word(l, word);
                rest = clew_slice_from(l->t, l->at);
                /* What stands behind the mark on its line is of the command still. */
                for (size_t i = 0; word[0] && i + strlen(word) < rest.len; i++) {
                        if (rest.data[i] == '\n' &&
                            clew_text_begins(clew_slice_make(rest.data + i + 1, strlen(word)),
                                             word)) {
                                end = memchr(rest.data, '\n', rest.len);
                                l->wrote |=
                                        memchr(rest.data, '>', (size_t)(end - rest.data)) != NULL;
                                l->at += i + 1 + strlen(word);
                                l->begins = true;
                                return;
                        }
                }
                return;
        }
        while (l->at < l->t.len && (l->t.data[l->at] == '>' || l->t.data[l->at] == ' '))
                l->at++;
        rest = clew_slice_from(l->t, l->at);
        if (out && rest.len && rest.data[0] != '&' && rest.data[0] != '(' &&
            !clew_text_begins(head(rest, 9), "/dev/null"))
                l->wrote = true;
        if (rest.len && rest.data[0] == '&')
                l->at++;
        take_word(l, word);
}

static void pass_quote(struct line *l)
{
        uint8_t q = l->t.data[l->at++];

        if (l->quotes_open) {
                l->begins = true;
                return;
        }
        while (l->at < l->t.len && l->t.data[l->at] != q)
                l->at += l->t.data[l->at] == '\\' && q == '"' ? 2 : 1;
        if (l->at < l->t.len)
                l->at++;
}

static struct line read_line(struct clew_slice text)
{
        struct line l = {.t = head(text, LINE_MAX), .begins = true};
        char word[WORD_MAX];

        while (l.at < l.t.len) {
                uint8_t c = l.t.data[l.at];

                if (c == '\\') {
                        l.at += 2;
                } else if (c == '\'' || c == '"') {
                        pass_quote(&l);
                } else if (c == '>' || c == '<') {
                        redirect(&l);
                } else if (c == '#' && l.begins) {
                        while (l.at < l.t.len && l.t.data[l.at] != '\n')
                                l.at++;
                } else if (c == '\n' || memchr(";|&()`", c, 6)) {
                        l.begins = true;
                        l.at++;
                } else if (is_space(c)) {
                        l.at++;
                } else {
                        take_word(&l, word);
                        if (l.begins && word[0] != '-' && !is_digit((uint8_t)word[0]))
                                meet_program(&l, word);
                        else
                                meet_argument(&l, word);
                }
        }
        return l;
}

enum clew_deed clew_deed_of_shell(struct clew_slice text)
{
        struct line l = read_line(text);

        if (l.wrote)
                return CLEW_DEED_CHANGES;
        return l.looked && !l.unknown ? CLEW_DEED_READS : CLEW_DEED_UNKNOWN;
}

/* One command that brings packages. */
static bool is_setup(struct clew_slice command)
{
        static const char *const begins[] = {"pip install", "pip3 install", "python -m pip install",
                                             "npm install", "npm ci",       "apt install",
                                             "apt-get ",    "conda ",       "uv pip install"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(begins); i++) {
                if (clew_text_begins(command, begins[i]))
                        return true;
        }
        return false;
}

/* The next one of a line, from @at on; false at its end. */
static bool next_command(struct clew_slice line, size_t *at, struct clew_slice *ret)
{
        size_t i = *at;

        if (i >= line.len)
                return false;
        while (i < line.len && line.data[i] != ';' && line.data[i] != '&' && line.data[i] != '\n' &&
               !(line.data[i] == '\\' && i + 1 < line.len && line.data[i + 1] == 'n'))
                i++;
        *ret = clew_text_trim(clew_slice_make(line.data + *at, i - *at));
        *at = i + (i < line.len && line.data[i] == '\\' ? 2 : 1);
        return true;
}

/* One of these is in each command that is_setup() knows: most lines need no closer look. */
static bool may_set_up(struct clew_slice line)
{
        static const char *const marks[] = {"install", "npm ci", "apt-get ", "conda "};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++) {
                if (clew_text_find(line, marks[i]) >= 0)
                        return true;
        }
        return false;
}

bool clew_shell_only_sets_up(struct clew_slice line)
{
        struct clew_slice command;
        bool any = false;

        line = head(line, LINE_MAX);
        if (!may_set_up(line))
                return false;
        for (size_t at = 0; !any && next_command(line, &at, &command);)
                any = is_setup(command);
        for (size_t at = 0; any && next_command(line, &at, &command);)
                any = is_setup(command) || clew_deed_of_shell(command) != CLEW_DEED_CHANGES;
        return any;
}

bool clew_shell_only_removes(struct clew_slice line)
{
        static const char *const begins[] = {"rm ", "rmdir ", "unlink ", "git rm ", "git clean "};
        struct clew_slice command;
        bool any = false;

        line = head(line, LINE_MAX);
        if (clew_text_find(line, "rm") < 0 && clew_text_find(line, "unlink") < 0 &&
            clew_text_find(line, "git clean") < 0)
                return false;
        for (size_t at = 0; next_command(line, &at, &command);) {
                bool one = false;

                for (size_t i = 0; i < CLEW_ARRAY_LEN(begins) && !one; i++)
                        one = clew_text_begins(command, begins[i]);
                if (!one && clew_deed_of_shell(command) != CLEW_DEED_READS && command.len)
                        return false;
                any |= one;
        }
        return any;
}

enum clew_no clew_shell_no(struct clew_slice text)
{
        struct line l = read_line(text);

        return l.wrote || l.unknown ? CLEW_NO_FAILURE : l.no;
}

enum clew_deed clew_deed_of_sql(struct clew_slice text)
{
        static const char *const writes[] = {
                "insert into ",  "delete from ",    "create table ",  "create index ",
                "create view ",  "create unique ",  "drop table ",    "drop index ",
                "drop view ",    "drop database ",  "drop schema ",   "alter table ",
                "truncate ",     "merge into ",     "replace into ",  "create schema ",
                "grant ",        "revoke ",         "create or repl", "vacuum",
                "refresh mater", "create temporary"};
        static const char *const looks[] = {"select ",   "select\n",   "show ", "describe ",
                                            "explain ",  "pragma ",    "with ", "values ",
                                            "select\\n", "information"};
        struct clew_slice t = clew_text_trim(head(text, LOWER_MAX));
        bool looked = false;

        /* Statement by statement; a semicolon in a string only adds a piece that says nothing. */
        while (t.len) {
                const uint8_t *end = memchr(t.data, ';', t.len);
                struct clew_slice one = head(t, end ? (size_t)(end - t.data) : t.len);

                for (size_t i = 0; i < CLEW_ARRAY_LEN(writes); i++) {
                        /* WITH x AS (...) DELETE FROM y */
                        if (clew_text_begins(one, writes[i]) ||
                            (i < 2 && clew_text_begins(one, "with ") &&
                             clew_text_find(one, writes[i]) >= 0))
                                return CLEW_DEED_CHANGES;
                }
                if (clew_text_begins(one, "update ") && clew_text_find(one, " set ") > 0)
                        return CLEW_DEED_CHANGES;
                for (size_t i = 0; i < CLEW_ARRAY_LEN(looks) && !looked; i++)
                        looked = clew_text_begins(one, looks[i]);
                t = end ? clew_text_trim(clew_slice_from(t, one.len + 1)) : CLEW_SLICE_NULL;
        }
        return looked ? CLEW_DEED_READS : CLEW_DEED_UNKNOWN;
}
