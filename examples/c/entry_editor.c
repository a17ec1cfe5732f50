/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edits entries of the phone book.
 *
 *     entry_editor add ENTRY NUMBER [DEVICE]     a new entry, or another number and device
 *     entry_editor redial ENTRY COUNT            how often it is dialled again
 *     entry_editor user ENTRY NAME               saves a user; the password is read from standard input
 *     entry_editor show ENTRY
 *     entry_editor list
 *     entry_editor devices
 *     entry_editor delete ENTRY
 *
 * The device that was used last is kept in the registry, and used where none is named. Compiles with and without UNICODE.
 */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>

#define KEY TEXT("Software\\OpenRAS\\Examples\\EntryEditor")
#define DEVICE TEXT("Device")

/* A sentence on standard error, and for a debugger; gives the error as an HRESULT. */
static HRESULT complain(DWORD error, LPCTSTR format, ...)
{
    TCHAR what[256], why[512], line[1024];
    va_list arguments;
    va_start(arguments, format);
    StringCchVPrintf(what, ARRAYSIZE(what), format, arguments);
    va_end(arguments);
    if (RasGetErrorString(error, why, ARRAYSIZE(why)) != ERROR_SUCCESS)
        StringCchCopy(why, ARRAYSIZE(why), TEXT("a number of Windows itself"));
    StringCchPrintf(line, ARRAYSIZE(line), TEXT("%s: %lu: %s\n"), what, (ULONG)error, why);
    OutputDebugString(line);
    _ftprintf(stderr, TEXT("%s"), line);
    return HRESULT_FROM_WIN32(error);
}

/* An entry, or what a new one begins with for the name "". Freed by LocalFree. */
static DWORD get_entry(LPCTSTR name, LPRASENTRY *entry, LPDWORD size)
{
    DWORD error;
    *entry = NULL;
    *size = 0;
    error = RasGetEntryProperties(NULL, name, NULL, size, NULL, NULL);
    if (error != ERROR_BUFFER_TOO_SMALL)
        return error;
    *entry = (LPRASENTRY)LocalAlloc(LPTR, *size);
    if (*entry == NULL)
        return GetLastError();
    (*entry)->dwSize = sizeof(RASENTRY);
    error = RasGetEntryProperties(NULL, name, *entry, size, NULL, NULL);
    if (error != ERROR_SUCCESS) {
        LocalFree(*entry);
        *entry = NULL;
    }
    return error;
}

/* All devices; the first bytes tell how many. Freed by LocalFree. */
static DWORD get_devices(LPRASDEVINFO *devices, LPDWORD count)
{
    DWORD size = sizeof(RASDEVINFO);
    DWORD error;
    *devices = (LPRASDEVINFO)LocalAlloc(LPTR, size);
    if (*devices == NULL)
        return GetLastError();
    (*devices)->dwSize = sizeof(RASDEVINFO);
    error = RasEnumDevices(*devices, &size, count);
    if (error == ERROR_BUFFER_TOO_SMALL) {
        LocalFree(*devices);
        *devices = (LPRASDEVINFO)LocalAlloc(LPTR, size);
        if (*devices == NULL)
            return GetLastError();
        (*devices)->dwSize = sizeof(RASDEVINFO);
        error = RasEnumDevices(*devices, &size, count);
    }
    if (error != ERROR_SUCCESS) {
        LocalFree(*devices);
        *devices = NULL;
    }
    return error;
}

static BOOL same(LPCTSTR one, LPCTSTR other)
{
    LCID locale = MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT);
    return CompareString(locale, NORM_IGNORECASE, one, -1, other, -1) == CSTR_EQUAL;
}

/* The device of the last time; "" if there was none. */
static void last_device(LPTSTR device, DWORD characters)
{
    HKEY key;
    DWORD type = 0, bytes = characters * (DWORD)sizeof(TCHAR);
    device[0] = 0;
    if (RegOpenKeyEx(HKEY_CURRENT_USER, KEY, 0, KEY_READ, &key) != ERROR_SUCCESS)
        return;
    if (RegQueryValueEx(key, DEVICE, NULL, &type, (LPBYTE)device, &bytes) != ERROR_SUCCESS || type != REG_SZ)
        device[0] = 0;
    device[characters - 1] = 0;
    RegCloseKey(key);
}

