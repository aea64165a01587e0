/*
 * Which traces of a run may hold a text.
 */
#include "query/find/index/term-int.h"

#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "query/find/index/index.h"

#include <errno.h>
#include <string.h>

/* Parts of one text that are looked up; the more, the fewer traces are left. */
#define PARTS_MAX 12u
/* Grams of one part. */
#define GRAMS_MAX 12u
/* Words that have a part in them; a part of more words tells little. */
#define WORDS_MAX 4096u
#define WORDS_BYTES_MAX ((size_t)1 << 20)
/* Signs of a piece of a word that is looked for. */
#define PIECE_SIGNS_MIN 3u

struct choosing {
        const struct clew_term_asked *asked;
        struct clew_error *err;
        struct clew_index_set *ret; /* of the parts so far */
        struct clew_index_set part;
        struct clew_index_set gram;
        struct clew_index_set all; /* of the grams of one part */
        uint32_t parts;
};

static size_t set_bytes(const struct clew_index_set *s)
{
        return (size_t)clew_index_set_words(s) * sizeof(*s->words);
}

static void clear(struct clew_index_set *s)
{
        memset(s->words, 0, set_bytes(s));
}

/* ---- grams ------------------------------------------------------------------------------------
 */

static size_t gram_key(const struct clew_term_run *run, char what, uint32_t from, unsigned signs,
                       uint8_t *ret)
{
        size_t len = (size_t)(run->at[from + signs] - run->at[from]);

        ret[0] = (uint8_t)what;
        memcpy(ret + 1, run->bytes + run->at[from], len);
        return len + 1;
}

/* Adds the traces that have every gram of @run, as @what cuts them, from sign @from on and then
 * each @step signs, to c->part. 1 = done, 0 = it has none. */
static int add_grams_from(struct choosing *c, const struct clew_term_run *run, char what,
                          uint32_t from, uint32_t step)
{
        bool any = false;
        uint32_t n = 0;

        for (uint32_t i = from; i < run->n && n < GRAMS_MAX; i += step) {
                unsigned signs = what == CLEW_TERM_DENSE    ? clew_term_gram_signs(run, i)
                                 : what == CLEW_TERM_DIGITS ? 4
                                                            : 3;
                uint8_t key[1 + 4 * 4];
                int r;

                if (i + signs > run->n)
                        continue;
                clear(&c->gram);
                r = c->asked->find(c->asked->context, CLEW_INDEX_GRAM,
                                   clew_slice_make(key, gram_key(run, what, i, signs, key)),
                                   &c->gram, c->err);
                if (r < 0)
                        return r;
                if (any)
                        clew_index_set_and(&c->all, &c->gram);
                else
                        memcpy(c->all.words, c->gram.words, set_bytes(&c->all));
                any = true;
                n++;
                if (clew_index_set_next(&c->all, 0) == c->all.n)
                        break;
        }
        if (any)
                clew_index_set_or(&c->part, &c->all);
        return any;
}

struct begins {
        struct choosing *c;
        struct clew_slice with;
};

static int on_gram(void *context, struct clew_slice key, struct clew_slice posting)
{
        const struct begins *b = context;

        if (!clew_slice_starts_with(key, b->with))
                return 1;
        return b->c->asked->add(posting, &b->c->part);
}

/*
 * The same of a run of letters and digits, of which texts have the grams of each second sign and
 * the last one. Where @run begins in a longer one its first gram may be among them, or its second.
 * Three signs have no second one: then they are the last three, or those behind the first begin
 * one.
 */
static int add_mixed(struct choosing *c, const struct clew_term_run *run)
{
        uint8_t key[1 + 4 * 4];
        struct begins b = {.c = c};
        int r = run->n < 3 ? 0 : add_grams_from(c, run, CLEW_TERM_MIXED, 0, 2);

        if (r != 1 || !run->open_left)
                return r;
        if (run->n > 3)
                return add_grams_from(c, run, CLEW_TERM_MIXED, 1, 2);
        b.with = clew_slice_make(key, gram_key(run, CLEW_TERM_MIXED, 1, 2, key));
        r = c->asked->walk(c->asked->context, CLEW_INDEX_GRAM, b.with, on_gram, &b, c->err);
        return r < 0 ? r : 1;
}

