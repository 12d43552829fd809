// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Ed25519 signature verification (RFC 8032), nothing else. */

#include <linux/errno.h>
#include <linux/string.h>
#include "bytes.h"
#include "crypto.h"
#include "ed25519.h"

/*
 * Verification looks at public data only and takes as long as it takes. The
 * check is R = sB - hA without the cofactor, on the encoding of R: what
 * upstream's libraries do. A public key whose y is not reduced is accepted, as
 * there; s must be below the group order.
 *
 * Field elements have five limbs of 51 bits, weakly reduced (below 2^52 each).
 */
#define OCKAM_ED25519_MASK	((1ULL << 51) - 1)

struct ockam_fe {
	u64 v[5];
};

/* (X:Y:Z:T), x = X/Z, y = Y/Z, xy = T/Z */
struct ockam_ed25519_point {
	struct ockam_fe x, y, z, t;
};

/* A point made ready for addition: Y+X, Y-X, Z, 2dT */
struct ockam_ed25519_cached {
	struct ockam_fe ypx, ymx, z, t2d;
};

/* The same with Z = 1 */
struct ockam_ed25519_affine {
	struct ockam_fe ypx, ymx, t2d;
};

#define OCKAM_ED25519_ODD_A	4	/* multiples of A that are kept */
#define OCKAM_ED25519_ODD_B	8	/* multiples of B below */

static const struct ockam_fe ockam_ed25519_d = {
	.v = { 0x34dca135978a3ULL, 0x1a8283b156ebdULL, 0x5e7a26001c029ULL,
		    0x739c663a03cbbULL, 0x52036cee2b6ffULL }
};

static const struct ockam_fe ockam_ed25519_2d = {
	.v = { 0x69b9426b2f159ULL, 0x35050762add7aULL, 0x3cf44c0038052ULL,
		    0x6738cc7407977ULL, 0x2406d9dc56dffULL }
};

static const struct ockam_fe ockam_ed25519_sqrtm1 = {
	.v = { 0x61b274a0ea0b0ULL, 0x0d5a5fc8f189dULL, 0x7ef5e9cbd0c60ULL,
		    0x78595a6804c9eULL, 0x2b8324804fc1dULL }
};

