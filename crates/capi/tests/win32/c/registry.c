/* The registry, A and W. */
#include <windows.h>
#include "check.h"

int main(void)
{
    HKEY key, other;
    DWORD what, type, size, number = 0x01020304;
    BYTE data[64];
    WCHAR wide[16];
    LPCSTR const path = "SOFTWARE\\Microsoft\\RAS\\SecurityHost";
    CHECK(RegOpenKeyExA(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) == ERROR_FILE_NOT_FOUND);
    CHECK(RegCreateKeyExA(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &what) == ERROR_SUCCESS);
    CHECK(what == REG_CREATED_NEW_KEY);
    CHECK(RegSetValueExA(key, "DLLPath", 0, REG_SZ, (const BYTE *)"B\xC3\xBCro.dll", 10) == ERROR_SUCCESS);
    CHECK(RegSetValueExA(key, "Number", 0, REG_DWORD, (const BYTE *)&number, 4) == ERROR_SUCCESS);
    CHECK(RegOpenKeyExA(HKEY_LOCAL_MACHINE, "software\\MICROSOFT\\Ras\\", 0, KEY_READ, &other) == ERROR_SUCCESS);
    CHECK(RegCloseKey(other) == ERROR_SUCCESS && RegCloseKey(other) == ERROR_INVALID_HANDLE);
    CHECK(RegOpenKeyExA(key, NULL, 0, KEY_READ, &other) == ERROR_SUCCESS);
    CHECK(RegSetValueExA(other, "x", 0, REG_SZ, (const BYTE *)"", 1) == ERROR_ACCESS_DENIED);
    CHECK(RegDeleteValueA(other, "Number") == ERROR_ACCESS_DENIED);
    size = 0;
    CHECK(RegQueryValueExA(other, "dllpath", NULL, &type, NULL, &size) == ERROR_SUCCESS && size == 10 && type == REG_SZ);
    size = 9;
    data[0] = 0;
    CHECK(RegQueryValueExA(other, "dllpath", NULL, NULL, data, &size) == ERROR_MORE_DATA && size == 10 && !data[0]);
    CHECK(RegQueryValueExA(other, "dllpath", NULL, &type, data, &size) == ERROR_SUCCESS && !memcmp(data, "B\xC3\xBCro.dll", 10));
    wide[0] = 'D', wide[1] = 'L', wide[2] = 'L', wide[3] = 'P', wide[4] = 'a', wide[5] = 't', wide[6] = 'h', wide[7] = 0;
    size = sizeof data;
    CHECK(RegQueryValueExW(other, wide, NULL, &type, data, &size) == ERROR_SUCCESS && size == 18 && data[2] == 0xFC);
    size = 4, number = 0;
    CHECK(RegQueryValueExA(other, "NUMBER", NULL, &type, (LPBYTE)&number, &size) == ERROR_SUCCESS && number == 0x01020304 && type == REG_DWORD);
    CHECK(RegQueryValueExA(other, "none", NULL, NULL, NULL, NULL) == ERROR_FILE_NOT_FOUND);
    CHECK(RegQueryValueExA(other, "Number", NULL, NULL, data, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RegDeleteValueA(key, "number") == ERROR_SUCCESS && RegDeleteValueA(key, "number") == ERROR_FILE_NOT_FOUND);
    CHECK(RegOpenKeyExA(NULL, path, 0, KEY_READ, &other) == ERROR_INVALID_HANDLE);
    CHECK(RegOpenKeyExA(HKEY_CURRENT_USER, "a\\\\b", 0, KEY_READ, &other) == 161);
    CHECK(RegOpenKeyExA(HKEY_CURRENT_USER, path, 0, KEY_READ, NULL) == ERROR_INVALID_PARAMETER);
    CHECK(RegSetValueExA(key, "x", 0, REG_BINARY, NULL, 1) == ERROR_INVALID_PARAMETER);
    CHECK(RegCloseKey(HKEY_LOCAL_MACHINE) == ERROR_SUCCESS && RegCloseKey(key) == ERROR_SUCCESS);
    return 0;
}
