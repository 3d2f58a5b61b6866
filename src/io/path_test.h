/*
 * path_test.h: a folder for each test, and the path of a socket in it.
 */
#ifndef GNI_IO_PATH_TEST_H
#define GNI_IO_PATH_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64], path[96];

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/gnezdo-path-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/socket", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

#endif
