/*
 * Whether what a configuration names can be used, asked before anything is started: nothing is
 * made, locked or sent, and what a store or a bucket holds is not looked at.
 */
#ifndef CLEW_STORAGE_PLACE_H
#define CLEW_STORAGE_PLACE_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"

/* @dir, when it is there, is a store, or one can be made in it. Errors as of clew_store_open(). */
CLEW_MUST_USE int clew_place_check_store(const char *dir, struct clew_error *err);
/* @url can be the address of a bucket; the directory of dir:// may be missing. -EINVAL, or what
 * opening the directory told. */
CLEW_MUST_USE int clew_place_check_bucket(const char *url, struct clew_error *err);

#endif
