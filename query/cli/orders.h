/*
 * clew redact where others write to the store's bucket too: they are told, and it is said who has
 * done it (storage/order.h).
 */
#ifndef CLEW_QUERY_CLI_ORDERS_H
#define CLEW_QUERY_CLI_ORDERS_H

#include "query/cli/cli.h"
#include "storage/order.h"

/* So long it is waited for the others, unless somebody says otherwise. */
#define CLEW_ORDERS_WAIT_S 60u

struct clew_cli_order {
        struct clew_cli *cli;
        bool here;       /* nothing is given: what is to go is not written to the bucket */
        uint64_t wait_s; /* for the others */
        /* What it has come to. */
        struct clew_order_told told;
        char error[CLEW_ERROR_MESSAGE_MAX]; /* why it could not be given; "" = it could */
};

/* Before it is done here: asks who else writes, and gives the order. What goes wrong is told at the
 * end. */
void clew_cli_order_begin(struct clew_cli_order *o, enum clew_order_kind kind,
                          struct clew_slice what);
/* Afterwards: waits for the others. 0 = all have done it; CLEW_EXIT_ELSEWHERE after a message that
 * names those that have not. */
CLEW_MUST_USE int clew_cli_order_end(struct clew_cli_order *o);
/* The same when it could not be done here. */
void clew_cli_order_failed(const struct clew_cli_order *o);

/* clew redact --orders, clew redact --take-back ID. */
CLEW_MUST_USE int clew_cli_orders_list(struct clew_cli *cli, bool json);
CLEW_MUST_USE int clew_cli_order_take_back(struct clew_cli *cli, const char *id);

#endif
