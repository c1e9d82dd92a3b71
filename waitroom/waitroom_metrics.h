/* waitroom_metrics.h - what waitroomd counts. */
#ifndef WAITROOM_METRICS_H
#define WAITROOM_METRICS_H
#include "metrics.h"

#define WAITROOM_METRICS(X)                                                                                  \
    X(SOCKETS, GAUGE, "wr_line_sockets", NULL, "Shoppers' sockets that are open.")                           \
    X(SHOPPERS, GAUGE, "wr_line_shoppers", NULL, "Shoppers with a place, on a socket or polling.")           \
    X(POLLERS, GAUGE, "wr_line_pollers", NULL, "Shoppers who poll.")                                         \
    X(JOINERS, GAUGE, "wr_line_joiners", NULL, "Shoppers who wait for a number.")                            \
    X(JOINED, COUNTER, "wr_line_joins_total", "how=\"new\"", "Places taken or come back to.")                \
    X(RESUMED, COUNTER, "wr_line_joins_total", "how=\"ticket\"", "Places taken or come back to.")            \
    X(SUPERSEDED, COUNTER, "wr_line_superseded_total", NULL, "Connections that a newer one replaced.")       \
    X(CALLS, COUNTER, "wr_line_calls_total", NULL, "Times a shopper was asked \"are you there?\".")          \
    X(ANSWERS, COUNTER, "wr_line_answers_total", NULL, "Answers to it.")                                     \
    X(GRANTED, COUNTER, "wr_line_admissions_total", "step=\"granted\"", "Admissions by step.")               \
    X(AGAIN, COUNTER, "wr_line_admissions_total", "step=\"again\"", "Admissions by step.")                   \
    X(ENTERED, COUNTER, "wr_line_admissions_total", "step=\"entered\"", "Admissions by step.")               \
    X(FELL, COUNTER, "wr_line_admissions_total", "step=\"fell\"", "Admissions by step.")                     \
    X(MISSED, COUNTER, "wr_line_admissions_total", "step=\"missed\"", "Admissions by step.")                 \
    X(LEFT, COUNTER, "wr_line_left_total", NULL, "Shoppers who left on purpose.")                            \
    X(TICK, HISTOGRAM, "wr_line_tick_seconds", NULL, "Round trip of a tick.")                                \
    X(TICKS_OK, COUNTER, "wr_line_ticks_total", "outcome=\"ok\"", "Ticks by outcome.")                       \
    X(TICKS_CLOSED, COUNTER, "wr_line_ticks_total", "outcome=\"closed\"", "Ticks by outcome.")               \
    X(TICKS_FAILED, COUNTER, "wr_line_ticks_total", "outcome=\"failed\"", "Ticks by outcome.")               \
    X(RESYNCS, COUNTER, "wr_line_resyncs_total", NULL, "Whole lists that a tick asked for.")                 \
    X(HANDED_IN, COUNTER, "wr_line_handed_in_total", NULL, "Admissions handed in to a new generation.")      \
    X(PUSH_POSITION, COUNTER, "wr_line_pushes_total", "what=\"position\"", "Messages sent, by kind.")        \
    X(PUSH_SALE, COUNTER, "wr_line_pushes_total", "what=\"sale\"", "Messages sent, by kind.")                \
    X(PUSH_ORDER, COUNTER, "wr_line_pushes_total", "what=\"order\"", "Messages sent, by kind.")              \
    X(PUSH_OTHER, COUNTER, "wr_line_pushes_total", "what=\"other\"", "Messages sent, by kind.")              \
    X(ORDERS_READ, COUNTER, "wr_line_orders_read_total", NULL, "Times a shopper's orders were read.")        \
    X(BAD_MESSAGES, COUNTER, "wr_line_bad_messages_total", NULL, "Messages that were refused.")

enum metric { WAITROOM_METRICS(WR_METRIC_ID) METRIC_COUNT };
extern const struct wr_metric waitroom_metrics[METRIC_COUNT];

#endif
