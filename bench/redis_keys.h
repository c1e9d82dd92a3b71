/* redis_keys.h - how the keys are spelled that the crowd's accounts are read from (docs/KEYSPACE.md). Pure.
 */
#ifndef BENCH_REDIS_KEYS_H
#define BENCH_REDIS_KEYS_H

#define REDIS_KEY_MAX 64

void redis_key_line(char out[REDIS_KEY_MAX], const char *sale);
void redis_key_inside(char out[REDIS_KEY_MAX], const char *sale);
void redis_key_stock(char out[REDIS_KEY_MAX], const char *sale);

#endif
