/*
 * Texts that every match of a pattern holds, read off the pattern without running it.
 *
 * The pattern is walked once. What stands side by side must all be there; of alternatives one; what
 * may be left out tells nothing. Only what is understood is used: a group of a kind that is not
 * known, or an escape that may stand for a sign, ends the reading with nothing found, because a
 * text that is wrongly asked for would hide what matches.
 */
#include "query/find/language/regex-int.h"

#include <string.h>

#define DEPTH_MAX 64u

struct group {
        uint32_t first;       /* of what it has found; texts of ended alternatives stand there */
        uint32_t alternative; /* of what the alternative at hand has found */
        bool several;
        bool any; /* some alternative told nothing */
};

struct reader {
        struct clew_slice p;
        size_t at;
        struct clew_regex_literals *out;
        size_t n_bytes;
        size_t begin; /* of the text under way */
        size_t last;  /* where its last sign begins */
        uint32_t choices;
        struct group groups[DEPTH_MAX];
        unsigned depth;
};

static int peek(const struct reader *r, size_t ahead)
{
        return ahead < r->p.len - r->at ? r->p.data[r->at + ahead] : -1;
}

static bool is_one_of(int c, const char *signs)
{
        return c > 0 && strchr(signs, c) != NULL;
}

/* Ends the text under way. */
static void close_text(struct reader *r)
{
        struct clew_regex_literals *out = r->out;

        if (r->n_bytes > r->begin && out->n < CLEW_REGEX_LITERALS_MAX) {
                out->items[out->n].text =
                        clew_slice_make(out->bytes + r->begin, r->n_bytes - r->begin);
                out->items[out->n++].choice = 0;
        }
        r->begin = r->n_bytes;
        r->last = r->n_bytes;
}

/* Passes one quantifier over. *ret_none: what stands before it may be left out. */
static bool take_one_quantifier(struct reader *r, bool *ret_none)
{
        int c = peek(r, 0);
        size_t n = 1;

        if (c == '{') {
                while (is_one_of(peek(r, n), "0123456789, "))
                        n++;
                if (n == 1 || peek(r, n) != '}')
                        return false; /* a brace as it stands */
                *ret_none = *ret_none || !is_one_of(peek(r, 1), "123456789");
                n++;
        } else if (is_one_of(c, "*+?")) {
                *ret_none = *ret_none || c != '+';
        } else {
                return false;
        }
        r->at += n;
        if (is_one_of(peek(r, 0), "?+"))
                r->at++;
        return true;
}

static bool take_quantifier(struct reader *r, bool *ret_none)
{
        bool any = false;

        *ret_none = false;
        while (take_one_quantifier(r, ret_none))
                any = true;
        return any;
}

/* One sign of the text, of @n bytes at r->at. */
static bool take_sign(struct reader *r, size_t n)
{
        bool none;

        if (n > sizeof(r->out->bytes) - r->n_bytes)
                return false;
        r->last = r->n_bytes;
        memcpy(r->out->bytes + r->n_bytes, r->p.data + r->at, n);
        r->n_bytes += n;
        r->at += n;
        if (take_quantifier(r, &none)) {
                if (none)
                        r->n_bytes = r->last;
                close_text(r);
        }
        return true;
}

/* @n bytes that are no text. */
static bool pass_over(struct reader *r, size_t n)
{
        bool none;

        close_text(r);
        r->at += n;
        (void)take_quantifier(r, &none);
        return true;
}

