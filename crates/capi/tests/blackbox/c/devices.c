/* What public test suites found of RasEnumDevicesA on real Windows: thirteen rows, in their order. */
#include <windows.h>
#include <ras.h>
#include <raserror.h>

#include "check.h"

#define MARK 0xDEAD

int main(void)
{
    RASDEVINFOA *list;
    DWORD need = 0, count = MARK, bytes, n, i, j;
    const DWORD size = sizeof(RASDEVINFOA);

    CHECK(size == 152);
    /* 1 */
    CHECK(RasEnumDevicesA(NULL, &need, &count) == ERROR_BUFFER_TOO_SMALL);
    /* 2 */
    bytes = need;
    CHECK(RasEnumDevicesA(NULL, &bytes, &n) == ERROR_BUFFER_TOO_SMALL);
    CHECK(n > 0 && n < 32 && need == n * size);
    list = (RASDEVINFOA *)LocalAlloc(LPTR, need);
    CHECK(list);
    /* 3, 4, 5 */
    for (i = 0; i < 3; i++) {
        const DWORD wrong[] = { 0, 151, 153 };
        list[0].dwSize = wrong[i];
        bytes = need;
        count = MARK;
        CHECK(RasEnumDevicesA(list, &bytes, &count) == ERROR_INVALID_SIZE && count == MARK);
    }
    /* 6 */
    list[0].dwSize = size;
    CHECK(RasEnumDevicesA(list, NULL, &count) == ERROR_INVALID_PARAMETER && count == MARK);
    /* 7: 603, and 632 on two of them */
    bytes = 0;
    CHECK(RasEnumDevicesA(list, &bytes, &count) == ERROR_BUFFER_TOO_SMALL && count == MARK);
    /* 8 */
    bytes = need - 1;
    CHECK(RasEnumDevicesA(list, &bytes, &count) == ERROR_BUFFER_TOO_SMALL && count == n && bytes == need);
    /* 9: the buffer has a byte less than is said, which is not touched */
    bytes = need + 1;
    count = MARK;
    CHECK(RasEnumDevicesA(list, &bytes, &count) == 0 && count == n && bytes == need);
    for (i = 0; i < n; i++) {
        CHECK(list[i].dwSize == size && list[i].szDeviceType[0] && list[i].szDeviceName[0]);
        for (j = 0; j < i; j++)
            CHECK(lstrcmpiA(list[i].szDeviceName, list[j].szDeviceName) != 0);
    }
    CHECK(lstrcmpA(list[0].szDeviceType, "modem") == 0 && lstrcmpA(list[0].szDeviceName, "OpenRAS tcp") == 0);
    /* 10 */
    bytes = need;
    CHECK(RasEnumDevicesA(list, &bytes, NULL) == ERROR_INVALID_PARAMETER);
    /* 11 */
    count = MARK;
    CHECK(RasEnumDevicesA(NULL, NULL, &count) == ERROR_INVALID_PARAMETER && count == MARK);
    /* 12 */
    CHECK(RasEnumDevicesA(NULL, &bytes, NULL) == ERROR_INVALID_PARAMETER);
    /* 13 */
    list[0].dwSize = 0;
    bytes = 0;
    CHECK(RasEnumDevicesA(list, &bytes, &count) == ERROR_INVALID_SIZE && count == MARK);
    LocalFree(list);
    return 0;
}
