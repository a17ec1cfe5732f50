/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The registry calls RAS sources make. Keys are kept in openras/registry.json in the user's folder for configuration.
 */
#ifndef OPENRAS_WINREG_H
#define OPENRAS_WINREG_H

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef ACCESS_MASK REGSAM;
typedef LONG LSTATUS;

#define HKEY_CLASSES_ROOT ((HKEY)(ULONG_PTR)((LONG)0x80000000))
#define HKEY_CURRENT_USER ((HKEY)(ULONG_PTR)((LONG)0x80000001))
#define HKEY_LOCAL_MACHINE ((HKEY)(ULONG_PTR)((LONG)0x80000002))
#define HKEY_USERS ((HKEY)(ULONG_PTR)((LONG)0x80000003))

LSTATUS WINAPI RegOpenKeyExA(HKEY key, LPCSTR name, DWORD options, REGSAM rights, PHKEY opened);
LSTATUS WINAPI RegOpenKeyExW(HKEY key, LPCWSTR name, DWORD options, REGSAM rights, PHKEY opened);
#define RegOpenKeyEx OPENRAS_AW(RegOpenKeyEx)
LSTATUS WINAPI RegCreateKeyExA(HKEY key, LPCSTR name, DWORD reserved, LPSTR type, DWORD options, REGSAM rights,
                               struct _SECURITY_ATTRIBUTES *security, PHKEY opened, LPDWORD disposition);
LSTATUS WINAPI RegCreateKeyExW(HKEY key, LPCWSTR name, DWORD reserved, LPWSTR type, DWORD options, REGSAM rights,
                               struct _SECURITY_ATTRIBUTES *security, PHKEY opened, LPDWORD disposition);
#define RegCreateKeyEx OPENRAS_AW(RegCreateKeyEx)
LSTATUS WINAPI RegQueryValueExA(HKEY key, LPCSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data, LPDWORD size);
LSTATUS WINAPI RegQueryValueExW(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data, LPDWORD size);
#define RegQueryValueEx OPENRAS_AW(RegQueryValueEx)
LSTATUS WINAPI RegSetValueExA(HKEY key, LPCSTR name, DWORD reserved, DWORD type, const BYTE *data, DWORD size);
LSTATUS WINAPI RegSetValueExW(HKEY key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data, DWORD size);
#define RegSetValueEx OPENRAS_AW(RegSetValueEx)
LSTATUS WINAPI RegDeleteValueA(HKEY key, LPCSTR name);
LSTATUS WINAPI RegDeleteValueW(HKEY key, LPCWSTR name);
#define RegDeleteValue OPENRAS_AW(RegDeleteValue)
LSTATUS WINAPI RegCloseKey(HKEY key);

#ifdef __cplusplus
}
#endif

#endif
