/* A board of this machine's memory: one capability of each type. */
#ifndef POSIX_HOUSE_H
#define POSIX_HOUSE_H

#include "board.h"

enum { LAMP, RELAY, FAN, BELL, BUTTON, COUNT };

extern struct identity const FLASH house;

struct state {
    int32_t lamp;
    int32_t relay;
    int32_t fan;
    int32_t rings;
};

extern struct state state;

#endif
