/*
 * What a fuzz target defines. The name and the signature are libFuzzer's.
 */
#ifndef CLEW_TESTS_FUZZ_FUZZ_H
#define CLEW_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Runs one input; returns 0. A broken promise aborts (CLEW_ASSERT). */
__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