static bool take_escape(struct reader *r)
{
        int c = peek(r, 1);

        if (is_one_of(c, "dDwWsShHvVRbBAZzGnrtfae"))
                return pass_over(r, 2);
        if (c < 0 || c >= 0x80 || (c >= '0' && c <= '9') ||
            ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
                return false;
        r->at++;
        return take_sign(r, 1);
}

static bool take_class(struct reader *r)
{
        size_t n = peek(r, 1) == '^' ? 2 : 1;

        if (peek(r, n) == ']')
                n++;
        for (; peek(r, n) != ']'; n++) {
                if (peek(r, n) < 0)
                        return false;
                if (peek(r, n) == '\\') {
                        if (is_one_of(peek(r, ++n), "QE"))
                                return false;
                } else if (peek(r, n) == '[' && is_one_of(peek(r, n + 1), ":.=")) {
                        int end = peek(r, n + 1);

                        for (n += 2;
                             peek(r, n) >= 0 && (peek(r, n) != end || peek(r, n + 1) != ']');)
                                n++;
                        n++;
                }
        }
        return pass_over(r, n + 1);
}

/* How many bytes open the group at r->at; 0 = of a kind that is not known. *ret_group: one that
 * ends. */
static size_t group_head(const struct reader *r, bool *ret_group)
{
        size_t n = 2;

        *ret_group = true;
        if (peek(r, 1) == '*')
                return 0;
        if (peek(r, 1) != '?')
                return 1;
        if (peek(r, 2) == 'P' || peek(r, 2) == '<') {
                n = peek(r, 2) == 'P' ? 4 : 3;
                if (peek(r, n - 1) != '<' || is_one_of(peek(r, n), "=!"))
                        return 0;
                while (peek(r, n) >= 0 && peek(r, n) != '>')
                        n++;
                return n + 1;
        }
        while (is_one_of(peek(r, n), "ims-"))
                n++;
        *ret_group = peek(r, n) == ':';
        return peek(r, n) == ':' || (peek(r, n) == ')' && n > 2) ? n + 1 : 0;
}

static bool begin_group(struct reader *r)
{
        bool is_group;
        size_t n = group_head(r, &is_group);

        close_text(r);
        if (n == 0 || n > r->p.len - r->at)
                return false;
        r->at += n;
        if (!is_group)
                return true;
        if (++r->depth == DEPTH_MAX)
                return false;
        r->groups[r->depth] = (struct group){.first = r->out->n, .alternative = r->out->n};
        return true;
}

/* One text of the alternative at hand, the longest, stands for it. */
static void end_alternative(struct reader *r)
{
        struct group *g = &r->groups[r->depth];
        struct clew_regex_literals *out = r->out;
        uint32_t best = UINT32_MAX;

        close_text(r);
        g->several = true;
        for (uint32_t i = g->alternative; i < out->n; i++) {
                if (out->items[i].choice == 0 &&
                    (best == UINT32_MAX || out->items[i].text.len > out->items[best].text.len))
                        best = i;
        }
        out->n = g->alternative;
        if (best == UINT32_MAX)
                g->any = true;
        else
                out->items[out->n++] = out->items[best];
        g->alternative = out->n;
}

/* What the innermost group has found joins what stands around it. */
static void end_group(struct reader *r, bool may_be_left_out)
{
        struct group *g = &r->groups[r->depth];
        struct clew_regex_literals *out = r->out;

        close_text(r);
        if (g->several)
                end_alternative(r);
        if (may_be_left_out || g->any)
                out->n = g->first;
        else if (g->several)
                r->choices++;
        for (uint32_t i = g->first; g->several && i < out->n; i++)
                out->items[i].choice = r->choices;
}

static bool close_group(struct reader *r)
{
        bool none = false;

        if (r->depth == 0)
                return false;
        close_text(r);
        r->at++;
        (void)take_quantifier(r, &none);
        end_group(r, none);
        r->depth--;
        return true;
}

static bool take_one(struct reader *r)
{
        int c = peek(r, 0);
        size_t n = 1;

        switch (c) {
        case '\\':
                return take_escape(r);
        case '[':
                return take_class(r);
        case '(':
                return begin_group(r);
        case ')':
                return close_group(r);
        case '|':
                end_alternative(r);
                r->at++;
                return true;
        case '.':
        case '^':
        case '$':
                return pass_over(r, 1);
        case '*':
        case '+':
        case '?':
                return false; /* behind nothing that was understood */
        default:
                while (c >= 0xc0 && (peek(r, n) & 0xc0) == 0x80 && peek(r, n) >= 0)
                        n++;
                return take_sign(r, n);
        }
}

bool clew_regex_literals(struct clew_slice pattern, struct clew_regex_literals *ret)
{
        struct reader r = {.p = pattern, .out = ret};

        ret->n = 0;
        while (r.at < r.p.len) {
                if (!take_one(&r))
                        return false;
        }
        if (r.depth != 0)
                return false;
        end_group(&r, false);
        return ret->n > 0;
}
