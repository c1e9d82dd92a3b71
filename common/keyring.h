/* keyring.h - the folder of signing keys, as token.c and keys.c see it (token.h has what daemons use).
 *
 * keys.json is the truth: a key that is not in it does not exist, whatever .pem lies beside it. */
#ifndef WR_KEYRING_H
#define WR_KEYRING_H
#include "token.h"
#include <stdint.h>

#define WR_KEYRING_MAX 8
#define WR_KEYRING_FILE_MAX 8192

enum wr_key_state { WR_KEY_NEXT, WR_KEY_CURRENT, WR_KEY_PREVIOUS };
struct wr_key_entry { /* a row of keys.json */
    char kid[WR_KID_MAX];
    enum wr_key_state state;
    uint8_t x[32];      /* public part */
    int64_t replaced_s; /* of a previous one: when another became current, wall s; 0: not known */
};
struct wr_key_list {
    struct wr_key_entry at[WR_KEYRING_MAX];
    size_t count;
};
/* At most one key is current. WR_ERR_NOT_FOUND: there is no keys.json. */
enum wr_err wr_key_list_read(struct wr_key_list *out, const char *folder) WR_MUST_CHECK;
enum wr_err wr_key_list_write(const struct wr_key_list *list, const char *folder) WR_MUST_CHECK;
struct wr_key_entry *wr_key_list_find(struct wr_key_list *list, const char *kid); /* NULL: none */
struct wr_buf wr_key_path(const char *folder, const char *kid);                   /* of the .pem */
const char *wr_key_state_name(enum wr_key_state state);

const struct wr_ed25519 *wr_keyring_key(const struct wr_keyring *ring, const char *kid); /* NULL: unknown */
const struct wr_ed25519 *wr_keyring_signer(const struct wr_keyring *ring);               /* NULL: VERIFY */
const char *wr_keyring_signer_kid(const struct wr_keyring *ring);
const char *wr_keyring_issuer(const struct wr_keyring *ring);

#endif
