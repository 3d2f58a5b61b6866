/*
 * descriptors.h: how many there are; none left to open, and plenty again.
 */
#ifndef CONFORM_DESCRIPTORS_H
#define CONFORM_DESCRIPTORS_H

/* count_descriptors counts those of the process, to be compared: some that it
 * takes itself are among them. */
int count_descriptors(void);

/* no_more_descriptors has the process keep those it has and open no other,
 * until more_descriptors.  Both return 0 or -1, told. */
int no_more_descriptors(void);
int more_descriptors(void);

#endif
