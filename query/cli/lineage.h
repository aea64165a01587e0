/*
 * clew why --value and --span: where values came from and went, for people and machines.
 */
#ifndef CLEW_QUERY_CLI_LINEAGE_H
#define CLEW_QUERY_CLI_LINEAGE_H

#include "query/cli/output.h"
#include "query/cli/terminal.h"
#include "query/rca/view.h"

#include <stdbool.h>

struct clew_lineage_page {
        struct clew_cli *cli;
        const struct clew_look *look;
        struct clew_output *output;
        const struct clew_rca_view *view;
        bool nothing; /* set when a value is nowhere */
};

/* Prints the way of one value. Returns 0 or an exit status. */
CLEW_MUST_USE int clew_lineage_page_value(struct clew_lineage_page *p, struct clew_slice value);
/* Each id, number or date that the step of the trace model @step newly brought, with its way. */
CLEW_MUST_USE int clew_lineage_page_step(struct clew_lineage_page *p, uint32_t step);

#endif
