/* expire_sessions.h - sessions whose time has come are closed, and the shop is told. */
#ifndef SANDBOX_EXPIRE_SESSIONS_H
#define SANDBOX_EXPIRE_SESSIONS_H
#include "sandboxd.h"

void expire_sessions_start(struct sandboxd *d);

#endif
