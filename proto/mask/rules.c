#include "proto/mask/rules.h"

#include "proto/base/buffer.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct parser {
        struct clew_rules *rules;
        struct clew_error *err;
        unsigned line;
        unsigned all_line;
        unsigned used_line[CLEW_MASK_RULES]; /* that says so first; 0 = none */
        unsigned not_line[CLEW_MASK_RULES];
};

static bool is_blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static struct clew_slice trim(struct clew_slice s)
{
        while (s.len && is_blank(s.data[0]))
                s = clew_slice_from(s, 1);
        while (s.len && is_blank(s.data[s.len - 1]))
                s.len--;
        return s;
}

/* The next word of @s; empty at its end. */
static struct clew_slice word(struct clew_slice *s)
{
        struct clew_slice w = *s = trim(*s);

        for (w.len = 0; w.len < s->len && !is_blank(s->data[w.len]); w.len++)
                ;
        *s = trim(clew_slice_from(*s, w.len));
        return w;
}

/* One rule of a line that uses it, or does without. */
static int take_name(struct parser *p, bool use, unsigned rule)
{
        unsigned *mine = use ? &p->used_line[rule] : &p->not_line[rule];
        unsigned other = use ? p->not_line[rule] : p->used_line[rule];
        const char *name = clew_mask_rule_name((enum clew_mask_rule)rule);

        if (*mine)
                return clew_error_set(p->err, -EINVAL, 0, "%s is said in line %u already", name,
                                      *mine);
        if (other)
                return clew_error_set(p->err, -EINVAL, 0, "contradicts line %u, which %s %s", other,
                                      use ? "does without" : "uses", name);
        *mine = p->line;
        return 0;
}

/* `use` and `not`: names of built-in rules. */
static int take_names(struct parser *p, bool use, struct clew_slice rest)
{
        int r = 0;

        if (rest.len == 0)
                return clew_error_set(p->err, -EINVAL, 0,
                                      "which rules? all, or names such as api-key, email");
        while (r == 0 && rest.len) {
                struct clew_slice name = word(&rest);
                unsigned bits;

                while (name.len && name.data[name.len - 1] == ',')
                        name.len--;
                if (!clew_mask_rules_parse(name, &bits) || bits == 0)
                        return clew_error_set(p->err, -EINVAL, 0,
                                              "\"%.*s\" is no built-in rule: all, private-key, "
                                              "api-key, token, secret, email, card, iban, phone",
                                              (int)(name.len < 64 ? name.len : 64),
                                              (const char *)name.data);
                if (bits == CLEW_MASK_ALL && !use)
                        return clew_error_set(p->err, -EINVAL, 0,
                                              "\"not all\" leaves nothing: leave the line that "
                                              "uses them out");
                if (bits == CLEW_MASK_ALL && p->all_line)
                        return clew_error_set(p->err, -EINVAL, 0, "all is said in line %u already",
                                              p->all_line);
                if (bits == CLEW_MASK_ALL)
                        p->all_line = p->line;
                for (unsigned i = 0; r == 0 && bits != CLEW_MASK_ALL && i < CLEW_MASK_RULES; i++)
                        r = bits >> i & 1 ? take_name(p, use, i) : 0;
        }
        return r;
}

static int take_own(struct parser *p, struct clew_slice kind, struct clew_slice rest)
{
        struct clew_own *own = &p->rules->own;
        struct clew_slice name = word(&rest);
        unsigned built_in;
        int rule;
        int r = 0;

        if (name.len == 0 || rest.len == 0)
                return clew_error_set(p->err, -EINVAL, 0, "expected: %.*s NAME %s", (int)kind.len,
                                      (const char *)kind.data,
                                      clew_slice_eq_cstr(kind, "key")    ? "KEY ..."
                                      : clew_slice_eq_cstr(kind, "text") ? "TEXT"
                                                                         : "PATTERN");
        if (clew_mask_rules_parse(name, &built_in) || clew_slice_eq_cstr(name, "unsure"))
                return clew_error_set(p->err, -EINVAL, 0, "\"%.*s\" is the name of a built-in rule",
                                      (int)name.len, (const char *)name.data);
        rule = clew_own_rule(own, name, p->line, p->err);
        if (rule < 0)
                return rule;
        if (clew_slice_eq_cstr(kind, "text"))
                return clew_own_add_text(own, rule, rest, p->err);
        if (clew_slice_eq_cstr(kind, "pattern"))
                return clew_own_add_pattern(own, rule, rest, p->err);
        while (r == 0 && rest.len)
                r = clew_own_add_key(own, rule, word(&rest), p->err);
        return r;
}

