/* Telling systemd how far the start or the stop is. */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

/* Sends a state ("READY=1") to $NOTIFY_SOCKET; nothing when there is none. */
void notify_manager(const char *state);

#endif