/* Odd multiples of the base point: B, 3B, ... 15B. */
static const struct ockam_ed25519_affine ockam_ed25519_base[8] = {
	{
		.ypx.v = { 0x493c6f58c3b85ULL, 0x0df7181c325f7ULL, 0x0f50b0b3e4cb7ULL,
			    0x5329385a44c32ULL, 0x07cf9d3a33d4bULL },
		.ymx.v = { 0x03905d740913eULL, 0x0ba2817d673a2ULL, 0x23e2827f4e67cULL,
			    0x133d2e0c21a34ULL, 0x44fd2f9298f81ULL },
		.t2d.v = { 0x11205877aaa68ULL, 0x479955893d579ULL, 0x50d66309b67a0ULL,
			    0x2d42d0dbee5eeULL, 0x6f117b689f0c6ULL },
	},
	{
		.ypx.v = { 0x5b0a84cee9730ULL, 0x61d10c97155e4ULL, 0x4059cc8096a10ULL,
			    0x47a608da8014fULL, 0x7a164e1b9a80fULL },
		.ymx.v = { 0x11fe8a4fcd265ULL, 0x7bcb8374faaccULL, 0x52f5af4ef4d4fULL,
			    0x5314098f98d10ULL, 0x2ab91587555bdULL },
		.t2d.v = { 0x6933f0dd0d889ULL, 0x44386bb4c4295ULL, 0x3cb6d3162508cULL,
			    0x26368b872a2c6ULL, 0x5a2826af12b9bULL },
	},
	{
		.ypx.v = { 0x2bc4408a5bb33ULL, 0x078ebdda05442ULL, 0x2ffb112354123ULL,
			    0x375ee8df5862dULL, 0x2945ccf146e20ULL },
		.ymx.v = { 0x182c3a447d6baULL, 0x22964e536eff2ULL, 0x192821f540053ULL,
			    0x2f9f19e788e5cULL, 0x154a7e73eb1b5ULL },
		.t2d.v = { 0x3dbf1812a8285ULL, 0x0fa17ba3f9797ULL, 0x6f69cb49c3820ULL,
			    0x34d5a0db3858dULL, 0x43aabe696b3bbULL },
	},
	{
		.ypx.v = { 0x25cd0944ea3bfULL, 0x75673b81a4d63ULL, 0x150b925d1c0d4ULL,
			    0x13f38d9294114ULL, 0x461bea69283c9ULL },
		.ymx.v = { 0x72c9aaa3221b1ULL, 0x267774474f74dULL, 0x064b0e9b28085ULL,
			    0x3f04ef53b27c9ULL, 0x1d6edd5d2e531ULL },
		.t2d.v = { 0x36dc801b8b3a2ULL, 0x0e0a7d4935e30ULL, 0x1deb7cecc0d7dULL,
			    0x053a94e20dd2cULL, 0x7a9fbb1c6a0f9ULL },
	},
	{
		.ypx.v = { 0x6678aa6a8632fULL, 0x5ea3788d8b365ULL, 0x21bd6d6994279ULL,
			    0x7ace75919e4e3ULL, 0x34b9ed338add7ULL },
		.ymx.v = { 0x6217e039d8064ULL, 0x6dea408337e6dULL, 0x57ac112628206ULL,
			    0x647cb65e30473ULL, 0x49c05a51fadc9ULL },
		.t2d.v = { 0x4e8bf9045af1bULL, 0x514e33a45e0d6ULL, 0x7533c5b8bfe0fULL,
			    0x583557b7e14c9ULL, 0x73c172021b008ULL },
	},
	{
		.ypx.v = { 0x700848a802adeULL, 0x1e04605c4e5f7ULL, 0x5c0d01b9767fbULL,
			    0x7d7889f42388bULL, 0x4275aae2546d8ULL },
		.ymx.v = { 0x75b0249864348ULL, 0x52ee11070262bULL, 0x237ae54fb5acdULL,
			    0x3bfd1d03aaab5ULL, 0x18ab598029d5cULL },
		.t2d.v = { 0x32cc5fd6089e9ULL, 0x426505c949b05ULL, 0x46a18880c7ad2ULL,
			    0x4a4221888ccdaULL, 0x3dc65522b53dfULL },
	},
	{
		.ypx.v = { 0x0c222a2007f6dULL, 0x356b79bdb77eeULL, 0x41ee81efe12ceULL,
			    0x120a9bd07097dULL, 0x234fd7eec346fULL },
		.ymx.v = { 0x7013b327fbf93ULL, 0x1336eeded6a0dULL, 0x2b565a2bbf3afULL,
			    0x253ce89591955ULL, 0x0267882d17602ULL },
		.t2d.v = { 0x0a119732ea378ULL, 0x63bf1ba8e2a6cULL, 0x69f94cc90df9aULL,
			    0x431d1779bfc48ULL, 0x497ba6fdaa097ULL },
	},
	{
		.ypx.v = { 0x6cc0313cfeaa0ULL, 0x1a313848da499ULL, 0x7cb534219230aULL,
			    0x39596dedefd60ULL, 0x61e22917f12deULL },
		.ymx.v = { 0x3cd86468ccf0bULL, 0x48553221ac081ULL, 0x6c9464b4e0a6eULL,
			    0x75fba84180403ULL, 0x43b5cd4218d05ULL },
		.t2d.v = { 0x2762f9bd0b516ULL, 0x1c6e7fbddcbb3ULL, 0x75909c3ace2bdULL,
			    0x42101972d3ec9ULL, 0x511d61210ae4dULL },
	},
};

/* The group order, little-endian. */
static const u64 ockam_ed25519_order[4] = {
	0x5812631a5cf5d3edULL, 0x14def9dea2f79cd6ULL, 0, 0x1000000000000000ULL,
};

static void ockam_ed25519_carry(struct ockam_fe *r)
{
	u64 c;
	int i;

	for (i = 0; i < 4; i++) {
		c = r->v[i] >> 51;
		r->v[i] &= OCKAM_ED25519_MASK;
		r->v[i + 1] += c;
	}
	c = r->v[4] >> 51;
	r->v[4] &= OCKAM_ED25519_MASK;
	r->v[0] += 19 * c;
}

