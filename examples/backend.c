/*
 * backend: what carries gnezdo's waits on this machine.
 *
 *	backend
 */
#include <gnezdo.h>
#include <stdio.h>

int main(void)
{
	const char *name = gn_backend();

	if (!name) {
		gn_perror("backend");
		return gn_exit_status(gn_code());
	}
	printf("%s\n", name);
	if (gn_backend_refused())
		printf("%s\n", gn_backend_refused());
	return 0;
}
