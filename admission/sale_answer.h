/* sale_answer.h - a sale as the merchant API shows it: its document and the settings beside it, as PostgreSQL
 * has them. */
#ifndef ADMISSION_SALE_ANSWER_H
#define ADMISSION_SALE_ANSWER_H
#include "json.h"
#include "pg.h"
#include <stddef.h>

struct wr_json *sale_answer(const struct wr_rows *rows, size_t row); /* a row of published_sales */

#endif
