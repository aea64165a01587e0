/*
 * Refusals in the audit log. A stranger can be refused as often as he likes, and an agent with an
 * old key is for days; the log tells of all of them and grows by little:
 *
 * The first refusal of a group (who asked, from where, for what, and how it was refused) is written
 * at once. Those that follow within a minute are counted, and one line tells how many they were. Of
 * who tries many paths a few are told, the others are one group; so are all who find no place.
 *
 * Threads: any.
 */
#ifndef CLEW_COLLECTOR_GATE_REFUSALS_H
#define CLEW_COLLECTOR_GATE_REFUSALS_H

#include "proto/base/clock.h"
#include "proto/base/compiler.h"
#include "query/serve/audit.h"

/* Groups at a time: so many first lines a minute at most, and as many that count. */
#define CLEW_REFUSALS_GROUPS 64u
/* Paths of one who asks. */
#define CLEW_REFUSALS_PATHS 4u
/* A group is counted for so long. */
#define CLEW_REFUSALS_WINDOW_NS (60 * CLEW_NS_PER_S)
#define CLEW_REFUSALS_OTHER_PATHS "(other paths)"
#define CLEW_REFUSALS_OTHERS "(others)"

struct clew_refusals;

/* Both are borrowed until free. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_refusals_new(struct clew_audit *audit, const struct clew_clock *clock,
                                    struct clew_refusals **ret);
/* Writes what was counted. NULL is fine. */
void clew_refusals_free(struct clew_refusals *refusals);

/* @entry->time_ns is set here, and its parameters ("?...") are left out. NULL is fine. */
void clew_refusals_note(struct clew_refusals *refusals, const struct clew_audit_entry *entry);
/* Writes what was counted of groups whose time is over. To be called about once a second; NULL is
 * fine. */
void clew_refusals_tick(struct clew_refusals *refusals);

#endif
