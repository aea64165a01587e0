#include "query/rca/deeds.h"

#include "query/rca/flat.h"
#include "query/rca/text-int.h"
#include "query/rca/tool-names.h"

#define WORD_MAX 24u
#define NAME_WORDS_MAX 12u
#define LEAVES_MAX 24u     /* arguments that are looked at */
#define NUMBERS_MAX 64u    /* arguments of a sum that are looked at */
#define COMMAND_MAX 8192u  /* bytes of one argument that are read */
#define PROGRAM_MAX 16384u /* of a program in a text */
#define TOLD_MAX 160u      /* of a result that tells what was done */

/* ---- words of a name ------------------------------------------------------------------------- */

static const char *const reading[] = {
        "get",        "list",      "find",      "search",    "read",        "fetch",
        "look",       "lookup",    "view",      "query",     "show",        "describe",
        "visit",      "count",     "select",    "calculate", "calc",        "compute",
        "calculator", "retrieve",  "retriever", "inspect",   "check",       "think",
        "browse",     "scroll",    "wait",      "preview",   "peek",        "locate",
        "explore",    "compare",   "convert",   "validate",  "verify",      "estimate",
        "summarize",  "summarise", "classify",  "parse",     "detect",      "ls",
        "cat",        "grep",      "glob",      "diff",      "stat",        "ping",
        "poll",       "watch",     "monitor",   "trace",     "recall",      "analyze",
        "analyse",    "navigate",  "goto",      "hover",     "focus",       "screenshot",
        "crawl",      "scrape",    "rank",      "filter",    "suggest",     "recommend",
        "predict",    "forecast",  "whoami",    "tree",      "authenticate"};

static const char *const changing[] = {
        "create",    "add",      "insert",   "update",     "modify",      "edit",      "delete",
        "remove",    "cancel",   "book",     "reserve",    "send",        "publish",   "pay",
        "refund",    "exchange", "change",   "move",       "rename",      "write",     "save",
        "upload",    "apply",    "assign",   "reschedule", "unblock",     "enable",    "disable",
        "approve",   "deny",     "reject",   "replace",    "install",     "uninstall", "deploy",
        "restart",   "stop",     "start",    "kill",       "reset",       "revoke",    "register",
        "enroll",    "merge",    "push",     "commit",     "rollback",    "activate",  "deactivate",
        "lock",      "unlock",   "withdraw", "deposit",    "charge",      "purchase",  "buy",
        "sell",      "invite",   "drop",     "truncate",   "alter",       "append",    "overwrite",
        "put",       "mkdir",    "rm",       "mv",         "cp",          "terminate", "suspend",
        "resume",    "dispatch", "ship",     "redeem",     "erase",       "destroy",   "migrate",
        "provision", "attach",   "detach",   "subscribe",  "unsubscribe", "undo"};

/* Verbs and nouns alike: a change in front, unless a thing that is read stands behind. */
static const char *const either[] = {"order",   "post",  "store", "place", "schedule", "return",
                                     "set",     "mark",  "block", "issue", "close",    "grant",
                                     "archive", "patch", "clear", "copy",  "stage",    "cut"};

/* Things that are read: the last word of "price_list", "order_status", "travel_time". */
static const char *const things[] = {
        "status",   "details",      "detail",  "info",     "information", "list",      "search",
        "lookup",   "query",        "history", "time",     "times",       "price",     "prices",
        "slots",    "availability", "balance", "forecast", "weather",     "catalogue", "catalog",
        "schema",   "contents",     "content", "summary",  "overview",    "stats",     "statistics",
        "rates",    "quotes",       "results", "records",  "profile",     "logs",      "metrics",
        "distance", "retriever",    "exists",  "types",    "options",     "claims",    "reviews",
        "back",     "up",           "down"};

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (word[0] == list[i][0] && strcmp(word, list[i]) == 0)
                        return true;
        }
        return false;
}

#define IS_ONE_OF(word, list) is_one_of(word, list, CLEW_ARRAY_LEN(list))

struct words {
        char at[NAME_WORDS_MAX][WORD_MAX];
        uint32_t n;
};

