/* The messages' numbers, and what the two halves of a board call of each other. */
#ifndef BRIDGE_BOARD_PRIVATE_H
#define BRIDGE_BOARD_PRIVATE_H

#include "board.h"

enum message {
    MESSAGE_HELLO,
    MESSAGE_BOARD,
    MESSAGE_DESCRIBE,
    MESSAGE_DESCRIPTION,
    MESSAGE_SET,
    MESSAGE_GET,
    MESSAGE_VALUE,
    MESSAGE_EVENT,
    MESSAGE_LOG,
    MESSAGE_TIME,
    MESSAGE_ERROR,
    MESSAGE_REBOOT,
    MESSAGE_DONE,
};

/* Do and answer the message that the link's reader holds; false, and nothing is done, if there is no room for
 * the answer. */
bool board_answer(struct board *board, uint16_t now);

#endif
