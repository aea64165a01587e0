/*
 * GET /metrics: what a scraper is answered with, in the form it asks for.
 *
 * The text is made at most so often that making it stays below a fiftieth of one processor, however
 * many scrape; in between all get the same one. It is answered on the library's thread: a scrape
 * must not wait behind questions.
 */
#ifndef CLEW_COLLECTOR_API_METRICS_INT_H
#define CLEW_COLLECTOR_API_METRICS_INT_H

#include "collector/api/request-int.h"

struct clew_metrics_page;

/* NULL: no memory. */
CLEW_MUST_USE struct clew_metrics_page *clew_metrics_page_new(void);
void clew_metrics_page_free(struct clew_metrics_page *page); /* NULL is fine */

/* Whether the path is that of the metrics; and its answer, for who was admitted. */
CLEW_MUST_USE bool clew_api_is_metrics(const char *path);
void clew_api_metrics(struct clew_metrics_page *page, const struct clew_api_options *options,
                      struct clew_api_request *q);

#endif
