/* The major types of CBOR (RFC 8949, section 3.1), shared by its reader and its writer. */
#ifndef BRIDGE_CBOR_MAJOR_H
#define BRIDGE_CBOR_MAJOR_H

#define MAJOR_UNSIGNED 0U
#define MAJOR_NEGATIVE 1U
#define MAJOR_BYTES 2U
#define MAJOR_TEXT 3U
#define MAJOR_ARRAY 4U
#define MAJOR_MAP 5U
#define MAJOR_SIMPLE 7U

#define SIMPLE_FALSE 20U
#define SIMPLE_TRUE 21U
#define SIMPLE_NULL 22U

#endif
