#include "err.h"
#include <assert.h>

static const struct {
    int status, retry_s;
    const char *slug, *title, *next;
} errors[WR_ERR_COUNT] = {
#define X(name, status_, retry_s_, slug_, title_, next_)                                                               \
    [WR_ERR_##name] = {                                                                                      \
        .status = status_, .retry_s = retry_s_, .slug = slug_, .title = title_, .next = next_},
    WR_ERRORS(X)
#undef X
};

int wr_err_status(enum wr_err err)
{
    assert(err < WR_ERR_COUNT);
    return errors[err].status;
}

int wr_err_retry_s(enum wr_err err)
{
    assert(err < WR_ERR_COUNT);
    return errors[err].retry_s;
}

const char *wr_err_slug(enum wr_err err)
{
    assert(err < WR_ERR_COUNT);
    return errors[err].slug;
}

const char *wr_err_title(enum wr_err err)
{
    assert(err < WR_ERR_COUNT);
    return errors[err].title;
}

const char *wr_err_next(enum wr_err err)
{
    assert(err < WR_ERR_COUNT);
    return errors[err].next;
}