static int add_grams(struct choosing *c, const struct clew_term_run *run, char what)
{
        return what == CLEW_TERM_MIXED ? add_mixed(c, run) : add_grams_from(c, run, what, 0, 1);
}

/* ---- words ------------------------------------------------------------------------------------
 */

struct words {
        struct choosing *c;
        struct clew_slice prefix; /* of keys */
        struct clew_slice before; /* what must end the part in front; may be empty */
        struct clew_buffer found; /* le16 length, word */
        uint32_t n;
        int error;
};

/* A key of parts that begins with what is looked for: the word is kept. */
static int on_part(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct words *w = context;
        const uint8_t *zero;
        struct clew_slice front;
        size_t tail;

        (void)posting;
        if (!clew_slice_starts_with(key, w->prefix))
                return 1;
        zero = memchr(key.data, 0, key.len);
        if (!zero)
                return -EBADMSG;
        tail = (size_t)(zero - key.data);
        front = clew_slice_from(key, tail + 1);
        if (front.len < w->before.len ||
            (w->before.len > 0 &&
             memcmp(front.data + front.len - w->before.len, w->before.data, w->before.len) != 0))
                return 0;
        if (++w->n > WORDS_MAX)
                return 2;
        clew_buffer_append_byte(&w->found, (uint8_t)(front.len + tail));
        clew_buffer_append_slice(&w->found, front);
        clew_buffer_append(&w->found, key.data, tail);
        return 0;
}

/* Words with a part that begins with @prefix behind @before. 1 = in w->found, 0 = too many. */
static int find_parts(struct words *w, struct clew_slice prefix, struct clew_slice before)
{
        const struct clew_term_asked *asked = w->c->asked;
        int r;

        w->prefix = prefix;
        w->before = before;
        r = asked->walk(asked->context, CLEW_INDEX_PART, prefix, on_part, w, w->c->err);
        if (r < 0)
                return r;
        return r != 2 && clew_buffer_error(&w->found) == 0;
}

static int add_found(struct words *w)
{
        struct choosing *c = w->c;
        struct clew_slice left = clew_buffer_slice(&w->found);
        int r = 0;

        while (r >= 0 && left.len > 0) {
                struct clew_slice word = clew_slice_make(left.data + 1, left.data[0]);

                r = c->asked->find(c->asked->context, CLEW_INDEX_WORD, word, &c->part, c->err);
                left = clew_slice_from(left, 1 + word.len);
        }
        return r < 0 ? r : 1;
}

struct scan {
        struct choosing *c;
        struct clew_slice text;
        bool at_end; /* of the word */
};

static int on_any_word(void *context, struct clew_slice key, struct clew_slice posting)
{
        const struct scan *s = context;
        struct clew_slice tail;

        if (key.len < s->text.len)
                return 0;
        tail = clew_slice_from(key, key.len - s->text.len);
        if (s->at_end ? !clew_slice_eq(tail, s->text)
                      : !memmem(key.data, key.len, s->text.data, s->text.len))
                return 0;
        return s->c->asked->add(posting, &s->c->part);
}

static int on_word(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct words *w = context;

        if (!clew_slice_starts_with(key, w->prefix))
                return 1;
        return ++w->n > WORDS_MAX ? 2 : w->c->asked->add(posting, &w->c->part);
}

static int add_word(struct choosing *c, struct clew_slice word)
{
        int r = c->asked->find(c->asked->context, CLEW_INDEX_WORD, word, &c->part, c->err);

        return r < 0 ? r : 1;
}

static int add_words_from(struct choosing *c, struct clew_slice prefix)
{
        struct words w = {.c = c, .prefix = prefix};
        int r = c->asked->walk(c->asked->context, CLEW_INDEX_WORD, prefix, on_word, &w, c->err);

        return r < 0 ? r : r != 2;
}

/* The same by their list: @piece begins the word, or an end of it that is listed, or its rest does
 * so. */
static int add_listed_words(struct choosing *c, const struct scan *scan, struct clew_slice first)
{
        struct clew_slice piece = scan->text;
        struct words w = {.c = c};
        CLEW_BUFFER key = {0};
        int r;

        clew_buffer_init(&key, piece.len + 8);
        clew_buffer_append_slice(&key, piece);
        if (scan->at_end)
                clew_buffer_append_byte(&key, 0);
        r = clew_buffer_error(&key);
        if (r < 0)
                return r;
        piece = clew_buffer_slice(&key);
        clew_buffer_init(&w.found, WORDS_BYTES_MAX);
        r = find_parts(&w, piece, CLEW_SLICE_NULL);
        if (r == 1)
                r = find_parts(&w, clew_slice_from(piece, first.len), first);
        if (r == 1)
                r = add_found(&w);
        if (r == 1)
                r = scan->at_end ? add_word(c, scan->text) : add_words_from(c, scan->text);
        clew_buffer_deinit(&w.found);
        return r;
}

