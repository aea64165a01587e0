/*
 * Configuration of clewd: flags, and a file of `name = value` lines with the same names.
 *
 * One table drives both, and --help: a key exists in all three places or in none. A flag beats the
 * file wherever the two stand. Unknown keys, keys given twice in one file and values out of range
 * are errors that name the key, the value and the range.
 */
#ifndef CLEW_COLLECTOR_CONFIG_H
#define CLEW_COLLECTOR_CONFIG_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_CONFIG_TEXT_MAX 4096u /* PATH_MAX; the longest text value is a path */

struct clew_config {
        char store[CLEW_CONFIG_TEXT_MAX];
        char prices[CLEW_CONFIG_TEXT_MAX]; /* or "default" */
        char grpc[CLEW_CONFIG_TEXT_MAX];   /* "off" = no listener */
        char http[CLEW_CONFIG_TEXT_MAX];
        char log_level[CLEW_CONFIG_TEXT_MAX];
        char keys[CLEW_CONFIG_TEXT_MAX];          /* "default" = beside the store */
        char projects[CLEW_CONFIG_TEXT_MAX];      /* "off" = the store alone */
        char tls_cert[CLEW_CONFIG_TEXT_MAX];      /* "off" = no TLS */
        char tls_key[CLEW_CONFIG_TEXT_MAX];       /* "off" = in the file of the certificate */
        char tls_client_ca[CLEW_CONFIG_TEXT_MAX]; /* "off" = clients show none */
        char trusted_proxy[CLEW_CONFIG_TEXT_MAX]; /* "off" = nobody's word counts */
        char identity_header[CLEW_CONFIG_TEXT_MAX];
        char identity_scopes[CLEW_CONFIG_TEXT_MAX];
        uint64_t max_request_bytes; /* after decompression */
        uint64_t memory_budget_bytes;
        uint64_t command_memory_bytes;
        uint64_t max_waiting; /* requests that wait for memory before others are refused */
        uint64_t threads;     /* network threads; 0 = by the number of processors */
        uint64_t gather_ns;
        uint64_t seal_idle_ns;
        uint64_t seal_wait_ns;
        uint64_t seal_segment_bytes;
        uint64_t seal_cpu_percent;            /* of one processor; 0 = no sealing */
        char retention[CLEW_CONFIG_TEXT_MAX]; /* "off" = all is kept */
        char role[CLEW_CONFIG_TEXT_MAX];      /* "all" or "query" */
        char writer[CLEW_CONFIG_TEXT_MAX];    /* "off" = the one without a name */
        uint64_t ack_objects;                 /* a switch */
        uint64_t ack_objects_every_ns;        /* 0 = the pipeline's own */
        char advertise[CLEW_CONFIG_TEXT_MAX]; /* "off" = readers are told of no address */
        char tail_key[CLEW_CONFIG_TEXT_MAX];  /* "off" = no key is shown */
        char tail_ca[CLEW_CONFIG_TEXT_MAX];   /* "off" = the system's authorities */
        char objects[CLEW_CONFIG_TEXT_MAX];   /* "off" = sealed data stays in the store */
        uint64_t objects_cache_bytes;
        uint64_t objects_every_ns;         /* a reader asks for what is new */
        uint64_t objects_wait_ns;          /* what is sealed waits to be uploaded with more */
        uint64_t objects_local_bytes;      /* 0 = all stays here too */
        char redact[CLEW_CONFIG_TEXT_MAX]; /* "off" = all is stored as it comes */
        uint64_t retention_every_ns;
        uint64_t retention_cpu_percent;
        uint64_t facts;           /* 0 = sealing leaves facts and causes to `clew reindex` */
        uint64_t read_only;       /* 1 = answers questions about a store, collects nothing */
        uint64_t insecure_listen; /* 1 = other machines without TLS, or without keys */
        uint64_t audit_reads;     /* 1 = who reads what is noted too */
        uint64_t parent;          /* pid of who started it and takes it along; 0 = nobody */
        uint64_t shutdown_ns;
        uint64_t stats_ns;

        bool show_help;
        bool check; /* say whether it is right, and end */
        bool show_version;
};

void clew_config_init(struct clew_config *c);
/* It answers from a bucket alone, and collects nothing. */
bool clew_config_is_reader(const struct clew_config *c);
/* It takes data in. */
bool clew_config_collects(const struct clew_config *c);

/* Reads the command line, and the file that it names. Returns 0, or -EINVAL or the error of reading
 * the file, with a message. */
CLEW_MUST_USE int clew_config_read(struct clew_config *c, int argc, char *const *argv,
                                   struct clew_error *err);

/* Applies the text of a config file; @name is for messages. Keys that a flag has set are to be set
 * again afterwards. */
CLEW_MUST_USE int clew_config_parse_text(struct clew_config *c, const char *name, const char *text,
                                         struct clew_error *err);

/* The help text, allocated; NULL when memory is short. */
CLEW_MUST_USE char *clew_config_help(void);

/*
 * Takes over from @fresh what may change while the program runs, and calls @changed for each value
 * that differs: with @taken, or with what needs a restart. Of one thread, the one that reads the
 * values that are taken over.
 */
void clew_config_take_over(struct clew_config *c, const struct clew_config *fresh,
                           void (*changed)(void *context, const char *name, bool taken),
                           void *context);

/* A key as the help and the manual show it. */
struct clew_config_key {
        const char *name;
        const char *argument;
        const char *fallback;
        const char *help;
};

/* The @i-th key; NULL behind the last one. */
const struct clew_config_key *clew_config_key_at(size_t i, struct clew_config_key *room);

enum clew_log_level clew_config_log_level(const struct clew_config *c);

#endif