/* "mcp__shop__getOrder": get, order. Marks and a capital behind a small letter end a word. */
static void words_of(struct clew_slice name, struct words *ret)
{
        size_t n = 0;
        uint8_t before = 0;

        ret->n = 0;
        for (size_t i = 0; i + 1 < name.len; i++) {
                if (name.data[i] == '_' && name.data[i + 1] == '_' && i + 2 < name.len)
                        name = clew_slice_from(name, i + 2), i = 0;
        }
        for (size_t i = 0; i <= name.len && ret->n < NAME_WORDS_MAX; i++) {
                uint8_t c = i < name.len ? name.data[i] : ' ';
                bool ends =
                        !is_alpha(c) || (c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z');

                if (ends && n) {
                        ret->at[ret->n++][n] = 0;
                        n = 0;
                }
                if (is_alpha(c) && n + 1 < WORD_MAX && ret->n < NAME_WORDS_MAX)
                        ret->at[ret->n][n++] = (char)lower(c);
                before = c;
        }
}

/* Verbs that another word turns round: "check_in", "open_ticket", "run_query". */
static enum clew_deed of_pair(const char *verb, const char *next)
{
        static const char *const opened[] = {"ticket",  "case",  "account",  "issue", "incident",
                                             "dispute", "claim", "position", "pr",    "request"};
        static const char *const shown[] = {"page", "browser", "dom", "accessibility"};

        /* Of a page as it stands; one of a disk is made ("snapshot_volume"). */
        if ((strcmp(verb, "snapshot") == 0 && !next[0]) ||
            (IS_ONE_OF(verb, shown) && strcmp(next, "snapshot") == 0))
                return CLEW_DEED_READS;
        if (strcmp(verb, "check") == 0 && (strcmp(next, "in") == 0 || strcmp(next, "out") == 0))
                return CLEW_DEED_CHANGES;
        if (strcmp(verb, "transfer") == 0 && next[0] && strcmp(next, "to") != 0)
                return CLEW_DEED_CHANGES;
        if (strcmp(verb, "open") == 0)
                return IS_ONE_OF(next, opened) ? CLEW_DEED_CHANGES : CLEW_DEED_READS;
        return CLEW_DEED_UNKNOWN;
}

enum clew_deed clew_deed_of_name(struct clew_slice name)
{
        struct words w;

        words_of(name, &w);
        for (uint32_t i = 0; i < w.n; i++) {
                enum clew_deed pair = of_pair(w.at[i], i + 1 < w.n ? w.at[i + 1] : "");

                if (pair != CLEW_DEED_UNKNOWN)
                        return pair;
                if (IS_ONE_OF(w.at[i], changing))
                        return CLEW_DEED_CHANGES;
                /* "free_slots": what is read stands last; "report_view" reads, too. */
                if (IS_ONE_OF(w.at[i], reading))
                        return CLEW_DEED_READS;
                if (i == 0 && IS_ONE_OF(w.at[0], either))
                        return w.n > 1 && IS_ONE_OF(w.at[w.n - 1], things) ? CLEW_DEED_READS
                                                                           : CLEW_DEED_CHANGES;
        }
        return w.n && IS_ONE_OF(w.at[w.n - 1], things) ? CLEW_DEED_READS : CLEW_DEED_UNKNOWN;
}

/* ---- what is asked for ------------------------------------------------------------------------
 */

/* The text of a JSON string, its escapes read as far as commands need it. */
static struct clew_slice unescaped(struct clew_slice raw, uint8_t room[COMMAND_MAX])
{
        size_t n = 0;

        raw = head(raw, COMMAND_MAX);
        for (size_t i = 0; i < raw.len; i++) {
                uint8_t c = raw.data[i];

                if (c == '\\' && i + 1 < raw.len) {
                        c = raw.data[++i];
                        c = c == 'n' || c == 'r' ? '\n' : c == 't' ? '\t' : c;
                }
                room[n++] = c;
        }
        return clew_slice_make(room, n);
}

static bool is_key(struct clew_slice key, const char *const *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (key.len == strlen(list[i]) && clew_text_begins(key, list[i]))
                        return true;
        }
        return false;
}

#define IS_KEY(key, list) is_key(key, list, CLEW_ARRAY_LEN(list))

