#include "client/error.h"

#define SAME_PLACE(member)                                                            \
        _Static_assert(offsetof(soc_error, member) == offsetof(struct error, member), \
                       "soc_error and struct error differ")
SAME_PLACE(status);
SAME_PLACE(retry_after_ms);
SAME_PLACE(field);
SAME_PLACE(resource);
SAME_PLACE(text);
_Static_assert(sizeof(soc_error) == sizeof(struct error), "soc_error and struct error differ");

#define X(name, number, http) \
        _Static_assert((int)SOC_##name == (int)STATUS_##name, "soc_status and status differ");
STATUS_LIST(X)
#undef X

const char *soc_status_name(soc_status status)
{
        return status_name((enum status)status);
}

const char *soc_version(void)
{
        return SOCIALIZER_VERSION;
}
