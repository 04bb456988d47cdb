/*
 * A libFuzzer target: a whole board against bytes of a stranger, and against messages of one who speaks the
 * protocol well. What must hold whatever comes: no capability leaves its range, and all that the board says
 * are frames.
 */
#include <stdlib.h>
#include <string.h>

#include "house.h"

static struct board board;
static struct frame_reader heard;
static uint16_t now;

static void hold(bool promise) {
    if (!promise) abort();
}

static void listen(void) {
    for (int16_t byte = board_give(&board, now); byte >= 0; byte = board_give(&board, now))
        (void)frame_read(&heard, (uint8_t)byte);
    hold(heard.dropped == 0);
    hold(state.lamp >= 0 && state.lamp <= 100 && state.lamp % 5 == 0);
    hold(state.relay == 0 || state.relay == 1);
    hold(state.fan >= 0 && state.fan < 3);
}

static void tell(uint8_t kind, uint8_t seq, uint8_t ack, uint8_t const *payload, uint8_t length) {
    static uint8_t copy[BRIDGE_QUEUE];
    struct frame_writer writer;
    memset(&writer, 0, sizeof writer);
    memcpy(copy, payload, length);
    frame_begin(&writer, kind, seq, ack, copy, 0, length);
    for (int16_t byte = frame_write(&writer); byte >= 0; byte = frame_write(&writer))
        board_take(&board, (uint8_t)byte, now);
}

static void speak_badly(uint8_t const *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        board_take(&board, data[i], now);
        now = (uint16_t)(now + (data[i] & 7U));
        if ((data[i] & 3U) == 0U) listen();
    }
}

/* Each message: how long to wait, how to be wrong, its length, itself. */
static void speak_well(uint8_t const *data, size_t size) {
    static uint8_t const greeting[] = {0x85, 1, 7, 0x18, 240, 8, 9};
    tell(FRAME_SYN, 0, 0, greeting, sizeof greeting);
    uint8_t seq = 0;
    while (size >= 3) {
        uint8_t length = data[2] % (BRIDGE_MTU + 1);
        if (length > size - 3) length = (uint8_t)(size - 3);
        now = (uint16_t)(now + data[0] * 8U);
        uint8_t wrong = data[1] > 240 ? data[1] : 0;
        tell(FRAME_DATA, (uint8_t)(seq + (wrong & 3U)), (uint8_t)(board.link.queue.next_number + wrong),
             data + 3, length);
        seq = board.link.expected;
        listen();
        data += 3 + length;
        size -= 3U + length;
    }
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
    if (size == 0) return 0;
    now = 0;
    memset(&state, 0, sizeof state);
    memset(&heard, 0, sizeof heard);
    board_init(&board, &house, "", 1);
    if ((data[0] & 1U) != 0U) {
        speak_well(data + 1, size - 1);
    } else {
        speak_badly(data + 1, size - 1);
    }
    now = (uint16_t)(now + 10000U);
    listen();
    listen();
    hold(state.relay == 0); /* nobody is there */
    return 0;
}
