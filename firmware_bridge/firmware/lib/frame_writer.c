#include <stddef.h>

#include "crc.h"
#include "frame.h"

enum { IDLE, OPENING, BLOCK, INSIDE, ENDING, CLOSED };

static uint8_t total(struct frame_writer const *writer) {
    return (uint8_t)(FRAME_HEAD + writer->head[3] + FRAME_CRC);
}

static uint8_t at(struct frame_writer const *writer, uint8_t index) {
    if (index < FRAME_HEAD) return writer->head[index];
    uint8_t inner = (uint8_t)(index - FRAME_HEAD);
    if (inner < writer->head[3]) return writer->payload[RING_PLACE(writer->position + inner)];
    return writer->crc[inner - writer->head[3]];
}

void frame_begin(struct frame_writer *writer, uint8_t kind, uint8_t seq, uint8_t ack, uint8_t const *ring,
                 ring_position position, uint8_t length) {
    writer->head[0] = kind;
    writer->head[1] = seq;
    writer->head[2] = ack;
    writer->head[3] = length;
    writer->payload = ring;
    writer->position = position;
    uint16_t crc = CRC_INITIAL;
    for (uint8_t i = 0; i < (uint8_t)(FRAME_HEAD + length); i++)
        crc = crc_with(crc, at(writer, i));
    writer->crc[0] = (uint8_t)(crc >> 8);
    writer->crc[1] = (uint8_t)(crc & 0xFFU);
    writer->next = 0;
    writer->state = OPENING;
}

/* A frame is shorter than the longest COBS block (254), so a block ends only at a zero or at the frame's end.
 */
static uint8_t block(struct frame_writer *writer) {
    uint8_t end = writer->next;
    while (end < total(writer) && at(writer, end) != 0U)
        end++;
    writer->left = (uint8_t)(end - writer->next);
    writer->state = INSIDE;
    return (uint8_t)(writer->left + 1U);
}

int16_t frame_write(struct frame_writer *writer) {
    switch (writer->state) {
    case OPENING:
        writer->state = BLOCK;
        return 0;
    case BLOCK:
        return block(writer);
    case INSIDE:
        if (writer->left != 0U) {
            writer->left--;
            return at(writer, writer->next++);
        }
        if (writer->next == total(writer)) {
            writer->state = CLOSED;
            return 0;
        }
        writer->next++; /* the zero that ended the block */
        return block(writer);
    case ENDING:
        writer->state = CLOSED;
        return 0;
    default:
        writer->state = IDLE;
        return -1;
    }
}

void frame_cut(struct frame_writer *writer) {
    if (writer->state != IDLE) writer->state = ENDING;
}

bool frame_writing(struct frame_writer const *writer) {
    return writer->state != IDLE;
}
