#include "crc.h"
#include "frame.h"

static bool known(uint8_t kind) {
    return kind == FRAME_SYN || kind == FRAME_SYN_ACK || kind == FRAME_DATA || kind == FRAME_ACK ||
           kind == FRAME_RST;
}

static bool valid(struct frame_reader const *reader) {
    if (reader->unusable || reader->left != 0U || reader->length < FRAME_HEAD + FRAME_CRC) return false;
    uint8_t end = (uint8_t)(reader->length - FRAME_CRC);
    uint16_t crc = CRC_INITIAL;
    for (uint8_t i = 0; i < end; i++)
        crc = crc_with(crc, reader->bytes[i]);
    uint16_t said = (uint16_t)((reader->bytes[end] << 8) | reader->bytes[end + 1U]);
    return crc == said && reader->bytes[3] == end - FRAME_HEAD && known(reader->bytes[0]);
}

static void keep(struct frame_reader *reader, uint8_t byte) {
    if (reader->length == FRAME_MAX) {
        reader->unusable = true;
    } else {
        reader->bytes[reader->length++] = byte;
    }
}

static void restart(struct frame_reader *reader) {
    reader->length = 0;
    reader->left = 0;
    reader->begun = false;
    reader->unusable = false;
    reader->complete = false;
}

static bool delimit(struct frame_reader *reader) {
    bool whole = valid(reader);
    if (reader->begun && !whole && reader->dropped != UINT16_MAX) reader->dropped++;
    if (whole) {
        reader->complete = true;
    } else {
        restart(reader);
    }
    return whole;
}

bool frame_read(struct frame_reader *reader, uint8_t byte) {
    if (reader->complete) restart(reader);
    if (byte == 0U) return delimit(reader);
    if (reader->left != 0U) {
        keep(reader, byte);
        reader->left--;
        return false;
    }
    /* A block of 254 bytes, after which no zero is meant, is longer than any frame: it needs no case of its
     * own. */
    if (reader->begun) keep(reader, 0);
    reader->begun = true;
    reader->left = (uint8_t)(byte - 1U);
    return false;
}
