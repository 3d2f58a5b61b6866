/* group.h: what the rooms above ask of a group. */
#ifndef GNI_TASK_GROUP_H
#define GNI_TASK_GROUP_H

#include <gnezdo/task.h>

/*
 * gni_group_settle waits until every fiber of the group has ended or the
 * instant has come, though the calling fiber may have been cancelled: what it
 * began it also ends.  It writes no record.
 */
void gni_group_settle(gn_group *g, gn_time until);

/* gni_group_is_cancelled tells whether the group's fibers were cancelled. */
bool gni_group_is_cancelled(const gn_group *g);

#endif
