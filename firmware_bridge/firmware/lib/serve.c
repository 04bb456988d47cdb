#include "serve.h"
#include "port.h"

/* Bytes taken in a row: a flood must not keep the board from its clock and its answers. */
#define TURN 32

void board_serve(struct board *board) {
    uint16_t now = port_millis();
    for (uint8_t turn = 0; turn < TURN; turn++) {
        int16_t byte = port_get();
        if (byte < 0) break;
        board_take(board, (uint8_t)byte, now);
    }
    board_tick(board, now);
    while (port_ready()) {
        int16_t byte = board_give(board, now);
        if (byte < 0) break;
        port_put((uint8_t)byte);
    }
    if (board_reboots(board, now)) port_reset();
}
