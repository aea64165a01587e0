/*
 * The threads that answer questions: few and of low priority, so that none slows ingest, and each
 * question within its memory (proto/base/account.h).
 *
 * One that needs more than a small amount while another has the place for large ones is given up,
 * and begun again when it is its turn; meanwhile its thread answers others. A question that wrote
 * something is not given up (clew_mem_account_hurry()).
 */
#ifndef CLEW_COLLECTOR_API_QUESTIONS_INT_H
#define CLEW_COLLECTOR_API_QUESTIONS_INT_H

#include "collector/api/request-int.h"
#include "proto/base/account.h"
#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_questions;

/* 0 or a negative errno. @memory is borrowed until free. */
CLEW_MUST_USE int clew_questions_new(struct clew_mem_pool *memory, struct clew_questions **ret);
/* Takes a question over and suspends its connection, which is resumed when the answer is there.
 * False when there is no room, or all ends. */
CLEW_MUST_USE bool clew_questions_add(struct clew_questions *questions, struct clew_api_request *q);
/* No new ones; waits for those that are there, at most until @deadline_ns from now. 0 or
 * -ETIMEDOUT. */
CLEW_MUST_USE int clew_questions_drain(struct clew_questions *questions, uint64_t deadline_ns);
/* NULL is fine. */
void clew_questions_free(struct clew_questions *questions);

/* api.c's: answers @q, may be called again with an empty answer; and makes the answer the one that
 * is sent. Both on the thread of the question. */
void clew_api_answer(struct clew_api_request *q);
void clew_api_settle(struct clew_api_request *q);

#endif