static void keep_device(LPCTSTR device)
{
    HKEY key;
    DWORD bytes = (DWORD)((lstrlen(device) + 1) * sizeof(TCHAR));
    if (RegCreateKeyEx(HKEY_CURRENT_USER, KEY, 0, NULL, REG_OPTION_NON_VOLATILE, KEY_WRITE, NULL, &key, NULL) != ERROR_SUCCESS)
        return;
    RegSetValueEx(key, DEVICE, 0, REG_SZ, (const BYTE *)device, bytes);
    RegCloseKey(key);
}

/* Type and name of a device that is there, found without regard to case. */
static DWORD choose_device(LPRASENTRY entry, LPCTSTR wanted)
{
    LPRASDEVINFO devices;
    DWORD count = 0, i;
    DWORD error = get_devices(&devices, &count);
    if (error != ERROR_SUCCESS)
        return error;
    error = ERROR_DEVICE_DOES_NOT_EXIST;
    for (i = 0; i < count; i++) {
        if (wanted[0] && !same(devices[i].szDeviceName, wanted))
            continue;
        StringCchCopy(entry->szDeviceType, ARRAYSIZE(entry->szDeviceType), devices[i].szDeviceType);
        StringCchCopy(entry->szDeviceName, ARRAYSIZE(entry->szDeviceName), devices[i].szDeviceName);
        error = ERROR_SUCCESS;
        break;
    }
    LocalFree(devices);
    return error;
}

static HRESULT add(LPCTSTR name, LPCTSTR number, LPCTSTR wanted)
{
    TCHAR device[RAS_MaxDeviceName + 1];
    LPRASENTRY entry;
    DWORD size;
    DWORD error = RasValidateEntryName(NULL, name);
    if (error != ERROR_SUCCESS && error != ERROR_ALREADY_EXISTS)
        return complain(error, TEXT("The name %s"), name);
    error = get_entry(error == ERROR_ALREADY_EXISTS ? name : TEXT(""), &entry, &size);
    if (error != ERROR_SUCCESS)
        return complain(error, TEXT("RasGetEntryProperties"));
    if (wanted)
        StringCchCopy(device, ARRAYSIZE(device), wanted);
    else
        last_device(device, ARRAYSIZE(device));
    error = choose_device(entry, device);
    if (error != ERROR_SUCCESS) {
        LocalFree(entry);
        return complain(error, TEXT("The device %s"), device);
    }
    StringCchCopy(entry->szLocalPhoneNumber, ARRAYSIZE(entry->szLocalPhoneNumber), number);
    StringCchCopy(device, ARRAYSIZE(device), entry->szDeviceName);
    error = RasSetEntryProperties(NULL, name, entry, size, NULL, 0);
    LocalFree(entry);
    if (error != ERROR_SUCCESS)
        return complain(error, TEXT("RasSetEntryProperties"));
    keep_device(device);
    return S_OK;
}

static HRESULT redial(LPCTSTR name, LPCTSTR count)
{
    LPRASENTRY entry;
    DWORD size;
    DWORD error = get_entry(name, &entry, &size);
    if (error != ERROR_SUCCESS)
        return complain(error, TEXT("The entry %s"), name);
    entry->dwRedialCount = (DWORD)_ttol(count);
    error = RasSetEntryProperties(NULL, name, entry, size, NULL, 0);
    LocalFree(entry);
    return error == ERROR_SUCCESS ? S_OK : complain(error, TEXT("RasSetEntryProperties"));
}

static HRESULT user(LPCTSTR name, LPCTSTR who)
{
    RASDIALPARAMS params;
    DWORD error;
    int length;
    ZeroMemory(&params, sizeof(params));
    params.dwSize = sizeof(params);
    StringCchCopy(params.szEntryName, ARRAYSIZE(params.szEntryName), name);
    StringCchCopy(params.szUserName, ARRAYSIZE(params.szUserName), who);
    if (_fgetts(params.szPassword, ARRAYSIZE(params.szPassword), stdin) == NULL)
        params.szPassword[0] = 0;
    length = lstrlen(params.szPassword);
    if (length > 0 && params.szPassword[length - 1] == TEXT('\n'))
        params.szPassword[length - 1] = 0;
    error = RasSetEntryDialParams(NULL, &params, FALSE);
    SecureZeroMemory(&params, sizeof(params));
    return error == ERROR_SUCCESS ? S_OK : complain(error, TEXT("RasSetEntryDialParams"));
}

