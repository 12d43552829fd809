/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Known-answer tests of the primitives, run when the module is loaded. */
#ifndef OCKAM_CRYPTO_TEST_H
#define OCKAM_CRYPTO_TEST_H

/* 0, or -EBADMSG and a line in the log that names what failed. */
int ockam_crypto_test(void);

#endif /* OCKAM_CRYPTO_TEST_H */
