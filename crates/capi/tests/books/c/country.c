/* All countries in a row, as a dialog for dialling rules asks for them. */
#include <windows.h>
#include <tchar.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

int main(void)
{
    union {
        RASCTRYINFO info;
        BYTE bytes[256];
    } one;
    DWORD id = 1, count = 0, size, need, germany = 0;
    while (id) {
        ZeroMemory(&one, sizeof(one));
        one.info.dwSize = sizeof(RASCTRYINFO);
        one.info.dwCountryID = id;
        size = sizeof(RASCTRYINFO);
        CHECK(RasGetCountryInfo(&one.info, &size) == ERROR_BUFFER_TOO_SMALL);
        need = size;
        CHECK(need > sizeof(RASCTRYINFO) && need < sizeof(one) && one.info.dwCountryCode == 0);
        CHECK(RasGetCountryInfo(&one.info, &size) == 0 && size == need);
        CHECK(one.info.dwSize == sizeof(RASCTRYINFO) && one.info.dwCountryID == id && one.info.dwCountryCode);
        if (one.info.dwCountryCode == 49) {
            germany++;
            CHECK(lstrcmp((TCHAR *)(void *)(one.bytes + one.info.dwCountryNameOffset), TEXT("Germany")) == 0);
        }
        id = one.info.dwNextCountryID;
        CHECK(++count < 1000);
    }
    CHECK(count > 150 && germany == 1);
    one.info.dwCountryID = 0;
    CHECK(RasGetCountryInfo(&one.info, &size) == ERROR_INVALID_PARAMETER);
    one.info.dwCountryID = 999;
    CHECK(RasGetCountryInfo(&one.info, &size) == ERROR_INVALID_PARAMETER);
    one.info.dwSize = 19;
    CHECK(RasGetCountryInfo(&one.info, &size) == ERROR_INVALID_SIZE);
    CHECK(RasGetCountryInfo(NULL, &size) == ERROR_INVALID_PARAMETER);
    CHECK(RasGetCountryInfo(&one.info, NULL) == ERROR_INVALID_PARAMETER);
    return 0;
}