/* Adds the traces with a word that holds @run (at its end, when that end is not open). */
static int add_words_around(struct choosing *c, const struct clew_term_run *run)
{
        struct scan scan = {
                .c = c,
                .text = clew_slice_make(run->bytes, run->at[run->n]),
                .at_end = !run->open_right,
        };
        int r;

        if (c->asked->has_parts)
                return add_listed_words(c, &scan, clew_slice_make(run->bytes, run->at[1]));
        r = c->asked->walk(c->asked->context, CLEW_INDEX_WORD, CLEW_SLICE_NULL, on_any_word, &scan,
                           c->err);
        return r < 0 ? r : 1;
}

/* ---- parts ------------------------------------------------------------------------------------
 */

static int part_of_letters(struct choosing *c, const struct clew_term_run *run)
{
        struct clew_slice word = clew_slice_make(run->bytes, run->at[run->n]);
        bool open = run->open_left || run->open_right;
        int r = 1;

        if (run->n > CLEW_TERM_WORD_SIGNS)
                return add_grams(c, run, CLEW_TERM_MIXED);
        if (!open)
                return add_word(c, word);
        if (run->n < PIECE_SIGNS_MIN)
                return 0;
        r = run->open_left ? add_words_around(c, run) : add_words_from(c, word);
        return r == 1 ? add_grams(c, run, CLEW_TERM_MIXED) : r;
}

static int part_of_digits(struct choosing *c, const struct clew_term_run *run)
{
        int r;

        if (run->n < 4)
                return 0;
        r = add_grams(c, run, CLEW_TERM_DIGITS);
        return r == 1 && (run->open_left || run->open_right) ? add_grams(c, run, CLEW_TERM_MIXED)
                                                             : r;
}

static int on_run(void *context, const struct clew_term_run *run)
{
        struct choosing *c = context;
        int r;

        clear(&c->part);
        if (run->dense)
                r = add_grams(c, run, CLEW_TERM_DENSE);
        else if (run->piece || !(run->letters || run->digits))
                r = add_grams(c, run, CLEW_TERM_MIXED);
        else
                r = run->letters ? part_of_letters(c, run) : part_of_digits(c, run);
        if (r != 1)
                return r < 0 ? r : 0;
        if (c->parts++ == 0)
                memcpy(c->ret->words, c->part.words, set_bytes(c->ret));
        else
                clew_index_set_and(c->ret, &c->part);
        return c->parts == PARTS_MAX || clew_index_set_next(c->ret, 0) == c->ret->n;
}

static int init(struct choosing *c, const struct clew_term_asked *asked, struct clew_index_set *ret,
                struct clew_error *err)
{
        size_t words = clew_index_set_words(ret) + 1u;
        uint64_t *room = clew_calloc(3 * words, sizeof(*room));

        if (!room)
                return -ENOMEM;
        *c = (struct choosing){.asked = asked, .err = err, .ret = ret};
        c->part = (struct clew_index_set){room, ret->n};
        c->gram = (struct clew_index_set){room + words, ret->n};
        c->all = (struct clew_index_set){room + 2 * words, ret->n};
        return 0;
}

/* Adds the traces that may hold any text. */
static int add_any(struct choosing *c)
{
        int r = c->asked->find(c->asked->context, CLEW_INDEX_GRAM, CLEW_TERM_ANY, c->ret, c->err);

        return r < 0 ? r : 1;
}

int clew_terms_of_text(const struct clew_term_asked *asked, struct clew_slice text,
                       struct clew_index_set *ret, struct clew_error *err)
{
        struct choosing c;
        int r = init(&c, asked, ret, err);

        if (r < 0)
                return r;
        r = clew_term_runs(text, on_run, &c);
        if (r >= 0)
                r = c.parts > 0 ? add_any(&c) : 0;
        clew_free(c.part.words);
        return r;
}

