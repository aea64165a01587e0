/*
 * Background sealing: asks the store to seal idle traces, in small steps.
 *
 * It must never starve ingest: each step has a budget of bytes, runs at a low priority (all but the
 * short write transactions, which the pipeline's writer makes for it), and after each step it rests
 * so long that its CPU time stays below a given share of one processor. Nor may others starve it:
 * on a machine that is busy with something else a low priority gets next to nothing, and what is
 * hot would grow until the disk is full. When more is due than `behind_bytes`, steps run at the
 * priority of the process until half of that is left. A thread cannot take a low priority back
 * without privileges, so there are two threads, of which one steps at a time.
 */
#ifndef CLEW_COLLECTOR_SEALER_H
#define CLEW_COLLECTOR_SEALER_H

#include "collector/base/counters.h"
#include "collector/commit/figures.h"
#include "collector/commit/pipeline.h"
#include "proto/base/account.h"
#include "proto/base/compiler.h"
#include "storage/store.h"

#include <stdint.h>

struct clew_sealer;

struct clew_sealer_options {
        struct clew_store *store;       /* borrowed until free */
        struct clew_mem_pool *memory;   /* borrowed until free */
        struct clew_pipeline *pipeline; /* borrowed until free; its writer does the writing */
        struct clew_counters *counters; /* borrowed */
        struct clew_figures *figures;   /* borrowed until free; what is sealed is counted there */
        uint64_t idle_ns;
        uint64_t max_wait_ns;
        size_t segment_bytes;
        unsigned cpu_percent;  /* 1 to 100, of one processor */
        uint64_t behind_bytes; /* OTLP bytes that are due, from which on sealing is behind */
};

CLEW_MUST_USE int clew_sealer_new(const struct clew_sealer_options *options,
                                  struct clew_sealer **ret);
/* OTLP bytes that were due after the last step, and are still hot. */
uint64_t clew_sealer_due_bytes(const struct clew_sealer *s);
/* Ends the threads after the step that it is in. NULL is fine. */
void clew_sealer_free(struct clew_sealer *s);

#endif
