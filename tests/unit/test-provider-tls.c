/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions over TLS: a server whose certificate is right, of an unknown authority, of another name or expired, and one
 * that wants to see ours. Everything is made when the test begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/files.h"
#include "common/text.h"
#include "tests/unit/bad-server.h"
#include "tests/unit/provider-asker.h"

#define DAY 86400L
#define REPLY "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n42"

static char folder[] = "/tmp/rollout-test-tls-XXXXXX";
static unsigned port;
static int listener;
static pthread_t server;
static SSL_CTX *volatile serving; /* what the next connection is shown */

/* --- certificates */

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static const char *path_of(char buffer[static 128], const char *name, const char *kind) {
    (void)snprintf(buffer, 128, "%s/%s.%s", folder, name, kind);
    return buffer;
}

static void add_extension(X509 *certificate, int nid, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void write_pem(const char *name, const struct identity *identity) {
    char path[128];
    FILE *file = fopen(path_of(path, name, "crt"), "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, identity->certificate), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(path_of(path, name, "key"), "we");
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

/* NAMES is a subjectAltName, NULL for an authority; ISSUER NULL: signed by itself. It ends DAYS from now. */
static struct identity make(const char *name, const char *names, const struct identity *issuer, long days) {
    static long serial = 1;
    struct identity made = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509 *certificate = made.certificate;
    assert_true(made.key && certificate);
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * DAY));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY));
    X509_NAME *subject = X509_get_subject_name(certificate);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate) : subject),
                     1);
    assert_int_equal(X509_set_pubkey(certificate, made.key), 1);
    add_extension(certificate, NID_basic_constraints, names ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names)
        add_extension(certificate, NID_subject_alt_name, names);
    assert_true(X509_sign(certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
    write_pem(name, &made);
    return made;
}

static void forget(struct identity *identity) {
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

/* --- the server */

static void serve_one(SSL *tls) {
    char request[4096];
    if (SSL_accept(tls) != 1) {
        (void)shutdown(SSL_get_fd(tls), SHUT_WR); /* what was not read would become a reset */
        while (read(SSL_get_fd(tls), request, sizeof request) > 0)
            ;
        return;
    }
    if (SSL_read(tls, request, sizeof request) <= 0)
        return;
    (void)SSL_write(tls, REPLY, (int)strlen(REPLY));
    (void)SSL_shutdown(tls);
}

static void *serve(void *unused) {
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
        SSL *tls = SSL_new(serving);
        (void)SSL_set_fd(tls, fd);
        serve_one(tls);
        SSL_free(tls);
        (void)close(fd);
    }
    return NULL;
}

static void show(const char *name, bool asks_back) {
    char path[128];
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_use_certificate_file(context, path_of(path, name, "crt"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path_of(path, name, "key"), SSL_FILETYPE_PEM), 1);
    if (asks_back) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        assert_int_equal(SSL_CTX_load_verify_locations(context, path_of(path, "authority", "crt"), NULL), 1);
    }
    SSL_CTX_free(serving); /* connections have their own hold on it */
    serving = context;
}

static int begin(void **unused) {
    if (!mkdtemp(folder) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -1;
    struct identity authority = make("authority", NULL, NULL, 10), other = make("other", NULL, NULL, 10);
    struct identity made[] = {
        make("right", "IP:127.0.0.1", &authority, 10),
        make("elsewhere", "DNS:prometheus.example.org", &authority, 10),
        make("expired", "IP:127.0.0.1", &authority, -1),
        make("unknown", "IP:127.0.0.1", &other, 10),
        make("client", "DNS:rollout", &authority, 10),
    };
    for (size_t i = 0; i < ELEMENTS(made); i++)
        forget(&made[i]);
    forget(&authority);
    forget(&other);
    listener = bind_somewhere(&port);
    if (listen(listener, 16) < 0)
        return -1;
    show("right", false);
    return pthread_create(&server, NULL, serve, NULL) + bad_server_start(NULL);
}

static int end(void **unused) {
    (void)shutdown(listener, SHUT_RDWR);
    (void)pthread_join(server, NULL);
    (void)close(listener);
    SSL_CTX_free(serving);
    return remove_tree(folder, NULL) + bad_server_stop(NULL);
}

/* --- the asking side */

/* CERTIFICATE: of ours, NULL for none. The answer has to hold VALUE, and MESSAGE somewhere. */
static void expect(const char *authority, const char *certificate, const char *insecure, const char *value,
                   const char *message) {
    char url[64], ca[128], crt[128], key[128];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    int r = ASK("web", 1, NULL, "URL", url, "TimeoutSec", "5s", "InsecureTLS", insecure, "CAFile",
                path_of(ca, authority, "crt"), certificate ? "ClientCertificate" : NULL,
                certificate ? path_of(crt, certificate, "crt") : NULL, "ClientKey",
                certificate ? path_of(key, certificate, "key") : NULL);
    assert_int_equal(r, 0);
    asker_wait(asker.answers + 1);
    if (strcmp(asker.value, value) != 0 || !strstr(asker.message, message))
        fail_msg("value \"%s\", message \"%s\", expected \"%s\", \"%s\"", asker.value, asker.message, value, message);
}

static void the_servers_certificate(void **unused) {
    show("right", false);
    expect("authority", NULL, "no", "42", "none");
    expect("other", NULL, "no", "none", "TLS with 127.0.0.1:");
    expect("other", NULL, "no", "none", "SSL certificate problem: unable to get local issuer certificate");
    show("unknown", false);
    expect("authority", NULL, "no", "none", "unable to get local issuer certificate");
    expect("authority", NULL, "yes", "42", "none");
    show("expired", false);
    expect("authority", NULL, "no", "none", "SSL certificate problem: certificate has expired");
    show("elsewhere", false);
    expect("authority", NULL, "no", "none", "no alternative certificate subject name matches");
    expect("authority", NULL, "yes", "42", "none");
}

static void our_certificate(void **unused) {
    show("right", true);
    expect("authority", "client", "no", "42", "none");
    expect("authority", NULL, "no", "none", "certificate required");
    expect("authority", "unknown", "no", "none", "unknown ca");
    expect("authority", "missing", "no", "none", "TLS with 127.0.0.1:");
    expect("missing", "client", "no", "none", "TLS with 127.0.0.1:");
    expect("missing", NULL, "no", "none", "missing.crt");
}

static void who_speaks_what(void **unused) {
    char url[64];
    show("right", false);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    assert_int_equal(ASK("web", 1, NULL, "URL", url), 0);
    asker_wait(1);
    assert_string_equal(asker.value, "none");
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/number", bad_server_port);
    assert_int_equal(ASK("web", 1, NULL, "URL", url, "TimeoutSec", "500ms"), 0);
    asker_wait(2);
    assert_string_equal(asker.value, "none");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, asker_begin, asker_end)
    const struct CMUnitTest tests[] = {
        TEST(the_servers_certificate),
        TEST(our_certificate),
        TEST(who_speaks_what),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
