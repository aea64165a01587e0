/*
 * See prices.h.
 */
#include "query/model/prices.h"

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/small-file.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A price list longer than this is something else. */
#define PRICES_MAX 65536u
#define PER_MILLION 1e6

/* ---- prices -----------------------------------------------------------------------------------
 */

enum column { PRICE_IN, PRICE_OUT, PRICE_CACHE_READ, PRICE_CACHE_WRITE, PRICE_COLUMNS };

struct price {
        struct clew_slice model; /* a name, or a prefix that ended in '*' */
        bool prefix;
        double usd[PRICE_COLUMNS]; /* per million tokens */
};

struct clew_prices {
        struct price *items;
        uint32_t n;
};

static bool is_space(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static struct clew_slice next_word(struct clew_slice *line)
{
        struct clew_slice word;

        while (line->len > 0 && is_space(line->data[0]))
                *line = clew_slice_from(*line, 1);
        word = clew_slice_make(line->data, 0);
        while (line->len > 0 && !is_space(line->data[0])) {
                word.len++;
                *line = clew_slice_from(*line, 1);
        }
        return word;
}

static struct clew_slice next_line(struct clew_slice *text)
{
        const uint8_t *end = memchr(text->data, '\n', text->len);
        size_t n = end ? (size_t)(end - text->data) : text->len;
        struct clew_slice line = clew_slice_make(text->data, n);

        *text = clew_slice_from(*text, n + 1);
        return line;
}

/* "model in out [cache-read [cache-write]]"; cached input costs what input costs unless given. */
static int parse_line(struct clew_slice line, unsigned number, struct price *p,
                      struct clew_error *err)
{
        unsigned n = 0;

        p->model = next_word(&line);
        if (p->model.data[p->model.len - 1] == '*') {
                p->prefix = true;
                p->model.len--;
        }
        for (struct clew_slice word = next_word(&line); word.len > 0; word = next_word(&line)) {
                if (n == PRICE_COLUMNS)
                        return clew_error_set(err, -EBADMSG, number,
                                              "price file, line %u: more than %d prices", number,
                                              PRICE_COLUMNS);
                if (!clew_text_number(word, &p->usd[n]) || p->usd[n] < 0)
                        return clew_error_set(err, -EBADMSG, number,
                                              "price file, line %u: price %u is not a number of "
                                              "dollars per million tokens",
                                              number, n + 1);
                n++;
        }
        if (n < 2)
                return clew_error_set(err, -EBADMSG, number,
                                      "price file, line %u: needs a model and at least two prices "
                                      "(input and output)",
                                      number);
        for (; n < PRICE_COLUMNS; n++)
                p->usd[n] = p->usd[PRICE_IN];
        return 0;
}

int clew_prices_parse(struct clew_slice text, struct clew_arena *arena, struct clew_prices **ret,
                      struct clew_error *err)
{
        struct clew_prices *prices = clew_arena_calloc(arena, 1, sizeof(*prices));
        uint32_t max = 1;
        unsigned number = 0;

        for (size_t i = 0; i < text.len; i++)
                max += text.data[i] == '\n';
        if (max > PRICES_MAX)
                return clew_error_set(err, -EBADMSG, 0, "price file: more than %u lines",
                                      PRICES_MAX);
        if (!prices)
                return -ENOMEM;
        prices->items = clew_arena_calloc(arena, max, sizeof(*prices->items));
        if (!prices->items)
                return -ENOMEM;
        while (text.len > 0) {
                struct clew_slice line = next_line(&text);
                struct clew_slice rest = line;
                struct clew_slice first = next_word(&rest);
                int r;

                number++;
                if (first.len == 0 || first.data[0] == '#')
                        continue;
                r = parse_line(line, number, &prices->items[prices->n], err);
                if (r < 0)
                        return r;
                prices->n++;
        }
        *ret = prices;
        return 0;
}

/* The exact name, else the longest prefix. */
static const struct price *find_price(const struct clew_prices *prices, struct clew_slice model)
{
        const struct price *best = NULL;

        for (uint32_t i = 0; prices && model.len > 0 && i < prices->n; i++) {
                const struct price *p = &prices->items[i];

                if (!p->prefix && clew_slice_eq(p->model, model))
                        return p;
                if (p->prefix && clew_slice_starts_with(model, p->model) &&
                    (!best || p->model.len > best->model.len))
                        best = p;
        }
        return best;
}

static double cost_of(const struct price *p, const struct clew_tokens *t)
{
        uint64_t cached = t->cache_read + t->cache_write;
        uint64_t fresh = t->in > cached ? t->in - cached : 0;

        return ((double)fresh * p->usd[PRICE_IN] +
                (double)t->cache_read * p->usd[PRICE_CACHE_READ] +
                (double)t->cache_write * p->usd[PRICE_CACHE_WRITE] +
                (double)t->out * p->usd[PRICE_OUT]) /
               PER_MILLION;
}

bool clew_price(const struct clew_prices *prices, const struct clew_step *step, double *ret_usd)
{
        const struct price *price = find_price(prices, step->model);

        if (!price)
                price = find_price(prices, step->request_model);
        if (!price)
                return false;
        *ret_usd = cost_of(price, &step->tokens);
        return true;
}

/* ---- the installed list -----------------------------------------------------------------------
 */

/* A list lives as long as the process: somebody may be looking at it. So does each that comes in
 * its place, when the file has changed; such a file has some kilobytes. */
struct installed {
        struct clew_arena arena;
        struct clew_prices *prices;
        uint64_t hash; /* of the file */
        uint32_t mark;
};

static struct installed *_Atomic installed;

const struct clew_prices *clew_prices_installed(void)
{
        const struct installed *now = atomic_load_explicit(&installed, memory_order_acquire);

        return now ? now->prices : NULL;
}

uint32_t clew_prices_mark(void)
{
        const struct installed *now = atomic_load_explicit(&installed, memory_order_acquire);

        return now ? now->mark : 0;
}

static int install(struct clew_slice text, struct clew_error *err)
{
        const struct installed *now = atomic_load(&installed);
        uint64_t hash = clew_hash(text);
        struct installed *fresh;
        int r;

        if (now && now->hash == hash)
                return 0;
        fresh = clew_calloc(1, sizeof(*fresh));
        if (!fresh)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        clew_arena_init(&fresh->arena, 64 * CLEW_PRICE_FILE_BYTES_MAX);
        r = clew_prices_parse(clew_arena_copy(&fresh->arena, text), &fresh->arena, &fresh->prices,
                              err);
        if (r < 0) {
                clew_arena_deinit(&fresh->arena);
                clew_free(fresh);
                return r;
        }
        fresh->hash = hash;
        fresh->mark = (uint32_t)(hash % UINT16_MAX + 1);
        atomic_store_explicit(&installed, fresh, memory_order_release);
        return 0;
}

int clew_prices_install(const char *path, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        int r;

        clew_buffer_init(&text, CLEW_PRICE_FILE_BYTES_MAX);
        r = clew_small_file_read(path, &text);
        if (r == -EMSGSIZE)
                return clew_error_set(err, r, 0, "price file %s: larger than 1 MiB", path);
        if (r < 0)
                return clew_error_set(err, r, 0, "cannot open the price file %s: %s", path,
                                      strerror(-r));
        return install(clew_buffer_slice(&text), err);
}

int clew_prices_install_default(struct clew_error *err)
{
        const char *named = getenv("CLEW_PRICES");
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");
        char paths[2][4096];

        if (named && *named)
                return strcmp(named, "none") == 0 ? 0 : clew_prices_install(named, err);
        paths[0][0] = '\0';
        if (config && *config)
                snprintf(paths[0], sizeof(paths[0]), "%s/clew/prices", config);
        else if (home && *home)
                snprintf(paths[0], sizeof(paths[0]), "%s/.config/clew/prices", home);
        snprintf(paths[1], sizeof(paths[1]), "/etc/clew/prices");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(paths); i++) {
                if (paths[i][0] && access(paths[i], R_OK) == 0)
                        return clew_prices_install(paths[i], err);
        }
        return 0;
}