static void ockam_ed25519_add(struct ockam_fe *r, const struct ockam_fe *a,
			      const struct ockam_fe *b)
{
	int i;

	for (i = 0; i < 5; i++)
		r->v[i] = a->v[i] + b->v[i];
	ockam_ed25519_carry(r);
}

static void ockam_ed25519_sub(struct ockam_fe *r, const struct ockam_fe *a,
			      const struct ockam_fe *b)
{
	int i;

	/* 4p keeps every limb positive. */
	r->v[0] = a->v[0] + 0x1fffffffffffb4ULL - b->v[0];
	for (i = 1; i < 5; i++)
		r->v[i] = a->v[i] + 0x1ffffffffffffcULL - b->v[i];
	ockam_ed25519_carry(r);
}

static void ockam_ed25519_reduce(struct ockam_fe *r, unsigned __int128 t[5])
{
	u64 c = 0;
	int i;

	for (i = 0; i < 5; i++) {
		t[i] += c;
		r->v[i] = (u64)t[i] & OCKAM_ED25519_MASK;
		c = (u64)(t[i] >> 51);
	}
	r->v[0] += 19 * c;
	c = r->v[0] >> 51;
	r->v[0] &= OCKAM_ED25519_MASK;
	r->v[1] += c;
}

static void ockam_ed25519_mul(struct ockam_fe *r, const struct ockam_fe *f,
			      const struct ockam_fe *g)
{
	const u64 *a = f->v, *b = g->v;
	const u64 b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3],
		  b4 = 19 * b[4];
	unsigned __int128 t[5];

	t[0] = (unsigned __int128)a[0] * b[0] + (unsigned __int128)a[1] * b4 +
	       (unsigned __int128)a[2] * b3 + (unsigned __int128)a[3] * b2 +
	       (unsigned __int128)a[4] * b1;
	t[1] = (unsigned __int128)a[0] * b[1] + (unsigned __int128)a[1] * b[0] +
	       (unsigned __int128)a[2] * b4 + (unsigned __int128)a[3] * b3 +
	       (unsigned __int128)a[4] * b2;
	t[2] = (unsigned __int128)a[0] * b[2] + (unsigned __int128)a[1] * b[1] +
	       (unsigned __int128)a[2] * b[0] + (unsigned __int128)a[3] * b4 +
	       (unsigned __int128)a[4] * b3;
	t[3] = (unsigned __int128)a[0] * b[3] + (unsigned __int128)a[1] * b[2] +
	       (unsigned __int128)a[2] * b[1] + (unsigned __int128)a[3] * b[0] +
	       (unsigned __int128)a[4] * b4;
	t[4] = (unsigned __int128)a[0] * b[4] + (unsigned __int128)a[1] * b[3] +
	       (unsigned __int128)a[2] * b[2] + (unsigned __int128)a[3] * b[1] +
	       (unsigned __int128)a[4] * b[0];
	ockam_ed25519_reduce(r, t);
}

static void ockam_ed25519_sqr(struct ockam_fe *r, const struct ockam_fe *f)
{
	const u64 *a = f->v;
	const u64 d0 = 2 * a[0], d1 = 2 * a[1], d2 = 38 * a[2],
		  a3 = 19 * a[3], a4 = 19 * a[4], d4 = 38 * a[4];
	unsigned __int128 t[5];

	t[0] = (unsigned __int128)a[0] * a[0] + (unsigned __int128)d4 * a[1] +
	       (unsigned __int128)d2 * a[3];
	t[1] = (unsigned __int128)d0 * a[1] + (unsigned __int128)d4 * a[2] +
	       (unsigned __int128)a3 * a[3];
	t[2] = (unsigned __int128)d0 * a[2] + (unsigned __int128)a[1] * a[1] +
	       (unsigned __int128)d4 * a[3];
	t[3] = (unsigned __int128)d0 * a[3] + (unsigned __int128)d1 * a[2] +
	       (unsigned __int128)a4 * a[4];
	t[4] = (unsigned __int128)d0 * a[4] + (unsigned __int128)d1 * a[3] +
	       (unsigned __int128)a[2] * a[2];
	ockam_ed25519_reduce(r, t);
}

