/*
 * Messages of the model as messages of an item.
 */
#ifndef CLEW_QUERY_REVIEW_ITEM_MESSAGES_H
#define CLEW_QUERY_REVIEW_ITEM_MESSAGES_H

#include "proto/base/arena.h"
#include "query/model/message.h"
#include "query/review/item.h"

#include <stdbool.h>
#include <stdint.h>

/* A conversation that grows in an arena. */
struct clew_conversation {
        struct clew_arena *arena;
        struct clew_item_message *items;
        uint32_t n;
        uint32_t room;
};

/* Adds the messages of @m from @from on; each tool result becomes a message of its own. False when
 * there are too many, or memory is short. */
CLEW_MUST_USE bool clew_conversation_add(struct clew_conversation *c, const struct clew_messages *m,
                                         uint32_t from);

#endif
