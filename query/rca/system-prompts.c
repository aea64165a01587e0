/*
 * System prompts that a run has read: the same one stands in each of its model calls, and is the
 * longest text of most. One that is the same byte for byte is neither hashed nor looked up again.
 */
#include "query/rca/view-int.h"

static bool is_plain(const struct clew_message *m)
{
        return m->role == CLEW_ROLE_SYSTEM && m->hash == 0 && m->n_parts == 1 &&
               m->parts[0].type == CLEW_PART_TEXT && m->parts[0].text.len > 0 &&
               m->parts[0].name.len == 0 && m->parts[0].uri.len == 0 && m->parts[0].media_hash == 0;
}

uint64_t clew_rca_known_prompt(const struct clew_rca_builder *b, const struct clew_message *m)
{
        for (uint32_t i = 0; i < CLEW_RCA_PROMPTS_MAX && is_plain(m); i++) {
                if (b->prompts[i].hash && clew_slice_eq(b->prompts[i].text, m->parts[0].text))
                        return b->prompts[i].hash;
        }
        return 0;
}

void clew_rca_know_prompt(struct clew_rca_builder *b, const struct clew_message *m)
{
        const struct clew_rca_view *v = b->v;
        struct clew_slice text;

        if (v->n_units == 0 || !is_plain(m))
                return;
        text = v->units[v->n_units - 1].text; /* only one that was new just now is kept there */
        if (clew_slice_eq(text, m->parts[0].text))
                b->prompts[b->n_prompts++ % CLEW_RCA_PROMPTS_MAX] =
                        (struct clew_rca_prompt){text, clew_message_hash(m)};
}