static enum clew_deed of_method(struct clew_slice value)
{
        static const char *const looks[] = {"get", "head", "options"};
        static const char *const writes[] = {"put", "patch", "delete"};

        return IS_KEY(value, looks)    ? CLEW_DEED_READS
               : IS_KEY(value, writes) ? CLEW_DEED_CHANGES
                                       : CLEW_DEED_UNKNOWN;
}

/* A figure or a table that goes to a folder for what nobody keeps: "savefig('/tmp/look.png')". */
static bool is_for_the_moment(struct clew_slice behind)
{
        size_t i = 0;

        while (i < behind.len && i < 3 && memchr("\\'\"", behind.data[i], 3))
                i++;
        return i > 0 && clew_text_begins(head(clew_slice_from(behind, i), 5), "/tmp/");
}

static bool writes_with(struct clew_slice t, const char *word)
{
        ptrdiff_t at;

        while ((at = clew_text_find(t, word)) >= 0) {
                t = clew_slice_from(t, (size_t)at + strlen(word));
                if (word[strlen(word) - 1] != '(' || !is_for_the_moment(t))
                        return true;
        }
        return false;
}

/* A program in another language: only what surely writes. */
static enum clew_deed of_code(struct clew_slice t)
{
        static const char *const writes[] = {
                ".write(",      "os.remove(",       "os.rename(", "shutil.",      "requests.post(",
                ".to_csv(",     ".to_excel(",       ".commit()",  "os.makedirs(", "requests.put(",
                ".unlink()",    "requests.delete(", "writefile",  "fs.write",     "savefig(",
                ".write_text(", ".write_bytes("};

        t = head(t, PROGRAM_MAX);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(writes); i++) {
                if (writes_with(t, writes[i]))
                        return CLEW_DEED_CHANGES;
        }
        return CLEW_DEED_UNKNOWN;
}

/* The value of an argument called "command": a command line, or one verb ("view", "create"). */
static enum clew_deed of_command(struct clew_slice name, struct clew_slice value)
{
        enum clew_deed d;
        uint8_t line[COMMAND_MAX + 64];
        size_t n = name.len < 32 ? name.len : 0;

        if (memchr(value.data, ' ', value.len) == NULL && value.len < 40) {
                d = clew_deed_of_name(value);
                return d != CLEW_DEED_UNKNOWN ? d : clew_deed_of_shell(value);
        }
        d = clew_deed_of_shell(value);
        if (d == CLEW_DEED_UNKNOWN && clew_find(value, "<<", 2))
                d = of_code(value); /* a program in another language, handed in */
        if (d != CLEW_DEED_UNKNOWN || clew_rca_runs_programs(name))
                return d;
        /* A tool that is a program itself: kubectl, {"command": "get pods"}. */
        memcpy(line, name.data ? name.data : (const uint8_t *)"", n);
        line[n++] = ' ';
        value = head(value, COMMAND_MAX);
        memcpy(line + n, value.data, value.len);
        return clew_deed_of_shell(clew_slice_make(line, n + value.len));
}

static enum clew_deed of_leaf(struct clew_slice name, const struct clew_flat_leaf *leaf)
{
        static const char *const methods[] = {"method", "http_method", "verb"};
        static const char *const commands[] = {"command", "cmd",        "action", "operation",
                                               "op",      "subcommand", "shell",  "input"};
        static const char *const sqls[] = {"sql", "query", "statement", "statements", "code"};
        uint8_t room[COMMAND_MAX];
        struct clew_slice value = unescaped(leaf->value, room);

        if (!value.len)
                return CLEW_DEED_UNKNOWN;
        if (IS_KEY(leaf->key, methods))
                return of_method(value);
        if (clew_text_begins(leaf->key, "dry"))
                return value.data[0] == 't' || value.data[0] == '1' ? CLEW_DEED_READS
                                                                    : CLEW_DEED_UNKNOWN;
        if (IS_KEY(leaf->key, sqls)) {
                enum clew_deed d = clew_deed_of_sql(value);

                if (d != CLEW_DEED_UNKNOWN || clew_slice_eq_cstr(leaf->key, "query"))
                        return d;
                return clew_slice_eq_cstr(leaf->key, "code") ? of_code(value) : CLEW_DEED_UNKNOWN;
        }
        if (IS_KEY(leaf->key, commands) &&
            (!clew_slice_eq_cstr(leaf->key, "input") || clew_rca_runs_programs(name)))
                return of_command(name, value);
        return CLEW_DEED_UNKNOWN;
}

