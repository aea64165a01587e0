/*
 * Flag parsing. getopt_long() is not used because it accepts abbreviated names.
 */
#include "query/cli/options.h"

#include "proto/base/number.h"
#include "query/answer/nearest.h"
#include "query/answer/safe.h"
#include "query/cli/commands.h"

#include <string.h>

static const struct clew_flag *find_letter(const struct clew_flag *flags, char letter)
{
        for (const struct clew_flag *f = flags; f && f->name; f++) {
                if (f->letter == letter)
                        return f;
        }
        return NULL;
}

/* What a parse carries along. */
struct parse {
        struct clew_cli *cli;
        const struct clew_flag *own;
        const struct clew_flag *shared;
        int argc;
        char **argv;
        int at; /* the argument being read */
};

static int usage_error(struct parse *p, const char *what, const char *name, size_t len)
{
        char shown[64];
        size_t n = 0;

        for (size_t i = 0; i < len && n + 1 < sizeof(shown); i++)
                shown[n++] = name[i] >= 0x20 && name[i] < 0x7f ? name[i] : '?';
        shown[n] = '\0';
        clew_cli_error(p->cli, "%s: %s %s (see clew %s --help)", p->cli->command, what, shown,
                       p->cli->command);
        return CLEW_EXIT_USAGE;
}

/* A flag as other tools call it, where this command has ours; an empty slice otherwise. */
static struct clew_slice other_flag(const struct parse *p, struct clew_slice name)
{
        static const char *const others[][2] = {
                {"status", "failed"}, {"errors", "failed"}, {"from", "since"},
                {"start", "since"},   {"to", "until"},      {"end", "until"},
                {"search", "grep"},   {"text", "grep"},     {"format", "json"},
                {"output", "json"},   {"tag", "attr"},      {"attribute", "attr"},
                {"filter", "query"},  {"where", "query"},
        };
        const struct clew_flag *const tables[] = {p->own, p->shared};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(others); i++) {
                if (!clew_slice_eq_cstr(name, others[i][0]))
                        continue;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(tables); k++) {
                        for (const struct clew_flag *f = tables[k]; f && f->name; f++) {
                                if (strcmp(f->name, others[i][1]) == 0)
                                        return clew_slice_of_cstr(f->name);
                        }
                }
        }
        return CLEW_SLICE_NULL;
}

/* Names the flag that was meant, when there is one like it. */
static int unknown_flag(struct parse *p, struct clew_slice name)
{
        struct clew_nearest near = clew_nearest_begin(name);
        struct clew_slice meant = other_flag(p, name);
        char shown[64];

        for (const struct clew_flag *f = p->own; f && f->name; f++)
                clew_nearest_offer(&near, clew_slice_of_cstr(f->name));
        for (const struct clew_flag *f = p->shared; f && f->name; f++)
                clew_nearest_offer(&near, clew_slice_of_cstr(f->name));
        if (clew_slice_eq_cstr(name, "url") || clew_slice_eq_cstr(name, "store") ||
            clew_slice_eq_cstr(name, "token-file") || clew_slice_eq_cstr(name, "ca-file"))
                return usage_error(p, "stands before the command:", p->argv[p->at], name.len + 2);
        if (!meant.len && clew_nearest_found(&near))
                meant = near.best;
        if (!meant.len)
                return usage_error(p, "unknown flag", p->argv[p->at], name.len + 2);
        clew_cli_error(p->cli, "%s: unknown flag --%s; did you mean --%.*s?", p->cli->command,
                       clew_safe_cstr(name, shown, sizeof(shown)), (int)meant.len,
                       (const char *)meant.data);
        return CLEW_EXIT_USAGE;
}

/* As tables print them, too: 50k, 2M. */
static bool parse_number(const char *text, uint64_t *ret)
{
        struct clew_slice digits = clew_slice_of_cstr(text);
        uint8_t last = digits.len > 1 ? digits.data[digits.len - 1] | 0x20 : 0;
        uint64_t unit = last == 'k' ? 1000 : last == 'm' ? 1000000 : 1;
        uint64_t v;

        digits.len -= unit > 1;
        if (!clew_parse_uint64(digits, &v) || v > UINT64_MAX / unit)
                return false;
        *ret = v * unit;
        return true;
}

static int store_value(struct parse *p, const struct clew_flag *f, const char *value)
{
        if (f->ret_text) {
                *f->ret_text = value;
                return 0;
        }
        if (f->ret_values) {
                if (f->ret_values->n == CLEW_FLAG_VALUES_MAX)
                        return usage_error(p, "too many of --", f->name, strlen(f->name));
                f->ret_values->values[f->ret_values->n++] = value;
                return 0;
        }
        if (!parse_number(value, f->ret_number))
                return usage_error(p, "not a number:", value, strlen(value));
        if (f->from_one && *f->ret_number == 0) {
                clew_cli_error(p->cli, "%s: --%s takes a number from 1 on", p->cli->command,
                               f->name);
                return CLEW_EXIT_USAGE;
        }
        return 0;
}

