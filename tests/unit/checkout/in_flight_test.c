#include "test.h"
#include "in_flight.h"

static struct in_flight f;

TEST(so_many_requests_and_no_more_are_under_way)
{
    f = (struct in_flight){.max = 2};
    assert_int_equal(in_flight_enter(&f, "ann"), WR_OK);
    assert_int_equal(in_flight_enter(&f, "bob"), WR_OK);
    assert_int_equal(in_flight_enter(&f, "eve"), WR_ERR_BUSY);
    in_flight_leave(&f, "ann");
    assert_int_equal(in_flight_enter(&f, "eve"), WR_OK);
    assert_int_equal(f.count, 2);
}

TEST(one_shopper_cannot_take_all_of_them)
{
    f = (struct in_flight){.max = 1000};
    for (int i = 0; i < IN_FLIGHT_PER_SHOPPER; i++)
        assert_int_equal(in_flight_enter(&f, "ann"), WR_OK);
    assert_int_equal(in_flight_enter(&f, "ann"), WR_ERR_TOO_MANY);
    assert_int_equal(in_flight_enter(&f, "bob"), WR_OK);
    in_flight_leave(&f, "ann");
    assert_int_equal(in_flight_enter(&f, "ann"), WR_OK);
    assert_int_equal(f.count, IN_FLIGHT_PER_SHOPPER + 1);
}