/* An action that stands in a text: a program in a fence, or "Action: search[blue shoes]". */
static enum clew_deed of_text(struct clew_slice t)
{
        const uint8_t *fence = clew_find(t, "```", 3);
        struct clew_slice rest;
        enum clew_deed d;
        size_t n = 0;

        if (fence) {
                const uint8_t *line;
                const uint8_t *end;

                rest = clew_slice_from(t, (size_t)(fence - t.data) + 3);
                line = memchr(rest.data, '\n', rest.len);
                if (!line)
                        return CLEW_DEED_UNKNOWN;
                t = clew_slice_from(rest, (size_t)(line - rest.data) + 1);
                rest.len = (size_t)(line - rest.data);
                end = clew_find(t, "```", 3);
                t.len = end ? (size_t)(end - t.data) : t.len;
                if (clew_text_find(rest, "sh") >= 0 || clew_text_begins(rest, "console"))
                        return clew_deed_of_shell(t);
                return clew_text_find(rest, "sql") >= 0 ? clew_deed_of_sql(t) : of_code(t);
        }
        if (clew_text_begins(t, "action:"))
                t = clew_text_trim(clew_slice_from(t, 7));
        d = clew_deed_of_sql(t);
        if (d != CLEW_DEED_UNKNOWN)
                return d;
        while (n < t.len && (is_alpha(t.data[n]) || t.data[n] == '_'))
                n++;
        return n < t.len ? clew_deed_of_name(head(t, n)) : CLEW_DEED_UNKNOWN;
}

static enum clew_deed of_args(struct clew_slice name, struct clew_slice args)
{
        enum clew_deed ret = CLEW_DEED_UNKNOWN;
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        clew_flat_init(&f, args);
        if (!f.is_json)
                return clew_rca_runs_programs(name) ? of_text(clew_text_trim(args))
                                                    : CLEW_DEED_UNKNOWN;
        for (uint32_t n = 0; n < LEAVES_MAX && clew_flat_next(&f, &leaf); n++) {
                enum clew_deed d = of_leaf(name, &leaf);

                if (d != CLEW_DEED_UNKNOWN && ret != CLEW_DEED_CHANGES)
                        ret = d;
        }
        return ret;
}

/* ---- what came back ---------------------------------------------------------------------------
 */

/* A list of things was read; "created", "sent" was done. */
static enum clew_deed of_result(struct clew_slice result)
{
        static const char *const done[] = {"created",   "updated", "deleted", "cancelled",
                                           "canceled",  "booked",  "saved",   "removed",
                                           "scheduled", "written", "\"sent",  "has been sent"};
        struct clew_slice t = clew_text_trim(result);
        struct clew_slice inner;

        if (t.len < 2)
                return CLEW_DEED_UNKNOWN;
        inner = clew_text_trim(clew_slice_from(t, 1));
        if (t.data[0] == '[' && inner.len > 2 && (inner.data[0] == '{' || inner.data[0] == '"'))
                return CLEW_DEED_READS;
        return t.len <= TOLD_MAX && HAS_ANY(t, done) ? CLEW_DEED_CHANGES : CLEW_DEED_UNKNOWN;
}

/* "Returns the ...", "Cancels an order": the verb that a description begins with. */
static enum clew_deed of_description(struct clew_slice t)
{
        char word[WORD_MAX];
        size_t n = 0;

        t = clew_text_trim(t);
        while (n + 1 < WORD_MAX && n < t.len && is_alpha(t.data[n])) {
                word[n] = (char)lower(t.data[n]);
                n++;
        }
        word[n] = 0;
        if (strcmp(word, "returns") == 0)
                return CLEW_DEED_READS;
        for (int cut = 0; cut < 3 && n > 2; cut++, word[--n] = 0) {
                if (IS_ONE_OF(word, reading))
                        return CLEW_DEED_READS;
                if (IS_ONE_OF(word, changing))
                        return CLEW_DEED_CHANGES;
        }
        return CLEW_DEED_UNKNOWN;
}

