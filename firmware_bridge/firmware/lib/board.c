#include <string.h>

#include "board.h"
#include "board_private.h"

/* What is left for answers when the board speaks by itself: a host's window of the short ones. */
#define SPARE 64U
#define REBOOT_MS 100U

static void rest(struct board *board) {
    for (uint8_t i = 0; i < board->identity->count; i++)
        capability_rest(&board->identity->capabilities[i]);
    board->resting = true;
}

void board_init(struct board *board, struct identity const FLASH *identity, char const *serial,
                uint32_t boot) {
    memset(board, 0, sizeof *board);
    link_init(&board->link, boot);
    board->identity = identity;
    board->serial = serial;
    rest(board);
}

void board_take(struct board *board, uint8_t byte, uint16_t now) {
    switch (link_take(&board->link, byte, now)) {
    case LINK_NEW_HOST:
        recall_clear(&board->recall);
        break;
    case LINK_MESSAGE:
        if (board_answer(board, now)) link_accept(&board->link);
        break;
    case LINK_NOTHING:
    default:
        break;
    }
}

void board_tick(struct board *board, uint16_t now) {
    link_tick(&board->link, now);
    bool alone = !board->link.up && (uint16_t)(now - board->link.heard_at) >= BRIDGE_DEAD_MS;
    if (alone && BRIDGE_DEAD_MS != 0 && !board->resting) rest(board);
}

int16_t board_give(struct board *board, uint16_t now) {
    return link_give(&board->link, now);
}

/* Begin a message that nobody asked for. */
static struct cbor_writer *speak(struct board *board, enum message type, uint8_t about) {
    struct cbor_writer *writer = link_open(&board->link);
    if (!queue_room(&board->link.queue, SPARE)) writer->full = true;
    cbor_put_array(writer, 4);
    cbor_put_unsigned(writer, type);
    cbor_put_unsigned(writer, 0);
    cbor_put_unsigned(writer, about);
    return writer;
}

bool board_event(struct board *board, uint8_t index, int32_t value) {
    struct cbor_writer *writer = speak(board, MESSAGE_EVENT, index);
    capability_put_value(writer, &board->identity->capabilities[index], value);
    return queue_commit(&board->link.queue);
}

bool board_log(struct board *board, enum log_level level, char const FLASH *text) {
    struct cbor_writer *writer = speak(board, MESSAGE_LOG, (uint8_t)level);
    cbor_put_flash_text(writer, text);
    return queue_commit(&board->link.queue);
}

bool board_reboots(struct board const *board, uint16_t now) {
    return board->reboot && (uint16_t)(now - board->reboot_at) >= REBOOT_MS;
}
