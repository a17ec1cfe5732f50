/* Hangs up everything this user has. */
#include "dialling.h"

int main(void)
{
    RASCONNA list[16];
    DWORD bytes = sizeof list, count = 0, i;
    list[0].dwSize = sizeof list[0];
    EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
    for (i = 0; i < count; i++) {
        printf("%s\n", list[i].szEntryName);
        CHECK(status_of(list[i].hrasconn).rasconnstate == RASCS_Connected);
        hang_up(list[i].hrasconn);
    }
    bytes = sizeof list;
    list[0].dwSize = sizeof list[0];
    EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
    EQUAL(0, count);
    return 0;
}
