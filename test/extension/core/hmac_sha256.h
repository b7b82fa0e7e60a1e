/*
 * hmac_sha256.h
 *	  HMAC-SHA-256 (RFC 2104, FIPS 180-4) for the tests of the greeting, which brings no cryptography of its own.
 *
 * For tests only: the server uses PostgreSQL's.
 */
#ifndef HMAC_SHA256_H
#define HMAC_SHA256_H

#include <stdint.h>
#include <string.h>

#define SHA256_BLOCK 64
#define SHA256_SIZE	 32

typedef struct Sha256
{
	uint32_t h[8];
	uint8_t block[SHA256_BLOCK];
	uint64_t length; /* bytes so far */
} Sha256;

static inline uint32_t
rotate_right(uint32_t x, int n)
{
	return (x >> n) | (x << (32 - n));
}

static inline void
sha256_block(Sha256 *s)
{
	static const uint32_t k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
		0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
		0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
		0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
		0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
		0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
	uint32_t w[64];
	uint32_t v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t) s->block[4 * i] << 24 | (uint32_t) s->block[4 * i + 1] << 16 |
			   (uint32_t) s->block[4 * i + 2] << 8 | (uint32_t) s->block[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] + (rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ (w[i - 15] >> 3)) +
			   (rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ (w[i - 2] >> 10));
	memcpy(v, s->h, sizeof(v));
	for (int i = 0; i < 64; i++)
	{
		uint32_t t1 = v[7] + (rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25)) +
					  ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		uint32_t t2 = (rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22)) +
					  ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		s->h[i] += v[i];
}

static inline void
sha256_init(Sha256 *s)
{
	static const uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
								  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memset(s, 0, sizeof(*s));
	memcpy(s->h, h, sizeof(h));
}

static inline void
sha256_update(Sha256 *s, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
	{
		s->block[s->length++ % SHA256_BLOCK] = bytes[i];
		if (s->length % SHA256_BLOCK == 0)
			sha256_block(s);
	}
}

static inline void
sha256_final(Sha256 *s, uint8_t out[SHA256_SIZE])
{
	uint64_t bits = s->length * 8;
	uint8_t byte = 0x80;

	sha256_update(s, &byte, 1);
	byte = 0;
	while (s->length % SHA256_BLOCK != SHA256_BLOCK - 8)
		sha256_update(s, &byte, 1);
	for (int i = 7; i >= 0; i--)
	{
		byte = (uint8_t) (bits >> (8 * i));
		sha256_update(s, &byte, 1);
	}
	for (int i = 0; i < SHA256_SIZE; i++)
		out[i] = (uint8_t) (s->h[i / 4] >> (24 - 8 * (i % 4)));
}

/* For keys of at most one block. */
static inline void
hmac_sha256(const uint8_t *key, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n,
			uint8_t out[SHA256_SIZE])
{
	uint8_t inner[SHA256_BLOCK];
	uint8_t outer[SHA256_BLOCK];
	Sha256 s;

	for (size_t i = 0; i < SHA256_BLOCK; i++)
	{
		uint8_t byte = i < key_size ? key[i] : 0;

		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	sha256_init(&s);
	sha256_update(&s, inner, sizeof(inner));
	for (int i = 0; i < n; i++)
		sha256_update(&s, parts[i], sizes[i]);
	sha256_final(&s, out);
	sha256_init(&s);
	sha256_update(&s, outer, sizeof(outer));
	sha256_update(&s, out, SHA256_SIZE);
	sha256_final(&s, out);
}

#endif
