#include <stddef.h>
#include <string.h>

#include "recall.h"

void recall_clear(struct recall *recall) {
    memset(recall, 0, sizeof *recall);
}

void recall_keep(struct recall *recall, struct outcome const *outcome) {
    recall->sets[recall->next] = *outcome;
    recall->next = (uint8_t)((recall->next + 1U) % RECALL_SETS);
}

struct outcome const *recall_find(struct recall const *recall, uint16_t number) {
    for (uint8_t i = 0; i < RECALL_SETS; i++) {
        if (recall->sets[i].number == number) return &recall->sets[i];
    }
    return NULL;
}