static void ockam_ed25519_sqr_n(struct ockam_fe *r, const struct ockam_fe *a,
				int n)
{
	ockam_ed25519_sqr(r, a);
	while (--n)
		ockam_ed25519_sqr(r, r);
}

/* z^(2^250 - 1), and z^11 on the way. */
static void ockam_ed25519_pow250(struct ockam_fe *r, struct ockam_fe *z11,
				 const struct ockam_fe *z)
{
	struct ockam_fe a, b;

	ockam_ed25519_sqr(&a, z);			/* 2 */
	ockam_ed25519_sqr_n(&b, &a, 2);			/* 8 */
	ockam_ed25519_mul(&b, &b, z);			/* 9 */
	ockam_ed25519_mul(z11, &b, &a);			/* 11 */
	ockam_ed25519_sqr(&a, z11);			/* 22 */
	ockam_ed25519_mul(r, &a, &b);			/* 2^5 - 1 */
	ockam_ed25519_sqr_n(&a, r, 5);
	ockam_ed25519_mul(r, &a, r);			/* 2^10 - 1 */
	ockam_ed25519_sqr_n(&a, r, 10);
	ockam_ed25519_mul(&b, &a, r);			/* 2^20 - 1 */
	ockam_ed25519_sqr_n(&a, &b, 20);
	ockam_ed25519_mul(&a, &a, &b);			/* 2^40 - 1 */
	ockam_ed25519_sqr_n(&a, &a, 10);
	ockam_ed25519_mul(r, &a, r);			/* 2^50 - 1 */
	ockam_ed25519_sqr_n(&a, r, 50);
	ockam_ed25519_mul(&b, &a, r);			/* 2^100 - 1 */
	ockam_ed25519_sqr_n(&a, &b, 100);
	ockam_ed25519_mul(&a, &a, &b);			/* 2^200 - 1 */
	ockam_ed25519_sqr_n(&a, &a, 50);
	ockam_ed25519_mul(r, &a, r);			/* 2^250 - 1 */
}

/* 1/z = z^(2^255 - 21) */
static void ockam_ed25519_invert(struct ockam_fe *r, const struct ockam_fe *z)
{
	struct ockam_fe z11, t;

	ockam_ed25519_pow250(&t, &z11, z);
	ockam_ed25519_sqr_n(&t, &t, 5);
	ockam_ed25519_mul(r, &t, &z11);
}

/* z^((p - 5) / 8) = z^(2^252 - 3) */
static void ockam_ed25519_pow_p58(struct ockam_fe *r, const struct ockam_fe *z)
{
	struct ockam_fe z11, t;

	ockam_ed25519_pow250(&t, &z11, z);
	ockam_ed25519_sqr_n(&t, &t, 2);
	ockam_ed25519_mul(r, &t, z);
}

static u64 ockam_ed25519_le64(const u8 *p)
{
	u64 value = 0;
	int i;

	for (i = 7; i >= 0; i--)
		value = value << 8 | p[i];
	return value;
}

static void ockam_ed25519_from_bytes(struct ockam_fe *r, const u8 *p)
{
	u64 a = ockam_ed25519_le64(p), b = ockam_ed25519_le64(p + 8);
	u64 c = ockam_ed25519_le64(p + 16), d = ockam_ed25519_le64(p + 24);

	r->v[0] = a & OCKAM_ED25519_MASK;
	r->v[1] = (a >> 51 | b << 13) & OCKAM_ED25519_MASK;
	r->v[2] = (b >> 38 | c << 26) & OCKAM_ED25519_MASK;
	r->v[3] = (c >> 25 | d << 39) & OCKAM_ED25519_MASK;
	r->v[4] = (d >> 12) & OCKAM_ED25519_MASK;
}