static HRESULT show(LPCTSTR name)
{
    RASDIALPARAMS params;
    LPRASENTRY entry;
    BOOL password = FALSE;
    DWORD size;
    DWORD error = get_entry(name, &entry, &size);
    if (error != ERROR_SUCCESS)
        return complain(error, TEXT("The entry %s"), name);
    _tprintf(TEXT("device   %s (%s)\n"), entry->szDeviceName, entry->szDeviceType);
    _tprintf(TEXT("number   %s\n"), entry->szLocalPhoneNumber);
    _tprintf(TEXT("redial   %lu\n"), (ULONG)entry->dwRedialCount);
    LocalFree(entry);
    ZeroMemory(&params, sizeof(params));
    params.dwSize = sizeof(params);
    StringCchCopy(params.szEntryName, ARRAYSIZE(params.szEntryName), name);
    error = RasGetEntryDialParams(NULL, &params, &password);
    if (error != ERROR_SUCCESS)
        return complain(error, TEXT("RasGetEntryDialParams"));
    _tprintf(TEXT("user     %s\npassword %s\n"), params.szUserName, password ? params.szPassword : TEXT("none"));
    return S_OK;
}

static HRESULT list(void)
{
    LPRASENTRYNAME names;
    DWORD size = sizeof(RASENTRYNAME), count = 0, i;
    DWORD error;
    names = (LPRASENTRYNAME)LocalAlloc(LPTR, size);
    if (names == NULL)
        return complain(GetLastError(), TEXT("LocalAlloc"));
    names->dwSize = sizeof(RASENTRYNAME);
    while ((error = RasEnumEntries(NULL, NULL, names, &size, &count)) == ERROR_BUFFER_TOO_SMALL) {
        LocalFree(names);
        names = (LPRASENTRYNAME)LocalAlloc(LPTR, size);
        if (names == NULL)
            return complain(GetLastError(), TEXT("LocalAlloc"));
        names->dwSize = sizeof(RASENTRYNAME);
    }
    for (i = 0; error == ERROR_SUCCESS && i < count; i++)
        _tprintf(TEXT("%s\n"), names[i].szEntryName);
    LocalFree(names);
    return error == ERROR_SUCCESS ? S_OK : complain(error, TEXT("RasEnumEntries"));
}

static HRESULT devices(void)
{
    LPRASDEVINFO all;
    DWORD count = 0, i;
    DWORD error = get_devices(&all, &count);
    if (error != ERROR_SUCCESS)
        return complain(error, TEXT("RasEnumDevices"));
    for (i = 0; i < count; i++)
        _tprintf(TEXT("%s (%s)\n"), all[i].szDeviceName, all[i].szDeviceType);
    LocalFree(all);
    return S_OK;
}

int _tmain(int argc, TCHAR **argv)
{
    LPCTSTR verb = argc > 1 ? argv[1] : TEXT("");
    HRESULT result = E_INVALIDARG;
    if (same(verb, TEXT("add")) && (argc == 4 || argc == 5))
        result = add(argv[2], argv[3], argc == 5 ? argv[4] : NULL);
    else if (same(verb, TEXT("redial")) && argc == 4)
        result = redial(argv[2], argv[3]);
    else if (same(verb, TEXT("user")) && argc == 4)
        result = user(argv[2], argv[3]);
    else if (same(verb, TEXT("show")) && argc == 3)
        result = show(argv[2]);
    else if (same(verb, TEXT("list")) && argc == 2)
        result = list();
    else if (same(verb, TEXT("devices")) && argc == 2)
        result = devices();
    else if (same(verb, TEXT("delete")) && argc == 3) {
        DWORD error = RasDeleteEntry(NULL, argv[2]);
        result = error == ERROR_SUCCESS ? S_OK : complain(error, TEXT("RasDeleteEntry"));
    } else
        _ftprintf(stderr, TEXT("entry_editor add|redial|user|show|list|devices|delete\n"));
    return SUCCEEDED(result) ? 0 : 1;
}