static bool is_number(struct clew_slice t)
{
        bool digit = false;

        for (size_t i = 0; i < t.len; i++) {
                digit |= is_digit(t.data[i]);
                if (!is_digit(t.data[i]) && !memchr("+-.,eE ", t.data[i], 7))
                        return false;
        }
        return digit;
}

/* Numbers in, at least two, and a number out: a sum is no change, whatever its tool is called. */
static bool is_reckoning(struct clew_slice args, struct clew_slice result)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf;
        uint32_t n = 0;

        clew_flat_init(&f, args);
        if (!f.is_json || !result.len)
                return false;
        for (; n < NUMBERS_MAX && clew_flat_next(&f, &leaf); n++) {
                if (!is_number(leaf.value))
                        return false;
        }
        if (n < 2)
                return false;
        if (is_number(clew_text_trim(result)))
                return true;
        clew_flat_init(&f, result);
        for (n = 0; f.is_json && n < 4 && clew_flat_next(&f, &leaf); n++) {
                if (!is_number(leaf.value))
                        return false;
        }
        return n == 1;
}

enum clew_deed clew_deed_of(struct clew_slice name, struct clew_slice args,
                            struct clew_slice description, struct clew_slice result)
{
        enum clew_deed d = of_args(name, args);

        if (d == CLEW_DEED_UNKNOWN && is_reckoning(args, result))
                return CLEW_DEED_READS;
        if (d == CLEW_DEED_UNKNOWN)
                d = clew_deed_of_name(name);
        if (d == CLEW_DEED_UNKNOWN && description.len)
                d = of_description(description);
        if (d == CLEW_DEED_UNKNOWN && !clew_rca_runs_programs(name))
                d = of_result(result);
        return d;
}

bool clew_deed_only_sets_up(struct clew_slice args)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf = {.value = args};

        clew_flat_init(&f, args);
        return (!f.is_json || clew_flat_next(&f, &leaf)) && clew_shell_only_sets_up(leaf.value);
}

bool clew_deed_only_removes(struct clew_slice args)
{
        struct clew_flat f;
        struct clew_flat_leaf leaf = {.value = args};

        clew_flat_init(&f, args);
        return (!f.is_json || clew_flat_next(&f, &leaf)) && clew_shell_only_removes(leaf.value);
}

bool clew_deed_hands_in(struct clew_slice args)
{
        struct clew_slice t = head(args, LOWER_MAX);
        ptrdiff_t echo = clew_text_find(t, "echo ");
        struct clew_slice mark;
        size_t n = 0;

        if (echo < 0 || clew_text_find(t, "git commit") >= 0 || clew_text_find(t, "git push") >= 0)
                return false;
        mark = clew_text_trim(clew_slice_from(t, (size_t)echo + 5));
        while (n < mark.len && !is_space(mark.data[n]) && mark.data[n] != '&')
                n++;
        return clew_find(head(mark, n), "SUBMIT", 6) != NULL;
}

enum clew_deed clew_deed_of_line(struct clew_slice name, struct clew_slice args)
{
        static const char *const keys[] = {"command", "cmd", "args", "argv"};
        uint8_t room[COMMAND_MAX];
        uint8_t line[COMMAND_MAX + 64];
        size_t n = name.len < 32 ? name.len : 0;
        struct clew_flat f;
        struct clew_flat_leaf leaf = {.value = args};

        clew_flat_init(&f, args);
        if (f.is_json && !(clew_flat_next(&f, &leaf) && IS_KEY(leaf.key, keys)))
                return CLEW_DEED_UNKNOWN;
        if (f.is_json)
                return of_command(name, unescaped(leaf.value, room));
        if (n == 0 || args.len > COMMAND_MAX)
                return CLEW_DEED_UNKNOWN;
        memcpy(line, name.data, n);
        line[n++] = ' ';
        if (args.len)
                memcpy(line + n, args.data, args.len);
        return clew_deed_of_shell(clew_slice_make(line, n + args.len));
}