static int take_line(struct parser *p, struct clew_slice line)
{
        struct clew_slice rest = trim(line);
        struct clew_slice kind;

        if (rest.len == 0 || rest.data[0] == '#')
                return 0;
        if (memchr(rest.data, '\0', rest.len) || !clew_utf8_valid(rest))
                return clew_error_set(p->err, -EINVAL, 0, "is not UTF-8 text");
        kind = word(&rest);
        if (clew_slice_eq_cstr(kind, "use") || clew_slice_eq_cstr(kind, "not")) {
                /* A comment may follow names, but not a text or a pattern, whose it could be. */
                const uint8_t *comment = rest.len ? memchr(rest.data, '#', rest.len) : NULL;

                if (comment)
                        rest = trim(clew_slice_make(rest.data, (size_t)(comment - rest.data)));
                return take_names(p, kind.data[0] == 'u', rest);
        }
        if (clew_slice_eq_cstr(kind, "key") || clew_slice_eq_cstr(kind, "text") ||
            clew_slice_eq_cstr(kind, "pattern"))
                return take_own(p, kind, rest);
        return clew_error_set(p->err, -EINVAL, 0,
                              "\"%.*s\" is none of use, not, key, text, pattern",
                              (int)(kind.len < 64 ? kind.len : 64), (const char *)kind.data);
}

/* "all" without those that are excepted; a line that changes nothing is a mistake. */
static int settle(struct parser *p)
{
        struct clew_rules *r = p->rules;

        for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                const char *name = clew_mask_rule_name((enum clew_mask_rule)i);

                p->line = p->not_line[i] ? p->not_line[i] : p->used_line[i];
                if (p->not_line[i] && !p->all_line)
                        return clew_error_set(p->err, -EINVAL, 0,
                                              "no line uses %s: there is nothing to except", name);
                if (p->used_line[i] && p->all_line)
                        return clew_error_set(p->err, -EINVAL, 0, "line %u uses all already",
                                              p->all_line);
                if (p->used_line[i] || (p->all_line && !p->not_line[i]))
                        r->used |= 1u << i;
        }
        p->line = 0;
        if (r->used == 0 && r->own.n_rules == 0)
                return clew_error_set(p->err, -EINVAL, 0,
                                      "no line takes anything out; without rules, do not name the "
                                      "file");
        return 0;
}

int clew_rules_parse(struct clew_rules *r, struct clew_slice text, struct clew_error *err)
{
        struct clew_error own = {.code = 0};
        struct parser p = {.rules = r, .err = err ? err : &own};
        int e = 0;

        r->used = 0;
        clew_own_init(&r->own);
        while (e == 0 && text.len) {
                const uint8_t *end = memchr(text.data, '\n', text.len);
                size_t n = end ? (size_t)(end - text.data) : text.len;

                p.line++;
                e = take_line(&p, clew_slice_make(text.data, n));
                text = clew_slice_from(text, n < text.len ? n + 1 : n);
        }
        if (e == 0)
                e = settle(&p);
        if (e == 0) {
                p.line = 0;
                e = clew_own_finish(&r->own, p.err);
        }
        if (e < 0 && p.line)
                clew_error_prefix(p.err, "line %u: ", p.line);
        if (e < 0)
                clew_rules_deinit(r);
        return e;
}

static int read_file(const char *path, struct clew_buffer *out, struct clew_error *err)
{
        /* Opening a pipe would wait for its writer. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        ssize_t n = 1;
        int r = 0;

        if (fd < 0)
                return clew_error_set(err, -errno, 0, "%s: %s", path, strerror(errno));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                close(fd);
                return clew_error_set(err, -EINVAL, 0, "%s: is not a regular file", path);
        }
        while (r == 0 && n > 0) {
                uint8_t *to = clew_buffer_reserve(out, 4096);

                n = to ? read(fd, to, 4096) : 0;
                if (n > 0)
                        clew_buffer_commit(out, (size_t)n);
                r = n < 0 ? -errno : clew_buffer_error(out);
        }
        close(fd);
        if (r == -EMSGSIZE)
                return clew_error_set(err, -E2BIG, 0, "%s: rules are at most %zu KiB", path,
                                      CLEW_RULES_FILE_MAX >> 10);
        return r < 0 ? clew_error_set(err, r, 0, "%s: %s", path, strerror(-r)) : 0;
}

int clew_rules_load(struct clew_rules *r, const char *path, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        int e;

        memset(r, 0, sizeof(*r));
        clew_buffer_init(&text, CLEW_RULES_FILE_MAX + 4096);
        e = read_file(path, &text, err);
        if (e < 0)
                return e;
        e = clew_rules_parse(r, clew_buffer_slice(&text), err);
        if (e < 0)
                clew_error_prefix(err, "%s: ", path);
        return e;
}

void clew_rules_deinit(struct clew_rules *r)
{
        clew_own_deinit(&r->own);
        r->used = 0;
}
