/*
 * A libFuzzer target: a whole board against bytes of a stranger, and against messages of one who speaks the
 * protocol well. What must hold whatever comes: no capability leaves its range, and all that the board says
 * are frames.
 */
#include <stdlib.h>
#include <string.h>

#include "house.h"

#define ALL 100000U

static struct board board;
static struct frame_reader heard;
static uint16_t now;

static void hold(bool promise) {
    if (!promise) abort();
}

/* Take at most so many bytes from the board; a frame may stay half out. */
static void listen(unsigned most) {
    board_tick(&board, now);
    for (; most != 0; most--) {
        int16_t byte = board_give(&board, now);
        if (byte < 0) break;
        (void)frame_read(&heard, (uint8_t)byte);
    }
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
        if ((data[i] & 3U) == 0U) listen(ALL);
    }
}

static void begin_link(void) {
    static uint8_t const greeting[] = {0x85, 1, 7, 0x18, 240, 8, 9};
    tell(FRAME_SYN, 0, 0, greeting, sizeof greeting);
}

static void deliver(uint8_t choice, uint8_t const *payload, uint8_t length) {
    uint8_t wrong = choice > 240 ? choice : 0;
    uint8_t seq = (uint8_t)(board.link.expected + (wrong & 3U));
    tell(FRAME_DATA, seq, (uint8_t)(board.link.queue.next_number + wrong), payload, length);
    listen(wrong != 0U ? ALL : choice);
}

/* Payloads of any bytes, each after: how long to wait, how to be wrong, its length. */
static void speak_well(uint8_t const *data, size_t size) {
    begin_link();
    while (size >= 3) {
        uint8_t length = data[2] % (BRIDGE_MTU + 1);
        if (length > size - 3) length = (uint8_t)(size - 3);
        now = (uint16_t)(now + data[0] * 8U);
        deliver(data[1], data + 3, length);
        data += 3 + length;
        size -= 3U + length;
    }
}

/* Messages of ten bytes each: how long to wait, how to be wrong, type, number, index, kind and value. */
static void speak_sense(uint8_t const *data, size_t size) {
    static uint8_t message[BRIDGE_QUEUE];
    begin_link();
    for (; size >= 10; data += 10, size -= 10) {
        struct cbor_writer writer = {.ring = message, .room = 32};
        uint32_t value = (uint32_t)data[6] << 24 | (uint32_t)data[7] << 16 | (uint32_t)data[8] << 8 | data[9];
        cbor_put_array(&writer, 4);
        cbor_put_unsigned(&writer, data[2] % 14U);
        cbor_put_unsigned(&writer, data[3]);
        cbor_put_unsigned(&writer, data[4] % 8U);
        if (data[5] % 3U == 0) cbor_put_integer(&writer, (int32_t)value);
        if (data[5] % 3U == 1) cbor_put_boolean(&writer, (value & 1U) != 0);
        if (data[5] % 3U == 2) cbor_put_null(&writer);
        now = (uint16_t)(now + data[0] * 8U);
        deliver(data[1], message, (uint8_t)writer.position);
    }
}

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size);

int LLVMFuzzerTestOneInput(uint8_t const *data, size_t size) {
    if (size == 0) return 0;
    now = 0;
    memset(&state, 0, sizeof state);
    memset(&heard, 0, sizeof heard);
    board_init(&board, &house, "", 1);
    void (*const ways[])(uint8_t const *, size_t) = {speak_badly, speak_well, speak_sense};
    ways[data[0] % 3U](data + 1, size - 1);
    now = (uint16_t)(now + 10000U);
    listen(ALL);
    hold(state.relay == 0); /* nobody is there */
    return 0;
}
