/*
 * Knuth, Morris and Pratt's automaton, whose state is kept from text to text: how many bytes of the
 * searched text stand at the end of what was read. When it falls back to fewer bytes than the last
 * part has, parts before it are forgotten.
 */
#include "proto/mask/joint.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct part {
        struct clew_joint_part place;
        uint32_t n; /* bytes of the searched text */
};

struct slot {
        uint64_t name;
        uint64_t used; /* when it was last asked for */
        uint32_t state;
        uint32_t n_parts;
        struct part parts[CLEW_JOINT_PARTS_MAX];
};

struct clew_joint {
        struct clew_slice text;
        uint32_t *back;  /* of each state: the longest shorter one */
        bool is_in[256]; /* bytes of the text but its last: a text that ends in another holds no
                          * part
                          */
        uint32_t n_open; /* slots with a state */
        uint64_t clock;
        struct slot slots[CLEW_JOINT_NAMES];
};

int clew_joint_new(struct clew_slice text, struct clew_joint **ret)
{
        struct clew_joint *j = clew_calloc(1, sizeof(*j));

        CLEW_ASSERT(text.len > 1);
        if (!j)
                return -ENOMEM;
        j->text = text;
        j->back = clew_calloc(text.len + 1, sizeof(*j->back));
        if (!j->back) {
                clew_joint_free(j);
                return -ENOMEM;
        }
        for (uint32_t i = 1, k = 0; i < text.len; i++) {
                while (k > 0 && text.data[i] != text.data[k])
                        k = j->back[k];
                k += text.data[i] == text.data[k];
                j->back[i + 1] = k;
        }
        for (size_t i = 0; i + 1 < text.len; i++)
                j->is_in[text.data[i]] = true;
        *ret = j;
        return 0;
}

void clew_joint_free(struct clew_joint *j)
{
        if (!j)
                return;
        clew_free(j->back);
        clew_free(j);
}

void clew_joint_begin(struct clew_joint *j)
{
        j->clock = 0;
        j->n_open = 0;
        for (unsigned i = 0; i < CLEW_JOINT_NAMES; i++) {
                j->slots[i].used = 0;
                j->slots[i].state = 0;
                j->slots[i].n_parts = 0;
        }
}

static uint64_t name_hash(struct clew_slice name)
{
        uint8_t kept[256];
        size_t n = 0;

        for (size_t i = 0; i < name.len && n < sizeof(kept); i++) {
                if (name.data[i] < '0' || name.data[i] > '9')
                        kept[n++] = name.data[i];
        }
        return clew_hash(clew_slice_make(kept, n));
}

static void set_state(struct clew_joint *j, struct slot *s, uint32_t state)
{
        j->n_open += (state > 0) - (uint32_t)(s->state > 0);
        s->state = state;
        if (state == 0)
                s->n_parts = 0;
}

/* The slot of @name. Without one: NULL, or when @makes_room the one that was not asked for longest
 * becomes it. */
static struct slot *slot_of(struct clew_joint *j, struct clew_slice name, bool makes_room)
{
        uint64_t hash = name_hash(name);
        struct slot *oldest = &j->slots[0];

        for (unsigned i = 0; i < CLEW_JOINT_NAMES; i++) {
                struct slot *s = &j->slots[i];

                if (s->used && s->name == hash) {
                        s->used = ++j->clock;
                        return s;
                }
                if (s->used < oldest->used)
                        oldest = s;
        }
        if (!makes_room)
                return NULL;
        oldest->name = hash;
        oldest->used = ++j->clock;
        set_state(j, oldest, 0);
        return oldest;
}

/* The state after @c in state @k, which is not that of the whole text. */
static uint32_t step(const struct clew_joint *j, uint32_t k, uint8_t c)
{
        while (k > 0 && j->text.data[k] != c)
                k = j->back[k];
        return k + (j->text.data[k] == c);
}

static uint32_t earlier_bytes(const struct slot *s)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->n_parts; i++)
                n += s->parts[i].n;
        return n;
}