static int parse_long(struct parse *p)
{
        const char *name = p->argv[p->at] + 2;
        const char *equals = strchr(name, '=');
        size_t len = equals ? (size_t)(equals - name) : strlen(name);
        const struct clew_flag *f = clew_flag_find(p->own, name, len);

        if (!f)
                f = clew_flag_find(p->shared, name, len);
        if (!f)
                return unknown_flag(p, clew_slice_make(name, len));
        if (f->ret_flag) {
                if (equals)
                        return usage_error(p, "takes no value:", p->argv[p->at], len + 2);
                *f->ret_flag = true;
                return 0;
        }
        if (equals)
                return store_value(p, f, equals + 1);
        if (p->at + 1 >= p->argc)
                return usage_error(p, "needs a value:", p->argv[p->at], len + 2);
        return store_value(p, f, p->argv[++p->at]);
}

static int parse_letters(struct parse *p)
{
        for (const char *s = p->argv[p->at] + 1; *s; s++) {
                const struct clew_flag *f = find_letter(p->own, *s);

                if (!f)
                        f = find_letter(p->shared, *s);
                if (!f)
                        return usage_error(p, "unknown flag", (char[]){'-', *s, '\0'}, 2);
                if (f->ret_flag) {
                        *f->ret_flag = true;
                        continue;
                }
                if (s[1])
                        return store_value(p, f, s + 1);
                if (p->at + 1 >= p->argc)
                        return usage_error(p, "needs a value:", (char[]){'-', *s, '\0'}, 2);
                return store_value(p, f, p->argv[++p->at]);
        }
        return 0;
}

/* Help is laid out for this width, whatever the terminal: it is read beside a line being typed. */
#define HELP_COLUMNS 80u
#define HELP_INDENT 28u

/* The words of @text from column @at on, in lines of HELP_COLUMNS, the further ones indented. */
static void print_words(FILE *out, const char *text, size_t at, size_t indent)
{
        while (*text) {
                size_t n = strcspn(text, " ");

                if (at > indent && at + 1 + n > HELP_COLUMNS) {
                        fprintf(out, "\n%*s", (int)indent, "");
                        at = indent;
                } else if (at > indent) {
                        fputc(' ', out);
                        at++;
                }
                fwrite(text, 1, n, out);
                at += n;
                text += n + (text[n] == ' ');
        }
        fputc('\n', out);
}

void clew_options_print(FILE *out, const struct clew_flag *flags)
{
        for (const struct clew_flag *f = flags; f && f->name; f++) {
                char text[64];

                snprintf(text, sizeof(text), "%s%c%s--%s%s%s", f->letter ? "-" : " ",
                         f->letter ? f->letter : ' ', f->letter ? ", " : "  ", f->name,
                         f->value ? " " : "", f->value ? f->value : "");
                if (strlen(text) > 24)
                        fprintf(out, "  %s\n%*s", text, (int)HELP_INDENT, "");
                else
                        fprintf(out, "  %-24s  ", text);
                print_words(out, f->help, HELP_INDENT, HELP_INDENT);
        }
}

static int print_help(struct parse *p)
{
        const struct clew_command *c = clew_command_find(p->cli->command);

        if (c) {
                fprintf(p->cli->out, "clew %s%s%s\n", c->name, c->usage[0] ? " " : "", c->usage);
                print_words(p->cli->out, c->help, 0, 0);
                if (c->more)
                        fprintf(p->cli->out, "\n%s", c->more);
        }
        fputs("\n", p->cli->out);
        clew_options_print(p->cli->out, p->own);
        clew_options_print(p->cli->out, p->shared);
        return CLEW_OPTIONS_HELP;
}

int clew_options_parse(struct clew_cli *cli, int argc, char **argv, const struct clew_flag *own,
                       const struct clew_flag *shared, struct clew_arguments *ret)
{
        struct parse p = {.cli = cli, .own = own, .shared = shared, .argc = argc, .argv = argv};
        bool only_arguments = false;
        size_t n = 0;

        for (p.at = 1; p.at < argc; p.at++) {
                char *arg = argv[p.at];
                int r = 0;

                if (only_arguments || arg[0] != '-' || arg[1] == '\0')
                        argv[n++] = arg; /* n <= p.at: the slot has been read */
                else if (strcmp(arg, "--") == 0)
                        only_arguments = true;
                else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)
                        return print_help(&p);
                else if (arg[1] == '-')
                        r = parse_long(&p);
                else
                        r = parse_letters(&p);
                if (r != 0)
                        return r;
        }
        if (n > CLEW_ARGUMENTS_MAX) {
                clew_cli_error(cli, "%s: %zu arguments, the limit is %d", cli->command, n,
                               CLEW_ARGUMENTS_MAX);
                return CLEW_EXIT_USAGE;
        }
        ret->values = argv;
        ret->n = n;
        return 0;
}
