/* google.api.http: what of it this project uses, and refusing the rest. */
#ifndef GEN_ROUTE_H
#define GEN_ROUTE_H

#include "gen/model.h"

/* Reads the routes of a method, whose input and output are known. */
void route_read(struct model *m, struct model_method *method, struct place place);
/* Refuses two routes of the whole contract that match the same requests. */
void route_check_unique(struct model *m);

#endif
