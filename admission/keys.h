/* keys.h - the names of what admissiond touches in Redis (docs/KEYSPACE.md): the only place that spells them.
 */
#ifndef ADMISSION_KEYS_H
#define ADMISSION_KEYS_H
#include "redis.h"
#include <stddef.h>
#include <stdint.h>

#define KEY_SALES "wr:sales"
#define KEY_MAX 128

void key_line(struct wr_args *args, const char *sale, const char *what); /* wr:{sale}:what */
void key_spent(struct wr_args *args, const char *sale, int64_t run, int lane);
void key_stock(struct wr_args *args, const char *sale, int shard); /* wr:{sale:shard}:stock */
const char *key_text(char out[KEY_MAX], const char *sale,
                     const char *what); /* as key_line, for plain commands */

#endif
