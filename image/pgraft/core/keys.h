/*
 * keys.h
 *	  The keys that members prove to each other (core/greeting.h), as they stand in pgraft.key_file: one, or two while the key is changed.
 *
 * A server makes its challenges with the first, and accepts both.  So [old], [old, new], [new, old], [new] can be given to one server after the other,
 * each step to all of them before the next: two neighbouring steps always understand each other.
 */
#ifndef PGRAFT_KEYS_H
#define PGRAFT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PGRAFT_MAC_SIZE			32
#define PGRAFT_KEY_SIZE			64
#define PGRAFT_MINIMAL_KEY_SIZE 16
#define PGRAFT_MAX_KEYS			2

typedef struct PgraftCrypto
{
	/* out: PGRAFT_MAC_SIZE bytes; parts are concatenated; false on failure */
	bool (*hmac)(const uint8_t *key, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n,
				 uint8_t *out);
	bool (*random)(uint8_t *out, size_t size);
} PgraftCrypto;

typedef struct PgraftKey
{
	uint8_t bytes[PGRAFT_KEY_SIZE];
	size_t size;
} PgraftKey;

typedef struct PgraftKeys
{
	int n;
	PgraftKey key[PGRAFT_MAX_KEYS];
} PgraftKeys;

/* From the file's text: a key a line, in lower-case hex.  false, with a reason that quotes nothing of it, if that is not what it has. */
extern bool pgraft_keys_parse(const char *text, PgraftKeys *keys, char *why, size_t why_size);

extern bool pgraft_keys_equal(const PgraftKeys *a, const PgraftKeys *b);

/*
 * What tells two keys apart without telling anything of them: the first bytes of a MAC with the key, as anybody may have who says HELLO to a
 * server.  0 if the crypto fails.
 */
extern uint32_t pgraft_key_fingerprint(const PgraftKey *key, const PgraftCrypto *crypto);

#endif
