#include "proto/mask/own.h"

#include "proto/base/mem.h"
#include "proto/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 256 texts of 4 KiB in 32 forms of up to eight times their length would be 2 GiB: so much is
 * enough for 256 of 100 bytes, or 8 of 4 KiB. */
#define ARENA_MAX ((size_t)16 << 20)
/* Steps at one place of a text. */
#define STEPS_MAX 20000u

void clew_own_init(struct clew_own *own)
{
        memset(own, 0, sizeof(*own));
        clew_arena_init(&own->arena, ARENA_MAX);
}

void clew_own_deinit(struct clew_own *own)
{
        for (uint32_t i = 0; i < own->n_patterns; i++)
                clew_pattern_free(own->patterns[i].pattern);
        clew_needles_free(own->needles);
        clew_arena_deinit(&own->arena);
        own->needles = NULL;
        own->n_patterns = own->n_rules = own->n_keys = own->n_texts = own->n_forms = 0;
}

static int out_of_memory(const struct clew_own *own, struct clew_error *err)
{
        if (own->arena.over_limit)
                return clew_error_set(err, -E2BIG, 0,
                                      "the texts take more than %zu MiB in all "
                                      "their forms: give fewer, or shorter ones",
                                      ARENA_MAX >> 20);
        return clew_error_set(err, -ENOMEM, 0, "out of memory");
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_good_name(struct clew_slice name)
{
        if (name.len == 0 || name.len > CLEW_OWN_NAME_MAX || name.data[0] < 'a' ||
            name.data[0] > 'z')
                return false;
        for (size_t i = 0; i < name.len; i++) {
                uint8_t c = name.data[i];

                if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
                        return false;
        }
        return true;
}

int clew_own_rule(struct clew_own *own, struct clew_slice name, unsigned line,
                  struct clew_error *err)
{
        if (!is_good_name(name))
                return clew_error_set(err, -EINVAL, 0,
                                      "a rule's name has 1 to %u small letters, digits and \"-\", "
                                      "a letter first; not \"%.*s\"",
                                      CLEW_OWN_NAME_MAX, (int)(name.len < 64 ? name.len : 64),
                                      (const char *)name.data);
        for (uint32_t i = 0; i < own->n_rules; i++) {
                if (clew_slice_eq_cstr(name, own->rules[i].name))
                        return (int)i;
        }
        if (own->n_rules == CLEW_OWN_RULES_MAX)
                return clew_error_set(err, -E2BIG, 0, "more than %u rules of your own",
                                      CLEW_OWN_RULES_MAX);
        memcpy(own->rules[own->n_rules].name, name.data, name.len);
        own->rules[own->n_rules].line = line;
        return (int)own->n_rules++;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static uint8_t small(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static unsigned tail_of(struct clew_slice name)
{
        unsigned last = small(name.data[name.len - 1]);
        unsigned before = name.len > 1 ? small(name.data[name.len - 2]) : 0;

        return (last * 31 + before * 7) % 1024;
}

static bool is_same_key(const struct clew_own_key *k, struct clew_slice name)
{
        if (name.len < k->name.len || (!k->is_prefix && name.len != k->name.len))
                return false;
        for (size_t i = 0; i < k->name.len; i++) {
                if (small(name.data[i]) != k->name.data[i])
                        return false;
        }
        return true;
}

int clew_own_add_key(struct clew_own *own, int rule, struct clew_slice key, struct clew_error *err)
{
        struct clew_own_key *k = &own->keys[own->n_keys];
        bool is_prefix = key.len > 0 && key.data[key.len - 1] == '*';
        uint8_t *copy;

        key.len -= is_prefix;
        if (key.len == 0 && is_prefix)
                return clew_error_set(err, -EINVAL, 0,
                                      "the key \"*\" is met by every name: nothing would be kept");
        if (key.len < (is_prefix ? 3u : 1u) || key.len > CLEW_OWN_KEY_MAX || !clew_utf8_valid(key))
                return clew_error_set(err, -EINVAL, 0,
                                      "a key has 1 to %u bytes of UTF-8, before a star at least 3",
                                      CLEW_OWN_KEY_MAX);
        if (memchr(key.data, '*', key.len))
                return clew_error_set(err, -EINVAL, 0,
                                      "the key \"%.*s\": a star stands at the end or not at all",
                                      (int)key.len, (const char *)key.data);
        for (uint32_t i = 0; i < own->n_keys; i++) {
                if (own->keys[i].name.len == key.len && own->keys[i].is_prefix == is_prefix &&
                    is_same_key(&own->keys[i], key))
                        return clew_error_set(err, -EINVAL, 0,
                                              "the key \"%.*s\" is in rule %s already",
                                              (int)key.len, (const char *)key.data,
                                              own->rules[own->keys[i].rule].name);
        }
        if (own->n_keys == CLEW_OWN_KEYS_MAX)
                return clew_error_set(err, -E2BIG, 0, "more than %u keys", CLEW_OWN_KEYS_MAX);
        copy = clew_arena_alloc(&own->arena, key.len);
        if (!copy)
                return out_of_memory(own, err);
        for (size_t i = 0; i < key.len; i++)
                copy[i] = small(key.data[i]);
        *k = (struct clew_own_key){clew_slice_make(copy, key.len), is_prefix, (uint8_t)rule};
        if (is_prefix)
                own->has_prefix = true;
        else
                own->tails[tail_of(k->name) / 64] |= (uint64_t)1 << tail_of(k->name) % 64;
        own->n_keys++;
        return 0;
}

static int key_of(const struct clew_own *own, struct clew_slice name, bool prefixes)
{
        for (uint32_t i = 0; i < own->n_keys; i++) {
                if (own->keys[i].is_prefix == prefixes && is_same_key(&own->keys[i], name))
                        return own->keys[i].rule;
        }
        return -1;
}

int clew_own_key_rule(const struct clew_own *own, struct clew_slice name)
{
        bool may_be;
        size_t from = 0;

        if (own->n_keys == 0 || name.len == 0 || name.len > 4 * CLEW_OWN_KEY_MAX)
                return -1;
        may_be = own->tails[tail_of(name) / 64] >> tail_of(name) % 64 & 1;
        if (!may_be && !own->has_prefix)
                return -1;
        for (;;) {
                struct clew_slice part = clew_slice_from(name, from);
                const uint8_t *dot;
                int rule = may_be ? key_of(own, part, false) : -1;

                if (rule < 0 && own->has_prefix)
                        rule = key_of(own, part, true);
                if (rule >= 0)
                        return rule;
                dot = memchr(part.data, '.', part.len);
                if (!dot || dot + 1 == part.data + part.len)
                        return -1;
                from += (size_t)(dot - part.data) + 1;
        }
}

/* ---- texts ----------------------------------------------------------------------------------- */

int clew_own_add_text(struct clew_own *own, int rule, struct clew_slice text,
                      struct clew_error *err)
{
        struct clew_own_text *t = &own->texts[own->n_texts];
        char shown[CLEW_OWN_NAME_MAX + sizeof("[redacted::0123456789abcdef]")];

        if (text.len < CLEW_FORMS_TEXT_MIN || text.len > CLEW_FORMS_TEXT_MAX ||
            !clew_utf8_valid(text))
                return clew_error_set(err, -EINVAL, 0,
                                      "a text has %u to %u bytes of UTF-8, not %zu: a shorter one "
                                      "is in much that is not meant",
                                      CLEW_FORMS_TEXT_MIN, CLEW_FORMS_TEXT_MAX, text.len);
        (void)snprintf(shown, sizeof(shown), "[redacted:%s:", own->rules[rule].name);
        if (memmem(shown, strlen(shown), text.data, text.len))
                return clew_error_set(err, -EINVAL, 0,
                                      "the text stands in what is put in its place, %s...]", shown);
        for (uint32_t i = 0; i < own->n_texts; i++) {
                if (clew_slice_eq(own->texts[i].text, text))
                        return clew_error_set(err, -EINVAL, 0, "the text is in rule %s already",
                                              own->rules[own->texts[i].rule].name);
        }
        if (own->n_texts == CLEW_OWN_TEXTS_MAX)
                return clew_error_set(err, -E2BIG, 0, "more than %u texts", CLEW_OWN_TEXTS_MAX);
        *t = (struct clew_own_text){clew_arena_copy(&own->arena, text), (uint8_t)rule};
        own->n_texts++;
        return clew_arena_failed(&own->arena) ? out_of_memory(own, err) : 0;
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* How many bytes of @text @p takes out. */
static size_t taken(const struct clew_pattern *p, struct clew_pattern_room *room,
                    struct clew_slice text)
{
        struct clew_pattern_place place = {.text = text, .is_begin = true, .is_end = true};
        size_t n = 0;
        size_t from;
        size_t to;

        while (place.from < text.len && clew_pattern_find(p, room, &place, &from, &to) == 1) {
                n += to - from;
                place.from = to > from ? to : to + 1;
        }
        return n;
}

/* A pattern that takes most of what people and programs write is a mistake. */
static int check_pattern(const struct clew_pattern *p, struct clew_error *err)
{
        static const char *const ordinary[] = {
                "The quick brown fox jumps over the lazy dog, and nobody was told.",
                "{\"role\": \"user\", \"content\": \"please list the files\", \"n\": 1}",
        };
        const struct clew_pattern_place nothing = {.is_begin = true, .is_end = true};
        struct clew_pattern_room *room = clew_pattern_room_new(STEPS_MAX);
        size_t from;
        size_t to;
        int r = room ? 0 : -ENOMEM;

        if (r == 0 && clew_pattern_find(p, room, &nothing, &from, &to) == 1)
                r = clew_error_set(err, -EINVAL, 0,
                                   "the pattern is met by an empty text, and so everywhere");
        for (size_t i = 0; r == 0 && i < CLEW_ARRAY_LEN(ordinary); i++) {
                struct clew_slice text = clew_slice_of_cstr(ordinary[i]);

                if (taken(p, room, text) > text.len / 2)
                        r = clew_error_set(err, -EINVAL, 0,
                                           "the pattern takes most of any text: nearly nothing "
                                           "would be kept");
        }
        clew_pattern_room_free(room);
        return r;
}

int clew_own_add_pattern(struct clew_own *own, int rule, struct clew_slice pattern,
                         struct clew_error *err)
{
        struct clew_pattern *p;
        char message[200] = "";
        size_t at = 0;
        int r;

        if (pattern.len == 0)
                return clew_error_set(err, -EINVAL, 0, "the pattern is missing");
        if (own->n_patterns == CLEW_OWN_PATTERNS_MAX)
                return clew_error_set(err, -E2BIG, 0, "more than %u patterns",
                                      CLEW_OWN_PATTERNS_MAX);
        r = clew_pattern_new(pattern, false, &p, &at, message, sizeof(message));
        if (r < 0)
                return clew_error_set(err, r, at, "the pattern, at its byte %zu: %s", at,
                                      r == -ENOMEM ? "out of memory" : message);
        r = check_pattern(p, err);
        if (r < 0) {
                clew_pattern_free(p);
                return r;
        }
        own->patterns[own->n_patterns++] = (struct clew_own_pattern){p, (uint8_t)rule};
        return 0;
}

/* ---- ready ----------------------------------------------------------------------------------- */

static int make_forms(struct clew_own *own)
{
        struct clew_slice *words = clew_arena_calloc(
                &own->arena, (size_t)own->n_texts * CLEW_FORMS_MAX, sizeof(*words));
        int r = 0;

        own->forms = clew_arena_calloc(&own->arena, (size_t)own->n_texts * CLEW_FORMS_MAX,
                                       sizeof(*own->forms));
        if (!own->forms || !words)
                return -ENOMEM;
        for (uint32_t i = 0; i < own->n_texts && r == 0; i++) {
                struct clew_forms forms;

                r = clew_forms_make(own->texts[i].text, &own->arena, &forms);
                for (uint32_t k = 0; r == 0 && k < forms.n; k++) {
                        words[own->n_forms] = forms.all[k].bytes;
                        own->forms[own->n_forms++] =
                                (struct clew_own_form){forms.all[k], (uint16_t)i};
                }
        }
        return r == 0 ? clew_needles_new(words, own->n_forms, &own->needles) : r;
}

int clew_own_finish(struct clew_own *own, struct clew_error *err)
{
        int r = own->n_texts > 0 ? make_forms(own) : 0;

        return r < 0 ? out_of_memory(own, err) : 0;
}
