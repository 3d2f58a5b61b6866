/* path.h: the path or abstract name of a Unix socket. */
#ifndef GNI_ADDR_PATH_H
#define GNI_ADDR_PATH_H

#include "addr/reader.h"
#include "addr/target.h"
#include "base/text.h"

/* gni_path_read passes a path up to the options and fills the target's addr,
 * host and family; 0 or GN_EADDR. */
int gni_path_read(struct gni_reader *r, struct gni_target *target);

/* A Unix socket's name inside an address: len bytes, abstract or a path; none
 * when it was never bound. */
struct gni_path {
	const uint8_t *name;
	size_t len;
	bool abstract;
};

struct gni_path gni_path_of(const gn_addr *addr);

/* gni_path_write appends a name as gni_path_read reads it. */
void gni_path_write(struct gni_text *t, const struct gni_path *path);

#endif