/* The one encoding below p. */
static void ockam_ed25519_to_bytes(u8 *p, const struct ockam_fe *f)
{
	u64 q, words[4];
	struct ockam_fe t = *f;
	int i;

	ockam_ed25519_carry(&t);
	ockam_ed25519_carry(&t);
	/* q = 1 when t >= p */
	q = (t.v[0] + 19) >> 51;
	for (i = 1; i < 5; i++)
		q = (t.v[i] + q) >> 51;
	t.v[0] += 19 * q;
	for (i = 0; i < 4; i++) {
		t.v[i + 1] += t.v[i] >> 51;
		t.v[i] &= OCKAM_ED25519_MASK;
	}
	t.v[4] &= OCKAM_ED25519_MASK;
	words[0] = t.v[0] | t.v[1] << 51;
	words[1] = t.v[1] >> 13 | t.v[2] << 38;
	words[2] = t.v[2] >> 26 | t.v[3] << 25;
	words[3] = t.v[3] >> 39 | t.v[4] << 12;
	for (i = 0; i < 32; i++)
		p[i] = (u8)(words[i / 8] >> (8 * (i % 8)));
}

static bool ockam_ed25519_is_zero(const struct ockam_fe *f)
{
	u8 bytes[32], any = 0;
	int i;

	ockam_ed25519_to_bytes(bytes, f);
	for (i = 0; i < 32; i++)
		any |= bytes[i];
	return !any;
}

static bool ockam_ed25519_is_odd(const struct ockam_fe *f)
{
	u8 bytes[32];

	ockam_ed25519_to_bytes(bytes, f);
	return bytes[0] & 1;
}

/* The negative of an encoded point; false when it is not on the curve. */
static bool ockam_ed25519_decode_negative(struct ockam_ed25519_point *r,
					  const u8 *p)
{
	static const struct ockam_fe zero;
	struct ockam_fe u, v, v3, check;

	ockam_ed25519_from_bytes(&r->y, p);
	r->z = (struct ockam_fe){ .v = { 1 } };
	ockam_ed25519_sqr(&u, &r->y);
	ockam_ed25519_mul(&v, &u, &ockam_ed25519_d);
	ockam_ed25519_sub(&u, &u, &r->z);		/* y^2 - 1 */
	ockam_ed25519_add(&v, &v, &r->z);		/* dy^2 + 1 */
	ockam_ed25519_sqr(&v3, &v);
	ockam_ed25519_mul(&v3, &v3, &v);		/* v^3 */
	ockam_ed25519_sqr(&r->x, &v3);
	ockam_ed25519_mul(&r->x, &r->x, &v);
	ockam_ed25519_mul(&r->x, &r->x, &u);		/* uv^7 */
	ockam_ed25519_pow_p58(&r->x, &r->x);
	ockam_ed25519_mul(&r->x, &r->x, &v3);
	ockam_ed25519_mul(&r->x, &r->x, &u);		/* uv^3(uv^7)^.. */
	ockam_ed25519_sqr(&check, &r->x);
	ockam_ed25519_mul(&check, &check, &v);
	ockam_ed25519_sub(&v3, &check, &u);
	if (!ockam_ed25519_is_zero(&v3)) {
		ockam_ed25519_add(&v3, &check, &u);
		if (!ockam_ed25519_is_zero(&v3))
			return false;
		ockam_ed25519_mul(&r->x, &r->x, &ockam_ed25519_sqrtm1);
	}
	if (ockam_ed25519_is_odd(&r->x) == p[31] >> 7)
		ockam_ed25519_sub(&r->x, &zero, &r->x);
	ockam_ed25519_mul(&r->t, &r->x, &r->y);
	return true;
}

static void ockam_ed25519_cache(struct ockam_ed25519_cached *r,
				const struct ockam_ed25519_point *p)
{
	ockam_ed25519_add(&r->ypx, &p->y, &p->x);
	ockam_ed25519_sub(&r->ymx, &p->y, &p->x);
	r->z = p->z;
	ockam_ed25519_mul(&r->t2d, &p->t, &ockam_ed25519_2d);
}

/* (E, F, G, H) of the addition formulas to a point. */
static void ockam_ed25519_finish(struct ockam_ed25519_point *r,
				 const struct ockam_fe *e,
				 const struct ockam_fe *f,
				 const struct ockam_fe *g,
				 const struct ockam_fe *h, bool want_t)
{
	ockam_ed25519_mul(&r->x, e, f);
	ockam_ed25519_mul(&r->y, g, h);
	ockam_ed25519_mul(&r->z, f, g);
	if (want_t)
		ockam_ed25519_mul(&r->t, e, h);
}

