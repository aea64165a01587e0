/*
 * The table of indexes, which can be done without.
 *
 * What is in it can be made anew, so damage to the pages of its tree costs it and nothing else: its
 * tree is looked at (tree-check-int.h) before it is read by a walk, and before a transaction may
 * write to it. A write transaction that meets damage leaves the tree where it is, makes another
 * table, `index.1`, `index.2` and so on, and takes the store's count of what is in it back to
 * nothing, all in that transaction. The one of the highest number is the table; those before stay
 * as they are, as a loss of space until clew compact. Nothing of theirs is freed: their pages
 * cannot be told.
 *
 * A tree that was looked at is not looked at again until another process has written to it: what
 * this one has written is on a tree that was whole. A process that only reads looks at the pages
 * that it comes to, before LMDB does: what that takes does not grow with the store.
 *
 * LMDB's rule for handles: one transaction at a time may open one. They are opened under env->lock,
 * by a transaction that does nothing else, or by the only write transaction before anyone can see
 * the table.
 */
#ifndef CLEW_STORAGE_INDEX_TABLE_INT_H
#define CLEW_STORAGE_INDEX_TABLE_INT_H

#include "storage/base/env-int.h"

/* Handles for tables that follow one another in one process; then it is as without this. */
#define CLEW_INDEX_TABLES_MAX 16u

/* When the environment was opened, in the transaction that has opened the tables: which one it is.
 * LMDB's result. */
CLEW_MUST_USE int clew_index_table_open(struct clew_env *env, MDB_txn *txn);
/* Whether a table of that name is one of them, and its number. */
bool clew_index_table_read_name(struct clew_slice name, unsigned *ret);
/* The table as @txn sees it. */
MDB_dbi clew_index_table_of(const struct clew_env *env, MDB_txn *txn);
/* Its number before a transaction is begun, for clew_index_table_is_old(). */
unsigned clew_index_table_number(const struct clew_env *env);
/* Whether @txn, begun when the number was @number, sees a later table: then it is to be ended and
 * begun again after clew_index_table_follow(). */
bool clew_index_table_is_old(const struct clew_env *env, MDB_txn *txn, unsigned number);
CLEW_MUST_USE int clew_index_table_follow(struct clew_env *env, unsigned number,
                                          struct clew_error *err);

/* In a read transaction, before its records are walked: 0, -EBADMSG. In a write transaction 0: it
 * was looked at. */
CLEW_MUST_USE int clew_index_table_check(struct clew_env *env, MDB_txn *txn,
                                         struct clew_error *err);
/* The same of a store that is only read for the pages on the way from key @from to @to alone, each
 * once (@to without data: to the end). In others a walk has looked at all. */
CLEW_MUST_USE int clew_index_table_check_range(struct clew_env *env, MDB_txn *txn,
                                               struct clew_slice from, struct clew_slice to,
                                               struct clew_error *err);
/* Whether it is looked at so. */
bool clew_index_table_is_read_only(const struct clew_env *env);
/* Frees what is remembered of pages. Of an environment without transactions, or with its lock held.
 */
void clew_index_table_forget(struct clew_env *env);
/* The tree is to be looked at again, whoever wrote it. */
void clew_index_table_doubt(struct clew_env *env);
/* The next write transaction makes another table. */
void clew_index_table_condemn(struct clew_env *env);
/* How often another one was made by this environment. */
uint64_t clew_index_table_renewals(const struct clew_env *env);

/* ---- around a write transaction ---- */

/* It has begun. */
CLEW_MUST_USE int clew_index_table_begin_write(struct clew_env *env, MDB_txn *txn,
                                               struct clew_error *err);
/* Whether the count of its records in the state is to be taken back to nothing, until the state is
 * written. */
bool clew_index_table_is_uncounted(const struct clew_env *env, MDB_txn *txn);
void clew_index_table_counted(struct clew_env *env);
/* LMDB's result of mdb_txn_commit(). */
int clew_index_table_commit(struct clew_env *env, MDB_txn *txn);
void clew_index_table_abort(struct clew_env *env, MDB_txn *txn);

#endif
