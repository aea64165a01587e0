/*
 * See tls-session-int.h. Hazard: OpenSSL keeps its errors in a queue of the thread; it is emptied
 * before each call, since an old one would be taken for the next one's.
 */
#include "collector/front/tls-session-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>

struct clew_tls_context {
        SSL_CTX *ctx;
};

struct clew_tls_session {
        SSL *ssl;
        char why[128];
};

/* ---- context -------------------------------------------------------------------------------- */

/* Of what the client offers. Who speaks both (a browser, curl) speaks HTTP/1.1 with us: behind h2
 * there is gRPC, whose clients offer nothing else. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned int in_len, void *context)
{
        static const unsigned char known[] = "\x08http/1.1\x02h2";
        unsigned char *chosen = NULL;

        (void)ssl;
        (void)context;
        if (SSL_select_next_proto(&chosen, out_len, known, sizeof(known) - 1, in, in_len) !=
            OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
}

static int fail(struct clew_error *err, const char *what, const char *file)
{
        unsigned long code = ERR_peek_last_error();
        const char *reason = ERR_reason_error_string(code);

        return clew_error_set(err, -EPERM, 0, "%s %s: %s", what, file,
                              reason ? reason : "cannot be used");
}

static bool is_given(const char *file)
{
        return file && *file && strcmp(file, "off") != 0;
}

/* OpenSSL would wait for the writer of a pipe, for ever and in the middle of a reload. */
static int check_plain(const char *what, const char *file, struct clew_error *err)
{
        struct stat st;

        return stat(file, &st) == 0 && !S_ISREG(st.st_mode)
                       ? clew_error_set(err, -EPERM, 0, "%s %s: is not a regular file", what, file)
                       : 0;
}

static int load(SSL_CTX *ctx, const struct clew_tls_files *files, struct clew_error *err)
{
        const char *key = is_given(files->key) ? files->key : files->cert;
        int r = check_plain("tls-cert", files->cert, err);

        if (r == 0)
                r = check_plain("tls-key", key, err);
        if (r == 0 && is_given(files->client_ca))
                r = check_plain("tls-client-ca", files->client_ca, err);
        if (r < 0)
                return r;
        ERR_clear_error();
        if (SSL_CTX_use_certificate_chain_file(ctx, files->cert) != 1)
                return fail(err, "tls-cert", files->cert);
        if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
                return fail(err, "tls-key", key);
        if (SSL_CTX_check_private_key(ctx) != 1)
                return fail(err, "tls-key is of another certificate:", key);
        if (!is_given(files->client_ca))
                return 0;
        if (SSL_CTX_load_verify_locations(ctx, files->client_ca, NULL) != 1)
                return fail(err, "tls-client-ca", files->client_ca);
        SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(files->client_ca));
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        return 0;
}

int clew_tls_context_new(const struct clew_tls_files *files, struct clew_tls_context **ret,
                         struct clew_error *err)
{
        static const unsigned char id[] = "clewd";
        struct clew_tls_context *context = clew_calloc(1, sizeof(*context));
        int r;

        if (context)
                context->ctx = SSL_CTX_new(TLS_server_method());
        if (!context || !context->ctx) {
                clew_free(context);
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        }
        SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
        SSL_CTX_set_options(context->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                                  SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(context->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                               SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_alpn_select_cb(context->ctx, choose_protocol, NULL);
        SSL_CTX_set_session_id_context(context->ctx, id, sizeof(id) - 1);
        SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_OFF); /* tickets instead */
        r = load(context->ctx, files, err);
        if (r < 0) {
                clew_tls_context_free(context);
                return r;
        }
        *ret = context;
        return 0;
}

void clew_tls_context_free(struct clew_tls_context *context)
{
        if (!context)
                return;
        SSL_CTX_free(context->ctx);
        clew_free(context);
}

/* ---- session -------------------------------------------------------------------------------- */

struct clew_tls_session *clew_tls_session_new(struct clew_tls_context *context, int fd)
{
        struct clew_tls_session *s = clew_calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->ssl = SSL_new(context->ctx);
        if (!s->ssl || SSL_set_fd(s->ssl, fd) != 1) {
                clew_tls_session_free(s);
                return NULL;
        }
        SSL_set_accept_state(s->ssl);
        return s;
}

void clew_tls_session_free(struct clew_tls_session *s)
{
        if (!s)
                return;
        SSL_free(s->ssl);
        clew_free(s);
}

static enum clew_tls_step step_of(struct clew_tls_session *s, int r)
{
        unsigned long code;
        const char *reason;

        switch (SSL_get_error(s->ssl, r)) {
        case SSL_ERROR_NONE:
                return CLEW_TLS_DONE;
        case SSL_ERROR_WANT_READ:
                return CLEW_TLS_WANT_READ;
        case SSL_ERROR_WANT_WRITE:
                return CLEW_TLS_WANT_WRITE;
        case SSL_ERROR_ZERO_RETURN:
                return CLEW_TLS_END;
        default:
                break;
        }
        code = ERR_peek_last_error();
        reason = code ? ERR_reason_error_string(code) : NULL;
        (void)snprintf(s->why, sizeof(s->why), "%s", reason ? reason : "the connection broke off");
        return CLEW_TLS_FAILED;
}

enum clew_tls_step clew_tls_session_accept(struct clew_tls_session *s)
{
        ERR_clear_error();
        return step_of(s, SSL_do_handshake(s->ssl));
}

enum clew_tls_step clew_tls_session_read(struct clew_tls_session *s, uint8_t *to, size_t max,
                                         size_t *ret_n)
{
        ERR_clear_error();
        *ret_n = 0;
        return step_of(s, SSL_read_ex(s->ssl, to, max, ret_n));
}

enum clew_tls_step clew_tls_session_write(struct clew_tls_session *s, const uint8_t *from, size_t n,
                                          size_t *ret_n)
{
        ERR_clear_error();
        *ret_n = 0;
        return step_of(s, SSL_write_ex(s->ssl, from, n, ret_n));
}

bool clew_tls_session_has_more(const struct clew_tls_session *s)
{
        return SSL_has_pending(s->ssl) == 1;
}

void clew_tls_session_say_end(struct clew_tls_session *s)
{
        ERR_clear_error();
        (void)SSL_shutdown(s->ssl);
        ERR_clear_error();
}

const char *clew_tls_session_why(struct clew_tls_session *s)
{
        return s->why;
}
