/*
 * What the frame reader makes of bytes. A line in is hexadecimal, the bytes of a fresh line; a line out is
 * JSON:
 *
 *     {"frames": [[KIND, SEQ, ACK, "PAYLOAD", "WRITTEN"], ...], "dropped": N}
 *
 * where WRITTEN is what the frame writer makes of that frame again.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "frame.h"

static int nibble(int letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    return -1;
}

static void write(struct frame_reader const *reader) {
    static uint8_t copy[BRIDGE_QUEUE];
    struct frame_writer writer;
    memset(&writer, 0, sizeof writer);
    memcpy(copy, reader->bytes + FRAME_HEAD, reader->bytes[3]);
    frame_begin(&writer, reader->bytes[0], reader->bytes[1], reader->bytes[2], copy, 0, reader->bytes[3]);
    for (int16_t byte = frame_write(&writer); byte >= 0; byte = frame_write(&writer))
        printf("%02x", (unsigned)byte);
}

static void print(struct frame_reader const *reader, bool first) {
    printf("%s[%d, %d, %d, \"", first ? "" : ", ", reader->bytes[0], reader->bytes[1], reader->bytes[2]);
    for (unsigned i = 0; i < reader->bytes[3]; i++)
        printf("%02x", reader->bytes[FRAME_HEAD + i]);
    printf("\", \"");
    write(reader);
    printf("\"]");
}

/* Read a line of input; false at its end. */
static bool parse_line(void) {
    struct frame_reader reader;
    memset(&reader, 0, sizeof reader);
    int letter = getchar();
    if (letter == EOF) return false;
    bool first = true;
    int high = -1;
    printf("{\"frames\": [");
    for (; letter != EOF && letter != '\n'; letter = getchar()) {
        int half = nibble(tolower(letter));
        if (half < 0) continue;
        if (high < 0) {
            high = half;
            continue;
        }
        if (frame_read(&reader, (uint8_t)(high << 4 | half))) {
            print(&reader, first);
            first = false;
        }
        high = -1;
    }
    printf("], \"dropped\": %u}\n", reader.dropped);
    return true;
}

int main(void) {
    while (parse_line())
        (void)fflush(stdout);
    return 0;
}
