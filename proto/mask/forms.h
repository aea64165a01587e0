/*
 * The forms in which a text can stand in other texts: as it is; inside of JSON, up to three strings
 * deep, in the ways that writers of JSON escape; percent-encoded; as hex; as base64, at whatever
 * place of what was encoded.
 */
#ifndef CLEW_PROTO_MASK_FORMS_H
#define CLEW_PROTO_MASK_FORMS_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Shorter texts are in much that is not meant. */
#define CLEW_FORMS_TEXT_MIN 6u
#define CLEW_FORMS_TEXT_MAX 4096u
/* The text; 3 depths of 5 ways; 8 percent-encoded; 2 of hex; 3 places in base64, in 2 alphabets. */
#define CLEW_FORMS_MAX 32u

enum clew_form_kind {
        CLEW_FORM_TEXT,   /* any characters may stand in its place */
        CLEW_FORM_HEX,    /* digits and the letters a to f may ... */
        CLEW_FORM_BASE64, /* ... digits and letters may */
};

struct clew_form {
        struct clew_slice bytes; /* in the arena */
        enum clew_form_kind kind;
        uint8_t before; /* base64: this many bytes stand before it in the group of three */
        bool is_url;    /* base64: of the other alphabet */
};

struct clew_forms {
        struct clew_form all[CLEW_FORMS_MAX]; /* each once; the first is the text itself */
        uint32_t n;
};

/* @text has CLEW_FORMS_TEXT_MIN to CLEW_FORMS_TEXT_MAX bytes of UTF-8; it is copied. 0, -ENOMEM. */
CLEW_MUST_USE int clew_forms_make(struct clew_slice text, struct clew_arena *arena,
                                  struct clew_forms *ret);
/* The digits that the bytes of @text decide alone when @before bytes stand before them. */
CLEW_MUST_USE int clew_forms_base64(struct clew_slice text, unsigned before, bool is_url,
                                    struct clew_arena *arena, struct clew_slice *ret);

#endif
