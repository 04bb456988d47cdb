/* The last sets of this boot, by number: a set that is asked for again is answered again and not done again.
 */
#ifndef BRIDGE_RECALL_H
#define BRIDGE_RECALL_H

#include <stdbool.h>
#include <stdint.h>

#define RECALL_SETS 4U

struct outcome {
    uint16_t number; /* 0: none */
    uint8_t index;
    uint8_t error;
    int32_t value;
};

struct recall {
    struct outcome sets[RECALL_SETS];
    uint8_t next;
};

void recall_clear(struct recall *recall);
void recall_keep(struct recall *recall, struct outcome const *outcome);

/* The outcome of the set of that number, or NULL. */
struct outcome const *recall_find(struct recall const *recall, uint16_t number);

#endif
