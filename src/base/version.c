/* version.c: which gnezdo this is: the numbers of the public header. */
#include <gnezdo/version.h>

#define WORD(number) #number
#define DOTTED(major, minor, patch) \
	WORD(major) "." WORD(minor) "." WORD(patch)

const char *gn_version(void)
{
	return DOTTED(GN_VERSION_MAJOR, GN_VERSION_MINOR, GN_VERSION_PATCH);
}
