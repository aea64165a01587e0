/*
 * A program that belongs to this one: beside it where both are installed, or in a folder of its own
 * in a build.
 */
#ifndef CLEW_PROTO_BASE_BESIDE_H
#define CLEW_PROTO_BASE_BESIDE_H

#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define CLEW_BESIDE_BYTES 4096u

/* @places: paths from this program's directory, each with a "/" before it, ending with NULL. The
 * first that can be run; false when none can. */
CLEW_MUST_USE bool clew_find_beside(const char *const *places, char ret[CLEW_BESIDE_BYTES]);

#endif
