/* messages.h - what shoppers are told (docs/asyncapi.yaml), made from the state as it is. The caller owns the
 * result. */
#ifndef WAITROOM_MESSAGES_H
#define WAITROOM_MESSAGES_H
#include "json.h"
#include "sales.h"
#include "shopper.h"

struct waitroom;
struct wr_json *message_sale(const struct wr_sale *sale);
struct wr_json *message_ticket(const struct waitroom *w, const struct shopper *p);
struct wr_json *message_position(const struct shopper *p);
struct wr_json *message_called(bool again);
struct wr_json *message_admitted(const struct shopper *p, const char *checkout_url);
struct wr_json *message_error(enum wr_err err, const char *detail);
struct wr_json *message_closed(bool has_place); /* an error, too */
struct wr_json *message_reconnect(int within_s);
struct wr_json *message_spent(void);
struct wr_json *message_plain(const char *type); /* superseded */

#endif