/* Leaves @n bytes of the earlier parts, the last ones. What a part loses it loses in front; where
 * that is in the message is not known any more, so it is forgotten whole, and the text with it. */
static bool keep_last(struct slot *s, uint32_t n)
{
        uint32_t have = earlier_bytes(s);
        uint32_t first = 0;

        while (first < s->n_parts && have - s->parts[first].n >= n)
                have -= s->parts[first++].n;
        if (have != n)
                return false;
        memmove(s->parts, s->parts + first, (s->n_parts - first) * sizeof(s->parts[0]));
        s->n_parts -= first;
        return true;
}

static void add_part(struct clew_joint *j, struct slot *s, struct clew_joint_part place, uint32_t n)
{
        if (s->n_parts == CLEW_JOINT_PARTS_MAX || n == 0) {
                set_state(j, s, 0);
                return;
        }
        s->parts[s->n_parts++] = (struct part){place, n};
}

/* The earlier parts go on in @text: true when the text is whole at *ret_used bytes; else either all
 * of @text was taken, *ret_used is its length and the slot holds it, or nothing is left of them. */
static bool go_on(struct clew_joint *j, struct slot *s, struct clew_slice text, size_t *ret_used)
{
        uint32_t earlier = s->state;
        uint32_t k = s->state;

        *ret_used = 0;
        for (size_t i = 0; i < text.len && earlier > 0; i++) {
                k = step(j, k, text.data[i]);
                if (k == j->text.len) {
                        *ret_used = i + 1;
                        return keep_last(s, k - (uint32_t)(i + 1));
                }
                earlier = k > i + 1 ? k - (uint32_t)(i + 1) : 0;
        }
        if (earlier > 0 && keep_last(s, earlier)) {
                set_state(j, s, k);
                *ret_used = text.len;
        } else {
                set_state(j, s, 0);
        }
        return false;
}

/* What of the searched text begins at the end of @text, and is not all of it. */
static uint32_t tail_state(const struct clew_joint *j, struct clew_slice text)
{
        size_t n = text.len < j->text.len - 1 ? text.len : j->text.len - 1;
        uint32_t k = 0;

        if (n == 0 || !j->is_in[text.data[text.len - 1]])
                return 0;
        for (size_t i = text.len - n; i < text.len; i++)
                k = step(j, k, text.data[i]);
        return k;
}

unsigned clew_joint_next(struct clew_joint *j, struct clew_slice name, struct clew_slice text,
                         size_t (*place)(void *context, size_t at, bool is_end), void *context,
                         struct clew_buffer *parts)
{
        struct slot *s;
        struct clew_joint_part here;
        size_t used = 0;
        size_t from;
        unsigned found = 0;
        uint32_t k;

        if (text.len == 0)
                return 0;
        k = tail_state(j, text);
        if (k == 0 && j->n_open == 0) /* nearly all texts */
                return 0;
        s = slot_of(j, name, k > 0);
        if (!s)
                return 0;
        if (s->state > 0 && go_on(j, s, text, &used)) {
                here.from = place(context, 0, false);
                here.to = place(context, used, true);
                for (uint32_t i = 0; i < s->n_parts; i++)
                        clew_buffer_append(parts, &s->parts[i].place, sizeof(here));
                clew_buffer_append(parts, &here, sizeof(here));
                found = 1;
                set_state(j, s, 0);
        } else if (used == text.len && s->state > 0) {
                here.from = place(context, 0, false);
                here.to = place(context, text.len, true);
                add_part(j, s, here, (uint32_t)text.len);
                return 0;
        }
        if (found)
                k = tail_state(j, clew_slice_from(text, used));
        if (k == 0)
                return found;
        from = text.len - k;
        here.from = place(context, from, false);
        here.to = place(context, text.len, true);
        s->n_parts = 0;
        set_state(j, s, k);
        add_part(j, s, here, k);
        return found;
}
