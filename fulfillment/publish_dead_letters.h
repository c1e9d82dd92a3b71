/* publish_dead_letters.h - dead letters, kept in the table with the batch they came in, also go to their
 * topic. */
#ifndef FULFILLMENT_PUBLISH_DEAD_LETTERS_H
#define FULFILLMENT_PUBLISH_DEAD_LETTERS_H
struct fulfillment;
struct repeat;
struct repeat *publish_dead_letters_open(struct fulfillment *f);

#endif
