/*
 * See storage/place.h. A place that is not there yet is made at the start, so its absence is right.
 */
#include "storage/place.h"

#include "storage/base/directory-int.h"
#include "storage/bucket/bucket-int.h"

#include <errno.h>
#include <unistd.h>

int clew_place_check_store(const char *dir, struct clew_error *err)
{
        bool fresh;
        int fd;
        int r = clew_directory_check(dir, CLEW_STORE_READ, &fd, &fresh, err);

        if (r == 0)
                close(fd);
        return r == -ENOENT ? 0 : r;
}

int clew_place_check_bucket(const char *url, struct clew_error *err)
{
        struct clew_object_bucket *bucket = NULL;
        int r = clew_bucket_open(url, false, &bucket, err);

        clew_bucket_close(bucket);
        return r == -ENOENT ? 0 : r;
}
