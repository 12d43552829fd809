// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Handshakes in turn, in many rounds: the module's channels, and TLS 1.3 of
 * OpenSSL where both ends show an Ed25519 certificate and agree by X25519.
 * Both ends run at once, in two processes of this machine.
 */
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/prctl.h>
#include <signal.h>
#include "bench.h"

static const char *listen_node, *listen_name, *connect_node, *route;
static SSL_CTX *server, *client;

/* Whoever signed it: as a channel that is not pinned. */
static int any_issuer(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

/* A key and a certificate that it signs itself; each peer checks its signature. */
static void identity(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	if (!key || !X509_sign(cert, key, NULL) ||
	    SSL_CTX_use_certificate(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		errx(1, "no identity for TLS");
	X509_free(cert);
	EVP_PKEY_free(key);
}

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set1_groups_list(ctx, "X25519");
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   any_issuer);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	identity(ctx);
	return ctx;
}

static void tls_end(SSL_CTX *ctx, int fd, int (*shake)(SSL *ssl))
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	if (shake(ssl) != 1)
		errx(1, "TLS handshake failed");
	SSL_free(ssl);
}

static void serve_tls(int listener)
{
	for (;;) {
		int fd = accepted(listener);
		char end;

		tls_end(server, fd, SSL_accept);
		/* The client has what it needs when this closes. */
		if (write(fd, "", 1) != 1 || read(fd, &end, 1) < 0)
			err(1, "TLS");
		close(fd);
	}
}

static void serve_channels(int listener)
{
	for (;;)
		close(accepted(listener));
}

static void one_tls(const char *address)
{
	int fd = tcp_connect(address);
	char done;

	tls_end(client, fd, SSL_connect);
	if (read(fd, &done, 1) != 1)
		err(1, "TLS");
	close(fd);
}

static void one_channel(void)
{
	int fd = ockam_connect(connect_node, route);
	char end;

	/* The server closes: both ends are done. */
	if (recv(fd, &end, 1, 0) < 0)
		err(1, "channel");
	close(fd);
}

static void background(void (*serve)(int listener), int listener)
{
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	serve(listener);
}

int main(int argc, char **argv)
{
	int rounds, count, i, j;

	if (argc != 9)
		errx(2, "usage: handshake ROW ROUNDS COUNT TLS_ADDRESS "
		     "RX_NODE RX_NAME TX_NODE ROUTE");
	rounds = atoi(argv[2]);
	count = atoi(argv[3]);
	listen_node = argv[5];
	listen_name = argv[6];
	connect_node = argv[7];
	route = argv[8];
	server = context(TLS_server_method());
	client = context(TLS_client_method());
	background(serve_tls, tcp_listen(argv[4]));
	background(serve_channels, ockam_listen(listen_node, listen_name));
	one_tls(argv[4]);
	one_channel();
	for (i = 0; i < rounds; i++) {
		double start = now_ns();

		for (j = 0; j < count; j++)
			one_channel();
		sample(argv[1], "channel", i, (now_ns() - start) / count);
		start = now_ns();
		for (j = 0; j < count; j++)
			one_tls(argv[4]);
		sample(argv[1], "tls", i, (now_ns() - start) / count);
	}
	return 0;
}
