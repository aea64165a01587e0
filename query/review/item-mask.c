/*
 * See item-mask.h.
 */
#include "query/review/item-mask.h"

#include <errno.h>
#include <string.h>

struct masking {
        struct clew_mask *m;
        struct clew_arena *arena;
        struct clew_buffer text;
        int error;
};

static void mask(struct masking *k, struct clew_slice *text)
{
        clew_buffer_clear(&k->text);
        if (!clew_mask_text(k->m, *text, &k->text))
                return;
        k->error = k->error ? k->error : clew_buffer_error(&k->text);
        if (k->error == 0)
                *text = clew_arena_copy(k->arena, clew_buffer_slice(&k->text));
}

/* A copy of a list that may be written to; NULL when it is empty, or there is no memory. */
static void *copy(struct masking *k, const void *items, size_t n, size_t size)
{
        void *made = n ? clew_arena_calloc(k->arena, n, size) : NULL;

        if (made)
                memcpy(made, items, n * size);
        else if (n)
                k->error = k->error ? k->error : -ENOMEM;
        return made;
}

static const struct clew_item_call *mask_calls(struct masking *k,
                                               const struct clew_item_call *calls, uint32_t n)
{
        struct clew_item_call *made = copy(k, calls, n, sizeof(*made));

        for (uint32_t i = 0; made && i < n; i++) {
                mask(k, &made[i].arguments);
                mask(k, &made[i].result);
        }
        return made;
}

static void mask_messages(struct masking *k, struct clew_item_messages *messages)
{
        struct clew_item_message *made = copy(k, messages->items, messages->n, sizeof(*made));

        for (uint32_t i = 0; made && i < messages->n; i++) {
                mask(k, &made[i].content);
                mask(k, &made[i].reasoning);
                mask(k, &made[i].name);
                made[i].calls = mask_calls(k, made[i].calls, made[i].n_calls);
        }
        messages->items = made;
}

static void mask_tools(struct masking *k, struct clew_item *item)
{
        struct clew_tool_definition *made = copy(k, item->tools, item->n_tools, sizeof(*made));

        for (uint32_t i = 0; made && i < item->n_tools; i++) {
                mask(k, &made[i].description);
                mask(k, &made[i].schema);
        }
        item->tools = made;
}

static const struct clew_slice *mask_texts(struct masking *k, const struct clew_slice *texts,
                                           uint32_t n)
{
        struct clew_slice *made = copy(k, texts, n, sizeof(*made));

        for (uint32_t i = 0; made && i < n; i++)
                mask(k, &made[i]);
        return made;
}

static void mask_scores(struct masking *k, struct clew_item *item)
{
        struct clew_item_score *made = copy(k, item->scores, item->n_scores, sizeof(*made));

        for (uint32_t i = 0; made && i < item->n_scores; i++) {
                mask(k, &made[i].label);
                mask(k, &made[i].source);
        }
        item->scores = made;
}

int clew_item_mask(struct clew_item *item, struct clew_mask *m, struct clew_arena *arena)
{
        struct masking k = {.m = m, .arena = arena};
        struct clew_slice *const texts[] = {&item->name,    &item->agent,      &item->service,
                                            &item->session, &item->cause_text, &item->input_json,
                                            &item->output,  &item->expected,   &item->metadata};

        if (m->rules == 0)
                return 0;
        clew_buffer_init(&k.text, 2 * CLEW_ITEM_BYTES_MAX);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++)
                mask(&k, texts[i]);
        mask_messages(&k, &item->input);
        mask_messages(&k, &item->trajectory);
        mask_tools(&k, item);
        item->calls.items = mask_calls(&k, item->calls.items, item->calls.n);
        item->expected_calls.items =
                mask_calls(&k, item->expected_calls.items, item->expected_calls.n);
        item->labels = mask_texts(&k, item->labels, item->n_labels);
        item->notes = mask_texts(&k, item->notes, item->n_notes);
        mask_scores(&k, item);
        clew_buffer_deinit(&k.text);
        return k.error ? k.error : clew_arena_failed(arena) ? -ENOMEM : 0;
}