/* Ands the traces with one of the texts of a choice, the first of which is @first, into @ret. */
static int and_choice(const struct clew_term_asked *asked, const struct clew_regex_literals *l,
                      uint32_t first, struct clew_index_set *some, struct clew_index_set *one,
                      struct clew_error *err)
{
        int r = 1;

        clear(some);
        for (uint32_t i = first; r == 1 && i < l->n; i++) {
                if (i > first &&
                    (l->items[i].choice == 0 || l->items[i].choice != l->items[first].choice))
                        continue;
                clear(one);
                r = clew_terms_of_text(asked, l->items[i].text, one, err);
                if (r == 1)
                        clew_index_set_or(some, one);
        }
        return r;
}

static bool is_first_of_choice(const struct clew_regex_literals *l, uint32_t i)
{
        for (uint32_t k = 0; k < i; k++) {
                if (l->items[i].choice != 0 && l->items[k].choice == l->items[i].choice)
                        return false;
        }
        return true;
}

static int of_pattern(const struct clew_term_asked *asked, const struct clew_regex *regex,
                      struct clew_regex_literals *l, struct clew_index_set *ret,
                      struct clew_error *err)
{
        size_t words = clew_index_set_words(ret) + 1u;
        uint64_t *room;
        struct clew_index_set some;
        struct clew_index_set one;
        bool known = false;
        int r = 0;

        if (!clew_regex_literals(clew_regex_core(regex), l))
                return 0;
        room = clew_calloc(2 * words, sizeof(*room));
        if (!room)
                return -ENOMEM;
        some = (struct clew_index_set){room, ret->n};
        one = (struct clew_index_set){room + words, ret->n};
        for (uint32_t i = 0; r >= 0 && i < l->n; i++) {
                if (!is_first_of_choice(l, i))
                        continue;
                r = and_choice(asked, l, i, &some, &one, err);
                if (r != 1)
                        continue;
                if (known)
                        clew_index_set_and(ret, &some);
                else
                        memcpy(ret->words, some.words, set_bytes(ret));
                known = true;
        }
        clew_free(room);
        return r < 0 ? r : known;
}

int clew_terms_of_regex(const struct clew_term_asked *asked, const struct clew_regex *regex,
                        struct clew_index_set *ret, struct clew_error *err)
{
        struct clew_regex_literals *l;
        int r;

        switch (clew_regex_shape(regex)) {
        case CLEW_REGEX_EXACT:
        case CLEW_REGEX_PREFIX:
        case CLEW_REGEX_CONTAINS:
                return clew_terms_of_text(asked, clew_regex_literal(regex), ret, err);
        case CLEW_REGEX_ANY:
                return 0;
        case CLEW_REGEX_PATTERN:
                break;
        }
        l = clew_malloc(sizeof(*l));
        if (!l)
                return -ENOMEM;
        r = of_pattern(asked, regex, l, ret, err);
        clew_free(l);
        return r;
}

/* ---- of a run ---------------------------------------------------------------------------------
 */

static int run_find(void *context, enum clew_index_kind kind, struct clew_slice key,
                    struct clew_index_set *into, struct clew_error *err)
{
        return clew_index_find(context, kind, key, into, err);
}

static int run_walk(void *context, enum clew_index_kind kind, struct clew_slice from,
                    int (*fn)(void *context, struct clew_slice key, struct clew_slice posting),
                    void *fn_context, struct clew_error *err)
{
        return clew_index_walk(context, kind, from, fn, fn_context, err);
}

static struct clew_term_asked asked_of(struct clew_index_run *run)
{
        return (struct clew_term_asked){
                .find = run_find,
                .walk = run_walk,
                .add = clew_index_posting_add,
                .context = run,
                .has_parts = clew_index_has(run, CLEW_INDEX_PART),
        };
}

int clew_terms_choose_text(struct clew_index_run *run, struct clew_slice text,
                           struct clew_index_set *ret, struct clew_error *err)
{
        const struct clew_term_asked asked = asked_of(run);

        return clew_terms_of_text(&asked, text, ret, err);
}

int clew_terms_choose(struct clew_index_run *run, const struct clew_regex *regex,
                      struct clew_index_set *ret, struct clew_error *err)
{
        const struct clew_term_asked asked = asked_of(run);

        return clew_terms_of_regex(&asked, regex, ret, err);
}