static void ockam_ed25519_double(struct ockam_ed25519_point *r, bool want_t)
{
	struct ockam_fe a, b, c, e, f, g, h;

	ockam_ed25519_sqr(&a, &r->x);
	ockam_ed25519_sqr(&b, &r->y);
	ockam_ed25519_sqr(&c, &r->z);
	ockam_ed25519_add(&c, &c, &c);
	ockam_ed25519_add(&h, &a, &b);
	ockam_ed25519_add(&e, &r->x, &r->y);
	ockam_ed25519_sqr(&e, &e);
	ockam_ed25519_sub(&e, &h, &e);
	ockam_ed25519_sub(&g, &a, &b);
	ockam_ed25519_add(&f, &c, &g);
	ockam_ed25519_finish(r, &e, &f, &g, &h, want_t);
}

/* r += p, or r -= p: the negative swaps two fields and the sign of T. */
static void ockam_ed25519_add_point(struct ockam_ed25519_point *r,
				    const struct ockam_fe *ypx,
				    const struct ockam_fe *ymx,
				    const struct ockam_fe *z,
				    const struct ockam_fe *t2d, bool negative)
{
	struct ockam_fe a, b, c, d, e, f, g, h;

	ockam_ed25519_sub(&a, &r->y, &r->x);
	ockam_ed25519_mul(&a, &a, negative ? ypx : ymx);
	ockam_ed25519_add(&b, &r->y, &r->x);
	ockam_ed25519_mul(&b, &b, negative ? ymx : ypx);
	ockam_ed25519_mul(&c, &r->t, t2d);
	if (z)
		ockam_ed25519_mul(&d, &r->z, z);
	else
		d = r->z;
	ockam_ed25519_add(&d, &d, &d);
	ockam_ed25519_sub(&e, &b, &a);
	ockam_ed25519_add(&h, &b, &a);
	if (negative) {
		ockam_ed25519_add(&f, &d, &c);
		ockam_ed25519_sub(&g, &d, &c);
	} else {
		ockam_ed25519_sub(&f, &d, &c);
		ockam_ed25519_add(&g, &d, &c);
	}
	ockam_ed25519_finish(r, &e, &f, &g, &h, true);
}

/* Signed sliding windows: odd digits of at most @most in magnitude. */
static void ockam_ed25519_slide(s8 digits[256], const u8 scalar[32], int most)
{
	int i, j, k;

	for (i = 0; i < 256; i++)
		digits[i] = scalar[i / 8] >> (i % 8) & 1;
	for (i = 0; i < 256; i++) {
		if (!digits[i])
			continue;
		for (j = 1; j <= 6 && i + j < 256; j++) {
			if (!digits[i + j])
				continue;
			if (digits[i] + (digits[i + j] << j) <= most) {
				digits[i] += digits[i + j] << j;
				digits[i + j] = 0;
				continue;
			}
			if (digits[i] - (digits[i + j] << j) < -most)
				break;
			digits[i] -= digits[i + j] << j;
			for (k = i + j; k < 256 && digits[k]; k++)
				digits[k] = 0;
			if (k < 256)
				digits[k] = 1;
		}
	}
}

/* r = a·A + b·B, with A as odd multiples. */
static void ockam_ed25519_combine(struct ockam_ed25519_point *r,
				  const struct ockam_ed25519_cached *odd,
				  const s8 a[256], const s8 b[256])
{
	const struct ockam_ed25519_cached *p;
	const struct ockam_ed25519_affine *q;
	int i, digit;

	*r = (struct ockam_ed25519_point){ .y.v = { 1 }, .z.v = { 1 } };
	for (i = 255; i >= 0 && !a[i] && !b[i]; i--)
		;
	for (; i >= 0; i--) {
		ockam_ed25519_double(r, a[i] || b[i]);
		digit = a[i];
		if (digit) {
			p = &odd[(digit < 0 ? -digit : digit) / 2];
			ockam_ed25519_add_point(r, &p->ypx, &p->ymx, &p->z,
						&p->t2d, digit < 0);
		}
		digit = b[i];
		if (digit) {
			q = &ockam_ed25519_base[(digit < 0 ? -digit : digit) /
						2];
			ockam_ed25519_add_point(r, &q->ypx, &q->ymx, NULL,
						&q->t2d, digit < 0);
		}
	}
}

