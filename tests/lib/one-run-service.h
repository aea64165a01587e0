/*
 * A service over a store with one run (an agent, a model call, a tool; trace id 7f3a91c2...), a
 * rubric and a dataset "cases". It is read-only: everything of a write is done but the write
 * itself.
 */
#ifndef CLEW_TESTS_LIB_ONE_RUN_SERVICE_H
#define CLEW_TESTS_LIB_ONE_RUN_SERVICE_H

#include "query/serve/serve.h"

/* Made at the first call; its store goes when the process ends. */
const struct clew_service *test_service(void);

#endif
