/*
 * scene.h: the scenarios of the sweep, a file each.
 */
#ifndef SCENE_H
#define SCENE_H

#include <gnezdo/sim.h>

int scene_cancel(gn_sim *sim, void *arg);
int scene_channel(gn_sim *sim, void *arg);
int scene_chat(gn_sim *sim, void *arg);
int scene_closing(gn_sim *sim, void *arg);
int scene_datagram(gn_sim *sim, void *arg);
int scene_echo(gn_sim *sim, void *arg);
int scene_halfclose(gn_sim *sim, void *arg);
int scene_local(gn_sim *sim, void *arg);
int scene_pipeline(gn_sim *sim, void *arg);
int scene_proxy(gn_sim *sim, void *arg);
int scene_request(gn_sim *sim, void *arg);
int scene_restart(gn_sim *sim, void *arg);
int scene_serve(gn_sim *sim, void *arg);
int scene_slow(gn_sim *sim, void *arg);
int scene_storm(gn_sim *sim, void *arg);
int scene_timer(gn_sim *sim, void *arg);

#endif
