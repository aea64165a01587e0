/*
 * Where certificates and keys lie.
 */
#ifndef CLEW_COLLECTOR_TLS_FILES_H
#define CLEW_COLLECTOR_TLS_FILES_H

/* PEM files; "off" or NULL = not given. Borrowed until free: they are read again. */
struct clew_tls_files {
        const char *cert;
        const char *key;       /* not given: in the file of the certificate */
        const char *client_ca; /* given: clients show a certificate that it has signed */
};

#endif
