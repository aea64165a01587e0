/*
 * Facets: what is written about a trace at sealing, and how a query asks for it.
 *
 * A facet is a key of an index run (storage/index.h): a place, a name, and a value, in that order,
 * so that the values of one name stand together.
 *
 *     place 1 | name | 00 | value
 *
 * The place is a letter: `c` a field that Clew derives or an intrinsic (the name is that of its row
 * in the table of fields), else where an attribute stands. An empty value says that the name is
 * there. Else its first byte tells what follows; some values are only hinted at:
 *
 *     t text               exactly this text
 *     h hash 4             a text that is long or looks like an id: some text of that hash; of an
 *                          attribute without the hash, as its words say what it is (term-int.h)
 *     i number 2 be        a whole number of up to three digits
 *     b 0 or 1             true, false
 *     I code 2 be          some greater whole number of that code
 *     F code 2 be          some number that was sent as one with a fraction, or is one of a step
 *     X                    bytes
 *     E                    nothing: the name is there and compares with nothing
 *     *                    some value, not told: of names that count (`messages.3.content`)
 *     ?                    a text that a summary may have cut
 *
 * The code of a number is the first 16 bits of it as a double: its sign, its exponent and four
 * bits, so 16 steps from each power of two to the next. All but the sign of negative ones is turned
 * over, so that a greater number has no smaller code, whether it was rounded or not: of numbers
 * whose code is another one than that of a bound it is known on which side of it they are.
 *
 * So a posting of `t`, `i` and `b` decides, and one of `I` and `F` for a bound of another code; the
 * others only narrow. Traces that the index cannot
 * decide at all (parts of a run in several, too many facets, keys twice on one span ...) have the
 * key CLEW_FACET_SPECIAL and are always asked themselves.
 */
#ifndef CLEW_QUERY_FIND_INDEX_FACET_INT_H
#define CLEW_QUERY_FIND_INDEX_FACET_INT_H

#include "query/find/language/fields-int.h"
#include "storage/index.h"

/* Raised whenever a key or column is given otherwise; the rules are counted in apart. */
#define CLEW_FACETS_VERSION 9u

#define CLEW_FACET_SPECIAL CLEW_SLICE_LITERAL("!")
#define CLEW_FACET_NAME_MAX 128u
/* Name of the facet that tells the agent which a run began with. */
#define CLEW_FACET_FIRST_AGENT "agents.first"
/* Longer texts are hinted at. */
#define CLEW_FACET_TEXT_MAX 64u
#define CLEW_FACET_INT_MAX 999
/* The code of what is no number: it is on no side of any. */
#define CLEW_FACET_CODE_NAN 0xffffu

enum clew_facet_place {
        CLEW_FACET_DERIVED = 'c',
        CLEW_FACET_NUMBER = 'n', /* a number of steps; its name is a letter */
        CLEW_FACET_SPAN = 's',
        CLEW_FACET_RESOURCE = 'r',
        CLEW_FACET_EVENT = 'e',
        CLEW_FACET_LINK = 'l',
        CLEW_FACET_SCOPE = 'i',
        CLEW_FACET_LOG = 'g',
};

/* A key under construction. */
struct clew_index_facet {
        uint8_t bytes[CLEW_INDEX_KEY_MAX];
        size_t len;
        size_t name_len; /* up to where the value begins */
};

static inline struct clew_slice clew_facet_key(const struct clew_index_facet *f)
{
        return clew_slice_make(f->bytes, f->len);
}

/* Begins a key without a value. False: the name cannot be told so. */
bool clew_facet_begin(struct clew_index_facet *f, enum clew_facet_place place,
                      struct clew_slice name);
/* Gives it another value, of text. *ret_exact: the key decides. */
void clew_facet_text(struct clew_index_facet *f, struct clew_slice text, bool *ret_exact);
void clew_facet_tag(struct clew_index_facet *f, char tag);
/* The name has a number between dots: a list that was sent piece by piece. Its values are texts of
 * messages more often than not, and many. */
bool clew_facet_counts(struct clew_slice name);
/* The code of a number, as above. */
uint16_t clew_facet_code(double v);
/* Gives it a value of two bytes, big-endian. */
void clew_facet_code_put(struct clew_index_facet *f, char tag, uint16_t code);
/* The value of a number or truth value that is compared with `=`; false: none can be told. */
bool clew_facet_value(struct clew_index_facet *f, const struct clew_operand *v, bool *ret_exact);

/* Numbers of the run. Columns are numbered for good. */
enum clew_column {
        CLEW_COLUMN_DURATION,
        CLEW_COLUMN_TOKENS_TOTAL,
        CLEW_COLUMN_TOKENS_IN,
        CLEW_COLUMN_TOKENS_OUT,
        CLEW_COLUMN_TOKENS_CACHED,
        CLEW_COLUMN_COST, /* hundred millionths of a dollar plus one; 0 = none */
        CLEW_COLUMN_STEPS,
        CLEW_COLUMN_SPANS,
        CLEW_COLUMN_ERRORS,
        CLEW_COLUMN_LLM,
        CLEW_COLUMN_TOOL,
        CLEW_COLUMN_LOOPS,
        CLEW_COLUMN_LOOP_ROUNDS,
        CLEW_COLUMN_STALLS,
        CLEW_COLUMN_STALL_CALLS,
        CLEW_COLUMN_RETRIES,
        CLEW_COLUMN_WASTE_STEPS,
        CLEW_COLUMN_WASTE_TOKENS,
        CLEW_COLUMN_WASTE_NS,
        CLEW_COLUMN_CAUSE_STEP,
        CLEW_COLUMN_OUTCOME, /* enum clew_outcome */
        CLEW_COLUMN_SETTLED,
        CLEW_COLUMN_KINDS,
        CLEW_COLUMN_RULES,
        CLEW_COLUMN_WASTE_COST, /* as CLEW_COLUMN_COST */
        CLEW_COLUMNS,
};

/* The column that holds the numbers of a field, as they are; false = none does. */
bool clew_column_of(const struct clew_field_row *row, unsigned *ret);

/* Derived fields and intrinsics that facets are given of. */
struct clew_facet_field {
        const char *name;
        bool of_run; /* told by the summary; else read on each span */
};
extern const struct clew_facet_field clew_facet_fields[];
extern const size_t clew_n_facet_fields;
bool clew_facet_has_field(const struct clew_field_row *row);
/* Numbers of steps that codes are given of, under `F` whatever they are. */
struct clew_facet_number {
        const char *field;
        const char *name; /* of the facet: a letter, so that keys are short */
};
#define CLEW_FACET_NUMBERS 3u
extern const struct clew_facet_number clew_facet_numbers[CLEW_FACET_NUMBERS];
/* The name of the facet; NULL = it is none of them. */
const char *clew_facet_number_of(const struct clew_field_row *row);
/* Scores that spans carry: a facet for each name, without its values. */
#define CLEW_FACET_SCORE "span.clew.score."
bool clew_facet_is_score(const struct clew_field_row *row);

#endif
