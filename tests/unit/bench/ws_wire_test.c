#include "test.h"
#include "ws_wire.h"

TEST(a_frame_is_final_masked_and_of_the_shortest_form)
{
    /* RFC 6455, 5.7: "Hello", masked with 37 fa 21 3d. */
    static const uint8_t hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
    uint8_t frame[400], payload[300] = {0};
    assert_int_equal(ws_write(WS_TEXT, "Hello", 5, 0x37fa213d, frame), sizeof hello);
    assert_memory_equal(frame, hello, sizeof hello);
    assert_int_equal(ws_write(WS_BINARY, payload, 300, 1, frame), 308);
    assert_int_equal(frame[1], 0x80 | 126);
    assert_int_equal(frame[2] << 8 | frame[3], 300);
}

TEST(a_frame_is_read_when_it_is_whole)
{
    char bytes[1004] = {(char)0x81, 126, 3, (char)0xe8};
    struct ws_frame frame;
    for (size_t len = 0; len < sizeof bytes; len++)
        assert_int_equal(ws_read(bytes, len, &frame), 0);
    assert_int_equal(ws_read(bytes, sizeof bytes, &frame), 1004);
    assert_int_equal(frame.opcode, WS_TEXT);
    assert_int_equal(frame.len, 1000);
    assert_ptr_equal(frame.payload, bytes + 4);
    assert_int_equal(ws_read("\x89\x02hi rest", 9, &frame), 4);
    assert_int_equal(frame.opcode, WS_PING);
}

TEST(what_no_server_may_send_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"\x81\x85xxxxhello", 11},    /* masked */
        {"\x01\x02hi", 4},            /* a fragment */
        {"\x80\x02hi", 4},            /* its continuation */
        {"\xc1\x02hi", 4},            /* a reserved bit */
        {"\x83\x02hi", 4},            /* a reserved opcode */
        {"\x81\x7e\x00\x05hello", 9}, /* not the shortest form */
        {"\x81\x7f\0\0\0\0\0\1\0\0", 10},
        {"\x89\x7e\x00\xff", 4}, /* a control frame beyond 125 bytes */
    };
    struct ws_frame frame;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ws_read(bad[i].bytes, bad[i].len, &frame), -1);
}
