"""JSON from strangers, for every front end: strict reading, and fields that are taken one by one."""
