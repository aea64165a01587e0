#include "storage/bucket/s3-answer-int.h"

#include "proto/base/find.h"
#include "proto/base/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What stands between <name> and </name>, and what comes behind. False when there is none. */
static bool element(struct clew_slice xml, const char *name, struct clew_slice *ret,
                    struct clew_slice *ret_behind)
{
        char open[40];
        char close[40];
        int n = snprintf(open, sizeof(open), "<%s>", name);
        int m = snprintf(close, sizeof(close), "</%s>", name);
        const uint8_t *from = clew_find(xml, open, (size_t)n);
        const uint8_t *to;
        struct clew_slice rest;

        if (!from)
                return false;
        rest = clew_slice_from(xml, (size_t)(from - xml.data) + (size_t)n);
        to = clew_find(rest, close, (size_t)m);
        if (!to)
                return false;
        *ret = clew_slice_make(rest.data, (size_t)(to - rest.data));
        if (ret_behind)
                *ret_behind = clew_slice_from(rest, ret->len + (size_t)m);
        return true;
}

bool clew_s3_unescape(struct clew_slice text, char *ret, size_t size)
{
        static const struct {
                const char *name;
                char is;
        } entities[] = {
                {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
        };
        size_t used = 0;

        while (text.len && used + 1 < size) {
                size_t n = 1;
                char c = (char)text.data[0];

                for (size_t i = 0; c == '&' && i < CLEW_ARRAY_LEN(entities); i++) {
                        if (clew_slice_starts_with(text, clew_slice_of_cstr(entities[i].name))) {
                                c = entities[i].is;
                                n = strlen(entities[i].name);
                                break;
                        }
                }
                ret[used++] = (uint8_t)c < ' ' || c == 0x7f ? '?' : c;
                text = clew_slice_from(text, n);
        }
        ret[used] = '\0';
        return text.len == 0;
}

static void read_text(struct clew_slice xml, const char *name, char ret[CLEW_S3_TEXT_MAX])
{
        struct clew_slice text;

        ret[0] = '\0';
        if (element(xml, name, &text, NULL))
                (void)!clew_s3_unescape(text, ret, CLEW_S3_TEXT_MAX);
}

void clew_s3_error_read(struct clew_slice xml, struct clew_s3_error *ret)
{
        read_text(xml, "Code", ret->code);
        read_text(xml, "Message", ret->message);
        read_text(xml, "Region", ret->region);
        read_text(xml, "ServerTime", ret->server_time);
}

/* Whether all of a list that is named @open to @close is there; what it has, and whether there is
 * more. */
static bool list_open(struct clew_slice xml, const char *open, const char *close,
                      struct clew_slice *ret_left, bool *ret_truncated)
{
        struct clew_slice truncated;
        const uint8_t *at = clew_find(xml, open, strlen(open));

        if (!at || !clew_find(xml, close, strlen(close)))
                return false;
        *ret_left = clew_slice_from(xml, (size_t)(at - xml.data));
        *ret_truncated = element(xml, "IsTruncated", &truncated, NULL) &&
                         clew_slice_eq_cstr(truncated, "true");
        return true;
}

bool clew_s3_list_open(struct clew_slice xml, struct clew_s3_list *ret)
{
        return list_open(xml, "<ListBucketResult", "</ListBucketResult>", &ret->left,
                         &ret->truncated);
}

int clew_s3_list_next(struct clew_s3_list *list, struct clew_s3_item *ret)
{
        struct clew_slice contents;
        struct clew_slice size;

        if (!element(list->left, "Contents", &contents, &list->left))
                return 0;
        if (!element(contents, "Key", &ret->key, NULL) || !element(contents, "Size", &size, NULL) ||
            !clew_parse_uint64(size, &ret->bytes))
                return -EBADMSG;
        return 1;
}

/* ---- uploads in parts ------------------------------------------------------------------------ */

static bool is_plain(const char *text, const char *except)
{
        for (const char *c = text; *c; c++) {
                if (*c <= ' ' || *c >= 0x7f || strchr(except, *c))
                        return false;
        }
        return *text != '\0';
}

bool clew_s3_upload_id_read(struct clew_slice xml, char ret[CLEW_S3_UPLOAD_ID_MAX])
{
        struct clew_slice text;

        return element(xml, "UploadId", &text, NULL) &&
               clew_s3_unescape(text, ret, CLEW_S3_UPLOAD_ID_MAX) && is_plain(ret, "<>");
}

bool clew_s3_is_completed(struct clew_slice xml)
{
        return clew_find(xml, "<CompleteMultipartUploadResult", 30) &&
               clew_find(xml, "</CompleteMultipartUploadResult>", 32);
}

bool clew_s3_tag_is_good(const char *tag)
{
        return is_plain(tag, "<>&");
}

bool clew_s3_uploads_open(struct clew_slice xml, struct clew_s3_uploads *ret)
{
        return list_open(xml, "<ListMultipartUploadsResult", "</ListMultipartUploadsResult>",
                         &ret->left, &ret->truncated);
}

int clew_s3_uploads_next(struct clew_s3_uploads *list, struct clew_s3_upload *ret)
{
        struct clew_slice upload;

        if (!element(list->left, "Upload", &upload, &list->left))
                return 0;
        return element(upload, "Key", &ret->key, NULL) && clew_s3_upload_id_read(upload, ret->id)
                       ? 1
                       : -EBADMSG;
}