/* The encoding of h·(-A) + s·B; false when A is no point. */
static bool ockam_ed25519_recompute(u8 out[32], const u8 *key, const s8 *h,
				    const s8 *s)
{
	struct ockam_ed25519_cached odd[OCKAM_ED25519_ODD_A];
	struct ockam_ed25519_point p, twice;
	struct ockam_fe inverse;
	int i;

	if (!ockam_ed25519_decode_negative(&p, key))
		return false;
	ockam_ed25519_cache(&odd[0], &p);
	twice = p;
	ockam_ed25519_double(&twice, true);
	for (i = 1; i < OCKAM_ED25519_ODD_A; i++) {
		p = twice;
		ockam_ed25519_add_point(&p, &odd[i - 1].ypx, &odd[i - 1].ymx,
					&odd[i - 1].z, &odd[i - 1].t2d, false);
		ockam_ed25519_cache(&odd[i], &p);
	}
	ockam_ed25519_combine(&p, odd, h, s);
	ockam_ed25519_invert(&inverse, &p.z);
	ockam_ed25519_mul(&p.x, &p.x, &inverse);
	ockam_ed25519_mul(&p.y, &p.y, &inverse);
	ockam_ed25519_to_bytes(out, &p.y);
	out[31] |= ockam_ed25519_is_odd(&p.x) << 7;
	return true;
}

/* a -= order when a >= order; whether it was. */
static bool ockam_ed25519_sub_order(u64 a[4])
{
	u64 diff[4], borrow = 0, x;
	int i;

	for (i = 0; i < 4; i++) {
		x = a[i] - ockam_ed25519_order[i];
		diff[i] = x - borrow;
		borrow = (a[i] < ockam_ed25519_order[i]) | (x < borrow);
	}
	if (borrow)
		return false;
	memcpy(a, diff, sizeof(diff));
	return true;
}

static bool ockam_ed25519_is_scalar(const u8 s[32])
{
	u64 a[4];
	int i;

	for (i = 0; i < 4; i++)
		a[i] = ockam_ed25519_le64(s + 8 * i);
	return !ockam_ed25519_sub_order(a);
}

/* 64 bytes, little-endian, modulo the order. */
static void ockam_ed25519_mod_order(u8 out[32], const u8 in[64])
{
	u64 a[4] = {};
	int bit, i;

	for (bit = 511; bit >= 0; bit--) {
		for (i = 3; i > 0; i--)
			a[i] = a[i] << 1 | a[i - 1] >> 63;
		a[0] = a[0] << 1 | (in[bit / 8] >> (bit % 8) & 1);
		ockam_ed25519_sub_order(a);
	}
	for (i = 0; i < 32; i++)
		out[i] = (u8)(a[i / 8] >> (8 * (i % 8)));
}

/**
 * ockam_ed25519_verify() - verify a signature
 * @key: public key
 * @msg: signed bytes
 * @len: how many
 * @sig: R and s
 *
 * Return: 0; -EKEYREJECTED the signature or the key is no good; the error of
 * SHA-512. Context: may sleep.
 */
int ockam_ed25519_verify(const u8 key[OCKAM_ED25519_KEY_LEN], const u8 *msg,
			 size_t len, const u8 sig[OCKAM_ED25519_SIG_LEN])
{
	const struct ockam_chunk chunks[] = {
		{ sig, 32 }, { key, 32 }, { msg, len },
	};
	u8 hash[OCKAM_SHA512_LEN], r[32];
	s8 h_digits[256], s_digits[256];
	int err;

	if (!ockam_ed25519_is_scalar(sig + 32))
		return -EKEYREJECTED;
	err = ockam_sha512(hash, chunks, 3);
	if (err)
		return err;
	ockam_ed25519_mod_order(r, hash);
	ockam_ed25519_slide(h_digits, r, 2 * OCKAM_ED25519_ODD_A - 1);
	ockam_ed25519_slide(s_digits, sig + 32, 2 * OCKAM_ED25519_ODD_B - 1);
	if (!ockam_ed25519_recompute(r, key, h_digits, s_digits) ||
	    memcmp(r, sig, 32))
		return -EKEYREJECTED;
	return 0;
}
