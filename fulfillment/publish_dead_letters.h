/* publish_dead_letters.h - dead letters, kept in the table with the batch they came in, also go to their
 * topic. */
#ifndef PUBLISH_DEAD_LETTERS_H
#define PUBLISH_DEAD_LETTERS_H
#include <stdbool.h>

struct fulfillment;
struct publish_dead_letters;
struct publish_dead_letters *publish_dead_letters_open(struct fulfillment *f);
void publish_dead_letters_kick(struct publish_dead_letters *p); /* takes NULL */
void publish_dead_letters_stop(struct publish_dead_letters *p);
bool publish_dead_letters_idle(const struct publish_dead_letters *p);
void publish_dead_letters_close(struct publish_dead_letters *p); /* takes NULL */

#endif
