/*
 * The checks of clew_store_verify() over an open store, without the child process around them.
 */
#ifndef CLEW_STORAGE_VERIFY_INT_H
#define CLEW_STORAGE_VERIFY_INT_H

#include "storage/source/store-int.h"

/* Reports each finding and returns how many, or a negative errno when the walk itself ended. */
CLEW_MUST_USE int clew_verify_records(struct clew_store *store, clew_verify_report_fn report,
                                      void *context, struct clew_error *err);

/* The part of it that looks at indexes. Returns how many findings. */
CLEW_MUST_USE int clew_verify_index(struct clew_env *env, MDB_txn *txn,
                                    clew_verify_report_fn report, void *context);

#endif
