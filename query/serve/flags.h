/*
 * Parameters of a request, described once: what the command line takes as flags, and the API as
 * parameters of the same names. A description points at the variables that take the values.
 */
#ifndef CLEW_QUERY_SERVE_FLAGS_H
#define CLEW_QUERY_SERVE_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of one repeated flag. More is a mistake of a script. */
#define CLEW_FLAG_VALUES_MAX 64

/* The values of a flag that may be given several times; the strings are whose who gave them. */
struct clew_flag_values {
        const char *values[CLEW_FLAG_VALUES_MAX];
        size_t n;
};

/* Exactly one of the ret_* pointers is set. */
struct clew_flag {
        const char *name;  /* without "--"; NULL ends the array */
        char letter;       /* 0 = none */
        const char *value; /* name of the value in the help text; NULL for ret_flag */
        const char *help;
        bool *ret_flag;
        const char **ret_text; /* last one wins; borrowed */
        struct clew_flag_values *ret_values;
        uint64_t *ret_number; /* decimal, no sign */
        bool from_one;        /* of a number: 0 is none */
};

/*
 * An array of flags put together from parts: struct clew_flag_set shared = {0}; then the add
 * functions of the parts (clew_filter_flags_add() and its like); then pass shared.flags.
 */
#define CLEW_FLAGS_MAX 64 /* a command with more needs another design */
struct clew_flag_set {
        struct clew_flag flags[CLEW_FLAGS_MAX + 1]; /* ends with an empty row */
        size_t n;
};
void clew_flag_set_add(struct clew_flag_set *set, struct clew_flag flag);

/* The flag of that name, or NULL; @flags may be NULL. */
const struct clew_flag *clew_flag_find(const struct clew_flag *flags, const char *name, size_t len);

#endif
