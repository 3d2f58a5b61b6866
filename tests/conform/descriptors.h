/*
 * descriptors.h: none left to open, and plenty again.
 */
#ifndef CONFORM_DESCRIPTORS_H
#define CONFORM_DESCRIPTORS_H

/* no_more_descriptors has the process keep those it has and open no other,
 * until more_descriptors.  Both return 0 or -1, told. */
int no_more_descriptors(void);
int more_descriptors(void);

#endif
