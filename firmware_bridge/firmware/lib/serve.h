/* The loop of a board: bytes between its port's line and its link. */
#ifndef BRIDGE_SERVE_H
#define BRIDGE_SERVE_H

#include "board.h"

/* Move what there is to move, and come back. */
void board_serve(struct board *board);

#endif
